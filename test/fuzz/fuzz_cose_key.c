/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COSE keys, and behind a key a signature over nothing. An accepted key, written anew from its
 * parts, is the input; its numbers are in range; no short signature is its own.
 */
#include "base/buf.h"
#include "crypto/cbor.h"
#include "crypto/cose.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void put_bytes(struct buf *out, int label, struct mem bytes)
{
    buf_char(out, (char)(0x20 + -1 - label));
    if (bytes.n < 24)
        buf_char(out, (char)(0x40 + bytes.n));
    else if (bytes.n < 256)
        buf_add(out, (uint8_t[]){ 0x58, (uint8_t)bytes.n }, 2);
    else
        buf_add(out, (uint8_t[]){ 0x59, (uint8_t)(bytes.n >> 8), (uint8_t)bytes.n }, 3);
    buf_add(out, bytes.p, bytes.n);
}

static void write_anew(struct buf *out, const struct cose_key *key)
{
    if (key->algorithm == COSE_ES256) {
        buf_add(out, "\xA5\x01\x02\x03\x26\x20\x01", 7);
        put_bytes(out, -2, key->x);
        put_bytes(out, -3, key->y);
    } else if (key->algorithm == COSE_EDDSA) {
        buf_add(out, "\xA4\x01\x01\x03\x27\x20\x06", 7);
        put_bytes(out, -2, key->x);
    } else {
        buf_add(out, "\xA4\x01\x03\x03\x39\x01\x00", 7);
        put_bytes(out, -1, key->modulus);
        put_bytes(out, -2, key->exponent);
    }
}

static void check_key(const struct cose_key *key, struct mem bytes)
{
    struct arena arena;
    struct buf out;
    arena_init(&arena, 1 << 20);
    buf_init(&out, &arena, 2048);
    write_anew(&out, key);
    must(mem_equal(buf_mem(&out), bytes));
    must(cose_key_algorithm(bytes) == key->algorithm);
    if (key->algorithm == COSE_RS256 && cose_key_is_sound(key))
        must(key->modulus.n >= 256 && key->modulus.n <= 512 && key->exponent.n <= 4);
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mem rest = MEM(data, size);
    struct cbor_item map;
    struct cose_key key;
    if (cose_key_parse(MEM(data, size), &key))
        check_key(&key, MEM(data, size));
    if (!cbor_take(&rest, &map) || !cose_key_parse(MEM(data, size - rest.n), &key))
        return 0;
    check_key(&key, MEM(data, size - rest.n));
    bool verified = cose_key_is_sound(&key) && cose_key_verify(&key, MEM_NONE, rest);
    must(!verified || rest.n >= (key.algorithm == COSE_ES256 ? 8 : 64));
    return 0;
}
