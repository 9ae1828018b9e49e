/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text: see text.h.
 */
#include "base/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The length of the UTF-8 sequence at p (1 to 4), or 0 when it is not one. RFC 3629 4. */
static size_t sequence(const uint8_t *p, size_t n)
{
    if (p[0] < 0x80)
        return p[0] != 0;
    size_t length = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || n < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xED && p[1] > 0x9F;
    bool beyond = p[0] == 0xF4 && p[1] > 0x8F;
    return overlong || surrogate || beyond ? 0 : length;
}

bool text_is_utf8(struct mem bytes)
{
    const uint8_t *p = bytes.p;
    for (size_t at = 0; at < bytes.n;) {
        size_t length = sequence(p + at, bytes.n - at);
        if (!length)
            return false;
        at += length;
    }
    return true;
}

size_t text_code_points(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((uint8_t)*text & 0xC0) != 0x80;
    return count;
}

char *text_copy(struct arena *arena, struct mem bytes)
{
    char *copy = arena_alloc(arena, bytes.n + 1);
    if (bytes.n)
        memcpy(copy, bytes.p, bytes.n);
    return copy;
}

char *text_format(struct arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = arena_alloc(arena, (size_t)(n < 0 ? 0 : n) + 1);
    (void)vsnprintf(text, (size_t)(n < 0 ? 0 : n) + 1, format, again);
    va_end(again);
    return text;
}

bool text_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool text_equal_ascii_case(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

bool text_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
    size_t n = strlen(text), m = strlen(suffix);
    return n >= m && strcmp(text + n - m, suffix) == 0;
}

bool text_is_empty(const char *text)
{
    return !text || !*text;
}

char *text_lower_ascii(struct arena *arena, const char *text)
{
    char *copy = text_copy(arena, mem_text(text));
    for (char *p = copy; *p; p++)
        *p = lower(*p);
    return copy;
}

char *text_percent(struct arena *arena, const char *text, const char *more)
{
    static const char digits[] = "0123456789ABCDEF";
    char *out = arena_alloc(arena, 3 * strlen(text) + 1), *to = out;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (isalnum(c) || strchr("-._~", c) || (more && strchr(more, c))) {
            *to++ = *text;
            continue;
        }
        *to++ = '%';
        *to++ = digits[c >> 4];
        *to++ = digits[c & 15];
    }
    *to = 0;
    return out;
}

bool text_parse_int(const char *text, int64_t min, int64_t max, int64_t *ret)
{
    bool negative = *text == '-';
    const char *p = text + negative;
    if (!*p || (*p == '0' && (p[1] || negative)))
        return false;
    int64_t value = 0;
    for (; *p; p++) {
        if (*p < '0' || *p > '9' || __builtin_mul_overflow(value, 10, &value))
            return false;
        if (__builtin_sub_overflow(value, *p - '0', &value))
            return false;
    }
    /* Gathered as a negative number, whose range is the larger one. */
    if (!negative && __builtin_sub_overflow(0, value, &value))
        return false;
    if (value < min || value > max)
        return false;
    *ret = value;
    return true;
}

char *hex_format(struct arena *arena, struct mem bytes)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = bytes.p;
    char *text = arena_alloc(arena, bytes.n * 2 + 1);
    for (size_t i = 0; i < bytes.n; i++) {
        text[2 * i] = digits[p[i] >> 4];
        text[2 * i + 1] = digits[p[i] & 15];
    }
    return text;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_parse(const char *text, uint8_t *ret, size_t n)
{
    if (strlen(text) != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char standard_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64url_size(size_t bytes)
{
    return (bytes * 4 + 2) / 3;
}

static size_t encode(const char *alphabet, struct mem bytes, char *out)
{
    const uint8_t *p = bytes.p;
    uint32_t bits = 0;
    int held = 0;
    char *start = out;
    for (size_t i = 0; i < bytes.n; i++) {
        bits = bits << 8 | p[i];
        for (held += 8; held >= 6; held -= 6)
            *out++ = alphabet[bits >> (held - 6) & 63];
    }
    if (held)
        *out++ = alphabet[bits << (6 - held) & 63];
    *out = 0;
    return (size_t)(out - start);
}

void base64url_format(struct mem bytes, char *out)
{
    encode(url_alphabet, bytes, out);
}

static int sextet(char c, char sixty_two, char sixty_three)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == sixty_two ? 62 : c == sixty_three ? 63 : -1;
}

static bool decode(const char *alphabet, const char *text, size_t n, uint8_t *ret, size_t *ret_n)
{
    uint32_t bits = 0;
    int held = 0;
    size_t written = 0;
    if (n % 4 == 1)
        return false;
    for (size_t i = 0; i < n; i++) {
        int value = sextet(text[i], alphabet[62], alphabet[63]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            ret[written++] = (uint8_t)(bits >> held);
        }
    }
    if (bits & ((1U << held) - 1))
        return false; /* non-zero trailing bits: another spelling of the same bytes */
    *ret_n = written;
    return true;
}

bool base64url_parse(const char *text, size_t n, uint8_t *ret, size_t *ret_n)
{
    return decode(url_alphabet, text, n, ret, ret_n);
}

char *base64_format(struct arena *arena, struct mem bytes)
{
    char *text = arena_alloc(arena, (bytes.n + 2) / 3 * 4 + 1);
    size_t n = encode(standard_alphabet, bytes, text);
    while (n % 4)
        text[n++] = '=';
    text[n] = 0;
    return text;
}

bool base64_parse(const char *text, size_t n, uint8_t *ret, size_t *ret_n)
{
    if (n % 4)
        return false;
    for (int i = 0; i < 2 && n && text[n - 1] == '='; i++)
        n--;
    return decode(standard_alphabet, text, n, ret, ret_n);
}

/* --- likeness --- */

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

size_t text_distance(const char *a, const char *b)
{
    enum { CONSIDERED = 64 };
    size_t row[CONSIDERED + 1], n = strnlen(b, CONSIDERED);
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; i < CONSIDERED && a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t above = row[j + 1];
            row[j + 1] = smallest(above + 1, row[j] + 1, diagonal + (a[i] != b[j]));
            diagonal = above;
        }
    }
    return row[n];
}
