/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often, how much, how deep: the default limits of every door, and bodies made to exhaust.
 * What costs a stranger nothing is in test_limits_cost.c.
 */
#include "attack.h"
#include "sample.h"

#include "base/clock.h"
#include "base/log.h"
#include "service/hashing.h"
#include "service/setting.h"
#include "web/web.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void limits_on(void)
{
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
}

static const char *email_of(int i)
{
    return text_format(test_arena(), "p%d@example.org", i);
}

static void check_limited(const struct reply *r, int64_t span)
{
    check_problem(r, 429, "rate_limited");
    int64_t after = num_of(r, "retry_after");
    CHECK(after > 0 && after <= span / SECOND);
    CHECK_TEXT(header_of(r, "retry-after"), text_format(test_arena(), "%lld", (long long)after));
}

static const char *body_for(const char *path, const char *email)
{
    const char *never = "abc_00000000000000000000000000_0000000000000000000000";
    if (strstr(path, "register") || strstr(path, "login"))
        return json("email", email, "password", PASSWORD, NULL);
    if (strstr(path, "reset"))
        return json("token", never, "password", PASSWORD, NULL);
    if (strstr(path, "code/verify"))
        return json("email", email, "code", "12345678", NULL);
    if (strstr(path, "verify-email") || strstr(path, "link/verify"))
        return json("token", never, NULL);
    return json("email", email, NULL);
}

/* product.md section 4. */
static const struct {
    const char *path;
    int count;
    int64_t span;
    bool by_ip; /* else by e-mail */
} doors[] = {
    { "/v1/auth/login", 5, MINUTE, true },
    { "/v1/auth/login", 5, MINUTE, false },
    { "/v1/auth/register", 3, HOUR, true },
    { "/v1/auth/register", 3, 15 * MINUTE, false },
    { "/v1/auth/password/forgot", 3, HOUR, true },
    { "/v1/auth/password/forgot", 3, HOUR, false },
    { "/v1/auth/password/reset", 10, HOUR, true },
    { "/v1/auth/verify-email", 10, HOUR, true },
    { "/v1/auth/resend-verification", 10, 15 * MINUTE, true },
    { "/v1/auth/resend-verification", 3, 15 * MINUTE, false },
    { "/v1/auth/magic-link", 10, 15 * MINUTE, true },
    { "/v1/auth/magic-link", 3, 15 * MINUTE, false },
    { "/v1/auth/magic-link/verify", 10, MINUTE, true },
    { "/v1/auth/email-code", 10, 15 * MINUTE, true },
    { "/v1/auth/email-code", 3, 15 * MINUTE, false },
    { "/v1/auth/email-code/verify", 5, MINUTE, true },
    { "/v1/auth/email-code/verify", 5, MINUTE, false },
};

static void knock(struct world *w, size_t d)
{
    int passed = 0;
    const char *path = doors[d].path;
    struct reply *r = NULL;
    for (int i = 0; i <= doors[d].count; i++) {
        const char *email = email_of(doors[d].by_ip ? i + 1000 * (int)d : 1000 * (int)d);
        const char *ip =
            doors[d].by_ip ? nth_address(1000 * (int)d) : nth_address(1000 * (int)d + i);
        const char *before = store_print(w);
        r = post_from(w, path, body_for(path, email), ip);
        passed += r->status != 429;
        if (r->status == 429)
            CHECK_TEXT(store_print(w), before);
        else
            CHECK(header_of(r, "ratelimit-limit") && header_of(r, "ratelimit-remaining") &&
                  header_of(r, "ratelimit-reset"));
    }
    if (passed != doors[d].count)
        test_fail(__FILE__, __LINE__, "%s (%zu) lets %d pass", path, d, passed);
    check_limited(r, doors[d].span);
    int64_t left = num_of(r, "retry_after") * SECOND;
    wait_for(left + SECOND);
    r = post_from(w, path, body_for(path, email_of(1000 * (int)d)), nth_address(1000 * (int)d));
    if (r->status == 429)
        test_fail(__FILE__, __LINE__, "%s stays closed", path);
}

TEST_IN_WORLD(RATE_every_door_has_its_default_limit)
{
    limits_on();
    for (size_t d = 0; d < COUNT(doors); d++)
        knock(w, d);
}

