/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captcha providers, played by a server of our own: what each may say, and what we make of it.
 */
#include "service/captcha_provider.h"

#include "../net/web_fixture.h"
#include "../test.h"
#include "base/clock.h"
#include "net/breaker.h"
#include "service/setting.h"

#include <pthread.h>
#include <string.h>

enum who { TURNSTILE, HCAPTCHA, RECAPTCHA, RECAPTCHA_V3 };

static const enum setting keys[] = {
    SETTING_TURNSTILE_SITE_KEY,  SETTING_TURNSTILE_SECRET_KEY, SETTING_HCAPTCHA_SITE_KEY,
    SETTING_HCAPTCHA_SECRET_KEY, SETTING_RECAPTCHA_SITE_KEY,   SETTING_RECAPTCHA_SECRET_KEY,
};

static void set_provider(enum who who)
{
    enum who plain = who == RECAPTCHA_V3 ? RECAPTCHA : who;
    for (unsigned i = 0; i < COUNT(keys); i++)
        CHECK_OK(
            setting_override(keys[i], i / 2 == plain ? i % 2 ? "the secret&" : "the-key" : NULL));
    CHECK_OK(setting_override(SETTING_RECAPTCHA_MIN_SCORE, who == RECAPTCHA_V3 ? "0.5" : NULL));
}

static struct web_fixture begin(enum who who)
{
    struct web_fixture fixture = web_fixture_start(NULL);
    breaker_reset();
    captcha_provider_forget();
    set_provider(who);
    CHECK_OK(setting_override(SETTING_PUBLIC_URL, "https://sign-in.example.org"));
    CHECK_OK(setting_override(SETTING_OUTBOUND_ALLOW, "127.0.0.1"));
    CHECK_OK(setting_override(SETTING_CAPTCHA_VERIFY_URL, fixture.origin));
    return fixture;
}

static void end(struct web_fixture *fixture)
{
    for (unsigned i = 0; i < COUNT(keys); i++)
        CHECK_OK(setting_override(keys[i], NULL));
    CHECK_OK(setting_override(SETTING_PUBLIC_URL, NULL));
    CHECK_OK(setting_override(SETTING_OUTBOUND_ALLOW, NULL));
    CHECK_OK(setting_override(SETTING_CAPTCHA_VERIFY_URL, NULL));
    CHECK_OK(setting_override(SETTING_RECAPTCHA_MIN_SCORE, NULL));
    captcha_provider_forget();
    breaker_reset();
    web_fixture_stop(fixture);
}

static enum err verify(const char *answer, bool *ret_is_human)
{
    struct ip client;
    const char *action;
    CHECK(ip_parse("192.0.2.7", &client));
    enum err e = captcha_provider_ask(test_arena(), answer, client, &action);
    *ret_is_human = e == OK && captcha_provider_is_for(test_arena(), action, "magic-link");
    return e == E_DENIED ? OK : e;
}

#define OUR_HOST "\"hostname\":\"sign-in.example.org\""
#define YES "{\"success\":true," OUR_HOST ",\"action\":\"magic_link\",\"score\":0.9}"

TEST(captcha_provider_says_how_a_page_draws_it)
{
    static const char *const names[] = { "turnstile", "hcaptcha", "recaptcha", "recaptcha" };
    CHECK(!captcha_provider_is_set());
    CHECK_TEXT(captcha_provider_name(), "");
    for (enum who who = TURNSTILE; who <= RECAPTCHA_V3; who++) {
        set_provider(who);
        CHECK(captcha_provider_is_set());
        CHECK_TEXT(captcha_provider_name(), names[who]);
        CHECK_TEXT(captcha_provider_site_key(), "the-key");
        CHECK(text_starts(captcha_provider_script(test_arena()), "https://"));
        CHECK(text_ends(captcha_provider_script(test_arena()),
                        who == RECAPTCHA_V3 ? "?render=the-key" : "?render=explicit"));
        CHECK(text_starts(captcha_provider_sources(), "https://"));
        CHECK_NUM(captcha_provider_is_invisible(), who == RECAPTCHA_V3);
    }
    CHECK_TEXT(captcha_provider_action(test_arena(), "magic-link"), "magic_link");
    for (unsigned i = 0; i < COUNT(keys); i++)
        CHECK_OK(setting_override(keys[i], NULL));
    CHECK_OK(setting_override(SETTING_RECAPTCHA_MIN_SCORE, NULL));
}

