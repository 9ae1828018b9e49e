/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing in by a mailed link: once, for its owner, by a deliberate act, as a first factor only.
 */
#include "mail_link.h"

#include "account/account.h"
#include "account/email.h"
#include "base/clock.h"
#include "service/setting.h"

#include <stdio.h>
#include <string.h>

#define FRESH "a chair of cherry wood"
#define MALLORYS "mallory was here first"

static struct reply *press(struct client *c, const char *token, bool is_elsewhere)
{
    return post_form(
        c, "/magic-link/verify",
        text_format(test_arena(), "token=%s%s", token, is_elsewhere ? "&elsewhere=1" : ""));
}

static const char *me(struct client *c)
{
    return text_of(get(c, "/v1/auth/me"), "user.email");
}

static struct client *elsewhere(struct world *w)
{
    struct client *c = client(w);
    c->ip = "203.0.113.66";
    c->user_agent = "Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36";
    return c;
}

/* --- the main job --- */

TEST_IN_WORLD(a_link_signs_in_by_api)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    struct reply *r = ask_link(c, ANN);
    CHECK_NUM(r->status, 202);
    CHECK_TEXT(text_of(r, "status"), "link_sent");
    const struct mail *mail = mailed(w, ANN, "magic_link");
    REQUIRE(mail);
    CHECK(strstr(mail->text, "/magic-link?token=lnk_") != NULL);
    CHECK(strstr(mail->text, "192.0.2.") != NULL);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM email_code"), 0); /* the API keeps both apart */

    r = enter_link(c, mailed_token(w, ANN, "magic_link"));
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "token_type"), "Bearer");
    CHECK_TEXT(text_of(r, "user.email"), ANN);
    CHECK(cookie_of(c, "cardea") == NULL);
    c->bearer = text_of(r, "access_token");
    r = get(c, "/v1/auth/me");
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, "\"amr\":[\"email\"]") != NULL);
    CHECK_TEXT(text_of(r, "session.acr"), "aal1");
    CHECK(has_audit(w, "magic_link.sent") && has_audit(w, "session.started"));
}

TEST_IN_WORLD(a_link_signs_in_by_api_with_a_cookie)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    const char *token = link_for(c, ANN);
    struct reply *r = post(c, "/v1/auth/magic-link/verify",
                           text_format(test_arena(), "{\"token\":\"%s\",\"cookie\":true}", token));
    CHECK_NUM(r->status, 200);
    CHECK(text_of(r, "csrf_token") != NULL);
    CHECK(cookie_of(c, "cardea") != NULL);
    CHECK_TEXT(me(c), ANN);
}

TEST_IN_WORLD(a_link_signs_in_the_browser_that_asked_with_one_button)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    (void)get(c, "/magic-link?next=/settings");
    struct reply *r = post_form(c, "/magic-link", "email=ann%40example.org&next=/settings");
    CHECK_NUM(r->status, 200);
    CHECK(cookie_of(c, "cardea-link") != NULL);
    const char *token = mailed_token(w, ANN, "magic_link");
    r = open_link(c, token);
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, ANN) != NULL);
    CHECK(strstr(r->body, "name=\"elsewhere\"") == NULL);
    CHECK_TEXT(header_of(r, "referrer-policy"), "no-referrer");
    r = press(c, token, false);
    CHECK_NUM(r->status, 303);
    CHECK_TEXT(header_of(r, "location"), "/settings");
    CHECK_TEXT(me(c), ANN);
    CHECK(cookie_of(c, "cardea-link") == NULL);
}

TEST_IN_WORLD(a_link_goes_on_only_to_pages_of_ours)
{
    static const char *const bad[] = { "//evil.example", "https://evil.example/", "/%5Cevil",
                                       "javascript:alert(1)" };
    person(w, ANN, PASSWORD);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct client *c = client(w);
        (void)get(c, "/magic-link");
        CHECK_NUM(post_form(c, "/magic-link",
                            text_format(test_arena(), "email=ann%%40example.org&next=%s", bad[i]))
                      ->status,
                  200);
        const char *token = mailed_token(w, ANN, "magic_link");
        (void)open_link(c, token);
        CHECK_TEXT(header_of(press(c, token, false), "location"), "/");
    }
}

TEST_IN_WORLD(the_newest_link_counts)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    const char *first = link_for(c, ANN);
    wait_for(MINUTE);
    const char *second = link_for(c, ANN);
    CHECK(!text_equal(first, second));
    CHECK_NUM(enter_link(c, first)->status, 410);
    CHECK_NUM(enter_link(c, second)->status, 200);
}