TEST_IN_WORLD(RATE_a_refused_form_has_used_nothing)
{
    static const char *const refused[] = { "short", "password1234", "ann@example.org" };
    limits_on();
    for (size_t i = 0; i < 4 * COUNT(refused); i++) {
        const char *body = json("email", ANN, "password", refused[i % COUNT(refused)], NULL);
        CHECK_NUM(post_from(w, "/v1/auth/register", body, "192.0.2.9")->status, 422);
    }
    for (int i = 0; i < 3; i++)
        CHECK_NUM(post_from(w, "/v1/auth/register", body_for("register", email_of(i)), "192.0.2.9")
                      ->status,
                  202);
    check_limited(post_from(w, "/v1/auth/register", body_for("register", email_of(9)), "192.0.2.9"),
                  HOUR);
}

TEST_IN_WORLD(RATE_refresh_is_limited_by_session)
{
    struct client *ann = signed_in(w, ANN);
    limits_on();
    struct reply *r = NULL;
    for (int i = 0; i < 60; i++) {
        ann->ip = "192.0.2.1";
        r = refresh(ann, ann->refresh);
        REQUIRE(r->status == 200);
        ann->refresh = text_of(r, "refresh_token");
    }
    check_limited(refresh(ann, ann->refresh), MINUTE);
    wait_for(MINUTE);
    CHECK_NUM(refresh(ann, ann->refresh)->status, 200);
}

/* What looks like a known device's cookie puts the count by address off, for passwords only. */
TEST_IN_WORLD(RATE_06_a_made_up_cookie_frees_nobody_of_the_limit_by_address)
{
    static const char *const paths[] = { "/v1/auth/login", "/v1/auth/email-code/verify" };
    limits_on();
    CHECK_OK(setting_override(SETTING_CAPTCHA, "off"));
    CHECK_OK(setting_override(SETTING_LOCKOUT, "1s"));
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct reply *r = NULL;
        for (int k = 0; k < 6; k++) {
            struct client *c = client(w);
            c->ip = nth_address(3000 * (int)i + 16 * k);
            with_header(c, "Cookie: cardea-device=dev_x");
            r = post(c, paths[i], body_for(paths[i], email_of(7 + (int)i)));
            wait_for(2 * SECOND);
        }
        check_limited(r, MINUTE);
    }
}

TEST_IN_WORLD(RATE_the_remaining_count_goes_down)
{
    limits_on();
    for (int i = 0; i < 5; i++) {
        struct reply *r = post_from(w, "/v1/auth/login", body_for("login", ANN), "192.0.2.1");
        CHECK_TEXT(header_of(r, "ratelimit-limit"), "5");
        CHECK_TEXT(header_of(r, "ratelimit-remaining"), text_format(test_arena(), "%d", 4 - i));
    }
}

/* A page, an alias and another spelling count with the rest (RATE-06). */
TEST_IN_WORLD(RATE_06_one_counter_for_all_ways_in)
{
    person(w, ANN, PASSWORD);
    limits_on();
    static const char *const spellings[] = { "ann@example.org", "ANN@example.org",
                                             "ann+x@example.org", "Ann+yy@EXAMPLE.org" };
    for (int i = 0; i < 4; i++)
        CHECK_NUM(post_from(w, "/v1/auth/login", json("email", spellings[i], "password", "x", NULL),
                            nth_address(i))
                      ->status,
                  401);
    struct client *page = client(w);
    page->ip = nth_address(5);
    CHECK_NUM(login_page(page, ANN, "x")->status, 401);
    page->ip = nth_address(6);
    CHECK_NUM(login_page(page, ANN, PASSWORD)->status, 429);
    check_limited(post_from(w, "/v1/auth/login", body_for("login", ANN), nth_address(7)), MINUTE);
}

static struct world *asked;

/* So many callers, each from another network and with another address, sign in once: how many pass.
 */
static int callers(const char *pattern, int step, int count)
{
    static int nobody = 5000;
    int passed = 0;
    for (int i = 0; i < count; i++) {
        char ip[64];
        const char *gap = strstr(pattern, "%x");
        (void)snprintf(ip, sizeof ip, "%.*s%x%s", (int)(gap - pattern), pattern, i * step, gap + 2);
        const char *body = body_for("login", email_of(nobody++));
        passed += post_from(asked, "/v1/auth/login", body, ip)->status == 401;
    }
    return passed;
}

