/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ENUM-02 without a clock: a time is only as equal as the work behind it, and work can be counted.
 * Each public door that takes an address does the same for one that has no account and for one in
 * any state: as many hashes, statements, commits and bytes of answer, and nearly as much memory. A
 * statement more would be a visible half millisecond where the store is another machine. `make
 * soak` measures the time itself too, with ENUM_SAMPLES answers of each kind.
 */
#include "attack.h"

#include "account/session_cache.h"
#include "base/clock.h"
#include "db/fault.h"
#include "service/hashing.h"
#include "service/setting.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATES = 7, STATEMENTS_MAX = 64, ARENA_SLACK = 2048 };

/* Addresses and passwords of one length. */
static const struct {
    const char *email, *what;
} states[STATES] = {
    { "ann0@example.org", "unknown" },
    { "ann1@example.org", "not verified" },
    { "ann2@example.org", "verified" },
    { "ann3@example.org", "closed by staff" },
    { "ann4@example.org", "without a password" },
    { "ann5@example.org", "locked out before" },
    { "ann6@example.org", "left lately" },
};

#define WRONG "a quite wrong walnut desk"

struct work {
    int64_t hashes;
    size_t count, commits; /* statements and commits */
    const char *statements[STATEMENTS_MAX];
    size_t body, headers, arena;
    int status;
};

static void see(void *arg, const char *sql)
{
    struct work *work = arg;
    if (strncmp(sql, "INSERT INTO audit_head", 22) == 0)
        return; /* begins a chain, eight times in the life of a store */
    if (strcmp(sql, "COMMIT") == 0)
        work->commits++;
    else if (work->count < STATEMENTS_MAX)
        work->statements[work->count++] = sql;
}

/* --- the doors --- */

static struct reply *log_in(struct client *c, const char *email)
{
    return post(c, "/v1/auth/login", json("email", email, "password", WRONG, NULL));
}

static struct reply *sign_up(struct client *c, const char *email)
{
    return post(c, "/v1/auth/register", json("email", email, "password", PASSWORD, NULL));
}

static struct reply *forget(struct client *c, const char *email)
{
    return post(c, "/v1/auth/password/forgot", json("email", email, NULL));
}

static struct reply *ask_again(struct client *c, const char *email)
{
    return post(c, "/v1/auth/resend-verification", json("email", email, NULL));
}

static struct reply *ask_for_link(struct client *c, const char *email)
{
    return post(c, "/v1/auth/magic-link", json("email", email, NULL));
}

static struct reply *ask_for_code(struct client *c, const char *email)
{
    return post(c, "/v1/auth/email-code", json("email", email, NULL));
}

static struct reply *give_code(struct client *c, const char *email)
{
    return post(c, "/v1/auth/email-code/verify", json("email", email, "code", "123456", NULL));
}

static const struct door {
    const char *what;
    struct reply *(*ask)(struct client *c, const char *email);
} doors[] = {
    { "login", log_in },
    { "register", sign_up },
    { "forgot", forget },
    { "resend", ask_again },
    { "magic link", ask_for_link },
    { "ask for a code", ask_for_code },
    { "give a code", give_code },
};

/* --- */

static void set_up(struct world *w)
{
    CHECK_NUM(sign_up(client(w), states[1].email)->status, 202);
    run_jobs(w);
    for (int i = 2; i < STATES; i++)
        person(w, states[i].email, PASSWORD);
    tamper(w, "UPDATE account SET locked_at = 1 WHERE email_key = $1", V(text(states[3].email)));
    tamper(w, "UPDATE account SET password = NULL WHERE email_key = $1", V(text(states[4].email)));
    tamper(w,
           "UPDATE account SET email = 'new6@example.org', email_key = 'new6@example.org'"
           " WHERE email_key = $1",
           V(text(states[6].email)));
    tamper(w,
           "INSERT INTO email_change (id, account_id, revoke_hash, old_email, old_key, new_email,"
           "  new_key, ip, user_agent, created_at, expires_at, confirmed_at, revoke_until)"
           " SELECT 'emc_x', id, $2, $1, $1, email, email_key, '192.0.2.1', '', 1, 1, 1, $3"
           "  FROM account WHERE email_key = 'new6@example.org'",
           V(text(states[6].email), blob(MEM("x", 1)), num(clock_now() + 30 * DAY)));
}

/* Past every limit and lock, and nothing that was asked before waits. */
static void rest(struct world *w)
{
    run_jobs(w);
    wait_for(2 * HOUR);
    run_jobs(w);
    tamper(w, "DELETE FROM lockout_address", V_NONE);
    tamper(w, "DELETE FROM task", V_NONE);
    session_cache_clear();
}

static struct work measure(struct client *c, const struct door *door, const char *email)
{
    struct work work = { 0 };
    int64_t before, after, ns;
    hashing_figures(&before, &ns);
    db_fault_watch(c->w->db, see, &work);
    struct reply *r = door->ask(c, email);
    db_fault_watch(c->w->db, NULL, NULL);
    hashing_figures(&after, &ns);
    work.hashes = after - before;
    work.status = r->status;
    work.body = strlen(r->body);
    work.headers = strlen(r->headers);
    work.arena = r->arena_bytes;
    return work;
}

static void show(const char *door, const char *state, const struct work *work)
{
    (void)printf("  %s, %s: status %d, %lld hashes, %zu statements, %zu commits, body %zu, headers "
                 "%zu, memory %zu\n",
                 door, state, work->status, (long long)work->hashes, work->count, work->commits,
                 work->body, work->headers, work->arena);
    for (size_t i = 0; i < work->count; i++)
        (void)printf("    %.100s\n", work->statements[i]);
}

