/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: windows, many keys in bounded memory, many threads at one counter, and a clock that goes
 * back.
 */
#include "service/limit.h"

#include "../test.h"
#include "base/clock.h"
#include "base/text.h"
#include "service/setting.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

#define RULE "test ip"

static const int64_t start = INT64_C(1795237200000);

static void begin(void)
{
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    clock_freeze(start);
    limit_reset();
}

static struct limit_state take(const char *key)
{
    return limit_take(RULE, mem_text(key), 3, MINUTE);
}

TEST(a_window_lets_its_number_pass_and_ends_after_its_span)
{
    begin();
    for (int i = 0; i < 3; i++) {
        struct limit_state s = take("a");
        CHECK(s.is_allowed);
        CHECK_NUM(s.limit, 3);
        CHECK_NUM(s.remaining, 2 - i);
        CHECK_NUM(s.resets_in, MINUTE);
    }
    clock_freeze(start + MINUTE - 1);
    CHECK(!take("a").is_allowed);
    CHECK_NUM(take("a").resets_in, 1);
    CHECK(take("b").is_allowed);
    CHECK(limit_take("another rule", mem_text("a"), 3, MINUTE).is_allowed);
    clock_freeze(start + MINUTE);
    CHECK_NUM(take("a").remaining, 2);
}

/* A refused try does not make the window longer. */
TEST(a_refusal_is_not_counted)
{
    begin();
    for (int i = 0; i < 10; i++)
        take("a");
    CHECK_NUM(take("a").remaining, 0);
    clock_freeze(start + MINUTE);
    CHECK(take("a").is_allowed);
}

TEST(TIME_01_a_clock_set_back_locks_nobody_out)
{
    begin();
    for (int i = 0; i < 5; i++)
        take("a");
    clock_freeze(start - 365 * DAY);
    struct limit_state s = take("a");
    CHECK(s.is_allowed);
    CHECK_NUM(s.remaining, 2);
    CHECK(s.resets_in <= MINUTE);
}

/* A rule and a key do not run into each other. */
TEST(keys_are_told_apart_from_rules)
{
    begin();
    for (int i = 0; i < 4; i++)
        limit_take("ab", mem_text("c"), 3, MINUTE);
    CHECK(limit_take("a", mem_text("bc"), 3, MINUTE).is_allowed);
    CHECK(limit_take("abc", MEM_NONE, 3, MINUTE).is_allowed);
}

/* Ten million of them in `make soak`. */
static uint32_t flood(void)
{
    int64_t n;
    const char *said = getenv("LIMIT_KEYS");
    return said && text_parse_int(said, 1, UINT32_MAX, &n) ? (uint32_t)n : 300'000;
}

static long memory_kib(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* A flood of keys takes no memory and does not free who is refused at the moment: the table
   prefers to forget what ends sooner. */
TEST(RATE_10_a_flood_of_keys_frees_nobody_from_a_longer_limit)
{
    begin();
    long before = memory_kib();
    uint32_t count = flood();
    for (int i = 0; i < 4; i++)
        limit_take("long", mem_text("victim"), 3, HOUR);
    for (uint32_t i = 0; i < count; i++)
        limit_take(RULE, MEM(&i, sizeof i), 3, MINUTE);
    CHECK(!limit_take("long", mem_text("victim"), 3, HOUR).is_allowed);
    CHECK(memory_kib() - before < 8 * 1024); /* the table is 1.5 MiB */
}

static _Atomic int passed;

static void *guess(void *arg)
{
    for (int i = 0; i < 200; i++)
        passed += limit_take("parallel", mem_text("ann"), 100, MINUTE).is_allowed;
    return arg;
}

TEST(RATE_09_parallel_tries_pass_exactly_as_often_as_allowed)
{
    pthread_t threads[8];
    begin();
    passed = 0;
    for (size_t i = 0; i < COUNT(threads); i++)
        REQUIRE(pthread_create(&threads[i], NULL, guess, NULL) == 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    CHECK_NUM(passed, 100);
}
