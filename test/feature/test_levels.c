/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Levels, by the route table: no route is named, so a new door is attacked by every case here. A
 * pending sign-in opens nothing (MFA-01), what asks for a proof asks for it (MFA-07).
 */
#include "attack.h"

#include "account/session_cache.h"
#include "sample.h"
#include "service/setting.h"

#include <string.h>

/* --- MFA-01: the handle of a pending sign-in --- */

enum carried { AS_BEARER, AS_SESSION, AS_PENDING, AS_ALL, CARRIED };

static void put_cookie(struct client *c, const char *name, const char *value)
{
    int i = 0;
    while (c->cookie_names[i] && !text_equal(c->cookie_names[i], name))
        i++;
    REQUIRE(i < CLIENT_COOKIES);
    c->cookie_names[i] = name;
    c->cookie_values[i] = value;
}

/* Somebody with nothing but the handle, as they would try to use it. */
static struct client *thief(struct world *w, enum carried how, const char *handle)
{
    struct client *c = client(w);
    (void)get(c, "/login"); /* a form's token */
    if (how == AS_BEARER || how == AS_ALL)
        c->bearer = handle;
    if (how == AS_SESSION || how == AS_ALL)
        put_cookie(c, "cardea", handle);
    if (how == AS_PENDING || how == AS_ALL)
        put_cookie(c, "cardea-pending", handle);
    return c;
}

static struct reply *try_door(struct client *c, const struct route *route, const char *id)
{
    const char *body =
        route_is_safe(route) ? NULL : sample_body(route, c->csrf, "pending_token", "x");
    return call(c, http_method_name(route->method), sample_path(route, id), body);
}

static bool is_closed(const struct route *route)
{
    return route->access >= SIGNED_IN && route->access <= ADMIN;
}

static bool was_kept_out(const struct reply *r)
{
    return r->status == 401 ||
           (r->status == 303 && text_starts(header_of(r, "location"), "/login"));
}

/* Another session of the same account, so that there is something to reach. */
TEST_IN_WORLD(MFA_01_one_step_of_two_opens_no_door_of_the_table)
{
    struct client *ann = signed_in(w, ANN);
    run_sql(w, "UPDATE account SET mfa_at = 1");
    for (enum carried how = 0; how < CARRIED; how++) {
        struct reply *r = login(client(w), ANN, PASSWORD);
        const char *handle = text_of(r, "pending_token");
        REQUIRE(handle);
        for (size_t i = 0; i < router_count(); i++) {
            const struct route *route = router_nth(i);
            if (route->access == DEVELOPMENT)
                continue; /* the fixture and the mailbox, open to everybody there */
            r = try_door(thief(w, how, handle), route, ann->session_id);
            if (is_closed(route) && !was_kept_out(r))
                test_fail(__FILE__, __LINE__, "%s %s lets a handle in (%d): %d",
                          http_method_name(route->method), route->path, (int)how, r->status);
            if (strstr(r->body ? r->body : "", ANN) || text_of(r, "access_token"))
                test_fail(__FILE__, __LINE__, "%s tells a handle (%d) about its account",
                          route->path, (int)how);
        }
    }
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 1);
    session_cache_clear();
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
}

/* --- MFA-07: what asks for a proof --- */

/* Somebody signed in as the route wants it, by cookie and form or by token. */
static struct client *owner(struct world *w, const struct route *route)
{
    struct client *c = client(w);
    if (route_is_api(route)) {
        CHECK_NUM(login(c, ANN, PASSWORD)->status, 200);
        return c;
    }
    CHECK_NUM(login_page(c, ANN, PASSWORD)->status, 303);
    (void)get(c, "/settings");
    return c;
}

static bool asks_for_proof(const struct reply *r)
{
    return text_equal(text_of(r, "code"), "insufficient_user_authentication") ||
           (r->status == 303 && text_starts(header_of(r, "location"), "/reauth"));
}

static void check_asked(const struct route *route, const struct reply *r, const char *acr,
                        const char *why)
{
    const char *how = header_of(r, "www-authenticate");
    if (!asks_for_proof(r))
        test_fail(__FILE__, __LINE__, "%s %s takes a session that is %s: %d",
                  http_method_name(route->method), route->path, why, r->status);
    if (!route_is_api(route))
        return;
    CHECK_NUM(r->status, 401);
    CHECK(how && strstr(how, "error=\"insufficient_user_authentication\""));
    CHECK(how && strstr(how, text_format(test_arena(), "acr_values=\"%s\"", acr)));
    CHECK(how && strstr(how, "max_age=\"600\""));
}

