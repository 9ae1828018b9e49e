/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests against a server that does everything servers of strangers do.
 */
#include "net/fetch.h"

#include "../test.h"
#include "base/clock.h"
#include "net/breaker.h"
#include "web_fixture.h"

#include <stdlib.h>
#include <string.h>

/* The machine itself, as the tests' stand-in for a public address. */
static const struct address_policy loopback = {
    .allow = { { .ip = { { [10] = 0xFF, 0xFF, 127, 0, 0, 1 } }, .bits = 128 } },
    .allowed = 1,
    .any_port = true,
};

static struct fetch to(const struct web_fixture *fixture, const char *path)
{
    return (struct fetch){
        .url = text_format(test_arena(), "%s%s", fixture->origin, path),
        .policy = &loopback,
        .timeout = 10'000,
        .ca_file = fixture->ca_file,
        .resolve = fixture->resolve,
    };
}

static enum err go(const struct fetch *what, struct fetched *ret)
{
    return fetch(what, test_arena(), ret);
}

static bool holds(const struct fetched *got, const char *text)
{
    const char *body = text_copy(test_arena(), got->body);
    return strstr(body, text) != NULL;
}

TEST(fetch_gets_and_posts)
{
    struct web_fixture fixture = web_fixture_start("captcha.test");
    struct fetched got;
    struct fetch what = to(&fixture, "/echo?a=b");
    what.headers[0] = "Add-Padding: true";
    breaker_reset();
    CHECK_OK(go(&what, &got));
    CHECK_NUM(got.status, 200);
    CHECK(text_starts(got.body.p, "GET /echo?a=b HTTP/1.1\r\nHost: captcha.test:"));
    CHECK(holds(&got, "\r\nAdd-Padding: true\r\n"));
    CHECK(!holds(&got, "Cookie"));
    CHECK(!holds(&got, "Accept-Encoding"));

    what.type = "application/x-www-form-urlencoded";
    what.body = mem_text("response=1&secret=2");
    CHECK_OK(go(&what, &got));
    CHECK(text_starts(got.body.p, "POST /echo?a=b HTTP/1.1\r\n"));
    CHECK(holds(&got, "Content-Type: application/x-www-form-urlencoded\r\n"));
    CHECK(holds(&got, "\r\n\r\nresponse=1&secret=2"));
    what.body = MEM_NONE;
    CHECK_OK(go(&what, &got));
    CHECK(holds(&got, "Content-Length: 0\r\n"));
    CHECK_NUM(web_fixture_connections(&fixture), 3);
    web_fixture_stop(&fixture);
}

TEST(fetch_goes_in_plain_text_to_an_allowed_loopback_address_only)
{
    struct web_fixture fixture = web_fixture_start(NULL);
    struct fetch what = to(&fixture, "/404");
    struct fetched got;
    breaker_reset();
    CHECK_OK(go(&what, &got));
    CHECK_NUM(got.status, 404);
    CHECK(mem_equal(got.body, mem_text("body")));
    static const struct address_policy strict = { .any_port = true };
    what.policy = &strict;
    CHECK_ERR(go(&what, &got), E_DENIED);
    CHECK_NUM(web_fixture_connections(&fixture), 1);
    web_fixture_stop(&fixture);
}

/* The first look-up gives an address that may be called, later ones do not. */
TEST(SSRF_02_a_name_that_moves_to_a_private_address_is_not_followed)
{
    static const char *const answers[] = { "127.0.0.2", "::1", "[::ffff:127.0.0.1]", "0.0.0.0",
                                           "127.0.0.2,127.0.0.3" };
    struct web_fixture fixture = web_fixture_start("rebind.test");
    struct fetch what = to(&fixture, "/echo");
    struct fetched got;
    breaker_reset();
    CHECK_OK(go(&what, &got));
    CHECK_NUM(web_fixture_connections(&fixture), 1);
    for (size_t i = 0; i < COUNT(answers); i++) {
        what.resolve = text_format(test_arena(), "rebind.test:%d:%s", fixture.port, answers[i]);
        CHECK_ERR(go(&what, &got), E_DENIED);
        CHECK_TEXT(got.why, "no address behind the name is public");
    }
    CHECK_NUM(web_fixture_connections(&fixture), 1);
    /* One of two is good: that one is taken. */
    what.resolve = text_format(test_arena(), "rebind.test:%d:127.0.0.2,127.0.0.1", fixture.port);
    CHECK_OK(go(&what, &got));
    web_fixture_stop(&fixture);
}

/* A real look-up, of a name that every machine has. */
TEST(SSRF_01_the_name_of_this_machine_leads_nowhere)
{
    struct web_fixture fixture = web_fixture_start("localhost");
    struct fetch what = to(&fixture, "/echo");
    struct fetched got;
    breaker_reset();
    what.resolve = NULL;
    CHECK_OK(go(&what, &got)); /* 127.0.0.1 is allowed here */
    static const struct address_policy elsewhere = {
        .allow = { { .ip = { { [10] = 0xFF, 0xFF, 127, 0, 0, 9 } }, .bits = 128 } },
        .allowed = 1,
        .any_port = true,
    };
    what.policy = &elsewhere;
    CHECK_ERR(go(&what, &got), E_DENIED);
    CHECK_NUM(web_fixture_connections(&fixture), 1);
    web_fixture_stop(&fixture);
}

TEST(SSRF_03_redirects_are_not_followed)
{
    struct web_fixture fixture = web_fixture_start("redirect.test");
    struct fetch what = to(&fixture, "/redirect");
    struct fetched got;
    breaker_reset();
    for (int i = 1; i <= 4; i++) {
        CHECK_OK(go(&what, &got));
        CHECK_NUM(got.status, 302);
        CHECK_NUM(web_fixture_requests(&fixture), i);
    }
    web_fixture_stop(&fixture);
}

