/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text that wants to be more than text: in SQL, in pages and mails, in the log; and secrets that
 * must never reach the log at all.
 */
#include "attack.h"
#include "sample.h"

#include "base/log.h"
#include "service/metric.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* --- SQL --- */

static const char *const sql_payloads[] = {
    "'",
    "\"",
    "\\",
    "\\'",
    "' OR '1'='1",
    "'; DROP TABLE account; --",
    "ann@example.org' --",
    "ann@example.org'/*",
    "x@example.org'; UPDATE account SET roles = 15; --",
    "$1",
    "$$; DROP TABLE account; $$",
    "%",
    "_",
    "') UNION SELECT password FROM account --",
    "\xC0\x27",
    "\xBF\x27 OR 1=1",
    "\xED\xA0\x80",
    "ann@example.org\xEF\xBC\x87",
    "\xF0\x9F\x94\xA8\xE2\x80\xAE",
};

/* The mark in the body is replaced by bytes as they are, valid UTF-8 or not. */
static const char *with_bytes(const struct route *route, const char *csrf, const char *name,
                              const char *bytes)
{
    if (!route_is_api(route))
        return sample_body(route, csrf, name, bytes);
    const char *body = sample_body(route, NULL, name, "@@MARK@@"), *mark;
    if (!body || !(mark = strstr(body, "@@MARK@@")))
        return body;
    const char *escaped = bytes;
    if (strpbrk(bytes, "\"\\")) {
        char *out = arena_alloc(test_arena(), 2 * strlen(bytes) + 1), *to = out;
        for (const char *p = bytes; *p; p++) {
            if (*p == '"' || *p == '\\')
                *to++ = '\\';
            *to++ = *p;
        }
        escaped = out;
    }
    return text_format(test_arena(), "%.*s%s%s", (int)(mark - body), body, escaped, mark + 8);
}

static void inject(struct world *w, struct client *c, const struct route *route, const char *bytes)
{
    for (int f = 0; f < ROUTE_FIELDS && route->fields[f].name; f++) {
        const char *name = route->fields[f].name, *path = sample_path(route, form_text(bytes));
        if (route_is_safe(route))
            path = text_format(test_arena(), "%s?%s=%s", path, name, form_text(bytes));
        struct reply *r =
            call(c, http_method_name(route->method), path,
                 route_is_safe(route) ? NULL : with_bytes(route, c->csrf, name, bytes));
        if (r->status >= 500 || strstr(r->body, "$argon2"))
            test_fail(__FILE__, __LINE__, "%s, %s = %s gives %d", route->path, name, bytes,
                      r->status);
    }
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE roles <> 1"), 0);
}

TEST_IN_WORLD(SQL_01_no_field_of_any_route_reaches_the_store_as_sql)
{
    person(w, ANN, PASSWORD);
    for (size_t i = 0; i < router_count(); i++) {
        struct client *visitor = client(w), *ann = client(w);
        (void)get(visitor, "/login");
        (void)login_page(ann, ANN, PASSWORD);
        (void)get(ann, "/settings");
        for (size_t p = 0; p < COUNT(sql_payloads); p++) {
            inject(w, visitor, router_nth(i), sql_payloads[p]);
            inject(w, ann, router_nth(i), sql_payloads[p]);
        }
    }
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE email_key = 'ann@example.org'"), 1);
}

TEST_IN_WORLD(SQL_01_nobody_signs_in_by_a_quote)
{
    person(w, ANN, PASSWORD);
    for (size_t p = 0; p < COUNT(sql_payloads); p++) {
        if (!text_is_utf8(mem_text(sql_payloads[p])))
            continue;
        run_sql(w, "DELETE FROM lockout_address");
        CHECK(login(client(w), ANN, sql_payloads[p])->status == 401);
        CHECK(login(client(w), sql_payloads[p], PASSWORD)->status != 200);
        struct client *c = client(w);
        with_header(c, text_format(test_arena(), "Cookie: cardea=%s", sql_payloads[p]));
        int status = get(c, "/v1/auth/me")->status;
        CHECK(status == 401 || status == 400);
    }
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
}

