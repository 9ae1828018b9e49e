/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COSE keys: each has one spelling, and only sound ones are taken (WA-07).
 */
#include "crypto/cose.h"

#include "../soft_authenticator.h"
#include "../test.h"
#include "base/buf.h"

#include <string.h>

static const int algorithms[] = { COSE_ES256, COSE_EDDSA, COSE_RS256 };

static struct mem hex(const char *digits)
{
    size_t n = strlen(digits) / 2;
    uint8_t *bytes = arena_alloc(test_arena(), n + 1);
    CHECK(hex_parse(digits, bytes, n));
    return MEM(bytes, n);
}

/* A COSE map from its members: the hex of keys and values, one after the other. */
static struct mem key_of(int pairs, const char *members)
{
    return hex(text_format(test_arena(), "%02x%s", 0xA0 | pairs, members));
}

static bool parses(struct mem bytes)
{
    struct cose_key key;
    return cose_key_parse(bytes, &key) && cose_key_is_sound(&key);
}

static const char *hex_of(struct mem bytes)
{
    return hex_format(test_arena(), bytes);
}

/* The point that is the generator of P-256 (SP 800-186 3.2.1.3). */
#define GX "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define GY "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define P256_P "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
/* y + 1; the point with x = 5, and p + 5. */
#define GY_1 "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f6"
#define GX_P "ffffffff00000001000000000000000000000001000000000000000000000004"
#define X5 "0000000000000000000000000000000000000000000000000000000000000005"
#define Y5 "459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc"
#define ES256_HEAD "010203262001"
/* The public key of RFC 8032 7.1 test 1. */
#define ED "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

TEST(cose_keys_are_read)
{
    for (size_t i = 0; i < COUNT(algorithms); i++) {
        struct soft_credential *credential = soft_credential_new(algorithms[i]);
        struct mem bytes = soft_public_key(test_arena(), credential);
        struct cose_key key;
        CHECK(cose_key_parse(bytes, &key));
        CHECK_NUM(key.algorithm, algorithms[i]);
        CHECK_NUM(cose_key_algorithm(bytes), algorithms[i]);
        struct mem message = mem_text("message");
        struct mem signature = soft_sign(test_arena(), credential, message);
        CHECK(cose_key_verify(&key, message, signature));
        CHECK(!cose_key_verify(&key, mem_text("messagf"), signature));
        CHECK(!cose_key_verify(&key, mem_text(""), signature));
        CHECK(!cose_key_verify(&key, message, MEM_NONE));
    }
    CHECK(parses(key_of(5, ES256_HEAD "215820" GX "225820" GY)));
    CHECK(parses(key_of(5, ES256_HEAD "215820" X5 "225820" Y5)));
    CHECK(parses(key_of(4, "010103272006215820" ED)));
}

