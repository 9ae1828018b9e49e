/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks in several steps, where each step alone is harmless: what a thief leaves behind to come
 * back, and how the owner could be kept out.
 */
#include "passkeys.h"
#include "two_step.h"

#include "base/clock.h"

#include <string.h>

#define THIRD "third@example.org"
#define OTHER_PASSWORD "another walnut chair"

/* The thief's browser, elsewhere. */
static struct client *thief_of(struct world *w)
{
    struct client *c = client(w);
    c->ip = "198.51.100.7";
    c->user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0";
    return c;
}

static void disavow(struct world *w)
{
    const char *token = mailed_token(w, ANN, "new_device");
    CHECK_NUM(post(client(w), "/v1/auth/not-me", json("token", token, NULL))->status, 200);
}

static const char *ask_for_address(struct client *c, const char *email)
{
    CHECK_NUM(post(c, "/v1/account/email", json("email", email, NULL))->status, 202);
    return mailed_token(c->w, email, "email_change_confirm");
}

static int confirm(struct world *w, const char *token)
{
    return post(client(w), "/v1/account/email/confirm", json("token", token, NULL))->status;
}

static int revoke(struct world *w, const char *token)
{
    return post(client(w), "/v1/account/email/revoke", json("token", token, NULL))->status;
}

static void leave(struct client *c)
{
    (void)get(c, "/settings");
    CHECK_NUM(post_form(c, "/logout", "")->status, 303);
}

/* --- what a disavowed sign-in leaves behind --- */

/* Moving the account to the thief's mailbox would also void the reset link that was just mailed. */
TEST_IN_WORLD(PRE_04_a_pending_change_does_not_survive_this_was_not_me)
{
    (void)signed_in(w, ANN);
    struct client *thief = thief_of(w);
    wait_for(SECOND);
    CHECK_NUM(login(thief, ANN, PASSWORD)->status, 200);
    const char *link = ask_for_address(thief, THIRD);
    disavow(w);
    CHECK_NUM(confirm(w, link), 410);
    const char *token = mailed_token(w, ANN, "reset_password");
    CHECK_NUM(reset(client(w), token, OTHER_PASSWORD)->status, 200);
    CHECK_NUM(login(client(w), ANN, OTHER_PASSWORD)->status, 200);
}

/* By changing the password he would void the link that was just mailed, again and again. */
TEST_IN_WORLD(PRE_02_who_was_disavowed_cannot_come_back_and_void_the_reset)
{
    struct client *ann = signed_in(w, ANN), *thief = thief_of(w);
    wait_for(SECOND);
    CHECK_NUM(login(thief, ANN, PASSWORD)->status, 200);
    disavow(w);
    CHECK_NUM(login(thief, ANN, PASSWORD)->status, 401);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
    const char *token = mailed_token(w, ANN, "reset_password");
    CHECK_NUM(reset(client(w), token, OTHER_PASSWORD)->status, 200);
}

/* On a device that the account knows: no mail tells of the sign-in, only of the app. */
TEST_IN_WORLD(PRE_03_the_mail_about_an_app_takes_it_back)
{
    struct app app;
    struct client *thief = signed_in(w, ANN);
    wait_for(MINUTE);
    clock_creep(1); /* the mail is owed a moment after the app was bound */
    CHECK_NUM(set_up(thief, &app)->status, 200);
    clock_creep(0);
    const char *token = mailed_token(w, ANN, "two_factor_on");
    REQUIRE(*token);
    wait_for(23 * HOUR);
    CHECK_NUM(post(client(w), "/v1/auth/not-me", json("token", token, NULL))->status, 200);
    CHECK_NUM(get(thief, "/v1/auth/me")->status, 401);
    CHECK_NUM(login(thief, ANN, PASSWORD)->status, 401);
    CHECK_NUM(reset(client(w), mailed_token(w, ANN, "reset_password"), OTHER_PASSWORD)->status,
              200);
    CHECK(text_of(login(client(w), ANN, OTHER_PASSWORD), "access_token") != NULL);
}

