/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clocks of the world: by the files of the system and by their rules for the years to come, and
 * files that were cut or bent.
 */
#include "service/tzif.h"

#include "../test.h"
#include "base/clock.h"
#include "service/zone.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define SYDNEY "AEST-10AEDT,M10.1.0,M4.1.0/3"
#define DUBLIN "IST-1GMT0,M10.5.0,M3.5.0/1"
#define NUUK "<-02>2<-01>,M3.5.0/-1,M10.5.0/0"

static int64_t at(const char *time)
{
    int64_t ms = 0;
    CHECK(clock_parse(time, &ms));
    return ms;
}

static const struct {
    const char *rule, *time;
    int64_t minutes;
} by_rule[] = {
    { "UTC0", "2026-07-01T12:00:00Z", 0 },
    { "<+0545>-5:45", "2026-07-01T12:00:00Z", 345 },
    { "IST-5:30", "2026-01-01T00:00:00Z", 330 },
    { BERLIN, "2026-01-15T12:00:00Z", 60 },
    { BERLIN, "2026-07-15T12:00:00Z", 120 },
    { BERLIN, "2026-03-29T00:59:59Z", 60 },
    { BERLIN, "2026-03-29T01:00:00Z", 120 },
    { BERLIN, "2026-10-25T00:59:59Z", 120 },
    { BERLIN, "2026-10-25T01:00:00Z", 60 },
    { BERLIN, "2099-12-31T23:30:00Z", 60 },
    { SYDNEY, "2026-01-15T12:00:00Z", 660 },
    { SYDNEY, "2026-07-15T12:00:00Z", 600 },
    { SYDNEY, "2026-04-04T15:59:59Z", 660 },
    { SYDNEY, "2026-04-04T16:00:00Z", 600 },
    { SYDNEY, "2025-12-31T23:30:00Z", 660 },
    { DUBLIN, "2026-07-15T12:00:00Z", 60 },
    { DUBLIN, "2026-01-15T12:00:00Z", 0 },
    { NUUK, "2026-07-15T12:00:00Z", -60 },
    { NUUK, "2026-03-29T00:59:59Z", -120 },
    { NUUK, "2026-03-29T01:00:00Z", -60 },
    { "EST5EDT,J60/0,J300/0", "2028-02-29T12:00:00Z", -300 }, /* J never counts 29 February */
    { "EST5EDT,J60/0,J300/0", "2028-03-01T12:00:00Z", -240 },
    { "EST5EDT,59/0,300/0", "2028-02-29T12:00:00Z", -240 },
};

TEST(a_rule_for_the_years_to_come_tells_the_time)
{
    for (size_t i = 0; i < COUNT(by_rule); i++) {
        int64_t seconds = 1;
        bool is_read = tzif_rule_offset(by_rule[i].rule, at(by_rule[i].time) / SECOND, &seconds);
        if (!is_read || seconds != by_rule[i].minutes * 60)
            test_fail(__FILE__, __LINE__, "%s at %s: %lld", by_rule[i].rule, by_rule[i].time,
                      (long long)seconds);
    }
}

TEST(a_rule_that_is_none_is_refused)
{
    static const char *const wrong[] = {
        "",
        "C",
        "CET",
        "CET-",
        "CET-999",
        "CET-1CEST",
        "<CET-1",
        "CET-1:60",
        "CET-1CEST,M3",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1x",
        "CET-1CEST,,",
        BERLIN "/",
        BERLIN "x",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,J0,J300",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
    };
    int64_t seconds;
    for (size_t i = 0; i < COUNT(wrong); i++)
        if (tzif_rule_offset(wrong[i], 1'800'000'000, &seconds))
            test_fail(__FILE__, __LINE__, "\"%s\" is taken", wrong[i]);
}

static struct mem berlin(void)
{
    size_t max = 65'536;
    char *bytes = arena_alloc(test_arena(), max);
    int file = open("/usr/share/zoneinfo/Europe/Berlin", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return MEM_NONE;
    ssize_t n = read(file, bytes, max);
    close(file);
    return MEM(bytes, n > 0 ? (size_t)n : 0);
}

TEST(a_zone_of_the_system_tells_the_time)
{
    static const struct {
        const char *time;
        int64_t minutes;
    } cases[] = {
        { "1970-06-01T00:00:00Z", 60 },  { "1981-07-01T00:00:00Z", 120 },
        { "2026-03-29T00:59:59Z", 60 },  { "2026-03-29T01:00:00Z", 120 },
        { "2026-10-25T00:59:59Z", 120 }, { "2026-10-25T01:00:00Z", 60 },
        { "2060-07-01T00:00:00Z", 120 },
    };
    int64_t ahead;
    if (!berlin().n)
        return; /* a system without tables */
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK(zone_offset("Europe/Berlin", at(cases[i].time), &ahead));
        CHECK_NUM(ahead, cases[i].minutes * MINUTE);
    }
    CHECK(!zone_offset("Europe/Atlantis", at(cases[0].time), &ahead));
    CHECK(!zone_offset("../../../etc/passwd", at(cases[0].time), &ahead));
}

/* On the heap, so that its end is watched. */
static void read_copy(struct mem of, size_t bend)
{
    int64_t seconds;
    char *copy = malloc(of.n ? of.n : 1);
    REQUIRE(copy);
    memcpy(copy, of.p, of.n);
    if (bend < of.n)
        copy[bend] = (char)(copy[bend] ^ 0xFF);
    (void)tzif_offset(MEM(copy, of.n), 1'800'000'000, &seconds);
    (void)tzif_offset(MEM(copy, of.n), 3'000'000'000, &seconds);
    free(copy);
}

/* The sanitizers watch that nothing beyond the bytes is read. */
TEST(a_file_that_was_cut_or_bent_is_read_within_its_bytes)
{
    struct mem whole = berlin();
    int64_t seconds;
    for (size_t n = 0; n < whole.n; n += n < 128 ? 1 : 7)
        read_copy(MEM(whole.p, n), n);
    for (size_t i = 0; i < whole.n; i += i < 128 ? 1 : 11)
        read_copy(whole, i);
    CHECK(!tzif_offset(MEM(whole.p, whole.n ? 40 : 0), 0, &seconds));
}
