/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking passwords up elsewhere, played by a server of our own.
 */
#include "service/password_range.h"

#include "../net/web_fixture.h"
#include "../test.h"
#include "base/clock.h"
#include "net/breaker.h"
#include "service/setting.h"

#include <string.h>

/* And its SHA-1 in two pieces. */
#define PASSWORD "violet harbour drizzle 41"
#define SUFFIX "B296782A7B81C12FA200A51E90E3DC60CC0"
#define PREFIX "1BB8A"
#define OTHER "0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n"

static struct web_fixture begin(void)
{
    struct web_fixture fixture = web_fixture_start(NULL);
    breaker_reset();
    password_range_forget();
    CHECK_OK(setting_override(SETTING_OUTBOUND_ALLOW, "127.0.0.1"));
    CHECK_OK(setting_override(SETTING_PASSWORD_RANGE_URL,
                              text_format(test_arena(), "%s/range/", fixture.origin)));
    return fixture;
}

static void end(struct web_fixture *fixture)
{
    CHECK_OK(setting_override(SETTING_OUTBOUND_ALLOW, NULL));
    CHECK_OK(setting_override(SETTING_PASSWORD_RANGE_URL, NULL));
    password_range_forget();
    breaker_reset();
    web_fixture_stop(fixture);
}

static bool is_listed(struct web_fixture *fixture, int status, const char *body)
{
    breaker_reset();
    password_range_forget();
    web_fixture_answer(fixture, status, body);
    return password_range_look_up(test_arena(), PASSWORD);
}

TEST(PW_04_five_digits_leave_the_house_and_nothing_else)
{
    struct web_fixture fixture = begin();
    CHECK(is_listed(&fixture, 200, OTHER SUFFIX ":17\r\n"));
    const char *sent = web_fixture_last(&fixture);
    CHECK(text_starts(sent, "GET /range/" PREFIX " HTTP/1.1\r\n"));
    CHECK(strstr(sent, "\r\nAdd-Padding: true\r\n"));
    CHECK(!strstr(sent, "violet"));
    CHECK(!strstr(sent, SUFFIX));
    end(&fixture);
}

TEST(PW_04_by_default_nobody_is_asked)
{
    CHECK(!password_range_is_set());
}

TEST(password_range_answers)
{
    static const struct {
        int status;
        const char *body;
        bool is_listed, is_known;
    } samples[] = {
        { 200, OTHER SUFFIX ":1\r\n", true, true },
        { 200, SUFFIX ":1", true, true },
        { 200, SUFFIX ":1\n" OTHER, true, true },
        { 200, OTHER, false, true },
        { 200, SUFFIX ":0\r\n" OTHER, false, true },
        { 200, SUFFIX ":000\r\n", false, true },
        { 200, "", false, false },
        { 200, "<html>" SUFFIX ":1", false, false },
        { 200, OTHER "what is this\r\n", false, false },
        { 200, OTHER SUFFIX "1:1\r\n", false, false },
        { 200, OTHER SUFFIX ":\r\n", false, false },
        { 200, OTHER SUFFIX ":-1\r\n", false, false },
        { 404, SUFFIX ":1\r\n", false, false },
        { 302, SUFFIX ":1\r\n", false, false },
        { 503, SUFFIX ":1\r\n", false, false },
    };
    struct web_fixture fixture = begin();
    for (size_t i = 0; i < COUNT(samples); i++) {
        if (is_listed(&fixture, samples[i].status, samples[i].body) != samples[i].is_listed)
            test_fail(__FILE__, __LINE__, "%s", samples[i].body);
        int before = web_fixture_requests(&fixture);
        CHECK_NUM(password_range_look_up(test_arena(), PASSWORD), samples[i].is_listed);
        CHECK_NUM(web_fixture_requests(&fixture) - before, !samples[i].is_known);
    }
    end(&fixture);
}

TEST(password_range_asks_again_after_an_hour)
{
    struct web_fixture fixture = begin();
    CHECK(is_listed(&fixture, 200, SUFFIX ":1"));
    for (int i = 0; i < 3; i++)
        CHECK(password_range_look_up(test_arena(), PASSWORD));
    CHECK_NUM(web_fixture_requests(&fixture), 1);
    clock_shift(HOUR);
    CHECK(password_range_look_up(test_arena(), PASSWORD));
    CHECK_NUM(web_fixture_requests(&fixture), 2);
    end(&fixture);
}

TEST(password_range_nobody_there_refuses_nobody)
{
    struct web_fixture fixture = begin();
    CHECK_OK(setting_override(SETTING_OUTBOUND_ALLOW, NULL));
    CHECK(!password_range_look_up(test_arena(), PASSWORD));
    CHECK_NUM(web_fixture_connections(&fixture), 0);
    end(&fixture);
}