/* A reset leaves passkeys where they are (RST-05): only this link takes one off again. */
TEST_IN_WORLD(PRE_03_the_mail_about_a_passkey_takes_it_back)
{
    struct client *thief = signed_in(w, ANN), *ann = client(w);
    struct soft_credential *first = own_passkey(thief), *key;
    wait_for(MINUTE);
    clock_creep(1); /* the mail is owed a moment after the passkey was bound */
    key = own_passkey(thief);
    clock_creep(0);
    const char *token = mailed_token(w, ANN, "passkey_added");
    REQUIRE(*token);
    CHECK_NUM(reset(ann, reset_token(w, ANN), OTHER_PASSWORD)->status, 200);
    CHECK_NUM(use_passkey(thief, key, "{}", SYNCED)->status, 200);
    wait_for(6 * DAY);
    CHECK_NUM(post(client(w), "/v1/auth/not-me", json("token", token, NULL))->status, 200);
    CHECK_NUM(get(thief, "/v1/auth/me")->status, 401);
    CHECK_NUM(use_passkey(thief, key, "{}", SYNCED)->status, 401);
    CHECK_NUM(use_passkey(ann, first, "{}", SYNCED)->status, 200);
    CHECK_NUM(post(client(w), "/v1/auth/not-me", json("token", token, NULL))->status, 410);
}

/* Whoever reads the mailbox must not be able to take off a second step for good (RST-05). */
TEST_IN_WORLD(RST_05_after_a_day_the_mail_about_an_app_leaves_it)
{
    struct app app = two_step(w, ANN);
    const char *token = mailed_token(w, ANN, "two_factor_on");
    wait_for(25 * HOUR);
    CHECK_NUM(post(client(w), "/v1/auth/not-me", json("token", token, NULL))->status, 200);
    CHECK_NUM(reset(client(w), mailed_token(w, ANN, "reset_password"), OTHER_PASSWORD)->status,
              200);
    const char *handle = text_of(login(client(w), ANN, OTHER_PASSWORD), "pending_token");
    REQUIRE(handle);
    CHECK_NUM(second_step(client(w), handle, code_at(&app, 0))->status, 200);
}

/* Codes that only the thief has seen, on an account whose app was bound before. */
TEST_IN_WORLD(PRE_03_recovery_codes_made_by_the_thief_go_with_the_sign_in)
{
    struct app app = two_step(w, ANN);
    struct client *thief = thief_of(w);
    CHECK_NUM(login_by_app(thief, ANN, &app)->status, 200);
    struct reply *r = post(thief, "/v1/auth/2fa/recovery-codes", "{}");
    CHECK_NUM(r->status, 200);
    const char *code = text_of(r, "recovery_codes.0");
    REQUIRE(code);
    disavow(w);
    const char *token = mailed_token(w, ANN, "reset_password");
    CHECK_NUM(reset(client(w), token, OTHER_PASSWORD)->status, 200);
    wait_for(30 * SECOND);
    const char *handle = text_of(login(thief, ANN, OTHER_PASSWORD), "pending_token");
    CHECK_NUM(recover(thief, handle, code)->status, 401);
    CHECK_NUM(second_step(thief, handle, code_at(&app, 0))->status, 200);
}

/* A forgotten device would otherwise make the thief's the first one, which is told to nobody. */
TEST_IN_WORLD(NOTE_01_forgetting_all_devices_does_not_hide_the_next_one)
{
    struct client *stolen = signed_in(w, ANN), *thief = thief_of(w);
    const char *id = text_of(get(stolen, "/v1/account/devices"), "data.0.id");
    CHECK_NUM(call(stolen, "DELETE", text_format(test_arena(), "/v1/account/devices/%s", id), NULL)
                  ->status,
              204);
    CHECK_NUM(login(thief, ANN, PASSWORD)->status, 200);
    CHECK_NUM(mail_count(w, ANN, "new_device"), 1);
}

/* --- what a change of address that was taken back leaves behind --- */

