/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random sequences of API calls against a whole house in memory (security-cases 5.6, number 32).
 * The bytes decide each step; the model of test/feature/stateful.h says who may pass. Opening a
 * house takes as long as a hundred steps, so some walks share one, each with people of its own and
 * none earlier than the one before.
 */
#include "../feature/stateful.h"

#include "base/clock.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { GUESTS_MAX = 50 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *input;
static size_t input_size;

/* The house needs no key file then, which would be synced to the disk for each input. */
int LLVMFuzzerInitialize(int *, char ***)
{
    test_quieten_log();
    return setenv("ENCRYPTION_KEYS", "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 1);
}

static struct world *house;
static int64_t left_at;
static int guests;

static void enter(void)
{
    struct db *db = house ? house->real_db : test_store("memory");
    REQUIRE(db != NULL);
    if (house)
        clock_freeze(left_at);
    else
        house = world_open(db);
}

static void leave(void)
{
    left_at = clock_now();
    if (++guests % GUESTS_MAX)
        return;
    struct db *db = house->real_db;
    world_close(house);
    test_store_close(db);
    house = NULL;
}

static void run(void)
{
    enter();
    REQUIRE(house != NULL);
    stateful_walk(house, input, input_size);
    leave();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input = data;
    input_size = size;
    if (test_run(run)) {
        (void)fflush(stdout); /* the story */
        abort();
    }
    return 0;
}
