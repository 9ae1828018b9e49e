/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COSE_Key: see cose.h. Each algorithm's members are taken in the one order that they may have;
 * the numbers are then checked for what the library does not check by itself.
 */
#include "crypto/cose.h"

#include "crypto/cbor.h"
#include "crypto/evp.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

/* RFC 9052 7.1, RFC 9053 7, RFC 8230 4 */
enum { KTY = 1, ALG = 3 };
enum { KTY_OKP = 1, KTY_EC2 = 2, KTY_RSA = 3 };
enum { CRV = -1, CRV_P256 = 1, CRV_ED25519 = 6, X = -2, Y = -3, N = -1, E = -2 };
enum { COORDINATE = 32, MODULUS_MIN = 256, MODULUS_MAX = 512, EXPONENT_MAX = 4 };
enum { ES256_SIGNATURE_MAX = 72, ED25519_SIGNATURE = 64 };

/* --- form --- */

static bool take_member(struct mem *in, int64_t name, int64_t value)
{
    return cbor_take_num(in, name) && cbor_take_num(in, value);
}

static bool take_coordinate(struct mem *in, int64_t name, struct mem *ret)
{
    return cbor_take_num(in, name) && cbor_take_bytes(in, ret) && ret->n == COORDINATE;
}

static bool take_es256(struct mem in, struct cose_key *ret)
{
    return take_member(&in, KTY, KTY_EC2) && take_member(&in, ALG, COSE_ES256) &&
           take_member(&in, CRV, CRV_P256) && take_coordinate(&in, X, &ret->x) &&
           take_coordinate(&in, Y, &ret->y) && in.n == 0;
}

static bool take_eddsa(struct mem in, struct cose_key *ret)
{
    return take_member(&in, KTY, KTY_OKP) && take_member(&in, ALG, COSE_EDDSA) &&
           take_member(&in, CRV, CRV_ED25519) && take_coordinate(&in, X, &ret->x) && in.n == 0;
}

static bool take_rs256(struct mem in, struct cose_key *ret)
{
    return take_member(&in, KTY, KTY_RSA) && take_member(&in, ALG, COSE_RS256) &&
           cbor_take_num(&in, N) && cbor_take_bytes(&in, &ret->modulus) && cbor_take_num(&in, E) &&
           cbor_take_bytes(&in, &ret->exponent) && in.n == 0;
}

int cose_key_algorithm(struct mem bytes)
{
    struct cbor_item map, name, value;
    if (!cbor_read(bytes, &map) || map.kind != CBOR_MAP)
        return 0;
    while (cbor_take(&map.bytes, &name) && cbor_take(&map.bytes, &value))
        if (name.kind == CBOR_INT && name.num == ALG)
            return value.kind == CBOR_INT && value.num == (int)value.num ? (int)value.num : 0;
    return 0;
}

/* --- numbers --- */

/* RFC 8032 5.1: p, and d of the curve -x^2 + y^2 = 1 + d x^2 y^2. */
static const char ed25519_p[] = "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFED";
static const char ed25519_d[] = "52036CEE2B6FFE738CC740797779E89800700A4D4141D8AB75EB4DCA135978A3";

struct edwards {
    BN_CTX *numbers;
    BIGNUM *p, *d, *y, *yy, *u, *v;
};

/* A point of order 1, 2, 4 or 8 would let one signature fit many messages: y is 1 or -1, or 0, or
 * doubling gives a point with y = 0, which is d y^4 + 2 y^2 - 1 = 0. Here v = d y^2 + 1. */
static bool has_small_order(const struct edwards *e)
{
    BIGNUM *sum = BN_CTX_get(e->numbers);
    evp_must(sum && BN_mod_add(sum, e->v, BN_value_one(), e->p, e->numbers) &&
                 BN_mod_mul(sum, sum, e->yy, e->p, e->numbers),
             "reading a key");
    return BN_is_zero(e->u) || BN_is_zero(e->yy) || BN_is_one(sum);
}

/* RFC 8032 5.1.3: x^2 = u / v has a root, with u = y^2 - 1 and v = d y^2 + 1. */
static bool is_good_y(const struct edwards *e)
{
    BIGNUM *product = BN_CTX_get(e->numbers);
    evp_must(product && BN_mod_sqr(e->yy, e->y, e->p, e->numbers) &&
                 BN_mod_sub(e->u, e->yy, BN_value_one(), e->p, e->numbers) &&
                 BN_mod_mul(e->v, e->yy, e->d, e->p, e->numbers) &&
                 BN_mod_add(e->v, e->v, BN_value_one(), e->p, e->numbers) &&
                 BN_mod_mul(product, e->u, e->v, e->p, e->numbers),
             "reading a key");
    return BN_kronecker(product, e->p, e->numbers) == 1 && !has_small_order(e);
}

