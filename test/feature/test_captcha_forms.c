/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The captcha in forms: a challenge before it is asked for, and a ticket that counts by patience in
 * browsers without script.
 */
#include "attack.h"
#include "sample.h"
#include "solve.h"
#include "two_step.h"

#include "crypto/challenge.h"
#include "service/setting.h"

#include <string.h>

/* --- tickets: patience instead of script --- */

static struct reply *wait_and_try(struct client *c, const char *ticket, int64_t span)
{
    wait_for(span);
    return post(c, "/v1/auth/login", captcha_login(ticket));
}

TEST_IN_WORLD(a_ticket_counts_once_it_is_old_enough)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    always();
    const char *ticket = ticket_on(get(c, "/login"));
    CHECK_NUM((int64_t)strlen(ticket), CHALLENGE_CHARS);
    struct reply *r = wait_and_try(c, ticket, 10 * SECOND - 1);
    check_asks(r, "captcha_required", "login");
    CHECK(strstr(text_of(r, "detail"), "too early") != NULL);
    CHECK_TEXT(header_of(r, "retry-after"), "1");
    CHECK_NUM(wait_and_try(c, ticket, 1)->status, 200);
    check_wrong(c, ticket, "used before");
}

TEST_IN_WORLD(a_ticket_that_came_too_early_goes_on_counting_in_the_form)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    always();
    const char *ticket = ticket_on(get(c, "/login"));
    const char *form =
        text_format(test_arena(),
                    "email=ann%%40example.org&password=a+brand+new+walnut+desk&captcha=%s", ticket);
    wait_for(4 * SECOND);
    struct reply *r = post_form(c, "/login", form);
    CHECK_NUM(r->status, 403);
    CHECK_TEXT(ticket_on(r), ticket);
    CHECK(strstr(r->body, "wait-10") != NULL && strstr(r->body, ANN) != NULL);
    wait_for(6 * SECOND);
    CHECK_NUM(post_form(c, "/login", form)->status, 303);
}

TEST_IN_WORLD(a_network_has_one_ticket_at_a_time)
{
    struct client *c = client(w), *neighbour = client(w), *other = client(w);
    person(w, ANN, PASSWORD);
    always();
    c->ip = "198.51.100.7";
    neighbour->ip = "198.51.100.8";
    other->ip = "203.0.113.1";
    const char *one = ticket_on(get(c, "/login")), *two = ticket_on(get(neighbour, "/login"));
    const char *else_where = ticket_on(get(other, "/login")),
               *for_else = ticket_on(get(c, "/register"));
    CHECK_NUM(wait_and_try(c, one, 10 * SECOND)->status, 200);
    check_wrong(neighbour, two, "used before"); /* collected in store */
    CHECK_NUM(post(c, "/v1/auth/register",
                   json("email", BEN, "password", PASSWORD, "captcha", for_else, NULL))
                  ->status,
              403);
    CHECK_NUM(wait_and_try(other, else_where, 0)->status, 200);
    const char *after = ticket_on(get(neighbour, "/login"));
    CHECK_NUM(wait_and_try(neighbour, after, 10 * SECOND)->status, 200);
}

TEST_IN_WORLD(the_form_after_a_wrong_password_holds_the_next_ticket)
{
    static const char form[] = "email=ann%%40example.org&password=%s&captcha=%s";
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    always();
    clock_creep(3); /* the answer is made later than the request came */
    const char *ticket = ticket_on(get(c, "/login"));
    wait_for(10 * SECOND);
    struct reply *r = post_form(c, "/login", text_format(test_arena(), form, "wrong", ticket));
    CHECK_NUM(r->status, 401);
    ticket = ticket_on(r);
    wait_for(10 * SECOND);
    r = post_form(c, "/login", text_format(test_arena(), form, "a+brand+new+walnut+desk", ticket));
    CHECK_NUM(r->status, 303);
    clock_creep(0);
}

TEST_IN_WORLD(a_ticket_waits_longer_under_pressure)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    always();
    c->ip = "198.51.100.7";
    make_pressure(c->ip, 100);
    struct reply *page = get(c, "/login");
    CHECK(strstr(page->body, "wait-20") != NULL);
    CHECK_NUM(wait_and_try(c, ticket_on(page), 10 * SECOND)->status, 403);
    CHECK_NUM(wait_and_try(c, ticket_on(page), 10 * SECOND)->status, 200);
}

TEST_IN_WORLD(a_ticket_is_for_one_action_one_network_and_some_minutes)
{
    struct client *c = client(w), *other = client(w);
    person(w, ANN, PASSWORD);
    always();
    other->ip = "203.0.113.1";
    const char *ticket = ticket_on(get(c, "/login")), *wrong = ticket_on(get(c, "/register"));
    wait_for(10 * SECOND);
    check_wrong(c, wrong, "another action");
    check_wrong(other, ticket, "another");
    CHECK_NUM(wait_and_try(c, ticket, LIFETIME - 10 * SECOND)->status, 403);
}

