/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What costs a stranger nothing and us something: forms that are refused, tokens that are made up,
 * and mails that nobody asked for at a door. Each has an end.
 */
#include "attack.h"
#include "sample.h"

#include "base/clock.h"
#include "service/setting.h"

#include <string.h>

static void limits_on(void)
{
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
}

static void check_limited(const struct reply *r, int64_t span)
{
    check_problem(r, 429, "rate_limited");
    CHECK(num_of(r, "retry_after") > 0 && num_of(r, "retry_after") <= span / SECOND);
    CHECK(text_of(r, "decision_id") != NULL);
}

/* --- forms and tokens --- */

/* Judging a password takes time: who does nothing but that is not served for ever. */
TEST_IN_WORLD(RATE_who_only_sends_forms_that_are_refused_pays_in_the_end)
{
    int refused = 0, passed = 0;
    const char *weak = json("email", ANN, "password", "password1234", NULL);
    limits_on();
    for (int i = 0; i < 80; i++) {
        int status = post_from(w, "/v1/auth/register", weak, "192.0.2.9")->status;
        refused += status == 422;
        passed += status != 422 && status != 429;
    }
    CHECK_NUM(refused, 60 + 3);
    CHECK_NUM(passed, 0);
    weak = json("email", BEN, "password", "password1234", NULL);
    CHECK_NUM(post_from(w, "/v1/auth/register", weak, "192.0.2.10")->status, 422);
    wait_for(HOUR);
    CHECK_NUM(post_from(w, "/v1/auth/register", weak, "192.0.2.9")->status, 422);
}

static struct reply *token_from(struct world *w, const char *path, const char *token,
                                const char *ip)
{
    return post_from(w, path, json("refresh_token", token, NULL), ip);
}

/* The owner of a good token beside them is served all the same. */
TEST_IN_WORLD(RATE_made_up_tokens_are_limited_by_address)
{
    static const char *const paths[] = { "/v1/auth/refresh", "/v1/auth/logout" };
    static const int statuses[] = { 401, 204 };
    struct client *ann = signed_in(w, ANN);
    limits_on();
    for (int i = 0; i < 300; i++) {
        const char *token = text_format(test_arena(), "crt_%026d%046d", i, i);
        CHECK_NUM(token_from(w, paths[i % 2], token, "192.0.2.1")->status, statuses[i % 2]);
    }
    check_limited(token_from(w, paths[0], "crt_x", "192.0.2.1"), MINUTE);
    struct reply *r = token_from(w, paths[1], "crt_x", "192.0.2.1");
    check_limited(r, MINUTE);
    CHECK_NUM(token_from(w, paths[0], "crt_x", "198.51.100.1")->status, 401);
    ann->ip = "192.0.2.1";
    r = refresh(ann, ann->refresh);
    CHECK_NUM(r->status, 200);
    CHECK_NUM(token_from(w, paths[1], text_of(r, "refresh_token"), "192.0.2.1")->status, 204);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
    wait_for(MINUTE);
    CHECK_NUM(token_from(w, paths[0], "crt_x", "192.0.2.1")->status, 401);
}

/* An access token names its session to whoever sees it: that must not be enough to keep its owner
   from refreshing. */
TEST_IN_WORLD(RATE_made_up_tokens_use_up_nothing_of_the_session_they_name)
{
    struct client *ann = signed_in(w, ANN);
    char *forged = text_copy(test_arena(), mem_text(ann->refresh));
    char *last = forged + strlen(forged) - 2;
    *last = *last == 'A' ? 'B' : 'A';
    limits_on();
    for (int i = 0; i < 70; i++)
        CHECK_NUM(token_from(w, "/v1/auth/refresh", forged, "198.51.100.1")->status, 401);
    struct reply *r = refresh(ann, ann->refresh);
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(header_of(r, "ratelimit-remaining"), "59");
}

/* --- mails --- */

static const char *body_for(const char *path)
{
    if (strstr(path, "register"))
        return json("email", ANN, "password", PASSWORD, NULL);
    return strstr(path, "verify") && strstr(path, "code")
               ? json("email", ANN, "code", "12345678", NULL)
               : json("email", ANN, NULL);
}

/* Through every door that mails, and by guessing until they are told of locks: which are told all
   the same, later. */
TEST_IN_WORLD(DOS_07_all_kinds_of_mail_together_stay_below_the_limit)
{
    static const char *const paths[] = {
        "/v1/auth/register",         "/v1/auth/password/forgot", "/v1/auth/resend-verification",
        "/v1/auth/magic-link",       "/v1/auth/email-code",      "/v1/auth/login",
        "/v1/auth/email-code/verify"
    };
    int before, caller = 0;
    person(w, ANN, PASSWORD);
    before = mail_count(w, ANN, NULL);
    limits_on();
    CHECK_OK(setting_override(SETTING_CAPTCHA, "off"));
    for (int i = 0; i < 24 * 4; i++) {
        for (size_t k = 0; k < 2 * COUNT(paths); k++) {
            const char *path = paths[(k + (size_t)i) % COUNT(paths)];
            const char *body =
                strstr(path, "login") ? json("email", ANN, "password", "x", NULL) : body_for(path);
            (void)post_from(w, path, body, nth_address(caller++));
        }
        int sent = mail_count(w, ANN, NULL) - before;
        if (i == 0 && sent > 3)
            test_fail(__FILE__, __LINE__, "%d mails in a quarter of an hour", sent);
        wait_for(15 * MINUTE - SECOND);
    }
    int sent = mail_count(w, ANN, NULL) - before;
    if (sent > 10 || sent < 5)
        test_fail(__FILE__, __LINE__, "%d mails in a day", sent);
    wait_for(2 * HOUR);
    CHECK(mail_count(w, ANN, "account_locked") > 0);
}