/* These two end so, and nothing of them is given. */
static void check_ends(const struct web_fixture *fixture, const char *const paths[2], enum err how)
{
    struct fetched got;
    for (int i = 0; i < 2; i++) {
        struct fetch what = to(fixture, paths[i]);
        CHECK_ERR(go(&what, &got), how);
        CHECK_NUM(got.body.n, 0);
    }
}

TEST(SSRF_05_answers_have_a_largest)
{
    static const char *const paths[] = { "/giant", "/headers" };
    struct web_fixture fixture = web_fixture_start(NULL);
    struct fetched got;
    breaker_reset();
    check_ends(&fixture, paths, E_TOO_LARGE);
    struct fetch what = to(&fixture, "/200");
    what.max = 3;
    CHECK_ERR(go(&what, &got), E_TOO_LARGE);
    what.max = 4;
    CHECK_OK(go(&what, &got));
    CHECK_NUM(got.body.n, 4);
    web_fixture_stop(&fixture);
}

TEST(SSRF_05_whoever_never_answers_or_drips_is_left_in_time)
{
    static const char *const paths[] = { "/never", "/drip" };
    struct web_fixture fixture = web_fixture_start(NULL);
    struct fetched got;
    breaker_reset();
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct fetch what = to(&fixture, paths[i]);
        what.timeout = 250;
        int64_t start = clock_monotonic_ns();
        CHECK_ERR(go(&what, &got), E_BUSY);
        int64_t ms = (clock_monotonic_ns() - start) / 1'000'000;
        CHECK(ms >= 240 && ms < 5000);
        CHECK_NUM(got.body.n, 0);
    }
    web_fixture_stop(&fixture);
}

TEST(SSRF_05_a_certificate_must_fit_and_be_trusted)
{
    struct web_fixture fixture = web_fixture_start("right.test");
    struct fetched got;
    struct fetch what = to(&fixture, "/echo");
    breaker_reset();
    what.url = text_format(test_arena(), "https://wrong.test:%d/echo", fixture.port);
    what.resolve = text_format(test_arena(), "wrong.test:%d:127.0.0.1", fixture.port);
    CHECK_ERR(go(&what, &got), E_BUSY);
    CHECK(strstr(got.why, "SSL"));
    what = to(&fixture, "/echo");
    what.ca_file = NULL;
    CHECK_ERR(go(&what, &got), E_BUSY);
    CHECK_NUM(web_fixture_requests(&fixture), 0);
    CHECK_NUM(web_fixture_connections(&fixture), 2);
    web_fixture_stop(&fixture);
}

TEST(SSRF_05_answers_that_make_no_sense_are_none)
{
    static const char *const paths[] = { "/garbage", "/cut" };
    struct web_fixture fixture = web_fixture_start(NULL);
    struct fetched got;
    breaker_reset();
    check_ends(&fixture, paths, E_BUSY);
    struct fetch what = to(&fixture, "/gzip"); /* not unpacked: nothing can be a bomb */
    CHECK_OK(go(&what, &got));
    CHECK(mem_equal(got.body, mem_text("bomb")));
    web_fixture_stop(&fixture);
}

TEST(fetch_keeps_no_cookies_and_reads_no_environment)
{
    struct web_fixture fixture = web_fixture_start(NULL);
    struct fetch what = to(&fixture, "/cookie");
    struct fetched got;
    breaker_reset();
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("https_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "socks5://127.0.0.1:1", 1);
    CHECK_OK(go(&what, &got));
    what = to(&fixture, "/echo");
    CHECK_OK(go(&what, &got));
    CHECK(!holds(&got, "Cookie"));
    unsetenv("http_proxy");
    unsetenv("https_proxy");
    unsetenv("ALL_PROXY");
    web_fixture_stop(&fixture);
}

TEST(fetch_a_header_is_one_line)
{
    struct web_fixture fixture = web_fixture_start(NULL);
    struct fetch what = to(&fixture, "/echo");
    struct fetched got;
    breaker_reset();
    what.headers[0] = "A: b\r\nHost: other.example";
    CHECK_ERR(go(&what, &got), E_BUSY);
    CHECK_NUM(web_fixture_connections(&fixture), 0);
    web_fixture_stop(&fixture);
}

TEST(fetch_a_place_that_fails_is_left_alone_for_a_while)
{
    struct web_fixture fixture = web_fixture_start(NULL);
    struct fetch what = to(&fixture, "/503");
    struct fetched got;
    breaker_reset();
    for (int i = 0; i < BREAKER_FAILURES; i++) {
        CHECK_OK(go(&what, &got));
        CHECK_NUM(got.status, 503);
    }
    what = to(&fixture, "/200");
    CHECK_ERR(go(&what, &got), E_BUSY);
    CHECK_TEXT(got.why, "this place failed lately, or too many ask it at once");
    CHECK_NUM(web_fixture_connections(&fixture), BREAKER_FAILURES);
    clock_shift(BREAKER_REST);
    CHECK_OK(go(&what, &got));
    CHECK_NUM(got.status, 200);
    breaker_reset();
    web_fixture_stop(&fixture);
}

TEST(fetch_nobody_there_and_no_such_name)
{
    struct web_fixture fixture = web_fixture_start(NULL);
    struct fetch what = to(&fixture, "/200");
    struct fetched got;
    breaker_reset();
    web_fixture_stop(&fixture);
    CHECK_ERR(go(&what, &got), E_BUSY);
    CHECK(got.why && *got.why);
    what.timeout = 2000;
    what.url = "https://no-such-name.invalid/";
    CHECK_ERR(go(&what, &got), E_BUSY);
    breaker_reset();
}
