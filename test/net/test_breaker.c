/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Circuit breakers.
 */
#include "net/breaker.h"

#include "../test.h"

static void fail(const char *place, int times)
{
    for (int i = 0; i < times; i++) {
        CHECK_OK(breaker_enter(place, 0));
        breaker_leave(place, false);
    }
}

TEST(breaker_rests_after_five_failures_and_then_one_looks)
{
    breaker_reset();
    fail("a:443", BREAKER_FAILURES);
    CHECK_ERR(breaker_enter("a:443", 0), E_BUSY);
    CHECK_OK(breaker_enter("b:443", 0));
    breaker_leave("b:443", true);

    clock_shift(BREAKER_REST - SECOND);
    CHECK_ERR(breaker_enter("a:443", 0), E_BUSY);
    clock_shift(SECOND);
    CHECK_OK(breaker_enter("a:443", 0));
    CHECK_ERR(breaker_enter("a:443", 0), E_BUSY);
    breaker_leave("a:443", false);
    CHECK_ERR(breaker_enter("a:443", 0), E_BUSY);

    clock_shift(BREAKER_REST);
    CHECK_OK(breaker_enter("a:443", 0));
    breaker_leave("a:443", true);
    fail("a:443", BREAKER_FAILURES - 1);
    CHECK_OK(breaker_enter("a:443", 0));
    breaker_leave("a:443", true);
    breaker_reset();
}

TEST(breaker_counts_failures_in_a_row_only)
{
    breaker_reset();
    for (int i = 0; i < 3; i++) {
        fail("a:443", BREAKER_FAILURES - 1);
        CHECK_OK(breaker_enter("a:443", 0));
        breaker_leave("a:443", true);
    }
    breaker_reset();
}

TEST(breaker_rests_no_longer_when_the_clock_goes_back)
{
    breaker_reset();
    fail("a:443", BREAKER_FAILURES);
    clock_shift(-HOUR);
    CHECK_OK(breaker_enter("a:443", 0));
    breaker_leave("a:443", true);
    breaker_reset();
}

TEST(breaker_lets_so_many_in_at_once)
{
    breaker_reset();
    for (int i = 0; i < BREAKER_AT_ONCE; i++)
        CHECK_OK(breaker_enter("a:443", 0));
    CHECK_ERR(breaker_enter("a:443", 0), E_BUSY);
    CHECK_OK(breaker_enter("a:443", BREAKER_AT_ONCE + 1));
    breaker_leave("a:443", true);
    CHECK_ERR(breaker_enter("a:443", 0), E_BUSY);
    breaker_leave("a:443", true);
    CHECK_OK(breaker_enter("a:443", 0));
    breaker_reset();
}

TEST(breaker_forgets_the_place_used_longest_ago_and_none_where_somebody_is)
{
    breaker_reset();
    fail("first:443", BREAKER_FAILURES);
    CHECK_OK(breaker_enter("inside:443", 1));
    for (int i = 0; i < BREAKER_PLACES * 2; i++) {
        const char *place = text_format(test_arena(), "%d:443", i);
        CHECK_OK(breaker_enter(place, 0));
        breaker_leave(place, true);
    }
    CHECK_ERR(breaker_enter("inside:443", 1), E_BUSY);
    CHECK_OK(breaker_enter("first:443", 0));
    breaker_reset();
}
