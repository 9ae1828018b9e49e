/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tallies in memory: several at once, what others know, and who makes room for whom.
 */
#include "kv/memory.h"

#include "../test.h"
#include "base/clock.h"

static const int64_t start = INT64_C(1795237200000);

static void begin(void)
{
    clock_freeze(start);
    memory_reset();
}

static struct tally tally(uint64_t key, int64_t limit, int64_t span)
{
    return (struct tally){ .key = key, .limit = limit, .span = span };
}

static bool passes(uint64_t key, int64_t limit, int64_t span)
{
    struct tally t = tally(key, limit, span);
    return memory_take(&t, 1) == 1;
}

TEST(all_tallies_are_taken_or_none)
{
    begin();
    for (int i = 0; i < 20; i++) {
        struct tally both[] = { tally(1, 9, HOUR), tally(2, 3, MINUTE), tally(3, 8, HOUR) };
        CHECK_NUM(memory_take(both, 3), i < 3 ? 3 : 1);
    }
    struct tally first = tally(1, 9, HOUR), third = tally(3, 8, HOUR);
    CHECK_NUM(memory_take(&first, 1), 1);
    CHECK_NUM(first.used, 4);
    CHECK_NUM(memory_take(&third, 1), 1);
    CHECK_NUM(third.used, 4);
}

TEST(of_several_that_refuse_the_longest_is_told)
{
    begin();
    CHECK(passes(1, 1, MINUTE) && passes(2, 1, DAY) && passes(3, 1, HOUR));
    struct tally three[] = { tally(1, 1, MINUTE), tally(2, 1, DAY), tally(3, 1, HOUR) };
    CHECK_NUM(memory_take(three, 3), 1);
    CHECK_NUM(three[1].resets_in, DAY);
}

/* What cannot be right lets nobody in. */
TEST(RATE_02_a_limit_of_nothing_refuses)
{
    begin();
    CHECK(!passes(1, 0, MINUTE));
    CHECK(!passes(2, -1, MINUTE));
}

TEST(what_others_counted_counts_here)
{
    begin();
    struct tally told = { .key = 1, .limit = 5, .span = HOUR, .used = 4, .resets_in = MINUTE };
    memory_learn(&told);
    CHECK(passes(1, 5, HOUR));
    CHECK(!passes(1, 5, HOUR));
    told.used = 2; /* less than is known here: their memory was lost, ours was not */
    memory_learn(&told);
    CHECK(!passes(1, 5, HOUR));
    told.used = 900;
    memory_learn(&told);
    clock_freeze(start + MINUTE);
    CHECK(passes(1, 5, HOUR));
}

TEST(a_use_given_back_can_be_used_again)
{
    begin();
    struct tally t = tally(1, 1, HOUR), never = tally(9, 1, HOUR);
    CHECK_NUM(memory_take(&t, 1), 1);
    memory_give_back(&t);
    CHECK(passes(1, 1, HOUR));
    memory_give_back(&never);
    CHECK(passes(9, 1, HOUR));
    CHECK(!passes(9, 1, HOUR));
}

enum { SETS = 8192 };

/* Ten million keys would be the same as these: each set is full many times over. Neither who is
   refused nor who is close to it is forgotten, though their windows end first. */
TEST(RATE_10_a_flood_of_keys_resets_nobody)
{
    begin();
    uint64_t full = SETS * UINT64_C(77) + 5, near = SETS * UINT64_C(77) + 6;
    for (int i = 0; i < 5; i++)
        CHECK(passes(full, 5, MINUTE));
    for (int i = 0; i < 4; i++)
        CHECK(passes(near, 5, MINUTE));
    for (uint64_t i = 0; i < 300'000; i++) /* aimed at their sets, which a stranger cannot do */
        (void)passes(SETS * (1000 + i) + 5 + i % 2, 5, DAY);
    CHECK(!passes(full, 5, MINUTE));
    CHECK(passes(near, 5, MINUTE));
    CHECK(!passes(near, 5, MINUTE));
}

/* And when all that is there is used up, what ends first makes room: nobody is locked out by it. */
TEST(RATE_10_a_table_full_of_refusals_still_counts)
{
    begin();
    for (uint64_t i = 0; i < 100; i++)
        CHECK(passes(SETS * i + 1, 1, MINUTE + (int64_t)i));
    CHECK(!passes(SETS * 99 + 1, 1, MINUTE + 99));
    CHECK(passes(SETS * 500 + 1, 1, HOUR));
    CHECK(!passes(SETS * 500 + 1, 1, HOUR));
}
