/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RACE: many at once get what one after the other would have got. One-time objects have one winner,
 * one address has one account, and what a new password ends stays ended.
 */
#include "attack.h"

#include "base/clock.h"
#include "feature/setup.h"
#include "service/audit.h"
#include "service/hashing.h"
#include "service/setting.h"

#include <stdio.h>
#include <string.h>

enum { CROWD = 64, ROUNDS = 3, MIXED_ROUNDS = 12 };

#define FRESH "a chair of cherry wood"
#define OTHER "yet another oak cupboard"

struct race {
    struct world *w;
    const char *token;
    int status[CROWD];
};

/* One winner, everybody else told that it is gone; no fault. */
static void check_one_winner(const struct race *race, int won, int lost)
{
    int winners = 0;
    for (int i = 0; i < CROWD; i++) {
        winners += race->status[i] == won;
        if (race->status[i] != won && race->status[i] != lost)
            test_fail(__FILE__, __LINE__, "somebody got %d", race->status[i]);
    }
    CHECK_NUM(winners, 1);
}

/* However many wrote at once, the chains hold. */
static void check_chains(struct world *w)
{
    struct audit_verdict verdict = { 0 };
    CHECK_OK(audit_verify(w->real_db, test_arena(), &verdict));
    CHECK(verdict.is_good);
}

/* --- one-time tokens --- */

static void verify_once(void *arg, int i)
{
    struct race *race = arg;
    race->status[i] = verify(client(race->w), race->token)->status;
}

TEST_IN_WORLD(RACE_01_a_verification_link_has_one_winner)
{
    for (int round = 0; round < ROUNDS; round++) {
        const char *email = text_format(test_arena(), "p%d@example.org", round);
        struct race race = { .w = w };
        CHECK_NUM(
            post(client(w), "/v1/auth/register", json("email", email, "password", PASSWORD, NULL))
                ->status,
            202);
        race.token = mailed_token(w, email, "verify_email");
        crowd(CROWD, verify_once, &race);
        check_one_winner(&race, 200, 410);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM audit WHERE event = 'account.verified'"),
                  round + 1);
        CHECK_NUM(login(client(w), email, PASSWORD)->status, 200);
    }
}

/* Each tries a password of its own: the winner's is the one that counts. */
static const char *password_number(int i)
{
    static const char words[][12] = { "walnut",   "cherry",   "sycamore", "hornbeam",
                                      "rosewood", "tamarind", "juniper",  "chestnut" };
    static char all[CROWD][80];
    (void)snprintf(all[i], sizeof all[i], "%s %s bench %d", words[i / 8], words[i % 8], 7 * i);
    return all[i];
}

static void reset_once(void *arg, int i)
{
    struct race *race = arg;
    race->status[i] = reset(client(race->w), race->token, password_number(i))->status;
}

TEST_IN_WORLD(RACE_01_a_reset_link_has_one_winner)
{
    person(w, ANN, PASSWORD);
    for (int round = 0; round < ROUNDS; round++) {
        struct race race = { .w = w, .token = reset_token(w, ANN) };
        wait_for(MINUTE);
        crowd(CROWD, reset_once, &race);
        check_one_winner(&race, 200, 410);
        for (int i = 0; i < CROWD; i++)
            if (race.status[i] == 200)
                CHECK_NUM(login(client(w), ANN, password_number(i))->status, 200);
        CHECK_NUM(mail_count(w, ANN, "password_changed"), round + 1);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM audit WHERE event = 'password.reset'"),
                  round + 1);
    }
}

static void set_up_once(void *arg, int i)
{
    struct race *race = arg;
    struct client *c = client(race->w);
    char form[300];
    (void)get(c, "/login");
    (void)snprintf(form, sizeof form,
                   "token=%s&email=p%d%%40example.org&password=a+chair+of+cherry+wood", race->token,
                   i);
    race->status[i] = post_form(c, "/setup", form)->status;
}

TEST_IN_WORLD(RACE_01_the_set_up_link_has_one_winner)
{
    struct tx tx;
    const char *link = "";
    db_begin(&tx, w->real_db, DB_WRITE, test_arena());
    CHECK_OK(setup_make_link(&tx, &link));
    CHECK_OK(db_commit(&tx));
    struct race race = { .w = w, .token = strstr(link, "token=") + strlen("token=") };
    crowd(CROWD, set_up_once, &race);
    check_one_winner(&race, 303, 410);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account"), 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE roles >= 8"), 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 1);
}

/* --- one account --- */

static void register_once(void *arg, int i)
{
    static const char *const spellings[] = { "ann@example.org", "Ann@example.org",
                                             "ANN@EXAMPLE.ORG", "ann@Example.Org" };
    struct race *race = arg;
    race->status[i] = post(client(race->w), "/v1/auth/register",
                           json("email", spellings[i % 4], "password", password_number(i), NULL))
                          ->status;
}

