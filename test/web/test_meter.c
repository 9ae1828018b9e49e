/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Meters: what SETTING_LIMITS may say, what it may not, and that every door keeps figures.
 */
#include "web/meter.h"

#include "../test.h"
#include "app.h"
#include "service/setting.h"

#include <string.h>

TEST(LIMITS_makes_sense_or_is_refused)
{
    static const struct {
        const char *text, *why; /* why: part of the complaint, NULL for good */
    } cases[] = {
        { "login ip 10/1m", NULL },
        { "login ip 10/1m 100/1h 500/1d 1000/31d", NULL },
        { "login ip 10/1m; register ip 5/1h", NULL },
        { " login   ip 10/1m ;; mail email 5/1h ; ", NULL },
        { "second step ip 3/30s;refresh session 9/90", NULL },
        { "logn ip 10/1m", "there is no door \"logn\"; did you mean \"login\"?" },
        { "everything ip 10/1m", "there is no door \"everything\"" },
        { "login session 10/1m", "\"login\" is counted by ip and email, not by \"session\"" },
        { "login 10/1m", "\"login\" is counted by ip and email, not by \"\"" },
        { "ip 10/1m", "there is no door" },
        { "10/1m", "must end in figures" },
        { "login ip", "must end in figures" },
        { "login ip off", "must end in figures" },
        { "login ip -1/1m", "must end in figures" },
        { "login ip 0/1m", "\"0/1m\" is no figure" },
        { "login ip 1/0s", "is no figure" },
        { "login ip 1/500ms", "is no figure" },
        { "login ip 1/32d", "is no figure" },
        { "login ip 1000001/1m", "is no figure" },
        { "login ip 99999999999999999999/1m", "is no figure" },
        { "login ip 1.5/1m", "is no figure" },
        { "login ip 5/", "is no figure" },
        { "login ip 5", "is no figure" },
        { "login ip 5/1m/2", "is no figure" },
        { "login ip 1/1s 2/2s 3/3s 4/4s 5/5s", "at most 4 windows" },
        { "login ip 1/1m; login ip 2/1m", "\"login ip\" is given twice" },
        { "login ip 1/1m, register ip 2/1m", "there is no door" },
    };
    app_register();
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *why = meters_check(test_arena(), cases[i].text);
        if (cases[i].why ? !why || !strstr(why, cases[i].why) : why != NULL)
            test_fail(__FILE__, __LINE__, "\"%s\": %s", cases[i].text, why ? why : "is accepted");
        CHECK_ERR(setting_override(SETTING_LIMITS, cases[i].text), cases[i].why ? E_INVALID : OK);
    }
    CHECK_OK(setting_override(SETTING_LIMITS, ""));
}

static const struct meter *find(const char *door, const char *by)
{
    for (size_t r = 0; r < router_count(); r++) {
        size_t count;
        const struct meter *const *meters = meters_of(r, &count);
        for (size_t i = 0; i < count; i++)
            if (text_equal(meter_door(meters[i]), door) && text_equal(meter_by_name(meters[i]), by))
                return meters[i];
    }
    return NULL;
}

static void check_windows(const struct meter *m, int64_t first, int64_t second)
{
    int64_t count = 0, span = 0;
    REQUIRE(m);
    CHECK(meter_window(m, 0, &count, &span));
    CHECK_NUM(count, first);
    CHECK_NUM(meter_window(m, 1, &count, &span), second != 0);
    if (second)
        CHECK_NUM(count, second);
    CHECK(!meter_window(m, METER_WINDOWS, &count, &span));
}

TEST(a_setting_changes_figures_and_its_absence_brings_them_back)
{
    app_register();
    check_windows(find("login", "ip"), 5, 0);
    check_windows(find("mail", "email"), 3, 10);
    CHECK_OK(setting_override(SETTING_LIMITS, "login ip 7/1m 70/1h; mail email 2/1h"));
    meters_configure();
    check_windows(find("login", "ip"), 7, 70);
    check_windows(find("mail", "email"), 2, 0);
    check_windows(find("login", "email"), 5, 0);
    CHECK_OK(setting_override(SETTING_LIMITS, ""));
    meters_configure();
    check_windows(find("login", "ip"), 5, 0);
    check_windows(find("mail", "email"), 3, 10);
}

/* A rule in the route table is a meter with a window, always (RATE-02). */
TEST(RATE_02_no_limit_of_the_table_is_lost)
{
    app_register();
    for (size_t r = 0; r < router_count(); r++) {
        const struct route *route = router_nth(r);
        size_t count, rules = 0;
        const struct meter *const *meters = meters_of(r, &count);
        for (size_t i = 0; i < count; i++) {
            int64_t n, span;
            for (size_t k = 0; meter_window(meters[i], k, &n, &span); k++)
                rules += n > 0 && span > 0;
        }
        size_t wanted = 0;
        while (wanted < ROUTE_LIMITS && route->limits[wanted].by)
            wanted++;
        if (rules != wanted)
            test_fail(__FILE__, __LINE__, "%s: %zu of %zu", route->path, rules, wanted);
    }
}
