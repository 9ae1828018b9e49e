/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P-256 keys: made, read and written as JWK, signing and verifying digests. Setting up a context
 * for a key costs a tenth of a signature, so each thread keeps the contexts of the keys it used
 * last.
 */
#include "crypto/jws_key.h"

#include "base/text.h"
#include "crypto/evp.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { COORDINATE = 32, COORDINATE_CHARS = 43, POINT = 1 + 2 * COORDINATE };

struct jws_key {
    EVP_PKEY *pkey;
    uint64_t serial;
    bool is_private;
    char x[COORDINATE_CHARS + 1], y[COORDINATE_CHARS + 1];
    char id[COORDINATE_CHARS + 1];
};

/* --- life --- */

static void take_coordinate(const EVP_PKEY *pkey, const char *name, char out[COORDINATE_CHARS + 1])
{
    BIGNUM *number = NULL;
    uint8_t bytes[COORDINATE];
    evp_must(EVP_PKEY_get_bn_param(pkey, name, &number) == 1 &&
                 BN_bn2binpad(number, bytes, COORDINATE) == COORDINATE,
             "reading a key");
    base64url_format(MEM(bytes, COORDINATE), out);
    BN_clear_free(number);
    mem_wipe(bytes, sizeof bytes);
}

/* RFC 7638 3: the hash of the required members in lexicographic order, without spaces. */
static void name_key(struct jws_key *key)
{
    char text[160];
    uint8_t digest[SHA256_BYTES];
    int n =
        snprintf(text, sizeof text, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}",
                 key->x, key->y);
    sha256(MEM(text, (size_t)n), digest);
    base64url_format(MEM(digest, sizeof digest), key->id);
}

/* Takes pkey over. */
static struct jws_key *wrap(EVP_PKEY *pkey, bool is_private)
{
    static atomic_uint_least64_t last_serial;
    struct jws_key *key = calloc(1, sizeof *key);
    if (!key)
        abort();
    evp_must(pkey, "making a key");
    key->pkey = pkey;
    key->serial = atomic_fetch_add(&last_serial, 1) + 1;
    key->is_private = is_private;
    take_coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_X, key->x);
    take_coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, key->y);
    name_key(key);
    return key;
}

struct jws_key *jws_key_new(void)
{
    return wrap(EVP_EC_gen("P-256"), true);
}

void jws_key_free(struct jws_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

const char *jws_key_id(const struct jws_key *key)
{
    return key->id;
}

/* --- JWK --- */

struct mem jws_key_export(const struct jws_key *key, struct arena *arena)
{
    struct buf out;
    struct json_writer j;
    char d[COORDINATE_CHARS + 1];
    assert(key->is_private);
    buf_init(&out, arena, 512);
    json_write(&j, &out);
    json_begin_object(&j, NULL);
    json_put_text(&j, "kty", "EC");
    json_put_text(&j, "crv", "P-256");
    json_put_text(&j, "x", key->x);
    json_put_text(&j, "y", key->y);
    take_coordinate(key->pkey, OSSL_PKEY_PARAM_PRIV_KEY, d);
    json_put_text(&j, "d", d);
    mem_wipe(d, sizeof d);
    json_end(&j);
    return buf_mem(&out);
}

void jws_key_put_public(const struct jws_key *key, struct json_writer *j)
{
    json_begin_object(j, NULL);
    json_put_text(j, "kty", "EC");
    json_put_text(j, "crv", "P-256");
    json_put_text(j, "x", key->x);
    json_put_text(j, "y", key->y);
    json_put_text(j, "kid", key->id);
    json_put_text(j, "use", "sig");
    json_put_text(j, "alg", "ES256");
    json_end(j);
}

static bool read_coordinate(const struct json_value *jwk, const char *name, uint8_t *ret)
{
    uint8_t bytes[COORDINATE];
    size_t n = 0;
    const char *text = json_find_text(jwk, name);
    if (!text || strlen(text) != COORDINATE_CHARS ||
        !base64url_parse(text, COORDINATE_CHARS, bytes, &n) || n != COORDINATE)
        return false;
    memcpy(ret, bytes, COORDINATE);
    mem_wipe(bytes, sizeof bytes);
    return true;
}

/* A key from its numbers; NULL when they are none: the library checks that the point is on the
 * curve (RFC 8725 3.4), and that d belongs to it. */
static EVP_PKEY *assemble(const uint8_t point[POINT], const uint8_t *d)
{
    EVP_PKEY *pkey = NULL;
    BIGNUM *number = d ? BN_bin2bn(d, COORDINATE, BN_secure_new()) : NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    evp_must(builder && maker && (number || !d), "reading a key");
    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, POINT);
    if (number)
        OSSL_PARAM_BLD_push_BN_pad(builder, OSSL_PKEY_PARAM_PRIV_KEY, number, COORDINATE);
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    evp_must(parameters && EVP_PKEY_fromdata_init(maker) == 1, "reading a key");
    (void)EVP_PKEY_fromdata(maker, &pkey, d ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, parameters);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(maker);
    BN_clear_free(number);
    return pkey;
}

