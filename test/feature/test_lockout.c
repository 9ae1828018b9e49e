/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guessing at a password: one count for all ways, whether or not there is an account; who is kept
 * out by it, for how long, and who is not.
 */
#include "attack.h"
#include "solve.h"

#include "account/lockout.h"
#include "account/session_cache.h"
#include "base/clock.h"
#include "sample.h"
#include "service/hashing.h"
#include "service/setting.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define WRONG "a quite wrong walnut desk"
#define FRESH "another walnut chair"
#define NOBODY "nobody@example.org"

/* With everything new: address and browser. */
static struct client *stranger(struct world *w, int i)
{
    struct client *c = client(w);
    c->ip = text_format(test_arena(), "198.51.%d.%d", 100 + i / 200, i % 200 + 1);
    return c;
}

static struct reply *guess(struct world *w, int i)
{
    return login(stranger(w, i), ANN, WRONG);
}

static void burn(struct world *w, int64_t failures)
{
    CHECK_NUM(guess(w, 0)->status, 401);
    tamper(w, "UPDATE lockout_address SET failures = $1, locked_until = NULL", V(num(failures)));
}

static int64_t failures(struct world *w)
{
    return count_of(w, "SELECT failures FROM lockout_address WHERE authenticator = 'password'");
}

static struct reply *prove(struct client *c, const char *password)
{
    return post(c, "/v1/auth/reauth", json("password", password, NULL));
}

static struct reply *prove_by_page(struct client *c, const char *password)
{
    run_sql(c->w, "UPDATE session SET auth_at = auth_at - 601000");
    session_cache_clear();
    (void)get(c, "/reauth");
    return post_form(c, "/reauth", text_format(test_arena(), "password=%s", form_text(password)));
}

static struct reply *change(struct client *c, const char *password)
{
    return post(c, "/v1/auth/password/change",
                json("current_password", password, "password", FRESH, NULL));
}

static void sign_out(struct client *c)
{
    (void)get(c, "/account/security");
    CHECK_NUM(post_form(c, "/logout", "")->status, 303);
}

static void forget_devices(struct world *w)
{
    run_sql(w, "DELETE FROM device");
}

/* --- one count --- */

TEST_IN_WORLD(RATE_06_every_path_shares_the_count)
{
    struct client *api = signed_in(w, ANN), *page = client(w);
    CHECK_NUM(login_page(page, ANN, PASSWORD)->status, 303);
    forget_devices(w);
    check_problem(login(stranger(w, 1), ANN, WRONG), 401, "invalid_credentials");
    CHECK_NUM(login_page(stranger(w, 2), "Ann@Example.org", WRONG)->status, 401);
    check_problem(prove(api, WRONG), 403, "password_wrong");
    CHECK_NUM(prove_by_page(page, WRONG)->status, 403);
    check_problem(change(api, WRONG), 403, "password_wrong");
    CHECK_NUM(failures(w), 5);

    struct reply *r = login(stranger(w, 3), ANN, PASSWORD);
    check_problem(r, 423, "locked");
    CHECK_NUM(num_of(r, "retry_after"), 300);
    CHECK_TEXT(header_of(r, "retry-after"), "300");
    CHECK(text_of(r, "decision_id") != NULL);
    CHECK_NUM(login_page(stranger(w, 4), ANN, PASSWORD)->status, 423);
    check_problem(prove(api, PASSWORD), 423, "locked");
    CHECK_NUM(prove_by_page(page, PASSWORD)->status, 423);
    check_problem(change(api, PASSWORD), 423, "locked");
    CHECK_NUM(failures(w), 5);
    CHECK_NUM(mail_count(w, ANN, "account_locked"), 1);
    CHECK(has_audit(w, "authenticator.locked"));

    wait_for(setting_span(SETTING_LOCKOUT));
    CHECK_NUM(login(stranger(w, 5), ANN, PASSWORD)->status, 200);
    CHECK_NUM(failures(w), -1); /* a success starts afresh */
}

TEST_IN_WORLD(RATE_06_a_failure_after_the_lock_is_one_of_the_next_five)
{
    person(w, ANN, PASSWORD);
    for (int i = 0; i < 5; i++)
        CHECK_NUM(guess(w, i)->status, 401);
    wait_for(setting_span(SETTING_LOCKOUT) - 1);
    CHECK_NUM(guess(w, 5)->status, 423);
    wait_for(1);
    for (int i = 0; i < 5; i++)
        CHECK_NUM(guess(w, 6 + i)->status, 401);
    CHECK_NUM(guess(w, 11)->status, 423);
}

