/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers that every answer carries, whatever kind of answer it is; ids that go through; who may
 * call from another origin; which names this house answers to.
 */
#include "sample.h"

#include "db/fault.h"
#include "http/http.h"
#include "service/setting.h"
#include "web/web.h"

#include <string.h>

static void check_headers(const struct reply *r, const char *what)
{
    static const char *const wanted[] = {
        "content-security-policy", "x-content-type-options",       "x-frame-options",
        "referrer-policy",         "permissions-policy",           "cross-origin-opener-policy",
        "cache-control",           "cross-origin-resource-policy",
    };
    for (size_t i = 0; i < COUNT(wanted); i++)
        if (!header_of(r, wanted[i]))
            test_fail(__FILE__, __LINE__, "%s (%d) lacks %s", what, r->status, wanted[i]);
    const char *csp = header_of(r, "content-security-policy");
    if (!csp)
        return;
    if (strstr(csp, "unsafe-") || !strstr(csp, "default-src 'none'") ||
        !strstr(csp, "frame-ancestors 'none'"))
        test_fail(__FILE__, __LINE__, "%s (%d): %s", what, r->status, csp);
    CHECK_TEXT(header_of(r, "x-content-type-options"), "nosniff");
    CHECK_TEXT(header_of(r, "x-frame-options"), "DENY");
    CHECK(header_of(r, "x-powered-by") == NULL && header_of(r, "server") == NULL);
    if (setting_is_secure())
        CHECK_TEXT(header_of(r, "strict-transport-security"),
                   "max-age=63072000; includeSubDomains");
}

