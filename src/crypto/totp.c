/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One-time codes: see totp.h.
 */
#include "crypto/totp.h"

#include <assert.h>
#include <string.h>

enum { WINDOW = 2 }; /* this step and the one before */

int64_t totp_step(int64_t at)
{
    return at / 1000 / TOTP_STEP_SECONDS;
}

/* RFC 4226 5.3, dynamic truncation. */
static uint32_t truncate(const uint8_t *mac, size_t n)
{
    const uint8_t *p = mac + (mac[n - 1] & 15);
    return (uint32_t)(p[0] & 127) << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

void totp_code(const struct totp *totp, int64_t step, char out[TOTP_DIGITS_MAX + 1])
{
    uint8_t counter[8], mac[DIGEST_BYTES_MAX];
    assert(totp->digits >= 6 && totp->digits <= TOTP_DIGITS_MAX);
    for (int i = 0; i < 8; i++)
        counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    size_t n = hmac(totp->digest, totp->secret, MEM(counter, sizeof counter), mac);
    uint32_t value = truncate(mac, n);
    for (int i = totp->digits - 1; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
    out[totp->digits] = 0;
    mem_wipe(mac, sizeof mac);
}

/* What may stand between digits, and the alphabets of digits by the UTF-8 of their zero. */
static const char *const spaces[] = { " ", "-", "\u00A0", "\u2009", "\u202F", "\u3000" };
static const char *const zeros[] = { "0", "\uFF10", "\u0660", "\u06F0" };

static size_t skip_space(const char *p)
{
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++)
        if (strncmp(p, spaces[i], strlen(spaces[i])) == 0)
            return strlen(spaces[i]);
    return 0;
}

/* Of all these alphabets the ten digits differ in the last byte only. */
static size_t read_digit(const char *p, char *ret)
{
    for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++) {
        size_t last = strlen(zeros[i]) - 1;
        if (strncmp(p, zeros[i], last) != 0)
            continue;
        int value = (unsigned char)p[last] - (unsigned char)zeros[i][last];
        if (value < 0 || value > 9)
            continue;
        *ret = (char)('0' + value);
        return last + 1;
    }
    return 0;
}

bool totp_read(const char *typed, int digits, char ret[TOTP_DIGITS_MAX + 1])
{
    int n = 0;
    while (typed && *typed) {
        char digit = 0;
        size_t used = skip_space(typed);
        if (!used) {
            used = read_digit(typed, &digit);
            if (!used || n == digits)
                return false;
            ret[n++] = digit;
        }
        typed += used;
    }
    ret[n] = 0;
    return n == digits;
}

int64_t totp_find_step(const struct totp *totp, const char *code, int64_t now, int64_t last_step)
{
    int64_t found = 0, latest = totp_step(now);
    char expected[TOTP_DIGITS_MAX + 1];
    for (int64_t step = latest - WINDOW + 1; step <= latest; step++) {
        totp_code(totp, step, expected);
        bool fits = mem_equal(mem_text(expected), mem_text(code));
        bool is_new = step > last_step;
        found = (fits & is_new) ? step : found;
    }
    mem_wipe(expected, sizeof expected);
    return found;
}
