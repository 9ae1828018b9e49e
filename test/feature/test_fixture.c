/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The doors of the test fixture: time moves for sessions, tokens, links, limits and jobs alike, and
 * none of it exists outside the fixture.
 */
#include "sample.h"

#include "base/clock.h"
#include "service/outbox.h"
#include "service/setting.h"

#include <string.h>

#define CLOCK "/v1/test/clock"

/* The world as `serve --dev --ephemeral` has it: its doors, and its own list of mails. */
static void become_fixture(void)
{
    setting_set_ephemeral(true);
    outbox_set_sender(NULL, NULL);
}

static void become_ordinary(void)
{
    setting_set_ephemeral(false);
}

/* Not among the tests in a world, which the torture run fails in the middle: a leap of the clock
 * does the jobs' work, and what they wrote stays whatever becomes of the answer. */
#define TEST_IN_FIXTURE(name_)            \
    static void name_(struct world *w);   \
    TEST_ON_STORES(fixture_##name_)       \
    {                                     \
        struct world *w = world_open(db); \
        REQUIRE(w != NULL);               \
        become_fixture();                 \
        name_(w);                         \
        become_ordinary();                \
        world_close(w);                   \
    }                                     \
    static void name_([[maybe_unused]] struct world *w)

static int64_t now_of(const struct reply *r)
{
    int64_t at = 0;
    CHECK(text_of(r, "now") && clock_parse(text_of(r, "now"), &at));
    return at;
}

static struct reply *advance(struct world *w, const char *span)
{
    return post(client(w), CLOCK, json("advance", span, NULL));
}

static const char *token_in(const struct reply *mails)
{
    const char *link = text_of(mails, "data.0.links.0"), *at = link ? strstr(link, "token=") : NULL;
    CHECK(at != NULL);
    return at ? at + strlen("token=") : "";
}

/* Ann, confirmed by the mail that the fixture shows. */
static struct client *member(struct world *w)
{
    struct client *c = client(w);
    CHECK_NUM(post(c, "/v1/auth/register", json("email", ANN, "password", PASSWORD, NULL))->status,
              202);
    const char *token = token_in(get(c, "/dev/mail.json?kind=verify_email"));
    CHECK_NUM(post(c, "/v1/auth/verify-email", json("token", token, NULL))->status, 200);
    return c;
}

TEST_IN_FIXTURE(the_clock_moves_on)
{
    struct client *c = client(w);
    int64_t start = now_of(get(c, CLOCK));
    CHECK_NUM(now_of(advance(w, "30d")), start + 30 * DAY);
    CHECK_NUM(now_of(advance(w, "90")), start + 30 * DAY + 90 * SECOND);
    CHECK_NUM(now_of(advance(w, "0s")), start + 30 * DAY + 90 * SECOND);
    struct reply *r = post(c, CLOCK, json("set", "2027-06-01T12:00:00+02:00", NULL));
    CHECK_TEXT(text_of(r, "now"), "2027-06-01T10:00:00.000Z");
    CHECK_NUM(now_of(post(c, "/v1/test/jobs", NULL)), now_of(r));
}

TEST_IN_FIXTURE(the_clock_never_goes_back)
{
    static const char *const bodies[] = {
        "{\"set\":\"2020-01-01T00:00:00Z\"}",
        "{\"set\":\"9999-01-01T00:00:00Z\"}",
        "{\"set\":\"tomorrow\"}",
        "{\"set\":\"2027-01-01T00:00:00Z\",\"advance\":\"1d\"}",
        "{\"advance\":\"-1d\"}",
        "{\"advance\":\"1000000000d\"}",
        "{\"advance\":\"d\"}",
        "{\"advance\":\"\"}",
        "{\"advance\":30}",
        "{}",
    };
    int64_t start = clock_now();
    for (size_t i = 0; i < COUNT(bodies); i++)
        check_problem(post(client(w), CLOCK, bodies[i]), 422, "fields_invalid");
    CHECK_NUM(post(client(w), CLOCK, "{\"back\":\"1d\"}")->status, 400);
    CHECK_NUM(clock_now(), start);
}

TEST_IN_FIXTURE(everything_follows_the_clock)
{
    struct client *ann = member(w);
    CHECK_NUM(login(ann, ANN, PASSWORD)->status, 200);
    CHECK_NUM(post(ann, "/v1/auth/password/forgot", json("email", ANN, NULL))->status, 202);
    struct reply *mail = get(client(w), "/dev/mail.json?to=Ann%40example.org&kind=reset_password");
    const char *token = token_in(mail);

    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
    (void)advance(w, "9m");
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
    (void)advance(w, "4m"); /* ten minutes and the skew */
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 401);
    struct reply *r = post(ann, "/v1/auth/refresh", json("refresh_token", ann->refresh, NULL));
    CHECK_NUM(r->status, 200);
    ann->bearer = text_of(r, "access_token");
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
    (void)advance(w, "18m"); /* the reset link is over */
    CHECK_NUM(post(client(w), "/v1/auth/password/reset",
                   json("token", token, "password", "another walnut chair", NULL))
                  ->status,
              410);
    (void)advance(w, "13d");
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM reset"), 0);
    (void)advance(w, "2d"); /* idle for a fortnight: the job took it */
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
}

