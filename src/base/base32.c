/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base32: see base32.h. Bits are shifted through an accumulator that never holds more than twelve.
 * No table is indexed by a secret, so that a neighbour on the processor learns nothing by the
 * cache.
 */
#include "base/base32.h"

#include <ctype.h>

/* 'A' to 'Z' stand for 0 to 25, '2' to '7' for 26 to 31. */
static char digit_of(unsigned value)
{
    return (char)(value + (value < 26 ? 'A' : '2' - 26));
}

static int value_of(char digit)
{
    int upper = toupper((unsigned char)digit);
    if (upper >= 'A' && upper <= 'Z')
        return upper - 'A';
    return upper >= '2' && upper <= '7' ? upper - '2' + 26 : -1;
}

char *base32_format(struct arena *arena, struct mem bytes)
{
    const uint8_t *in = bytes.p;
    char *text = arena_alloc(arena, (bytes.n * 8 + 4) / 5 + 1), *out = text;
    unsigned held = 0;
    int bits = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        held = (held << 8 | in[i]) & 0xFFF;
        for (bits += 8; bits >= 5; bits -= 5)
            *out++ = digit_of(held >> (bits - 5) & 31);
    }
    if (bits)
        *out++ = digit_of(held << (5 - bits) & 31);
    *out = 0;
    return text;
}

bool base32_parse(const char *text, uint8_t *ret, size_t max, size_t *ret_n)
{
    size_t n = 0;
    unsigned held = 0;
    int bits = 0;
    for (; *text; text++) {
        int value = value_of(*text);
        if (value < 0)
            return false;
        held = (held << 5 | (unsigned)value) & 0xFFF;
        bits += 5;
        if (bits < 8)
            continue;
        if (n == max)
            return false;
        bits -= 8;
        ret[n++] = (uint8_t)(held >> bits);
    }
    *ret_n = n;
    return bits < 5 && !(held & ((1u << bits) - 1));
}
