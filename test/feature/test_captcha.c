/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedded captcha at the doors: when it is asked for, what passes, and all that must not
 * (RATE-11).
 */
#include "attack.h"
#include "solve.h"
#include "two_step.h"

#include "base/clock.h"
#include "crypto/challenge.h"
#include "service/pressure.h"
#include "service/setting.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* --- when --- */

TEST_IN_WORLD(a_captcha_is_asked_for_when_it_is_always_wanted)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    always();
    struct reply *r = login(c, ANN, PASSWORD);
    check_asks(r, "captcha_required", "login");
    r = post(c, "/v1/auth/login", captcha_login(solved_from(r)));
    CHECK_NUM(r->status, 200);
    r = post(c, "/v1/auth/login", captcha_login(solved(c, "login")));
    CHECK_NUM(r->status, 200);
}

TEST_IN_WORLD(RATE_08_a_range_that_misbehaves_pays_for_each_try)
{
    struct client *c = client(w), *other = client(w);
    person(w, ANN, PASSWORD);
    CHECK_OK(setting_override(SETTING_CAPTCHA, "auto"));
    c->ip = "198.51.100.7";
    other->ip = "203.0.113.7";
    CHECK_NUM(login(c, ANN, PASSWORD)->status, 200);
    make_pressure("198.51.100.99", 50); /* a neighbour */
    struct reply *r = login(c, ANN, PASSWORD);
    check_asks(r, "captcha_required", "login");
    CHECK_NUM(num_of(r, "captcha.difficulty"), 8);
    CHECK_NUM(login(other, ANN, PASSWORD)->status, 200);
    CHECK_NUM(post(c, "/v1/auth/login", captcha_login(solved_from(r)))->status, 200);
}

TEST_IN_WORLD(RATE_08_the_price_follows_the_pressure)
{
    struct client *c = client(w);
    static const int steps[][2] = { { 50, 8 }, { 64, 8 }, { 65, 9 }, { 80, 10 }, { 100, 11 } };
    c->ip = "198.51.100.7";
    for (size_t i = 0; i < COUNT(steps); i++) {
        pressure_reset();
        make_pressure(c->ip, steps[i][0]);
        CHECK_NUM(num_of(get(c, "/v1/auth/challenge"), "difficulty"), steps[i][1]);
    }
}

TEST_IN_WORLD(every_public_door_asks)
{
    static const struct {
        const char *path, *body, *action;
    } doors[] = {
        { "/v1/auth/login", "{\"email\":\"a@example.org\",\"password\":\"x\"}", "login" },
        { "/v1/auth/register", "{\"email\":\"a@example.org\",\"password\":\"" PASSWORD "\"}",
          "register" },
        { "/v1/auth/password/forgot", "{\"email\":\"a@example.org\"}", "forgot_password" },
        { "/v1/auth/resend-verification", "{\"email\":\"a@example.org\"}", "resend_verification" },
        { "/v1/auth/magic-link", "{\"email\":\"a@example.org\"}", "magic_link" },
        { "/v1/auth/email-code", "{\"email\":\"a@example.org\"}", "magic_link" },
        { "/v1/auth/email-code/verify", "{\"email\":\"a@example.org\",\"code\":\"12345678\"}",
          "email_code" },
    };
    struct client *c = client(w);
    always();
    int64_t jobs = count_of(w, "SELECT count(*) FROM job");
    int64_t events = count_of(w, "SELECT count(*) FROM audit");
    for (size_t i = 0; i < COUNT(doors); i++)
        check_asks(post(c, doors[i].path, doors[i].body), "captcha_required", doors[i].action);
    /* Nothing was written for them (DOS-09). */
    CHECK_NUM(count_of(w, "SELECT count(*) FROM job"), jobs);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM audit"), events);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM captcha_spent"), 0);
}

TEST_IN_WORLD(a_captcha_that_is_not_asked_for_is_not_looked_at)
{
    person(w, ANN, PASSWORD);
    CHECK_OK(setting_override(SETTING_CAPTCHA, "auto"));
    CHECK_NUM(post(client(w), "/v1/auth/login", captcha_login("nonsense"))->status, 200);
}

