/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cross-site request forgery: see csrf.h.
 */
#include "web/csrf.h"

#include "base/random.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "service/keyring.h"
#include "service/setting.h"

#include <string.h>

enum { TOKEN_CHARS = 43, COOKIE_CHARS = 22 };

bool csrf_is_allowed_origin(const char *origin)
{
    const char *list = setting_text(SETTING_CORS_ORIGINS);
    size_t n = strlen(origin);
    while (*list) {
        list += strspn(list, ", ");
        size_t length = strcspn(list, ", ");
        if (length == n && n && strncmp(list, origin, n) == 0)
            return true;
        list += length;
    }
    return false;
}

/* PUBLIC_URL's origin; on a loopback address also the one the request itself names, so that
   localhost and 127.0.0.1 are both us. */
static bool is_our_origin(struct req *rq, const char *origin)
{
    if (text_equal(origin, setting_public_origin()))
        return true;
    const char *scheme = setting_is_secure() ? "https" : "http";
    return setting_is_loopback() &&
           text_equal(origin, text_format(rq->arena, "%s://%s", scheme, rq->x->request.host));
}

/* Sec-Fetch-Site is the browser's own word, and cannot be set by a page; where it is missing,
   Origin speaks. A form on a page without a referrer sends "Origin: null" even to its own site, so
   the first decides alone. */
enum err csrf_check_source(struct req *rq)
{
    const char *site = http_header_find(&rq->x->request, "sec-fetch-site");
    const char *origin = http_header_find(&rq->x->request, "origin");
    bool is_listed = origin && route_is_api(rq->route) && csrf_is_allowed_origin(origin);
    bool is_same = text_equal(site, "same-origin");
    rq->is_source_proved = is_same;
    if (is_same || text_equal(site, "none") || is_listed)
        return OK;
    if (site)
        return refuse(rq, PROBLEM_CSRF_FAILED);
    rq->is_source_proved = origin && is_our_origin(rq, origin);
    return !origin || rq->is_source_proved ? OK : refuse(rq, PROBLEM_CSRF_FAILED);
}

static const char *form_cookie_name(void)
{
    return setting_is_secure() ? "__Host-cardea-form" : "cardea-form";
}

/* The value of the form cookie, NULL when it is missing or not one of ours. */
static const char *find_form_cookie(struct req *rq)
{
    const char *value = find_cookie(rq, form_cookie_name());
    return value && strlen(value) == COOKIE_CHARS ? value : NULL;
}

static enum err make(struct req *rq, const char *subject, const char **ret)
{
    uint8_t key[32], mac[SHA256_BYTES];
    char *token = arena_alloc(rq->arena, TOKEN_CHARS + 1);
    TRY(keyring_derive(NULL, "csrf", key));
    hmac_sha256(MEM(key, sizeof key), mem_text(subject), mac);
    mem_wipe(key, sizeof key);
    base64url_format(MEM(mac, sizeof mac), token);
    *ret = token;
    return OK;
}

enum err csrf_token_of_session(struct req *rq, const char *session_id, const char **ret)
{
    return make(rq, text_format(rq->arena, "session:%s", session_id), ret);
}

/* Bound to the session, else to the form cookie. */
static enum err make_for(struct req *rq, const char *form_cookie, const char **ret)
{
    if (rq->is_signed_in)
        return csrf_token_of_session(rq, rq->session.id, ret);
    return make(rq, text_format(rq->arena, "form:%s", form_cookie), ret);
}

enum err csrf_check_token(struct req *rq)
{
    const char *cookie = find_form_cookie(rq), *expected;
    const char *header = http_header_find(&rq->x->request, "x-csrf-token");
    const char *presented = rq->form_csrf ? rq->form_csrf : header;
    /* An API call needs no token when no cookie speaks for it, or the browser vouches for its
       source: JSON cannot be sent across sites without asking first. */
    if (route_is_api(rq->route) && (!rq->came_by_cookie || rq->is_source_proved))
        return OK;
    if (!presented || (!rq->is_signed_in && !cookie))
        return refuse(rq, PROBLEM_CSRF_FAILED);
    TRY(make_for(rq, cookie, &expected));
    return mem_equal(mem_text(presented), mem_text(expected)) ? OK
                                                              : refuse(rq, PROBLEM_CSRF_FAILED);
}

static const char *new_form_cookie(struct req *rq)
{
    uint8_t bytes[16];
    char *value = arena_alloc(rq->arena, COOKIE_CHARS + 1);
    random_bytes(bytes, sizeof bytes);
    base64url_format(MEM(bytes, sizeof bytes), value);
    set_cookie(rq, form_cookie_name(), value, 0);
    return value;
}

const char *csrf_token(struct req *rq)
{
    const char *token, *cookie = find_form_cookie(rq);
    if (!rq->is_signed_in && !cookie)
        cookie = new_form_cookie(rq);
    return make_for(rq, cookie, &token) ? "" : token;
}