TEST_IN_WORLD(a_link_lives_for_minutes)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    const char *token = link_for(c, ANN);
    wait_for(15 * MINUTE - SECOND);
    CHECK_NUM(open_link(c, token)->status, 200);
    wait_for(SECOND);
    CHECK_NUM(open_link(c, token)->status, 410);
    CHECK_NUM(enter_link(c, token)->status, 410);
    wait_for(2 * HOUR);
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM magic_link"), 0); /* purged */
    CHECK_OK(setting_override(SETTING_MAGIC_LINK_TTL, "1m"));
    token = link_for(c, ANN);
    wait_for(MINUTE);
    CHECK_NUM(enter_link(c, token)->status, 410);
}

/* --- TOK --- */

TEST_IN_WORLD(TOK_01_a_sign_in_link_works_once)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    const char *token = link_for(c, ANN);
    CHECK_NUM(enter_link(c, token)->status, 200);
    struct reply *r = enter_link(c, token);
    CHECK_NUM(r->status, 410);
    CHECK_TEXT(text_of(r, "code"), "gone");
    CHECK_NUM(open_link(c, token)->status, 410);
    (void)get(c, "/login");
    CHECK_NUM(press(c, token, true)->status, 410);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 1);
}

TEST_IN_WORLD(TOK_02_a_sign_in_link_opens_no_other_door_nor_another_link_this_one)
{
    person(w, ANN, PASSWORD);
    const char *lnk = link_for(client(w), ANN), *rst = reset_token(w, ANN);
    CHECK_NUM(post(client(w), "/v1/auth/register", json("email", BEN, "password", PASSWORD, NULL))
                  ->status,
              202);
    const char *vrf = mailed_token(w, BEN, "verify_email");
    CHECK_NUM(reset(client(w), lnk, FRESH)->status, 410);
    CHECK_NUM(verify(client(w), lnk)->status, 410);
    CHECK_NUM(post(client(w), "/v1/auth/not-me", json("token", lnk, NULL))->status, 410);
    CHECK_NUM(refresh(client(w), lnk)->status, 401);
    const char *others[] = { rst, vrf, text_format(test_arena(), "lnk%s", rst + 3),
                             text_format(test_arena(), "lnk%s", vrf + 3) };
    for (size_t i = 0; i < COUNT(others); i++) {
        CHECK_NUM(enter_link(client(w), others[i])->status, 410);
        CHECK_NUM(open_link(client(w), others[i])->status, 410);
    }
    /* Even when somebody copies the row's hash over. */
    tamper(w, "UPDATE magic_link SET id = $1, secret_hash = (SELECT secret_hash FROM reset)",
           V(text(text_format(test_arena(), "%.30s", others[2]))));
    CHECK_NUM(enter_link(client(w), others[2])->status, 410);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
    struct client *c = client(w);
    c->cookie_names[0] = "cardea";
    c->cookie_values[0] = lnk;
    CHECK_NUM(get(c, "/v1/auth/me")->status, 401);
}

TEST_IN_WORLD(TOK_03_almost_a_sign_in_link_is_none)
{
    person(w, ANN, PASSWORD);
    struct client *c = client(w);
    const char *token = link_for(c, ANN);
    size_t n = strlen(token);
    struct arena *a = test_arena();
    char *other_secret = text_copy(a, mem_text(token));
    other_secret[50] = token[50] == 'A' ? 'B' : 'A';
    const char *almost[] = {
        text_format(a, "%.*s", (int)n - 1, token),
        token + 1,
        text_format(a, "%sA", token),
        text_format(a, "%s=", token),
        text_format(a, " %s", token),
        text_format(a, "%s%s", token, token),
        text_format(a, "%.30s", token),
        other_secret,
    };
    for (size_t i = 0; i < COUNT(almost); i++) {
        int status = enter_link(c, almost[i])->status;
        if (status != 410 && status != 422)
            test_fail(__FILE__, __LINE__, "\"%s\" gives %d", almost[i], status);
    }
    CHECK_NUM(enter_link(c, token)->status, 200); /* still good */
}

