/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times: written one way, read strictly.
 */
#include "base/clock.h"

#include "../test.h"

TEST(clock_formats)
{
    char http[30];
    CHECK_TEXT(clock_format(test_arena(), 0), "1970-01-01T00:00:00.000Z");
    CHECK_TEXT(clock_format(test_arena(), 1'795'237'381'123), "2026-11-21T05:03:01.123Z");
    CHECK_TEXT(clock_format(test_arena(), -1), "1969-12-31T23:59:59.999Z");
    CHECK_TEXT(clock_format(test_arena(), 951'782'400'000), "2000-02-29T00:00:00.000Z");
    clock_format_http(1'795'237'381'123, http);
    CHECK_TEXT(http, "Sat, 21 Nov 2026 05:03:01 GMT");
    clock_format_http(784'111'777'000, http); /* RFC 9110 5.6.7 */
    CHECK_TEXT(http, "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(clock_parses_rfc_3339_and_nothing_else)
{
    static const struct {
        const char *text;
        int64_t at; /* -1: refused */
    } cases[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "2026-11-21T05:03:01.123Z", 1'795'237'381'123 },
        { "2026-11-21t05:03:01.123z", 1'795'237'381'123 },
        { "2026-11-21T05:03:01.1239999Z", 1'795'237'381'123 },
        { "2026-11-21T05:03:01.1Z", 1'795'237'381'100 },
        { "2026-11-21T06:33:01+01:30", 1'795'237'381'000 },
        { "2026-11-20T23:03:01-06:00", 1'795'237'381'000 },
        { "2000-02-29T00:00:00Z", 951'782'400'000 },
        { "2001-02-29T00:00:00Z", -1 },
        { "2026-02-30T00:00:00Z", -1 },
        { "2026-13-01T00:00:00Z", -1 },
        { "2026-00-01T00:00:00Z", -1 },
        { "2026-01-00T00:00:00Z", -1 },
        { "2026-01-01T24:00:00Z", -1 },
        { "2026-01-01T00:60:00Z", -1 },
        { "2026-01-01T00:00:61Z", -1 },
        { "2026-01-01T00:00:00", -1 },
        { "2026-01-01T00:00:00+24:00", -1 },
        { "2026-01-01T00:00:00+01:60", -1 },
        { "2026-01-01T00:00:00+0100", -1 },
        { "2026-01-01T00:00:00Z ", -1 },
        { " 2026-01-01T00:00:00Z", -1 },
        { "2026-01-01", -1 },
        { "26-01-01T00:00:00Z", -1 },
        { "2026-1-1T00:00:00Z", -1 },
        { "1969-12-31T23:59:59Z", -1 },
        { "", -1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t at = -1;
        bool good = clock_parse(cases[i].text, &at);
        if (good != (cases[i].at >= 0) || at != cases[i].at)
            test_fail(__FILE__, __LINE__, "\"%s\" is %lld", cases[i].text, (long long)at);
    }
}

TEST(clock_round_trips)
{
    for (int64_t at = 0; at < INT64_C(7'000'000'000'000); at += INT64_C(86'399'999) * 97) {
        int64_t back = -1;
        CHECK(clock_parse(clock_format(test_arena(), at), &back));
        CHECK_NUM(back, at);
    }
}

TEST(clock_moves_for_tests_only_when_told)
{
    clock_freeze(1'000'000);
    CHECK_NUM(clock_now(), 1'000'000);
    clock_shift(5 * MINUTE);
    CHECK_NUM(clock_now(), 1'300'000);
    clock_shift(-MINUTE);
    CHECK_NUM(clock_now(), 1'240'000);
    clock_reset_shift();
    CHECK_NUM(clock_now(), 1'000'000);
    clock_freeze(0);
    CHECK(clock_now() > INT64_C(1'700'000'000'000));
    int64_t first = clock_monotonic_ns();
    clock_shift(-DAY);
    CHECK(clock_monotonic_ns() >= first);
}

TEST(clock_reads_spans)
{
    static const struct {
        const char *text;
        int64_t span; /* -1: none */
    } cases[] = {
        { "90s", 90 * SECOND },
        { "10m", 10 * MINUTE },
        { "24h", DAY },
        { "14d", 14 * DAY },
        { "0", 0 },
        { "5", 5 * SECOND },
        { "", -1 },
        { "d", -1 },
        { "1w", -1 },
        { "1 d", -1 },
        { "1dd", -1 },
        { "-1d", -1 },
        { "+1d", -1 },
        { "1.5h", -1 },
        { "0x1s", -1 },
        { "99999999999d", -1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t span = -1;
        bool good = clock_parse_span(cases[i].text, &span);
        CHECK_NUM(good ? span : -1, cases[i].span);
    }
}
