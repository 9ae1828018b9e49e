/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main job by API and by pages: sign up, confirm, sign in, stay signed in, reset, sign out.
 */
#include "world.h"

#include "base/clock.h"

#include <string.h>

TEST_IN_WORLD(somebody_registers_confirms_and_signs_in)
{
    struct client *c = client(w);
    struct reply *r =
        post(c, "/v1/auth/register", json("email", ANN, "password", PASSWORD, "name", "Ann", NULL));
    CHECK_NUM(r->status, 202);
    CHECK_TEXT(text_of(r, "status"), "verification_sent");
    CHECK_NUM(login(c, ANN, PASSWORD)->status, 401); /* not before the link */

    const char *token = mailed_token(w, ANN, "verify_email");
    r = post(c, "/v1/auth/verify-email", json("token", token, NULL));
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "status"), "verified");

    r = login(c, "Ann@Example.ORG", PASSWORD);
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "token_type"), "Bearer");
    CHECK_NUM(num_of(r, "expires_in"), 600);
    CHECK_TEXT(text_of(r, "user.email"), ANN);
    r = get(c, "/v1/auth/me");
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "user.name"), "Ann");
    CHECK_TEXT(text_of(r, "session.id"), c->session_id);
    CHECK_TEXT(text_of(r, "session.acr"), "aal1");
    CHECK(has_audit(w, "account.registered") && has_audit(w, "account.verified") &&
          has_audit(w, "session.started"));
}

TEST_IN_WORLD(a_forgotten_password_is_reset)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_NUM(post(ann, "/v1/auth/password/forgot", json("email", ANN, NULL))->status, 202);
    const char *token = mailed_token(w, ANN, "reset_password");
    struct reply *r = post(client(w), "/v1/auth/password/reset",
                           json("token", token, "password", "another walnut chair", NULL));
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "status"), "password_changed");
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 401);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 401);
    CHECK_NUM(login(client(w), ANN, "another walnut chair")->status, 200);
    CHECK(mailed(w, ANN, "password_changed") != NULL);
}

TEST_IN_WORLD(signing_out_ends_the_session)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_NUM(post(ann, "/v1/auth/logout", NULL)->status, 204);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 401);
    CHECK_NUM(post(ann, "/v1/auth/refresh", json("refresh_token", ann->refresh, NULL))->status,
              401);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
}

TEST_IN_WORLD(the_same_by_pages)
{
    struct client *c = client(w);
    CHECK_NUM(get(c, "/register")->status, 200);
    struct reply *r =
        post_form(c, "/register", "email=ann%40example.org&password=a+brand+new+walnut+desk&name=");
    CHECK_NUM(r->status, 200);
    const char *token = mailed_token(w, ANN, "verify_email");
    CHECK_NUM(get(c, text_format(test_arena(), "/verify-email?token=%s", token))->status, 200);
    CHECK_NUM(post_form(c, "/verify-email", text_format(test_arena(), "token=%s", token))->status,
              200);
    r = login_page(c, ANN, PASSWORD);
    CHECK_NUM(r->status, 303);
    CHECK_TEXT(header_of(r, "location"), "/");
    r = get(c, "/");
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, ANN) != NULL);
    CHECK_NUM(get(c, "/account/security")->status, 200);
    CHECK_NUM(get(c, "/settings")->status, 200);
    r = post_form(c, "/logout", "");
    CHECK_NUM(r->status, 303);
    CHECK(cookie_of(c, "cardea") == NULL);
    CHECK_TEXT(header_of(get(c, "/settings"), "location"), "/login?next=/settings");
}

TEST_IN_WORLD(a_wrong_form_is_shown_again_with_what_was_typed)
{
    struct client *c = client(w);
    (void)get(c, "/register");
    struct reply *r = post_form(c, "/register", "email=ann%40example.org&password=short&name=Ann");
    CHECK_NUM(r->status, 422);
    CHECK(strstr(r->body, "value=\"ann@example.org\"") != NULL);
    CHECK(strstr(r->body, "aria-invalid") != NULL);
    CHECK(strstr(r->body, "short\"") == NULL);
}
