/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A proof shown anew: what it gives, for how long, and what wrong ones cost.
 */
#include "attack.h"

#include "account/lockout.h"
#include "account/session_cache.h"
#include "sample.h"
#include "service/setting.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define PATH "/v1/auth/reauth"
#define SENSITIVE "/v1/account/export"

static struct reply *prove(struct client *c, const char *password)
{
    return post(c, PATH, json("password", password, NULL));
}

/* A new access token for the same session; the proof stays as old as it is. */
static void stay_signed_in(struct client *c)
{
    struct reply *r = refresh(c, c->refresh);
    CHECK_NUM(r->status, 200);
    c->bearer = text_of(r, "access_token");
    c->refresh = text_of(r, "refresh_token");
}

TEST_IN_WORLD(a_proof_opens_the_sensitive_doors_again)
{
    struct client *ann = signed_in(w, ANN);
    wait_for(setting_span(SETTING_FRESH_PROOF) + SECOND);
    stay_signed_in(ann);
    check_problem(post(ann, SENSITIVE, NULL), 401, "insufficient_user_authentication");
    struct reply *r = prove(ann, PASSWORD);
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "status"), "proved");
    CHECK_TEXT(text_of(r, "acr"), "aal1");
    ann->bearer = text_of(r, "access_token");
    CHECK_NUM(post(ann, SENSITIVE, NULL)->status, 202);
    CHECK(has_audit(w, "session.proved_again"));
}

TEST_IN_WORLD(SESS_06_a_proof_is_fresh_for_ten_minutes_to_the_second)
{
    struct client *ann = signed_in(w, ANN);
    wait_for(10 * MINUTE);
    stay_signed_in(ann);
    CHECK_NUM(post(ann, SENSITIVE, NULL)->status, 202);
    wait_for(1);
    session_cache_clear();
    check_problem(post(ann, SENSITIVE, NULL), 401, "insufficient_user_authentication");
    /* A clock set back makes it no younger: beyond what nodes may differ by, it is not believed. */
    wait_for(-(10 * MINUTE + 2 * MINUTE + 2));
    struct reply *r = post(ann, SENSITIVE, NULL);
    CHECK_NUM(r->status, 401);
}

TEST_IN_WORLD(SESS_05_each_proof_gives_the_session_a_new_cookie)
{
    struct client *c = client(w), *old = client(w);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login_page(c, ANN, PASSWORD)->status, 303);
    old->cookie_names[0] = "cardea";
    old->cookie_values[0] = cookie_of(c, "cardea");
    CHECK_NUM(get(old, "/v1/auth/me")->status, 200);
    const char *session = text_of(get(c, "/v1/auth/me"), "session.id");
    wait_for(setting_span(SETTING_FRESH_PROOF) + SECOND);

    CHECK_TEXT(header_of(get(c, "/2fa/setup"), "location"), "/reauth?next=/2fa/setup");
    CHECK_NUM(get(c, "/reauth?next=/2fa/setup")->status, 200);
    struct reply *r = post_form(
        c, "/reauth",
        text_format(test_arena(), "next=%%2f2fa%%2fsetup&password=%s", form_text(PASSWORD)));
    CHECK_NUM(r->status, 303);
    CHECK_TEXT(header_of(r, "location"), "/2fa/setup");
    CHECK(!text_equal(cookie_of(c, "cardea"), old->cookie_values[0]));
    CHECK_NUM(get(old, "/v1/auth/me")->status, 401);
    CHECK_TEXT(text_of(get(c, "/v1/auth/me"), "session.id"), session);
    CHECK_NUM(get(c, "/2fa/setup")->status, 200);
}

TEST_IN_WORLD(REDIR_01_a_proof_leads_nowhere_else)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login_page(c, ANN, PASSWORD)->status, 303);
    static const char *const wrong[] = { "https://evil.example", "//evil.example", "/\\evil",
                                         "/v1/auth/me", "/nowhere" };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        (void)get(c, "/settings");
        struct reply *r = get(c, text_format(test_arena(), "/reauth?next=%s", form_text(wrong[i])));
        CHECK_NUM(r->status, 303); /* proved just now: straight on */
        CHECK_TEXT(header_of(r, "location"), "/");
    }
}

TEST_IN_WORLD(a_wrong_proof_proves_nothing)
{
    struct client *ann = signed_in(w, ANN);
    wait_for(setting_span(SETTING_FRESH_PROOF) + SECOND);
    stay_signed_in(ann);
    check_problem(prove(ann, "a wrong password"), 403, "password_wrong");
    check_problem(post(ann, PATH, "{}"), 422, "fields_invalid");
    check_problem(prove(client(w), PASSWORD), 401, "unauthenticated");
    check_problem(post(ann, SENSITIVE, NULL), 401, "insufficient_user_authentication");
    CHECK(has_audit(w, "proof.refused"));
}