TEST_IN_WORLD(SQL_01_what_is_stored_is_what_was_typed)
{
    static const char *const names[] = { "O'Brien",
                                         "a\"b",
                                         "back\\slash",
                                         "100 % _",
                                         "$1 $2",
                                         "; DROP TABLE account; --",
                                         "\xE4\xBD\xA0\xE5\xA5\xBD" };
    struct client *ann = signed_in(w, ANN);
    for (size_t i = 0; i < COUNT(names); i++) {
        CHECK_NUM(call(ann, "PATCH", "/v1/account/profile", json("name", names[i], NULL))->status,
                  200);
        CHECK_TEXT(text_of(get(ann, "/v1/auth/me"), "user.name"), names[i]);
    }
}

/* --- pages and mails --- */

static const char *const xss_payloads[] = {
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'><svg onload=alert(1)>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "<!--<script>alert(1)//-->",
    "{{{csrf}}} {{> layout_top}}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<a href=javascript:alert(1)>x</a>",
};

static void check_html(const char *html, const char *where)
{
    static const char *const harmful[] = { "<script>", "<img src=x",    "<svg onload",
                                           "<!--<s",   "<a href=javas", "onerror=alert(1)>" };
    for (size_t i = 0; html && i < COUNT(harmful); i++)
        if (strstr(html, harmful[i]))
            test_fail(__FILE__, __LINE__, "%s in %s", harmful[i], where);
}

static void open_every_page(struct client *c, const char *payload)
{
    const char *encoded = form_text(payload);
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *route = router_nth(i);
        if (route_is_api(route))
            continue;
        const char *path = sample_path(route, encoded);
        if (route_is_safe(route)) {
            check_html(get(c, path)->body, path);
            for (int f = 0; f < ROUTE_FIELDS && route->fields[f].name; f++)
                check_html(get(c, text_format(test_arena(), "%s?%s=%s", path, route->fields[f].name,
                                              encoded))
                               ->body,
                           path);
        } else if (!text_equal(route->path, "/logout")) {
            for (int f = 0; f < ROUTE_FIELDS && route->fields[f].name; f++)
                check_html(call(c, http_method_name(route->method), path,
                                sample_body(route, c->csrf, route->fields[f].name, payload))
                               ->body,
                           path);
        }
    }
    const char *missing = text_format(test_arena(), "/%s", encoded);
    check_html(get(c, missing)->body, missing);
}

TEST_IN_WORLD(XSS_01_whatever_is_stored_or_sent_is_shown_as_text)
{
    for (size_t i = 0; i < COUNT(xss_payloads); i++) {
        const char *payload = xss_payloads[i];
        const char *email = text_format(test_arena(), "a%zu@example.org", i);
        struct client *c = client(w);
        c->user_agent = text_format(test_arena(), "Mozilla/5.0 %s", payload);
        CHECK_NUM(post(c, "/v1/auth/register",
                       json("email", email, "password", PASSWORD, "name", payload, NULL))
                      ->status,
                  202);
        const char *token = mailed_token(w, email, "verify_email");
        check_html(mailed(w, email, "verify_email")->html, "a mail");
        check_html(get(c, text_format(test_arena(), "/verify-email?token=%s", token))->body,
                   "/verify-email");
        (void)verify(c, token);
        CHECK_NUM(login_page(c, email, PASSWORD)->status, 303);
        (void)get(c, "/account/security");
        open_every_page(c, payload);
        open_every_page(client(w), payload);
        struct client *again = client(w);
        again->user_agent = c->user_agent;
        (void)reset(again, reset_token(w, email), "another walnut chair");
        check_html(mailed(w, email, "reset_password")->html, "a mail");
        check_html(mailed(w, email, "password_changed")->html, "a mail");
    }
}

/* --- the log --- */

enum { LOG_MAX = 8 << 20 };

