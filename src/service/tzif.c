/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of the tz database: see tzif.h. A file holds its data twice, for readers of 32-bit times
 * and, from version 2 on, again with 64-bit times and a rule for what comes after the last
 * transition. Only the second is read; version 1 alone is not made any more.
 */
#include "service/tzif.h"

#include <string.h>

enum { HEADER = 44, COUNTS_AT = 20, TYPE_BYTES = 6, RULE_MAX = 100 };

/* The counts of a header, in its order (RFC 8536 3.1). */
enum count { ISUT, ISSTD, LEAP, TIME, TYPE, CHAR, COUNTS };

struct block {
    const uint8_t *times; /* after the header */
    int64_t count[COUNTS];
    int64_t time_bytes; /* 4 or 8 */
};

static int64_t big_endian(const uint8_t *p, int64_t n)
{
    uint64_t value = *p & 0x80 ? UINT64_MAX : 0;
    for (int64_t i = 0; i < n; i++)
        value = value << 8 | p[i];
    return (int64_t)value;
}

static int64_t size_of(const struct block *b)
{
    const int64_t *n = b->count;
    return n[TIME] * (b->time_bytes + 1) + n[TYPE] * TYPE_BYTES + n[CHAR] +
           n[LEAP] * (b->time_bytes + 4) + n[ISSTD] + n[ISUT];
}

/* The block at p, of which left bytes are there. */
static bool read_block(const uint8_t *p, int64_t left, int64_t time_bytes, struct block *ret)
{
    if (left < HEADER || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
        return false;
    ret->times = p + HEADER;
    ret->time_bytes = time_bytes;
    for (int i = 0; i < COUNTS; i++) {
        ret->count[i] = big_endian(p + COUNTS_AT + 4 * i, 4);
        if (ret->count[i] < 0 || ret->count[i] > left)
            return false;
    }
    return ret->count[TYPE] > 0 && size_of(ret) <= left - HEADER;
}

/* How many transitions lie at or before a time. */
static int64_t passed(const struct block *b, int64_t at)
{
    int64_t low = 0, high = b->count[TIME];
    while (low < high) {
        int64_t middle = (low + high) / 2;
        if (big_endian(b->times + middle * b->time_bytes, b->time_bytes) <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool offset_of_type(const struct block *b, int64_t type, int64_t *ret)
{
    const uint8_t *types = b->times + b->count[TIME] * (b->time_bytes + 1);
    if (type >= b->count[TYPE])
        return false;
    *ret = big_endian(types + type * TYPE_BYTES, 4);
    return *ret > -86'400 && *ret < 86'400;
}

/* "\n<rule>\n" at the end; an empty rule says nothing. */
static bool read_footer(const uint8_t *p, int64_t n, char ret[RULE_MAX])
{
    const uint8_t *end = n > 2 && *p == '\n' ? memchr(p + 1, '\n', (size_t)n - 1) : NULL;
    if (!end || end == p + 1 || end - p > RULE_MAX)
        return false;
    memcpy(ret, p + 1, (size_t)(end - p - 1));
    ret[end - p - 1] = 0;
    return true;
}

bool tzif_offset(struct mem file, int64_t at, int64_t *ret)
{
    struct block old, b;
    char rule[RULE_MAX];
    const uint8_t *p = file.p, *end = p + file.n;
    if (!read_block(p, (int64_t)file.n, 4, &old))
        return false;
    const uint8_t *second = old.times + size_of(&old);
    if (!read_block(second, end - second, 8, &b))
        return false;
    const uint8_t *footer = b.times + size_of(&b);
    int64_t n = passed(&b, at);
    if (n == b.count[TIME] && read_footer(footer, end - footer, rule))
        return tzif_rule_offset(rule, at, ret);
    return offset_of_type(&b, n ? b.times[b.count[TIME] * b.time_bytes + n - 1] : 0, ret);
}
