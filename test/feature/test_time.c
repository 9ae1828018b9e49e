/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TIME-01: the clock of the machine is wrong, or is set while the server runs. Nothing lives longer
 * than its lifetime on the latest time that was seen; a server behind that time serves nobody; and
 * a leap ahead destroys nothing.
 */
#include "two_step.h"

#include "account/personal.h"
#include "base/clock.h"
#include "base/log.h"
#include "service/audit.h"
#include "service/house_time.h"
#include "service/job.h"
#include "service/keyring.h"
#include "service/outbox.h"

#include <stdio.h>
#include <string.h>

#define YEAR (365 * DAY)

/* The machine's clock, as a server sees it. */
static void machine(int64_t at)
{
    clock_freeze(at);
}

/* A server that starts at a time: what an earlier one held is forgotten. */
static void start_at(int64_t at)
{
    machine(at);
    clock_hold(at);
}

/* --- what has a lifetime --- */

struct thing {
    const char *email;
    struct client *owner;
    const char *token;
};

struct flow {
    const char *name;
    int64_t lifetime;
    void (*begin)(struct world *w, struct thing *t);
    int (*use)(struct world *w, const struct thing *t); /* gives the status */
};

static void begin_session(struct world *w, struct thing *t)
{
    t->owner = signed_in(w, t->email);
}

static int use_access(struct world *, const struct thing *t)
{
    return get(t->owner, "/v1/auth/me")->status;
}

static int use_refresh(struct world *w, const struct thing *t)
{
    return refresh(client(w), t->owner->refresh)->status;
}

static void begin_reset(struct world *w, struct thing *t)
{
    person(w, t->email, PASSWORD);
    t->token = reset_token(w, t->email);
}

static int use_reset(struct world *w, const struct thing *t)
{
    return reset(client(w), t->token, "another walnut chair")->status;
}

static void begin_verify(struct world *w, struct thing *t)
{
    CHECK_NUM(
        post(client(w), "/v1/auth/register", json("email", t->email, "password", PASSWORD, NULL))
            ->status,
        202);
    t->token = mailed_token(w, t->email, "verify_email");
}

static int use_verify(struct world *w, const struct thing *t)
{
    return verify(client(w), t->token)->status;
}

static void begin_link(struct world *w, struct thing *t)
{
    person(w, t->email, PASSWORD);
    CHECK_NUM(post(client(w), "/v1/auth/magic-link", json("email", t->email, NULL))->status, 202);
    t->token = mailed_token(w, t->email, "magic_link");
}

static int use_link(struct world *w, const struct thing *t)
{
    return post(client(w), "/v1/auth/magic-link/verify", json("token", t->token, NULL))->status;
}

static const struct flow flows[] = {
    { "an access token", 10 * MINUTE, begin_session, use_access },
    { "a refresh token", 14 * DAY, begin_session, use_refresh },
    { "a reset link", 30 * MINUTE, begin_reset, use_reset },
    { "a verification link", DAY, begin_verify, use_verify },
    { "a sign-in link", 15 * MINUTE, begin_link, use_link },
};

static struct thing begin(struct world *w, const struct flow *flow, int64_t at)
{
    static int number;
    struct thing thing = { text_format(test_arena(), "p%d@example.org", number++), NULL, NULL };
    start_at(at);
    flow->begin(w, &thing);
    return thing;
}

static bool succeeds(int status)
{
    return status >= 200 && status < 300;
}

static void check_refused(const struct flow *flow, int64_t step, int status, const char *when)
{
    if (status < 400 || status == 500)
        test_fail(__FILE__, __LINE__, "%s, clock set by %lld s, %s: %d", flow->name,
                  (long long)(step / SECOND), when, status);
}

/* Set back: refused while far behind, and over no later than it would have been. Set forward: over
 * as soon as the clock says so, and for good. */
static void set_clock(struct world *w, const struct flow *flow, int64_t step)
{
    int64_t start = clock_machine();
    struct thing t = begin(w, flow, start);
    machine(start + step);
    if (step < -HOUSE_TIME_BEHIND)
        CHECK_NUM(flow->use(w, &t), 503);
    if (step > flow->lifetime)
        check_refused(flow, step, flow->use(w, &t), "at once");
    machine(start + flow->lifetime + SECOND);
    check_refused(flow, step, flow->use(w, &t), "at its end");
    machine(start + MINUTE);
    check_refused(flow, step, flow->use(w, &t), "back again");
    machine(start + step);
    check_refused(flow, step, flow->use(w, &t), "and set once more");
    machine(start);
}

TEST_IN_WORLD(TIME_01_nothing_outlives_its_lifetime_when_the_clock_is_set)
{
    static const int64_t steps[] = { -HOUR, HOUR, 10 * YEAR, -10 * YEAR, -SECOND, -4 * MINUTE };
    for (size_t i = 0; i < COUNT(flows); i++)
        for (size_t j = 0; j < COUNT(steps); j++)
            set_clock(w, &flows[i], steps[j]);
}

