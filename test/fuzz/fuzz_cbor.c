/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CBOR: what is accepted, written anew in the shortest form, is the input to the last byte; no
 * shorter or longer piece of it is accepted as well; nesting and maps stay within their bounds.
 */
#include "base/buf.h"
#include "crypto/cbor.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void put_head(struct buf *out, int major, uint64_t n)
{
    int length = n < 24 ? 0 : n < 0x100 ? 1 : n < 0x10000 ? 2 : n < 0x100000000 ? 4 : 8;
    int info = n < 24 ? (int)n : length == 1 ? 24 : length == 2 ? 25 : length == 4 ? 26 : 27;
    buf_char(out, (char)(major << 5 | info));
    while (length--)
        buf_char(out, (char)(n >> 8 * length));
}

static void put_item(struct buf *out, const struct cbor_item *item, int depth);

static void put_children(struct buf *out, const struct cbor_item *item, int depth)
{
    struct mem in = item->bytes;
    struct cbor_item child;
    int64_t count = item->kind == CBOR_MAP ? 2 * item->num : item->num;
    must(depth < CBOR_DEPTH_MAX);
    put_head(out, item->kind == CBOR_MAP ? 5 : 4, (uint64_t)item->num);
    for (int64_t i = 0; i < count; i++) {
        must(cbor_take(&in, &child));
        bool is_key = item->kind == CBOR_MAP && i % 2 == 0;
        must(!is_key || child.kind == CBOR_INT || child.kind == CBOR_TEXT);
        put_item(out, &child, depth + 1);
    }
    must(in.n == 0);
}

static void put_item(struct buf *out, const struct cbor_item *item, int depth)
{
    switch (item->kind) {
    case CBOR_INT:
        put_head(out, item->num < 0, (uint64_t)(item->num < 0 ? -1 - item->num : item->num));
        break;
    case CBOR_BYTES:
    case CBOR_TEXT:
        put_head(out, item->kind == CBOR_TEXT ? 3 : 2, item->bytes.n);
        buf_add(out, item->bytes.p, item->bytes.n);
        break;
    case CBOR_ARRAY:
    case CBOR_MAP: put_children(out, item, depth); break;
    case CBOR_BOOL: put_head(out, 7, item->num ? 21 : 20); break;
    case CBOR_NULL: put_head(out, 7, 22); break;
    }
}

/* No text key stands in a map twice: the first one found is the only one. */
static void check_finding(const struct cbor_item *map)
{
    struct mem in = map->bytes;
    struct cbor_item key, value, found;
    char name[64];
    while (map->kind == CBOR_MAP && in.n) {
        must(cbor_take(&in, &key) && cbor_take(&in, &value));
        if (key.kind != CBOR_TEXT || key.bytes.n >= sizeof name)
            continue;
        memcpy(name, key.bytes.p, key.bytes.n);
        name[key.bytes.n] = 0;
        must(cbor_find(map, name, &found) && found.kind == value.kind && found.num == value.num &&
             found.bytes.p == value.bytes.p);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct mem rest = MEM(data, size);
    struct cbor_item item, again;
    if (!cbor_take(&rest, &item)) {
        must(rest.p == data && rest.n == size);
        return 0;
    }
    size_t n = size - rest.n;
    struct buf out;
    arena_init(&arena, 16 << 20);
    buf_init(&out, &arena, size + 16);
    put_item(&out, &item, 0);
    must(mem_equal(buf_mem(&out), MEM(data, n)));
    must(cbor_read(MEM(data, n), &again) && !cbor_read(MEM(data, n - 1), &again));
    must(cbor_read(MEM(data, size), &again) == (rest.n == 0));
    check_finding(&item);
    arena_done(&arena);
    return 0;
}
