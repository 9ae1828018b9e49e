/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See solve.h.
 */
#include "solve.h"

#include "crypto/challenge.h"
#include "service/pressure.h"
#include "service/setting.h"

#include <string.h>

const char *solve_from(const char *challenge, int64_t difficulty, int64_t number)
{
    for (; difficulty >= 0; number++) {
        const char *answer = text_format(test_arena(), "%s.%lld", challenge, (long long)number);
        if (challenge_zero_bits(answer) >= difficulty)
            return answer;
    }
    return "";
}

const char *solve(const char *challenge, int64_t difficulty)
{
    return solve_from(challenge, difficulty, 0);
}

const char *solved(struct client *c, const char *action)
{
    struct reply *r = get(c, text_format(test_arena(), "/v1/auth/challenge?action=%s", action));
    CHECK_NUM(r->status, 200);
    return solve(text_of(r, "challenge"), num_of(r, "difficulty"));
}

const char *solved_from(const struct reply *r)
{
    return solve(text_of(r, "captcha.challenge"), num_of(r, "captcha.difficulty"));
}

const char *ticket_on(const struct reply *r)
{
    static const char mark[] = "name=\"captcha\" value=\"";
    const char *at = strstr(r->body, mark);
    return at ? text_copy(test_arena(), MEM(at + sizeof mark - 1, CHALLENGE_CHARS)) : "";
}

void make_pressure(const char *ip, int pressure)
{
    struct ip client;
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    CHECK(ip_parse(ip, &client));
    for (int i = 0; i < 200 && pressure_of(client) < pressure; i++)
        pressure_note(client, 1);
    CHECK(pressure_of(client) >= pressure);
}

void always(void)
{
    CHECK_OK(setting_override(SETTING_CAPTCHA, "always"));
}

const char *captcha_login(const char *captcha)
{
    return json("email", ANN, "password", PASSWORD, "captcha", captcha, NULL);
}

void check_asks(const struct reply *r, const char *code, const char *action)
{
    CHECK_NUM(r->status, 403);
    CHECK_TEXT(text_of(r, "code"), code);
    CHECK_TEXT(text_of(r, "captcha.provider"), "proof_of_work");
    CHECK_TEXT(text_of(r, "captcha.action"), action);
    CHECK_TEXT(text_of(r, "captcha.algorithm"), "SHA-256");
    CHECK_NUM(num_of(r, "captcha.expires_in"), LIFETIME / SECOND);
    CHECK_NUM((int64_t)strlen(text_of(r, "captcha.challenge")), CHALLENGE_CHARS);
    CHECK(text_starts(text_of(r, "decision_id"), "dec_"));
}

void check_wrong(struct client *c, const char *answer, const char *why)
{
    struct reply *r = post(c, "/v1/auth/login", captcha_login(answer));
    check_asks(r, "captcha_wrong", "login");
    if (!strstr(text_of(r, "detail"), why))
        test_fail(__FILE__, __LINE__, "%s: %s", why, text_of(r, "detail"));
}