TEST(WA_07_other_ec_keys_are_refused)
{
    static const struct {
        const char *what, *members;
        int pairs;
    } cases[] = {
        { "no members", "", 0 },
        { "kty OKP", "010103262001215820" GX "225820" GY, 5 },
        { "kty RSA", "010303262001215820" GX "225820" GY, 5 },
        { "kty as text", "0162454303262001215820" GX "225820" GY, 5 },
        { "alg missing", "01022001215820" GX "225820" GY, 4 },
        { "alg as text",
          "01020365455332353620012158"
          "20" GX "225820" GY,
          5 },
        { "ES384", "01020338222001215820" GX "225820" GY, 5 },
        { "RS1", "01020339fffe2001215820" GX "225820" GY, 5 },
        { "crv P-384", "010203262002215820" GX "225820" GY, 5 },
        { "crv Ed25519", "010203262006215820" GX "225820" GY, 5 },
        { "crv secp256k1", "010203262008215820" GX "225820" GY, 5 },
        { "crv missing", "01020326215820" GX "225820" GY, 4 },
        { "y missing", ES256_HEAD "215820" GX, 4 },
        { "x missing", ES256_HEAD "225820" GY, 4 },
        { "compressed: y is a sign", ES256_HEAD "215820" GX "22f5", 5 },
        { "compressed: y is false", ES256_HEAD "215820" GX "22f4", 5 },
        { "compressed: no y", ES256_HEAD "21582102" GX, 4 },
        { "whole point in x", ES256_HEAD "21584104" GX GY "2240", 5 },
        { "x of 31 bytes",
          ES256_HEAD "21581f"
                     "00000000000000000000000000000000000000000000000000000000000005"
                     "225820" GY,
          5 },
        { "x of 33 bytes", ES256_HEAD "21582100" GX "225820" GY, 5 },
        { "y of 33 bytes", ES256_HEAD "215820" GX "22582100" GY, 5 },
        { "x as text", ES256_HEAD "2120225820" GY, 5 },
        { "not on the curve", ES256_HEAD "215820" GX "225820" GY_1, 5 },
        { "x and y swapped", ES256_HEAD "215820" GY "225820" GX, 5 },
        { "point 0, 0", ES256_HEAD "215820" ZERO "225820" ZERO, 5 },
        { "x is p", ES256_HEAD "215820" P256_P "225820" GY, 5 },
        { "y is p", ES256_HEAD "215820" GX "225820" P256_P, 5 },
        { "x beyond p", ES256_HEAD "215820" GX_P "225820" Y5, 5 },
        { "private part", ES256_HEAD "215820" GX "225820" GY "235820" GX, 6 },
        { "key_ops",
          "01020326048102"
          "2001215820" GX "225820" GY,
          6 },
        { "kid", "010202410103262001215820" GX "225820" GY, 6 },
        { "members in another order",
          "03260102"
          "2001215820" GX "225820" GY,
          5 },
        { "x behind y", ES256_HEAD "225820" GY "215820" GX, 5 },
        { "curve first",
          "20010102"
          "0326215820" GX "225820" GY,
          5 },
        { "alg twice",
          "01020326"
          "03262001215820" GX "225820" GY,
          6 },
        { "text labels", "616101616202", 2 },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (parses(key_of(cases[i].pairs, cases[i].members)))
            test_fail(__FILE__, __LINE__, "%s", cases[i].what);
}

TEST(WA_07_bytes_around_a_key_are_refused)
{
    const char *good = ES256_HEAD "215820" GX "225820" GY;
    struct mem whole = key_of(5, good);
    CHECK(parses(whole));
    CHECK(!parses(key_of(5, text_format(test_arena(), "%s00", good))));
    CHECK(!parses(key_of(5, text_format(test_arena(), "%sa0", good))));
    CHECK(!parses(key_of(4, good)) && !parses(key_of(6, good)));
    CHECK(!parses(hex(text_format(test_arena(), "b805%s", good)))); /* 5, not shortest */
    CHECK(!parses(hex(text_format(test_arena(), "bf%sff", good)))); /* indefinite */
    CHECK(!parses(hex(text_format(test_arena(), "c0a5%s", good)))); /* tagged */
    CHECK(!parses(hex(text_format(test_arena(), "8a%s", good))));   /* an array */
    for (size_t n = 0; n < whole.n; n++)
        CHECK(!parses(MEM(whole.p, n)));
}

/* Each bit of a good key: what is still accepted is the key with another sign, or another key. */
TEST(WA_07_flipped_bits_of_the_frame_are_refused)
{
    struct mem whole = key_of(5, ES256_HEAD "215820" GX "225820" GY);
    static const size_t frame[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 42, 43, 44 };
    for (size_t i = 0; i < COUNT(frame); i++)
        for (int bit = 0; bit < 8; bit++) {
            struct mem copy = arena_copy(test_arena(), whole);
            ((uint8_t *)copy.p)[frame[i]] ^= (uint8_t)(1 << bit);
            CHECK(!parses(copy));
        }
}

TEST(WA_07_other_ed25519_keys_are_refused)
{
    static const struct {
        const char *what, *members;
        int pairs;
    } cases[] = {
        { "kty EC2", "010203272006215820" ED, 4 },
        { "crv X25519", "010103272004215820" ED, 4 },
        { "crv Ed448", "010103272007215820" ED, 4 },
        { "crv P-256", "010103272001215820" ED, 4 },
        { "crv as text", "01010327206745643235353139215820" ED, 4 },
        { "alg ES256", "010103262006215820" ED, 4 },
        { "alg Ed25519 by its new number", "010103322006215820" ED, 4 },
        { "31 bytes",
          "01010327200621581f"
          "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f70751",
          4 },
        { "33 bytes", "01010327200621582100" ED, 4 },
        { "a y", "010103272006215820" ED "225820" ED, 5 },
        { "private part", "010103272006215820" ED "235820" ED, 5 },
        { "not on the curve",
          "010103272006215820"
          "0200000000000000000000000000000000000000000000000000000000000000",
          4 },
        { "y = p + 3: not the shortest",
          "010103272006215820"
          "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
          4 },
        { "all ones",
          "010103272006215820"
          "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
          4 },
        { "y = 1: order 1",
          "010103272006215820"
          "0100000000000000000000000000000000000000000000000000000000000000",
          4 },
        { "y = 1, sign",
          "010103272006215820"
          "0100000000000000000000000000000000000000000000000000000000000080",
          4 },
        { "y = -1: order 2",
          "010103272006215820"
          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
          4 },
        { "y = 0: order 4", "010103272006215820" ZERO, 4 },
        { "y = 0, sign",
          "010103272006215820"
          "0000000000000000000000000000000000000000000000000000000000000080",
          4 },
        { "order 8",
          "010103272006215820"
          "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
          4 },
        { "order 8",
          "010103272006215820"
          "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
          4 },
        { "order 8",
          "010103272006215820"
          "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
          4 },
        { "order 8",
          "010103272006215820"
          "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
          4 },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (parses(key_of(cases[i].pairs, cases[i].members)))
            test_fail(__FILE__, __LINE__, "%s", cases[i].what);
    for (int i = 0; i < 100; i++)
        CHECK(parses(soft_public_key(test_arena(), soft_credential_new(COSE_EDDSA))));
}

/* --- RSA --- */

static struct mem rsa_key(struct mem modulus, struct mem exponent)
{
    struct buf out;
    buf_init(&out, test_arena(), 2048);
    soft_cbor_head(&out, 5, 4);
    for (size_t i = 0; i < 5; i++)
        soft_cbor_num(&out, (const int[]){ 1, 3, 3, COSE_RS256, -1 }[i]);
    soft_cbor_bytes(&out, modulus);
    soft_cbor_num(&out, -2);
    soft_cbor_bytes(&out, exponent);
    return buf_mem(&out);
}

/* n bytes: the first, ones, the last. */
static struct mem number(size_t n, uint8_t first, uint8_t last)
{
    uint8_t *bytes = arena_alloc(test_arena(), n);
    memset(bytes, 0xFF, n);
    bytes[0] = first;
    bytes[n - 1] = last;
    return MEM(bytes, n);
}

TEST(WA_07_rsa_keys_have_a_fit_size)
{
    struct mem e = MEM("\1\0\1", 3), n = number(256, 0x80, 1);
    CHECK(parses(rsa_key(n, e)));
    CHECK(parses(rsa_key(number(512, 0xFF, 1), e)));
    CHECK(!parses(rsa_key(number(256, 0x7F, 1), e))); /* 2047 bits */
    CHECK(!parses(rsa_key(number(128, 0xFF, 1), e))); /* 1024 bits */
    CHECK(!parses(rsa_key(number(513, 0x01, 1), e))); /* 4097 bits */
    CHECK(!parses(rsa_key(number(257, 0x00, 1), e))); /* a leading zero */
    CHECK(!parses(rsa_key(number(256, 0xFF, 2), e))); /* even */
    CHECK(!parses(rsa_key(MEM_NONE, e)));
    CHECK(parses(rsa_key(n, MEM("\xFF\xFF\xFF\xFF", 4))));
    CHECK(!parses(rsa_key(n, MEM("\1\0\0\0\1", 5))));
    CHECK(!parses(rsa_key(n, MEM("\1\0\1\0\1", 5)))); /* the last four would do */
    CHECK(!parses(rsa_key(n, MEM("\0\1\0\1", 4))));
    CHECK(!parses(rsa_key(n, MEM("\1\0\0", 3))));
    CHECK(!parses(rsa_key(n, MEM("\xFF\xFF", 2)))); /* 65535 */
    CHECK(!parses(rsa_key(n, MEM("\3", 1))));
    CHECK(!parses(rsa_key(n, MEM("\1", 1))));
    CHECK(!parses(rsa_key(n, MEM("\0", 1))));
    CHECK(!parses(rsa_key(n, MEM_NONE)));
}

TEST(WA_07_rsa_keys_have_one_form)
{
    struct mem good = rsa_key(number(256, 0x80, 1), MEM("\1\0\1", 3));
    const char *digits = hex_of(good);
    REQUIRE(parses(good) && text_starts(digits, "a4010303390100205901"));
    CHECK(!parses(hex(text_format(test_arena(), "a4010203390100%s", digits + 14)))); /* kty EC2 */
    CHECK(!parses(hex(text_format(test_arena(), "a4010303390101%s", digits + 14)))); /* RS384 */
    CHECK(!parses(hex(text_format(test_arena(), "a401030339fffe%s", digits + 14)))); /* RS1 */
    CHECK(!parses(hex(text_format(test_arena(), "a40103033824%s", digits + 14))));   /* PS256 */
    CHECK(!parses(hex(text_format(test_arena(), "a5%s224101", digits + 2))));        /* d */
    CHECK(!parses(hex(text_format(test_arena(), "%s00", digits))));
}

TEST(cose_algorithm_is_found_in_any_map)
{
    CHECK_NUM(cose_key_algorithm(hex("a10326")), -7);
    CHECK_NUM(cose_key_algorithm(hex("a20102"
                                     "0339fffe")),
              -65535);
    CHECK_NUM(cose_key_algorithm(hex("a10102")), 0);
    CHECK_NUM(cose_key_algorithm(hex("a103613a")), 0);
    CHECK_NUM(cose_key_algorithm(hex("a1033b7fffffffffffffff")), 0);
    CHECK_NUM(cose_key_algorithm(hex("a1031b00000001fffffff9")), 0); /* -7, were it cut */
    CHECK_NUM(cose_key_algorithm(hex("820326")), 0);
    CHECK_NUM(cose_key_algorithm(hex("")), 0);
}

TEST(WA_07_form_is_judged_before_the_numbers)
{
    static const char *const junk[] = { "", "a0", "a10326", "a10339fffe", "a10300", "80", "f6" };
    struct cose_key key;
    for (size_t i = 0; i < COUNT(junk); i++)
        CHECK(!cose_key_parse(hex(junk[i]), &key));
}