/* SP 800-63B-4 3.2.2: each time longer, up to an hour. */
TEST_IN_WORLD(RATE_03_each_lock_is_longer_than_the_one_before)
{
    static const int64_t minutes[] = { 5, 5, 10, 20, 40, 60, 60 };
    int n = 0;
    person(w, ANN, PASSWORD);
    for (size_t i = 0; i < COUNT(minutes); i++) {
        struct reply *r = NULL;
        for (int k = 0; k < LOCKOUT_EVERY; k++)
            r = guess(w, n++);
        CHECK_NUM(r->status, 401);
        CHECK_NUM(num_of(r, "retry_after"), minutes[i] * 60); /* the fifth says that it is locked */
        r = login(stranger(w, n++), ANN, PASSWORD);
        CHECK_NUM(r->status, 423);
        CHECK_NUM(num_of(r, "retry_after"), minutes[i] * 60);
        wait_for(minutes[i] * MINUTE);
    }
    CHECK_NUM(login(stranger(w, n), ANN, PASSWORD)->status, 200);
}

TEST_IN_WORLD(RATE_03_the_hundred_and_first_failure_over_a_year_is_not_judged)
{
    person(w, ANN, PASSWORD);
    for (int i = 0; i < LOCKOUT_FOREVER; i++) {
        check_problem(guess(w, i), 401, "invalid_credentials");
        wait_for(87 * HOUR);
    }
    check_problem(login(stranger(w, 1), ANN, PASSWORD), 423, "authenticator_disabled");
    wait_for(365 * DAY);
    check_problem(login(stranger(w, 2), ANN, PASSWORD), 423, "authenticator_disabled");
    CHECK_NUM(failures(w), LOCKOUT_FOREVER);
    /* Bound anew, it starts afresh. */
    CHECK_NUM(reset(client(w), reset_token(w, ANN), FRESH)->status, 200);
    CHECK_NUM(login(stranger(w, 3), ANN, FRESH)->status, 200);
    CHECK_NUM(failures(w), -1);
}

TEST_IN_WORLD(RATE_05_asking_for_mails_resets_nothing)
{
    person(w, ANN, PASSWORD);
    for (int i = 0; i < 4; i++)
        CHECK_NUM(guess(w, i)->status, 401);
    (void)reset_token(w, ANN);
    CHECK_NUM(post(client(w), "/v1/auth/email-code", json("email", ANN, NULL))->status, 202);
    CHECK_NUM(post(client(w), "/v1/auth/magic-link", json("email", ANN, NULL))->status, 202);
    CHECK_NUM(post(client(w), "/v1/auth/resend-verification", json("email", ANN, NULL))->status,
              202);
    CHECK_NUM(
        post(client(w), "/v1/auth/register", json("email", ANN, "password", FRESH, NULL))->status,
        202);
    run_jobs(w);
    CHECK_NUM(failures(w), 4);
    CHECK_NUM(guess(w, 5)->status, 401);
    CHECK_NUM(guess(w, 6)->status, 423);
}

/* --- who still gets in --- */

TEST_IN_WORLD(RATE_04_strangers_lock_out_no_known_device_and_no_mailbox)
{
    struct client *home = client(w);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login_page(home, ANN, PASSWORD)->status, 303);
    burn(w, LOCKOUT_FOREVER);
    check_problem(login(stranger(w, 1), ANN, PASSWORD), 423, "authenticator_disabled");

    CHECK_NUM(prove_by_page(home, PASSWORD)->status, 303);
    sign_out(home);
    CHECK_NUM(login_page(home, ANN, PASSWORD)->status, 303);
    CHECK_NUM(failures(w), LOCKOUT_FOREVER); /* that says nothing about the strangers */
    check_problem(login(stranger(w, 2), ANN, PASSWORD), 423, "authenticator_disabled");

    /* The mailbox opens the account, but does not bind the password anew. */
    CHECK_NUM(post(client(w), "/v1/auth/magic-link", json("email", ANN, NULL))->status, 202);
    const char *token = mailed_token(w, ANN, "magic_link");
    CHECK_NUM(post(client(w), "/v1/auth/magic-link/verify", json("token", token, NULL))->status,
              200);
    check_problem(login(stranger(w, 3), ANN, PASSWORD), 423, "authenticator_disabled");
    CHECK_NUM(reset(client(w), reset_token(w, ANN), FRESH)->status, 200);
    CHECK_NUM(login(stranger(w, 4), ANN, FRESH)->status, 200);
}