TEST_IN_WORLD(TOK_04_a_link_opened_in_somebody_elses_session)
{
    struct client *ben = client(w);
    person(w, ANN, PASSWORD);
    person(w, BEN, PASSWORD);
    CHECK_NUM(login_page(ben, BEN, PASSWORD)->status, 303);
    const char *cookie = cookie_of(ben, "cardea"), *token = link_for(client(w), ANN);
    struct reply *r = open_link(ben, token);
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, BEN) != NULL && strstr(r->body, ANN) != NULL); /* it says so */
    CHECK_TEXT(me(ben), BEN); /* looking changes nothing */

    r = press(ben, token, true);
    CHECK_NUM(r->status, 303);
    CHECK_TEXT(me(ben), ANN);
    CHECK(!text_equal(cookie_of(ben, "cardea"), cookie));
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"),
              1); /* BEN's was replaced, not upgraded */
    struct client *thief = client(w);
    thief->cookie_names[0] = "cardea";
    thief->cookie_values[0] = cookie;
    CHECK_NUM(get(thief, "/v1/auth/me")->status, 401);
}

/* Mail scanners open links, browsers fetch them ahead, from anywhere. */
TEST_IN_WORLD(TOK_05_looking_at_a_sign_in_link_does_not_use_it_up)
{
    static const char *const methods[] = { "GET", "HEAD" };
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    const char *token = link_for(c, ANN);
    for (int n = 0; n < 10; n++)
        for (size_t m = 0; m < COUNT(methods); m++) {
            const char *path = text_format(test_arena(), "/magic-link?token=%s", token);
            CHECK_NUM(call(elsewhere(w), methods[m], path, NULL)->status, 200);
            CHECK_NUM(call(c, methods[m], path, NULL)->status, 200);
            path = text_format(test_arena(), "/v1/auth/magic-link/verify?token=%s", token);
            CHECK_NUM(call(elsewhere(w), methods[m], path, NULL)->status, 405);
        }
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
    CHECK_NUM(press(c, token, false)->status, 303);
}

TEST_IN_WORLD(TOK_05_another_browser_is_asked_and_told_who_asked)
{
    struct client *asking = client(w), *other = elsewhere(w);
    person(w, ANN, PASSWORD);
    const char *token = link_for(asking, ANN);
    struct reply *r = open_link(other, token);
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, asking->ip) != NULL); /* who asked, when, with what */
    CHECK(strstr(r->body, "<time") != NULL);
    CHECK(strstr(r->body, "name=\"elsewhere\"") != NULL);
    r = press(other, token, false); /* without the confirmation the page asks again */
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, "name=\"elsewhere\"") != NULL);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
    CHECK_NUM(press(other, token, true)->status, 303);
    CHECK_TEXT(me(other), ANN);
}

TEST_IN_WORLD(TOK_05_only_our_own_page_uses_a_sign_in_link_up)
{
    person(w, ANN, PASSWORD);
    const char *token = link_for(client(w), ANN);
    const char *form = text_format(test_arena(), "token=%s&elsewhere=1", token);
    CHECK_NUM(call(client(w), "POST", "/magic-link/verify", form)->status, 403);
    struct client *evil = client(w);
    (void)open_link(evil, token);
    with_header(evil, "Origin: https://evil.example");
    CHECK_NUM(post_form(evil, "/magic-link/verify", form)->status, 403);
    CHECK_NUM(post(client(w),
                   text_format(test_arena(), "/v1/auth/magic-link/verify?token=%s", token), "{}")
                  ->status,
              400);
    CHECK_NUM(enter_link(client(w), token)->status, 200);
}

/* Another browser's cookie, a forged one, or one from an earlier asking makes no browser at home.
 */
TEST_IN_WORLD(TOK_06_a_forged_browser_cookie_is_none)
{
    struct client *ann = client(w), *ben = client(w);
    person(w, ANN, PASSWORD);
    person(w, BEN, PASSWORD);
    (void)link_for(ben, BEN);
    CHECK_NUM(ask_link(ann, ANN)->status, 202);
    const char *old = cookie_of(ann, "cardea-link");
    run_jobs(w);
    wait_for(MINUTE);
    const char *token = link_for(ann, ANN), *right = cookie_of(ann, "cardea-link");
    REQUIRE(old && right);
    CHECK(!text_equal(old, right) && strlen(right) >= 43);
    const char *forged[] = { old,
                             cookie_of(ben, "cardea-link"),
                             text_format(test_arena(), "%.*s", (int)strlen(right) - 1, right),
                             text_format(test_arena(), "%sA", right),
                             text_format(test_arena(), "%.30s%s", old, right + 30),
                             token,
                             "1",
                             "true" };
    for (size_t i = 0; i < COUNT(forged); i++) {
        struct client *c = client(w);
        c->cookie_names[0] = "cardea-link";
        c->cookie_values[0] = forged[i];
        struct reply *r = open_link(c, token);
        /* The id before the secret tells nothing: only the secret is compared. */
        bool is_right_secret = i == 4;
        CHECK((strstr(r->body, "name=\"elsewhere\"") != NULL) == !is_right_secret);
        c->cookie_values[0] = forged[i];
        if (!is_right_secret)
            CHECK_NUM(press(c, token, false)->status, 200);
    }
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
}