static bool is_same(const struct work *a, const struct work *b)
{
    size_t more = a->arena > b->arena ? a->arena - b->arena : b->arena - a->arena;
    return a->status == b->status && a->hashes == b->hashes && a->count == b->count &&
           a->commits == b->commits && a->body == b->body && a->headers == b->headers &&
           more <= ARENA_SLACK;
}

static struct client *stranger(struct world *w, int i)
{
    struct client *c = plain_client(w);
    c->ip = text_format(test_arena(), "198.51.%d.7", i);
    return c;
}

/* As somebody signed in, when who is given. */
static void compare(struct world *w, const struct door *door, struct client *who)
{
    struct work unknown = { 0 };
    for (int i = 0; i < STATES; i++) {
        struct work work = measure(who ? who : stranger(w, i), door, states[i].email);
        if (i == 0)
            unknown = work;
        if (is_same(&unknown, &work))
            continue;
        test_fail(__FILE__, __LINE__, "%s tells: %s", door->what, states[i].what);
        show(door->what, states[0].what, &unknown);
        show(door->what, states[i].what, &work);
    }
    CHECK(unknown.status < 429);
    CHECK_NUM(unknown.commits,
              1); /* of one transaction: else waiting for the disk tells (ENUM-03) */
}

TEST_IN_WORLD(ENUM_02_the_work_for_an_address_tells_nothing)
{
    set_up(w);
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    for (size_t i = 0; i < COUNT(doors); i++) {
        rest(w);
        compare(w, &doors[i], NULL);
    }
}

static struct reply *move_to(struct client *c, const char *email)
{
    return post(c, "/v1/account/email", json("email", email, NULL));
}

TEST_IN_WORLD(ENUM_08_the_work_for_a_new_address_tells_nothing)
{
    static const struct door door = { "change of address", move_to };
    set_up(w);
    struct client *mallory = signed_in(w, "mallory@example.org");
    CHECK_NUM(move_to(mallory, "other@example.org")->status,
              202); /* what only the first one makes */
    compare(w, &door, mallory);
}

/* --- by the clock --- */

enum { SAMPLES_MAX = 20000 };

struct samples {
    double ms[2][SAMPLES_MAX]; /* of addresses without and with an account */
    int count;
};

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* How often "the slower one has an account" is right: half the time, if time tells nothing. Both
 * are sorted. */
static double area_under_curve(const struct samples *s)
{
    double right = 0;
    int below = 0, same = 0;
    for (int i = 0; i < s->count; i++) {
        while (below < s->count && s->ms[0][below] < s->ms[1][i])
            below++;
        for (same = below; same < s->count && s->ms[0][same] <= s->ms[1][i];)
            same++;
        right += below + (same - below) / 2.0;
    }
    return right / s->count / s->count;
}

/* Whoever registers is unknown only once; elsewhere both are tried as often. */
static void sample(struct client *c, const struct door *door, struct samples *s, int i)
{
    const char *fresh = text_format(test_arena(), "e%06d@example.org", i);
    const char *emails[2] = { door->ask == sign_up ? fresh : "eve@example.org", ANN };
    for (int k = 0; k < 2; k++) {
        int class = k ^ (i & 1); /* none is always the first */
        tamper(c->w, "DELETE FROM lockout_address", V_NONE);
        int64_t begun_ns = clock_monotonic_ns();
        CHECK(door->ask(c, emails[class])->status < 423);
        s->ms[class][i] = (double)(clock_monotonic_ns() - begun_ns) / 1e6;
    }
}

static void check_door(struct world *w, const struct door *door, struct samples *s)
{
    for (int i = 0; i < s->count; i++) {
        if (i % 50 == 0)
            rest(w);
        sample(client(w), door, s, i);
    }
    for (int class = 0; class < 2; class ++)
        qsort(s->ms[class], (size_t)s->count, sizeof(double), by_size);
    double area = area_under_curve(s);
    double difference = s->ms[1][s->count / 2] - s->ms[0][s->count / 2];
    (void)printf("  %s: %d answers each, median %.3f ms, difference %.4f ms, area %.3f\n",
                 door->what, s->count, s->ms[0][s->count / 2], difference, area);
    CHECK(area > 0.47 && area < 0.53);
    CHECK(difference > -1 && difference < 1);
}

static void set_cost(const char *cost)
{
    CHECK_OK(setting_override(SETTING_PASSWORD_HASH, cost));
    CHECK_OK(hashing_configure());
}

/* The strict form takes minutes and wants a quiet machine. A hash is a twentieth of what it costs
   by default. */
TEST_IN_WORLD(ENUM_02_thousands_of_answers_tell_nothing_by_their_time)
{
    cpu_set_t before, one;
    int64_t count;
    const char *said = getenv("ENUM_SAMPLES");
    if (!said || !text_parse_int(said, 2, SAMPLES_MAX, &count))
        return;
    struct samples *s = arena_alloc(test_arena(), sizeof *s);
    s->count = (int)count;
    set_cost("m=8192,t=1,p=1");
    person(w, ANN, PASSWORD);
    (void)sched_getaffinity(0, sizeof before, &before);
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    (void)sched_setaffinity(0, sizeof one, &one);
    for (size_t i = 0; i < COUNT(doors); i++) {
        set_cost(doors[i].ask == log_in || doors[i].ask == sign_up ? "m=8192,t=1,p=1"
                                                                   : "m=64,t=1,p=1");
        check_door(w, &doors[i], s);
    }
    (void)sched_setaffinity(0, sizeof before, &before);
}