TEST_IN_WORLD(RATE_07_an_ipv6_network_is_one_caller)
{
    asked = w;
    limits_on();
    for (int i = 0; i < 8; i++) {
        const char *ip = text_format(test_arena(), "2001:db8:1:2:%x::%x", i, i + 1);
        struct reply *r = post_from(w, "/v1/auth/login", body_for("login", email_of(i)), ip);
        CHECK_NUM(r->status, i < 5 ? 401 : 429);
    }
    struct reply *r =
        post_from(w, "/v1/auth/login", body_for("login", email_of(9)), "2001:db8:1:3::1");
    CHECK_NUM(r->status, 401);
    CHECK_NUM(callers("2001:db8:9:%x::1", 1, 100), 4 * 5);    /* of one /56 */
    CHECK_NUM(callers("2001:db8:a:%x::1", 256, 100), 16 * 5); /* of one /48 */
    CHECK_NUM(callers("2001:db8:f%x::1", 1, 100), 100);
    for (int i = 0; i < 6; i++) {
        const char *ip = i % 2 ? "192.0.2.77" : "::ffff:192.0.2.77";
        r = post_from(w, "/v1/auth/login", body_for("login", email_of(20 + i)), ip);
        CHECK_NUM(r->status, i < 5 ? 401 : 429);
    }
}

/* The neighbours of an IPv4 address have a limit together. */
TEST_IN_WORLD(RATE_07_an_ipv4_network_is_sixteen_callers)
{
    limits_on();
    int passed = 0;
    for (int i = 0; i < 100; i++)
        passed += post_from(w, "/v1/auth/login", body_for("login", email_of(i)),
                            text_format(test_arena(), "203.0.113.%d", i))
                      ->status == 401;
    CHECK_NUM(passed, 80);
    CHECK_NUM(post_from(w, "/v1/auth/login", body_for("login", ANN), "203.0.112.1")->status, 401);
}

/* Whom the network's limit refuses has used nothing of the account's. */
TEST_IN_WORLD(RATE_a_refused_request_uses_up_nothing)
{
    person(w, ANN, PASSWORD);
    limits_on();
    for (int i = 0; i < 50; i++)
        (void)post_from(w, "/v1/auth/login", body_for("login", i < 5 ? email_of(i) : ANN),
                        "192.0.2.1");
    CHECK_NUM(post_from(w, "/v1/auth/login", body_for("login", ANN), "198.51.100.7")->status, 200);
}

/* Ways to write an address that reach one mailbox are one to the limits, and several accounts. */
TEST_IN_WORLD(MAIL_06_aliases_are_one_to_the_limits_only)
{
    static const char *const spellings[] = { "ann.b@gmail.com", "a.n.n.b@gmail.com",
                                             "annb+news@gmail.com", "AnnB@googlemail.com" };
    for (size_t i = 0; i < COUNT(spellings); i++)
        person(w, spellings[i], PASSWORD);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account"), COUNT(spellings));
    limits_on();
    int passed = 0;
    for (int i = 0; i < 8; i++)
        passed +=
            post_from(w, "/v1/auth/password/forgot",
                      body_for("forgot", spellings[(size_t)i % COUNT(spellings)]), nth_address(i))
                ->status == 202;
    CHECK_NUM(passed, 3);
    CHECK_NUM(post_from(w, "/v1/auth/password/forgot", body_for("forgot", "anna@gmail.com"),
                        nth_address(20))
                  ->status,
              202);
}

/* --- other figures --- */

static void configure(const char *limits)
{
    CHECK_OK(setting_override(SETTING_LIMITS, limits));
    web_configure();
}