static struct {
    pthread_mutex_t lock;
    bool on;
    char *text;
    size_t n;
    int lines, broken;
} logged = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void sink(const char *line, void *)
{
    pthread_mutex_lock(&logged.lock);
    size_t n = strlen(line);
    if (logged.on && logged.n + n + 2 < LOG_MAX) {
        memcpy(logged.text + logged.n, line, n);
        logged.n += n;
        logged.text[logged.n++] = '\n';
        logged.text[logged.n] = 0;
        logged.lines++;
        logged.broken += strcspn(line, "\n\r\x1b") + 1 < n;
    }
    pthread_mutex_unlock(&logged.lock);
}

static void listen_to_log(void)
{
    logged.text = arena_alloc(test_arena(), LOG_MAX);
    logged.n = 0;
    logged.lines = logged.broken = 0;
    logged.on = true;
    log_set_level("debug");
    log_capture(sink, NULL);
}

static const char *end_listening(void)
{
    logged.on = false;
    return logged.text;
}

static void check_lines(const char *text)
{
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
        struct json_value event;
        size_t n = strcspn(line, "\n");
        if (!n)
            continue;
        CHECK_OK(json_read(test_arena(), MEM(line, n), &event, NULL));
        CHECK(json_find_text(&event, "event") && json_find_text(&event, "level"));
        CHECK(n < 8192);
    }
}

TEST_IN_WORLD(LOG_01_nobody_forges_a_line)
{
    static const char *const texts[] = {
        "x\r\n{\"level\":\"error\",\"event\":\"forged\"}",
        "x\x1b[2J\x1b[31mred",
        "\xE2\x80\xA8{\"event\":\"forged\"}",
        "\",\"event\":\"forged",
        "\\\",\\\"event\\\":\\\"forged",
    };
    listen_to_log();
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct client *c = client(w);
        c->user_agent = texts[i];
        (void)post(c, "/v1/auth/login", json("email", texts[i], "password", texts[i], NULL));
        (void)get(c, text_format(test_arena(), "/%s", form_text(texts[i])));
        with_header(c, text_format(test_arena(), "X-Request-Id: %s", texts[i]));
        with_header(c, text_format(test_arena(), "traceparent: 00-%s", texts[i]));
        (void)post(c, "/v1/auth/password/forgot", json("email", ANN, NULL));
    }
    char *longest = arena_alloc(test_arena(), 8001);
    memset(longest, 'u', 8000);
    struct client *c = client(w);
    c->user_agent = longest;
    (void)post(c, "/v1/auth/login", json("email", ANN, "password", "x", NULL));
    run_jobs(w);
    const char *text = end_listening();
    CHECK(logged.lines > 5);
    CHECK_NUM(logged.broken, 0);
    CHECK(!strstr(text, "\"event\":\"forged"));
    check_lines(text);
}

