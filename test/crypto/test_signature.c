/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of passkeys (WA-11): of each there is one encoding, and the numbers that verify with
 * every key or every message are refused. The cases are the kinds that the Wycheproof project
 * collects, made here from a genuine signature.
 */
#include "crypto/cose.h"

#include "../soft_authenticator.h"
#include "../test.h"
#include "base/buf.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <string.h>

#define N "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define P "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"

static struct mem hex(const char *digits)
{
    size_t n = strlen(digits) / 2;
    uint8_t *bytes = arena_alloc(test_arena(), n + 1);
    CHECK(hex_parse(digits, bytes, n));
    return MEM(bytes, n);
}

/* A signature of the message by a key, with r and s of 32 bytes each. */
struct signed_message {
    struct cose_key key;
    struct mem message, signature, r, s;
};

static struct mem bytes_of(const BIGNUM *number)
{
    uint8_t *bytes = arena_alloc(test_arena(), 40);
    int n = BN_bn2bin(number, bytes);
    return MEM(bytes, (size_t)n);
}

static struct signed_message sign_message(int algorithm)
{
    struct soft_credential *credential = soft_credential_new(algorithm);
    struct signed_message m = { .message = mem_text("what is signed") };
    CHECK(cose_key_parse(soft_public_key(test_arena(), credential), &m.key));
    m.signature = soft_sign(test_arena(), credential, m.message);
    const unsigned char *p = m.signature.p;
    if (algorithm != COSE_ES256)
        return m;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &p, (long)m.signature.n);
    m.r = bytes_of(ECDSA_SIG_get0_r(pair));
    m.s = bytes_of(ECDSA_SIG_get0_s(pair));
    ECDSA_SIG_free(pair);
    return m;
}

static bool verifies(const struct signed_message *m, struct mem signature)
{
    /* A copy that ends where its memory ends. */
    void *copy = malloc(signature.n);
    memcpy(copy, signature.p, signature.n);
    bool good = cose_key_verify(&m->key, m->message, MEM(copy, signature.n));
    free(copy);
    return good;
}

static void put(struct buf *out, int tag, struct mem content)
{
    buf_char(out, (char)tag);
    buf_char(out, (char)content.n);
    buf_add(out, content.p, content.n);
}

static struct mem join(struct mem a, struct mem b)
{
    struct buf out;
    buf_init(&out, test_arena(), 4096);
    buf_add(&out, a.p, a.n);
    buf_add(&out, b.p, b.n);
    return buf_mem(&out);
}

static struct mem tagged(int tag, struct mem content)
{
    struct buf out;
    buf_init(&out, test_arena(), 4096);
    put(&out, tag, content);
    return buf_mem(&out);
}

/* X.690 8.3: a number whose first bit is set has a zero before it. */
static struct mem integer(struct mem number)
{
    const uint8_t *p = number.p;
    while (number.n > 1 && *p == 0)
        number = MEM(++p, number.n - 1);
    return tagged(2, *p >= 0x80 ? join(MEM("\0", 1), number) : number);
}

static struct mem pair(struct mem r, struct mem s)
{
    return tagged(0x30, join(r, s));
}

static struct mem sum(struct mem a, const char *digits)
{
    BIGNUM *x = BN_bin2bn(a.p, (int)a.n, NULL), *y = NULL;
    BN_hex2bn(&y, digits);
    BN_add(x, x, y);
    struct mem bytes = bytes_of(x);
    BN_free(x);
    BN_free(y);
    return bytes;
}

TEST(WA_11_genuine_signature_is_accepted)
{
    for (int i = 0; i < 50; i++) {
        struct signed_message m = sign_message(COSE_ES256);
        CHECK(verifies(&m, m.signature));
        CHECK(mem_equal(pair(integer(m.r), integer(m.s)), m.signature));
    }
}

