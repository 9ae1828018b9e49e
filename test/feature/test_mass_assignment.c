/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members that nobody asked for: roles, ids, flags, other people. Every route that writes is asked
 * with each of them; identity only ever comes from the credential.
 */
#include "sample.h"

#include "service/setting.h"

#include <string.h>

static const char *const members[] = {
    "role",
    "roles",
    "is_admin",
    "isAdmin",
    "admin",
    "plan",
    "spend_cap",
    "email_verified",
    "emailVerified",
    "email_verified_at",
    "id",
    "account_id",
    "user_id",
    "userId",
    "created_at",
    "locked_at",
    "password_hash",
    "password_changed_at",
    "__proto__",
    "constructor",
    "returnCode",
    "debug",
    "channel",
    "email[]",
    "session_id",
    "Email",
    "email ",
    "",
};

static bool has_field(const struct route *route, const char *name)
{
    for (int i = 0; i < ROUTE_FIELDS && route->fields[i].name; i++)
        if (text_equal(route->fields[i].name, name))
            return true;
    return false;
}

/* Routes that only a visitor uses are asked by one: a page's token belongs to who is signed in. */
static struct client *asker(struct world *w, const struct route *route)
{
    struct client *c = client(w);
    if (!route_is_api(route) && route->access == ANYONE) {
        (void)get(c, "/login");
        return c;
    }
    if (route_is_api(route)) {
        (void)login(c, ANN, PASSWORD);
        return c;
    }
    (void)login_page(c, ANN, PASSWORD);
    (void)get(c, "/settings");
    return c;
}

TEST_IN_WORLD(MASS_01_no_route_takes_a_member_it_does_not_know)
{
    setting_set_ephemeral(true);
    person(w, ANN, PASSWORD);
    run_sql(w, "UPDATE account SET roles = 8"); /* staff's doors too */
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *route = router_nth(i);
        if (route_is_safe(route))
            continue;
        struct client *c = asker(w, route);
        const char *before = store_print(w);
        for (size_t m = 0; m < COUNT(members); m++) {
            if (has_field(route, members[m]))
                continue;
            struct reply *r = call(c, http_method_name(route->method), sample_path(route, "x"),
                                   sample_body_and(route, c->csrf, members[m], "1"));
            if (r->status != 400)
                test_fail(__FILE__, __LINE__, "%s with %s gives %d", route->path, members[m],
                          r->status);
            if (route_is_api(route))
                check_problem(r, 400, "unknown_field");
        }
        CHECK_TEXT(store_print(w), before);
    }
}

TEST_IN_WORLD(MASS_01_nested_and_typed_values_are_refused)
{
    static const char *const bodies[] = {
        "{\"email\":[\"ann@example.org\"],\"password\":\"x\"}",
        "{\"email\":{\"$ne\":null},\"password\":\"x\"}",
        "{\"email\":\"ann@example.org\",\"password\":[\"a\",\"b\"]}",
        "{\"email\":\"ann@example.org\",\"password\":{\"$gt\":\"\"}}",
        "{\"email\":\"ann@example.org\",\"password\":true}",
        "{\"email\":\"ann@example.org\",\"password\":0}",
        "{\"email\":\"ann@example.org\",\"password\":null}",
        "{\"email\":null,\"password\":null}",
        "{\"email\":\"ann@example.org\",\"password\":\"x\",\"cookie\":\"true\"}",
        "{\"email\":\"ann@example.org\",\"password\":\"x\",\"cookie\":1}",
        "{\"email\":\"ann@example.org\",\"password\":\"x\",\"cookie\":[true]}",
        "{}",
    };
    person(w, ANN, PASSWORD);
    for (size_t i = 0; i < COUNT(bodies); i++)
        check_problem(post(client(w), "/v1/auth/login", bodies[i]), 422, "fields_invalid");
    check_problem(post(client(w), "/v1/auth/login", "[]"), 400, "malformed_json");
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
}

TEST_IN_WORLD(MASS_02_identity_comes_from_the_credential_alone)
{
    static const char *const lies[] = { "X-User-Id: usr_00000000000000000000000000",
                                        "X-Account: ben@example.org",
                                        "X-Remote-User: ben",
                                        "Remote-User: ben",
                                        "X-Forwarded-User: ben",
                                        "X-Forwarded-Email: ben@example.org" };
    struct client *ann = signed_in(w, ANN);
    struct client *ben = signed_in(w, BEN);
    for (size_t i = 0; i < COUNT(lies); i++)
        with_header(ann, lies[i]);
    CHECK_TEXT(text_of(get(ann, "/v1/auth/me"), "user.email"), ANN);
    CHECK_NUM(get(ann, "/v1/auth/me?user_id=x")->status, 400);
    CHECK_NUM(get(ann, "/v1/account/sessions?account_id=x")->status, 400);
    CHECK_NUM(
        call(ann, "PATCH", "/v1/account/profile?user_id=x", json("name", "Eve", NULL))->status,
        400);
    CHECK_NUM(call(ann, "PATCH", "/v1/account/profile", json("name", "Ann", NULL))->status, 200);
    CHECK_TEXT(text_of(get(ben, "/v1/auth/me"), "user.name"), NULL);
}

TEST_IN_WORLD(MASS_03_a_parameter_that_comes_twice_is_refused)
{
    person(w, ANN, PASSWORD);
    struct client *c = client(w);
    check_problem(post(c, "/v1/auth/login",
                       "{\"email\":\"ann@example.org\",\"email\":\"ben@example.org\","
                       "\"password\":\"x\"}"),
                  400, "malformed_json");
    check_problem(post(c, "/v1/auth/login",
                       "{\"email\":\"ann@example.org\",\"\\u0065mail\":\"ben@example.org\","
                       "\"password\":\"x\"}"),
                  400, "malformed_json");
    (void)get(c, "/login");
    CHECK_NUM(
        post_form(c, "/login", "email=ann%40example.org&email=b%40example.org&password=x")->status,
        400);
    CHECK_NUM(post_form(c, "/login", "email=ann%40example.org&%65mail=b%40example.org&password=x")
                  ->status,
              400);
    CHECK_NUM(
        post_form(c, "/login?email=b%40example.org", "email=ann%40example.org&password=x")->status,
        400);
    CHECK_NUM(get(c, "/login?next=/settings&next=/")->status, 400);
    CHECK_NUM(post(c, "/v1/auth/login?email=b%40example.org",
                   json("email", ANN, "password", PASSWORD, NULL))
                  ->status,
              400);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
}

/* Nothing a caller says brings a secret of a mail back in the answer (TOK-07). */
TEST_IN_WORLD(TOK_07_no_answer_returns_a_mailed_token)
{
    struct client *c = client(w);
    struct reply *r = post(c, "/v1/auth/register", json("email", ANN, "password", PASSWORD, NULL));
    const char *token = mailed_token(w, ANN, "verify_email");
    CHECK(*token && !strstr(r->body, token) && !strstr(r->headers, token));
    (void)post(c, "/v1/auth/verify-email", json("token", token, NULL));
    r = post(c, "/v1/auth/password/forgot", json("email", ANN, NULL));
    token = mailed_token(w, ANN, "reset_password");
    CHECK(*token && !strstr(r->body, token) && !strstr(r->headers, token));
}
