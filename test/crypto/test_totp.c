/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One-time codes against RFC 4226 appendix D and RFC 6238 appendix B, and which step a code belongs
 * to.
 */
#include "crypto/totp.h"

#include "../test.h"

#include <string.h>

#define SECRET_20 "12345678901234567890"
#define SECRET_64 SECRET_20 SECRET_20 SECRET_20 "1234"

static const char *code_at(const struct totp *totp, int64_t step)
{
    char *code = arena_alloc(test_arena(), TOTP_DIGITS_MAX + 1);
    totp_code(totp, step, code);
    return code;
}

TEST(totp_counter_vectors)
{
    static const char *const codes[] = { "755224", "287082", "359152", "969429", "338314",
                                         "254676", "287922", "162583", "399871", "520489" };
    const struct totp totp = { DIGEST_SHA1, 6, mem_text(SECRET_20) };
    for (size_t i = 0; i < COUNT(codes); i++)
        CHECK_TEXT(code_at(&totp, (int64_t)i), codes[i]);
}

/* The secrets are as long as each digest, as the RFC's own program has them (erratum 2866). */
TEST(totp_time_vectors)
{
    static const struct {
        int64_t at;
        const char *sha1, *sha256, *sha512;
    } cases[] = {
        { 59, "94287082", "46119246", "90693936" },
        { 1111111109, "07081804", "68084774", "25091201" },
        { 1111111111, "14050471", "67062674", "99943326" },
        { 1234567890, "89005924", "91819424", "93441116" },
        { 2000000000, "69279037", "90698825", "38618901" },
        { 20000000000, "65353130", "77737706", "47863826" },
    };
    const struct totp sha1 = { DIGEST_SHA1, 8, MEM(SECRET_64, 20) };
    const struct totp sha256 = { DIGEST_SHA256, 8, MEM(SECRET_64, 32) };
    const struct totp sha512 = { DIGEST_SHA512, 8, MEM(SECRET_64, 64) };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t step = totp_step(cases[i].at * 1000);
        CHECK_TEXT(code_at(&sha1, step), cases[i].sha1);
        CHECK_TEXT(code_at(&sha256, step), cases[i].sha256);
        CHECK_TEXT(code_at(&sha512, step), cases[i].sha512);
        CHECK_TEXT(code_at(&(struct totp){ DIGEST_SHA1, 6, sha1.secret }, step), cases[i].sha1 + 2);
    }
}

TEST(MFA_04_a_code_counts_in_its_step_and_the_next)
{
    const struct totp totp = { DIGEST_SHA1, 6, mem_text(SECRET_20) };
    const int64_t now = 1'790'000'000'000, step = totp_step(now);
    const struct {
        int64_t drift, found;
    } cases[] = { { -3, 0 }, { -2, 0 }, { -1, step - 1 }, { 0, step }, { 1, 0 }, { 2, 0 } };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_NUM(totp_find_step(&totp, code_at(&totp, step + cases[i].drift), now, 0),
                  cases[i].found);
}

TEST(MFA_03_no_step_at_or_before_the_last_one)
{
    const struct totp totp = { DIGEST_SHA1, 6, mem_text(SECRET_20) };
    const int64_t now = 1'790'000'000'000, step = totp_step(now);
    const char *current = code_at(&totp, step), *previous = code_at(&totp, step - 1);
    CHECK_NUM(totp_find_step(&totp, current, now, step - 1), step);
    CHECK_NUM(totp_find_step(&totp, current, now, step), 0);
    CHECK_NUM(totp_find_step(&totp, previous, now, step), 0);
    CHECK_NUM(totp_find_step(&totp, previous, now, step - 1), 0);
    CHECK_NUM(totp_find_step(&totp, previous, now, step - 2), step - 1);
    /* A clock set back by an hour does not make an old code good again. */
    CHECK_NUM(totp_find_step(&totp, code_at(&totp, step - 120), now - 3'600'000, step), 0);
}

TEST(totp_the_later_of_two_equal_codes_counts)
{
    /* The first two neighbours of this secret that have the same code. */
    const struct totp totp = { DIGEST_SHA1, 6, mem_text(SECRET_20) };
    const int64_t step = 910'738;
    CHECK_TEXT(code_at(&totp, step), "911617");
    CHECK_TEXT(code_at(&totp, step - 1), "911617");
    CHECK_NUM(totp_find_step(&totp, "911617", step * 30'000, 0), step);
    CHECK_NUM(totp_find_step(&totp, "911617", step * 30'000, step), 0);
}

TEST(totp_reads_what_people_type)
{
    static const struct {
        const char *typed, *read;
    } cases[] = {
        { "123456", "123456" },
        { " 123 456 ", "123456" },
        { "123-456", "123456" },
        { "123\u00A0456", "123456" },
        { "\uFF11\uFF12\uFF13\u3000\uFF14\uFF15\uFF16", "123456" },
        { "\u0660\u0661\u0662\u0663\u0664\u0669", "012349" },
        { "\u06F0\u06F1\u06F2\u06F3\u06F4\u06F9", "012349" },
        { "", NULL },
        { NULL, NULL },
        { "12345", NULL },
        { "1234567", NULL },
        { "12345a", NULL },
        { "12345\xFF", NULL },
        { "12345\uFF1A", NULL },
        { "12345\uFF0F", NULL },
        { "+12345", NULL },
        { "1e2345", NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char code[TOTP_DIGITS_MAX + 1];
        bool good = totp_read(cases[i].typed, TOTP_DIGITS, code);
        CHECK_TEXT(good ? code : NULL, cases[i].read);
    }
}
