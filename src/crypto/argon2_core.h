/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of Argon2: what the filling loop and the compression cores share.
 *
 * A block's 128 words are kept in an order of our own, so that no core has to shuffle words when it
 * goes from rows to columns: 64 bytes hold the same four words of two neighbouring rows. Only what
 * enters and leaves (argon2_place) knows.
 */
#pragma once

#include "crypto/argon2.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

enum { ARGON2_WORDS = 128, ARGON2_BLOCK = 1024 };

struct argon2_block {
    alignas(64) uint64_t w[ARGON2_WORDS];
};

/*
 * The compression function G of RFC 9106 3.5 in two halves. begin does all rows and the columns
 * that hold word 0, and returns that word of the new block: it tells where the next reference block
 * lies, which can be fetched from memory while finish does the other columns. state lives from one
 * to the other; out must be neither prev nor ref; add means that out's old content is XORed in.
 */
struct argon2_core {
    const char *name;
    bool (*is_here)(void);
    uint64_t (*begin)(struct argon2_block *state, const struct argon2_block *prev,
                      const struct argon2_block *ref, struct argon2_block *out, bool add);
    void (*finish)(struct argon2_block *state, struct argon2_block *out);
};

extern const struct argon2_core argon2_core_scalar, argon2_core_sse2, argon2_core_avx2,
    argon2_core_avx512;

/* Where word i of the specification's block is kept: row i / 16, four words i / 4 % 4. */
static inline unsigned argon2_place(unsigned i)
{
    return i / 32 * 32 + i / 4 % 4 * 8 + i / 16 % 2 * 4 + i % 4;
}

/* One computation under way. */
struct argon2_work {
    const struct argon2_core *core;
    struct argon2_block *blocks; /* lanes * lane_blocks, lane after lane */
    uint32_t passes, lanes;
    uint32_t lane_blocks, segment_blocks;
    uint32_t pass, slice, lane, i; /* where the filling is; the first two of each lane are there */
};
