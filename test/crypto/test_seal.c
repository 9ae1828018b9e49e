/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed secrets: nothing opens but the untouched blob, in its place, under its key.
 */
#include "crypto/seal.h"

#include "../test.h"

#include <string.h>

static const struct seal_place here = { "totp", "seed", "usr_1" };

static struct seal_ring *ring_of(const char *setting)
{
    struct seal_ring *ring = arena_alloc(test_arena(), sizeof *ring);
    CHECK_OK(seal_ring_parse(setting, ring));
    return ring;
}

#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_B "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define KEY_B_URL "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"

static bool opens(const struct seal_ring *ring, struct seal_place place, struct mem sealed)
{
    static const char untouched[] = "untouched";
    struct mem plain = mem_text(untouched);
    enum err e = seal_open(ring, test_arena(), place, sealed, &plain);
    CHECK(e == OK || (e == E_INVALID && plain.p == untouched));
    return e == OK;
}

static struct mem changed(struct mem sealed, size_t at, uint8_t mask)
{
    struct mem copy = arena_copy(test_arena(), sealed);
    ((uint8_t *)copy.p)[at] ^= mask;
    return copy;
}

TEST(seal_opens_what_it_sealed)
{
    const struct seal_ring *ring = ring_of("k1:" KEY_A);
    static const char *const plains[] = { "", "x", "0123456789abcdef",
                                          "0123456789abcdef0123456789abcdef." };
    for (size_t i = 0; i < COUNT(plains); i++) {
        struct mem sealed = seal(ring, test_arena(), here, mem_text(plains[i])), plain;
        CHECK_NUM(sealed.n, 2 + 2 + 12 + strlen(plains[i]) + 16);
        REQUIRE(seal_open(ring, test_arena(), here, sealed, &plain) == OK);
        CHECK(mem_equal(plain, mem_text(plains[i])));
        CHECK_TEXT(seal_key_id(test_arena(), sealed), "k1");
        CHECK(strlen(plains[i]) < 2 || !memmem(sealed.p, sealed.n, plains[i], strlen(plains[i])));
    }
}

TEST(CRY_02_nonces_differ)
{
    const struct seal_ring *ring = ring_of("k1:" KEY_A);
    struct mem a = seal(ring, test_arena(), here, mem_text("same"));
    struct mem b = seal(ring, test_arena(), here, mem_text("same"));
    CHECK(memcmp((const char *)a.p + 4, (const char *)b.p + 4, 12) != 0);
}

TEST(CRY_03_any_flipped_bit_is_refused)
{
    const struct seal_ring *ring = ring_of("k1:" KEY_A ",k3:" KEY_A);
    struct mem sealed = seal(ring, test_arena(), here, mem_text("a secret"));
    CHECK(opens(ring, here, sealed));
    for (size_t i = 0; i < sealed.n; i++)
        for (int bit = 0; bit < 8; bit++)
            if (opens(ring, here, changed(sealed, i, (uint8_t)(1 << bit))))
                test_fail(__FILE__, __LINE__, "byte %zu bit %d may be flipped", i, bit);
}

TEST(CRY_03_truncated_tags_are_refused)
{
    const struct seal_ring *ring = ring_of("k1:" KEY_A);
    struct mem sealed = seal(ring, test_arena(), here, mem_text("a secret"));
    for (size_t tag = 0; tag < 16; tag++)
        CHECK(!opens(ring, here, MEM(sealed.p, sealed.n - 16 + tag)));
    for (size_t n = 0; n < sealed.n; n++)
        CHECK(!opens(ring, here, arena_copy(test_arena(), MEM(sealed.p, n))));
    char *longer = arena_alloc(test_arena(), sealed.n + 1);
    memcpy(longer, sealed.p, sealed.n);
    CHECK(!opens(ring, here, MEM(longer, sealed.n + 1)));
}

TEST(CRY_03_empty_ciphertext_needs_its_tag)
{
    const struct seal_ring *ring = ring_of("k1:" KEY_A);
    struct mem sealed = seal(ring, test_arena(), here, MEM_NONE);
    CHECK(opens(ring, here, sealed));
    CHECK(!opens(ring, here, changed(sealed, sealed.n - 1, 1)));
    char *zeroed = (char *)arena_copy(test_arena(), sealed).p;
    memset(zeroed + sealed.n - 16, 0, 16);
    CHECK(!opens(ring, here, MEM(zeroed, sealed.n)));
}

