/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Argon2id: see argon2.h. This file has what surrounds the filling (RFC 9106 3.2 and 3.3): the
 * first hash, the first two blocks of each lane, the tag; and the choice of a core.
 */
#include "crypto/argon2.h"

#include "crypto/argon2_core.h"
#include "crypto/blake2b.h"

#include <stdatomic.h>
#include <string.h>

enum { VERSION = 0x13, TYPE_ID = 2, SLICES = 4, FIRST_HASH = 64 };

/* Best first. */
static const struct argon2_core *const cores[] = {
#ifdef __x86_64__
    &argon2_core_avx512,
    &argon2_core_avx2,
    &argon2_core_sse2,
#endif
    &argon2_core_scalar,
};

static const struct argon2_core *_Atomic chosen;

static const struct argon2_core *choose_core(void)
{
    const struct argon2_core *core = chosen;
    for (size_t i = 0; !core; i++)
        if (cores[i]->is_here())
            core = cores[i];
    chosen = core;
    return core;
}

const char *argon2_core(void)
{
    return choose_core()->name;
}

bool argon2_use(const char *name)
{
    for (size_t i = 0; i < sizeof cores / sizeof cores[0]; i++) {
        if (strcmp(cores[i]->name, name) != 0)
            continue;
        if (!cores[i]->is_here())
            return false;
        chosen = cores[i];
        return true;
    }
    return false;
}

/* RFC 9106 3.3: the hash of any length, H'. */
static void hash_long(struct mem input, uint8_t *out, size_t out_n)
{
    struct blake2b b;
    uint8_t v[BLAKE2B_BYTES_MAX];
    size_t n = out_n < sizeof v ? out_n : sizeof v;
    blake2b_init(&b, n);
    blake2b_add_num(&b, (uint32_t)out_n);
    blake2b_add(&b, input);
    blake2b_done(&b, v);
    /* Half of each full hash goes out and all of it is the next one's input. */
    while (out_n > sizeof v) {
        memcpy(out, v, sizeof v / 2);
        out += sizeof v / 2;
        out_n -= sizeof v / 2;
        n = out_n < sizeof v ? out_n : sizeof v;
        blake2b_init(&b, n);
        blake2b_add(&b, MEM(v, sizeof v));
        blake2b_done(&b, v);
    }
    memcpy(out, v, n);
    mem_wipe(v, sizeof v);
}

static void add_counted(struct blake2b *b, struct mem bytes)
{
    blake2b_add_num(b, (uint32_t)bytes.n);
    blake2b_add(b, bytes);
}

/* RFC 9106 3.2 step 1: H0. */
static void hash_first(struct argon2_cost cost, const struct argon2_input *input, size_t out_n,
                       uint8_t ret[FIRST_HASH])
{
    const uint32_t numbers[] = { cost.lanes,  (uint32_t)out_n, cost.memory_kib,
                                 cost.passes, VERSION,         TYPE_ID };
    struct blake2b b;
    blake2b_init(&b, FIRST_HASH);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        blake2b_add_num(&b, numbers[i]);
    add_counted(&b, input->password);
    add_counted(&b, input->salt);
    add_counted(&b, input->secret);
    add_counted(&b, input->ad);
    blake2b_done(&b, ret);
}

static void read_block(struct argon2_block *block, const uint8_t bytes[ARGON2_BLOCK])
{
    for (unsigned i = 0; i < ARGON2_WORDS; i++) {
        uint64_t word = 0;
        for (int k = 7; k >= 0; k--)
            word = word << 8 | bytes[8 * i + (unsigned)k];
        block->w[argon2_place(i)] = word;
    }
}

static void write_block(const struct argon2_block *block, uint8_t bytes[ARGON2_BLOCK])
{
    for (unsigned i = 0; i < ARGON2_BLOCK; i++)
        bytes[i] = (uint8_t)(block->w[argon2_place(i / 8)] >> 8 * (i % 8));
}

/* RFC 9106 3.2 steps 3 and 4; first holds H0 and room for two numbers. */
static void start_lanes(const struct argon2_work *work, uint8_t first[FIRST_HASH + 8])
{
    uint8_t bytes[ARGON2_BLOCK];
    memset(first + FIRST_HASH, 0, 8);
    for (uint32_t lane = 0; lane < work->lanes; lane++) {
        first[FIRST_HASH + 4] = (uint8_t)lane;
        for (uint8_t i = 0; i < 2; i++) {
            first[FIRST_HASH] = i;
            hash_long(MEM(first, FIRST_HASH + 8), bytes, sizeof bytes);
            read_block(work->blocks + (uint64_t)lane * work->lane_blocks + i, bytes);
        }
    }
    mem_wipe(bytes, sizeof bytes);
}

/* RFC 9106 3.2 steps 7 and 8. */
static void finish(const struct argon2_work *work, uint8_t *out, size_t out_n)
{
    struct argon2_block sum = { 0 };
    uint8_t bytes[ARGON2_BLOCK];
    for (uint32_t lane = 1; lane <= work->lanes; lane++)
        for (unsigned i = 0; i < ARGON2_WORDS; i++)
            sum.w[i] ^= work->blocks[(uint64_t)lane * work->lane_blocks - 1].w[i];
    write_block(&sum, bytes);
    hash_long(MEM(bytes, sizeof bytes), out, out_n);
    mem_wipe(&sum, sizeof sum);
    mem_wipe(bytes, sizeof bytes);
}

/* RFC 9106 3.1, and argon2.h's narrower bounds. */
static bool is_valid(struct argon2_cost cost, const struct argon2_input *input, size_t out_n)
{
    return cost.lanes >= 1 && cost.lanes <= 255 && cost.passes >= 1 &&
           cost.memory_kib >= 8 * cost.lanes && out_n >= 4 && out_n <= 1024 && input->salt.n >= 8 &&
           input->salt.n <= 64 && input->password.n <= UINT32_MAX &&
           input->secret.n <= UINT32_MAX && input->ad.n <= UINT32_MAX;
}

enum err argon2id(struct argon2_memory *memory, struct argon2_cost cost,
                  const struct argon2_input *input, uint8_t *out, size_t out_n)
{
    if (!is_valid(cost, input, out_n))
        return E_INVALID;
    TRY(argon2_memory_reserve(memory, cost));
    uint8_t first[FIRST_HASH + 8];
    hash_first(cost, input, out_n, first);

    /* RFC 9106 3.2 step 2: the memory is rounded down to whole segments. */
    uint32_t segment_blocks = cost.memory_kib / (SLICES * cost.lanes);
    struct argon2_work work = { .core = choose_core(),
                                .blocks = memory->p,
                                .passes = cost.passes,
                                .lanes = cost.lanes,
                                .lane_blocks = SLICES * segment_blocks,
                                .segment_blocks = segment_blocks };
    start_lanes(&work, first);
    if (memory->fill)
        memory->fill(&work, memory->arg);
    else
        (void)argon2_fill(&work, NULL, NULL);
    finish(&work, out, out_n);
    mem_wipe(first, sizeof first);
    return OK;
}