TEST(captcha_provider_is_asked_as_documented)
{
    for (enum who who = TURNSTILE; who <= RECAPTCHA_V3; who++) {
        struct web_fixture fixture = begin(who);
        bool is_human = false;
        web_fixture_answer(&fixture, 200, YES);
        CHECK_OK(verify("an.answer-1_2", &is_human));
        CHECK(is_human);
        const char *sent = web_fixture_last(&fixture);
        CHECK(text_starts(sent, "POST / HTTP/1.1\r\n"));
        CHECK(strstr(sent, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
        CHECK_TEXT(strstr(sent, "\r\n\r\n"),
                   who == HCAPTCHA ? "\r\n\r\nsecret=the%20secret%26&response=an.answer-1_2"
                                     "&remoteip=192.0.2.7&sitekey=the-key"
                                   : "\r\n\r\nsecret=the%20secret%26&response=an.answer-1_2"
                                     "&remoteip=192.0.2.7");
        end(&fixture);
    }
}

struct sample {
    enum who who;
    const char *body;
    bool is_human;
};

static const struct sample samples[] = {
    { TURNSTILE, YES, true },
    { HCAPTCHA, "{\"success\":true," OUR_HOST "}", true },
    { HCAPTCHA, "{\"success\":true,\"hostname\":\"not-provided\"}", true },
    { RECAPTCHA, "{\"success\":true,\"hostname\":\"SIGN-IN.example.org\"}", true },
    { RECAPTCHA_V3, YES, true },
    { RECAPTCHA_V3, "{\"success\":true," OUR_HOST ",\"action\":\"magic_link\",\"score\":0.5}",
      true },
    { RECAPTCHA_V3, "{\"success\":true," OUR_HOST ",\"action\":\"magic_link\",\"score\":1}", true },
    /* another host, or none */
    { TURNSTILE, "{\"success\":true,\"hostname\":\"evil.example\",\"action\":\"magic_link\"}",
      false },
    { TURNSTILE, "{\"success\":true,\"hostname\":\"not-provided\",\"action\":\"magic_link\"}",
      false },
    { TURNSTILE,
      "{\"success\":true,\"hostname\":\"sign-in.example.org.evil.example\","
      "\"action\":\"magic_link\"}",
      false },
    { TURNSTILE, "{\"success\":true,\"action\":\"magic_link\"}", false },
    { TURNSTILE, "{\"success\":true,\"hostname\":null,\"action\":\"magic_link\"}", false },
    { HCAPTCHA, "{\"success\":true,\"hostname\":\"evil.example\"}", false },
    { HCAPTCHA, "{\"success\":true}", false },
    { RECAPTCHA, "{\"success\":true,\"hostname\":\"evil.example\"}", false },
    /* another action, or none where there is one */
    { TURNSTILE, "{\"success\":true," OUR_HOST ",\"action\":\"login\"}", false },
    { TURNSTILE, "{\"success\":true," OUR_HOST "}", false },
    { RECAPTCHA_V3, "{\"success\":true," OUR_HOST ",\"action\":\"login\",\"score\":0.9}", false },
    { RECAPTCHA_V3, "{\"success\":true," OUR_HOST ",\"score\":0.9}", false },
    /* too low a score, or none: an answer of a v2 key */
    { RECAPTCHA_V3, "{\"success\":true," OUR_HOST ",\"action\":\"magic_link\",\"score\":0.4}",
      false },
    { RECAPTCHA_V3, "{\"success\":true," OUR_HOST ",\"action\":\"magic_link\",\"score\":0}",
      false },
    { RECAPTCHA_V3, "{\"success\":true," OUR_HOST ",\"action\":\"magic_link\"}", false },
    { RECAPTCHA_V3, "{\"success\":true," OUR_HOST ",\"action\":\"magic_link\",\"score\":\"1\"}",
      false },
    /* wrong, old, used, of another site key */
    { TURNSTILE, "{\"success\":false,\"error-codes\":[\"invalid-input-response\"]}", false },
    { TURNSTILE, "{\"success\":false,\"error-codes\":[\"timeout-or-duplicate\"]}", false },
    { TURNSTILE, "{\"success\":false,\"error-codes\":[\"bad-request\"]}", false },
    { TURNSTILE, "{\"success\":false,\"error-codes\":[]}", false },
    { TURNSTILE, "{\"success\":false}", false },
    { HCAPTCHA, "{\"success\":false,\"error-codes\":[\"invalid-or-already-seen-response\"]}",
      false },
    { HCAPTCHA, "{\"success\":false,\"error-codes\":[\"sitekey-secret-mismatch\"]}", false },
    { RECAPTCHA, "{\"success\":false,\"error-codes\":[\"something new\"]}", false },
};

TEST(RATE_12_an_answer_of_another_host_action_or_key_is_refused)
{
    struct web_fixture fixture = begin(TURNSTILE);
    for (size_t i = 0; i < COUNT(samples); i++) {
        bool is_human = !samples[i].is_human;
        set_provider(samples[i].who);
        web_fixture_answer(&fixture, 200, samples[i].body);
        CHECK_OK(verify(text_format(test_arena(), "answer%zu", i), &is_human));
        if (is_human != samples[i].is_human)
            test_fail(__FILE__, __LINE__, "%d: %s", (int)samples[i].who, samples[i].body);
    }
    end(&fixture);
}

TEST(RATE_12_an_answer_counts_once_whatever_the_provider_says)
{
    struct web_fixture fixture = begin(TURNSTILE);
    bool is_human = false;
    web_fixture_answer(&fixture, 200, YES);
    CHECK_OK(verify("once", &is_human));
    CHECK(is_human);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(verify("once", &is_human));
        CHECK(!is_human);
        clock_shift(2 * MINUTE);
    }
    CHECK_NUM(web_fixture_requests(&fixture), 1);
    CHECK_OK(verify("twice", &is_human));
    CHECK(is_human);
    /* A wrong one is not asked for again either. */
    web_fixture_answer(&fixture, 200, "{\"success\":false}");
    CHECK_OK(verify("wrong", &is_human));
    CHECK_OK(verify("wrong", &is_human));
    CHECK_NUM(web_fixture_requests(&fixture), 3);
    end(&fixture);
}

struct runner {
    struct arena arena;
    bool is_human;
};

static void *run_once(void *arg)
{
    struct runner *r = arg;
    const char *action;
    enum err e = captcha_provider_ask(&r->arena, "one-for-all", (struct ip){ 0 }, &action);
    r->is_human = e == OK;
    return NULL;
}

TEST(RATE_12_of_many_at_the_same_moment_one_passes)
{
    enum { RUNNERS = 8 };
    struct web_fixture fixture = begin(HCAPTCHA);
    struct runner runners[RUNNERS] = { 0 };
    pthread_t threads[RUNNERS];
    int passed = 0;
    web_fixture_answer(&fixture, 200, YES);
    for (int i = 0; i < RUNNERS; i++) {
        arena_init(&runners[i].arena, 1 << 20);
        CHECK_NUM(pthread_create(&threads[i], NULL, run_once, &runners[i]), 0);
    }
    for (int i = 0; i < RUNNERS; i++) {
        pthread_join(threads[i], NULL);
        passed += runners[i].is_human;
        arena_done(&runners[i].arena);
    }
    CHECK_NUM(passed, 1);
    CHECK_NUM(web_fixture_requests(&fixture), 1);
    CHECK(!strstr(web_fixture_last(&fixture), "remoteip")); /* an address that is not known */
    end(&fixture);
}

TEST(RATE_12_what_cannot_be_an_answer_is_not_sent)
{
    static const char *const answers[] = { "", " ", "a b", "a\nb", "\xC3\xA4", "a&secret=b", "{}" };
    struct web_fixture fixture = begin(TURNSTILE);
    char *longest = text_format(test_arena(), "%0*d", CAPTCHA_ANSWER_MAX + 1, 1);
    bool is_human = true;
    web_fixture_answer(&fixture, 200, YES);
    for (size_t i = 0; i < COUNT(answers); i++) {
        CHECK_OK(verify(answers[i], &is_human));
        CHECK(!is_human);
    }
    CHECK_OK(verify(longest, &is_human));
    CHECK(!is_human);
    CHECK_NUM(web_fixture_connections(&fixture), 0);
    memset(longest, '+', CAPTCHA_ANSWER_MAX);
    longest[CAPTCHA_ANSWER_MAX] = 0;
    CHECK_ERR(verify(longest, &is_human), E_BUSY); /* too long for the fixture; it was sent whole */
    CHECK(!is_human);
    end(&fixture);
}

struct outage {
    int status;
    const char *body;
};

static const struct outage outages[] = {
    { 500, "" },
    { 502, YES },
    { 503, "{\"success\":false}" },
    { 429, "" },
    { 404, "<html>" },
    { 302, "" },
    { 200, "" },
    { 200, "<html>success: true" },
    { 200, "true" },
    { 200, "{}" },
    { 200, "[]" },
    { 200, "{\"success\":\"true\"," OUR_HOST ",\"action\":\"magic_link\"}" },
    { 200, "{\"success\":1," OUR_HOST ",\"action\":\"magic_link\"}" },
    { 200, "{\"success\":true,\"success\":true," OUR_HOST ",\"action\":\"magic_link\"}" },
    { 200, YES "{" },
    { 200, "{\"success\":false,\"error-codes\":[\"invalid-input-secret\"]}" },
    { 400, "{\"success\":false,\"error-codes\":[\"missing-input-secret\"]}" },
    { 200, "{\"success\":false,\"error-codes\":[\"internal-error\"]}" },
};

TEST(RATE_12_an_outage_or_garbage_passes_nobody)
{
    struct web_fixture fixture = begin(TURNSTILE);
    for (size_t i = 0; i < COUNT(outages); i++) {
        bool is_human = true;
        breaker_reset();
        web_fixture_answer(&fixture, outages[i].status, outages[i].body);
        if (!CHECK_ERR(verify("same-answer", &is_human), E_BUSY))
            test_fail(__FILE__, __LINE__, "%d %s", outages[i].status, outages[i].body);
        CHECK(!is_human);
    }
    /* It never counted, so it may still be right. */
    bool is_human = false;
    breaker_reset();
    web_fixture_answer(&fixture, 200, YES);
    CHECK_OK(verify("same-answer", &is_human));
    CHECK(is_human);
    end(&fixture);
}

TEST(RATE_12_a_provider_that_fails_again_and_again_is_not_waited_for)
{
    struct web_fixture fixture = begin(TURNSTILE);
    bool is_human = true;
    CHECK_OK(setting_override(SETTING_CAPTCHA_VERIFY_URL,
                              text_format(test_arena(), "%s/giant", fixture.origin)));
    for (int i = 0; i < BREAKER_FAILURES; i++)
        CHECK_ERR(verify("an-answer", &is_human), E_BUSY);
    CHECK_NUM(web_fixture_connections(&fixture), BREAKER_FAILURES);
    CHECK_ERR(verify("an-answer", &is_human), E_BUSY);
    CHECK(!is_human);
    CHECK_NUM(web_fixture_connections(&fixture), BREAKER_FAILURES);
    end(&fixture);
}

TEST(SSRF_07_a_provider_at_a_private_address_is_not_asked_unless_allowed)
{
    struct web_fixture fixture = begin(TURNSTILE);
    bool is_human = true;
    web_fixture_answer(&fixture, 200, YES);
    CHECK_OK(setting_override(SETTING_OUTBOUND_ALLOW, NULL));
    CHECK_ERR(verify("an-answer", &is_human), E_BUSY);
    CHECK(!is_human);
    CHECK_OK(setting_override(SETTING_OUTBOUND_ALLOW, "10.0.0.0/8,127.0.0.2"));
    CHECK_ERR(verify("an-answer", &is_human), E_BUSY);
    CHECK_NUM(web_fixture_connections(&fixture), 0);
    CHECK_OK(setting_override(SETTING_OUTBOUND_ALLOW, "10.0.0.0/8, 127.0.0.0/30"));
    CHECK_OK(verify("an-answer", &is_human));
    CHECK(is_human);
    end(&fixture);
}