TEST_IN_WORLD(RATE_04_the_owner_of_a_known_device_binds_the_password_anew_there)
{
    struct client *home = client(w);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login_page(home, ANN, PASSWORD)->status, 303);
    burn(w, LOCKOUT_FOREVER);
    (void)get(home, "/account/security");
    struct reply *r = post_form(home, "/account/password",
                                text_format(test_arena(), "current_password=%s&password=%s",
                                            form_text(PASSWORD), form_text(FRESH)));
    CHECK_NUM(r->status, 303);
    CHECK_NUM(login(stranger(w, 4), ANN, FRESH)->status, 200);
}

/* Its own five, and no more. */
TEST_IN_WORLD(RATE_04_a_thief_on_a_known_device_has_five_guesses)
{
    struct client *home = client(w);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login_page(home, ANN, PASSWORD)->status, 303);
    sign_out(home);
    for (int i = 0; i < 5; i++)
        CHECK_NUM(login_page(home, ANN, WRONG)->status, 401);
    CHECK_NUM(login_page(home, ANN, PASSWORD)->status, 423);
    CHECK_NUM(failures(w), -1);
    CHECK_NUM(login(stranger(w, 1), ANN, PASSWORD)->status, 200); /* the owner, elsewhere */
    CHECK_NUM(login_page(home, ANN, PASSWORD)->status, 423);
    CHECK_NUM(mail_count(w, ANN, "account_locked"), 1);
    tamper(w, "UPDATE lockout SET failures = 100", V_NONE);
    wait_for(DAY);
    CHECK_NUM(login_page(home, ANN, PASSWORD)->status, 423);
    CHECK_NUM(reset(client(w), reset_token(w, ANN), FRESH)->status, 200);
    CHECK_NUM(login_page(home, ANN, FRESH)->status, 303);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM lockout"), 0);
}

/* A copied cookie in another program, one of another account, one made up: strangers. */
TEST_IN_WORLD(RATE_04_only_the_accounts_own_device_counts_apart)
{
    struct client *home = client(w), *bens = client(w), *copy = client(w), *forged = client(w);
    person(w, ANN, PASSWORD);
    person(w, BEN, PASSWORD);
    CHECK_NUM(login_page(home, ANN, PASSWORD)->status, 303);
    CHECK_NUM(login_page(bens, BEN, PASSWORD)->status, 303);
    const char *cookie = cookie_of(home, "cardea-device");
    burn(w, LOCKOUT_FOREVER);
    copy->user_agent = "curl/8.5.0";
    copy->cookie_names[0] = forged->cookie_names[0] = "cardea-device";
    copy->cookie_values[0] = cookie;
    forged->cookie_values[0] =
        text_format(test_arena(), "%.*sAAAAAAAA", (int)strlen(cookie) - 8, cookie);
    CHECK_NUM(login_page(copy, ANN, PASSWORD)->status, 423);
    CHECK_NUM(login_page(forged, ANN, PASSWORD)->status, 423);
    sign_out(bens);
    CHECK_NUM(login_page(bens, ANN, PASSWORD)->status, 423);
    /* A neighbour with the same program would otherwise learn that the account exists. */
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 423);
    CHECK_NUM(login_page(home, ANN, PASSWORD)->status, 303);
}

/* Two who share a browser: the success of one gives the other no more guesses. */
TEST_IN_WORLD(RATE_04_a_household_shares_a_device_but_no_count)
{
    struct client *home = client(w);
    person(w, ANN, PASSWORD);
    person(w, BEN, FRESH);
    CHECK_NUM(login_page(home, ANN, PASSWORD)->status, 303);
    sign_out(home);
    CHECK_NUM(login_page(home, BEN, FRESH)->status, 303);
    for (int i = 0; i < 5; i++) {
        sign_out(home);
        CHECK_NUM(login_page(home, ANN, WRONG)->status, 401);
        CHECK_NUM(login_page(home, BEN, FRESH)->status, 303);
    }
    sign_out(home);
    CHECK_NUM(login_page(home, ANN, PASSWORD)->status, 423);
}

