/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CBOR as WebAuthn uses it (RFC 8949, the CTAP2 canonical form): a reader that allocates nothing
 * and hands out slices of its input. Integers, bytes, texts, arrays, maps, booleans and null with
 * definite lengths in their shortest form; map keys are integers or texts and stand there once.
 * Floats, tags, indefinite lengths and everything else an authenticator never writes are refused,
 * whatever lengths they claim (WA-12).
 */
#pragma once

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

enum { CBOR_DEPTH_MAX = 8, CBOR_PAIRS_MAX = 64 };

enum cbor_kind { CBOR_INT, CBOR_BYTES, CBOR_TEXT, CBOR_ARRAY, CBOR_MAP, CBOR_BOOL, CBOR_NULL };

struct cbor_item {
    enum cbor_kind kind;
    int64_t num;      /* CBOR_INT; CBOR_BOOL: 0 or 1; CBOR_ARRAY: items; CBOR_MAP: pairs */
    struct mem bytes; /* CBOR_BYTES and CBOR_TEXT: the content; CBOR_ARRAY and CBOR_MAP: what is in
                         it, one item after the other, for cbor_take */
};

/* Takes the first item, with all that is in it, off the front of *in. False when it is malformed,
 * cut off, or not of the kinds above; *in is unchanged then. */
bool cbor_take(struct mem *in, struct cbor_item *ret);

/* The bytes are one item and nothing else. */
bool cbor_read(struct mem bytes, struct cbor_item *ret);

/* The next item is this number, or a byte string: takes it. */
bool cbor_take_num(struct mem *in, int64_t num);
bool cbor_take_bytes(struct mem *in, struct mem *ret);

/* The value under a text key of a map; false when it is not there. */
bool cbor_find(const struct cbor_item *map, const char *key, struct cbor_item *ret);
