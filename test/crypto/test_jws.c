/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ES256 and compact JWS. Each attack is signed by the right key wherever that is possible, so that
 * nothing but the fault under test can be the reason for the refusal.
 */
#include "crypto/jws.h"

#include "../test.h"
#include "base/buf.h"
#include "crypto/digest.h"
#include "crypto/jws_key.h"

#include <pthread.h>
#include <string.h>

#define CLAIMS "{\"sub\":\"usr_1\"}"

struct house {
    struct jws_key *key;
    int lookups;
};

static struct house house;

static const struct jws_key *find(void *arg, const char *kid)
{
    struct house *h = arg;
    h->lookups++;
    return text_equal(kid, jws_key_id(h->key)) ? h->key : NULL;
}

static void open_house(void)
{
    if (!house.key)
        house.key = jws_key_new();
    house.lookups = 0;
}

static const char *encoded(struct mem bytes)
{
    char *out = arena_alloc(test_arena(), base64url_size(bytes.n) + 1);
    base64url_format(bytes, out);
    return out;
}

static const char *signature_of(const char *input)
{
    uint8_t digest[SHA256_BYTES], *signature = arena_alloc(test_arena(), JWS_SIGNATURE_BYTES);
    sha256(mem_text(input), digest);
    jws_key_sign(house.key, digest, signature);
    return encoded(MEM(signature, JWS_SIGNATURE_BYTES));
}

/* A token with this header and payload, as they are, with a good signature. */
static const char *forged(const char *header, const char *payload)
{
    const char *input =
        text_format(test_arena(), "%s.%s", encoded(mem_text(header)), encoded(mem_text(payload)));
    return text_format(test_arena(), "%s.%s", input, signature_of(input));
}

/* A header that is good but for `more`, which begins with a comma, or for alg or kid. */
static const char *header_with(const char *alg, const char *kid, const char *more)
{
    return text_format(test_arena(), "{\"alg\":%s,\"typ\":\"at+jwt\",\"kid\":%s%s}", alg, kid,
                       more);
}

static const char *own_kid(void)
{
    return text_format(test_arena(), "\"%s\"", jws_key_id(house.key));
}

static enum err verify(const char *token)
{
    struct json_value claims = { .count = 77 };
    enum err e = jws_verify(test_arena(), token, "at+jwt", find, &house, &claims);
    CHECK(e == OK ? claims.kind == JSON_IS_OBJECT : claims.count == 77);
    return e;
}

static void refuse(const char *what, const char *token)
{
    enum err e = verify(token);
    if (e != E_UNAUTHENTICATED)
        test_fail(__FILE__, __LINE__, "%s: %s", what, err_name(e));
}

TEST(jws_verifies_what_it_signed)
{
    struct json_value claims;
    open_house();
    const char *token = jws_sign(house.key, test_arena(), "at+jwt", mem_text(CLAIMS));
    REQUIRE(jws_verify(test_arena(), token, "at+jwt", find, &house, &claims) == OK);
    CHECK_TEXT(json_find_text(&claims, "sub"), "usr_1");
    CHECK_OK(verify(forged(header_with("\"ES256\"", own_kid(), ""), CLAIMS)));
}

/* RFC 7515 A.3. */
static const char rfc_key[] = "{\"kty\":\"EC\",\"crv\":\"P-256\","
                              "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                              "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\","
                              "\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\"}";