/* An address that has no account yet can be worn out too: whoever comes to own it starts afresh. */
TEST_IN_WORLD(RATE_04_what_strangers_tried_before_there_was_an_account_is_no_matter)
{
    CHECK_NUM(guess(w, 0)->status, 401);
    tamper(w, "UPDATE lockout_address SET failures = 100", V_NONE);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login(stranger(w, 1), ANN, PASSWORD)->status, 200);
}

/* --- many at once --- */

enum { GUESSES = 1000, AT_ONCE = 100 };

struct guessers {
    struct world *w;
    const char *password;
    struct client *c;
    struct client *strangers[AT_ONCE]; /* made before: the test's arena is not for threads */
    _Atomic int judged, locked, passed, other;
};

static void gather(struct guessers *g)
{
    for (int i = 0; i < AT_ONCE; i++)
        g->strangers[i] = stranger(g->w, i);
}

static void count_status(struct guessers *g, int status)
{
    if (status == 401 || status == 403)
        g->judged++;
    else if (status == 423)
        g->locked++;
    else if (status == 200)
        g->passed++;
    else
        g->other++;
}

static void guess_by_login(void *arg, int i)
{
    struct guessers *g = arg;
    count_status(g, login(g->strangers[i], ANN, i % 7 ? WRONG : g->password)->status);
}

static void guess_by_proof(void *arg, int i)
{
    struct guessers *g = arg;
    struct client c = *g->c;
    count_status(g, i % 2 ? prove(&c, WRONG)->status : login(g->strangers[i], ANN, WRONG)->status);
}

TEST_IN_WORLD(RATE_09_of_a_thousand_guesses_at_99_one_is_judged)
{
    struct guessers g = { .w = w, .password = WRONG };
    gather(&g);
    person(w, ANN, PASSWORD);
    burn(w, 99);
    for (int i = 0; i < GUESSES; i += AT_ONCE)
        crowd(AT_ONCE, guess_by_login, &g);
    CHECK_NUM(g.judged, 1);
    CHECK_NUM(g.locked, GUESSES - 1);
    CHECK_NUM(failures(w), LOCKOUT_FOREVER);
}

TEST_IN_WORLD(RATE_09_guesses_at_once_by_two_paths_lock_after_five)
{
    struct guessers g = { .w = w, .c = signed_in(w, ANN) };
    gather(&g);
    crowd(AT_ONCE, guess_by_proof, &g);
    CHECK_NUM(g.judged, 5);
    CHECK_NUM(g.locked, AT_ONCE - 5);
    CHECK_NUM(failures(w), 5);
}

/* The right one among many at 4: it is as if they had come one after the other. */
TEST_IN_WORLD(RATE_09_a_right_guess_at_once_with_wrong_ones_is_told_only_before_the_lock)
{
    person(w, ANN, PASSWORD);
    for (int round = 0; round < 3; round++) {
        struct guessers g = { .w = w, .password = PASSWORD };
        gather(&g);
        tamper(w, "DELETE FROM lockout_address", V_NONE);
        burn(w, 4);
        crowd(28, guess_by_login, &g);
        CHECK_NUM(g.other, 0);
        CHECK(g.judged <= 1 || g.passed > 0); /* four before, one that locks */
        CHECK_NUM(g.judged + g.locked + g.passed, 28);
        if (!g.passed)
            CHECK_NUM(failures(w), 5);
    }
}

/* Nothing is written about who never fails, so nobody waits for it. */
TEST_IN_WORLD(RATE_09_sign_ins_at_once_do_not_disturb_each_other)
{
    struct guessers g = { .w = w, .password = PASSWORD };
    gather(&g);
    person(w, ANN, PASSWORD);
    for (int i = 0; i < 4; i++)
        crowd(1, guess_by_login, &g);
    CHECK_NUM(g.passed, 4);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM lockout_address"), 0);
}

/* --- nothing to learn --- */

enum { TRIES = 8, STATES = 6 };

struct trace {
    struct reply *reply;
    int64_t audits, tasks, hashes, rows;
};

static struct trace try_once(struct client *c, const char *email, const char *password)
{
    struct world *w = c->w;
    struct trace t = { 0 };
    int64_t ns, before = 0, after = 0;
    t.audits = count_of(w, "SELECT count(*) FROM audit");
    t.tasks = count_of(w, "SELECT count(*) FROM task");
    hashing_figures(&before, &ns);
    t.reply = login(c, email, password);
    hashing_figures(&after, &ns);
    t.hashes = after - before;
    t.audits = count_of(w, "SELECT count(*) FROM audit") - t.audits;
    t.tasks = count_of(w, "SELECT count(*) FROM task") - t.tasks;
    t.rows = count_of(w, "SELECT count(*) FROM lockout_address");
    return t;
}