/* Around the leap second of a year's end, when the clock says a second twice, and around the last
 * second of 32 bits. */
TEST_IN_WORLD(TIME_01_odd_seconds_are_as_any_other)
{
    static const int64_t odd[] = { INT64_C(1798761600000), INT64_C(2147483647000) };
    for (size_t i = 0; i < COUNT(odd); i++)
        for (size_t j = 0; j < COUNT(flows); j++) {
            struct thing t = begin(w, &flows[j], odd[i] - 500);
            machine(odd[i] + 400);
            CHECK_NUM(clock_now(), odd[i] + 400);
            machine(odd[i] - 600);
            CHECK_NUM(clock_now(), odd[i] + 400);
            machine(odd[i] + 2 * SECOND);
            CHECK(succeeds(flows[j].use(w, &t)));
            t = begin(w, &flows[j], odd[i] - 500);
            machine(odd[i] - 500 + flows[j].lifetime - SECOND);
            CHECK(succeeds(flows[j].use(w, &t)));
            t = begin(w, &flows[j], odd[i] - 500);
            machine(odd[i] - 500 + flows[j].lifetime + SECOND);
            check_refused(&flows[j], 0, flows[j].use(w, &t), "at its end");
        }
}

TEST_IN_WORLD(TIME_01_time_never_goes_back_in_a_server)
{
    int64_t start = clock_machine();
    struct client *ann = signed_in(w, ANN);
    start_at(start);
    machine(start - 5 * MINUTE);
    CHECK_NUM(clock_now(), start);
    CHECK_NUM(clock_lag(), 5 * MINUTE);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200); /* so far it serves */
    machine(start - 5 * MINUTE - 1);
    struct reply *r = get(ann, "/v1/auth/me");
    CHECK_NUM(r->status, 503);
    CHECK_TEXT(text_of(r, "code"), "busy");
    CHECK(header_of(r, "retry-after") != NULL);
    CHECK_NUM(get(client(w), "/login")->status, 503);
    CHECK_NUM(get(client(w), "/readyz")->status, 503);
    CHECK_NUM(get(client(w), "/livez")->status, 200);
    r = get(client(w), "/health");
    CHECK_NUM(r->status, 503);
    CHECK_TEXT(text_of(r, "clock.status"), "behind");
    CHECK_NUM(num_of(r, "clock.behind_seconds"), 300);
    machine(start + SECOND);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
    CHECK_NUM(get(client(w), "/readyz")->status, 200);
    CHECK_NUM(clock_now(), start + SECOND);
}

/* A second step that waits, and a lock, are as good as any token. */
TEST_IN_WORLD(TIME_01_a_pending_sign_in_and_a_lock_keep_their_time)
{
    struct app app = two_step(w, ANN);
    int64_t start = clock_machine();
    start_at(start);
    struct client *c = client(w);
    const char *handle = first_step(c, ANN);
    REQUIRE(handle);
    machine(start - HOUR);
    CHECK_NUM(second_step(c, handle, code_at(&app, 0))->status, 503);
    machine(start + 10 * MINUTE + SECOND);
    CHECK_NUM(second_step(c, handle, code_at(&app, 0))->status, 401);

    person(w, BEN, PASSWORD);
    for (int i = 0; i < 5; i++)
        CHECK_NUM(login(client(w), BEN, "not at all his")->status, 401);
    machine(start - 10 * YEAR);
    CHECK_NUM(login(client(w), BEN, PASSWORD)->status, 503);
    machine(start + 12 * MINUTE);
    CHECK_NUM(login(client(w), BEN, PASSWORD)->status, 423);
    machine(start + 16 * MINUTE);
    CHECK_NUM(login(client(w), BEN, PASSWORD)->status, 200);
}

/* --- starting --- */

static struct buf logged;

static void sink(const char *line, void *)
{
    buf_text(&logged, line);
}

static enum err hold(struct world *w)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    enum err e = house_time_hold(w->db, &arena);
    arena_done(&arena);
    return e;
}

static int64_t seen(struct world *w)
{
    return count_of(w, "SELECT seen_at FROM house_time");
}

TEST_IN_WORLD(TIME_01_a_server_behind_its_store_does_not_start)
{
    int64_t start = clock_machine();
    CHECK_OK(hold(w));
    CHECK_NUM(seen(w), start);
    clock_hold(0);
    machine(start - 5 * MINUTE);
    CHECK_OK(hold(w)); /* a little behind: it waits for the clock to come as far */
    CHECK_NUM(clock_now(), start);
    CHECK_NUM(seen(w), start);
    clock_hold(0);

    buf_init(&logged, test_arena(), 1 << 16);
    log_capture(sink, NULL);
    machine(start - 5 * MINUTE - SECOND);
    CHECK_ERR(hold(w), E_DENIED);
    test_quieten_log();
    CHECK(strstr(logged.p, "clock.behind") && strstr(logged.p, "2026-11-21T04:54:59.000Z") &&
          strstr(logged.p, "2026-11-21T05:00:00.000Z") && strstr(logged.p, "cardea clock accept"));
    CHECK_NUM(clock_now(), start - 5 * MINUTE - SECOND); /* and holds nothing */
}

