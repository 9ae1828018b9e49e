/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forged access tokens at the API: whatever is wrong with one, the answer is the same 401.
 */
#include "attack.h"
#include "sample.h"

#include "base/buf.h"
#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/jws.h"
#include "crypto/jws_key.h"
#include "service/keyring.h"

#include <string.h>

#define ORIGIN "http://localhost:8080"

static const char *encode(struct mem bytes)
{
    char *out = arena_alloc(test_arena(), base64url_size(bytes.n) + 1);
    base64url_format(bytes, out);
    return out;
}

/* A compact JWS of exactly these texts, with our own key's good signature over them. */
static const char *sign(const char *header, const char *claims)
{
    uint8_t digest[SHA256_BYTES], signature[JWS_SIGNATURE_BYTES];
    const char *input =
        text_format(test_arena(), "%s.%s", encode(mem_text(header)), encode(mem_text(claims)));
    sha256(mem_text(input), digest);
    jws_key_sign(keyring_signing(), digest, signature);
    return text_format(test_arena(), "%s.%s", input, encode(MEM(signature, sizeof signature)));
}

static const char *good_header(void)
{
    return text_format(test_arena(), "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
                       jws_key_id(keyring_signing()));
}

static long long seconds(void)
{
    return (long long)(clock_now() / SECOND);
}

static const char *claims_of(const struct client *c, const char *iss, const char *aud,
                             const char *times)
{
    return text_format(test_arena(), "{\"iss\":%s,\"aud\":%s,\"sub\":\"x\",\"sid\":\"%s\",%s}", iss,
                       aud, c->session_id, times);
}

static const char *good_times(void)
{
    return text_format(test_arena(), "\"iat\":%lld,\"nbf\":%lld,\"exp\":%lld", seconds(), seconds(),
                       seconds() + 600);
}

static const char *good_claims(const struct client *c)
{
    return claims_of(c, "\"" ORIGIN "\"", "\"" ORIGIN "\"", good_times());
}

static struct reply *me(struct world *w, const char *token)
{
    struct client *c = plain_client(w);
    c->bearer = token;
    return get(c, "/v1/auth/me");
}

/* The answer that all refused tokens share: that of a token that is nonsense. */
static void check_refused(struct world *w, const char *what, const char *token)
{
    struct reply *r = me(w, token);
    if (r->status != 401)
        test_fail(__FILE__, __LINE__, "%s gives %d", what, r->status);
    check_alike(what, r, me(w, "nonsense"));
}

static void check_header(struct world *w, const struct client *c, const char *what,
                         const char *header)
{
    check_refused(w, what, sign(header, good_claims(c)));
}

#define KID jws_key_id(keyring_signing())

TEST_IN_WORLD(JWT_00_a_token_made_here_is_taken)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_NUM(me(w, sign(good_header(), good_claims(ann)))->status, 200);
    CHECK_NUM(me(w, ann->bearer)->status, 200);
}

TEST_IN_WORLD(JWT_01_no_algorithm_is_no_algorithm)
{
    static const char *const algs[] = { "\"none\"",  "\"None\"",  "\"nOnE\"",    "\"NONE\"",
                                        "\"\"",      "null",      "[\"ES256\"]", "0",
                                        "\"es256\"", "\"ES256 \"" };
    struct client *ann = signed_in(w, ANN);
    const char *body = encode(mem_text(good_claims(ann)));
    for (size_t i = 0; i < COUNT(algs); i++) {
        const char *header = text_format(
            test_arena(), "{\"alg\":%s,\"typ\":\"at+jwt\",\"kid\":\"%s\"}", algs[i], KID);
        check_header(w, ann, algs[i], header);
        const char *h = encode(mem_text(header));
        check_refused(w, algs[i], text_format(test_arena(), "%s.%s.", h, body));
        check_refused(w, algs[i], text_format(test_arena(), "%s.%s", h, body));
    }
    check_header(w, ann, "no alg",
                 text_format(test_arena(), "{\"typ\":\"at+jwt\",\"kid\":\"%s\"}", KID));
}

