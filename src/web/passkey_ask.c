/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebAuthn over the wire: see passkey_ask.h.
 */
#include "web/passkey_ask.h"

#include "base/text.h"
#include "service/setting.h"

#include <string.h>

enum { ORIGINS_MAX = 16 };

/* --- options --- */

const char *passkey_rp_id(void)
{
    return setting_public_host();
}

const char *passkey_text(struct arena *arena, struct mem bytes)
{
    char *text = arena_alloc(arena, base64url_size(bytes.n) + 1);
    base64url_format(bytes, text);
    return text;
}

void passkey_put_challenge(struct req *rq, struct json_writer *j, const char *challenge)
{
    json_put_text(j, "challenge", passkey_text(rq->arena, mem_text(challenge)));
    json_put_num(j, "timeout", CEREMONY_MINUTES * MINUTE);
}

void passkey_put_list(struct req *rq, struct json_writer *j, const char *key, struct passkeys of)
{
    json_begin_array(j, key);
    for (size_t i = 0; i < of.count; i++) {
        json_begin_object(j, NULL);
        json_put_text(j, "type", "public-key");
        json_put_text(j, "id", passkey_text(rq->arena, of.list[i].credential_id));
        json_put_words(j, "transports", of.list[i].transports);
        json_end(j);
    }
    json_end(j);
}

/* --- answers --- */

/* The object that the browser sent, from the fields that the route took it apart into. */
static struct json_value whole(struct req *rq)
{
    static const char *const texts[] = { "id", "rawId", "type" };
    struct json_value *items = arena_array(rq->arena, COUNT(texts) + 2, sizeof *items);
    size_t count = 0;
    for (size_t i = 0; i < COUNT(texts); i++)
        items[count++] = (struct json_value){ .kind = JSON_IS_TEXT,
                                              .key = texts[i],
                                              .text = field(rq, texts[i]) };
    items[count++] = *field_json(rq, "response");
    if (field_json(rq, "clientExtensionResults"))
        items[count++] = *field_json(rq, "clientExtensionResults");
    return (struct json_value){ .kind = JSON_IS_OBJECT, .items = items, .count = count };
}

/* The challenge alone, so that also an answer which cannot be read otherwise uses it up. */
static enum err read_challenge(struct req *rq, const char **ret)
{
    size_t n = 0;
    const char *text = json_find_text(field_json(rq, "response"), "clientDataJSON");
    size_t length = text ? strlen(text) : 0;
    uint8_t *bytes = arena_alloc(rq->arena, length + 1);
    if (!base64url_parse(text ? text : "", length, bytes, &n))
        return E_INVALID;
    return webauthn_client_challenge(rq->arena, MEM(bytes, n), ret);
}

enum err passkey_read_answer(struct req *rq, struct passkey_answer *ret)
{
    *ret = (struct passkey_answer){ .json = whole(rq) };
    enum err e = read_challenge(rq, &ret->challenge);
    if (e == OK)
        e = ceremony_look(&rq->peek, ret->challenge, &ret->ceremony);
    return e == E_GONE || e == E_INVALID ? refuse(rq, PROBLEM_CHALLENGE_EXPIRED) : e;
}

/* Ours first, then PASSKEY_ORIGINS: other addresses of this domain, and apps. */
static const char *const *origins(struct arena *arena, size_t *ret_count)
{
    const char **all = arena_array(arena, ORIGINS_MAX, sizeof *all);
    const char *list = setting_text(SETTING_PASSKEY_ORIGINS);
    size_t count = 0;
    all[count++] = setting_public_origin();
    for (list += strspn(list, ", "); *list && count < ORIGINS_MAX; list += strspn(list, ", ")) {
        size_t n = strcspn(list, ", ");
        all[count++] = text_copy(arena, MEM(list, n));
        list += n;
    }
    *ret_count = count;
    return all;
}

struct webauthn_ceremony passkey_ceremony(struct req *rq, const struct passkey_answer *answer)
{
    size_t count;
    const char *const *allowed = origins(rq->arena, &count);
    return (struct webauthn_ceremony){
        .rp_id = passkey_rp_id(),
        .origins = allowed,
        .origin_count = count,
        .challenge = mem_text(answer->challenge),
        .needs_user_verification = answer->ceremony.purpose == CEREMONY_SIGN_IN ||
                                   answer->ceremony.purpose == CEREMONY_REAUTH,
        .algorithms = webauthn_algorithms,
        .algorithm_count = WEBAUTHN_ALGORITHMS,
        .names_user = answer->ceremony.purpose == CEREMONY_SIGN_IN,
    };
}
