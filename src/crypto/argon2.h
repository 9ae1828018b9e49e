/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Argon2id, version 0x13 (RFC 9106), in a memory that is allocated once and reused. The core is
 * scalar, SSE2, AVX2 or AVX-512, chosen at run time. Why not a library: see docs/decisions/0001.
 */
#pragma once

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

struct argon2_cost {
    uint32_t memory_kib; /* m, at least 8 * lanes */
    uint32_t passes;     /* t, at least 1 */
    uint32_t lanes;      /* p, 1 to 255; lanes are computed on the calling thread */
};

struct argon2_work;

/* The working memory of one hashing slot: one slot, one hash at a time. */
struct argon2_memory {
    void *p;
    size_t bytes; /* mapped */
    bool huge;    /* mapped with huge pages advised */
    /* When given, this does the long part of a hash, by argon2_fill on a thread of its choice. */
    void (*fill)(struct argon2_work *work, void *arg);
    void *arg;
};

/* Goes on with a hash until it is done, or until may_go_on (NULL: always), which is asked every
   tenth of a millisecond or so, says no: then false, and whoever calls it next goes on from there.
 */
bool argon2_fill(struct argon2_work *work, bool (*may_go_on)(void *arg), void *arg);

/* Makes memory large enough for cost and faults it in; keeps what is large enough already. E_FAULT
   when the system has not got it. argon2_memory_release gives it back to the kernel (wiped by
   that); both may be repeated. */
enum err argon2_memory_reserve(struct argon2_memory *memory, struct argon2_cost cost);
void argon2_memory_release(struct argon2_memory *memory);

/* What is hashed. */
struct argon2_input {
    struct mem password;
    struct mem salt;       /* 8 to 64 bytes */
    struct mem secret, ad; /* the pepper and associated data; may be empty */
};

/*
 * Computes the tag into out (out_n 4 to 1024 bytes). E_INVALID when a parameter is outside RFC
 * 9106 3.1. The memory is left holding password-derived blocks that a following hash overwrites;
 * the password itself is wiped from all buffers.
 */
enum err argon2id(struct argon2_memory *memory, struct argon2_cost cost,
                  const struct argon2_input *input, uint8_t *out, size_t out_n);

/* "avx512", "avx2", "sse2" or "scalar": which core runs here. argon2_use forces one (tests, bench);
   false when this processor lacks it. */
const char *argon2_core(void);
bool argon2_use(const char *core);
