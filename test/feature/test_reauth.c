/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A proof shown anew: what it gives, for how long, and what wrong ones cost; and what becomes of
 * sessions when that which proves their owner is another one.
 */
#include "attack.h"

#include "account/session_cache.h"
#include "mail_link.h"
#include "passkeys.h"
#include "sample.h"
#include "service/setting.h"
#include "two_step.h"

#include <stdlib.h>
#include <string.h>

#define PATH "/v1/auth/reauth"
#define SENSITIVE "/v1/account/export"
#define OTHER_PASSWORD "another walnut chair"

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

/* --- what proves the owner becomes another --- */

struct change {
    const char *what;
    bool spares_others; /* nobody loses anything by it */
    void (*make)(struct client *c, struct app *app);
};

static void new_password(struct client *c, struct app *)
{
    CHECK_NUM(post(c, "/v1/auth/password/change",
                   json("current_password", PASSWORD, "password", OTHER_PASSWORD, NULL))
                  ->status,
              200);
}

static void turn_on(struct client *c, struct app *app)
{
    CHECK_NUM(set_up(c, app)->status, 200);
}

static void turn_off(struct client *c, struct app *app)
{
    wait_for(30 * SECOND);
    CHECK_NUM(post(c, "/v1/auth/2fa/disable", json("code", code_at(app, 0), NULL))->status, 200);
}

static void turn_off_later(struct client *c, struct app *)
{
    CHECK_NUM(post(c, "/v1/auth/2fa/disable", "{}")->status, 200);
}

static void add_key(struct client *c, struct app *)
{
    (void)own_passkey(c);
}

static void remove_key(struct client *c, struct app *)
{
    const char *id = text_of(get(c, "/v1/auth/passkeys"), "data.0.id");
    const char *path = text_format(test_arena(), "/v1/auth/passkeys/%s", id);
    CHECK_NUM(call(c, "DELETE", path, NULL)->status, 204);
}

static void move_address(struct client *c, struct app *)
{
    CHECK_NUM(post(c, "/v1/account/email", json("email", "new@example.org", NULL))->status, 202);
    const char *token = mailed_token(c->w, "new@example.org", "email_change_confirm");
    CHECK_NUM(post(c, "/v1/account/email/confirm", json("token", token, NULL))->status, 200);
}

static const struct change changes[] = {
    { "a passkey added", true, add_key },
    { "a passkey removed", false, remove_key },
    { "the second step on", false, turn_on },
    { "the second step off by code", false, turn_off },
    { "the second step on again", false, turn_on },
    { "the second step off by a fresh proof", false, turn_off_later },
    { "another address", false, move_address },
    { "another password", false, new_password },
};

static struct client *with_cookie(struct world *w, const char *email)
{
    struct client *c = client(w);
    struct reply *r =
        post(c, "/v1/auth/login",
             text_format(test_arena(), "{\"email\":\"%s\",\"password\":\"%s\",\"cookie\":true}",
                         email, PASSWORD));
    CHECK_NUM(r->status, 200);
    with_header(c, text_format(test_arena(), "X-CSRF-Token: %s", text_of(r, "csrf_token")));
    return c;
}

static struct client *elsewhere(struct world *w, const char *email, const struct app *app)
{
    struct client *c = client(w);
    wait_for(30 * SECOND); /* the code of this step may be used */
    if (!text_of(login(c, email, PASSWORD), "access_token"))
        CHECK_NUM(login_by_app(c, email, app)->status, 200);
    CHECK_NUM(get(c, "/v1/auth/me")->status, 200);
    return c;
}

/* All other sessions end; the one that did it goes on with another cookie. */
TEST_IN_WORLD(SESS_07_whatever_changes_renews_the_own_cookie_and_ends_the_others)
{
    struct app app = { 0 };
    person(w, ANN, PASSWORD);
    struct client *ann = with_cookie(w, ANN);
    for (size_t i = 0; i < COUNT(changes); i++) {
        struct client *copy = client(w), *other;
        const char *email = text_of(get(ann, "/v1/auth/me"), "user.email");
        other = elsewhere(w, email, &app);
        copy->cookie_names[0] = "cardea";
        copy->cookie_values[0] = cookie_of(ann, "cardea");
        changes[i].make(ann, &app);
        if (get(copy, "/v1/auth/me")->status != 401)
            test_fail(__FILE__, __LINE__, "%s leaves the old cookie good", changes[i].what);
        if (get(ann, "/v1/auth/me")->status != 200)
            test_fail(__FILE__, __LINE__, "%s signs its owner out", changes[i].what);
        bool is_dead = get(other, "/v1/auth/me")->status == 401 &&
                       refresh(client(w), other->refresh)->status == 401;
        if (is_dead == changes[i].spares_others)
            test_fail(__FILE__, __LINE__, "%s: the other session", changes[i].what);
    }
}