TEST_IN_WORLD(TOK_08_no_sign_in_link_is_found_in_the_store)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    const char *token = link_for(c, ANN), *cookie = cookie_of(c, "cardea-link");
    struct mem dump = dump_of(w);
    CHECK(
        dump_has(w, dump, mem_text(text_format(test_arena(), "%.30s", token)))); /* can be found */
    CHECK(!dump_has(w, dump, mem_text(token + 30)));
    CHECK(!dump_has(w, dump, mem_text(cookie + 30)));
    CHECK_NUM(enter_link(c, token)->status, 200);
}

/* --- a first factor only --- */

TEST_IN_WORLD(MFA_08_a_link_is_never_the_second_step)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    tamper(w, "UPDATE account SET mfa_at = 1", V_NONE);
    struct reply *r = enter_link(c, link_for(c, ANN));
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, "\"mfa_required\":true") != NULL);
    CHECK(text_of(r, "access_token") == NULL);
    const char *pending = text_of(r, "pending_token");
    REQUIRE(pending);
    CHECK(strstr(r->body, "email") == NULL && strstr(r->body, "magic") == NULL); /* no method */
    /* Neither another link nor its token finishes what a password began. */
    const char *token = link_for(c, ANN);
    CHECK(post(c, "/v1/auth/2fa/verify", json("pending_token", pending, "code", token, NULL))
              ->status >= 400);
    r = enter_link(c, token);
    CHECK(text_of(r, "access_token") == NULL && text_of(r, "pending_token") != NULL);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);

    struct client *page = client(w);
    (void)ask_link_page(page, "ann%40example.org");
    token = mailed_token(w, ANN, "magic_link");
    (void)open_link(page, token);
    r = press(page, token, false);
    CHECK_NUM(r->status, 303);
    CHECK_TEXT(header_of(r, "location"), "/2fa/verify");
    CHECK(cookie_of(page, "cardea") == NULL);
    CHECK_NUM(get(page, "/v1/auth/me")->status, 401);
}

/* A lock ends what waits: unlocking does not bring it back. Nor does another address. */
TEST_IN_WORLD(RST_06_a_lock_or_another_address_voids_the_link_for_good)
{
    struct tx tx;
    person(w, ANN, PASSWORD);
    const char *token = link_for(client(w), ANN), *id = account_id_of(w, ANN);
    db_begin(&tx, w->real_db, DB_WRITE, test_arena());
    CHECK_OK(account_lock(&tx, id));
    CHECK_OK(account_unlock(&tx, id));
    CHECK_OK(db_commit(&tx));
    CHECK_NUM(enter_link(client(w), token)->status, 410);
    CHECK_NUM(enter_link(client(w), link_for(client(w), ANN))->status, 200);

    (void)link_for(client(w), ANN);
    (void)post(client(w), "/v1/auth/email-code", json("email", ANN, NULL));
    run_jobs(w);
    db_begin(&tx, w->real_db, DB_WRITE, test_arena());
    CHECK_OK(account_set_email(&tx, id, ANN, &(struct email){ BEN, BEN }));
    CHECK_OK(db_commit(&tx));
    CHECK_NUM(count_of(w, "SELECT count(*) FROM magic_link"), 0);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM email_code"), 0);
}

/* --- planted before --- */

TEST_IN_WORLD(PRE_01_a_link_verifies_and_throws_a_planted_password_out)
{
    CHECK_NUM(post(elsewhere(w), "/v1/auth/register",
                   json("email", ANN, "password", MALLORYS, "name", "Mallory", NULL))
                  ->status,
              202);
    const char *planted = mailed_token(w, ANN, "verify_email");
    struct client *ann = client(w);
    struct reply *r = enter_link(ann, link_for(ann, ANN));
    CHECK_NUM(r->status, 200);
    CHECK(text_of(r, "user.name") == NULL);
    CHECK(strstr(r->body, "\"email_verified\":true") != NULL);
    CHECK_NUM(verify(elsewhere(w), planted)->status, 410);
    CHECK_NUM(login(elsewhere(w), ANN, MALLORYS)->status, 401);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM registration"), 0);
    CHECK(has_audit(w, "account.verified"));
    ann->bearer = text_of(r, "access_token");
    CHECK_TEXT(me(ann), ANN);
}