TEST_IN_WORLD(a_challenge_is_for_an_action_that_exists)
{
    struct reply *r = get(client(w), "/v1/auth/challenge?action=everything");
    CHECK_NUM(r->status, 422);
    CHECK(strstr(r->body, "action_unknown") != NULL);
}

/* --- RATE-11: what must not pass --- */

TEST_IN_WORLD(RATE_11_a_solution_is_used_once)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    always();
    const char *answer = solved(c, "login");
    CHECK_NUM(post(c, "/v1/auth/login", captcha_login(answer))->status, 200);
    check_wrong(c, answer, "used before");
    /* Nor with another number that solves it too. */
    const char *challenge = text_copy(test_arena(), MEM(answer, CHALLENGE_CHARS));
    check_wrong(c, solve_from(challenge, 8, 1'000'000), "used before");
    wait_for(LIFETIME - SECOND);
    check_wrong(c, answer, "used before");
}

TEST_IN_WORLD(RATE_11_a_solution_is_spent_by_a_wrong_password_too)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    always();
    const char *answer = solved(c, "login");
    CHECK_NUM(
        post(c, "/v1/auth/login", json("email", ANN, "password", "wrong", "captcha", answer, NULL))
            ->status,
        401);
    check_wrong(c, answer, "used before");
}

TEST_IN_WORLD(RATE_11_a_solution_is_for_one_action)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    always();
    check_wrong(c, solved(c, "register"), "another action");
    const char *answer = solved(c, "login");
    struct reply *r =
        post(c, "/v1/auth/password/forgot", json("email", ANN, "captcha", answer, NULL));
    check_asks(r, "captcha_wrong", "forgot_password");
    CHECK_NUM(post(c, "/v1/auth/login", captcha_login(answer))->status, 200); /* still unspent */
}

TEST_IN_WORLD(RATE_11_a_solution_is_for_one_network)
{
    static const struct {
        const char *solver, *user;
        bool is_good;
    } cases[] = {
        { "198.51.100.7", "198.51.100.200", true },
        { "198.51.100.7", "198.51.101.7", false },
        { "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true },
        { "2001:db8:1:2::1", "2001:db8:1:3::1", false },
        { "::ffff:198.51.100.7", "198.51.100.8", true },
    };
    person(w, ANN, PASSWORD);
    always();
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct client *solver = client(w), *user = client(w);
        solver->ip = cases[i].solver;
        user->ip = cases[i].user;
        struct reply *r = post(user, "/v1/auth/login", captcha_login(solved(solver, "login")));
        CHECK_NUM(r->status, cases[i].is_good ? 200 : 403);
    }
}

TEST_IN_WORLD(RATE_11_a_solution_expires)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    always();
    const char *good = solved(c, "login"), *late = solved(c, "login");
    wait_for(LIFETIME - 1);
    CHECK_NUM(post(c, "/v1/auth/login", captcha_login(good))->status, 200);
    wait_for(1);
    struct reply *r = post(c, "/v1/auth/login", captcha_login(late));
    check_asks(r, "captcha_required", "login"); /* asked anew, not held against anybody */
    CHECK(strstr(text_of(r, "detail"), "expired") != NULL);
}

TEST_IN_WORLD(RATE_11_a_clock_that_moves_makes_nothing_good_again)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    always();
    const char *used = solved(c, "login"), *kept = solved(c, "login");
    CHECK_NUM(post(c, "/v1/auth/login", captcha_login(used))->status, 200);
    wait_for(LIFETIME + HOUR);
    run_jobs(w); /* the purge among them */
    wait_for(-(LIFETIME + HOUR));
    check_wrong(c, used, "used before");
    wait_for(-2 * MINUTE); /* made in the future, as it seems */
    check_asks(post(c, "/v1/auth/login", captcha_login(kept)), "captcha_required", "login");
}

