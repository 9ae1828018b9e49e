/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages say what is so: who is new is sent where they may go, who is refused hears of every way
 * that is open and of what has to be typed again, and staff find their pages.
 */
#include "attack.h"
#include "solve.h"
#include "two_step.h"

#include "account/role.h"
#include "account/session_cache.h"
#include "service/setting.h"

#include <string.h>

static bool has(const struct reply *r, const char *text)
{
    return strstr(r->body, text) != NULL;
}

static int times(const struct reply *r, const char *text)
{
    int n = 0;
    for (const char *p = r->body; (p = strstr(p, text)); p++)
        n++;
    return n;
}

TEST_IN_WORLD(who_is_new_is_sent_where_they_may_go)
{
    static const struct {
        const char *mode, *link, *words;
    } cases[] = {
        { "open", "href=\"/register\"", "Create an account" },
        { "waitlist", "href=\"/waitlist\"", "Join the waiting list" },
        { "invite", "href=\"/register\"", "You have an invitation?" },
        { "closed", NULL, NULL },
    };
    struct client *c = client(w);
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_OK(setting_override(SETTING_SIGN_UP, cases[i].mode));
        struct reply *welcome = get(c, "/"), *login = get(c, "/login");
        bool is_open = text_equal(cases[i].mode, "open");
        CHECK(has(welcome, "Create account") == is_open);
        CHECK(has(login, "Create an account") == is_open);
        CHECK(has(welcome, "href=\"/login\"") && has(login, "href=\"/magic-link\""));
        if (cases[i].link)
            CHECK(has(welcome, cases[i].link) && has(login, cases[i].link) &&
                  has(login, cases[i].words));
        else
            CHECK(!has(welcome, "/register") && !has(login, "/register") &&
                  !has(login, "/waitlist") && has(welcome, "Sign-up is closed"));
    }
}

#define FORM "email=ann%40example.org&password=a+brand+new+walnut+desk"

/* Nothing was wrong with it, and it is gone all the same. */
TEST_IN_WORLD(a_refused_captcha_says_that_the_password_is_to_be_typed_again)
{
    static const char again[] = "Please type it again.";
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    always();
    (void)get(c, "/login");
    struct reply *r = post_form(c, "/login", FORM "&next=%2Fsettings");
    CHECK_NUM(r->status, 403);
    CHECK(has(r, again) && has(r, "autofocus"));
    CHECK(has(r, "value=\"ann@example.org\"") && has(r, "value=\"/settings\""));
    CHECK(!has(r, "walnut desk"));
    r = post_form(c, "/login", FORM "&captcha=pow1.nonsense");
    CHECK(has(r, again));
    (void)get(c, "/register");
    r = post_form(c, "/register",
                  "email=new%40example.org&name=Zoe&password=a+brand+new+walnut+desk");
    CHECK_NUM(r->status, 403);
    CHECK(has(r, again) && has(r, "value=\"Zoe\""));
    r = post_form(c, "/register", "email=nonsense&password=a+brand+new+walnut+desk");
    CHECK(r->status == 422 && has(r, again));
    r = post_form(c, "/register", "email=new%40example.org&password=");
    CHECK(r->status == 422 && !has(r, again)); /* nothing was typed */
    CHECK_OK(setting_override(SETTING_CAPTCHA, "off"));
    r = post_form(c, "/login", "email=ann%40example.org&password=wrong+wrong+wrong");
    CHECK(r->status == 401 && !has(r, again)); /* it is what was wrong */
}

TEST_IN_WORLD(a_refused_captcha_keeps_the_wish_to_trust_the_device)
{
    struct app app = two_step(w, ANN);
    struct client *c = client(w);
    CHECK_NUM(login_page(c, ANN, PASSWORD)->status, 303);
    always();
    const char *code = code_at(&app, 0);
    (void)get(c, "/2fa/verify");
    struct reply *r = post_form(c, "/2fa/verify", text_format(test_arena(), "code=%s", code));
    CHECK(r->status == 403 && has(r, "Please type the code again.") && !has(r, " checked"));
    r = post_form(c, "/2fa/verify", text_format(test_arena(), "code=%s&remember_device=1", code));
    CHECK(r->status == 403 && has(r, " checked") && !has(r, code));
}

TEST_IN_WORLD(who_is_refused_at_sign_in_hears_of_each_way_once)
{
    static const char wrong[] = "a quite wrong walnut desk";
    struct client *c = client(w);
    CHECK_NUM(times(get(c, "/login"), "href=\"/magic-link"), 1);
    for (int i = 0; i < 5; i++)
        CHECK_NUM(login_page(c, ANN, wrong)->status, 401);
    struct reply *r = login_page(c, ANN, PASSWORD);
    CHECK_NUM(r->status, 423);
    CHECK(has(r, "You do not have to wait"));
    CHECK_NUM(times(r, "href=\"/magic-link"), 1);
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    for (int i = 0; i < 5; i++)
        (void)login_page(c, BEN, wrong);
    r = login_page(c, BEN, PASSWORD);
    CHECK_NUM(r->status, 429);
    CHECK(has(r, "a passkey still works") && has(r, "You can try again in"));
    CHECK_NUM(times(r, "href=\"/magic-link"), 1);
}

