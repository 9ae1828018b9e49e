/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authenticator data: read to the last byte, or not at all.
 */
#include "crypto/authenticator_data.h"

#include "ceremony.h"

#include "../test.h"
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

/* Reads a copy that ends where its memory ends, so that the sanitizer sees a byte too many. */
static bool parses(struct mem bytes)
{
    struct authenticator_data data;
    void *copy = malloc(bytes.n);
    if (!copy)
        abort();
    memcpy(copy, bytes.p, bytes.n);
    bool good = authenticator_data_parse(MEM(copy, bytes.n), &data);
    free(copy);
    return good;
}

static struct mem data_of(struct scene *s, bool is_registration)
{
    return soft_authenticator_data(test_arena(), s->key, &s->said, is_registration);
}

TEST(authenticator_data_is_taken_apart)
{
    struct scene s = scene_new(WEBAUTHN_ES256);
    struct authenticator_data data;
    s.said.flags = 0x3F | SOFT_ED;
    s.said.sign_count = 0x01020304;
    s.said.extensions = MEM("\xA1\x61x\xF5", 4);
    s.said.aaguid = MEM("0123456789abcdef", 16);
    REQUIRE(authenticator_data_parse(data_of(&s, true), &data));
    CHECK_NUM(data.rp_id_hash.n, 32);
    CHECK_NUM(data.flags, 0xFF);
    CHECK_NUM(data.sign_count, 0x01020304);
    CHECK(mem_equal(data.aaguid, s.said.aaguid));
    CHECK(mem_equal(data.credential_id, soft_credential_id(s.key)));
    CHECK(mem_equal(data.public_key, s.stored.public_key));
    CHECK(mem_equal(data.extensions, s.said.extensions));
    s.said.flags = 0;
    s.said.extensions = (struct mem){ 0 };
    REQUIRE(authenticator_data_parse(data_of(&s, false), &data));
    CHECK_NUM(data.flags, 0);
    CHECK(data.credential_id.n == 0 && data.public_key.n == 0 && data.extensions.n == 0);
}

TEST(WA_12_authenticator_data_cut_anywhere_is_refused)
{
    struct scene s = scene_new(WEBAUTHN_ES256);
    s.said.flags |= SOFT_ED;
    s.said.extensions = MEM("\xA1\x61x\xF5", 4);
    struct mem whole = data_of(&s, true), plain = data_of(&s, false);
    CHECK(parses(whole) && parses(plain));
    for (size_t n = 0; n < whole.n; n++)
        CHECK(!parses(MEM(whole.p, n)));
    for (size_t n = 0; n < plain.n; n++)
        CHECK(!parses(MEM(plain.p, n)));
}

TEST(WA_12_authenticator_data_with_a_tail_is_refused)
{
    struct scene s = scene_new(WEBAUTHN_ES256);
    static const struct mem tails[] = { { "\0", 1 }, { "\xA0", 1 }, { "\xA0\xA0", 2 }, { "x", 1 } };
    for (size_t i = 0; i < COUNT(tails); i++) {
        s.said.tail = tails[i];
        CHECK(!parses(data_of(&s, false)) && !parses(data_of(&s, true)));
    }
}

/* What the flags promise must be there, and nothing else. */
TEST(WA_12_flags_and_content_agree)
{
    struct scene s = scene_new(WEBAUTHN_ES256);
    struct mem plain = data_of(&s, false), attested = data_of(&s, true);
    for (int flags = 0; flags < 256; flags++) {
        struct mem copy = arena_copy(test_arena(), plain);
        ((uint8_t *)copy.p)[32] = (uint8_t)flags;
        CHECK_NUM(parses(copy), !(flags & (SOFT_AT | SOFT_ED)));
        copy = arena_copy(test_arena(), attested);
        ((uint8_t *)copy.p)[32] = (uint8_t)flags;
        CHECK_NUM(parses(copy), (flags & SOFT_AT) && !(flags & SOFT_ED));
    }
}

TEST(WA_12_length_of_the_credential_id_is_not_believed)
{
    struct scene s = scene_new(WEBAUTHN_ES256);
    struct mem whole = data_of(&s, true);
    int good = 0;
    for (int length = 0; length <= 0xFFFF; length++) {
        struct mem copy = arena_copy(test_arena(), whole);
        ((uint8_t *)copy.p)[53] = (uint8_t)(length >> 8);
        ((uint8_t *)copy.p)[54] = (uint8_t)length;
        good += parses(copy);
        if (length == 300)
            length = 0xFF00; /* the rest is as long */
    }
    CHECK_NUM(good, 1); /* 32, the true one */
}

/* Each head byte of the key claims each kind and each length. */
TEST(WA_12_lengths_inside_the_key_are_not_believed)
{
    struct scene s = scene_new(WEBAUTHN_ES256);
    struct mem key = s.stored.public_key;
    for (size_t at = 0; at < key.n; at += at < 12 ? 1 : 30)
        for (int byte = 0; byte < 256; byte++) {
            struct mem copy = arena_copy(test_arena(), key);
            ((uint8_t *)copy.p)[at] = (uint8_t)byte;
            s.said.public_key = copy;
            int why = scene_register(&s);
            bool same = mem_equal(copy, key);
            bool known = why == 0 || why == WEBAUTHN_BAD_KEY || why == WEBAUTHN_BAD_ALGORITHM ||
                         why == WEBAUTHN_BAD_AUTHENTICATOR_DATA;
            CHECK(known && (why == 0) == same);
        }
}
