/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text and the text forms of bytes: one value, one spelling.
 */
#include "base/text.h"

#include "../test.h"

#include <string.h>

/* RFC 3629 4, and the hard cases of Markus Kuhn's stress test. */
static const struct {
    const char *bytes;
    size_t n;
    bool good;
} utf8[] = {
    { "", 0, true },
    { "a\x7f", 2, true },
    { "\xc2\x80\xdf\xbf", 4, true },
    { "\xe0\xa0\x80\xef\xbf\xbf", 6, true },
    { "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8, true },
    { "\xed\x9f\xbf\xee\x80\x80", 6, true },
    { "a\0b", 3, false },         /* NUL ends texts: never inside */
    { "\x80", 1, false },         /* a continuation alone */
    { "\xc3", 1, false },         /* cut short */
    { "\xe2\x82", 2, false },     /* cut short */
    { "\xf0\x9f\x98", 3, false }, /* cut short */
    { "\xc3\x28", 2, false },     /* no continuation */
    { "\xe2\x28\xa1", 3, false },
    { "\xe2\x82\x28", 3, false },
    { "\xc0\xaf", 2, false }, /* '/' in two bytes */
    { "\xc1\xbf", 2, false },
    { "\xe0\x80\xaf", 3, false }, /* in three */
    { "\xe0\x9f\xbf", 3, false },
    { "\xf0\x80\x80\xaf", 4, false },
    { "\xf0\x8f\xbf\xbf", 4, false },
    { "\xc0\x80", 2, false },     /* NUL in two bytes */
    { "\xed\xa0\x80", 3, false }, /* a surrogate */
    { "\xed\xbf\xbf", 3, false },
    { "\xf4\x90\x80\x80", 4, false }, /* beyond U+10FFFF */
    { "\xf5\x80\x80\x80", 4, false },
    { "\xf8\x88\x80\x80\x80", 5, false },
    { "\xfe", 1, false },
    { "\xff", 1, false },
};

TEST(text_utf8_is_strict)
{
    for (size_t i = 0; i < COUNT(utf8); i++)
        if (text_is_utf8(arena_copy(test_arena(), MEM(utf8[i].bytes, utf8[i].n))) != utf8[i].good)
            test_fail(__FILE__, __LINE__, "case %zu", i);
}

TEST(text_counts_code_points)
{
    CHECK_NUM(text_code_points(""), 0);
    CHECK_NUM(text_code_points("abc"), 3);
    CHECK_NUM(text_code_points("p\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), 4);
    CHECK_NUM(text_code_points("e\xcc\x81"), 2); /* not normalised */
}

TEST(text_comparisons)
{
    CHECK(text_equal(NULL, NULL) && !text_equal("", NULL) && !text_equal(NULL, ""));
    CHECK(text_equal("a", "a") && !text_equal("a", "A") && !text_equal("a", "aa"));
    CHECK(text_equal_ascii_case("Host", "hOST") && !text_equal_ascii_case("Host", "Hos"));
    CHECK(!text_equal_ascii_case("@", "`") && !text_equal_ascii_case("[", "{"));
    CHECK(!text_equal_ascii_case("\xc3\x84", "\xc3\xa4")); /* only ASCII folds */
    CHECK(text_equal_ascii_case(NULL, NULL) && !text_equal_ascii_case("", NULL));
    CHECK(text_starts("abc", "") && text_starts("abc", "abc") && !text_starts("ab", "abc"));
    CHECK(text_ends("abc", "") && text_ends("abc", "bc") && !text_ends("c", "bc"));
    CHECK(text_is_empty(NULL) && text_is_empty("") && !text_is_empty(" "));
    CHECK_TEXT(text_lower_ascii(test_arena(), "AbZ[\xc3\x84"), "abz[\xc3\x84");
}

TEST(text_numbers_are_strict)
{
    static const struct {
        const char *text;
        int64_t min, max, value;
        bool good;
    } cases[] = {
        { "0", 0, 9, 0, true },
        { "-1", -5, 5, -1, true },
        { "9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX, true },
        { "-9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN, true },
        { "9223372036854775808", INT64_MIN, INT64_MAX, 0, false },
        { "-9223372036854775809", INT64_MIN, INT64_MAX, 0, false },
        { "99999999999999999999999", INT64_MIN, INT64_MAX, 0, false },
        { "10", 0, 9, 0, false },
        { "-1", 0, 9, 0, false },
        { "", 0, 9, 0, false },
        { "-", -9, 9, 0, false },
        { "-0", -9, 9, 0, false },
        { "01", 0, 9, 0, false },
        { "+1", 0, 9, 0, false },
        { " 1", 0, 9, 0, false },
        { "1 ", 0, 9, 0, false },
        { "1.0", 0, 9, 0, false },
        { "1e0", 0, 9, 0, false },
        { "0x1", 0, 9, 0, false },
        { "--1", -9, 9, 0, false },
        { "\xd9\xa1", 0, 9, 0, false }, /* a digit elsewhere */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t value = 77;
        bool good = text_parse_int(cases[i].text, cases[i].min, cases[i].max, &value);
        if (good != cases[i].good || value != (good ? cases[i].value : 77))
            test_fail(__FILE__, __LINE__, "\"%s\"", cases[i].text);
    }
}

TEST(text_hex)
{
    uint8_t bytes[3];
    CHECK_TEXT(hex_format(test_arena(), MEM("\x00\xab\xff", 3)), "00abff");
    CHECK_TEXT(hex_format(test_arena(), MEM_NONE), "");
    CHECK(hex_parse("00aBfF", bytes, 3) && bytes[0] == 0 && bytes[1] == 0xab && bytes[2] == 0xff);
    CHECK(!hex_parse("00abf", bytes, 3) && !hex_parse("00abff0", bytes, 3));
    CHECK(!hex_parse("00abfg", bytes, 3) && !hex_parse("00ab f", bytes, 3));
}

TEST(text_base64url_round_trips)
{
    uint8_t bytes[80], back[80];
    char text[120];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 73 + 5);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        size_t written = 99;
        base64url_format(MEM(bytes, n), text);
        CHECK_NUM(strlen(text), base64url_size(n));
        CHECK(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
              strlen(text));
        CHECK(base64url_parse(text, strlen(text), back, &written));
        CHECK_NUM(written, n);
        CHECK(mem_equal(MEM(bytes, n), MEM(back, written)));
    }
}

/* RFC 4648 10. */
TEST(text_base64_vectors)
{
    static const char *const vectors[][2] = {
        { "", "" },
        { "f", "Zg==" },
        { "fo", "Zm8=" },
        { "foo", "Zm9v" },
        { "foob", "Zm9vYg==" },
        { "fooba", "Zm9vYmE=" },
        { "foobar", "Zm9vYmFy" },
    };
    for (size_t i = 0; i < COUNT(vectors); i++) {
        uint8_t back[8];
        size_t n;
        CHECK_TEXT(base64_format(test_arena(), mem_text(vectors[i][0])), vectors[i][1]);
        CHECK(base64_parse(vectors[i][1], strlen(vectors[i][1]), back, &n));
        CHECK(mem_equal(MEM(back, n), mem_text(vectors[i][0])));
    }
}

TEST(text_base64url_accepts_only_the_canonical_form)
{
    static const char *const wrong[] = { "A",    "AAAAA", "Zg==", "Zm8=",  "Zh", "Zm9",
                                         "A+AA", "A/AA",  "AA A", "AAA\n", "=",  "A===" };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        uint8_t back[8];
        size_t n;
        if (base64url_parse(wrong[i], strlen(wrong[i]), back, &n))
            test_fail(__FILE__, __LINE__, "\"%s\" is accepted", wrong[i]);
    }
}

TEST(text_base64_accepts_only_the_canonical_form)
{
    static const char *const wrong[] = { "Zg",       "Zg=",  "Zh==", "Zm9=",  "Z===", "====",
                                         "Zg==Zg==", "Z-9v", "Z_9v", "Zm9v ", "=Zm9" };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        uint8_t back[16];
        size_t n;
        if (base64_parse(wrong[i], strlen(wrong[i]), back, &n))
            test_fail(__FILE__, __LINE__, "\"%s\" is accepted", wrong[i]);
    }
}

TEST(mem_comparison)
{
    CHECK(mem_equal(MEM_NONE, MEM(NULL, 0)));
    CHECK(mem_equal(MEM("a\0b", 3), MEM("a\0b", 3)) && !mem_equal(MEM("a\0b", 3), MEM("a\0c", 3)));
    CHECK(!mem_equal(mem_text("a"), mem_text("ab")) && !mem_equal(mem_text("ab"), mem_text("a")));
    CHECK_NUM(mem_text(NULL).n, 0);
}