/* --- staff --- */

static struct client *with_roles(struct world *w, const char *email, int64_t roles)
{
    struct client *c = client(w);
    person(w, email, PASSWORD);
    tamper(w, "UPDATE account SET roles = CAST($1 AS BIGINT) WHERE email_key = $2",
           V(num(roles), text(email)));
    CHECK_NUM(login_page(c, email, PASSWORD)->status, 303);
    return c;
}

TEST_IN_WORLD(RBAC_01_staff_begin_at_a_page_that_lists_theirs)
{
    struct client *support = with_roles(w, BEN, ROLE_USER | ROLE_SUPPORT),
                  *admin = with_roles(w, "boss@example.org", ROLE_USER | ROLE_ADMIN),
                  *user = with_roles(w, ANN, ROLE_USER);
    CHECK_NUM(get(client(w), "/admin")->status, 303);
    CHECK_NUM(get(user, "/admin")->status, 403);
    CHECK(!has(get(user, "/"), "href=\"/admin\""));
    CHECK(has(get(support, "/"), "href=\"/admin\""));
    static const char *const paths[] = { "/admin/waitlist", "/admin/invites", "/admin/decisions",
                                         "/admin/unlock" };
    for (size_t i = 0; i < COUNT(paths); i++) {
        CHECK(has(get(support, "/admin"), text_format(test_arena(), "href=\"%s\"", paths[i])));
        CHECK_NUM(get(support, paths[i])->status, 200);
    }
    CHECK(!has(get(support, "/admin"), "/admin/ip-rules"));
    CHECK(has(get(admin, "/admin"), "/admin/ip-rules"));
}

/* Whoever forgot the address of a new colleague must not invite a user by filling it in. */
TEST_IN_WORLD(a_refused_invitation_keeps_the_role_that_was_chosen)
{
    struct client *admin = with_roles(w, "boss@example.org", ROLE_USER | ROLE_ADMIN);
    (void)get(admin, "/admin/invites");
    struct reply *r =
        post_form(admin, "/admin/invites", "email=&role=SUPPORT&uses=7&expires_in=2592000");
    CHECK(r->status == 422 && has(r, "id=\"email-error\""));
    CHECK(has(r, "value=\"SUPPORT\" selected") && has(r, "value=\"2592000\" selected"));
    CHECK(has(r, "value=\"7\"") && !has(r, "value=\"604800\" selected"));
    r = get(admin, "/admin/invites");
    CHECK(has(r, "value=\"604800\" selected") && !has(r, "value=\"SUPPORT\" selected"));
}

static struct reply *unlock(struct client *c, const char *named)
{
    (void)get(c, "/admin/unlock");
    return post_form(c, "/admin/unlock", text_format(test_arena(), "account=%s", named));
}

TEST_IN_WORLD(staff_unlock_by_address_or_id_on_a_page)
{
    struct client *support = with_roles(w, BEN, ROLE_USER | ROLE_SUPPORT), *ann = client(w);
    person(w, ANN, PASSWORD);
    const char *names[] = { "Ann%40Example.org", account_id_of(w, ANN) };
    for (size_t i = 0; i < COUNT(names); i++) {
        for (int n = 0; n < 5; n++)
            CHECK_NUM(login(ann, ANN, "a quite wrong walnut desk")->status, 401);
        CHECK_NUM(login(ann, ANN, PASSWORD)->status, 423);
        struct reply *r = unlock(support, names[i]);
        CHECK_NUM(r->status, 303);
        CHECK(has(get(support, header_of(r, "location")), "The account is open again."));
        CHECK_NUM(login(ann, ANN, PASSWORD)->status, 200);
    }
    static const char *const unknown[] = { "zoe%40example.org", "usr_nobody", "nonsense" };
    for (size_t i = 0; i < COUNT(unknown); i++) {
        struct reply *r = unlock(support, unknown[i]);
        CHECK(r->status == 404 && has(r, "id=\"account-error\""));
    }
}

TEST_IN_WORLD(RBAC_02_the_page_unlocks_nobody_of_staffs_rank_or_above)
{
    struct client *support = with_roles(w, BEN, ROLE_USER | ROLE_SUPPORT);
    person(w, ANN, PASSWORD);
    CHECK_NUM(unlock(support, "ben%40example.org")->status, 403);
    tamper(w, "UPDATE account SET roles = 9 WHERE email_key = $1", V(text(ANN)));
    CHECK_NUM(unlock(support, "ann%40example.org")->status, 403);
    tamper(w, "UPDATE account SET roles = 1 WHERE email_key = $1", V(text(ANN)));
    CHECK_NUM(unlock(support, "ann%40example.org")->status, 303);
    tamper(w, "UPDATE session SET auth_at = auth_at - 601000", V_NONE);
    session_cache_clear();
    struct reply *r = unlock(support, "ann%40example.org");
    CHECK(r->status == 303 && text_starts(header_of(r, "location"), "/reauth"));
}