/* The last use is noted by a job each half minute; a leap must not come before it. */
TEST_IN_FIXTURE(a_leap_forgets_no_use_of_a_session)
{
    struct client *c = member(w);
    (void)get(c, "/login");
    CHECK_NUM(login_page(c, ANN, PASSWORD)->status, 303);
    for (int i = 0; i < 4; i++) {
        (void)advance(w, "10d");
        CHECK_NUM(get(c, "/settings")->status, 200);
    }
    (void)advance(w, "15d");
    CHECK_NUM(get(c, "/settings")->status, 303);
}

TEST_IN_FIXTURE(limits_follow_the_clock)
{
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    int refused = 0;
    for (int i = 0; i < 40; i++)
        refused +=
            post(client(w), "/v1/auth/password/forgot", json("email", ANN, NULL))->status == 429;
    CHECK(refused > 0);
    (void)advance(w, "2d");
    CHECK_NUM(post(client(w), "/v1/auth/password/forgot", json("email", ANN, NULL))->status, 202);
}

TEST_IN_FIXTURE(the_mailbox_for_programs_tells_mails_apart)
{
    struct client *c = client(w);
    (void)post(c, "/v1/auth/register", json("email", ANN, "password", PASSWORD, NULL));
    (void)post(c, "/v1/auth/register", json("email", BEN, "password", PASSWORD, NULL));
    struct reply *all = get(c, "/dev/mail.json"), *ben = get(c, "/dev/mail.json?to=" BEN);
    CHECK(strstr(all->body, ANN) && strstr(all->body, BEN));
    CHECK(!strstr(ben->body, ANN) && strstr(ben->body, BEN));
    CHECK_TEXT(text_of(ben, "data.0.kind"), "verify_email");
    CHECK(text_starts(text_of(ben, "data.0.links.0"), "http://localhost:8080/verify-email?token="));
    CHECK_TEXT(get(c, "/dev/mail.json?kind=nothing")->body, "{\"data\":[]}");
}

/* Development mode alone has no fixture; without it the mailbox is gone too. */
TEST_IN_WORLD(RBAC_01_fixture_doors_are_not_there_otherwise)
{
    static const char *const methods[] = { "GET", "POST", "PUT", "DELETE", "OPTIONS" };
    const char *why = "";
    int64_t start = clock_now();
    struct client *c = client(w);
    for (size_t i = 0; i < COUNT(methods); i++) {
        bool has_body = strcmp(methods[i], "POST") == 0;
        CHECK_NUM(call(c, methods[i], CLOCK, has_body ? "{\"advance\":\"1d\"}" : NULL)->status,
                  call(c, methods[i], "/v1/test/nope", has_body ? "{}" : NULL)->status);
        CHECK_NUM(call(c, methods[i], "/v1/test/jobs", NULL)->status,
                  call(c, methods[i], "/v1/test/nope", NULL)->status);
    }
    CHECK_NUM(post(c, CLOCK, "{\"no\":1}")->status, 404);
    CHECK_NUM(get(c, "/dev/mail.json")->status, 200);
    CHECK(!strstr(get(c, "/openapi.json")->body, "/v1/test/"));
    CHECK_OK(setting_open(NULL, false, &w->arena, &why));
    CHECK_OK(setting_override(SETTING_PUBLIC_URL, "http://localhost:8080"));
    CHECK_NUM(get(c, "/dev/mail.json")->status, 404);
    CHECK_NUM(get(c, "/dev/mail.json?nope=1")->status, 404);
    CHECK_NUM(post(c, CLOCK, json("advance", "1d", NULL))->status, 404);
    CHECK_NUM(clock_now(), start);
}