/* Kinds of answers that the route table does not have. */
static const struct {
    const char *what, *bytes;
    int status;
} odd[] = {
    { "an unknown page", "GET /nope HTTP/1.1\r\nHost: localhost\r\n\r\n", 404 },
    { "an unknown API", "GET /v1/nope HTTP/1.1\r\nHost: localhost\r\n\r\n", 404 },
    { "a page's wrong method", "DELETE /login HTTP/1.1\r\nHost: localhost\r\n\r\n", 405 },
    { "an API's wrong method", "PUT /v1/auth/me HTTP/1.1\r\nHost: localhost\r\n\r\n", 405 },
    { "OPTIONS", "OPTIONS /v1/auth/me HTTP/1.1\r\nHost: localhost\r\n\r\n", 405 },
    { "a strange host", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421 },
    { "no host", "GET / HTTP/1.1\r\n\r\n", 400 },
    { "two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400 },
    { "an unknown method", "BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", 501 },
    { "TRACE", "TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 501 },
    { "a bad target", "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400 },
    { "HTTP/3", "GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", 505 },
    { "a strange coding",
      "POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 501 },
    { "an unknown static file", "GET /static/nope.css HTTP/1.1\r\nHost: localhost\r\n\r\n", 404 },
    { "a static file", "GET /static/cardea.css HTTP/1.1\r\nHost: localhost\r\n\r\n", 200 },
    { "an operations page", "GET /livez HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n", 200 },
    { "figures", "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 200 },
    { "two session cookies",
      "GET / HTTP/1.1\r\nHost: localhost\r\nCookie: cardea=a; cardea=b; __Host-cardea=a; "
      "__Host-cardea=b\r\n\r\n",
      400 },
};

static void check_odd(struct world *w)
{
    for (size_t i = 0; i < COUNT(odd); i++) {
        struct reply *r = call_raw(client(w), odd[i].bytes);
        if (r->status != odd[i].status)
            test_fail(__FILE__, __LINE__, "%s gives %d", odd[i].what, r->status);
        check_headers(r, odd[i].what);
    }
}

TEST_IN_WORLD(HDR_01_every_route_carries_the_security_headers)
{
    struct client *ann = signed_in(w, ANN);
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *route = router_nth(i);
        const char *path = sample_path(route, "x"), *method = http_method_name(route->method);
        if (route->csp) /* a mail as it looks, shown in development mode only: mail needs styles */
            continue;
        check_headers(call(client(w), method, path, NULL), path);
        check_headers(call(ann, method, path, sample_body(route, ann->csrf, NULL, NULL)), path);
    }
}

TEST_IN_WORLD(HDR_01_refusals_and_files_carry_them_too)
{
    check_odd(w);
    struct client *c = client(w);
    struct reply *r = get(c, "/static/cardea.css");
    with_header(c, text_format(test_arena(), "If-None-Match: %s", header_of(r, "etag")));
    r = get(c, "/static/cardea.css");
    CHECK_NUM(r->status, 304);
    check_headers(r, "an unchanged file");
}

static const char *broken_page(struct world *w, long n)
{
    db_fault_after(w->db, n);
    struct client *c = client(w);
    (void)get(c, "/login");
    const char *form = text_format(test_arena(), "csrf=%s&email=zoe%%40example.org&password=%s",
                                   c->csrf, form_text(PASSWORD));
    struct reply *r = post(c, "/register", form);
    CHECK_NUM(r->status, 500);
    check_headers(r, "a broken page");
    db_fault_after(w->db, 0);
    return r->body;
}

TEST_IN_WORLD(HDR_01_failures_carry_them_and_tell_nothing)
{
    for (long n = 1; n <= 4; n++) {
        db_fault_after(w->db, n);
        struct reply *r =
            post(client(w), "/v1/auth/register", json("email", ANN, "password", PASSWORD, NULL));
        check_problem(r, 500, "internal");
        check_headers(r, "a broken call");
        db_fault_after(w->db, 0);
        const char *body = broken_page(w, n);
        CHECK(!strstr(body, "SELECT") && !strstr(body, "INSERT") && !strstr(body, "injected"));
    }
}

TEST_IN_WORLD(HDR_01_https_only_for_a_public_house)
{
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    CHECK_OK(setting_override(SETTING_PUBLIC_URL, "https://localhost"));
    check_odd(w);
    struct client *c = client(w);
    struct reply *r = get(c, "/login");
    check_headers(r, "/login");
    const char *cookie = header_of(r, "set-cookie");
    REQUIRE(cookie != NULL);
    CHECK(text_starts(cookie, "__Host-cardea-form="));
    CHECK(strstr(cookie, "Secure") && strstr(cookie, "HttpOnly") && strstr(cookie, "Path=/") &&
          strstr(cookie, "SameSite=") && !strstr(cookie, "Domain"));
}

TEST_IN_WORLD(HDR_01_pages_have_nothing_inline)
{
    static const char *const forbidden[] = { "<script>",   " style=\"",      "<style",
                                             " onclick=",  " onload=",       "javascript:",
                                             "src=\"http", "href=\"http://", "//cdn" };
    struct client *ann = client(w);
    person(w, ANN, PASSWORD);
    (void)login_page(ann, ANN, PASSWORD);
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *route = router_nth(i);
        if (!route_is_safe(route) || route_is_api(route) || route->csp)
            continue;
        for (int signed_in = 0; signed_in < 2; signed_in++) {
            struct reply *r = get(signed_in ? ann : client(w), sample_path(route, "x"));
            for (size_t k = 0; k < COUNT(forbidden); k++)
                if (strstr(r->body, "<!DOCTYPE") && strstr(r->body, forbidden[k]))
                    test_fail(__FILE__, __LINE__, "%s has %s", route->path, forbidden[k]);
        }
    }
}

TEST_IN_WORLD(CLICK_01_no_page_may_be_framed)
{
    static const char *const pages[] = { "/login", "/register", "/forgot-password", "/" };
    for (size_t i = 0; i < COUNT(pages); i++) {
        struct reply *r = get(client(w), pages[i]);
        CHECK_NUM(r->status, 200);
        CHECK_TEXT(header_of(r, "x-frame-options"), "DENY");
        CHECK(strstr(header_of(r, "content-security-policy"), "frame-ancestors 'none'") != NULL);
    }
}

TEST_IN_WORLD(RST_03_pages_with_a_token_send_no_referrer)
{
    static const char *const pages[] = { "/reset-password?token=x", "/verify-email?token=x",
                                         "/setup?token=x", "/v1/auth/verify-email?token=x" };
    for (size_t i = 0; i < COUNT(pages); i++) {
        struct reply *r = get(client(w), pages[i]);
        CHECK_NUM(r->status, 410);
        CHECK_TEXT(header_of(r, "referrer-policy"), "no-referrer");
        CHECK_TEXT(header_of(r, "cache-control"), "no-store");
    }
}

/* --- ids --- */

TEST_IN_WORLD(a_request_id_is_taken_over_only_when_well_formed)
{
    static const char *const bad[] = { "", "with space in it", "quote\"quote", "<script>1234",
                                       "semi;colon;semi" };
    static const char *const good[] = { "7", "abc-DEF_123456",
                                        "9b2d7c1e-6f0a-4c57-8d0e-1b2c3d4e5f60",
                                        "Root=1-67891233-abcdef012345678912345678",
                                        "web.3/req:12+a=~@x" };
    struct client *c = client(w);
    for (size_t i = 0; i < COUNT(good); i++) {
        with_header(c, NULL);
        with_header(c, text_format(test_arena(), "X-Request-Id: %s", good[i]));
        CHECK_TEXT(header_of(get(c, "/livez"), "x-request-id"), good[i]);
        CHECK_TEXT(header_of(get(c, "/static/cardea.css"), "x-request-id"), good[i]);
    }
    check_problem(get(c, "/v1/auth/me"), 401, "unauthenticated");
    with_header(c, NULL);
    with_header(c, text_format(test_arena(), "X-Request-Id: %0129d", 1));
    CHECK_NUM(strlen(header_of(get(c, "/livez"), "x-request-id")), 26);
    for (size_t i = 0; i < COUNT(bad); i++) {
        with_header(c, NULL);
        with_header(c, text_format(test_arena(), "X-Request-Id: %s", bad[i]));
        const char *id = header_of(get(c, "/livez"), "x-request-id");
        CHECK(id && strlen(id) == 26);
    }
    const char *one = header_of(get(client(w), "/livez"), "x-request-id");
    CHECK(!text_equal(one, header_of(get(client(w), "/livez"), "x-request-id")));
}

TEST_IN_WORLD(refusals_of_the_parser_have_a_request_id)
{
    struct reply *r = call_raw(client(w), "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    check_problem(r, 400, "bad_request");
}

/* --- other origins --- */

static struct reply *preflight(struct world *w, const char *origin)
{
    struct client *c = client(w);
    with_header(c, text_format(test_arena(), "Origin: %s", origin));
    with_header(c, "Access-Control-Request-Method: POST");
    with_header(c, "Access-Control-Request-Headers: content-type");
    return call(c, "OPTIONS", "/v1/auth/login", NULL);
}

TEST_IN_WORLD(CORS_only_listed_origins_may_read)
{
    static const char *const strangers[] = { "https://evil.example",
                                             "null",
                                             "https://app.example.",
                                             "https://app.example.evil.example",
                                             "http://app.example",
                                             "https://app.exampl",
                                             "" };
    CHECK_OK(setting_override(SETTING_CORS_ORIGINS, "https://app.example, https://two.example"));
    struct reply *r = preflight(w, "https://app.example");
    CHECK_NUM(r->status, 204);
    CHECK_TEXT(header_of(r, "access-control-allow-origin"), "https://app.example");
    CHECK(header_of(r, "access-control-allow-credentials") == NULL);
    CHECK_TEXT(header_of(r, "vary"), "Origin");
    check_headers(r, "a preflight");
    CHECK_NUM(preflight(w, "https://two.example")->status, 204);
    for (size_t i = 0; i < COUNT(strangers); i++) {
        r = preflight(w, strangers[i]);
        CHECK_NUM(r->status, 405);
        CHECK(header_of(r, "access-control-allow-origin") == NULL);
    }
    struct client *c = client(w);
    with_header(c, "Origin: https://app.example");
    r = post(c, "/v1/auth/login", json("email", ANN, "password", "x", NULL));
    CHECK_NUM(r->status, 401);
    CHECK_TEXT(header_of(r, "access-control-allow-origin"), "https://app.example");
    CHECK(header_of(get(c, "/login"), "access-control-allow-origin") == NULL); /* API only */
}

/* A page elsewhere must be able to read why, and to fetch the keys that tokens verify with. */
TEST_IN_WORLD(CORS_listed_origins_read_refusals_and_documents_too)
{
    static const char *const paths[] = { "/v1/nowhere", "/v1/auth/login", "/.well-known/jwks.json",
                                         "/openapi.json" };
    CHECK_OK(setting_override(SETTING_CORS_ORIGINS, "https://app.example"));
    struct client *ours = client(w), *strange = client(w);
    with_header(ours, "Origin: https://app.example");
    with_header(strange, "Origin: https://evil.example");
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct reply *r = get(ours, paths[i]);
        CHECK_TEXT(header_of(r, "access-control-allow-origin"), "https://app.example");
        CHECK(strstr(header_of(r, "access-control-expose-headers"), "WWW-Authenticate") != NULL);
        CHECK(!header_of(get(strange, paths[i]), "access-control-allow-origin"));
    }
    /* What caches keep must not be given to one origin with the name of another. */
    CHECK(strstr(get(client(w), "/.well-known/jwks.json")->headers, "vary: Origin") != NULL);
}

/* A listed origin may call, but the cookie of who happens to be signed in does not speak for it. */
TEST_IN_WORLD(CORS_a_listed_origin_cannot_use_the_cookie)
{
    CHECK_OK(setting_override(SETTING_CORS_ORIGINS, "https://app.example"));
    struct client *ann = client(w);
    person(w, ANN, PASSWORD);
    (void)login_page(ann, ANN, PASSWORD);
    with_header(ann, "Origin: https://app.example");
    check_problem(call(ann, "DELETE", "/v1/account/sessions", NULL), 403, "csrf_failed");
    check_problem(call(ann, "PATCH", "/v1/account/profile", json("name", "Eve", NULL)), 403,
                  "csrf_failed");
}

/* --- names --- */

TEST_IN_WORLD(RST_02_links_carry_the_configured_name)
{
    static const char *const lies[] = {
        "X-Forwarded-Host: evil.example", "X-Host: evil.example",   "Forwarded: host=evil.example",
        "X-Forwarded-Proto: https",       "X-Original-URL: /admin", "X-Rewrite-URL: /admin",
        "X-Forwarded-Server: evil"
    };
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    for (size_t i = 0; i < COUNT(lies); i++)
        with_header(c, lies[i]);
    CHECK_NUM(post(c, "/v1/auth/password/forgot", json("email", ANN, NULL))->status, 202);
    const struct mail *mail = mailed(w, ANN, "reset_password");
    REQUIRE(mail != NULL);
    CHECK(strstr(mail->text, "http://localhost:8080/reset-password?token=") != NULL);
    CHECK(!strstr(mail->text, "evil") && !strstr(mail->html, "evil"));
    CHECK(!strstr(get(c, "/login")->body, "evil"));
}

TEST_IN_WORLD(RST_02_a_strange_host_is_refused)
{
    static const char *const hosts[] = { "evil.example",  "localhost.evil.example",
                                         "xlocalhost",    "localhost@evil.example",
                                         "10.0.0.1:8080", "[::2]" };
    for (size_t i = 0; i < COUNT(hosts); i++) {
        const char *body = json("email", ANN, NULL);
        struct reply *r = call_raw(
            client(w), text_format(test_arena(),
                                   "POST /v1/auth/password/forgot HTTP/1.1\r\nHost: %s\r\n"
                                   "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n"
                                   "%s",
                                   hosts[i], strlen(body), body));
        if (r->status != 421 && r->status != 400)
            test_fail(__FILE__, __LINE__, "Host: %s gives %d", hosts[i], r->status);
    }
    struct reply *r = call_raw(client(w), "GET http://evil.example/login HTTP/1.1\r\n"
                                          "Host: localhost:8080\r\n\r\n");
    CHECK(r->status == 421 || r->status == 400);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM task"), 0);
}
