/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random walks from fixed seeds: what test/fuzz/fuzz_stateful.c does for longer.
 */
#include "stateful.h"

#include <stdlib.h>

enum { BYTES = 160 };

/* xorshift64: the same walks everywhere. */
static void fill(uint64_t seed, uint8_t bytes[BYTES])
{
    uint64_t x = seed * 0x9E3779B97F4A7C15U + 1;
    for (int i = 0; i < BYTES; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        bytes[i] = (uint8_t)(x >> 32);
    }
}

static void walk_many(struct db *db, uint64_t count)
{
    uint8_t bytes[BYTES];
    struct world *w = world_open(db);
    REQUIRE(w != NULL);
    const char *start = getenv("STATEFUL_SEED");
    uint64_t first = start ? strtoull(start, NULL, 10) : 1;
    for (uint64_t seed = first; seed < first + count; seed++) {
        fill(seed, bytes);
        stateful_walk(w, bytes, sizeof bytes);
    }
    world_close(w);
}

TEST(stateful_no_walk_gains_a_privilege)
{
    struct db *db = test_store("memory");
    REQUIRE(db != NULL);
    walk_many(db, 100);
    test_store_close(db);
}

TEST_ON_STORES(stateful_a_few_walks_on_each_engine)
{
    walk_many(db, 5);
}
