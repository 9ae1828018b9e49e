/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recovery codes: their form, and what counts as the same code.
 */
#include "crypto/recovery_code.h"

#include "../test.h"

#include <ctype.h>
#include <string.h>

static bool same(const char *a, const char *b)
{
    uint8_t hash_a[SHA256_BYTES], hash_b[SHA256_BYTES];
    return recovery_code_hash(a, "usr_a", hash_a) && recovery_code_hash(b, "usr_a", hash_b) &&
           mem_equal(MEM(hash_a, SHA256_BYTES), MEM(hash_b, SHA256_BYTES));
}

static const char *upper(const char *text)
{
    char *copy = text_copy(test_arena(), mem_text(text));
    for (char *p = copy; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return copy;
}

static const char *without_hyphens(const char *text)
{
    char *copy = text_copy(test_arena(), mem_text(text)), *out = copy;
    for (; *text; text++)
        if (*text != '-')
            *out++ = *text;
    *out = 0;
    return copy;
}

TEST(recovery_code_form)
{
    bool seen[128] = { 0 };
    int kinds = 0;
    const char *previous = "";
    for (int i = 0; i < 200; i++) {
        const char *code = recovery_code_new(test_arena());
        CHECK_NUM(strlen(code), 29);
        for (int at = 0; at < 29; at++) {
            CHECK((code[at] == '-') == (at % 6 == 5));
            seen[(int)code[at]] = true;
        }
        CHECK(!text_equal(code, previous));
        previous = code;
    }
    for (int c = 0; c < 128; c++)
        kinds += seen[c];
    CHECK_NUM(kinds, 33); /* 32 characters and the hyphen: none is left out of 5000 */
    CHECK(!seen['i'] && !seen['l'] && !seen['o'] && !seen['u']);
}

TEST(MFA_05_a_code_in_many_spellings)
{
    const char *code = recovery_code_new(test_arena());
    CHECK(same(code, upper(code)));
    CHECK(same(code, without_hyphens(code)));
    CHECK(same(code, text_format(test_arena(), "  %s\r\n", upper(without_hyphens(code)))));
    CHECK(same("01110-00000-00000-00000-0000z", "oIlL0 OOOOO OOOOO OOOOO OOOO Z"));
    CHECK(!same(code, recovery_code_new(test_arena())));
    CHECK(!same("00000-00000-00000-00000-00001", "00000-00000-00000-00000-00002"));
}

TEST(MFA_05_what_is_no_code)
{
    static const char *const bad[] = { "",
                                       "0",
                                       "00000-00000-00000-00000-0000",
                                       "00000-00000-00000-00000-000000",
                                       "00000-00000-00000-00000-0000u",
                                       "00000-00000-00000-00000-0000!",
                                       "00000-00000-00000-00000-000\xC3\xA9",
                                       "00000_00000_00000_00000_00000" };
    uint8_t hash[SHA256_BYTES];
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(!recovery_code_hash(bad[i], "usr_a", hash));
    CHECK(!recovery_code_hash(NULL, "usr_a", hash));
}

TEST(MFA_05_a_code_belongs_to_its_account)
{
    const char *code = recovery_code_new(test_arena());
    uint8_t ann[SHA256_BYTES], ben[SHA256_BYTES], plain[SHA256_BYTES];
    CHECK(recovery_code_hash(code, "usr_ann", ann));
    CHECK(recovery_code_hash(code, "usr_ben", ben));
    sha256(mem_text(without_hyphens(code)), plain);
    CHECK(!mem_equal(MEM(ann, SHA256_BYTES), MEM(ben, SHA256_BYTES)));
    CHECK(!mem_equal(MEM(ann, SHA256_BYTES), MEM(plain, SHA256_BYTES)));
}