TEST_IN_WORLD(RATE_figures_change_while_the_house_is_open)
{
    limits_on();
    configure("login ip 2/1m 3/1h; register ip 1/10s");
    static const int statuses[] = { 401, 401, 429 };
    for (size_t i = 0; i < COUNT(statuses); i++)
        CHECK_NUM(post_from(w, "/v1/auth/login", body_for("login", email_of((int)i)), "192.0.2.1")
                      ->status,
                  statuses[i]);
    wait_for(MINUTE);
    CHECK_NUM(post_from(w, "/v1/auth/login", body_for("login", email_of(3)), "192.0.2.1")->status,
              401);
    struct reply *r = post_from(w, "/v1/auth/login", body_for("login", email_of(4)), "192.0.2.1");
    check_limited(r, HOUR);
    CHECK(num_of(r, "retry_after") > 3000); /* the hour's window, not the minute's */
    CHECK_TEXT(header_of(r, "ratelimit-limit"), "3");
    CHECK_TEXT(header_of(r, "ratelimit-remaining"), "0");
    configure("");
    for (int i = 0; i < 6; i++)
        CHECK_NUM(post_from(w, "/v1/auth/login", body_for("login", email_of(10 + i)), "192.0.2.2")
                      ->status,
                  i < 5 ? 401 : 429);
}

TEST_IN_WORLD(RATE_the_tightest_window_is_told)
{
    limits_on();
    configure("login ip 5/1m 7/1h");
    for (int i = 0; i < 5; i++)
        (void)post_from(w, "/v1/auth/login", body_for("login", email_of(i)), "192.0.2.1");
    wait_for(MINUTE);
    struct reply *r = post_from(w, "/v1/auth/login", body_for("login", email_of(9)), "192.0.2.1");
    CHECK_TEXT(header_of(r, "ratelimit-limit"), "7");
    CHECK_TEXT(header_of(r, "ratelimit-remaining"), "1");
    configure("");
}

TEST_IN_WORLD(RATE_01_a_forwarded_address_is_not_believed)
{
    static const char *const names[] = { "X-Forwarded-For",  "X-Real-IP",   "True-Client-IP",
                                         "CF-Connecting-IP", "X-Client-IP", "X-Forwarded" };
    limits_on();
    for (int i = 0; i < 12; i++) {
        struct client *c = client(w);
        with_header(
            c, text_format(test_arena(), "%s: 203.0.113.%d", names[(size_t)i % COUNT(names)], i));
        with_header(c, text_format(test_arena(), "Forwarded: for=203.0.113.%d", i));
        struct reply *r = post(c, "/v1/auth/login", body_for("login", email_of(i)));
        CHECK_NUM(r->status, i < 5 ? 401 : 429);
    }
}

/* Behind a proxy that is believed, too, what nobody can read is no way round the limit: the address
   of the proxy stands for it, or that of the last hop that was understood. */
TEST_IN_WORLD(RATE_01_what_cannot_be_read_has_limits_too)
{
    static const char *const garbage[] = { "unknown",          "203.0.113.%d:x", "203.0.113.%d.1",
                                           "[2001:db8::",      "fe80::1%%eth%d", "_hidden%d",
                                           "203.0.113.%d%%00", "0x7f000001",     "a, b, c%d",
                                           "'203.0.113.%d'",   ",,,%d" };
    limits_on();
    CHECK_OK(setting_override(SETTING_TRUSTED_PROXIES, "192.0.2.1"));
    web_configure();
    int passed = 0;
    for (int i = 0; i < 4 * (int)COUNT(garbage); i++) {
        struct client *c = client(w);
        char value[80];
        const char *one = garbage[(size_t)i % COUNT(garbage)], *gap = strstr(one, "%d");
        (void)snprintf(value, sizeof value, "%.*s%d%s", gap ? (int)(gap - one) : (int)strlen(one),
                       one, i, gap ? gap + 2 : "");
        with_header(c, text_format(test_arena(), "X-Forwarded-For: %s", value));
        passed += post(c, "/v1/auth/login", body_for("login", email_of(i)))->status == 401;
    }
    CHECK_NUM(passed, 5);
    CHECK_OK(setting_override(SETTING_TRUSTED_PROXIES, ""));
    web_configure();
}

static struct world *crowded;
static atomic_int evaluated;

static void guess(void *, int i)
{
    struct client *c = client(crowded);
    c->ip = i % 2 ? "192.0.2.50" : "192.0.2.51";
    struct reply *r =
        post(c, "/v1/auth/login", "{\"email\":\"ann@example.org\",\"password\":\"x\"}");
    if (r->status != 429)
        evaluated++;
}