/* An app of the thief's keeps the owner out, a passkey lets the thief in, both for good. */
TEST_IN_WORLD(PRE_03_taking_an_address_back_takes_back_what_was_bound)
{
    struct app app;
    struct client *thief = signed_in(w, ANN);
    struct soft_credential *key = own_passkey(thief);
    wait_for(MINUTE);
    const char *link = ask_for_address(thief, THIRD);
    const char *back = mailed_token(w, ANN, "email_change_asked");
    CHECK_NUM(confirm(w, link), 200);
    CHECK_NUM(login(thief, THIRD, PASSWORD)->status, 200);
    CHECK_NUM(set_up(thief, &app)->status, 200);
    CHECK_NUM(revoke(w, back), 200);
    CHECK_NUM(use_passkey(client(w), key, "{}", SYNCED)->status, 401);
    const char *token = mailed_token(w, ANN, "reset_password");
    CHECK_NUM(reset(client(w), token, OTHER_PASSWORD)->status, 200);
    CHECK(text_of(login(client(w), ANN, OTHER_PASSWORD), "access_token") != NULL);
}

TEST_IN_WORLD(MFA_08_taking_an_address_back_leaves_what_was_bound_before)
{
    struct app app = two_step(w, ANN);
    struct client *ann = client(w);
    wait_for(11 * MINUTE);
    CHECK_NUM(login_by_app(ann, ANN, &app)->status, 200);
    (void)ask_for_address(ann, THIRD);
    CHECK_NUM(revoke(w, mailed_token(w, ANN, "email_change_asked")), 200);
    const char *token = mailed_token(w, ANN, "reset_password");
    CHECK_NUM(reset(client(w), token, OTHER_PASSWORD)->status, 200);
    CHECK(text_of(login(client(w), ANN, OTHER_PASSWORD), "pending_token") != NULL);
}

/* The link that keeps the account was mailed to the thief. */
TEST_IN_WORLD(RACE_04_taking_an_address_back_keeps_the_account)
{
    struct client *thief = signed_in(w, ANN);
    const char *link = ask_for_address(thief, THIRD);
    const char *back = mailed_token(w, ANN, "email_change_asked");
    CHECK_NUM(confirm(w, link), 200);
    CHECK_NUM(login(thief, THIRD, PASSWORD)->status, 200);
    CHECK_NUM(post(thief, "/v1/account/deletion", "{}")->status, 202);
    CHECK_NUM(mail_count(w, ANN, "deletion_asked"), 0);
    CHECK_NUM(revoke(w, back), 200);
    CHECK_NUM(mail_count(w, ANN, "deletion_cancelled"), 1);
    wait_for(31 * DAY);
    run_jobs(w);
    CHECK(account_id_of(w, ANN) != NULL);
}

/* Mails about what the thief did went to the thief. */
TEST_IN_WORLD(PRE_03_who_had_the_address_cannot_take_back_what_its_owner_does)
{
    struct app app;
    struct client *thief = signed_in(w, ANN), *ann = client(w);
    const char *link = ask_for_address(thief, THIRD), *links[3];
    const char *back = mailed_token(w, ANN, "email_change_asked");
    CHECK_NUM(confirm(w, link), 200);
    thief->user_agent = "curl/8.1";
    CHECK_NUM(login(thief, THIRD, PASSWORD)->status, 200);
    links[0] = mailed_token(w, THIRD, "new_device");
    (void)own_passkey(thief);
    links[1] = mailed_token(w, THIRD, "passkey_added");
    CHECK_NUM(set_up(thief, &app)->status, 200);
    links[2] = mailed_token(w, THIRD, "two_factor_on");
    wait_for(MINUTE);
    CHECK_NUM(revoke(w, back), 200);

    CHECK_NUM(reset(ann, mailed_token(w, ANN, "reset_password"), OTHER_PASSWORD)->status, 200);
    CHECK_NUM(login(ann, ANN, OTHER_PASSWORD)->status, 200);
    CHECK_NUM(set_up(ann, &app)->status, 200);
    for (size_t i = 0; i < COUNT(links); i++) {
        REQUIRE(*links[i]);
        CHECK_NUM(post(client(w), "/v1/auth/not-me", json("token", links[i], NULL))->status, 410);
    }
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
    CHECK(text_of(login(client(w), ANN, OTHER_PASSWORD), "pending_token") != NULL);
}

