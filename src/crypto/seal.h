/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets at rest: AES-256-GCM (NIST SP 800-38D) with random 96-bit nonces under keys with ids. The
 * associated data names table, column and row, so a ciphertext moved elsewhere does not open.
 * Layout of a sealed blob: 1 byte version (1), 1 byte length of the key id, key id, 12 bytes nonce,
 * ciphertext, 16 bytes tag.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdint.h>

enum { SEAL_KEY_BYTES = 32, SEAL_KEY_ID_MAX = 16, SEAL_KEYS_MAX = 8 };

struct seal_key {
    char id[SEAL_KEY_ID_MAX + 1]; /* letters, digits, '-' and '_' */
    uint8_t key[SEAL_KEY_BYTES];
};

struct seal_ring {
    struct seal_key keys[SEAL_KEYS_MAX]; /* the first one seals, all of them open */
    size_t count;
};

/* "id1:base64key,id2:base64key" (32 bytes each; the first seals). E_INVALID when malformed or an id
 * repeats. */
enum err seal_ring_parse(const char *setting, struct seal_ring *ret);

/* Where a sealed value lives: the associated data. */
struct seal_place {
    const char *table, *column, *row;
};

/* Seals plain; the result is in the arena. Aborts only on a broken library. */
struct mem seal(const struct seal_ring *ring, struct arena *arena, struct seal_place place,
                struct mem plain);

/* Opens a sealed blob. E_INVALID when any bit, the place or the length is wrong, or the key is
 * unknown: then nothing is written. */
enum err seal_open(const struct seal_ring *ring, struct arena *arena, struct seal_place place,
                   struct mem sealed, struct mem *ret);

/* The id of the key that sealed a blob (for rotation); NULL when the blob is malformed. */
const char *seal_key_id(struct arena *arena, struct mem sealed);

/* The bytes that everything sealed by the ring's first key begins with. A blob outside
 * [*ret_from, *ret_below), compared byte by byte as both engines do, is under another key: so a
 * statement finds what has to be sealed anew. */
void seal_range(const struct seal_ring *ring, struct arena *arena, struct mem *ret_from,
                struct mem *ret_below);
