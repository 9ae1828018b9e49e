/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A captcha provider at the doors (RATE-12): it is named, asked, and when it cannot be asked the
 * embedded captcha takes its place. Nothing passes by its absence.
 */
#include "solve.h"

#include "../net/web_fixture.h"
#include "base/clock.h"
#include "net/breaker.h"
#include "service/captcha_provider.h"
#include "service/setting.h"

#include <string.h>

#define YES "{\"success\":true,\"hostname\":\"localhost\",\"action\":\"login\"}"
#define NO "{\"success\":false,\"error-codes\":[\"invalid-input-response\"]}"

static struct web_fixture begin(void)
{
    struct web_fixture fixture = web_fixture_start(NULL);
    breaker_reset();
    captcha_provider_forget();
    CHECK_OK(setting_override(SETTING_CAPTCHA, "always"));
    CHECK_OK(setting_override(SETTING_TURNSTILE_SITE_KEY, "the-key"));
    CHECK_OK(setting_override(SETTING_TURNSTILE_SECRET_KEY, "the secret"));
    CHECK_OK(setting_override(SETTING_OUTBOUND_ALLOW, "127.0.0.1"));
    CHECK_OK(setting_override(SETTING_CAPTCHA_VERIFY_URL, fixture.origin));
    return fixture;
}

static void end(struct web_fixture *fixture)
{
    static const enum setting ours[] = { SETTING_TURNSTILE_SITE_KEY, SETTING_TURNSTILE_SECRET_KEY,
                                         SETTING_OUTBOUND_ALLOW, SETTING_CAPTCHA_VERIFY_URL };
    for (size_t i = 0; i < COUNT(ours); i++)
        CHECK_OK(setting_override(ours[i], NULL));
    captcha_provider_forget();
    breaker_reset();
    web_fixture_stop(fixture);
}

static struct reply *try(struct client *c, const char *captcha)
{
    return post(c, "/v1/auth/login",
                json("email", ANN, "password", PASSWORD, "captcha", captcha, NULL));
}

TEST_IN_WORLD(RATE_12_a_provider_is_named_and_asked)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    struct web_fixture fixture = begin();
    struct reply *r = login(c, ANN, PASSWORD);
    CHECK_NUM(r->status, 403);
    CHECK_TEXT(text_of(r, "code"), "captcha_required");
    CHECK_TEXT(text_of(r, "captcha.provider"), "turnstile");
    CHECK_TEXT(text_of(r, "captcha.site_key"), "the-key");
    CHECK_TEXT(text_of(r, "captcha.action"), "login");
    CHECK(!strstr(r->body, "challenge\""));
    CHECK_TEXT(text_of(get(c, "/v1/auth/challenge"), "provider"), "turnstile");

    web_fixture_answer(&fixture, 200, NO);
    r = try(c, "a-token");
    CHECK_NUM(r->status, 403);
    CHECK_TEXT(text_of(r, "code"), "captcha_wrong");
    CHECK_TEXT(text_of(r, "captcha.provider"), "turnstile");
    web_fixture_answer(&fixture, 200, YES);
    CHECK_NUM(try(c, "another-token")->status, 200);
    CHECK_NUM(try(c, "another-token")->status, 403);
    end(&fixture);
}

TEST_IN_WORLD(RATE_12_a_provider_that_is_down_lets_nobody_pass)
{
    static const struct {
        int status;
        const char *body;
    } ways[] = { { 500, "oops" }, { 200, "<html>" }, { 200, "{}" }, { 503, YES } };
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    struct web_fixture fixture = begin();
    for (size_t i = 0; i < COUNT(ways); i++) {
        web_fixture_answer(&fixture, ways[i].status, ways[i].body);
        struct reply *r = try(c, text_format(test_arena(), "token-%zu", i));
        CHECK_NUM(r->status, 403);
        CHECK_TEXT(text_of(r, "code"), "captcha_required");
        CHECK_TEXT(text_of(r, "captcha.provider"), "proof_of_work");
        CHECK_NUM(try(c, "a-token")->status, 403); /* the token is no proof of work */
        CHECK_NUM(try(c, solved_from(r))->status, 200);
        breaker_reset();
        CHECK_TEXT(text_of(login(c, ANN, PASSWORD), "captcha.provider"), "turnstile");
    }
    end(&fixture);
}

TEST_IN_WORLD(RATE_12_the_easier_captcha_cannot_be_chosen)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    CHECK_OK(setting_override(SETTING_CAPTCHA, "always"));
    const char *work = solved(c, "login"); /* made before a provider was set */
    struct web_fixture fixture = begin();
    web_fixture_answer(&fixture, 200, NO);
    struct reply *r = try(c, work);
    CHECK_NUM(r->status, 403);
    CHECK_TEXT(text_of(r, "code"), "captcha_wrong");
    CHECK_NUM(web_fixture_requests(&fixture), 0); /* nor is the provider bothered */
    end(&fixture);
}

TEST_IN_WORLD(a_form_shows_the_provider_and_only_there_its_sources_are_allowed)
{
    struct client *c = client(w);
    struct web_fixture fixture = begin();
    struct reply *r = get(c, "/login");
    CHECK(strstr(r->body, "data-provider=\"turnstile\"") != NULL);
    CHECK(strstr(r->body, "data-key=\"the-key\"") != NULL);
    CHECK(strstr(r->body, "<noscript>") != NULL);
    const char *policy = header_of(r, "content-security-policy");
    REQUIRE(policy);
    CHECK(strstr(policy, "script-src 'self' https://challenges.cloudflare.com;") != NULL);
    CHECK(strstr(policy, "frame-src https://challenges.cloudflare.com;") != NULL);
    CHECK(strstr(policy, "unsafe") == NULL);
    r = get(c, "/signed-out");
    CHECK(strstr(header_of(r, "content-security-policy"), "cloudflare") == NULL);
    end(&fixture);
}

TEST_IN_WORLD(a_waiting_ticket_is_good_beside_a_provider)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    struct web_fixture fixture = begin();
    const char *ticket = ticket_on(get(c, "/login"));
    wait_for(10 * SECOND);
    CHECK_NUM(try(c, ticket)->status, 200);
    CHECK_NUM(web_fixture_requests(&fixture), 0);
    end(&fixture);
}