static bool is_good_ed25519(const uint8_t key[COORDINATE])
{
    uint8_t bytes[COORDINATE];
    struct edwards e = { .numbers = BN_CTX_new() };
    evp_must(e.numbers, "reading a key");
    BN_CTX_start(e.numbers);
    e.p = BN_CTX_get(e.numbers);
    e.d = BN_CTX_get(e.numbers);
    e.y = BN_CTX_get(e.numbers);
    e.yy = BN_CTX_get(e.numbers);
    e.u = BN_CTX_get(e.numbers);
    e.v = BN_CTX_get(e.numbers);
    memcpy(bytes, key, COORDINATE);
    bytes[COORDINATE - 1] &= 0x7F; /* the sign of x */
    evp_must(e.v && BN_hex2bn(&e.p, ed25519_p) && BN_hex2bn(&e.d, ed25519_d) &&
                 BN_lebin2bn(bytes, COORDINATE, e.y),
             "reading a key");
    bool good = BN_cmp(e.y, e.p) < 0 && is_good_y(&e);
    BN_CTX_end(e.numbers);
    BN_CTX_free(e.numbers);
    return good;
}

static bool is_good_rsa(struct mem modulus, struct mem exponent)
{
    const uint8_t *n = modulus.p, *e = exponent.p;
    uint32_t number = 0;
    if (modulus.n < MODULUS_MIN || modulus.n > MODULUS_MAX || n[0] == 0 || !(n[modulus.n - 1] & 1))
        return false;
    if (modulus.n == MODULUS_MIN && n[0] < 0x80)
        return false;
    if (exponent.n == 0 || exponent.n > EXPONENT_MAX || e[0] == 0)
        return false;
    for (size_t i = 0; i < exponent.n; i++)
        number = number << 8 | e[i];
    return number >= 65537 && number & 1;
}

/* --- the library's keys --- */

static EVP_PKEY *build(const char *kind, OSSL_PARAM_BLD *builder)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    evp_must(parameters && maker && EVP_PKEY_fromdata_init(maker) == 1, "reading a key");
    if (EVP_PKEY_fromdata(maker, &pkey, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(maker);
    return pkey;
}

/* The library refuses a point that is not on the curve; every other point of P-256 but the one
 * at infinity, which has no such encoding, generates the group. */
static EVP_PKEY *open_es256(const struct cose_key *key)
{
    uint8_t point[1 + 2 * COORDINATE] = { 0x04 }; /* SEC 1 2.3.3: uncompressed */
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    memcpy(point + 1, key->x.p, COORDINATE);
    memcpy(point + 1 + COORDINATE, key->y.p, COORDINATE);
    evp_must(
        builder &&
            OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) &&
            OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
        "reading a key");
    return build("EC", builder);
}

static EVP_PKEY *open_rs256(const struct cose_key *key)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(key->modulus.p, (int)key->modulus.n, NULL);
    BIGNUM *e = BN_bin2bn(key->exponent.p, (int)key->exponent.n, NULL);
    evp_must(builder && n && e && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) &&
                 OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e),
             "reading a key");
    EVP_PKEY *pkey = build("RSA", builder);
    BN_free(n);
    BN_free(e);
    return pkey;
}

/* NULL when the numbers are no key. */
static EVP_PKEY *open_key(const struct cose_key *key)
{
    switch (key->algorithm) {
    case COSE_ES256: return open_es256(key);
    case COSE_RS256: return open_rs256(key);
    default: return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->x.p, key->x.n);
    }
}

bool cose_key_is_sound(const struct cose_key *key)
{
    if (key->algorithm == COSE_RS256)
        return is_good_rsa(key->modulus, key->exponent);
    if (key->algorithm == COSE_EDDSA)
        return is_good_ed25519(key->x.p);
    EVP_PKEY *pkey = open_key(key);
    EVP_PKEY_free(pkey);
    if (!pkey)
        evp_forget_errors();
    return pkey != NULL;
}

bool cose_key_parse(struct mem bytes, struct cose_key *ret)
{
    struct cbor_item map;
    *ret = (struct cose_key){ .algorithm = cose_key_algorithm(bytes) };
    if (!ret->algorithm || !cbor_read(bytes, &map))
        return false;
    switch (ret->algorithm) {
    case COSE_ES256: return take_es256(map.bytes, ret);
    case COSE_EDDSA: return take_eddsa(map.bytes, ret);
    case COSE_RS256: return take_rs256(map.bytes, ret);
    default: return false;
    }
}

/* --- signatures --- */

/* FIPS 186-5 6.4.2: the library refuses r and s that are zero or not below the order, and every
 * encoding of the pair but DER's own. */
static bool has_good_length(const struct cose_key *key, struct mem signature)
{
    switch (key->algorithm) {
    case COSE_ES256: return signature.n > 0 && signature.n <= ES256_SIGNATURE_MAX;
    case COSE_RS256: return signature.n == key->modulus.n; /* RFC 8017 8.2.2 */
    default: return signature.n == ED25519_SIGNATURE;
    }
}

bool cose_key_verify(const struct cose_key *key, struct mem message, struct mem signature)
{
    if (!has_good_length(key, signature))
        return false;
    EVP_PKEY *pkey = open_key(key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    evp_must(context != NULL, "verifying a signature");
    const EVP_MD *md = key->algorithm == COSE_EDDSA ? NULL : evp_algorithms()->sha256;
    bool good = pkey && EVP_DigestVerifyInit(context, NULL, md, NULL, pkey) == 1 &&
                EVP_DigestVerify(context, signature.p, signature.n, message.p, message.n) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pkey);
    if (!good)
        evp_forget_errors();
    return good;
}
