/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known devices: a sign-in from a new one is told to the owner, whose mail takes it back.
 */
#include "passkeys.h"
#include "two_step.h"

#include "base/clock.h"

#include <string.h>

/* A browser elsewhere. */
static struct client *stranger(struct world *w)
{
    struct client *c = client(w);
    c->ip = "198.51.100.7";
    c->user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0";
    return c;
}

TEST_IN_WORLD(the_first_sign_in_is_told_to_nobody)
{
    person(w, ANN, PASSWORD);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
    CHECK_NUM(mail_count(w, ANN, "new_device"), 0);
}

TEST_IN_WORLD(a_sign_in_from_a_new_device_is_told_once)
{
    person(w, ANN, PASSWORD);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
    struct client *c = stranger(w);
    CHECK_NUM(login_page(c, ANN, PASSWORD)->status, 303);
    const struct mail *m = mailed(w, ANN, "new_device");
    REQUIRE(m);
    CHECK(strstr(m->text, "198.51.100.7") && strstr(m->text, "Firefox · Linux"));
    CHECK(has_audit(w, "device.new"));
    CHECK_NUM(login_page(c, ANN, PASSWORD)->status, 303);
    c->ip = "203.0.113.9"; /* the cookie knows the browser wherever it is */
    CHECK_NUM(login_page(c, ANN, PASSWORD)->status, 303);
    CHECK_NUM(mail_count(w, ANN, "new_device"), 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM device"), 2);
}

TEST_IN_WORLD(two_people_share_a_browser)
{
    person(w, ANN, PASSWORD);
    person(w, BEN, PASSWORD);
    struct client *c = client(w), *far = stranger(w);
    CHECK_NUM(login_page(c, ANN, PASSWORD)->status, 303);
    CHECK_NUM(login(far, BEN, PASSWORD)->status, 200);
    CHECK_NUM(login_page(c, BEN, PASSWORD)->status, 303);
    CHECK_NUM(mail_count(w, BEN, "new_device"),
              1); /* new to Ben, though the browser has a cookie */
    c->ip = "203.0.113.9";
    CHECK_NUM(login_page(c, ANN, PASSWORD)->status, 303);
    CHECK_NUM(login_page(c, BEN, PASSWORD)->status, 303);
    CHECK_NUM(mail_count(w, BEN, "new_device"), 1);
    CHECK_NUM(mail_count(w, ANN, "new_device"), 0);
    CHECK_NUM(count_of(w, "SELECT count(DISTINCT id) FROM device"), 2);
}

/* The newest link of a new-device mail. */
static const char *not_me_token(struct world *w)
{
    return mailed_token(w, ANN, "new_device");
}

TEST_IN_WORLD(TOK_01_this_was_not_me_ends_the_session_once)
{
    struct client *ann = signed_in(w, ANN), *thief = stranger(w);
    wait_for(SECOND);
    CHECK_NUM(login(thief, ANN, PASSWORD)->status, 200);
    const char *token = not_me_token(w);
    CHECK_NUM(login(stranger(w), ANN, PASSWORD)->status, 200); /* again: no news any more */
    for (int i = 0; i < 10; i++)                               /* TOK-05: mail scanners */
        CHECK_NUM(get(client(w), text_format(test_arena(), "/not-me?token=%s", token))->status,
                  200);
    CHECK_NUM(get(thief, "/v1/auth/me")->status, 200);

    struct reply *r = post(client(w), "/v1/auth/not-me", json("token", token, NULL));
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "status"), "session_ended");
    CHECK_NUM(get(thief, "/v1/auth/me")->status, 401);
    CHECK_NUM(refresh(thief, thief->refresh)->status, 401);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM device"), 1);
    CHECK(*mailed_token(w, ANN, "reset_password"));
    CHECK(has_audit(w, "session.disavowed"));
    r = post(client(w), "/v1/auth/not-me", json("token", token, NULL));
    CHECK_NUM(r->status, 410);
    CHECK_NUM(mail_count(w, ANN, "reset_password"), 1);
}

/* Who has stolen the password binds an app and a passkey of their own, to stay, and to keep the
   owner out. */
/* The mail is owed a moment after the session began: a clock that stands still would hide that. */
TEST_IN_WORLD(TOK_01_the_session_that_was_disavowed_ends)
{
    clock_creep(1);
    person(w, ANN, PASSWORD);
    struct client *ann = client(w), *thief = stranger(w);
    CHECK_NUM(login(ann, ANN, PASSWORD)->status, 200);
    CHECK_NUM(login(thief, ANN, PASSWORD)->status, 200);
    const char *token = mailed_token(w, ANN, "new_device");
    CHECK_NUM(post(ann, "/v1/auth/not-me", json("token", token, NULL))->status, 200);
    CHECK_NUM(get(thief, "/v1/auth/me")->status, 401);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
}

