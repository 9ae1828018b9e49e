/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Argon2id's filling loop (RFC 9106 3.2 steps 5 and 6, 3.3, 3.4). It waits for memory more than for
 * the processor, so the next reference block is asked for as soon as its place is known, and
 * lanes, which do not depend on each other within a slice, take turns block by block: while one
 * lane computes, the others' memory arrives.
 */
#include "crypto/argon2_core.h"

#include <string.h>

enum { SLICES = 4, LANES_AT_ONCE = 4, TYPE_ID = 2, LINE = 64, ASK_EVERY = 64 };

/* Where one lane is within its segment. */
struct cursor {
    struct argon2_block *prev, *out;
    const struct argon2_block *ref;
    uint32_t lane;
    struct argon2_block input, addresses; /* only for the segments without data dependence */
};

/* G into out, whole. */
static void compress(const struct argon2_core *core, const struct argon2_block *prev,
                     const struct argon2_block *ref, struct argon2_block *out)
{
    struct argon2_block state;
    (void)core->begin(&state, prev, ref, out, false);
    core->finish(&state, out);
}

/* RFC 9106 3.4.1.2: the first half of the first pass takes its places from a counter, so that they
 * tell an observer of the memory bus nothing about the password. */
static bool is_independent(const struct argon2_work *work)
{
    return work->pass == 0 && work->slice < SLICES / 2;
}

/* The addresses of the block with this number within its segment, and of the 127 around it. */
static void start_addresses(const struct argon2_work *work, struct cursor *c, uint32_t i)
{
    const uint64_t fields[] = { work->pass,   c->lane,
                                work->slice,  (uint64_t)work->lanes * work->lane_blocks,
                                work->passes, TYPE_ID };
    memset(&c->input, 0, sizeof c->input);
    for (unsigned k = 0; k < sizeof fields / sizeof fields[0]; k++)
        c->input.w[argon2_place(k)] = fields[k];
    c->input.w[argon2_place(6)] = i / ARGON2_WORDS; /* next_addresses counts from one */
}

static void next_addresses(const struct argon2_core *core, struct cursor *c)
{
    const struct argon2_block zero = { 0 };
    struct argon2_block once;
    c->input.w[argon2_place(6)]++;
    compress(core, &zero, &c->input, &once);
    compress(core, &zero, &once, &c->addresses);
}

/* RFC 9106 3.4.1: the 64 bits that choose the reference of the i-th block of the segment; first is
 * the first word of the block before it. */
static uint64_t choose(const struct argon2_work *work, struct cursor *c, uint32_t i, uint64_t first)
{
    if (!is_independent(work))
        return first;
    if (i % ARGON2_WORDS == 0)
        next_addresses(work->core, c);
    return c->addresses.w[argon2_place(i % ARGON2_WORDS)];
}

/* RFC 9106 3.4.2: maps J1 || J2 to a finished block, newer ones more often. */
static const struct argon2_block *find_reference(const struct argon2_work *work,
                                                 const struct cursor *c, uint32_t i, uint64_t j)
{
    uint32_t lane = c->lane;
    if (work->lanes > 1 && (work->pass > 0 || work->slice > 0))
        lane = (uint32_t)(j >> 32) % work->lanes;

    /* How many blocks may be chosen, and where they begin. */
    uint32_t finished =
        work->pass == 0 ? work->slice * work->segment_blocks : (SLICES - 1) * work->segment_blocks;
    uint32_t start = work->pass == 0 ? 0 : (work->slice + 1) % SLICES * work->segment_blocks;
    uint32_t count = finished;
    if (lane == c->lane)
        count += i - 1; /* finished > 0 where i is 0, so the sum never wraps below zero */
    else if (i == 0)
        count--;

    uint64_t x = (uint64_t)(uint32_t)j * (uint32_t)j >> 32;
    uint64_t at = start + count - 1 - (count * x >> 32);
    if (at >= work->lane_blocks)
        at -= work->lane_blocks;
    return work->blocks + (uint64_t)lane * work->lane_blocks + at;
}

static void fetch(const struct argon2_block *block)
{
    const char *p = (const char *)block;
    for (unsigned i = 0; i < sizeof *block; i += LINE)
        __builtin_prefetch(p + i);
}

static void start_lane(const struct argon2_work *work, struct cursor *c, uint32_t i)
{
    struct argon2_block *lane = work->blocks + (uint64_t)c->lane * work->lane_blocks;
    uint32_t at = work->slice * work->segment_blocks + i;
    c->out = lane + at;
    c->prev = lane + (at > 0 ? at : work->lane_blocks) - 1;
    if (is_independent(work)) {
        start_addresses(work, c, i);
        if (i % ARGON2_WORDS)
            next_addresses(work->core, c);
    }
    c->ref = find_reference(work, c, i, choose(work, c, i, c->prev->w[0]));
}

/* Computes the i-th block of the cursor's segment. */
static void advance(const struct argon2_work *work, struct cursor *c, uint32_t i)
{
    struct argon2_block state;
    uint64_t first = work->core->begin(&state, c->prev, c->ref, c->out, work->pass > 0);
    if (i + 1 < work->segment_blocks) {
        c->ref = find_reference(work, c, i + 1, choose(work, c, i + 1, first));
        fetch(c->ref);
    }
    work->core->finish(&state, c->out);
    c->prev = c->out++;
}

struct consent {
    bool (*ask)(void *arg);
    void *arg;
};

/* The current slice of some lanes, taking turns. False when consent ended. */
static bool fill_lanes(struct argon2_work *work, struct cursor *cursors, uint32_t count,
                       const struct consent *consent)
{
    for (uint32_t k = 0; k < count; k++) {
        cursors[k].lane = work->lane + k;
        start_lane(work, &cursors[k], work->i);
    }
    for (uint32_t i = work->i; i < work->segment_blocks; i++) {
        if (i % ASK_EVERY == 0 && i > work->i && consent->ask && !consent->ask(consent->arg)) {
            work->i = i;
            return false;
        }
        for (uint32_t k = 0; k < count; k++)
            advance(work, &cursors[k], i);
    }
    return true;
}

static bool fill_slice(struct argon2_work *work, struct cursor *cursors,
                       const struct consent *consent)
{
    while (work->lane < work->lanes) {
        uint32_t left = work->lanes - work->lane,
                 count = left < LANES_AT_ONCE ? left : LANES_AT_ONCE;
        if (work->i == 0 && work->pass == 0 && work->slice == 0)
            work->i = 2;
        if (!fill_lanes(work, cursors, count, consent))
            return false;
        work->lane += count;
        work->i = 0;
    }
    work->lane = 0;
    return true;
}

bool argon2_fill(struct argon2_work *work, bool (*may_go_on)(void *arg), void *arg)
{
    const struct consent consent = { may_go_on, arg };
    struct cursor cursors[LANES_AT_ONCE];
    for (; work->pass < work->passes; work->pass++, work->slice = 0)
        for (; work->slice < SLICES; work->slice++)
            if (!fill_slice(work, cursors, &consent))
                return false;
    return true;
}