/* --- all of it at once --- */

enum { WAYS = 5, CROWD = 40 };

struct taking_back {
    struct world *w;
    const char *confirm, *revoke, *disavow, *reset, *keep;
    _Atomic int won[WAYS], broken;
};

static int go(struct taking_back *t, int way)
{
    struct client *c = client(t->w);
    switch (way) {
    case 0: return confirm(t->w, t->confirm);
    case 1: return revoke(t->w, t->revoke);
    case 2: return post(c, "/v1/auth/not-me", json("token", t->disavow, NULL))->status;
    case 3: return reset(c, t->reset, OTHER_PASSWORD)->status;
    default:
        (void)get(c, text_format(test_arena(), "/settings/deletion?token=%s", t->keep));
        return post_form(c, "/settings/deletion/cancel",
                         text_format(test_arena(), "token=%s", t->keep))
            ->status;
    }
}

static void take_back_once(void *arg, int i)
{
    struct taking_back *t = arg;
    int status = go(t, i % WAYS);
    if (status == 200)
        t->won[i % WAYS]++;
    else if (status != 410)
        t->broken++;
}

TEST_IN_WORLD(RACE_01_every_way_to_take_an_account_back_at_once)
{
    struct taking_back t = { .w = w };
    struct client *thief = thief_of(w);
    (void)signed_in(w, ANN);
    wait_for(SECOND);
    CHECK_NUM(login(thief, ANN, PASSWORD)->status, 200);
    REQUIRE(own_passkey(thief));
    t.confirm = ask_for_address(thief, THIRD);
    CHECK_NUM(post(thief, "/v1/account/deletion", "{}")->status, 202);
    t.keep = mailed_token(w, ANN, "deletion_asked");
    t.revoke = mailed_token(w, ANN, "email_change_asked");
    t.disavow = mailed_token(w, ANN, "new_device");
    t.reset = reset_token(w, ANN);
    crowd(CROWD, take_back_once, &t);
    CHECK_NUM(t.broken, 0);
    CHECK_NUM(t.won[1], 1);
    CHECK_NUM(t.won[2], 1);
    CHECK(t.won[0] <= 1 && t.won[3] <= 1 && t.won[4] <= 1);
    CHECK(account_id_of(w, ANN) != NULL);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 401);
    CHECK_NUM(get(thief, "/v1/auth/me")->status, 401);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM passkey"), 0);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE deletion_due_at IS NOT NULL"), 0);
}

/* --- a browser that two people share --- */

/* Everybody who was signed in there may have kept a copy of its cookie. */
static struct client *with_copy(struct world *w, const struct client *of)
{
    struct client *c = client(w);
    c->ip = "198.51.100.7";
    c->user_agent = of->user_agent;
    c->cookie_names[0] = "cardea-device";
    c->cookie_values[0] = cookie_of(of, "cardea-device");
    return c;
}

TEST_IN_WORLD(MFA_09_a_cookie_planted_before_is_not_trusted)
{
    struct app app = two_step(w, ANN);
    struct client *c = client(w);
    person(w, BEN, PASSWORD);
    c->user_agent = "Mozilla/5.0 (Macintosh) AppleWebKit/605.1 Version/17.0 Safari/605.1";
    CHECK_NUM(login_page(c, BEN, PASSWORD)->status, 303);
    struct client *ben = with_copy(w, c); /* kept at home */
    CHECK_NUM(login_page(c, ANN, PASSWORD)->status, 303);
    (void)get(c, "/2fa/verify");
    const char *form = text_format(test_arena(), "code=%s&remember_device=1", code_at(&app, 0));
    CHECK_NUM(post_form(c, "/2fa/verify", form)->status, 303);
    CHECK_TEXT(header_of(login_page(ben, ANN, PASSWORD), "location"), "/2fa/verify");
    leave(c);
    CHECK_TEXT(header_of(login_page(c, ANN, PASSWORD), "location"), "/");
    int told = mail_count(w, BEN, "new_device");
    leave(c);
    CHECK_NUM(login_page(c, BEN, PASSWORD)->status, 303); /* his browser still */
    CHECK_NUM(mail_count(w, BEN, "new_device"), told);
}