TEST_IN_WORLD(TIME_01_the_time_is_noted_once_a_minute)
{
    int64_t start = clock_machine();
    machine(start - HOUR); /* whatever the test before this one left */
    run_jobs(w);
    machine(start);
    run_jobs(w);
    CHECK_NUM(seen(w), start);
    machine(start + 59 * SECOND);
    run_jobs(w);
    CHECK_NUM(seen(w), start);
    machine(start + MINUTE);
    run_jobs(w);
    CHECK_NUM(seen(w), start + MINUTE);
    machine(start - DAY); /* another node, far behind: what was seen was seen */
    run_jobs(w);
    CHECK_NUM(seen(w), start + MINUTE);
    machine(start + 2 * MINUTE);
    wait_for(30 * DAY); /* a fixture that moves its time on purpose does not leap */
    run_jobs(w);
    CHECK_NUM(seen(w), start + 2 * MINUTE);
    CHECK_NUM(count_of(w, "SELECT settles_at FROM house_time"), 0);
}

/* --- a leap --- */

static int64_t accounts(struct world *w)
{
    return count_of(w, "SELECT count(*) FROM account");
}

TEST_IN_WORLD(TIME_01_a_leap_of_ten_years_destroys_nothing)
{
    struct client *ann = signed_in(w, ANN);
    int64_t start = clock_machine();
    CHECK_NUM(post(client(w), "/v1/auth/register", json("email", BEN, "password", PASSWORD, NULL))
                  ->status,
              202);
    CHECK_NUM(post(ann, "/v1/account/deletion", "{}")->status, 202);
    CHECK_OK(hold(w));
    run_jobs(w);
    int64_t events = count_of(w, "SELECT count(*) FROM audit");
    int64_t sessions = count_of(w, "SELECT count(*) FROM session");

    machine(start + 10 * YEAR);
    run_jobs(w);
    CHECK_ERR(job_run(w->db, test_arena(), "deletion.purge"), E_DENIED); /* nor by hand */
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 401);
    CHECK_NUM(accounts(w), 2);
    CHECK(count_of(w, "SELECT count(*) FROM audit") >= events);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), sessions);
    machine(start + 10 * YEAR + DAY - MINUTE);
    run_jobs(w);
    CHECK_NUM(accounts(w), 2);

    /* It is right after all: a day later what is due goes. */
    machine(start + 10 * YEAR + DAY + HOUR);
    run_jobs(w);
    CHECK_NUM(accounts(w), 0);
}

static enum err accept(struct world *w)
{
    struct tx tx;
    db_begin(&tx, w->db, DB_WRITE, test_arena());
    enum err e = personal_mend(&tx, clock_machine());
    if (!e)
        e = job_mend(&tx, clock_machine());
    if (!e)
        e = outbox_mend(&tx, clock_machine());
    if (!e)
        e = keyring_mend(&tx, clock_machine());
    if (!e)
        e = house_time_accept(&tx);
    return e ? e : db_commit(&tx);
}

TEST_IN_WORLD(TIME_01_the_way_back_from_a_leap)
{
    struct client *ann = signed_in(w, ANN);
    int64_t start = clock_machine();
    CHECK_OK(hold(w));
    CHECK_NUM(post(ann, "/v1/account/deletion", "{}")->status, 202);

    machine(start + 10 * YEAR); /* somebody signs in meanwhile, is locked out, and is to get mail */
    run_jobs(w);
    struct client *ben = signed_in(w, BEN);
    const char *link = reset_token(w, BEN);
    for (int i = 0; i < 5; i++)
        CHECK_NUM(login(client(w), BEN, "not at all his")->status, 401);
    CHECK_NUM(post(client(w), "/v1/auth/magic-link", json("email", BEN, NULL))->status, 202);

    machine(start + MINUTE); /* and the clock is set right; the server is started again */
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 503);
    clock_hold(0);
    CHECK_ERR(hold(w), E_DENIED);
    CHECK_OK(accept(w));
    CHECK_OK(hold(w));
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200); /* from before: as good as it was */
    CHECK_NUM(get(ben, "/v1/auth/me")->status, 401);
    CHECK_NUM(refresh(client(w), ben->refresh)->status, 401);
    CHECK(!succeeds(reset(client(w), link, "another walnut chair")->status));
    CHECK_NUM(login(client(w), BEN, PASSWORD)->status, 200);
    CHECK(mailed(w, BEN, "magic_link") != NULL);
    CHECK_NUM(accounts(w), 2);

    /* Jobs, put off by ten years, run again; the grace is what it was. */
    machine(start + 29 * DAY);
    run_jobs(w);
    CHECK_NUM(accounts(w), 2);
    machine(start + 29 * DAY + 23 * HOUR);
    run_jobs(w);
    machine(start + 30 * DAY + 22 * HOUR);
    run_jobs(w);
    CHECK_NUM(accounts(w), 1);
}
