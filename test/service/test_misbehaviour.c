/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who crosses the line, and who does not.
 */
#include "../test.h"

#include "base/clock.h"
#include "service/misbehaviour.h"
#include "service/setting.h"

enum { SOME = 8 };

static void begin(void)
{
    const char *why = "";
    CHECK_OK(setting_open(NULL, true, test_arena(), &why));
    clock_freeze(INT64_C(1795237200000));
    misbehaviour_reset();
}

static void note(const char *address, int times)
{
    struct ip ip;
    CHECK(ip_parse(address, &ip));
    for (int i = 0; i < times; i++)
        misbehaviour_note(ip, 1);
}

/* What crossed the line, as text. */
static const char *taken(void)
{
    struct ip_range ranges[SOME];
    const char *all = "";
    size_t count = misbehaviour_take(ranges, SOME);
    for (size_t i = 0; i < count; i++)
        all = text_format(test_arena(), "%s%s/%d", all, ip_format(test_arena(), ranges[i].ip),
                          ranges[i].bits);
    return all;
}

TEST(hundreds_within_an_hour_are_too_many)
{
    begin();
    note("192.0.2.7", 299);
    CHECK_TEXT(taken(), "");
    note("192.0.2.7", 1);
    CHECK_TEXT(taken(), "192.0.2.7/128");
    CHECK_TEXT(taken(), ""); /* once, and it begins anew */
    note("192.0.2.7", 299);
    CHECK_TEXT(taken(), "");
    note("2001:db8:1:2::1", 150);
    note("2001:db8:1:2:ffff::1", 150); /* one customer */
    CHECK_TEXT(taken(), "2001:db8:1:2::/64");
}

TEST(a_score_drains_in_an_hour)
{
    begin();
    note("192.0.2.7", 299);
    clock_freeze(clock_now() + HOUR / 2);
    note("192.0.2.7", 149);
    CHECK_TEXT(taken(), "");
    clock_freeze(clock_now() + HOUR);
    note("192.0.2.7", 299);
    CHECK_TEXT(taken(), "");
    clock_freeze(clock_now() - 10 * HOUR); /* set back: it neither drains nor grows */
    note("192.0.2.7", 1);
    CHECK_TEXT(taken(), "192.0.2.7/128");
}

TEST(a_few_mistakes_a_minute_are_never_too_many)
{
    begin();
    for (int i = 0; i < 1000; i++) {
        note("192.0.2.7", 4);
        clock_freeze(clock_now() + MINUTE);
    }
    CHECK_TEXT(taken(), "");
}

TEST(many_addresses_of_one_range_count_together)
{
    begin();
    for (int i = 0; i < 200; i++)
        note(text_format(test_arena(), "2001:db8:1:%x::1", i), 10);
    CHECK_TEXT(taken(), "2001:db8:1::/48");
    for (int i = 0; i < 200; i++)
        note(text_format(test_arena(), "198.51.100.%d", i), 10);
    CHECK_TEXT(taken(), "198.51.100.0/120");
}

/* One address in the moment before its block counts: not enough for its neighbours. */
TEST(RATE_08_one_address_does_not_bring_its_neighbours_over_the_line)
{
    begin();
    note("192.0.2.7", 50'000);
    note("2001:db8:1:2::1", 50'000);
    const char *over = taken();
    CHECK(strstr(over, "192.0.2.7/128") && strstr(over, "2001:db8:1:2::/64"));
    CHECK(!strstr(over, "/120") && !strstr(over, "/48"));
}

TEST(very_many_strangers_do_not_wash_away_a_busy_one)
{
    begin();
    note("192.0.2.7", 290);
    for (int i = 0; i < 20'000; i++)
        note(text_format(test_arena(), "10.%d.%d.1", i / 250, i % 250), 1);
    note("192.0.2.7", 10);
    CHECK_TEXT(taken(), "192.0.2.7/128");
}

TEST(nothing_is_counted_while_it_is_off)
{
    begin();
    CHECK_OK(setting_override(SETTING_AUTOMATIC_BLOCKS, "false"));
    note("192.0.2.7", 1000);
    CHECK_OK(setting_override(SETTING_AUTOMATIC_BLOCKS, "true"));
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "off"));
    note("192.0.2.7", 1000);
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    CHECK_TEXT(taken(), "");
    clock_freeze(0);
}