TEST(jws_verifies_the_vector_of_rfc_7515)
{
    struct jws_key *key;
    uint8_t digest[SHA256_BYTES], signature[JWS_SIGNATURE_BYTES];
    size_t n;
    REQUIRE(jws_key_import(mem_text(rfc_key), &key) == OK);
    sha256(mem_text("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6"
                    "Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"),
           digest);
    CHECK(base64url_parse(
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqP"
        "P3-Kg6NU1Q",
        86, signature, &n));
    CHECK(jws_key_verify(key, digest, signature));
    signature[5] ^= 1;
    CHECK(!jws_key_verify(key, digest, signature));
    CHECK_TEXT(jws_key_id(key), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
    jws_key_free(key);
}

TEST(jws_key_comes_back_from_its_jwk)
{
    struct jws_key *key = jws_key_new(), *again;
    struct mem jwk = jws_key_export(key, test_arena());
    REQUIRE(jws_key_import(jwk, &again) == OK);
    CHECK_TEXT(jws_key_id(again), jws_key_id(key));
    struct mem jwk_again = jws_key_export(again, test_arena());
    CHECK(mem_equal(jwk, jwk_again));
    jws_key_free(again);
    jws_key_free(key);
}

TEST(jws_key_import_refuses_what_is_no_key)
{
    static const char x[] = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                      y[] = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
                      d[] = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
                      zero[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                      order[] = "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE";
    static const struct {
        const char *kty, *crv, *x, *y, *d, *more;
        bool good;
    } cases[] = {
        { "EC", "P-256", x, y, d, "", true },
        { "EC", "P-256", x, y, NULL, "", true },
        { "EC", "P-256", x, y, NULL, ",\"alg\":\"ES256\",\"use\":\"sig\"", true },
        { "EC", "P-256", x, y, NULL, ",\"alg\":\"ES384\"", false },
        { "RSA", "P-256", x, y, d, "", false },
        { "EC", "P-384", x, y, d, "", false },
        { "EC", "secp256k1", x, y, d, "", false },
        { "EC", "P-256", y, x, NULL, "", false },       /* not on the curve */
        { "EC", "P-256", zero, zero, NULL, "", false }, /* nor this */
        { "EC", "P-256", x, y, x, "", false },          /* another key's d */
        { "EC", "P-256", x, y, zero, "", false },       /* d = 0 */
        { "EC", "P-256", x, y, order, "", false },      /* d = n */
        { "EC", "P-256", "AAAA", y, NULL, "", false },
        { "EC", "P-256", x, "", NULL, "", false },
        { "EC", "P-256", x, y, NULL, ",\"x\":\"AAAA\"", false }, /* duplicate member */
        { "EC", "P-256", x, y, NULL, ",\"d\":7", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct jws_key *key = NULL;
        const char *jwk = text_format(
            test_arena(), "{\"kty\":\"%s\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"%s%s%s%s}",
            cases[i].kty, cases[i].crv, cases[i].x, cases[i].y, cases[i].d ? ",\"d\":\"" : "",
            cases[i].d ? cases[i].d : "", cases[i].d ? "\"" : "", cases[i].more);
        enum err e = jws_key_import(mem_text(jwk), &key);
        if (e != (cases[i].good ? OK : E_INVALID))
            test_fail(__FILE__, __LINE__, "case %zu gives %s", i, err_name(e));
        jws_key_free(key);
    }
    struct jws_key *key;
    CHECK_ERR(jws_key_import(MEM_NONE, &key), E_INVALID);
    CHECK_ERR(jws_key_import(mem_text("[]"), &key), E_INVALID);
    CHECK_ERR(jws_key_import(mem_text("null"), &key), E_INVALID);
}

TEST(SEC_05_a_public_jwk_has_no_private_half)
{
    struct buf out;
    struct json_writer j;
    struct json_value jwk;
    open_house();
    buf_init(&out, test_arena(), 4096);
    json_write(&j, &out);
    jws_key_put_public(house.key, &j);
    REQUIRE(json_read(test_arena(), buf_mem(&out), &jwk, NULL) == OK);
    CHECK_NUM(jwk.count, 7);
    CHECK(!json_find(&jwk, "d"));
    CHECK_TEXT(json_find_text(&jwk, "kid"), jws_key_id(house.key));
    CHECK_TEXT(json_find_text(&jwk, "alg"), "ES256");
    CHECK_TEXT(json_find_text(&jwk, "use"), "sig");
}

TEST(JWT_01_alg_none_is_refused)
{
    static const char *const algs[] = { "\"none\"", "\"None\"", "\"nOnE\"", "\"NONE\"", "\"\"",
                                        "null",     "[]",       "{}",       "0" };
    open_house();
    for (size_t i = 0; i < COUNT(algs); i++) {
        const char *header = header_with(algs[i], own_kid(), "");
        refuse(algs[i], forged(header, CLAIMS));
        refuse(algs[i], text_format(test_arena(), "%s.%s.", encoded(mem_text(header)),
                                    encoded(mem_text(CLAIMS))));
    }
    refuse("absent",
           forged(text_format(test_arena(), "{\"typ\":\"at+jwt\",\"kid\":%s}", own_kid()), CLAIMS));
}

TEST(JWT_02_hs256_with_the_public_key_is_refused)
{
    struct buf jwk;
    struct json_writer j;
    open_house();
    buf_init(&jwk, test_arena(), 4096);
    json_write(&j, &jwk);
    jws_key_put_public(house.key, &j);
    const struct mem secrets[] = { buf_mem(&jwk), MEM_NONE, mem_text(jws_key_id(house.key)) };
    static const char *const algs[] = { "\"HS256\"", "\"ES256\"" };
    for (size_t i = 0; i < COUNT(secrets) * COUNT(algs); i++) {
        uint8_t mac[SHA256_BYTES], doubled[64] = { 0 };
        const char *input =
            text_format(test_arena(), "%s.%s",
                        encoded(mem_text(header_with(algs[i % COUNT(algs)], own_kid(), ""))),
                        encoded(mem_text(CLAIMS)));
        hmac_sha256(secrets[i / COUNT(algs)], mem_text(input), mac);
        memcpy(doubled, mac, sizeof mac);
        memcpy(doubled + 32, mac, sizeof mac);
        refuse("32 bytes", text_format(test_arena(), "%s.%s", input, encoded(MEM(mac, 32))));
        refuse("64 bytes", text_format(test_arena(), "%s.%s", input, encoded(MEM(doubled, 64))));
    }
}

TEST(JWT_03_other_algorithms_are_refused)
{
    static const char *const algs[] = { "\"RS256\"", "\"PS256\"",  "\"ES384\"",
                                        "\"ES512\"", "\"ES256K\"", "\"EdDSA\"",
                                        "\"es256\"", "\"ES256 \"", "[\"ES256\"]" };
    open_house();
    for (size_t i = 0; i < COUNT(algs); i++)
        refuse(algs[i], forged(header_with(algs[i], own_kid(), ""), CLAIMS));
    CHECK_NUM(house.lookups, 0);
}

TEST(JWT_04_odd_key_ids_are_refused)
{
    open_house();
    char *long_kid = arena_alloc(test_arena(), 10'003);
    memset(long_kid, 'k', 10'002);
    long_kid[0] = long_kid[10'001] = '"';
    const char *kids[] = {
        "\"unknown\"",
        "\"../../etc/passwd\"",
        "\"' OR 1=1 --\"",
        "\"a\\u0000b\"",
        long_kid,
        "\"\"",
        "null",
        "7",
        "{}",
        NULL,
    };
    kids[COUNT(kids) - 1] = text_format(test_arena(), "[%s]", own_kid());
    for (size_t i = 0; i < COUNT(kids); i++)
        refuse(kids[i], forged(header_with("\"ES256\"", kids[i], ""), CLAIMS));
    refuse("twice", forged(header_with("\"ES256\"", own_kid(),
                                       text_format(test_arena(), ",\"kid\":%s", own_kid())),
                           CLAIMS));
    refuse("absent", forged("{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}", CLAIMS));
    refuse("absent, counted up", forged("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"x\":1}", CLAIMS));
}

TEST(JWT_05_embedded_keys_and_extensions_are_refused)
{
    static const char *const members[] = {
        ",\"jku\":\"https://example.org/jwks\"",
        ",\"x5u\":\"https://example.org/cert\"",
        ",\"x5c\":[\"MII\"]",
        ",\"x5t\":\"AAAA\"",
        ",\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
        ",\"crit\":[\"exp\"]",
        ",\"crit\":[]",
        ",\"b64\":false",
        ",\"b64\":true",
        ",\"zip\":\"DEF\"",
        ",\"enc\":\"A256GCM\"",
        ",\"alg\":\"ES256\"",
        ",\"cty\":\"JWT\"",
    };
    open_house();
    for (size_t i = 0; i < COUNT(members); i++)
        refuse(members[i], forged(header_with("\"ES256\"", own_kid(), members[i]), CLAIMS));
    CHECK_NUM(house.lookups, 0);
}

TEST(JWT_10_degenerate_signatures_are_refused)
{
    /* FIPS 186-5: r and s are 1 to n - 1. */
    static const uint8_t order[32] = { 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
                                       0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                       0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                       0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51 };
    uint8_t zero[32] = { 0 }, one[32] = { 0 }, ones[32], below[32];
    one[31] = 1;
    memset(ones, 0xff, sizeof ones);
    memcpy(below, order, sizeof below);
    below[31]--;
    const uint8_t *const numbers[] = { zero, one, order, ones, below };
    open_house();
    const char *input = text_format(test_arena(), "%s.%s",
                                    encoded(mem_text(header_with("\"ES256\"", own_kid(), ""))),
                                    encoded(mem_text(CLAIMS)));
    for (size_t i = 0; i < COUNT(numbers) * COUNT(numbers); i++) {
        uint8_t pair[64];
        memcpy(pair, numbers[i / COUNT(numbers)], 32);
        memcpy(pair + 32, numbers[i % COUNT(numbers)], 32);
        refuse("r, s", text_format(test_arena(), "%s.%s", input, encoded(MEM(pair, 64))));
    }
    uint8_t good[66];
    size_t n;
    CHECK(base64url_parse(signature_of(input), 86, good, &n));
    for (int half = 0; half < 2; half++)
        for (size_t i = 0; i < COUNT(numbers); i++) {
            uint8_t pair[64];
            memcpy(pair, good, 64);
            memcpy(pair + 32 * half, numbers[i], 32);
            refuse("one half", text_format(test_arena(), "%s.%s", input, encoded(MEM(pair, 64))));
        }
    good[64] = 0;
    refuse("63 bytes", text_format(test_arena(), "%s.%s", input, encoded(MEM(good, 63))));
    refuse("65 bytes", text_format(test_arena(), "%s.%s", input, encoded(MEM(good, 65))));
    refuse("none", text_format(test_arena(), "%s.", input));
}

TEST(JWT_10_der_signatures_are_refused)
{
    open_house();
    const char *input = text_format(test_arena(), "%s.%s",
                                    encoded(mem_text(header_with("\"ES256\"", own_kid(), ""))),
                                    encoded(mem_text(CLAIMS)));
    uint8_t pair[64], der[72] = { 0x30, 0, 0x02 };
    size_t n = 3, ignored;
    CHECK(base64url_parse(signature_of(input), 86, pair, &ignored));
    for (int half = 0; half < 2; half++) {
        bool sign = pair[32 * half] & 0x80;
        if (half)
            der[n++] = 0x02;
        der[n++] = (uint8_t)(32 + sign);
        n += sign;
        memcpy(der + n, pair + 32 * half, 32);
        n += 32;
    }
    der[1] = (uint8_t)(n - 2);
    refuse("DER", text_format(test_arena(), "%s.%s", input, encoded(MEM(der, n))));
}

TEST(JWT_11_other_spellings_are_refused)
{
    open_house();
    const char *good = jws_sign(house.key, test_arena(), "at+jwt", mem_text(CLAIMS));
    size_t n = strlen(good), dot = strcspn(good, ".");
    CHECK_OK(verify(good));
    const char *const wrong[] = {
        "",
        ".",
        "..",
        "...",
        text_format(test_arena(), "%s.", good),
        text_format(test_arena(), "%s.AAAA", good),
        text_format(test_arena(), "%s.AAAA.AAAA", good), /* five parts: a JWE */
        text_format(test_arena(), ".%s", good),
        text_format(test_arena(), " %s", good),
        text_format(test_arena(), "%s ", good),
        text_format(test_arena(), "%s\n", good),
        text_format(test_arena(), "%s=", good),
        text_format(test_arena(), "%s==", good),
        text_format(test_arena(), "%.*s=%s", (int)dot, good, good + dot),
        text_format(test_arena(), "%.*s %s", (int)dot, good, good + dot),
        text_format(test_arena(), "%.*s%s", (int)dot, good, good + dot + 1),
        text_format(test_arena(), "%.*s", (int)n - 1, good),
    };
    for (size_t i = 0; i < COUNT(wrong); i++)
        refuse(wrong[i], wrong[i]);
    refuse("NULL", NULL);
}

/* A part whose last character has other unused bits says the same bytes in other words. */
TEST(JWT_11_trailing_bits_are_canonical)
{
    open_house();
    char *token = text_copy(
        test_arena(), mem_text(jws_sign(house.key, test_arena(), "at+jwt", mem_text(CLAIMS))));
    char *last = token + strlen(token) - 1;
    CHECK(*last == 'A' || *last == 'Q' || *last == 'g' || *last == 'w');
    ++*last;
    refuse("signature", token);

    /* Sign the odd spelling itself: the header is 1 byte over a multiple of 3, so 4 bits are
     * unused. */
    const char *header = header_with("\"ES256\"", own_kid(), "");
    while (strlen(header) % 3 != 1)
        header = text_format(test_arena(), "%s ", header);
    char *input =
        text_format(test_arena(), "%s.%s", encoded(mem_text(header)), encoded(mem_text(CLAIMS)));
    CHECK_OK(verify(text_format(test_arena(), "%s.%s", input, signature_of(input))));
    ++input[strcspn(input, ".") - 1];
    refuse("header", text_format(test_arena(), "%s.%s", input, signature_of(input)));
}

TEST(JWT_11_sizes_are_bounded)
{
    open_house();
    char *padding = arena_alloc(test_arena(), (1 << 20) + 1);
    memset(padding, ' ', 1 << 20);
    refuse("1 MB header", forged(header_with("\"ES256\"", own_kid(), padding), CLAIMS));
    refuse("1 MB payload", forged(header_with("\"ES256\"", own_kid(), ""),
                                  text_format(test_arena(), "{%s}", padding)));
    padding[4096] = 0;
    CHECK_OK(verify(forged(header_with("\"ES256\"", own_kid(), ""),
                           text_format(test_arena(), "{%s}", padding))));
}

TEST(JWT_11_payload_must_be_one_object)
{
    static const char *const payloads[] = { "",
                                            "[]",
                                            "null",
                                            "\"x\"",
                                            "7",
                                            "{",
                                            "{}{}",
                                            "{\"a\":1,\"a\":2}",
                                            "{\"a\":\"\xff\"}",
                                            "{\"a\":\"\\u0000\"}",
                                            "{\"a\":\"\\ud800\"}",
                                            "{\"a\":1e999}" };
    open_house();
    for (size_t i = 0; i < COUNT(payloads); i++)
        refuse(payloads[i], forged(header_with("\"ES256\"", own_kid(), ""), payloads[i]));
}

TEST(JWT_13_typ_must_be_the_expected_one)
{
    open_house();
    static const char *const types[] = { "JWT", "AT+JWT", "at+jwt ",
                                         "",    "rt+jwt", "application/at+jwt" };
    for (size_t i = 0; i < COUNT(types); i++)
        refuse(types[i], jws_sign(house.key, test_arena(), types[i], mem_text(CLAIMS)));
}

TEST(jws_any_flipped_bit_is_refused)
{
    open_house();
    const char *good = jws_sign(house.key, test_arena(), "at+jwt", mem_text(CLAIMS));
    for (size_t i = 0; good[i]; i += 3) {
        char *token = text_copy(test_arena(), mem_text(good));
        token[i] ^= (char)(1 << i % 7);
        if (token[i])
            refuse("flipped", token);
    }
}

static void *sign_and_verify(void *ret_good)
{
    struct arena arena;
    struct jws_key *keys[6];
    bool good = true;
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < COUNT(keys); i++)
        keys[i] = jws_key_new();
    for (int i = 0; i < 60; i++) {
        struct json_value claims;
        struct house h = { .key = i % 2 ? house.key : keys[i % (int)COUNT(keys)] };
        const char *token = jws_sign(h.key, &arena, "at+jwt", mem_text(CLAIMS));
        good = good && jws_verify(&arena, token, "at+jwt", find, &h, &claims) == OK;
        arena_reset(&arena);
    }
    for (size_t i = 0; i < COUNT(keys); i++)
        jws_key_free(keys[i]);
    arena_done(&arena);
    *(bool *)ret_good = good;
    return NULL;
}

TEST(jws_key_is_shared_by_threads)
{
    pthread_t threads[4];
    bool good[COUNT(threads)];
    open_house();
    for (size_t i = 0; i < COUNT(threads); i++)
        REQUIRE(pthread_create(&threads[i], NULL, sign_and_verify, &good[i]) == 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        pthread_join(threads[i], NULL);
        CHECK(good[i]);
    }
}