TEST_IN_WORLD(RACE_03_one_address_gets_one_account)
{
    struct race race = { .w = w };
    crowd(CROWD, register_once, &race);
    for (int i = 0; i < CROWD; i++)
        CHECK_NUM(race.status[i], 202);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account"), 1);
    CHECK(count_of(w, "SELECT count(*) FROM registration") <= 10);
    CHECK(count_of(w, "SELECT count(*) FROM registration") > 0);
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM outbox WHERE sent_at > 0"), CROWD);
    check_chains(w);
}

/* Links of one address that are opened at once: one counts, with its own password. */
struct links {
    struct world *w;
    const char *tokens[8];
    int status[8];
};

static void verify_link(void *arg, int i)
{
    struct links *links = arg;
    links->status[i] = verify(client(links->w), links->tokens[i])->status;
}

TEST_IN_WORLD(RACE_03_of_many_links_one_counts)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct links links = { .w = w };
        const char *email = text_format(test_arena(), "p%d@example.org", round);
        int winners = 0;
        for (int i = 0; i < 8; i++) {
            CHECK_NUM(post(client(w), "/v1/auth/register",
                           json("email", email, "password", password_number(i), NULL))
                          ->status,
                      202);
            links.tokens[i] = mailed_token(w, email, "verify_email");
            wait_for(SECOND);
        }
        crowd(8, verify_link, &links);
        for (int i = 0; i < 8; i++) {
            winners += links.status[i] == 200;
            CHECK(links.status[i] == 200 || links.status[i] == 410);
            tamper(w, "DELETE FROM lockout_address", V_NONE);
            CHECK_NUM(login(client(w), email, password_number(i))->status,
                      links.status[i] == 200 ? 200 : 401);
        }
        CHECK_NUM(winners, 1);
    }
    CHECK_NUM(count_of(w, "SELECT count(*) FROM registration"), 0);
}

/* --- a new password against everything --- */

enum { ACTORS = 12 };

struct melee {
    struct world *w;
    struct client *thief, *owner; /* both were signed in before */
    const char *reset, *verify;
    struct reply *replies[ACTORS];
};

static void act(void *arg, int i)
{
    struct melee *m = arg;
    struct client c = *(i % 2 ? m->thief : m->owner); /* a copy: replies change clients */
    struct reply *r = NULL;
    switch (i) {
    case 0: r = reset(client(m->w), m->reset, FRESH); break;
    case 1: /* whoever knows the old password sets one of their own */
    case 3:
        r = post(&c, "/v1/auth/password/change",
                 json("current_password", PASSWORD, "password", OTHER, NULL));
        break;
    case 5:
    case 7: r = refresh(&c, c.refresh); break;
    case 4:
    case 6: r = login(client(m->w), ANN, PASSWORD); break;
    case 8: r = login_page(client(m->w), ANN, PASSWORD); break;
    case 9: r = get(&c, "/v1/auth/me"); break;
    case 10: r = call(&c, "PATCH", "/v1/account/profile", json("name", "Ann", NULL)); break;
    default: r = call(&c, "DELETE", "/v1/account/sessions", NULL); break;
    }
    m->replies[i] = r;
}

/*
 * The reset may come before or after a change, never beside one, and wins in either case: nothing
 * from before it opens the account.
 */
TEST_IN_WORLD(RACE_07_a_reset_leaves_nothing_from_before)
{
    person(w, ANN, PASSWORD);
    for (int round = 0; round < MIXED_ROUNDS; round++) {
        struct melee m = { .w = w, .thief = client(w), .owner = client(w) };
        CHECK_NUM(login(m.thief, ANN, PASSWORD)->status, 200);
        CHECK_NUM(login(m.owner, ANN, PASSWORD)->status, 200);
        m.reset = reset_token(w, ANN);
        wait_for(MINUTE);
        crowd(ACTORS, act, &m);
        for (int i = 0; i < ACTORS; i++)
            if (m.replies[i]->status >= 500)
                test_fail(__FILE__, __LINE__, "%d got %d: %s", i, m.replies[i]->status,
                          m.replies[i]->body);
        CHECK_NUM(m.replies[0]->status, 200);
        CHECK(m.replies[1]->status != 200 || m.replies[3]->status != 200);

        /* When the reset came first, all the others were wrong, and that locks. */
        tamper(w, "DELETE FROM lockout_address", V_NONE);
        CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 401);
        CHECK_NUM(login(client(w), ANN, FRESH)->status, 200);
        CHECK_NUM(login(client(w), ANN, OTHER)->status, 401);
        CHECK_NUM(reset(client(w), m.reset, PASSWORD)->status, 410);
        /* Of all that was signed in or signed in meanwhile, nothing is left. */
        CHECK_NUM(get(m.thief, "/v1/auth/me")->status, 401);
        CHECK_NUM(get(m.owner, "/v1/auth/me")->status, 401);
        CHECK_NUM(refresh(client(w), m.thief->refresh)->status, 401);
        CHECK_NUM(refresh(client(w), m.owner->refresh)->status, 401);
        for (int i = 0; i < ACTORS; i++) {
            const char *token = text_of(m.replies[i], "refresh_token");
            if (token)
                CHECK_NUM(refresh(client(w), token)->status, 401);
        }
        CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 1); /* the login above */
        wait_for(MINUTE);                                          /* back to the beginning */
        CHECK_NUM(reset(client(w), reset_token(w, ANN), PASSWORD)->status, 200);
    }
    check_chains(w);
}