static const char *hmac_token(const char *key, size_t n, const char *claims)
{
    uint8_t mac[SHA256_BYTES];
    const char *header =
        text_format(test_arena(), "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", KID);
    const char *input =
        text_format(test_arena(), "%s.%s", encode(mem_text(header)), encode(mem_text(claims)));
    hmac_sha256(MEM(key, n), mem_text(input), mac);
    return text_format(test_arena(), "%s.%s", input, encode(MEM(mac, sizeof mac)));
}

TEST_IN_WORLD(JWT_02_a_public_key_is_no_password)
{
    struct client *ann = signed_in(w, ANN);
    const char *jwks = get(client(w), "/.well-known/jwks.json")->body;
    const char *keys[] = { jwks, KID, "", "secret", ORIGIN };
    for (size_t i = 0; i < COUNT(keys); i++)
        check_refused(w, "HS256", hmac_token(keys[i], strlen(keys[i]), good_claims(ann)));
}

TEST_IN_WORLD(JWT_03_no_other_algorithm)
{
    static const char *const algs[] = { "RS256", "ES384", "ES256K", "EdDSA", "PS256", "ES512" };
    struct client *ann = signed_in(w, ANN);
    for (size_t i = 0; i < COUNT(algs); i++)
        check_header(w, ann, algs[i],
                     text_format(test_arena(), "{\"alg\":\"%s\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
                                 algs[i], KID));
}

