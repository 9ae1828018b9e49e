/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ENUM-02 without a clock: a time is only as equal as the work behind it, and work can be counted.
 * Each public door that takes an address does the same for one that has no account and for one in
 * any state: as many hashes, statements, commits and bytes of answer, and nearly as much memory. A
 * statement more would be a visible half millisecond where the store is another machine.
 * test_enumeration.c measures the time itself, the strict form of it in `make soak`.
 */
#include "attack.h"

#include "account/session_cache.h"
#include "base/clock.h"
#include "db/fault.h"
#include "service/hashing.h"
#include "service/setting.h"

#include <stdio.h>
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