TEST_IN_WORLD(a_trace_goes_through_only_when_well_formed)
{
    static const char *const bad[] = { "00-4bf92f3577b34da6a3ce929d0e0e4736",
                                       "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                       "00-4bf92f3577b34da6a3ce929d0e0e473\"-00f067aa0ba902b7-01",
                                       "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                       "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                       "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902bX-01",
                                       "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
                                       "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
                                       "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                       "x" };
    struct client *c = client(w);
    listen_to_log();
    with_header(c, "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    (void)get(c, "/livez");
    const char *text = end_listening();
    CHECK(strstr(text, "\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\"") != NULL);
    with_header(c, NULL);
    listen_to_log(); /* a version to come says more behind what we know */
    with_header(c, "traceparent: 01-aaf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more");
    (void)get(c, "/livez");
    CHECK(strstr(end_listening(), "\"trace_id\":\"aaf92f3577b34da6a3ce929d0e0e4736\"") != NULL);
    listen_to_log();
    for (size_t i = 0; i < COUNT(bad); i++) {
        with_header(c, NULL);
        with_header(c, text_format(test_arena(), "traceparent: %s", bad[i]));
        (void)get(c, "/livez");
    }
    text = end_listening();
    CHECK(logged.lines >= 4 && !strstr(text, "trace_id"));
}

#define CANARY_EMAIL "canaryperson@example.org"
#define CANARY_PASSWORD "canary walnut desk 77"
#define CANARY_NEXT "canary walnut chair 78"

static void check_absent(const char *text, const char *secret, const char *what)
{
    CHECK(secret && strlen(secret) >= 12);
    if (secret && *secret && strstr(text, secret))
        test_fail(__FILE__, __LINE__, "%s is in the log", what);
}

static const char *figures_of(struct world *w)
{
    return get(client(w), "/metrics")->body;
}

/* The whole life of an account, with everything that can go wrong on the way. */
TEST_IN_WORLD(LOG_02_no_secret_reaches_the_log_the_figures_or_an_answer)
{
    struct client *c = client(w);
    listen_to_log();
    (void)post(
        c, "/v1/auth/register",
        json("email", CANARY_EMAIL, "password", CANARY_PASSWORD, "name", "Canary Name", NULL));
    const char *link = mailed_token(w, CANARY_EMAIL, "verify_email");
    (void)get(c, text_format(test_arena(), "/verify-email?token=%s", link));
    (void)get(c, text_format(test_arena(), "/v1/auth/verify-email?token=%s", link));
    (void)verify(c, link);
    (void)verify(c, link); /* once more: refused */
    struct reply *in = login(c, CANARY_EMAIL, CANARY_PASSWORD);
    CHECK_NUM(in->status, 200);
    const char *access = c->bearer, *first = c->refresh;
    (void)get(c, "/v1/auth/me");
    const char *second = text_of(refresh(c, first), "refresh_token");
    (void)refresh(c, second);
    (void)refresh(c, first);                           /* reuse: ends the session */
    (void)login(client(w), CANARY_EMAIL, CANARY_NEXT); /* wrong */
    const char *link_2 = reset_token(w, CANARY_EMAIL);
    (void)get(c, text_format(test_arena(), "/reset-password?token=%s", link_2));
    (void)reset(client(w), link_2, CANARY_NEXT);
    struct client *page = client(w);
    (void)login_page(page, CANARY_EMAIL, CANARY_NEXT);
    const char *cookie = cookie_of(page, "cardea");
    (void)get(page, "/account/security");
    const char *form = page->csrf;
    (void)post_form(page, "/account/password",
                    text_format(test_arena(), "current_password=%s&password=%s",
                                form_text(CANARY_NEXT), form_text(CANARY_PASSWORD)));
    struct client *moved = client(w);
    moved->ip = "203.0.113.9";
    with_header(moved, text_format(test_arena(), "Cookie: cardea=%s", cookie));
    (void)get(moved, "/settings"); /* a stolen cookie */
    run_jobs(w);
    const char *text = end_listening();
    CHECK(logged.lines > 15);
    check_lines(text);
    const struct {
        const char *secret, *what;
    } secrets[] = {
        { CANARY_PASSWORD, "the password" },
        { CANARY_NEXT, "the next password" },
        { link + 30, "the first link" },
        { link_2 + 30, "the second link" },
        { access, "the access token" },
        { access ? strrchr(access, '.') + 1 : NULL, "its signature" },
        { first + 31, "a refresh token" },
        { second ? second + 31 : NULL, "its successor" },
        { cookie ? cookie + 31 : NULL, "the cookie" },
        { form, "the form's token" },
        { CANARY_EMAIL, "the address" },
        { "canaryperson", "the local part" },
        { "Canary Name", "the name" },
    };
    for (size_t i = 0; i < COUNT(secrets); i++) {
        if (i != 12)
            check_absent(text, secrets[i].secret, secrets[i].what);
        else
            CHECK(!strstr(text, secrets[i].secret));
    }
    CHECK(!strstr(text, "$argon2"));
    const char *figures = figures_of(w);
    CHECK(!strstr(figures, "canary") && !strstr(figures, link));
}
