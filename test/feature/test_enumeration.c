/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ENUM: whether an address has an account, and in which state, is told to nobody who does not read
 * its mailbox: not by status, body, header, limit, or time.
 */
#include "attack.h"

#include "base/clock.h"
#include "service/hashing.h"
#include "service/setting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WRONG "a quite wrong walnut desk"

/* --- the states of one address, as a stranger sees them --- */

struct probe {
    struct client *c;
    struct reply *(*ask)(struct client *c, const char *password);
    struct reply *first; /* of the address nobody has registered */
};

static void probe(struct probe *p, const char *state, const char *password)
{
    wait_for(DAY); /* past every limit */
    tamper(p->c->w, "DELETE FROM lockout_address", V_NONE);
    struct reply *r = p->ask(p->c, password);
    if (p->first)
        check_alike(state, p->first, r);
    else
        p->first = r;
    run_jobs(p->c->w);
}

/* Takes ANN through all states. right: the password sent where it would fit the account's state. */
static void probe_states(struct world *w, struct probe *p, const char *right)
{
    probe(p, "unknown", right);
    CHECK_NUM(post(client(w), "/v1/auth/register", json("email", ANN, "password", PASSWORD, NULL))
                  ->status,
              202);
    wait_for(MINUTE);
    run_jobs(w);
    probe(p, "not verified", right);

    wait_for(2 * DAY);
    person(w, ANN, PASSWORD);
    probe(p, "verified", WRONG);
    tamper(w, "UPDATE account SET locked_at = 1", V_NONE);
    probe(p, "locked", right);
    probe(p, "locked, wrong password", WRONG);
    tamper(w, "UPDATE account SET locked_at = NULL, password = NULL", V_NONE);
    probe(p, "without a password", right);
    tamper(w, "UPDATE account SET password = '$argon2id$v=19$m=64,t=1,p=1$xx$yy'", V_NONE);
    probe(p, "unusable hash", right);
    tamper(w, "UPDATE account SET password = $1",
           V(text("$argon2id$v=19$m=4294967295,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
                  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")));
    probe(p, "hash above the ceiling", right);
}

static struct reply *login_by_api(struct client *c, const char *password)
{
    return post(c, "/v1/auth/login", json("email", ANN, "password", password, NULL));
}

static struct reply *login_by_api_with_cookie(struct client *c, const char *password)
{
    return post(c, "/v1/auth/login",
                text_format(test_arena(), "{\"email\":\"%s\",\"password\":\"%s\",\"cookie\":true}",
                            ANN, password));
}

static struct reply *login_by_page(struct client *c, const char *password)
{
    return login_page(c, ANN, password);
}

TEST_IN_WORLD(ENUM_01_every_refused_login_looks_alike)
{
    struct probe p = { plain_client(w), login_by_api, NULL };
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    probe_states(w, &p, PASSWORD);
    CHECK_NUM(p.first->status, 401);
    CHECK_TEXT(text_of(p.first, "code"), "invalid_credentials");
    CHECK(has_audit(w, "login.failed"));
}

TEST_IN_WORLD(ENUM_01_every_refused_login_with_a_cookie_looks_alike)
{
    struct probe p = { plain_client(w), login_by_api_with_cookie, NULL };
    probe_states(w, &p, PASSWORD);
    CHECK_NUM(p.first->status, 401);
    CHECK(header_of(p.first, "set-cookie") == NULL);
}

TEST_IN_WORLD(ENUM_01_every_refused_login_by_form_looks_alike)
{
    struct probe p = { plain_client(w), login_by_page, NULL };
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    probe_states(w, &p, PASSWORD);
    CHECK_NUM(p.first->status, 401);
    CHECK(cookie_of(p.c, "cardea") == NULL);
}

TEST_IN_WORLD(ENUM_01_every_refused_login_is_one_row_of_audit)
{
    const char *emails[] = { "nobody@example.org", ANN, BEN };
    person(w, ANN, PASSWORD);
    (void)post(client(w), "/v1/auth/register", json("email", BEN, "password", PASSWORD, NULL));
    for (size_t i = 0; i < COUNT(emails); i++) {
        int64_t before = count_of(w, "SELECT count(*) FROM audit");
        CHECK_NUM(login(client(w), emails[i], WRONG)->status, 401);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM audit") - before, 1);
    }
}

/* --- asking for mail --- */

static struct reply *forgot_by_api(struct client *c, const char *)
{
    return post(c, "/v1/auth/password/forgot", json("email", ANN, NULL));
}

static struct reply *forgot_by_page(struct client *c, const char *)
{
    (void)get(c, "/forgot-password");
    return post_form(c, "/forgot-password", "email=ann%40example.org");
}

static struct reply *resend_by_api(struct client *c, const char *)
{
    return post(c, "/v1/auth/resend-verification", json("email", ANN, NULL));
}

static struct reply *register_by_api(struct client *c, const char *)
{
    return post(c, "/v1/auth/register",
                json("email", ANN, "password", "a chair of cherry wood", "name", "Mallory", NULL));
}

static struct reply *register_by_page(struct client *c, const char *)
{
    (void)get(c, "/register");
    return post_form(c, "/register", "email=ann%40example.org&password=a+chair+of+cherry+wood");
}

TEST_IN_WORLD(ENUM_03_forgotten_passwords_look_alike)
{
    struct probe p = { plain_client(w), forgot_by_api, NULL };
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    probe_states(w, &p, PASSWORD);
    CHECK_NUM(p.first->status, 202);
    CHECK_TEXT(text_of(p.first, "status"), "reset_sent");
}

TEST_IN_WORLD(ENUM_03_forgotten_passwords_look_alike_by_form)
{
    struct probe p = { plain_client(w), forgot_by_page, NULL };
    probe_states(w, &p, PASSWORD);
    CHECK_NUM(p.first->status, 200);
}

TEST_IN_WORLD(ENUM_03_known_and_unknown_leave_one_task_and_only_the_known_one_a_mail)
{
    const char *emails[] = { "nobody@example.org", ANN };
    person(w, ANN, PASSWORD);
    run_jobs(w);
    for (size_t i = 0; i < COUNT(emails); i++) {
        int64_t audits = count_of(w, "SELECT count(*) FROM audit");
        int64_t mails = count_of(w, "SELECT count(*) FROM outbox");
        CHECK_NUM(
            post(client(w), "/v1/auth/password/forgot", json("email", emails[i], NULL))->status,
            202);
        /* Before the task runs there is no trace that differs. */
        CHECK_NUM(count_of(w, "SELECT count(*) FROM task"), 1);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM audit"), audits);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM outbox"), mails);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM reset"), 0);
        run_jobs(w);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM task"), 0);
    }
    CHECK_NUM(mail_count(w, "nobody@example.org", NULL), 0);
    CHECK_NUM(mail_count(w, ANN, "reset_password"), 1);
    CHECK(has_audit(w, "password.reset_asked"));
}

TEST_IN_WORLD(ENUM_04_registering_a_known_address_looks_alike)
{
    struct probe p = { plain_client(w), register_by_api, NULL };
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    probe_states(w, &p, PASSWORD);
    CHECK_NUM(p.first->status, 202);
    CHECK_TEXT(text_of(p.first, "status"), "verification_sent");
    CHECK(mailed(w, ANN, "already_have_account") != NULL);
    CHECK(has_audit(w, "account.registered_again"));
}

TEST_IN_WORLD(ENUM_04_registering_a_known_address_looks_alike_by_form)
{
    struct probe p = { plain_client(w), register_by_page, NULL };
    probe_states(w, &p, PASSWORD);
    CHECK_NUM(p.first->status, 200);
}

TEST_IN_WORLD(ENUM_04_the_password_is_judged_and_hashed_for_a_known_address_too)
{
    const char *emails[] = { "nobody@example.org", ANN };
    struct reply *weak[2];
    person(w, ANN, PASSWORD);
    const char *phc = password_of(w, ANN);
    for (size_t i = 0; i < COUNT(emails); i++) {
        int64_t before, after, ns;
        weak[i] = post(plain_client(w), "/v1/auth/register",
                       json("email", emails[i], "password", "password1234", NULL));
        hashing_figures(&before, &ns);
        CHECK_NUM(post(client(w), "/v1/auth/register",
                       json("email", emails[i], "password", "a chair of cherry wood", NULL))
                      ->status,
                  202);
        hashing_figures(&after, &ns);
        CHECK_NUM(after - before, 1);
    }
    CHECK_NUM(weak[0]->status, 422);
    check_alike("weak password", weak[0], weak[1]);
    CHECK_TEXT(password_of(w, ANN), phc); /* and nothing was planted */
    CHECK_NUM(count_of(w, "SELECT count(*) FROM registration"), 1);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
}

TEST_IN_WORLD(ENUM_05_asking_for_the_link_again_looks_alike)
{
    struct probe p = { plain_client(w), resend_by_api, NULL };
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    probe_states(w, &p, PASSWORD);
    CHECK_NUM(p.first->status, 202);
    int sent = mail_count(w, ANN, "verify_email");
    CHECK_NUM(resend_by_api(p.c, "")->status, 202); /* verified: no mail */
    CHECK_NUM(mail_count(w, ANN, "verify_email"), sent);
}

/* --- the limiter as an oracle --- */

enum { ATTEMPTS = 20 };

/* The statuses of attempts from as many networks, as one text. */
static const char *statuses_of(struct world *w, const char *path, const char *email)
{
    struct buf out;
    buf_init(&out, test_arena(), ATTEMPTS * 4);
    for (int i = 0; i < ATTEMPTS; i++) {
        struct client *c = client(w);
        c->ip = text_format(test_arena(), "198.51.%d.%d", i, (int)strlen(email));
        bool takes_password = !strstr(path, "forgot") && !strstr(path, "resend");
        struct reply *r = post(c, path,
                               takes_password ? json("email", email, "password", WRONG, NULL)
                                              : json("email", email, NULL));
        buf_format(&out, "%d ", r->status);
        CHECK(r->status != 429 || header_of(r, "retry-after"));
    }
    return out.p;
}

TEST_IN_WORLD(ENUM_06_the_limit_is_the_same_for_known_and_unknown)
{
    static const char *const paths[] = { "/v1/auth/login", "/v1/auth/register",
                                         "/v1/auth/password/forgot",
                                         "/v1/auth/resend-verification" };
    person(w, ANN, PASSWORD);
    (void)post(client(w), "/v1/auth/register", json("email", BEN, "password", PASSWORD, NULL));
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    for (size_t i = 0; i < COUNT(paths); i++) {
        wait_for(2 * DAY);
        const char *unknown = statuses_of(w, paths[i], "nobody-at-all@example.org");
        CHECK(strstr(unknown, "429") != NULL);
        CHECK_TEXT(statuses_of(w, paths[i], ANN), unknown);
        CHECK_TEXT(statuses_of(w, paths[i], "BEN@Example.ORG"), unknown);
    }
}

TEST_IN_WORLD(ENUM_06_spellings_of_one_address_share_the_limit)
{
    static const char *const spellings[] = { "ann@example.org", "ANN@example.org",
                                             "ann@EXAMPLE.org", "ann+1@example.org",
                                             "ann+2@example.org" };
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    for (size_t i = 0; i < COUNT(spellings); i++) {
        struct client *c = client(w);
        c->ip = text_format(test_arena(), "198.51.100.%zu", i);
        CHECK_NUM(login(c, spellings[i], WRONG)->status, 401);
    }
    struct client *c = client(w);
    c->ip = "203.0.113.9";
    CHECK_NUM(login(c, ANN, WRONG)->status, 429);
    CHECK_NUM(login(c, "ann+3@example.org", WRONG)->status, 429);
}

/* --- time --- */

enum { CLASSES = 2, ROUNDS = 150, RUNS = 4, ROUNDS_MAX = ROUNDS * RUNS };

/* What each refusal took, in milliseconds; runs add to it. */
struct times {
    double wall[CLASSES][ROUNDS_MAX], cpu[CLASSES][ROUNDS_MAX];
    int count;
};

static double clock_ms(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, int count)
{
    double sorted[ROUNDS_MAX];
    memcpy(sorted, values, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, compare);
    return sorted[count / 2];
}

/* How often a guess by "the slower one is the known one" is right. */
static double area_under_curve(const double *unknown, const double *known, int count)
{
    double right = 0;
    for (int i = 0; i < count; i++)
        for (int k = 0; k < count; k++)
            right += known[k] > unknown[i] ? 1 : known[k] == unknown[i] ? 0.5 : 0;
    return right / count / count;
}

static void measure(struct world *w, struct times *t)
{
    static const char *const emails[CLASSES] = { "eve@example.org", ANN };
    struct client *c = client(w);
    for (int i = 0; i < ROUNDS * CLASSES; i++) {
        int class = (i / CLASSES + i) % CLASSES; /* now one first, now the other */
        int at = t->count + i / CLASSES;
        const char *body = json("email", emails[class], "password", WRONG, NULL);
        if (i % CLASSES == 0)
            tamper(w, "DELETE FROM lockout_address", V_NONE); /* or nothing is hashed */
        double wall = clock_ms(CLOCK_MONOTONIC), cpu = clock_ms(CLOCK_THREAD_CPUTIME_ID);
        CHECK_NUM(post(c, "/v1/auth/login", body)->status, 401);
        t->cpu[class][at] = clock_ms(CLOCK_THREAD_CPUTIME_ID) - cpu;
        t->wall[class][at] = clock_ms(CLOCK_MONOTONIC) - wall;
    }
    t->count += ROUNDS;
}

static bool is_near(const char *what, double times[CLASSES][ROUNDS_MAX], int count)
{
    double difference = median(times[1], count) - median(times[0], count);
    bool is_good = difference > -1 && difference < 1;
    if (!is_good)
        (void)printf("  %s: median %.3f ms, difference %.3f ms\n", what, median(times[0], count),
                     difference);
    return is_good;
}

static bool is_even(const char *what, double times[CLASSES][ROUNDS_MAX], int count)
{
    double area = area_under_curve(times[0], times[1], count);
    bool is_good = area > 0.45 && area < 0.55;
    if (!is_good)
        (void)printf("  %s: area %.3f\n", what, area);
    return is_good;
}

static void set_cost(const char *cost)
{
    CHECK_OK(setting_override(SETTING_PASSWORD_HASH, cost));
    CHECK_OK(hashing_configure());
}

TEST_IN_WORLD(ENUM_02_the_time_of_a_refusal_tells_nothing)
{
    struct times *t = arena_alloc(test_arena(), sizeof *t);
    set_cost("m=32768,t=1,p=1");
    person(w, ANN, PASSWORD);
    bool is_good = false;
    /* A busy machine blurs a short run: a longer one decides. The area is that of what a stranger
       can see; the processor's time shows what a quieter machine would. */
    for (int i = 0; i < RUNS && !is_good; i++) {
        measure(w, t);
        is_good = is_near("processor", t->cpu, t->count) && is_near("wall", t->wall, t->count) &&
                  is_even("wall", t->wall, t->count);
    }
    CHECK(is_good);
}

TEST_IN_WORLD(ENUM_02_an_older_hash_takes_as_long_as_the_current_one)
{
    struct times *t = arena_alloc(test_arena(), sizeof *t);
    set_cost("m=4096,t=1,p=1");
    person(w, ANN, PASSWORD);
    set_cost("m=16384,t=1,p=1");
    bool is_good = false;
    for (int i = 0; i < RUNS && !is_good; i++) {
        measure(w, t);
        is_good = is_near("processor", t->cpu, t->count);
    }
    CHECK(is_good);
}