/* --- whichever way somebody came in --- */

struct entry {
    const char *way;
    bool wants_app; /* the account has an app: the first step alone is no entry */
    struct reply *(*enter)(struct client *c, const struct app *app, struct soft_credential *key);
};

static struct reply *by_password(struct client *c, const struct app *, struct soft_credential *)
{
    return login(c, ANN, PASSWORD);
}

static struct reply *by_link(struct client *c, const struct app *, struct soft_credential *)
{
    return enter_link(c, link_for(c, ANN));
}

/* The eight digits of the newest mail. */
static struct reply *by_mailed_code(struct client *c, const struct app *, struct soft_credential *)
{
    CHECK_NUM(post(c, "/v1/auth/email-code", json("email", ANN, NULL))->status, 202);
    const struct mail *m = mailed(c->w, ANN, "sign_in_code");
    const char *p = m ? m->text : "";
    for (size_t n = 0; *p && (n = strspn(p, "0123456789")) != 8;)
        p += n ? n : 1;
    return post(c, "/v1/auth/email-code/verify",
                json("email", ANN, "code", text_copy(test_arena(), MEM(p, *p ? 8 : 0)), NULL));
}

static struct reply *by_passkey(struct client *c, const struct app *, struct soft_credential *key)
{
    return use_passkey(c, key, "{}", SYNCED);
}

static struct reply *by_app(struct client *c, const struct app *app, struct soft_credential *)
{
    return second_step(c, first_step(c, ANN), code_at(app, 0));
}

static struct reply *by_recovery_code(struct client *c, const struct app *app,
                                      struct soft_credential *)
{
    return recover(c, first_step(c, ANN), app->codes[0]);
}

static const struct entry entries[] = {
    { "a password", false, by_password },
    { "a mailed link", false, by_link },
    { "a mailed code", false, by_mailed_code },
    { "a passkey", false, by_passkey },
    { "an app", true, by_app },
    { "a recovery code", true, by_recovery_code },
    { "a passkey, besides an app", true, by_passkey },
};

static void check_entry(struct world *w, const struct entry *e, const struct app *app,
                        struct soft_credential *key)
{
    struct client *c = client(w);
    struct reply *r = e->enter(c, app, key);
    c->bearer = text_of(r, "access_token");
    c->refresh = text_of(r, "refresh_token");
    if (!c->bearer) {
        test_fail(__FILE__, __LINE__, "%s gives %d: %s", e->way, r->status, r->body);
        return;
    }
    if (post(c, SENSITIVE, NULL)->status != 202)
        test_fail(__FILE__, __LINE__, "%s is no fresh proof", e->way);
    wait_for(setting_span(SETTING_FRESH_PROOF) + 1);
    stay_signed_in(c);
    check_problem(post(c, SENSITIVE, NULL), 401, "insufficient_user_authentication");
}

TEST_IN_WORLD(MFA_07_whichever_way_somebody_came_in_the_proof_grows_stale)
{
    struct app app = { 0 };
    struct client *ann = signed_in(w, ANN);
    struct soft_credential *key = own_passkey(ann);
    for (size_t i = 0; i < COUNT(entries); i++) {
        if (entries[i].wants_app && !app.owner) {
            CHECK_NUM(login(ann, ANN, PASSWORD)->status, 200);
            CHECK_NUM(set_up(ann, &app)->status, 200);
        }
        wait_for(30 * SECOND);
        check_entry(w, &entries[i], &app, key);
    }
    /* What is known or mailed is one step of two from now on (MFA-08). */
    for (size_t i = 0; i < 3; i++)
        CHECK(text_of(entries[i].enter(client(w), &app, key), "pending_token") != NULL);
}