TEST_IN_WORLD(PRE_03_this_was_not_me_takes_back_what_was_bound_since)
{
    struct client *ann = signed_in(w, ANN), *thief = stranger(w);
    struct app app;
    wait_for(SECOND);
    CHECK_NUM(login(thief, ANN, PASSWORD)->status, 200);
    REQUIRE(own_passkey(thief));
    CHECK_NUM(set_up(thief, &app)->status, 200);
    CHECK(first_step(client(w), ANN) != NULL);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 401); /* the owner is out */

    const char *token = not_me_token(w);
    CHECK_NUM(post(client(w), "/v1/auth/not-me", json("token", token, NULL))->status, 200);
    CHECK_NUM(get(thief, "/v1/auth/me")->status, 401);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 401); /* the thief knows it */
    const char *link = mailed_token(w, ANN, "reset_password");
    CHECK_NUM(reset(client(w), link, "another walnut chair")->status, 200);
    CHECK(text_of(login(client(w), ANN, "another walnut chair"), "access_token") != NULL);
    CHECK_NUM(
        count_of(w, "SELECT count(*) FROM totp") + count_of(w, "SELECT count(*) FROM passkey"), 0);
}

/* Who reads the mailbox later takes off no second step. */
TEST_IN_WORLD(RST_05_a_day_later_the_app_stays)
{
    struct client *ann = signed_in(w, ANN), *own = stranger(w);
    struct app app;
    wait_for(SECOND);
    CHECK_NUM(login(own, ANN, PASSWORD)->status, 200);
    CHECK_NUM(set_up(own, &app)->status, 200);
    wait_for(DAY + SECOND);
    CHECK_NUM(post(ann, "/v1/auth/not-me", json("token", not_me_token(w), NULL))->status, 200);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM totp"), 1);
    const char *link = mailed_token(w, ANN, "reset_password");
    CHECK_NUM(reset(client(w), link, "another walnut chair")->status, 200);
    CHECK(text_of(login(client(w), ANN, "another walnut chair"), "pending_token") != NULL);
}

TEST_IN_WORLD(what_was_bound_before_stays)
{
    struct app app = two_step(w, ANN);
    struct client *thief = stranger(w);
    wait_for(SECOND);
    CHECK_NUM(login_by_app(thief, ANN, &app)->status, 200);
    CHECK_NUM(post(client(w), "/v1/auth/not-me", json("token", not_me_token(w), NULL))->status,
              200);
    CHECK_NUM(get(thief, "/v1/auth/me")->status, 401);
    const char *link = mailed_token(w, ANN, "reset_password");
    CHECK_NUM(reset(client(w), link, "another walnut chair")->status, 200);
    CHECK(text_of(login(client(w), ANN, "another walnut chair"), "pending_token") != NULL);
}

TEST_IN_WORLD(TOK_02_a_disavowal_opens_nothing_else)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_NUM(login(stranger(w), ANN, PASSWORD)->status, 200);
    const char *token = not_me_token(w);
    CHECK_NUM(reset(ann, token, "another walnut chair")->status, 410);
    CHECK_NUM(verify(ann, token)->status, 410);
    CHECK_NUM(post(ann, "/v1/auth/not-me", json("token", reset_token(w, ANN), NULL))->status, 410);
    wait_for(7 * DAY + SECOND);
    CHECK_NUM(post(client(w), "/v1/auth/not-me", json("token", token, NULL))->status, 410);
}

TEST_IN_WORLD(a_forgotten_device_is_new_again)
{
    struct client *ann = signed_in(w, ANN), *far = stranger(w);
    wait_for(SECOND);
    CHECK_NUM(login_page(far, ANN, PASSWORD)->status, 303);
    struct reply *r = get(ann, "/v1/account/devices");
    CHECK_NUM(r->status, 200);
    const char *id = text_of(r, "data.0.id");
    struct client *ben = signed_in(w, BEN);
    const char *path = text_format(test_arena(), "/v1/account/devices/%s", id);
    CHECK_NUM(call(ben, "DELETE", path, NULL)->status, 404); /* IDOR-01 */
    CHECK_NUM(call(ann, "DELETE", path, NULL)->status, 204);
    CHECK_NUM(login_page(far, ANN, PASSWORD)->status, 303);
    CHECK_NUM(mail_count(w, ANN, "new_device"), 2);
}

/* --- trusted devices: MFA-09 --- */

/* Both steps in a browser that is to be trusted. */
static struct client *trusted(struct world *w, const struct app *app)
{
    struct client *c = client(w);
    c->user_agent = "Mozilla/5.0 (Macintosh) AppleWebKit/605.1 Version/17.0 Safari/605.1";
    CHECK_NUM(login_page(c, ANN, PASSWORD)->status, 303);
    (void)get(c, "/2fa/verify");
    const char *form = text_format(test_arena(), "code=%s&remember_device=1", code_at(app, 0));
    CHECK_NUM(post_form(c, "/2fa/verify", form)->status, 303);
    CHECK(cookie_of(c, "cardea-device") != NULL);
    return c;
}

