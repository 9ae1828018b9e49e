/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BLAKE2b (RFC 7693), unkeyed: the hash inside Argon2. Not for anything else here; SHA-256 in
 * crypto/digest.h is the general one.
 */
#pragma once

#include "base/mem.h"

#include <stdint.h>

enum { BLAKE2B_BYTES_MAX = 64, BLAKE2B_BLOCK = 128 };

struct blake2b {
    uint64_t h[8];
    uint64_t counter; /* bytes compressed so far; Argon2's inputs stay far below 2^64 */
    uint8_t block[BLAKE2B_BLOCK];
    size_t used; /* bytes waiting in block */
    size_t out_n;
};

/* Starts a hash of out_n bytes (1 to 64), adds bytes, and writes the hash; the last one also wipes
 * the state. */
void blake2b_init(struct blake2b *b, size_t out_n);
void blake2b_add(struct blake2b *b, struct mem bytes);
void blake2b_add_num(struct blake2b *b, uint32_t number); /* as four bytes, little-endian */
void blake2b_done(struct blake2b *b, uint8_t *out);
