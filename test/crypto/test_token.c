/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opaque tokens: one spelling, one purpose.
 */
#include "crypto/token.h"

#include "../test.h"

#include <ctype.h>
#include <string.h>

static bool accepts(const char *text, const char *prefix, const char *purpose,
                    const struct token *original)
{
    struct token parsed;
    return token_parse(test_arena(), text, prefix, purpose, &parsed) &&
           token_matches(&parsed, MEM(original->hash, TOKEN_HASH_BYTES));
}

TEST(token_comes_back)
{
    struct token token = token_new(test_arena(), "vrf", "verify-email"), parsed;
    CHECK_NUM(strlen(token.text), 4 + 26 + 43);
    CHECK(id_is(token.id, "vrf"));
    REQUIRE(token_parse(test_arena(), token.text, "vrf", "verify-email", &parsed));
    CHECK_TEXT(parsed.id, token.id);
    CHECK(token_matches(&parsed, MEM(token.hash, TOKEN_HASH_BYTES)));
    CHECK(!token_matches(&parsed, MEM(token.hash, TOKEN_HASH_BYTES - 1)));
    CHECK(!token_matches(&parsed, MEM_NONE));
}

TEST(token_is_new_each_time)
{
    struct token a = token_new(test_arena(), "vrf", "verify-email");
    struct token b = token_new(test_arena(), "vrf", "verify-email");
    CHECK(!text_equal(a.id, b.id));
    CHECK(!text_equal(a.text + 30, b.text + 30));
    CHECK(!token_matches(&a, MEM(b.hash, TOKEN_HASH_BYTES)));
}

TEST(TOK_02_token_of_another_purpose_is_worth_nothing)
{
    struct token token = token_new(test_arena(), "vrf", "verify-email");
    static const char *const purposes[] = { "reset",         "magic", "email-change", "invite",
                                            "verify-email ", "",      "Verify-email" };
    CHECK(accepts(token.text, "vrf", "verify-email", &token));
    for (size_t i = 0; i < COUNT(purposes); i++)
        CHECK(!accepts(token.text, "vrf", purposes[i], &token));
    CHECK(!accepts(token.text, "rst", "verify-email", &token));
    CHECK(!accepts(token.text, "vr", "verify-email", &token));
    CHECK(!accepts(token.text, "vrff", "verify-email", &token));
    CHECK(!accepts(token.text, "", "verify-email", &token));
}

static const char *spliced(const char *text, size_t at, const char *with, size_t dropped)
{
    return text_format(test_arena(), "%.*s%s%s", (int)at, text, with, text + at + dropped);
}

TEST(TOK_03_other_spellings_are_refused)
{
    struct token token = token_new(test_arena(), "vrf", "verify-email"), parsed;
    size_t n = strlen(token.text);
    const char *const wrong[] = {
        "",
        spliced(token.text, n - 1, "", 1),  /* truncated */
        spliced(token.text, 0, "", 1),      /* truncated in front */
        spliced(token.text, n, "A", 0),     /* extended */
        spliced(token.text, n, "=", 0),     /* padded */
        spliced(token.text, n - 1, "=", 1), /* padded in place */
        spliced(token.text, 0, " ", 0),     /* space in front */
        spliced(token.text, n, " ", 0),     /* space behind */
        spliced(token.text, n, "\n", 0),
        spliced(token.text, 3, "-", 1),
        spliced(token.text, 3, "", 1),
        spliced(token.text, 4, "8", 1), /* beyond 128 bits */
        spliced(token.text, 5, "u", 1), /* not in the id's alphabet */
        spliced(token.text, 5, "i", 1),
        spliced(token.text, 40, "+", 1), /* the other base64 */
        spliced(token.text, 40, "/", 1),
        spliced(token.text, 40, "\xc3\xa9", 2),
        spliced(token.text, 0, "VRF", 3),
    };
    for (size_t i = 0; i < COUNT(wrong); i++)
        if (token_parse(test_arena(), wrong[i], "vrf", "verify-email", &parsed))
            test_fail(__FILE__, __LINE__, "case %zu is accepted: \"%s\"", i, wrong[i]);
    CHECK(!token_parse(test_arena(), NULL, "vrf", "verify-email", &parsed));
}

TEST(TOK_03_a_flipped_case_never_passes)
{
    struct token token = token_new(test_arena(), "vrf", "verify-email");
    for (size_t i = 0; token.text[i]; i++) {
        if (!isalpha((unsigned char)token.text[i]))
            continue;
        char flipped[2] = { (char)(token.text[i] ^ 0x20), 0 };
        CHECK(!accepts(spliced(token.text, i, flipped, 1), "vrf", "verify-email", &token));
    }
}

/* 43 characters carry 258 bits: the last two must be zero, else one secret had four spellings. */
TEST(TOK_03_trailing_bits_are_canonical)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    struct token token = token_new(test_arena(), "vrf", "verify-email"), parsed;
    size_t last = strlen(token.text) - 1, accepted = 0;
    for (size_t i = 0; i < 64; i++) {
        const char *text = spliced(token.text, last, (char[]){ alphabet[i], 0 }, 1);
        accepted += token_parse(test_arena(), text, "vrf", "verify-email", &parsed);
        CHECK(accepts(text, "vrf", "verify-email", &token) == text_equal(text, token.text));
    }
    CHECK_NUM(accepted, 16);
}