TEST_IN_WORLD(RATE_11_the_difficulty_is_not_the_clients_to_choose)
{
    struct client *c = client(w);
    c->ip = "198.51.100.7";
    CHECK_OK(setting_override(SETTING_CAPTCHA, "auto"));
    person(w, ANN, PASSWORD);
    CHECK_NUM(get(c, "/v1/auth/challenge?difficulty=1")->status, 400);
    CHECK_NUM(
        post(c, "/v1/auth/login", json("email", ANN, "password", PASSWORD, "difficulty", "1", NULL))
            ->status,
        400);
    /* One made when it was calm does not do under the worst pressure, a little change does. */
    make_pressure(c->ip, 50);
    const char *easy = solved(c, "login"), *kept = solved(c, "login");
    make_pressure(c->ip, 80);
    CHECK_NUM(post(c, "/v1/auth/login", captcha_login(kept))->status, 200);
    make_pressure(c->ip, 100);
    struct reply *r = post(c, "/v1/auth/login", captcha_login(easy));
    check_asks(r, "captcha_required", "login");
    CHECK(strstr(text_of(r, "detail"), "too easy") != NULL);
    CHECK_NUM(num_of(r, "captcha.difficulty"), 11);
}

TEST_IN_WORLD(RATE_11_forged_and_damaged_answers)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    always();
    const char *good = solved(c, "login");
    const char *challenge = text_copy(test_arena(), MEM(good, CHALLENGE_CHARS));
    /* Each character of the challenge counts: cost, time, random bytes and MAC. */
    for (size_t i = 0; i < CHALLENGE_CHARS; i++) {
        char *forged = text_copy(test_arena(), mem_text(good));
        forged[i] = forged[i] == 'A' ? 'B' : 'A';
        check_wrong(c, forged, "malformed, not ours");
    }
    const char *damaged[] = {
        "",
        ".",
        "pow1",
        "pow1.1",
        challenge,
        text_format(test_arena(), "%s.", challenge),
        text_format(test_arena(), "%s.-1", challenge),
        text_format(test_arena(), "%s.1 ", challenge),
        text_format(test_arena(), "%s. 1", challenge),
        text_format(test_arena(), "%s.0x1", challenge),
        text_format(test_arena(), "%s.1.1", challenge),
        text_format(test_arena(), "%s=.1", challenge),
        text_format(test_arena(), "%.62s.1", challenge),
        text_format(test_arena(), "%s.123456789012345678901", challenge),
        text_format(test_arena(), "%s.%01500d", challenge, 1),
        text_format(test_arena(), "tkt1%s", challenge + 4), /* a challenge is no ticket */
        good + 1,
    };
    for (size_t i = 0; i < COUNT(damaged); i++)
        check_wrong(c, damaged[i], "malformed, not ours");
    CHECK_NUM(count_of(w, "SELECT count(*) FROM captcha_spent"), 0);
    CHECK_NUM(post(c, "/v1/auth/login", captcha_login(good))->status, 200);
}

TEST_IN_WORLD(RATE_11_wrong_answers_raise_the_pressure)
{
    struct client *c = client(w);
    c->ip = "198.51.100.7";
    always();
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    struct ip ip;
    CHECK(ip_parse(c->ip, &ip));
    (void)post(c, "/v1/auth/login", captcha_login("nonsense"));
    int once = pressure_of(ip);
    CHECK(once > 0);
    (void)login(c, ANN, PASSWORD); /* asked: nothing wrong yet */
    CHECK_NUM(pressure_of(ip), once);
}

/* --- one of many --- */

struct race {
    struct world *w;
    const char *body;
    atomic_int passed, refused;
};

static void use(void *arg, int i)
{
    struct race *race = arg;
    struct client *c = client(race->w);
    c->ip = text_format(test_arena(), "192.0.2.%d", 1 + i);
    struct reply *r = post(c, "/v1/auth/login", race->body);
    atomic_fetch_add(r->status == 401 ? &race->passed : &race->refused, 1);
}

TEST_IN_WORLD(RACE_01_a_solution_passes_one_of_64)
{
    struct client *c = client(w);
    always();
    c->ip = "192.0.2.77";
    struct race race = { .w = w, .body = captcha_login(solved(c, "login")) };
    crowd(64, use, &race);
    CHECK_NUM(race.passed, 1);
    CHECK_NUM(race.refused, 63);
}

TEST_IN_WORLD(RACE_01_a_ticket_passes_one_of_64)
{
    struct client *c = client(w);
    always();
    c->ip = "192.0.2.77";
    struct race race = { .w = w, .body = captcha_login(ticket_on(get(c, "/login"))) };
    wait_for(10 * SECOND);
    crowd(64, use, &race);
    CHECK_NUM(race.passed, 1);
    CHECK_NUM(race.refused, 63);
}