TEST_IN_WORLD(MFA_09_trusting_a_browser_ends_copies_made_before)
{
    struct app app = two_step(w, ANN);
    struct client *c = client(w);
    for (int i = 0; i < 2; i++) {
        struct client *copy = cookie_of(c, "cardea-device") ? with_copy(w, c) : NULL;
        CHECK_NUM(login_page(c, ANN, PASSWORD)->status, 303);
        (void)get(c, "/2fa/verify");
        const char *form =
            text_format(test_arena(), "code=%s%s", code_at(&app, 0), i ? "&remember_device=1" : "");
        CHECK_NUM(post_form(c, "/2fa/verify", form)->status, 303);
        leave(c);
        if (copy)
            CHECK_TEXT(header_of(login_page(copy, ANN, PASSWORD), "location"), "/2fa/verify");
        wait_for(30 * SECOND);
    }
    CHECK_TEXT(header_of(login_page(c, ANN, PASSWORD), "location"), "/");
}

/* The page is shown with the token of whoever is signed in there, and its form must be taken with
   it: a sign-in link of somebody else, or one's own again. */
TEST_IN_WORLD(CSRF_01_the_second_step_in_a_browser_where_somebody_is_signed_in)
{
    struct app app = two_step(w, ANN);
    struct client *c = client(w);
    person(w, BEN, PASSWORD);
    const char *forms[] = { text_format(test_arena(), "code=%s", code_at(&app, 0)),
                            text_format(test_arena(), "code=%s", app.codes[0]) };
    const char *pages[] = { "/2fa/verify", "/recovery" };
    for (int i = 0; i < 2; i++) {
        CHECK_NUM(login_page(c, BEN, PASSWORD)->status, 303);
        CHECK_NUM(post(c, "/v1/auth/magic-link", json("email", ANN, NULL))->status, 202);
        const char *token = mailed_token(w, ANN, "magic_link");
        (void)get(c, text_format(test_arena(), "/magic-link?token=%s", token));
        CHECK_NUM(post_form(c, "/magic-link/verify", text_format(test_arena(), "token=%s", token))
                      ->status,
                  303);
        CHECK_NUM(get(c, pages[i])->status, 200);
        CHECK_NUM(post_form(c, pages[i], forms[i])->status, 303);
        CHECK(strstr(get(c, "/settings/email")->body, ANN) != NULL);
        leave(c);
    }
}

/* --- guessing in a stolen session; keeping the owner out --- */

static struct reply *change(struct client *c, const char *current, const char *new)
{
    return post(c, "/v1/auth/password/change",
                json("current_password", current, "password", new, NULL));
}

/* The door that changes the password counts like the one that proves it. */
TEST_IN_WORLD(MFA_02_changing_the_password_is_no_way_to_guess_it)
{
    struct client *thief = signed_in(w, ANN);
    for (int i = 0; i < 5; i++)
        CHECK_NUM(change(thief, "not at all the desk", OTHER_PASSWORD)->status, 403);
    CHECK_NUM(change(thief, PASSWORD, OTHER_PASSWORD)->status, 423);
    CHECK_NUM(change(thief, PASSWORD, "short")->status, 423); /* as with a wrong one */
    CHECK_NUM(change(thief, "not at all the desk", "short")->status, 423);
    CHECK_NUM(post(thief, "/v1/auth/reauth", json("password", PASSWORD, NULL))->status, 423);
    CHECK_NUM(mail_count(w, ANN, "account_locked"), 1);
    wait_for(5 * MINUTE);
    CHECK_NUM(change(thief, PASSWORD, OTHER_PASSWORD)->status, 200);
}