TEST_IN_WORLD(JWT_04_only_a_known_kid)
{
    struct client *ann = signed_in(w, ANN);
    char *huge = arena_alloc(test_arena(), 10'003);
    memset(huge, 'k', 10'002);
    huge[0] = huge[10'001] = '"';
    const char *const kids[] = { "\"unknown\"",
                                 "\"../../../../dev/null\"",
                                 "\"' OR 1=1 --\"",
                                 "\"\\u0000\"",
                                 "\"\"",
                                 "[]",
                                 "null",
                                 "{}",
                                 "0",
                                 huge };
    for (size_t i = 0; i < COUNT(kids); i++)
        check_header(w, ann, "kid",
                     text_format(test_arena(), "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":%s}",
                                 kids[i]));
    check_header(w, ann, "no kid", "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}");
    check_header(w, ann, "two kids",
                 text_format(test_arena(),
                             "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"x\",\"kid\":\"%s\"}",
                             KID));
    check_header(
        w, ann, "an array of kids",
        text_format(test_arena(), "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":[\"%s\"]}", KID));
}

TEST_IN_WORLD(JWT_05_no_key_comes_along)
{
    static const char *const members[] = {
        "\"jku\":\"http://127.0.0.1:1/jwks\"",
        "\"x5u\":\"http://127.0.0.1:1/x\"",
        "\"x5c\":[\"AAAA\"]",
        "\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
        "\"crit\":[\"b64\"],\"b64\":false",
        "\"b64\":false",
        "\"crit\":[]",
        "\"zip\":\"DEF\"",
        "\"cty\":\"JWT\"",
    };
    struct client *ann = signed_in(w, ANN);
    for (size_t i = 0; i < COUNT(members) - 1; i++)
        check_header(w, ann, members[i],
                     text_format(test_arena(),
                                 "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\",%s}", KID,
                                 members[i]));
    struct jws_key *own = jws_key_new(); /* a good signature by a stranger's key */
    check_refused(w, "a stranger's key",
                  jws_sign(own, test_arena(), "at+jwt", mem_text(good_claims(ann))));
    jws_key_free(own);
}

TEST_IN_WORLD(JWT_06_time_is_a_whole_number_that_has_not_passed)
{
    struct client *ann = signed_in(w, ANN);
    const char *const ends[] = {
        "\"exp\":0,",
        "\"exp\":-1,",
        "\"exp\":1e308,",
        "\"exp\":9e99,",
        "\"exp\":99999999999999999999,",
        "\"exp\":9223372036854775807,",
        "\"exp\":\"2999999999\",",
        "\"exp\":2999999999.5,",
        "\"exp\":2.9e9,",
        "\"exp\":null,",
        "\"exp\":[2999999999],",
        "\"exp\":true,",
        "",
        text_format(test_arena(), "\"exp\":%lld,", seconds()),
        text_format(test_arena(), "\"exp\":%lld,", seconds() - 1),
        text_format(test_arena(), "\"exp\":%lld,\"exp\":%lld,", seconds() - 1, seconds() + 600),
    };
    for (size_t i = 0; i < COUNT(ends); i++)
        check_refused(
            w, ends[i],
            sign(good_header(), claims_of(ann, "\"" ORIGIN "\"", "\"" ORIGIN "\"",
                                          text_format(test_arena(), "%s\"iat\":%lld,\"nbf\":%lld",
                                                      ends[i], seconds(), seconds()))));
    struct reply *before = me(w, ann->bearer);
    CHECK_NUM(before->status, 200);
    wait_for(10 * MINUTE);
    check_refused(w, "a token that has expired", ann->bearer);
}

TEST_IN_WORLD(JWT_07_not_from_the_future)
{
    struct client *ann = signed_in(w, ANN);
    for (int i = 0; i < 4; i++) {
        long long iat = seconds() + (i & 1 ? 600 : 0), nbf = seconds() + (i & 2 ? 600 : 0);
        const char *times = text_format(test_arena(), "\"iat\":%lld,\"nbf\":%lld,\"exp\":%lld", iat,
                                        nbf, seconds() + 9999);
        const char *token =
            sign(good_header(), claims_of(ann, "\"" ORIGIN "\"", "\"" ORIGIN "\"", times));
        if (i)
            check_refused(w, times, token);
        else
            CHECK_NUM(me(w, token)->status, 200);
    }
}

TEST_IN_WORLD(JWT_08_JWT_09_for_us_from_us)
{
    static const char *const strange[] = {
        "\"\"",
        "null",
        "\"http://localhost:8080/\"",
        "\"HTTP://localhost:8080\"",
        "\"http://LOCALHOST:8080\"",
        "\"https://localhost:8080\"",
        "\"http://localhost\"",
        "\"http://localhost:8080.evil.example\"",
        "[\"http://localhost:8080\"]",
        "[\"https://evil.example\",\"http://localhost:8080\"]",
        "{}",
        "\" http://localhost:8080\"",
    };
    struct client *ann = signed_in(w, ANN);
    for (size_t i = 0; i < COUNT(strange); i++) {
        check_refused(
            w, strange[i],
            sign(good_header(), claims_of(ann, strange[i], "\"" ORIGIN "\"", good_times())));
        check_refused(
            w, strange[i],
            sign(good_header(), claims_of(ann, "\"" ORIGIN "\"", strange[i], good_times())));
    }
}

TEST_IN_WORLD(JWT_10_signatures_are_exact)
{
    struct client *ann = signed_in(w, ANN);
    const char *token = ann->bearer;
    size_t n = strlen(token), head = (size_t)(strrchr(token, '.') + 1 - token);
    uint8_t zero[65] = { 0 };
    const char *input = text_format(test_arena(), "%.*s", (int)head, token);
    for (size_t bytes = 0; bytes <= 65; bytes++)
        check_refused(w, "zeros",
                      text_format(test_arena(), "%s%s", input, encode(MEM(zero, bytes))));
    memset(zero, 0xff, sizeof zero);
    check_refused(w, "r and s too large",
                  text_format(test_arena(), "%s%s", input, encode(MEM(zero, 64))));
    for (size_t i = head; i < n; i += 7) {
        char *bent = text_copy(test_arena(), mem_text(token));
        bent[i] = bent[i] == 'A' ? 'B' : 'A';
        check_refused(w, "a bent signature", bent);
    }
    check_refused(w, "cut short", text_format(test_arena(), "%.*s", (int)n - 1, token));
    check_refused(w, "one more", text_format(test_arena(), "%sA", token));
}

TEST_IN_WORLD(JWT_11_one_spelling_only)
{
    struct client *ann = signed_in(w, ANN);
    const char *t = ann->bearer;
    const char *dot = strchr(t, '.'), *last = strrchr(t, '.');
    const char *const bent[] = {
        text_format(test_arena(), "%s.x", t),
        text_format(test_arena(), "%s.", t),
        text_format(test_arena(), ".%s", t),
        text_format(test_arena(), "%s=", t),
        text_format(test_arena(), "%s==", t),
        text_format(test_arena(), "%.*s=%s", (int)(dot - t), t, dot),
        text_format(test_arena(), "%.*s %s", (int)(dot - t), t, dot),
        text_format(test_arena(), "%.*s\t%s", (int)(last - t), t, last),
        text_format(test_arena(), "%.*s..%s", (int)(dot - t), t, last + 1),
        text_format(test_arena(), "a.b.c.d.e"),
        "..",
        ".",
        "x",
        text_format(test_arena(), "%s,%s", t, t),
        text_format(test_arena(), "%s %s", t, t),
    };
    for (size_t i = 0; i < COUNT(bent); i++)
        check_refused(w, bent[i], bent[i]);
    char *huge = arena_alloc(test_arena(), 12'001);
    memset(huge, 'A', 12'000);
    check_refused(w, "12 kB", huge);
}

TEST_IN_WORLD(JWT_12_an_ended_session_ends_its_tokens)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_NUM(me(w, ann->bearer)->status, 200);
    CHECK_NUM(post(ann, "/v1/auth/logout", NULL)->status, 204);
    check_refused(w, "signed out", ann->bearer);
}

TEST_IN_WORLD(JWT_13_no_other_token_is_an_access_token)
{
    static const char *const types[] = {
        "JWT", "jwt", "id+jwt", "at+JWT ", "AT+JWT", "rt+jwt", "application/at+jwt", ""
    };
    struct client *ann = signed_in(w, ANN);
    for (size_t i = 0; i < COUNT(types); i++)
        check_refused(
            w, types[i],
            jws_sign(keyring_signing(), test_arena(), types[i], mem_text(good_claims(ann))));
    check_refused(w, "a refresh token", ann->refresh);
    check_refused(w, "a session id", ann->session_id);
    check_refused(w, "a mailed token", reset_token(w, ANN));
    struct client *page = client(w);
    (void)login_page(page, ANN, PASSWORD);
    check_refused(w, "a cookie", cookie_of(page, "cardea"));
    struct reply *r = refresh(client(w), ann->bearer);
    CHECK(r->status == 401 || r->status == 422);
}

TEST_IN_WORLD(JWT_14_rotation_keeps_old_tokens_and_publishes_first)
{
    struct client *ann = signed_in(w, ANN);
    const char *old = text_copy(test_arena(), mem_text(KID));
    wait_for(2 * HOUR);
    CHECK_NUM(login(ann, ANN, PASSWORD)->status, 200);
    const char *published = get(client(w), "/.well-known/jwks.json")->body;
    CHECK_OK(keyring_rotate(w->db, test_arena()));
    CHECK(!text_equal(KID, old));
    CHECK(strstr(published, KID) != NULL); /* before it signed anything */
    CHECK_NUM(me(w, ann->bearer)->status, 200);
    CHECK(strstr(get(client(w), "/.well-known/jwks.json")->body, old) != NULL);
    wait_for(2 * HOUR);
    CHECK_OK(keyring_tend(w->db, test_arena()));
    CHECK(strstr(get(client(w), "/.well-known/jwks.json")->body, old) == NULL);
    const char *jwks = get(client(w), "/.well-known/jwks.json")->body;
    CHECK(!strstr(jwks, "\"d\"") && strstr(jwks, "\"kty\":\"EC\"")); /* SEC-05 */
}