/* Many guesses at the same moment are not more than many guesses (RATE-09). */
TEST_IN_WORLD(RATE_09_guesses_at_once_are_counted_one_by_one)
{
    person(w, ANN, PASSWORD);
    limits_on();
    crowded = w;
    evaluated = 0;
    crowd(40, guess, NULL);
    CHECK_NUM(evaluated, 5);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM audit WHERE event = 'login.failed'"), 5);
}

/* Strangers from everywhere, through every door that mails, for a day. */
TEST_IN_WORLD(DOS_07_nobody_is_buried_in_mail)
{
    static const char *const paths[] = { "/v1/auth/register", "/v1/auth/password/forgot",
                                         "/v1/auth/resend-verification" };
    person(w, ANN, PASSWORD);
    int before = mail_count(w, ANN, NULL);
    limits_on();
    for (int i = 0; i < 24 * 6; i++) {
        const char *path = paths[i % 3];
        (void)post_from(w, path, body_for(path, i % 2 ? ANN : "Ann+a@example.org"), nth_address(i));
        (void)post_from(w, paths[(i + 1) % 3], body_for(paths[(i + 1) % 3], ANN),
                        nth_address(400 + i));
        if (i == 0)
            for (int k = 0; k < 30; k++)
                (void)post_from(w, paths[k % 3], body_for(paths[k % 3], ANN), nth_address(800 + k));
        int sent = mail_count(w, ANN, NULL) - before;
        if (i == 0 && sent > 3)
            test_fail(__FILE__, __LINE__, "%d mails at once", sent);
        wait_for(10 * MINUTE - SECOND);
    }
    int sent = mail_count(w, ANN, NULL) - before;
    if (sent > 10 || sent < 3)
        test_fail(__FILE__, __LINE__, "%d mails in a day", sent);
}

/* --- too much --- */

static const char *repeated(const char *text, int times)
{
    size_t n = strlen(text);
    char *out = arena_alloc(test_arena(), n * (size_t)times + 1);
    for (int i = 0; i < times; i++)
        memcpy(out + (size_t)i * n, text, n);
    return out;
}

static atomic_int lines, sums;

static void count_line(const char *line, void *)
{
    lines += strstr(line, "\"http.request\"") != NULL;
    sums += strstr(line, "http.requests_not_logged") != NULL;
}

static void drop_line(const char *, void *)
{
}

/* Whoever floods us with what is refused does not fill our disk. */
TEST_IN_WORLD(DOS_09_a_flood_of_refusals_is_logged_in_part)
{
    struct client *c = client(w);
    lines = sums = 0;
    log_set_level("info");
    log_capture(count_line, NULL);
    int64_t begin = clock_monotonic_ns();
    for (int i = 0; i < 600; i++)
        CHECK_NUM(get(c, "/v1/auth/me")->status, 401);
    int64_t seconds = (clock_monotonic_ns() - begin) / 1'000'000'000;
    CHECK(lines <= 100 * (seconds + 2));
    struct timespec rest = { 1, 1'000'000 };
    (void)nanosleep(&rest, NULL);
    CHECK_NUM(get(c, "/v1/auth/me")->status, 401);
    log_capture(drop_line, NULL);
    CHECK(sums > 0 || seconds > 3);
}