/* Who knows the password wears out both the app and the recovery codes: a reset gives the codes
   back to their owner, and the app's door stays shut. */
TEST_IN_WORLD(MFA_02_the_owner_gets_back_in_by_a_reset_and_a_recovery_code)
{
    struct app app = two_step(w, ANN);
    struct client *thief = client(w), *ann = client(w);
    const char *handle = first_step(thief, ANN);
    for (int i = 0; i < 100; i++) {
        CHECK_NUM(recover(thief, handle, "AAAA-BBBB")->status, 401);
        CHECK_NUM(second_step(thief, handle, code_at(&app, 5))->status, 401);
        if (i % 5 == 4) {
            wait_for(HOUR);
            handle = first_step(thief, ANN);
        }
    }
    CHECK_TEXT(text_of(recover(thief, handle, app.codes[0]), "code"), "authenticator_disabled");
    CHECK_NUM(reset(client(w), reset_token(w, ANN), OTHER_PASSWORD)->status, 200);
    const char *mine = text_of(login(ann, ANN, OTHER_PASSWORD), "pending_token");
    CHECK_TEXT(text_of(second_step(ann, mine, code_at(&app, 0)), "code"), "authenticator_disabled");
    CHECK_NUM(recover(ann, mine, app.codes[0])->status, 200);
}

/* --- administrators --- */

struct leavers {
    struct client *who[4];
    _Atomic int left, refused, other;
};

static void leave_once(void *arg, int i)
{
    struct leavers *l = arg;
    int status = post(l->who[i % 4], "/v1/account/deletion", "{}")->status;
    if (status == 202)
        l->left++;
    else if (status == 403)
        l->refused++;
    else {
        l->other++;
        test_fail(__FILE__, __LINE__, "%d", status);
    }
}

TEST_IN_WORLD(RACE_04_the_last_administrators_leave_at_once)
{
    struct leavers l = { 0 };
    static const char *const names[] = { "a@example.org", "b@example.org", "c@example.org",
                                         "d@example.org" };
    for (int i = 0; i < 4; i++)
        l.who[i] = signed_in(w, names[i]);
    tamper(w, "UPDATE account SET roles = $1", V(num(9)));
    for (int i = 0; i < 4; i++)
        CHECK_NUM(login(l.who[i], names[i], PASSWORD)->status, 200);
    crowd(4, leave_once, &l);
    CHECK_NUM(l.left, 3);
    CHECK_NUM(l.refused, 1);
}

/* --- administrators who lock each other --- */

struct rivals {
    struct client *who[4];
    const char *ids[4];
    int status[4];
};

static void lock_next(void *arg, int i)
{
    struct rivals *r = arg;
    const char *path =
        text_format(test_arena(), "/v1/admin/users/%s/lock", r->ids[(i + 1) % 4]);
    r->status[i] = post(r->who[i], path, "{}")->status;
}

TEST_IN_WORLD(RBAC_03_administrators_lock_each_other_at_once)
{
    struct rivals r = { 0 };
    for (size_t i = 0; i < COUNT(r.who); i++) {
        const char *email = text_format(test_arena(), "a%zu@example.org", i);
        r.who[i] = signed_in(w, email);
        r.ids[i] = account_id_of(w, email);
    }
    for (int round = 0; round < 8; round++) {
        tamper(w, "UPDATE account SET roles = $1, locked_at = NULL", V(num(9)));
        for (size_t i = 0; i < COUNT(r.who); i++)
            CHECK_NUM(
                login(r.who[i], text_format(test_arena(), "a%zu@example.org", i), PASSWORD)->status,
                200);
        crowd(COUNT(r.who), lock_next, &r);
        for (size_t i = 0; i < COUNT(r.who); i++)
            if (r.status[i] != 200 && r.status[i] != 401 && r.status[i] != 403)
                test_fail(__FILE__, __LINE__, "%d", r.status[i]);
        CHECK(count_of(w, "SELECT count(*) FROM account WHERE locked_at IS NULL") >= 1);
    }
}