static void check_proof(struct world *w, const struct route *route)
{
    struct client *c = owner(w, route);
    const char *before;
    if (asks_for_proof(try_door(c, route, "x")))
        test_fail(__FILE__, __LINE__, "%s refuses a fresh session", route->path);

    c = owner(w, route);
    run_sql(w, "UPDATE session SET auth_at = auth_at - 601000");
    session_cache_clear();
    before = store_print(w);
    if (route->proof == PROOF_FRESH)
        check_asked(route, try_door(c, route, "x"), "aal1", "stale");
    else if (asks_for_proof(try_door(c, route, "x")))
        test_fail(__FILE__, __LINE__, "%s refuses an older session", route->path);
    if (route->proof == PROOF_FRESH)
        CHECK_TEXT(store_print(w), before);

    c = owner(w, route);
    run_sql(w, "UPDATE account SET mfa_at = 1");
    session_cache_clear();
    before = store_print(w);
    check_asked(route, try_door(c, route, "x"), "aal2", "of one factor where two are asked for");
    CHECK_TEXT(store_print(w), before);

    run_sql(w, "UPDATE session SET amr = 'pwd otp mfa'");
    session_cache_clear();
    if (asks_for_proof(try_door(c, route, "x")))
        test_fail(__FILE__, __LINE__, "%s refuses two factors", route->path);
}

/* Whatever a try changed is put back. */
static void start_afresh(struct world *w)
{
    run_sql(w, "DELETE FROM session");
    run_sql(w, "DELETE FROM lockout");
    run_sql(w, "DELETE FROM lockout_address");
    run_sql(w, "UPDATE account SET mfa_at = NULL");
    session_cache_clear();
}

TEST_IN_WORLD(MFA_07_every_door_with_a_proof_asks_for_it)
{
    int count = 0;
    person(w, ANN, PASSWORD);
    run_sql(w, "UPDATE account SET roles = 8"); /* staff's doors too */
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *route = router_nth(i);
        if (route->proof == PROOF_ANY)
            continue;
        CHECK(is_closed(route));
        check_proof(w, route);
        start_afresh(w);
        count++;
    }
    CHECK(count >= 10);
}

/* A reset on another node, of which this one has not heard: what it believes still opens nothing
   that lasts. */
static void check_ended(struct world *w, const struct route *route)
{
    struct client *c = owner(w, route);
    CHECK_NUM(get(c, "/v1/auth/me")->status, 200);
    run_sql(w, "DELETE FROM session");
    CHECK_NUM(get(c, "/v1/auth/me")->status, 200); /* still believed */
    const char *body = sample_body(route, c->csrf, "current_password", PASSWORD);
    struct reply *r = call(c, http_method_name(route->method), sample_path(route, "x"), body);
    if (r->status < 400 && !was_kept_out(r))
        test_fail(__FILE__, __LINE__, "%s %s serves a session that has ended: %d",
                  http_method_name(route->method), route->path, r->status);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE deletion_due_at IS NOT NULL"), 0);
}

TEST_IN_WORLD(RACE_07_no_sensitive_door_serves_a_session_that_has_ended)
{
    int count = 0;
    person(w, ANN, PASSWORD);
    run_sql(w, "UPDATE account SET roles = 8");
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *route = router_nth(i);
        if (route->proof == PROOF_ANY || route_is_safe(route))
            continue;
        check_ended(w, route);
        start_afresh(w);
        count++;
    }
    CHECK(count >= 20);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
}

/* Taking back what waits is the safe direction. */
static bool takes_back(const struct route *route)
{
    static const char *const known[] = { "/v1/account/deletion", "/v1/account/email" };
    bool is_known = strstr(route->path, "/cancel") || strstr(route->path, "/disable");
    for (size_t i = 0; i < COUNT(known); i++)
        is_known = is_known || (route->method == HTTP_DELETE && text_equal(route->path, known[i]));
    return is_known;
}

/* What changes a credential, or hands out much at once, is not behind a session alone: by these
   words in its path, so that a new door of the kind is noticed. */
TEST_IN_WORLD(MFA_07_no_sensitive_door_goes_without_a_proof)
{
    static const char *const words[] = { "/2fa/",   "/passkeys", "/password",   "/email",
                                         "/export", "/deletion", "/preferences" };
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *route = router_nth(i);
        bool changes = is_closed(route) && !route_is_safe(route) && !takes_back(route);
        for (size_t k = 0; changes && k < COUNT(words); k++)
            if (route->proof == PROOF_ANY && strstr(route->path, words[k]))
                test_fail(__FILE__, __LINE__, "%s %s asks for no proof",
                          http_method_name(route->method), route->path);
    }
}