static void check_same(const char *email, int i, const struct trace *a, const struct trace *b,
                       int64_t rows)
{
    check_alike(text_format(test_arena(), "%s, try %d", email, i), a->reply, b->reply);
    CHECK_NUM(b->audits, a->audits);
    CHECK_NUM(b->tasks, a->tasks);
    CHECK_NUM(b->hashes, a->hashes);
    CHECK_NUM(b->rows, rows);
}

static void make_states(struct world *w)
{
    person(w, ANN, PASSWORD);
    person(w, BEN, PASSWORD);
    person(w, "closed@example.org", PASSWORD);
    person(w, "keys@example.org", PASSWORD);
    tamper(w, "UPDATE account SET locked_at = 1 WHERE email_key = 'closed@example.org'", V_NONE);
    tamper(w, "UPDATE account SET password = NULL WHERE email_key = 'keys@example.org'", V_NONE);
    tamper(w, "UPDATE account SET mfa_at = 1 WHERE email_key = 'ben@example.org'", V_NONE);
    (void)post(client(w), "/v1/auth/register",
               json("email", "new@example.org", "password", PASSWORD, NULL));
    run_jobs(w);
}

/* Unknown, wrong, with a second step, locked by staff, passkey only, not verified: each of eight
   attempts has the same answer, spends the same hashes and leaves the same rows (ENUM-06, 09). */
TEST_IN_WORLD(ENUM_01_a_row_of_attempts_looks_alike_for_every_state)
{
    static const char *const emails[STATES] = {
        NOBODY, ANN, BEN, "closed@example.org", "keys@example.org", "new@example.org"
    };
    struct trace first[TRIES];
    make_states(w);
    for (int k = 0; k < STATES; k++) {
        struct client *c = plain_client(w);
        for (int i = 0; i < TRIES; i++) {
            bool is_right = k >= 3 && i == 1; /* where it would fit, if the state allowed it */
            struct trace t = try_once(c, emails[k], is_right ? PASSWORD : WRONG);
            if (k == 0)
                first[i] = t;
            check_same(emails[k], i, &first[i], &t, k + 1);
            CHECK_NUM(t.hashes, t.reply->status == 423 ? 0 : 1);
            if (i == 5)
                wait_for(5 * MINUTE);
        }
        wait_for(DAY);
        run_jobs(w);
    }
    CHECK_NUM(first[4].reply->status, 401);
    CHECK_NUM(first[5].reply->status, 423);
    CHECK_NUM(mail_count(w, NOBODY, NULL), 0);
    CHECK_NUM(mail_count(w, "new@example.org", "account_locked"), 0);
    CHECK_NUM(mail_count(w, ANN, "account_locked"), 1);
}

TEST_IN_WORLD(ENUM_06_an_address_is_locked_at_the_same_attempt_by_form)
{
    static const char *const emails[] = { NOBODY, ANN };
    struct reply *first[7];
    person(w, ANN, PASSWORD);
    for (size_t k = 0; k < COUNT(emails); k++) {
        for (int i = 0; i < 7; i++) {
            struct client *c = plain_client(w);
            struct reply *r = login_page(c, emails[k], WRONG);
            CHECK_NUM(r->status, i < 5 ? 401 : 423);
            if (k == 0)
                first[i] = r;
            else
                CHECK_NUM(r->status, first[i]->status);
            CHECK(header_of(r, "set-cookie") == NULL || strstr(r->headers, "device") == NULL);
        }
    }
}

TEST_IN_WORLD(ENUM_09_a_wrong_password_says_nothing_of_a_second_step)
{
    struct client *c = plain_client(w);
    make_states(w);
    check_alike("with and without a second step", login(c, ANN, WRONG), login(c, BEN, WRONG));
    CHECK_NUM(count_of(w, "SELECT count(*) FROM pending"), 0);
}

/* --- telling the owner --- */

TEST_IN_WORLD(NOTE_01_an_owner_is_told_of_locks_but_not_of_every_one)
{
    int n = 0;
    person(w, ANN, PASSWORD);
    while (failures(w) < LOCKOUT_FOREVER) {
        CHECK(guess(w, n++)->status == 401);
        wait_for(HOUR);
    }
    CHECK_NUM(mail_count(w, ANN, "account_locked"), 5);
    const struct mail *mail = mailed(w, ANN, "account_locked");
    CHECK(strstr(mail->text, "/forgot-password") != NULL);
    CHECK(strstr(mail->text, "{") == NULL);
}