/* Whoever signs in there with the password alone is asked for the second step. */
static bool is_asked(struct client *c, const char *password)
{
    return text_equal(header_of(login_page(c, ANN, password), "location"), "/2fa/verify");
}

/* Another browser with a copy of the device cookie. */
static struct client *with_copy(struct world *w, const struct client *of)
{
    struct client *c = client(w);
    c->user_agent = of->user_agent;
    c->cookie_names[0] = "cardea-device";
    c->cookie_values[0] = cookie_of(of, "cardea-device");
    return c;
}

TEST_IN_WORLD(MFA_09_a_trusted_browser_skips_the_second_step_for_thirty_days)
{
    struct app app = two_step(w, ANN);
    struct client *c = trusted(w, &app);
    CHECK(has_audit(w, "device.trusted"));
    CHECK(!is_asked(c, PASSWORD));
    c->ip = "203.0.113.9"; /* a phone moves */
    CHECK(!is_asked(c, PASSWORD));
    wait_for(30 * DAY - 1);
    CHECK(!is_asked(c, PASSWORD));
    wait_for(1);
    CHECK(is_asked(c, PASSWORD)); /* signing in did not prolong it */
}

TEST_IN_WORLD(MFA_09_a_copied_cookie_is_worth_nothing_in_another_program)
{
    struct app app = two_step(w, ANN);
    struct client *c = trusted(w, &app), *thief = with_copy(w, c);
    thief->user_agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120.0.0.0 Safari/537.36";
    CHECK(is_asked(thief, PASSWORD));
    thief = with_copy(w, c);
    char *forged = text_copy(test_arena(), mem_text(cookie_of(c, "cardea-device")));
    forged[strlen(forged) - 5] ^= 1;
    thief->cookie_values[0] = forged;
    CHECK(is_asked(thief, PASSWORD));
    thief = client(w); /* the same program in the same network is known, not trusted */
    thief->user_agent = c->user_agent;
    CHECK(is_asked(thief, PASSWORD));
    CHECK(!is_asked(c, PASSWORD));
}

TEST_IN_WORLD(MFA_09_trust_is_the_accounts_own)
{
    struct app ann = two_step(w, ANN);
    struct client *c = trusted(w, &ann);
    (void)two_step(w, BEN);
    CHECK_TEXT(header_of(login_page(c, BEN, PASSWORD), "location"), "/2fa/verify");
}

TEST_IN_WORLD(MFA_09_trust_ends_with_the_password)
{
    struct app app = two_step(w, ANN);
    struct client *c = trusted(w, &app);
    CHECK_NUM(reset(client(w), reset_token(w, ANN), "another walnut chair")->status, 200);
    CHECK(is_asked(c, "another walnut chair"));
}

TEST_IN_WORLD(MFA_09_trust_ends_when_the_device_is_forgotten)
{
    struct app app = two_step(w, ANN);
    struct client *c = trusted(w, &app);
    struct reply *r = get(app.owner, "/v1/account/devices");
    const struct json_value *all = json_find(&r->json, "data");
    REQUIRE(all);
    for (size_t i = 0; i < all->count; i++) {
        const char *id = json_find_text(&all->items[i], "id");
        if (json_find_text(&all->items[i], "trusted_until"))
            CHECK_NUM(call(app.owner, "DELETE",
                           text_format(test_arena(), "/v1/account/devices/%s", id), NULL)
                          ->status,
                      204);
    }
    CHECK(is_asked(c, PASSWORD));
}

/* "This wasn't me" takes the trust back that the stranger gave himself. */
TEST_IN_WORLD(MFA_09_trust_ends_with_a_disavowed_sign_in)
{
    struct app app = two_step(w, ANN);
    (void)trusted(w, &app);
    CHECK_NUM(post(client(w), "/v1/auth/not-me", json("token", not_me_token(w), NULL))->status,
              200);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM device WHERE trusted_until IS NOT NULL"), 0);
}

/* Two who press the same link at once: one of them ends the session. */
static void disavow_once(void *arg, int)
{
    struct world *w = ((void **)arg)[0];
    const char *token = ((void **)arg)[1];
    _Atomic int *winners = ((void **)arg)[2];
    if (post(client(w), "/v1/auth/not-me", json("token", token, NULL))->status == 200)
        ++*winners;
}

TEST_IN_WORLD(RACE_01_a_disavowal_has_one_winner)
{
    _Atomic int winners = 0;
    (void)signed_in(w, ANN);
    wait_for(SECOND);
    CHECK_NUM(login(stranger(w), ANN, PASSWORD)->status, 200);
    void *arg[] = { w, (void *)not_me_token(w), &winners };
    crowd(32, disavow_once, arg);
    CHECK_NUM(winners, 1);
    CHECK_NUM(mail_count(w, ANN, "reset_password"), 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 1);
}