TEST(CRY_04_a_moved_ciphertext_does_not_open)
{
    static const struct seal_place elsewhere[] = {
        { "totp", "seed", "usr_2" }, { "totp", "sees", "usr_1" }, { "webhook", "seed", "usr_1" },
        { "totps", "eed", "usr_1" }, { "totp", "seedu", "sr_1" }, { "", "totpseed", "usr_1" },
        { "totp", "seed", "" },      { "seed", "totp", "usr_1" }, { "TOTP", "seed", "usr_1" },
    };
    const struct seal_ring *ring = ring_of("k1:" KEY_A);
    struct mem sealed = seal(ring, test_arena(), here, mem_text("a secret"));
    for (size_t i = 0; i < COUNT(elsewhere); i++)
        CHECK(!opens(ring, elsewhere[i], sealed));
}

TEST(CRY_06_an_older_key_opens_and_a_removed_one_does_not)
{
    const struct seal_ring *old = ring_of("k1:" KEY_A), *both = ring_of("k2:" KEY_B ",k1:" KEY_A);
    const struct seal_ring *new = ring_of("k2:" KEY_B), *renamed = ring_of("k1:" KEY_B);
    struct mem sealed = seal(old, test_arena(), here, mem_text("a secret"));
    CHECK(opens(both, here, sealed));
    CHECK(!opens(new, here, sealed));
    CHECK(!opens(renamed, here, sealed));
    struct mem resealed = seal(both, test_arena(), here, mem_text("a secret"));
    CHECK_TEXT(seal_key_id(test_arena(), resealed), "k2");
    CHECK(opens(new, here, resealed));
}

/* The same key under two ids: the id is part of what the tag covers. */
TEST(CRY_04_the_key_id_is_bound)
{
    const struct seal_ring *ring = ring_of("k1:" KEY_A ",k2:" KEY_A);
    struct mem sealed = seal(ring, test_arena(), here, mem_text("a secret"));
    CHECK(!opens(ring, here, changed(sealed, 3, '1' ^ '2')));
}

TEST(seal_ring_refuses_malformed_settings)
{
    static const char *const wrong[] = {
        "",
        ":" KEY_A,
        "k1",
        "k1:",
        "k1:" KEY_A ",",
        "," KEY_A,
        "k1:" KEY_A ",k1:" KEY_B,
        "k1:" KEY_A " ,k2:" KEY_B,
        "k 1:" KEY_A,
        "k1:" KEY_A "A",
        "k1:AAAA",
        "seventeen-letters:" KEY_A,
        "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=",
        "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "k1:!AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "a:" KEY_A ",b:" KEY_A ",c:" KEY_A ",d:" KEY_A ",e:" KEY_A ",f:" KEY_A ",g:" KEY_A
        ",h:" KEY_A ",i:" KEY_A,
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct seal_ring ring = { .count = 99 };
        CHECK_ERR(seal_ring_parse(wrong[i], &ring), E_INVALID);
        CHECK_NUM(ring.count, 99);
    }
    CHECK_NUM(ring_of("sixteen-letters_:" KEY_A ",k2:" KEY_B_URL)->count, 2);
}

TEST(seal_key_id_of_garbage_is_none)
{
    CHECK(!seal_key_id(test_arena(), MEM_NONE));
    CHECK(!seal_key_id(test_arena(), mem_text("\x01\xff")));
    CHECK(!seal_key_id(test_arena(), MEM("\1\2k\0xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 36)));
    CHECK(!seal_key_id(test_arena(), MEM("\1\0xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 34)));
}

static int order(struct mem a, struct mem b)
{
    int first = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return first ? first : (a.n > b.n) - (a.n < b.n);
}

TEST(seal_range_holds_what_the_first_key_sealed)
{
    const struct seal_ring *ring = ring_of("k1:" KEY_A ",k2:" KEY_B);
    static const struct {
        const char *ring;
        bool is_inside;
    } cases[] = { { "k1:" KEY_B, true },   { "k2:" KEY_A, false },  { "k0:" KEY_A, false },
                  { "k10:" KEY_A, false }, { "k:" KEY_A, false },   { "j1:" KEY_A, false },
                  { "l1:" KEY_A, false },  { "k1-:" KEY_A, false }, { "K1:" KEY_A, false } };
    struct mem from, below;
    seal_range(ring, test_arena(), &from, &below);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct mem sealed = seal(ring_of(cases[i].ring), test_arena(), here, mem_text("x"));
        bool is_inside = order(sealed, from) >= 0 && order(sealed, below) < 0;
        if (is_inside != cases[i].is_inside)
            test_fail(__FILE__, __LINE__, "%s", cases[i].ring);
    }
}