/* --- in words --- */

TEST_IN_WORLD(a_page_that_is_locked_says_how_long_and_what_else)
{
    struct client *c = client(w);
    struct reply *r = NULL;
    person(w, ANN, PASSWORD);
    for (int i = 0; i < 5; i++)
        r = login_page(c, ANN, WRONG);
    CHECK_NUM(r->status, 401);
    CHECK(strstr(r->body, "one wrong attempt too many") != NULL);
    CHECK(strstr(r->body, "in 5 minutes") != NULL);
    wait_for(4 * MINUTE);
    r = login_page(c, ANN, PASSWORD);
    CHECK_NUM(r->status, 423);
    CHECK(strstr(r->body, "in 60 seconds") != NULL);
    CHECK(strstr(r->body, "href=\"/forgot-password\">Choose a new password") != NULL);
    CHECK(strstr(r->body, "href=\"/magic-link\">Sign in by mail") != NULL);
    CHECK(strstr(r->body, "Reference") != NULL);
}

/* What was typed is not said to be wrong when it was not even looked at. */
TEST_IN_WORLD(a_code_that_is_not_judged_is_not_marked_as_wrong)
{
    struct client *c = client(w);
    for (int i = 0; i < 6; i++) {
        (void)get(c, "/email-code");
        struct reply *r = post_form(c, "/email-code", "email=ann%40example.org&code=12345678");
        CHECK_NUM(r->status, i < 5 ? 401 : 423);
        CHECK_NUM(strstr(r->body, "aria-invalid=\"true\"") != NULL, i < 5);
        CHECK_NUM(strstr(r->body, "in 5 minutes") != NULL, i >= 4);
    }
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    for (int i = 0; i < 6; i++) {
        (void)get(c, "/email-code");
        struct reply *r = post_form(c, "/email-code", "email=ben%40example.org&code=12345678");
        if (r->status == 429)
            CHECK(strstr(r->body, "aria-invalid=\"true\"") == NULL &&
                  strstr(r->body, "in 60 seconds") != NULL);
        CHECK_NUM(r->status, i < 5 ? 401 : 429);
    }
}

/* --- captcha --- */

static struct reply *login_with(struct client *c, const char *password, const char *captcha)
{
    return post(c, "/v1/auth/login",
                json("email", ANN, "password", password, "captcha", captcha, NULL));
}

/* From the third failure on; what comes without is neither judged nor counted, and who is known
   there is not asked for what strangers did. */
TEST_IN_WORLD(RATE_04_after_three_failures_each_further_try_costs_a_captcha)
{
    struct client *home = client(w);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login_page(home, ANN, PASSWORD)->status, 303);
    sign_out(home);
    CHECK_OK(setting_override(SETTING_CAPTCHA, "auto"));
    for (int i = 0; i < 3; i++)
        CHECK_NUM(guess(w, i)->status, 401);
    for (int i = 0; i < 4; i++) {
        struct reply *r = login(stranger(w, 10 + i), ANN, i % 2 ? PASSWORD : WRONG);
        check_problem(r, 403, "captcha_required");
    }
    CHECK_NUM(failures(w), 3);
    struct client *c = stranger(w, 20);
    CHECK_NUM(login_with(c, WRONG, solved(c, "login"))->status, 401);
    CHECK_NUM(failures(w), 4);
    CHECK_NUM(login_page(home, ANN, PASSWORD)->status, 303);
    CHECK_NUM(login_with(c, PASSWORD, solved(c, "login"))->status, 200);
    CHECK_NUM(guess(w, 30)->status, 401); /* afresh: without */
}

/* Locked is locked: nobody computes for nothing. */
TEST_IN_WORLD(RATE_04_no_captcha_is_asked_for_while_it_is_locked)
{
    person(w, ANN, PASSWORD);
    CHECK_OK(setting_override(SETTING_CAPTCHA, "auto"));
    burn(w, 4);
    struct client *c = stranger(w, 20);
    CHECK_NUM(login_with(c, WRONG, solved(c, "login"))->status, 401);
    CHECK_NUM(login(stranger(w, 21), ANN, PASSWORD)->status, 423);
    wait_for(5 * MINUTE);
    check_problem(login(stranger(w, 22), ANN, PASSWORD), 403, "captcha_required");
}
