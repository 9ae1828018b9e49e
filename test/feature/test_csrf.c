/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cross-site request forgery, against every route of the table that may write. A body is sound, so
 * that nothing but the missing proof of origin can be the reason of a refusal; and each case ends
 * with the same request from our own page, which must pass.
 */
#include "sample.h"

#include "service/setting.h"

#include <string.h>

static const char *const foreign_sources[] = {
    "Origin: https://evil.example",
    "Origin: null",
    "Origin: http://localhost:8080.evil.example",
    "Origin: http://evil.example/http://localhost:8080",
    "Origin: http://localhost",
    "Origin: http://localhost:9999",
    "Origin: https://localhost:8080",
    "Origin: http://user@localhost:8080",
    "Sec-Fetch-Site: cross-site",
    "Sec-Fetch-Site: same-site",
    "Sec-Fetch-Site: SAME-ORIGIN, cross-site",
    "Sec-Fetch-Site: whatever",
};

static const char *first_session(struct world *w)
{
    struct tx tx;
    const char *id = "";
    db_begin(&tx, w->real_db, DB_PEEK, test_arena());
    CHECK_OK(db_one(&tx, "SELECT id FROM session ORDER BY id LIMIT 1", V_NONE, INTO(to_text(&id))));
    db_rollback(&tx);
    return id;
}

/* Somebody with a cookie, and a page of theirs open. */
static struct client *browser(struct world *w, const char *email)
{
    struct client *c = client(w);
    (void)login_page(c, email, PASSWORD);
    CHECK_NUM(get(c, "/account/security")->status, 200);
    return c;
}

static void send(struct client *c, const struct route *route, const char *token, const char *what)
{
    const char *before = store_print(c->w);
    const char *path = sample_path(route, first_session(c->w));
    struct reply *r = call(c, http_method_name(route->method), path,
                           sample_body(route, token, "current_password", PASSWORD));
    if (r->status != 403)
        test_fail(__FILE__, __LINE__, "%s %s with %s gives %d", http_method_name(route->method),
                  route->path, what, r->status);
    if (route_is_api(route))
        check_problem(r, 403, "csrf_failed");
    CHECK_TEXT(store_print(c->w), before);
}

/* API routes where only the cookie speaks for the caller, and all forms. */
static bool needs_token(const struct route *route)
{
    return !route_is_api(route) || (route->access >= SIGNED_IN && route->access <= ADMIN);
}

static void attack(struct world *w, const struct route *route)
{
    struct client *ann = browser(w, ANN), *ben = browser(w, BEN);
    for (size_t i = 0; i < COUNT(foreign_sources); i++) {
        with_header(ann, foreign_sources[i]);
        send(ann, route, ann->csrf, foreign_sources[i]);
        with_header(ann, NULL);
    }
    if (!needs_token(route))
        return;
    struct client *visitor = client(w);
    (void)get(visitor, "/login");
    send(ann, route, NULL, "no token");
    send(ann, route, "", "an empty token");
    send(ann, route, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "a wrong token");
    send(ann, route, ben->csrf, "another session's token");
    send(ann, route, visitor->csrf, "a token from before sign-in");
    send(ann, route, text_format(test_arena(), "%.42s", ann->csrf), "a token cut short");
    with_header(ann, "Sec-Fetch-Site: none");
    send(ann, route, NULL, "a navigation without a token");
    with_header(ann, NULL);
}

static void pass(struct world *w, const struct route *route)
{
    struct client *ann = browser(w, ANN);
    if (route->access < VISITOR)
        (void)get(client(w), "/login");
    with_header(ann, "Sec-Fetch-Site: same-origin");
    with_header(ann, "Origin: http://localhost:8080");
    const char *token = ann->csrf;
    if (!route_is_api(route) && route->access == ANYONE) {
        ann = client(w);
        (void)get(ann, "/login");
        token = ann->csrf;
    }
    struct reply *r =
        call(ann, http_method_name(route->method), sample_path(route, first_session(w)),
             sample_body(route, token, "current_password", PASSWORD));
    if (r->status == 403 || r->status >= 500)
        test_fail(__FILE__, __LINE__, "our own page gets %d at %s", r->status, route->path);
}

TEST_IN_WORLD(CSRF_01_no_route_takes_a_forged_request)
{
    person(w, ANN, PASSWORD);
    person(w, BEN, PASSWORD);
    run_sql(w, "UPDATE account SET roles = 8"); /* staff's doors too */
    setting_set_ephemeral(true); /* a test's fixture runs beside a browser too */
    int routes = 0;
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *route = router_nth(i);
        if (route_is_safe(route))
            continue;
        attack(w, route);
        if (route->access != FIXTURE) /* those do the jobs' work, which torture cannot take back */
            pass(w, route);
        routes++;
    }
    CHECK(routes >= 15);
}

