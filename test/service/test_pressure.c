/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pressure: ranges, fading, bounded memory, and that a crowd never closes the door to everybody.
 */
#include "service/pressure.h"

#include "../test.h"
#include "base/clock.h"
#include "service/setting.h"

static const int64_t start = INT64_C(1795237200000);

static void begin(void)
{
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    clock_freeze(start);
    pressure_reset();
}

static struct ip ip_of(const char *text)
{
    struct ip ip = { 0 };
    CHECK(ip_parse(text, &ip));
    return ip;
}

static void note(const char *from, int times)
{
    for (int i = 0; i < times; i++)
        pressure_note(ip_of(from), 1);
}

TEST(nobody_starts_with_pressure)
{
    begin();
    CHECK_NUM(pressure_of(ip_of("192.0.2.1")), 0);
    CHECK_NUM(pressure_of(ip_of("2001:db8::1")), 0);
}

/* One source that guesses once at each of very many accounts. */
TEST(RATE_08_a_range_that_fails_is_under_pressure)
{
    static const struct {
        const char *from, *other;
        int times, at_least, at_most;
    } cases[] = {
        { "192.0.2.1", "192.0.2.1", 5, 1, 10 },
        { "192.0.2.1", "192.0.2.1", 45, 40, 49 },
        { "192.0.2.1", "192.0.2.1", 50, 50, 50 },
        { "192.0.2.1", "192.0.2.200", 50, 50, 50 },
        { "192.0.2.1", "::ffff:192.0.2.9", 50, 50, 50 },
        { "192.0.2.1", "192.0.2.1", 2500, 100, 100 },
        { "192.0.2.1", "192.0.3.1", 50, 1, 10 },
        { "192.0.2.1", "192.0.3.1", 5000, 10, 10 },
        { "192.0.2.1", "198.51.100.1", 500, 0, 5 },
        { "2001:db8:1:1::1", "2001:db8:1:1:ffff::2", 50, 50, 50 },
        { "2001:db8:1:1::1", "2001:db8:1:2::1", 50, 15, 25 },
        { "2001:db8:1:1::1", "2001:db8:1:2::1", 5000, 40, 40 },
        { "2001:db8:1:1::1", "2001:db8:1:ff00::1", 5000, 10, 10 },
        { "2001:db8:1:1::1", "2001:db8:2::1", 500, 0, 5 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        begin();
        note(cases[i].from, cases[i].times);
        int got = pressure_of(ip_of(cases[i].other));
        if (got < cases[i].at_least || got > cases[i].at_most)
            test_fail(__FILE__, __LINE__, "case %zu: %d", i, got);
    }
}

TEST(pressure_fades_and_a_clock_set_back_does_no_harm)
{
    begin();
    note("192.0.2.1", 50);
    clock_freeze(start + 5 * MINUTE);
    CHECK_NUM(pressure_of(ip_of("192.0.2.1")), 37);
    clock_freeze(start + 10 * MINUTE);
    CHECK_NUM(pressure_of(ip_of("192.0.2.1")), 25);
    clock_freeze(start + DAY);
    CHECK_NUM(pressure_of(ip_of("192.0.2.1")), 0);
    note("192.0.2.1", 50);
    clock_freeze(start - 365 * DAY);
    CHECK_NUM(pressure_of(ip_of("192.0.2.1")), 50);
    note("192.0.2.1", 5);
    clock_freeze(start - 365 * DAY + 11 * MINUTE);
    CHECK(pressure_of(ip_of("192.0.2.1")) < 30);
}

/* Whoever lives beside an attacker is rid of him half an hour after he stops. */
TEST(RATE_08_neighbours_are_free_soon_after_an_attack)
{
    begin();
    note("192.0.2.1", 100'000);
    clock_freeze(start + 20 * MINUTE);
    CHECK_NUM(pressure_of(ip_of("192.0.2.7")), 100);
    clock_freeze(start + 31 * MINUTE);
    CHECK(pressure_of(ip_of("192.0.2.7")) < 50);
}

/* A flood of what costs nothing, from one address: its neighbours are not asked for captchas. */
TEST(RATE_08_one_source_does_not_weigh_on_strangers)
{
    begin();
    note("192.0.2.1", 100'000);
    CHECK_NUM(pressure_of(ip_of("192.0.2.1")), 100);
    CHECK_NUM(pressure_of(ip_of("192.0.3.1")), 10);
    CHECK_NUM(pressure_of(ip_of("198.51.100.1")), 1);
    for (int i = 0; i < 6; i++)
        note(text_format(test_arena(), "192.0.%d.1", 10 + i), 100);
    CHECK(pressure_of(ip_of("192.0.3.1")) >= 50);
}

/* However much happens elsewhere, a calm range is never asked for more than a captcha. */
TEST(everybody_together_weigh_no_more_than_sixty)
{
    begin();
    for (int i = 0; i < 20'000; i++)
        pressure_note(ip_of(text_format(test_arena(), "10.%d.%d.1", i % 200, i / 200)), 1);
    CHECK_NUM(pressure_of(ip_of("198.51.100.1")), 60);
}

/* A flood of networks takes no memory and does not wash away what stands against one of them. */
TEST(RATE_10_a_flood_of_networks_clears_nobody)
{
    begin();
    note("192.0.2.1", 75);
    struct ip ip = ip_of("2001:db8::1");
    for (uint32_t i = 0; i < 200'000; i++) {
        ip.bytes[2] = (uint8_t)(i >> 16);
        ip.bytes[4] = (uint8_t)(i >> 8);
        ip.bytes[5] = (uint8_t)i;
        pressure_note(ip, 1);
    }
    CHECK_NUM(pressure_of(ip_of("192.0.2.1")), 75);
}

TEST(there_is_no_pressure_while_limits_are_off)
{
    begin();
    note("192.0.2.1", 100);
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "off"));
    CHECK_NUM(pressure_of(ip_of("192.0.2.1")), 0);
}