/* --- after failures --- */

TEST_IN_WORLD(RATE_04_guessing_mailed_codes_costs_from_the_third_on)
{
    struct client *c = client(w), *other = client(w);
    const char *known = json("email", ANN, "code", "00000000", NULL);
    const char *unknown = json("email", BEN, "code", "00000000", NULL);
    person(w, ANN, PASSWORD);
    CHECK_OK(setting_override(SETTING_CAPTCHA, "auto"));
    for (int i = 0; i < 3; i++) {
        CHECK_NUM(post(c, "/v1/auth/email-code/verify", known)->status, 401);
        CHECK_NUM(post(c, "/v1/auth/email-code/verify", unknown)->status, 401);
    }
    /* From wherever; and whether or not there is an account (ENUM-06). */
    other->ip = "203.0.113.9";
    check_asks(post(other, "/v1/auth/email-code/verify", known), "captcha_required", "email_code");
    check_asks(post(c, "/v1/auth/email-code/verify", unknown), "captcha_required", "email_code");
    const char *paid =
        json("email", ANN, "code", "00000000", "captcha", solved(c, "email_code"), NULL);
    CHECK_NUM(post(c, "/v1/auth/email-code/verify", paid)->status, 401);
    check_asks(post(c, "/v1/auth/email-code/verify", paid), "captcha_wrong", "email_code");
}

TEST_IN_WORLD(MFA_02_after_a_lock_each_code_costs)
{
    struct app app = two_step(w, ANN);
    CHECK_OK(setting_override(SETTING_CAPTCHA, "auto"));
    struct client *c = client(w);
    const char *handle = first_step(c, ANN);
    for (int i = 0; i < 5; i++)
        CHECK_NUM(second_step(c, handle, "000000")->status, 401);
    wait_for(5 * MINUTE);
    struct reply *r = second_step(c, handle, code_at(&app, 0));
    check_asks(r, "captcha_required", "two_factor");
    r = post(
        c, "/v1/auth/2fa/verify",
        json("pending_token", handle, "code", code_at(&app, 0), "captcha", solved_from(r), NULL));
    CHECK_NUM(r->status, 200);
}

TEST_IN_WORLD(ENUM_01_a_captcha_is_asked_of_everybody_alike)
{
    static const char *const doors[] = { "/v1/auth/login", "/v1/auth/password/forgot",
                                         "/v1/auth/magic-link", "/v1/auth/resend-verification" };
    struct client *c = plain_client(w);
    person(w, ANN, PASSWORD);
    always();
    for (size_t i = 0; i < COUNT(doors); i++) {
        const char *password = i ? NULL : "password";
        struct reply *a = post(c, doors[i], json("email", ANN, password, PASSWORD, NULL));
        struct reply *b = post(c, doors[i], json("email", BEN, password, PASSWORD, NULL));
        CHECK_NUM(a->status, 403);
        CHECK_NUM(b->status, 403);
        CHECK_NUM((int64_t)strlen(a->body), (int64_t)strlen(b->body));
        CHECK_NUM((int64_t)strlen(a->headers), (int64_t)strlen(b->headers));
        CHECK_NUM(num_of(a, "captcha.difficulty"), num_of(b, "captcha.difficulty"));
    }
}

/* One guess at each of many accounts, from a whole /24: below every limit of one address. */
TEST_IN_WORLD(RATE_08_spraying_from_one_range_soon_costs)
{
    struct client *c = client(w), *honest = client(w);
    int judged = 0, asked = 0;
    person(w, ANN, PASSWORD);
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    CHECK_OK(setting_override(SETTING_CAPTCHA, "auto"));
    for (int i = 0; i < 120; i++) {
        c->ip = text_format(test_arena(), "198.51.100.%d", i);
        const char *email = text_format(test_arena(), "p%d@example.org", i);
        struct reply *r =
            post(c, "/v1/auth/login", json("email", email, "password", PASSWORD, NULL));
        judged += r->status == 401;
        asked += r->status == 403;
    }
    CHECK(judged > 0 && judged <= 52);
    CHECK(asked > 0);
    honest->ip = "203.0.113.1";
    CHECK_NUM(login(honest, ANN, PASSWORD)->status, 200);
}