TEST_IN_WORLD(CSRF_02_nobody_is_signed_in_as_the_attacker)
{
    person(w, ANN, PASSWORD);
    struct client *victim = client(w), *attacker = client(w);
    (void)get(attacker, "/login");
    (void)get(victim, "/login");
    const char *form = text_format(test_arena(), "csrf=%s&email=%s&password=%s", attacker->csrf,
                                   form_text(ANN), form_text(PASSWORD));
    CHECK_NUM(post(victim, "/login", form)->status, 403);    /* the attacker's token */
    CHECK_NUM(post(client(w), "/login", form)->status, 403); /* and no form cookie at all */

    const char *body = json("email", ANN, "password", PASSWORD, NULL);
    with_header(victim, "Origin: https://evil.example");
    CHECK_NUM(post_form(victim, "/login", "email=ann%40example.org&password=x")->status, 403);
    check_problem(post(victim, "/v1/auth/login", body), 403, "csrf_failed");
    with_header(victim, NULL);
    with_header(victim, "Sec-Fetch-Site: cross-site");
    check_problem(post(victim, "/v1/auth/login", body), 403, "csrf_failed");
    CHECK(cookie_of(victim, "cardea") == NULL);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
}

/* A form cookie that is not ours to the letter binds nothing: neither too short nor planted empty.
 */
TEST_IN_WORLD(CSRF_02_a_planted_form_cookie_needs_its_token)
{
    static const char *const planted[] = { "Cookie: cardea-form=", "Cookie: cardea-form=x",
                                           "Cookie: cardea-form=AAAAAAAAAAAAAAAAAAAAAA" };
    for (size_t i = 0; i < COUNT(planted); i++) {
        struct client *victim = client(w);
        with_header(victim, planted[i]);
        CHECK_NUM(post(victim, "/login", "csrf=&email=ann%40example.org&password=x")->status, 403);
    }
}

static int send_typed(struct client *c, const char *method, const char *path, const char *type,
                      const char *body)
{
    const char *header = type ? text_format(test_arena(), "Content-Type: %s\r\n", type) : "";
    const char *cookie = cookie_of(c, "cardea");
    return call_raw(c, text_format(test_arena(),
                                   "%s %s HTTP/1.1\r\nHost: localhost:8080\r\n"
                                   "User-Agent: %s\r\nCookie: cardea=%s\r\n%s"
                                   "Content-Length: %zu\r\n\r\n%s",
                                   method, path, c->user_agent, cookie ? cookie : "x", header,
                                   strlen(body), body))
        ->status;
}

TEST_IN_WORLD(CSRF_03_only_the_declared_content_type)
{
    static const char *const types[] = {
        NULL,
        "text/plain",
        "text/plain; charset=utf-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; application/json",
        "text/plain;application/json",
        "application/jsonp",
        "application/json, text/plain",
        "application/x-www-form-urlencoded; application/json",
        "json",
        "*/*",
        "",
    };
    const char *body = json("email", ANN, "password", PASSWORD, NULL);
    const char *before = store_print(w);
    struct client *c = client(w);
    for (size_t i = 0; i < COUNT(types); i++) {
        int status = send_typed(c, "POST", "/v1/auth/register", types[i], body);
        if (status != 415 && status != 400)
            test_fail(__FILE__, __LINE__, "%s gives %d", types[i] ? types[i] : "none", status);
    }
    CHECK_NUM(send_typed(c, "POST", "/login", "application/json", body), 415);
    CHECK_NUM(send_typed(c, "POST", "/login", "text/plain", "email=a"), 415);
    CHECK_TEXT(store_print(w), before);
    CHECK_NUM(send_typed(c, "POST", "/v1/auth/register", "Application/JSON; charset=utf-8", body),
              202);
}

TEST_IN_WORLD(CSRF_03_no_method_override)
{
    struct client *ann = signed_in(w, ANN);
    const char *before = store_print(w);
    static const char *const headers[] = { "X-HTTP-Method-Override: DELETE",
                                           "X-HTTP-Method: DELETE", "X-Method-Override: DELETE" };
    for (size_t i = 0; i < COUNT(headers); i++) {
        with_header(ann, headers[i]);
        CHECK_NUM(get(ann, "/v1/account/sessions")->status, 200);
        CHECK_NUM(post(ann, "/v1/account/sessions", "{}")->status, 405);
        with_header(ann, NULL);
    }
    CHECK_NUM(get(ann, "/v1/account/sessions?_method=DELETE")->status, 400);
    CHECK_NUM(post(ann, "/v1/account/sessions?_method=DELETE", NULL)->status, 405);
    check_problem(post(ann, "/v1/auth/login", json("_method", "DELETE", NULL)), 400,
                  "unknown_field");
    CHECK_TEXT(store_print(w), before);
}

static bool has_get(const char *path)
{
    struct match m;
    return router_match(HTTP_GET, path, test_arena(), &m) == OK;
}

TEST_IN_WORLD(CSRF_04_reading_never_writes)
{
    struct client *ann = signed_in(w, ANN);
    (void)login_page(ann, ANN, PASSWORD);
    run_jobs(w);
    setting_set_ephemeral(true);
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *route = router_nth(i);
        const char *path = sample_path(route, ann->session_id);
        if (route_is_safe(route))
            continue;
        const char *before = store_print(w);
        struct reply *g = get(ann, path), *h = call(ann, "HEAD", path, NULL);
        CHECK_NUM(h->status, g->status);
        if (!has_get(path)) {
            CHECK_NUM(g->status, 405);
            CHECK(strstr(header_of(g, "allow"), http_method_name(route->method)) != NULL);
            CHECK_TEXT(header_of(h, "allow"), header_of(g, "allow"));
        }
        CHECK_TEXT(store_print(w), before);
    }
}