TEST_IN_WORLD(DOS_01_a_huge_password_is_never_hashed)
{
    int64_t before, after, ns;
    person(w, ANN, PASSWORD);
    hashing_figures(&before, &ns);
    for (int n = 1025; n < 65'000; n = n * 3) {
        const char *body = json("email", ANN, "password", repeated("x", n), NULL);
        struct reply *r = post(client(w), "/v1/auth/login", body);
        CHECK(r->status == 422 || r->status == 400 || r->status == 413);
        r = post(client(w), "/v1/auth/register", body);
        CHECK(r->status == 422 || r->status == 400 || r->status == 413);
    }
    CHECK_NUM(post(client(w), "/v1/auth/login",
                   json("email", ANN, "password", repeated("x", 900'000), NULL))
                  ->status,
              413);
    hashing_figures(&after, &ns);
    CHECK_NUM(after, before);
    CHECK_NUM(login(client(w), ANN, repeated("x", 1024))->status, 401); /* as long as is allowed */
}

TEST_IN_WORLD(DOS_04_json_is_bounded_and_strict)
{
    const char *const bodies[] = {
        text_format(test_arena(), "{\"email\":%s1%s}", repeated("[", 17), repeated("]", 17)),
        text_format(test_arena(), "{\"email\":%s", repeated("{\"a\":", 5000)),
        repeated("[", 60'000),
        text_format(test_arena(), "{%s\"z\":1}", repeated("\"\":1,", 1200)),
        "{\"email\":1e400}",
        "{\"email\":-1e400}",
        "{\"email\":99999999999999999999999}",
        "{\"email\":\"\\ud800\"}",
        "{\"email\":\"\\udc00\\ud800\"}",
        "{\"email\":\"\\u0000\"}",
        "{\"email\":\"a\",\"email\":\"b\"}",
        "{\"email\":\"\xC0\xAF\"}",
        "{\"email\":\"\xED\xA0\x80\"}",
        "{\"email\":\"a\"",
        "{\"email\":\"a\"}}",
        "{\"email\":\"a\"} x",
        "{\"email\":\"a\",}",
        "{'email':'a'}",
        "{email:\"a\"}",
        "{\"email\":NaN}",
        "{\"email\":Infinity}",
        "{\"email\":0x10}",
        "{\"email\":01}",
        "{\"email\":\"a\nb\"}",
        "{\"email\":\"\\x41\"}",
        "{\"email\":\"a\"/* */}",
        "{",
    };
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct reply *r = post(client(w), "/v1/auth/password/forgot", bodies[i]);
        if (r->status != 400)
            test_fail(__FILE__, __LINE__, "%.60s gives %d", bodies[i], r->status);
    }
    CHECK_NUM(count_of(w, "SELECT count(*) FROM task"), 0);
}

static struct reply *raw(struct world *w, const char *line, const char *headers)
{
    return call_raw(client(w), text_format(test_arena(), "%s HTTP/1.1\r\nHost: localhost\r\n%s\r\n",
                                           line, headers));
}

TEST_IN_WORLD(DOS_04_heads_and_bodies_are_bounded)
{
    const char *field = text_format(test_arena(), "X-A: %s\r\n", repeated("a", 17'000));
    CHECK_NUM(raw(w, "GET /", field)->status, 431);
    CHECK_NUM(raw(w, "GET /", repeated("X-A: a\r\n", 120))->status, 431);
    CHECK_NUM(raw(w, text_format(test_arena(), "GET /%s", repeated("a", 9000)), "")->status, 414);
    CHECK_NUM(raw(w, "POST /login", "Content-Length: 65537\r\n")->status, 413);
    CHECK_NUM(raw(w, "POST /login", "Content-Length: 99999999999999999999\r\n")->status / 100, 4);
    CHECK_NUM(raw(w, "POST /login", "Content-Encoding: gzip\r\nContent-Length: 0\r\n")->status,
              415);
    const char *form = text_format(test_arena(), "email=a&password=%s", repeated("x", 64'000));
    struct client *c = client(w);
    (void)get(c, "/login");
    CHECK_NUM(post_form(c, "/login", form)->status, 422);
    CHECK_NUM(post_form(c, "/login", repeated("a=&", 20'000))->status, 400);
}

/* Numbers and flags in other clothes (INT-01). */
TEST_IN_WORLD(INT_01_a_flag_is_a_flag)
{
    static const char *const values[] = {
        "-1",    "0",  "1",  "2147483648", "9223372036854775808", "1.5", "\"true\"",
        "\"1\"", "[]", "{}", "\" 1\""
    };
    person(w, ANN, PASSWORD);
    for (size_t i = 0; i < COUNT(values); i++) {
        struct reply *r = post(client(w), "/v1/auth/login",
                               text_format(test_arena(),
                                           "{\"email\":\"ann@example.org\",\"password\":\"%s\","
                                           "\"cookie\":%s}",
                                           PASSWORD, values[i]));
        CHECK(r->status == 422 || r->status == 400);
        CHECK(header_of(r, "set-cookie") == NULL);
    }
}