/* Another account's password is a wrong one. */
TEST_IN_WORLD(a_proof_is_the_owners_own)
{
    struct client *ann = signed_in(w, ANN);
    person(w, BEN, "the password of another");
    check_problem(prove(ann, "the password of another"), 403, "password_wrong");
}

/* --- what wrong ones cost --- */

static int64_t failures(struct world *w)
{
    return count_of(w, "SELECT failures FROM lockout WHERE authenticator = 'password'");
}

TEST_IN_WORLD(RATE_06_no_new_session_buys_a_guess)
{
    struct client *ann = signed_in(w, ANN);
    for (int i = 0; i < LOCKOUT_EVERY; i++)
        check_problem(prove(ann, "a wrong password"), 403, "password_wrong");
    check_problem(prove(ann, PASSWORD), 423, "locked");
    CHECK_NUM(mail_count(w, ANN, "account_locked"), 1);
    struct client *other = client(w), *page = client(w);
    other->ip = "203.0.113.80";
    CHECK_NUM(login(other, ANN, PASSWORD)->status, 200);
    struct reply *r = prove(other, PASSWORD);
    check_problem(r, 423, "locked");
    CHECK(num_of(r, "retry_after") > 0 && num_of(r, "retry_after") <= 300);
    page->ip = "203.0.113.81";
    CHECK_NUM(login_page(page, ANN, PASSWORD)->status, 303);
    run_sql(w, "UPDATE session SET auth_at = auth_at - 601000");
    session_cache_clear();
    (void)get(page, "/reauth");
    CHECK_NUM(
        post_form(page, "/reauth", text_format(test_arena(), "password=%s", form_text(PASSWORD)))
            ->status,
        423);
    CHECK_NUM(failures(w), LOCKOUT_EVERY);
    wait_for(setting_span(SETTING_LOCKOUT));
    CHECK_NUM(prove(ann, PASSWORD)->status, 200);
    CHECK_NUM(failures(w), -1); /* a success starts afresh */
}

/* Spread over a year it is no more than a hundred. */
TEST_IN_WORLD(RATE_03_the_hundred_and_first_failure_over_a_year_is_not_judged)
{
    person(w, ANN, PASSWORD);
    for (int i = 0; i < LOCKOUT_FOREVER; i++) {
        struct client *c = client(w);
        c->ip = text_format(test_arena(), "198.51.100.%d", i + 1);
        CHECK_NUM(login(c, ANN, PASSWORD)->status, 200);
        check_problem(prove(c, "a wrong password"), 403, "password_wrong");
        wait_for(87 * HOUR);
    }
    struct client *c = client(w);
    CHECK_NUM(login(c, ANN, PASSWORD)->status, 200);
    check_problem(prove(c, PASSWORD), 423, "authenticator_disabled");
    wait_for(365 * DAY);
    CHECK_NUM(login(c, ANN, PASSWORD)->status, 200);
    check_problem(prove(c, PASSWORD), 423, "authenticator_disabled");
    CHECK_NUM(failures(w), LOCKOUT_FOREVER);
    /* Bound anew, it starts afresh. */
    CHECK_NUM(reset(client(w), reset_token(w, ANN), "another walnut chair")->status, 200);
    CHECK_NUM(login(c, ANN, "another walnut chair")->status, 200);
    CHECK_NUM(prove(c, "another walnut chair")->status, 200);
}

struct guessers {
    struct client *ann;
    _Atomic int judged, locked, other;
};

static void guess(void *arg, int i)
{
    struct guessers *g = arg;
    struct client c = *g->ann;
    struct reply *r = prove(&c, i % 2 ? "a wrong password" : "another wrong password");
    if (r->status == 403)
        g->judged++;
    else if (r->status == 423)
        g->locked++;
    else
        g->other++;
}

TEST_IN_WORLD(RATE_09_of_a_thousand_guesses_at_99_one_is_judged)
{
    enum { GUESSES = 1000, AT_ONCE = 100 };
    struct guessers g = { .ann = signed_in(w, ANN) };
    CHECK_NUM(prove(g.ann, "a wrong password")->status, 403);
    run_sql(w, "UPDATE lockout SET failures = 99");
    for (int i = 0; i < GUESSES; i += AT_ONCE)
        crowd(AT_ONCE, guess, &g);
    CHECK_NUM(g.judged, 1);
    CHECK_NUM(g.locked, GUESSES - 1);
    CHECK_NUM(g.other, 0);
    CHECK_NUM(failures(w), LOCKOUT_FOREVER);
}