TEST_IN_WORLD(forms_show_a_challenge_before_it_is_asked_for)
{
    static const struct {
        const char *path, *action;
    } pages[] = {
        { "/login", "login" },           { "/register", "register" },
        { "/magic-link", "magic_link" }, { "/forgot-password", "forgot_password" },
        { "/email-code", "email_code" },
    };
    struct client *c = client(w);
    for (size_t i = 0; i < COUNT(pages); i++) {
        CHECK_OK(setting_override(SETTING_CAPTCHA, "auto"));
        CHECK(strstr(get(c, pages[i].path)->body, "captcha") == NULL);
        always();
        const char *mark =
            text_format(test_arena(), "data-action=\"%s\" data-challenge=\"pow1", pages[i].action);
        CHECK(strstr(get(c, pages[i].path)->body, mark) != NULL);
    }
}

TEST_IN_WORLD(the_form_that_follows_holds_a_challenge_too)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    always();
    const char *answer = solved(c, "login");
    (void)get(c, "/login");
    struct reply *r = post_form(
        c, "/login",
        text_format(test_arena(), "email=ann%%40example.org&password=wrong&captcha=%s", answer));
    CHECK_NUM(r->status, 401);
    CHECK(strstr(r->body, "data-challenge=\"pow1") != NULL);
    CHECK(strstr(r->body, answer) == NULL);
}

/* Address and password in the form of a page, with its ticket once that counts. */
static struct reply *post_in_time(struct client *c, const char *path)
{
    const char *ticket = ticket_on(get(c, path));
    wait_for(10 * SECOND);
    return post_form(
        c, path,
        text_format(test_arena(),
                    "email=ann%%40example.org&password=a+brand+new+walnut+desk&captcha=%s",
                    ticket));
}

TEST_IN_WORLD(both_steps_by_form_without_script)
{
    struct app app = two_step(w, ANN);
    struct client *c = client(w);
    always();
    struct reply *r = post_in_time(c, "/login");
    CHECK_NUM(r->status, 303);
    CHECK(text_starts(header_of(r, "location"), "/2fa/verify"));
    const char *ticket = ticket_on(get(c, "/2fa/verify"));
    r = post_form(c, "/2fa/verify", text_format(test_arena(), "code=%s", code_at(&app, 0)));
    CHECK_NUM(r->status, 403);
    CHECK(strstr(r->body, "data-action=\"two_factor\"") != NULL);
    wait_for(10 * SECOND);
    r = post_form(c, "/2fa/verify",
                  text_format(test_arena(), "code=%s&captcha=%s", code_at(&app, 0), ticket));
    CHECK_NUM(r->status, 303);
    CHECK_TEXT(text_of(get(c, "/v1/auth/me"), "user.email"), ANN);
}

TEST_IN_WORLD(a_mail_is_asked_for_again_by_form_with_a_captcha)
{
    struct client *c = client(w);
    always();
    struct reply *r = post_in_time(c, "/register");
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, "data-action=\"resend_verification\"") != NULL);
    r = post_form(c, "/resend-verification", "email=ann%40example.org");
    CHECK_NUM(r->status, 403);
    CHECK(strstr(r->body, ANN) != NULL);
    const char *ticket = ticket_on(r);
    CHECK(*ticket);
    wait_for(10 * SECOND);
    r = post_form(c, "/resend-verification",
                  text_format(test_arena(), "email=ann%%40example.org&captcha=%s", ticket));
    CHECK_NUM(r->status, 200);
    (void)mailed(w, ANN, "verify_email");
    CHECK_NUM(mail_count(w, ANN, "verify_email"), 2);
}

static bool takes_captcha(const struct route *route)
{
    for (int i = 0; i < ROUTE_FIELDS && route->fields[i].name; i++)
        if (text_equal(route->fields[i].name, "captcha"))
            return true;
    return false;
}

/* A door of the second step wants a sign-in first. */
static bool is_second_step(const struct route *route)
{
    return strstr(route->path, "2fa") || strstr(route->path, "recovery");
}

TEST_IN_WORLD(every_door_that_takes_a_captcha_asks_for_it)
{
    size_t asked = 0;
    always();
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *route = router_nth(i);
        struct client *c = client(w);
        bool is_page = !route_is_api(route);
        if (!takes_captcha(route) || is_second_step(route))
            continue;
        CHECK_OK(setting_override(SETTING_SIGN_UP,
                                  strstr(route->path, "waitlist") ? "waitlist" : "open"));
        if (is_page)
            (void)get(c, "/login");
        struct reply *r = call(c, http_method_name(route->method), route->path,
                               sample_body(route, is_page ? c->csrf : NULL, NULL, NULL));
        if (r->status != 403 || !strstr(r->body, is_page ? "data-challenge=" : "captcha_wrong"))
            test_fail(__FILE__, __LINE__, "%s %s: %d %.300s", http_method_name(route->method),
                      route->path, r->status, r->body);
        asked++;
    }
    CHECK(asked >= 13);
}
