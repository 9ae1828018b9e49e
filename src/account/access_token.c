/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access tokens: see access_token.h. The cache of verified ones is keyed by the token's SHA-256 and
 * trusts it only until its exp.
 */
#include "account/access_token.h"

#include "account/level.h"
#include "account/role.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/jws.h"
#include "service/keyring.h"
#include "service/setting.h"

#include <pthread.h>
#include <string.h>

#define TYP "at+jwt"

enum { VERIFIED = 8192, STRIPES = 64, CLAIMS_MAX = 4096 };

static const int64_t SKEW = 2 * MINUTE;

struct verified {
    uint8_t hash[SHA256_BYTES];
    int64_t expires_at;
    char session_id[40];
};

static struct verified table[VERIFIED];
static pthread_mutex_t locks[STRIPES] = { [0 ... STRIPES - 1] = PTHREAD_MUTEX_INITIALIZER };

int64_t access_token_seconds(void)
{
    return setting_span(SETTING_ACCESS_TOKEN_TTL) / SECOND;
}

const char *access_token_make(struct arena *arena, const struct session *session)
{
    struct buf claims;
    struct json_writer j;
    int64_t now = clock_now() / SECOND;
    buf_init(&claims, arena, CLAIMS_MAX);
    json_write(&j, &claims);
    json_begin_object(&j, NULL);
    json_put_text(&j, "iss", setting_public_origin());
    json_put_text(&j, "sub", session->account_id);
    json_put_text(&j, "aud", setting_public_origin());
    json_put_text(&j, "sid", session->id);
    json_put_text(&j, "jti", id_new(arena, "jti"));
    json_put_num(&j, "iat", now);
    json_put_num(&j, "nbf", now);
    json_put_num(&j, "exp", now + access_token_seconds());
    json_put_num(&j, "auth_time", session->auth_at / SECOND);
    json_put_words(&j, "amr", session->amr);
    json_put_text(&j, "acr", level_name(session->amr));
    role_put(&j, "roles", session->roles);
    json_end(&j);
    return jws_sign(keyring_signing(), arena, TYP, buf_mem(&claims));
}

static struct verified *place_of(const uint8_t hash[SHA256_BYTES], pthread_mutex_t **ret_lock)
{
    uint32_t i;
    memcpy(&i, hash, sizeof i);
    *ret_lock = &locks[i % STRIPES];
    return &table[i % VERIFIED];
}

static bool find_verified(struct arena *arena, const uint8_t hash[SHA256_BYTES],
                          const char **ret_session_id)
{
    pthread_mutex_t *lock;
    struct verified *v = place_of(hash, &lock), copy;
    pthread_mutex_lock(lock);
    copy = *v;
    pthread_mutex_unlock(lock);
    if (copy.expires_at <= clock_now() ||
        !mem_equal(MEM(copy.hash, SHA256_BYTES), MEM(hash, SHA256_BYTES)))
        return false;
    *ret_session_id = text_copy(arena, mem_text(copy.session_id));
    return true;
}

static void remember(const uint8_t hash[SHA256_BYTES], const char *session_id, int64_t expires_at)
{
    pthread_mutex_t *lock;
    struct verified *v = place_of(hash, &lock);
    size_t n = strlen(session_id);
    if (n >= sizeof v->session_id)
        return;
    pthread_mutex_lock(lock);
    memcpy(v->hash, hash, SHA256_BYTES);
    memcpy(v->session_id, session_id, n + 1);
    v->expires_at = expires_at;
    pthread_mutex_unlock(lock);
}

/* A NumericDate that is a whole number in a sane range; RFC 7519 2. */
static bool read_time(const struct json_value *claims, const char *name, int64_t *ret_at)
{
    const struct json_value *value = json_find(claims, name);
    if (!value || value->kind != JSON_IS_INT || value->num < 0 || value->num > 253402300799)
        return false;
    *ret_at = value->num * SECOND;
    return true;
}

static bool are_good(const struct json_value *claims, int64_t *ret_expires_at)
{
    int64_t issued_at, not_before, now = clock_now();
    const char *origin = setting_public_origin();
    return text_equal(json_find_text(claims, "iss"), origin) &&
           text_equal(json_find_text(claims, "aud"), origin) &&
           read_time(claims, "exp", ret_expires_at) && read_time(claims, "iat", &issued_at) &&
           read_time(claims, "nbf", &not_before) && *ret_expires_at > now &&
           issued_at <= now + SKEW && not_before <= now + SKEW;
}

enum err access_token_check(struct arena *arena, const char *token, const char **ret_session_id)
{
    uint8_t hash[SHA256_BYTES];
    struct json_value claims;
    int64_t expires_at;
    sha256(mem_text(token), hash);
    if (find_verified(arena, hash, ret_session_id))
        return OK;
    TRY(jws_verify(arena, token, TYP, keyring_find, NULL, &claims));
    const char *session_id = json_find_text(&claims, "sid");
    if (!are_good(&claims, &expires_at) || !session_id || !id_is(session_id, "ses"))
        return E_UNAUTHENTICATED;
    remember(hash, session_id, expires_at);
    *ret_session_id = session_id;
    return OK;
}

void access_token_forget(void)
{
    for (size_t i = 0; i < VERIFIED; i++) {
        pthread_mutex_t *lock = &locks[i % STRIPES];
        pthread_mutex_lock(lock);
        table[i].expires_at = 0;
        pthread_mutex_unlock(lock);
    }
}