/* Verifying and resetting an account that is not verified yet, at once, in both orders of locks. */
static void open_account(void *arg, int i)
{
    struct melee *m = arg;
    m->replies[i] = i % 2 ? verify(client(m->w), m->verify) : reset(client(m->w), m->reset, FRESH);
}

TEST_IN_WORLD(RACE_07_verifying_and_resetting_at_once)
{
    for (int round = 0; round < MIXED_ROUNDS; round++) {
        struct melee m = { .w = w };
        const char *email = text_format(test_arena(), "p%d@example.org", round);
        CHECK_NUM(
            post(client(w), "/v1/auth/register", json("email", email, "password", PASSWORD, NULL))
                ->status,
            202);
        m.verify = mailed_token(w, email, "verify_email");
        m.reset = reset_token(w, email);
        wait_for(SECOND);
        crowd(4, open_account, &m);
        int won = 0;
        for (int i = 0; i < 4; i++) {
            int status = m.replies[i]->status;
            won += status == 200;
            if (status != 200 && status != 410 && status != 409)
                test_fail(__FILE__, __LINE__, "%s gets %d", i % 2 ? "verify" : "reset", status);
        }
        bool is_reset = m.replies[0]->status == 200 || m.replies[2]->status == 200;
        CHECK(is_reset && won <= 2); /* it may come after the verification */
        CHECK_NUM(login(client(w), email, PASSWORD)->status, 401);
        CHECK_NUM(login(client(w), email, FRESH)->status, 200);
    }
}

/* --- everybody signs in while the hash's cost changes --- */

static void sign_in_once(void *arg, int i)
{
    struct race *race = arg;
    race->status[i] = login(client(race->w), ANN, PASSWORD)->status;
}

TEST_IN_WORLD(RACE_07_many_sign_in_while_the_hash_is_renewed)
{
    struct race race = { .w = w };
    person(w, ANN, PASSWORD);
    CHECK_OK(setting_override(SETTING_PASSWORD_HASH, "m=128,t=2,p=1"));
    CHECK_OK(hashing_configure());
    crowd(CROWD, sign_in_once, &race);
    int signed_in_count = 0;
    for (int i = 0; i < CROWD; i++) {
        CHECK(race.status[i] == 200 || race.status[i] == 401);
        signed_in_count += race.status[i] == 200;
    }
    CHECK_NUM(signed_in_count, CROWD);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 10);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
    check_chains(w);
}

/* --- no two wait for each other
 * ------------------------------------------------------------------- */

/* One changes the password, signs in anew or signs out, while the same session is refreshed. */
static void disturb(void *arg, int i)
{
    struct melee *m = arg;
    struct client c = *m->owner;
    if (i == 0)
        m->replies[i] = post(&c, "/v1/auth/password/change",
                             json("current_password", PASSWORD, "password", FRESH, NULL));
    else if (i < 6)
        m->replies[i] = refresh(&c, c.refresh);
    else if (i < 9)
        m->replies[i] = login(client(m->w), ANN, PASSWORD);
    else
        m->replies[i] = call(&c, "DELETE", "/v1/account/sessions", NULL);
}

TEST_IN_WORLD(RACE_07_a_change_and_refreshes_never_wait_in_a_circle)
{
    person(w, ANN, PASSWORD);
    for (int round = 0; round < MIXED_ROUNDS; round++) {
        struct melee m = { .w = w, .owner = client(w) };
        CHECK_NUM(login(m.owner, ANN, PASSWORD)->status, 200);
        wait_for(MINUTE);
        crowd(ACTORS, disturb, &m);
        CHECK_NUM(m.replies[0]->status, 200);
        for (int i = 1; i < ACTORS; i++) {
            int status = m.replies[i]->status;
            if (status != 200 && status != 204 && status != 401)
                test_fail(__FILE__, __LINE__, "%d got %d: %s", i, status, m.replies[i]->body);
        }
        CHECK_NUM(get(m.owner, "/v1/auth/me")->status, 200); /* who changed it stays */
        wait_for(MINUTE);
        CHECK_NUM(reset(client(w), reset_token(w, ANN), PASSWORD)->status, 200);
    }
    check_chains(w);
}
