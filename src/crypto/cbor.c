/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CBOR: see cbor.h. An item is checked whole, children included, before any of it is handed out,
 * so whoever walks an array or a map later meets nothing new.
 */
#include "crypto/cbor.h"

#include "base/text.h"

/* RFC 8949 3.1; 6 is a tag. */
enum { UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, SIMPLE = 7 };
enum { FALSE = 20, TRUE = 21, NUL = 22 }; /* RFC 8949 3.3 */

static bool take(struct mem *in, int depth, struct cbor_item *ret);

static void skip(struct mem *in, size_t n)
{
    *in = MEM((const uint8_t *)in->p + n, in->n - n);
}

/* The head: major type and argument. The argument has its shortest form (RFC 8949 4.2.1); 28 to 31
 * are reserved or mean an indefinite length. */
static bool take_head(struct mem *in, int *ret_major, uint64_t *ret)
{
    const uint8_t *p = in->p;
    if (in->n == 0)
        return false;
    int info = p[0] & 31;
    size_t length = info < 24 ? 0 : (size_t)1 << ((info - 24) & 3);
    if (info > 27 || in->n - 1 < length)
        return false;
    uint64_t value = length ? 0 : (uint64_t)info;
    for (size_t i = 1; i <= length; i++)
        value = value << 8 | p[i];
    if (length && value < (length == 1 ? 24 : (uint64_t)1 << 4 * length))
        return false;
    *ret_major = p[0] >> 5;
    *ret = value;
    skip(in, 1 + length);
    return true;
}

static bool take_string(struct mem *in, uint64_t n, struct cbor_item *ret)
{
    if (n > in->n)
        return false;
    ret->bytes = MEM(in->p, (size_t)n);
    skip(in, (size_t)n);
    return ret->kind == CBOR_BYTES || text_is_utf8(ret->bytes);
}

/* The keys of one map so far, encoded: there is one encoding of each, so equal means the same. */
struct keys {
    size_t count;
    struct mem encoded[CBOR_PAIRS_MAX];
};

/* RFC 8949 5.6: a key stands in a map once. */
static bool take_key(struct mem *in, struct keys *keys)
{
    struct mem start = *in;
    struct cbor_item key;
    if (!take(in, CBOR_DEPTH_MAX, &key) || (key.kind != CBOR_INT && key.kind != CBOR_TEXT))
        return false;
    struct mem encoded = MEM(start.p, start.n - in->n);
    for (size_t i = 0; i < keys->count; i++)
        if (mem_equal(keys->encoded[i], encoded))
            return false;
    keys->encoded[keys->count++] = encoded;
    return true;
}

static bool take_pairs(struct mem *in, uint64_t n, int depth)
{
    struct cbor_item value;
    struct keys keys;
    keys.count = 0;
    if (n > CBOR_PAIRS_MAX)
        return false;
    for (uint64_t i = 0; i < n; i++)
        if (!take_key(in, &keys) || !take(in, depth, &value))
            return false;
    return true;
}

static bool take_items(struct mem *in, uint64_t n, int depth)
{
    struct cbor_item item;
    for (uint64_t i = 0; i < n; i++)
        if (!take(in, depth, &item))
            return false;
    return true;
}

static bool take_children(struct mem *in, uint64_t n, int depth, struct cbor_item *ret)
{
    struct mem start = *in;
    /* Each child takes a byte at least: a claim beyond what is there is never followed. */
    if (depth >= CBOR_DEPTH_MAX || n > in->n)
        return false;
    bool good = ret->kind == CBOR_MAP ? take_pairs(in, n, depth + 1) : take_items(in, n, depth + 1);
    ret->num = (int64_t)n;
    ret->bytes = MEM(start.p, start.n - in->n);
    return good;
}

static bool take_simple(uint64_t value, struct cbor_item *ret)
{
    ret->kind = value == NUL ? CBOR_NULL : CBOR_BOOL;
    ret->num = value == TRUE;
    return value >= FALSE && value <= NUL;
}

static bool take_number(int major, uint64_t value, struct cbor_item *ret)
{
    ret->kind = CBOR_INT;
    ret->num = major == NEGATIVE ? -1 - (int64_t)value : (int64_t)value;
    return value <= INT64_MAX;
}

static bool take_value(struct mem *in, int depth, struct cbor_item *ret)
{
    int major = SIMPLE;
    uint64_t n = 0;
    *ret = (struct cbor_item){ .bytes = MEM_NONE };
    if (!take_head(in, &major, &n))
        return false;
    switch (major) {
    case UNSIGNED:
    case NEGATIVE: return take_number(major, n, ret);
    case BYTES: ret->kind = CBOR_BYTES; return take_string(in, n, ret);
    case TEXT: ret->kind = CBOR_TEXT; return take_string(in, n, ret);
    case ARRAY: ret->kind = CBOR_ARRAY; return take_children(in, n, depth, ret);
    case MAP: ret->kind = CBOR_MAP; return take_children(in, n, depth, ret);
    case SIMPLE: return take_simple(n, ret);
    default: return false;
    }
}

static bool take(struct mem *in, int depth, struct cbor_item *ret)
{
    struct mem rest = *in;
    if (!take_value(&rest, depth, ret))
        return false;
    *in = rest;
    return true;
}

bool cbor_take(struct mem *in, struct cbor_item *ret)
{
    return take(in, 0, ret);
}

bool cbor_read(struct mem bytes, struct cbor_item *ret)
{
    return cbor_take(&bytes, ret) && bytes.n == 0;
}

bool cbor_take_num(struct mem *in, int64_t num)
{
    struct mem rest = *in;
    struct cbor_item item;
    if (!cbor_take(&rest, &item) || item.kind != CBOR_INT || item.num != num)
        return false;
    *in = rest;
    return true;
}

bool cbor_take_bytes(struct mem *in, struct mem *ret)
{
    struct mem rest = *in;
    struct cbor_item item;
    if (!cbor_take(&rest, &item) || item.kind != CBOR_BYTES)
        return false;
    *ret = item.bytes;
    *in = rest;
    return true;
}

bool cbor_find(const struct cbor_item *map, const char *key, struct cbor_item *ret)
{
    struct mem pairs = map->bytes;
    struct cbor_item name;
    if (map->kind != CBOR_MAP)
        return false;
    while (cbor_take(&pairs, &name) && cbor_take(&pairs, ret))
        if (name.kind == CBOR_TEXT && mem_equal(name.bytes, mem_text(key)))
            return true;
    return false;
}