TEST(WA_11_numbers_out_of_range_are_refused)
{
    struct signed_message m = sign_message(COSE_ES256);
    struct mem special[] = {
        hex("00"),
        hex("01"),
        hex(N),
        sum(hex(N), "1"),
        hex(P),
        sum(hex(P), "1"),
        hex("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
        sum(hex(N), "-1")
    };
    for (size_t i = 0; i < COUNT(special); i++) {
        CHECK(!verifies(&m, pair(integer(special[i]), integer(m.s))));
        CHECK(!verifies(&m, pair(integer(m.r), integer(special[i]))));
        for (size_t k = 0; k < COUNT(special); k++)
            CHECK(!verifies(&m, pair(integer(special[i]), integer(special[k]))));
    }
    CHECK(!verifies(&m, pair(integer(sum(m.r, N)), integer(m.s))));
    CHECK(!verifies(&m, pair(integer(m.r), integer(sum(m.s, N)))));
    CHECK(!verifies(&m, pair(integer(sum(m.r, "10000000000000000000000000000000000000000"
                                              "000000000000000000000000")),
                             integer(m.s))));
    CHECK(!verifies(&m, pair(integer(m.s), integer(m.r))));
}

/* A signature whose numbers both begin with a set bit, so that each has its zero before it. */
static struct signed_message with_high_bits(void)
{
    for (;;) {
        struct signed_message m = sign_message(COSE_ES256);
        if (m.r.n == 32 && m.s.n == 32 && *(const uint8_t *)m.r.p >= 0x80 &&
            *(const uint8_t *)m.s.p >= 0x80)
            return m;
    }
}

TEST(WA_11_numbers_have_one_encoding)
{
    struct signed_message m = with_high_bits();
    struct mem r = integer(m.r), s = integer(m.s), zero = MEM("\0", 1);
    CHECK(verifies(&m, pair(r, s)));
    CHECK(!verifies(&m, pair(tagged(2, m.r), s))); /* negative */
    CHECK(!verifies(&m, pair(r, tagged(2, m.s))));
    CHECK(!verifies(&m, pair(tagged(2, join(zero, join(zero, m.r))), s))); /* zeros before it */
    CHECK(!verifies(&m, pair(r, tagged(2, join(zero, join(zero, m.s))))));
    CHECK(!verifies(&m, pair(tagged(2, MEM_NONE), s))); /* no digits */
    CHECK(!verifies(&m, pair(r, tagged(2, MEM_NONE))));
    CHECK(!verifies(&m, pair(tagged(2, MEM_NONE), tagged(2, MEM_NONE))));
    static const int tags[] = { 0, 1, 3, 4, 5, 6, 9, 10, 0x22, 0x82, 0xA0 };
    for (size_t i = 0; i < COUNT(tags); i++) {
        CHECK(!verifies(&m, pair(tagged(tags[i], join(zero, m.r)), s)));
        CHECK(!verifies(&m, pair(r, tagged(tags[i], join(zero, m.s)))));
    }
    struct mem long_form = join(MEM("\x02\x81\x21\x00", 4), m.r);
    CHECK(!verifies(&m, pair(long_form, s)));
    CHECK(!verifies(&m, pair(r, join(MEM("\x02\x82\x00\x21\x00", 5), m.s))));
}

TEST(WA_11_pair_has_one_encoding)
{
    struct signed_message m = with_high_bits();
    struct mem r = integer(m.r), s = integer(m.s), both = join(r, s);
    struct mem bad[] = {
        both,
        join(m.r, m.s),                   /* IEEE P1363 */
        tagged(0x31, both),               /* a set */
        tagged(0x10, both),               /* not constructed */
        tagged(0x30, tagged(0x30, both)), /* a pair inside */
        tagged(0x30, r),                  /* one number */
        tagged(0x30, join(both, r)),      /* three */
        tagged(0x30, join(both, MEM("\x05\x00", 2))),
        tagged(0x30, join(MEM("\x05\x00", 2), both)),
        tagged(0x30, MEM_NONE),
        join(MEM("\x30\x81\x46", 3), both), /* the length in two bytes */
        join(MEM("\x30\x82\x00\x46", 4), both),
        join(MEM("\x30\x84\x00\x00\x00\x46", 6), both),
        join(MEM("\x30\x80", 2), join(both, MEM("\0\0", 2))), /* indefinite */
        join(MEM("\x30\xFF", 2), both),
        join(MEM("\x30\x45", 2), both),
        join(MEM("\x30\x47", 2), both),
        join(MEM("\x30\x47", 2), join(both, MEM("\0", 1))),
        join(MEM("\x30\x84\xFF\xFF\xFF\xFF", 6), both),
        join(MEM("\x30\x88\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 10), both),
        join(m.signature, MEM("\0", 1)), /* something behind it */
        join(m.signature, MEM("\0\0", 2)),
        join(m.signature, MEM("\x05\x00", 2)),
        join(m.signature, m.signature),
        join(MEM("\0", 1), m.signature), /* something before it */
        MEM_NONE,
        MEM("\x30", 1),
        MEM("\x30\x00", 2),
        MEM("\x30\x06\x02\x01\x00\x02\x01\x00", 8),
        MEM("\x30\x06\x02\x01\x01\x02\x01\x01", 8),
        MEM("\x05\x00", 2),
        MEM("\0", 1),
    };
    CHECK(verifies(&m, tagged(0x30, both)));
    for (size_t i = 0; i < COUNT(bad); i++)
        if (verifies(&m, bad[i]))
            test_fail(__FILE__, __LINE__, "%s", hex_format(test_arena(), bad[i]));
    for (size_t n = 0; n < m.signature.n; n++)
        CHECK(!verifies(&m, MEM(m.signature.p, n)));
}

TEST(WA_11_every_flipped_bit_is_refused)
{
    static const int algorithms[] = { COSE_ES256, COSE_EDDSA, COSE_RS256 };
    for (size_t i = 0; i < COUNT(algorithms); i++) {
        struct signed_message m = sign_message(algorithms[i]);
        struct mem copy = arena_copy(test_arena(), m.signature);
        CHECK(verifies(&m, copy));
        for (size_t bit = 0; bit < 8 * copy.n; bit += algorithms[i] == COSE_RS256 ? 7 : 1) {
            ((uint8_t *)copy.p)[bit / 8] ^= (uint8_t)(1 << bit % 8);
            CHECK(!verifies(&m, copy));
            ((uint8_t *)copy.p)[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

/* RFC 8032 5.1.7: S is below the order of the group. */
TEST(WA_11_ed25519_is_not_malleable)
{
    struct signed_message m = sign_message(COSE_EDDSA);
    static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                       0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                       0,    0,    0,    0,    0,    0,    0,    0,
                                       0,    0,    0,    0,    0,    0,    0,    0x10 };
    struct mem copy = arena_copy(test_arena(), m.signature);
    uint8_t *s = (uint8_t *)copy.p + 32;
    int carry = 0;
    CHECK(verifies(&m, copy));
    for (int i = 0; i < 32; i++) {
        carry += s[i] + order[i];
        s[i] = (uint8_t)carry;
        carry >>= 8;
    }
    CHECK(!verifies(&m, copy));
    CHECK(!verifies(&m, MEM(m.signature.p, 63)));
    CHECK(!verifies(&m, join(m.signature, MEM("\0", 1))));
}

TEST(WA_11_rsa_signature_is_as_long_as_its_key)
{
    struct signed_message m = sign_message(COSE_RS256);
    CHECK_NUM(m.signature.n, 256);
    CHECK(verifies(&m, m.signature));
    CHECK(!verifies(&m, join(MEM("\0", 1), m.signature)));
    CHECK(!verifies(&m, join(m.signature, MEM("\0", 1))));
    CHECK(!verifies(&m, MEM(m.signature.p, 255)));
    CHECK(!verifies(&m, MEM_NONE));
    CHECK(!verifies(&m, m.key.modulus));
    uint8_t *plain = arena_alloc(test_arena(), 256);
    CHECK(!verifies(&m, MEM(plain, 256))); /* zero */
    plain[255] = 1;
    CHECK(!verifies(&m, MEM(plain, 256))); /* one: its own power */
}

TEST(WA_11_signature_of_another_algorithm_is_refused)
{
    struct signed_message ec = sign_message(COSE_ES256), ed = sign_message(COSE_EDDSA),
                          rsa = sign_message(COSE_RS256);
    CHECK(!verifies(&ec, ed.signature) && !verifies(&ec, rsa.signature));
    CHECK(!verifies(&ed, ec.signature) && !verifies(&ed, rsa.signature));
    CHECK(!verifies(&rsa, ec.signature) && !verifies(&rsa, ed.signature));
}

/* What the library noted of it is forgotten: TLS would take it for its own failure. */
TEST(WA_11_refusal_leaves_no_error_behind)
{
    static const int algorithms[] = { COSE_ES256, COSE_EDDSA, COSE_RS256 };
    for (size_t i = 0; i < COUNT(algorithms); i++) {
        struct signed_message m = sign_message(algorithms[i]);
        uint8_t *wrong = arena_alloc(test_arena(), m.signature.n);
        ERR_clear_error();
        CHECK(!verifies(&m, MEM(wrong, m.signature.n)));
        CHECK_NUM(ERR_peek_error(), 0);
    }
    struct signed_message m = sign_message(COSE_ES256);
    m.key.y = m.key.x; /* not on the curve */
    CHECK(!cose_key_is_sound(&m.key));
    CHECK_NUM(ERR_peek_error(), 0);
}