TEST_IN_WORLD(PRE_02_a_first_link_ends_whatever_was_signed_in_before)
{
    struct client *ben = signed_in(w, BEN), *ann = client(w);
    CHECK_NUM(
        post(elsewhere(w), "/v1/auth/register", json("email", ANN, "password", MALLORYS, NULL))
            ->status,
        202);
    run_jobs(w);
    /* However a session, a pending sign-in or a device came to an account that is not verified. */
    const char *anns = account_id_of(w, ANN);
    tamper(w, "UPDATE session SET account_id = $1", V(text(anns)));
    tamper(w, "UPDATE device SET account_id = $1, trusted_until = 9000000000000", V(text(anns)));
    tamper(w,
           "INSERT INTO pending (id, account_id, secret_hash, amr, network, agent_key,"
           "                     password_changed_at, created_at, expires_at)"
           " SELECT 'pnd_x', $1, secret_hash, 'pwd', network, agent_key, 0, created_at, expires_at"
           "   FROM session",
           V(text(anns)));
    struct reply *r = enter_link(ann, link_for(ann, ANN));
    CHECK_NUM(r->status, 200);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 1); /* hers */
    CHECK_NUM(count_of(w, "SELECT count(*) FROM pending"), 0);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM device WHERE trusted_until IS NOT NULL"), 0);
    CHECK_NUM(get(ben, "/v1/auth/me")->status, 401);
    CHECK_NUM(refresh(ben, ben->refresh)->status, 401);
}

static void plant_factors(struct world *w, const char *account_id)
{
    tamper(w,
           "INSERT INTO passkey (id, account_id, credential_id, public_key, algorithm, sign_count,"
           "                     user_verified, discoverable, backup_eligible, backed_up,"
           "                     transports, name, created_at)"
           " SELECT 'pky_x', account_id, secret_hash, secret_hash, -7, 0, 1, 1, 0, 0, '', 'x', 1"
           "   FROM registration WHERE account_id = $1",
           V(text(account_id)));
    tamper(w, "UPDATE account SET mfa_at = 1 WHERE id = $1", V(text(account_id)));
}

TEST_IN_WORLD(PRE_03_no_factor_planted_before_outlives_the_first_proof)
{
    for (int way = 0; way < 3; way++) {
        const char *email = text_format(test_arena(), "p%d@example.org", way);
        (void)post(elsewhere(w), "/v1/auth/register",
                   json("email", email, "password", MALLORYS, NULL));
        const char *vrf = mailed_token(w, email, "verify_email");
        plant_factors(w, account_id_of(w, email));
        CHECK_NUM(count_of(w, "SELECT count(*) FROM passkey"), 1);
        int status = way == 0   ? enter_link(client(w), link_for(client(w), email))->status
                     : way == 1 ? reset(client(w), reset_token(w, email), FRESH)->status
                                : verify(client(w), vrf)->status;
        CHECK_NUM(status, 200);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM passkey"), 0);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE mfa_at IS NOT NULL"), 0);
    }
}

/* Who has an account already loses nothing by a link. */
TEST_IN_WORLD(PRE_02_a_later_link_ends_nothing)
{
    struct client *ann = signed_in(w, ANN), *c = client(w);
    CHECK_NUM(enter_link(c, link_for(c, ANN))->status, 200);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
}

/* --- void --- */

TEST_IN_WORLD(RST_06_what_changes_the_account_voids_the_link)
{
    struct client *ann = signed_in(w, ANN);
    const char *token = link_for(client(w), ANN);
    CHECK_NUM(reset(client(w), reset_token(w, ANN), FRESH)->status, 200);
    CHECK_NUM(enter_link(client(w), token)->status, 410);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM magic_link"), 0);

    CHECK_NUM(login(ann, ANN, FRESH)->status, 200);
    token = link_for(client(w), ANN);
    CHECK_NUM(post(ann, "/v1/auth/password/change",
                   json("current_password", FRESH, "password", PASSWORD, NULL))
                  ->status,
              200);
    CHECK_NUM(enter_link(client(w), token)->status, 410);

    token = link_for(client(w), ANN);
    tamper(w, "UPDATE account SET email = $1, email_key = $1", V(text("new@example.org")));
    CHECK_NUM(enter_link(client(w), token)->status, 410);
    CHECK_NUM(open_link(client(w), token)->status, 410);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM magic_link"), 1); /* void all the same */
}