/* The point d * G, uncompressed. */
static void multiply(const BIGNUM *d, uint8_t ret[POINT])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = group ? EC_POINT_new(group) : NULL;
    evp_must(point && EC_POINT_mul(group, point, d, NULL, NULL, NULL) == 1 &&
                 EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, ret, POINT,
                                    NULL) == POINT,
             "making a key");
    EC_POINT_free(point);
    EC_GROUP_free(group);
}

/* A seed at or above the order, one in 2^32, makes no sound key: wrap complains. */
struct jws_key *jws_key_of_seed(const uint8_t seed[COORDINATE])
{
    uint8_t point[POINT];
    BIGNUM *d = BN_bin2bn(seed, COORDINATE, BN_secure_new());
    evp_must(d != NULL, "making a key");
    multiply(d, point);
    BN_clear_free(d);
    return wrap(assemble(point, seed), true);
}

static bool is_sound(EVP_PKEY *pkey, bool is_private)
{
    EVP_PKEY_CTX *checker = pkey ? EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL) : NULL;
    bool good = checker &&
                (is_private ? EVP_PKEY_check(checker) == 1 : EVP_PKEY_public_check(checker) == 1);
    EVP_PKEY_CTX_free(checker);
    return good;
}

static enum err import(const struct json_value *jwk, struct jws_key **ret)
{
    uint8_t point[POINT] = { 0x04 }, d[COORDINATE]; /* SEC 1 2.3.3: uncompressed */
    const char *alg = json_find_text(jwk, "alg");
    bool is_private = json_find(jwk, "d") != NULL;
    if (!text_equal(json_find_text(jwk, "kty"), "EC") ||
        !text_equal(json_find_text(jwk, "crv"), "P-256") || (alg && !text_equal(alg, "ES256")))
        return E_INVALID;
    if (!read_coordinate(jwk, "x", point + 1) || !read_coordinate(jwk, "y", point + 1 + COORDINATE))
        return E_INVALID;
    if (is_private && !read_coordinate(jwk, "d", d))
        return E_INVALID;
    EVP_PKEY *pkey = assemble(point, is_private ? d : NULL);
    mem_wipe(d, sizeof d);
    if (!is_sound(pkey, is_private)) {
        EVP_PKEY_free(pkey);
        evp_forget_errors();
        return E_INVALID;
    }
    *ret = wrap(pkey, is_private);
    return OK;
}

enum err jws_key_import(struct mem jwk, struct jws_key **ret)
{
    struct arena arena;
    struct json_value root;
    if (jwk.n > 4096)
        return E_INVALID;
    arena_init(&arena, 1 << 20);
    enum err e = json_read(&arena, jwk, &root, NULL);
    if (!e)
        e = import(&root, ret);
    arena_done(&arena);
    return e;
}

/* --- ECDSA --- */

static void bind_to(struct evp_bound *bound, const struct jws_key *key,
                    int (*prepare)(EVP_PKEY_CTX *))
{
    EVP_PKEY_CTX_free(bound->context);
    bound->serial = key->serial;
    bound->context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    evp_must(bound->context && prepare(bound->context) == 1, "readying a key");
}

static EVP_PKEY_CTX *signer(const struct jws_key *key)
{
    struct evp_bound *bound = &evp_contexts()->sign;
    if (bound->serial != key->serial)
        bind_to(bound, key, EVP_PKEY_sign_init);
    return bound->context;
}

static EVP_PKEY_CTX *verifier(const struct jws_key *key)
{
    struct evp_bound *bound = &evp_contexts()->verify[key->serial % EVP_VERIFIERS];
    if (bound->serial != key->serial)
        bind_to(bound, key, EVP_PKEY_verify_init);
    return bound->context;
}

void jws_key_sign(const struct jws_key *key, const uint8_t digest[SHA256_BYTES],
                  uint8_t out[JWS_SIGNATURE_BYTES])
{
    uint8_t der[80];
    const uint8_t *p = der;
    size_t n = sizeof der;
    assert(key->is_private);
    evp_must(EVP_PKEY_sign(signer(key), der, &n, digest, SHA256_BYTES) == 1, "ECDSA");
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &p, (long)n);
    evp_must(pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, COORDINATE) == COORDINATE &&
                 BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + COORDINATE, COORDINATE) == COORDINATE,
             "ECDSA");
    ECDSA_SIG_free(pair);
}

/* Zero, and numbers not below the order, are refused by the library (FIPS 186-5 6.4.2). */
bool jws_key_verify(const struct jws_key *key, const uint8_t digest[SHA256_BYTES],
                    const uint8_t signature[JWS_SIGNATURE_BYTES])
{
    uint8_t der[80], *p = der;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, COORDINATE, NULL);
    BIGNUM *s = BN_bin2bn(signature + COORDINATE, COORDINATE, NULL);
    evp_must(pair && r && s && ECDSA_SIG_set0(pair, r, s) == 1, "ECDSA");
    int n = i2d_ECDSA_SIG(pair, &p);
    evp_must(n > 0, "ECDSA");
    ECDSA_SIG_free(pair);
    bool good = EVP_PKEY_verify(verifier(key), der, (size_t)n, digest, SHA256_BYTES) == 1;
    if (!good)
        evp_forget_errors();
    return good;
}
