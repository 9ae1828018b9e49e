/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second step: MFA-01 to MFA-05, and who wins when many come at once.
 */
#include "two_step.h"

#include "base/clock.h"
#include "sample.h"
#include "service/setting.h"

#include <string.h>

enum { CROWD = 64, ROUNDS = 3 };

static const char *code_of(const struct reply *r)
{
    return text_of(r, "code");
}

/* --- the way it should go --- */

TEST_IN_WORLD(both_steps_open_a_session_of_the_higher_level)
{
    struct app app = two_step(w, ANN);
    struct client *c = client(w);
    struct reply *r = login(c, ANN, PASSWORD);
    CHECK_NUM(r->status, 200);
    CHECK(text_of(r, "pending_token") && !text_of(r, "access_token"));
    CHECK_TEXT(text_of(r, "methods.0"), "totp");
    CHECK_TEXT(text_of(r, "methods.1"), "recovery_code");
    CHECK_NUM(num_of(r, "expires_in"), 600);

    r = second_step(c, text_of(r, "pending_token"), code_at(&app, 0));
    CHECK_NUM(r->status, 200);
    CHECK(text_of(r, "access_token") && text_of(r, "refresh_token"));
    CHECK_TEXT(text_of(r, "user.email"), ANN);
    r = get(c, "/v1/auth/me");
    CHECK_TEXT(text_of(r, "session.acr"), "aal2");
    CHECK(strstr(r->body, "\"amr\":[\"pwd\",\"otp\",\"mfa\"]"));
    CHECK(strstr(r->body, "\"mfa_enabled\":true"));
}

TEST_IN_WORLD(a_code_may_be_typed_with_spaces_and_be_a_step_old)
{
    struct app app = two_step(w, ANN);
    struct client *c = client(w);
    const char *code = code_at(&app, 0);
    wait_for(30 * SECOND);
    code = text_format(test_arena(), " %.3s %s", code, code + 3);
    CHECK_NUM(second_step(c, first_step(c, ANN), code)->status, 200);
}

/* --- MFA-01: one step of two opens nothing --- */

TEST_IN_WORLD(MFA_01_a_pending_sign_in_opens_no_door)
{
    struct app app = two_step(w, ANN);
    struct client *thief = client(w);
    const char *handle = first_step(thief, ANN);
    thief->bearer = handle;
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *route = router_nth(i);
        if (route->access < SIGNED_IN || route->access > ADMIN)
            continue;
        const char *body = route_is_safe(route) ? NULL : sample_body(route, "x", "none", "x");
        struct reply *r =
            call(thief, http_method_name(route->method), sample_path(route, "x"), body);
        bool leads_to_login = r->status == 303 && text_starts(header_of(r, "location"), "/login");
        if (r->status != 401 && r->status != 403 && !leads_to_login)
            test_fail(__FILE__, __LINE__, "%s: %d", route->path, r->status);
    }
    thief->bearer = NULL;
    thief->cookie_names[0] = "cardea";
    thief->cookie_values[0] = handle;
    CHECK_NUM(get(thief, "/v1/auth/me")->status, 401);
    CHECK_NUM(post(thief, "/v1/auth/refresh", json("refresh_token", handle, NULL))->status, 401);
    CHECK_NUM(second_step(client(w), handle, code_at(&app, 0))->status, 200);
}

TEST_IN_WORLD(MFA_01_no_step_can_be_left_out)
{
    struct app app = two_step(w, ANN);
    struct client *c = client(w);
    const char *handle = first_step(c, ANN), *code = code_at(&app, 0);
    CHECK_NUM(second_step(c, handle, "")->status, 422);
    CHECK_NUM(post(c, "/v1/auth/2fa/verify", json("pending_token", handle, NULL))->status, 422);
    CHECK_NUM(post(c, "/v1/auth/2fa/verify", json("code", code, NULL))->status, 422);
    CHECK_NUM(second_step(c, "pnd_x", code)->status, 401);
    CHECK_NUM(second_step(c, app.owner->refresh, code)->status, 401);
    CHECK_NUM(second_step(c, handle, code)->status, 200);
    /* The handle has done its work, whatever code comes. */
    wait_for(30 * SECOND);
    struct reply *r = second_step(c, handle, code_at(&app, 0));
    CHECK_NUM(r->status, 401);
    CHECK_TEXT(code_of(r), "sign_in_expired");
    CHECK_TEXT(code_of(recover(c, handle, app.codes[0])), "sign_in_expired");
}

TEST_IN_WORLD(MFA_01_a_handle_is_worth_nothing_elsewhere_or_later)
{
    struct app app = two_step(w, ANN);
    struct client *c = client(w), *far = client(w), *other = client(w);
    const char *handle = first_step(c, ANN);
    far->ip = "198.51.100.7";
    other->user_agent = "curl/8.0";
    CHECK_TEXT(code_of(second_step(far, handle, code_at(&app, 0))), "sign_in_expired");
    CHECK_TEXT(code_of(second_step(other, handle, code_at(&app, 0))), "sign_in_expired");
    wait_for(10 * MINUTE + SECOND);
    CHECK_TEXT(code_of(second_step(c, handle, code_at(&app, 0))), "sign_in_expired");
    CHECK_TEXT(code_of(recover(c, handle, app.codes[0])), "sign_in_expired");
}

TEST_IN_WORLD(MFA_01_a_handle_is_void_after_a_new_password)
{
    struct app app = two_step(w, ANN);
    struct client *thief = client(w);
    const char *handle = first_step(thief, ANN);
    CHECK_NUM(reset(client(w), reset_token(w, ANN), "another walnut chair")->status, 200);
    CHECK_TEXT(code_of(second_step(thief, handle, code_at(&app, 0))), "sign_in_expired");
    /* A reset touches no second factor. */
    struct client *c = client(w);
    struct reply *r = login(c, ANN, "another walnut chair");
    CHECK(text_of(r, "pending_token"));
    CHECK_NUM(second_step(c, text_of(r, "pending_token"), code_at(&app, 0))->status, 200);
}

TEST_IN_WORLD(MFA_01_codes_of_one_account_finish_no_other_sign_in)
{
    struct app ann = two_step(w, ANN), ben = two_step(w, BEN);
    struct client *c = client(w);
    const char *handle = first_step(c, ANN);
    CHECK_TEXT(code_of(second_step(c, handle, code_at(&ben, 0))), "code_wrong");
    CHECK_TEXT(code_of(recover(c, handle, ben.codes[0])), "code_wrong");
    CHECK_NUM(second_step(c, handle, code_at(&ann, 0))->status, 200);
}

/* --- MFA-02: guessing --- */

/* A guess with everything new: address, browser, sign-in. */
static struct reply *guess(struct world *w, int i, const char *code)
{
    struct client *c = client(w);
    c->ip = text_format(test_arena(), "198.51.%d.%d", i / 200 + 1, i % 200 + 1);
    return second_step(c, first_step(c, ANN), code);
}

TEST_IN_WORLD(MFA_02_every_fifth_wrong_code_locks_for_five_minutes)
{
    struct app app = two_step(w, ANN);
    for (int i = 0; i < 5; i++)
        CHECK_TEXT(code_of(guess(w, i, code_at(&app, 5 + i))), "code_wrong");
    struct reply *r = guess(w, 9, code_at(&app, 0)); /* right, but not judged any more */
    CHECK_NUM(r->status, 423);
    CHECK_TEXT(code_of(r), "locked");
    CHECK_NUM(num_of(r, "retry_after"), 300);
    CHECK_NUM(mail_count(w, ANN, "account_locked"), 1);
    CHECK(has_audit(w, "authenticator.locked"));
    wait_for(5 * MINUTE);
    CHECK_NUM(guess(w, 10, code_at(&app, 0))->status, 200);
    /* A success starts the count afresh. */
    wait_for(30 * SECOND);
    for (int i = 0; i < 4; i++)
        CHECK_TEXT(code_of(guess(w, 20 + i, code_at(&app, 5 + i))), "code_wrong");
    CHECK_NUM(guess(w, 30, code_at(&app, 0))->status, 200);
}

TEST_IN_WORLD(MFA_02_at_most_a_hundred_guesses_are_ever_judged)
{
    struct app app = two_step(w, ANN);
    int judged = 0, i = 0;
    for (; i < 130; i++) {
        struct reply *r = guess(w, i, code_at(&app, 5));
        judged += text_equal(code_of(r), "code_wrong");
        if (text_equal(code_of(r), "locked"))
            wait_for(HOUR);
        if (text_equal(code_of(r), "authenticator_disabled"))
            break;
    }
    CHECK_NUM(judged, 100);
    wait_for(30 * DAY); /* time does not help, nor does the right code */
    CHECK_TEXT(code_of(guess(w, i, code_at(&app, 0))), "authenticator_disabled");
    /* A recovery code still gets in, and does not open the app's door again. */
    struct client *c = client(w);
    CHECK_NUM(recover(c, first_step(c, ANN), app.codes[0])->status, 200);
    CHECK_TEXT(code_of(guess(w, i, code_at(&app, 0))), "authenticator_disabled");
    /* Binding an app anew does. */
    struct app fresh;
    CHECK_NUM(set_up(c, &fresh)->status, 200);
    wait_for(30 * SECOND);
    CHECK_NUM(guess(w, i, code_at(&fresh, 0))->status, 200);
}

/* Many guesses at once are worth no more than one after the other. */
struct guessers {
    struct world *w;
    const struct app *app;
    const char *handles[CROWD];
    const char *wrong;
    int status[CROWD];
};

static void guess_once(void *arg, int i)
{
    struct guessers *g = arg;
    g->status[i] = second_step(client(g->w), g->handles[i], g->wrong)->status;
}

TEST_IN_WORLD(MFA_02_parallel_guesses_are_counted_one_by_one)
{
    struct app app = two_step(w, ANN);
    struct guessers g = { .w = w, .app = &app, .wrong = code_at(&app, 7) };
    int judged = 0;
    const char *handle = first_step(client(w), ANN);
    for (int i = 0; i < CROWD; i++)
        g.handles[i] = handle;
    crowd(CROWD, guess_once, &g);
    for (int i = 0; i < CROWD; i++)
        judged += g.status[i] == 401;
    CHECK_NUM(judged, 5);
    CHECK_NUM(count_of(w, "SELECT failures FROM lockout"), 5);
}

/* --- MFA-03: once --- */

TEST_IN_WORLD(MFA_03_a_code_is_accepted_once)
{
    struct app app = two_step(w, ANN);
    struct client *c = client(w);
    const char *code = code_at(&app, 0);
    CHECK_NUM(second_step(c, first_step(c, ANN), code)->status, 200);
    struct reply *r = second_step(c, first_step(c, ANN), code);
    CHECK_NUM(r->status, 401);
    CHECK_TEXT(code_of(r), "code_used");
    CHECK(has_audit(w, "code.reused"));
    wait_for(30 * SECOND);
    CHECK_TEXT(code_of(second_step(c, first_step(c, ANN), code)), "code_used");
    CHECK_NUM(second_step(c, first_step(c, ANN), code_at(&app, 0))->status, 200);
}

/* Once an hour; a code that is only wrong is no news, and neither is haste while signed in. */
TEST_IN_WORLD(MFA_03_a_code_used_again_is_told_to_its_owner)
{
    struct app app = two_step(w, ANN);
    struct client *thief = client(w);
    const char *code = code_at(&app, 0);
    CHECK_NUM(second_step(thief, first_step(thief, ANN), code)->status, 200);
    CHECK_NUM(second_step(thief, first_step(thief, ANN), code_at(&app, 5))->status, 401);
    CHECK_NUM(post(app.owner, "/v1/auth/reauth", json("code", code, NULL))->status, 401);
    CHECK_NUM(mail_count(w, ANN, "code_reused"), 0);
    for (int i = 1; i <= 2; i++) {
        CHECK_TEXT(code_of(second_step(thief, first_step(thief, ANN), code)), "code_used");
        CHECK_TEXT(code_of(second_step(thief, first_step(thief, ANN), code)), "code_used");
        CHECK_NUM(mail_count(w, ANN, "code_reused"), i);
        wait_for(HOUR + SECOND);
        code = code_at(&app, 0);
        CHECK_NUM(second_step(thief, first_step(thief, ANN), code)->status, 200);
    }
}

TEST_IN_WORLD(MFA_03_the_code_that_confirmed_the_app_is_used)
{
    struct app app;
    struct client *c = signed_in(w, ANN);
    CHECK_NUM(set_up(c, &app)->status, 200);
    CHECK_TEXT(code_of(second_step(client(w), first_step(client(w), ANN), code_at(&app, 0))),
               "code_used");
}

TEST_IN_WORLD(MFA_03_no_older_code_after_a_newer_one)
{
    struct app app = two_step(w, ANN);
    struct client *c = client(w);
    wait_for(30 * SECOND);
    CHECK_NUM(second_step(c, first_step(c, ANN), code_at(&app, 0))->status, 200);
    CHECK_TEXT(code_of(second_step(c, first_step(c, ANN), code_at(&app, -1))), "code_used");
}

TEST_IN_WORLD(MFA_03_a_clock_set_back_makes_no_code_good_again)
{
    struct app app = two_step(w, ANN);
    struct client *c = client(w);
    wait_for(HOUR);
    const char *code = code_at(&app, 0);
    CHECK_NUM(second_step(c, first_step(c, ANN), code)->status, 200);
    wait_for(-HOUR);
    CHECK_TEXT(code_of(second_step(c, first_step(c, ANN), code_at(&app, 0))), "code_used");
    CHECK_TEXT(code_of(second_step(c, first_step(c, ANN), code)), "code_wrong");
}

static void step_once(void *arg, int i)
{
    struct guessers *g = arg;
    g->status[i] = second_step(client(g->w), g->handles[i], g->wrong)->status;
}

/* Ten sign-ins of one account wait at most, so the crowd shares their handles. */
TEST_IN_WORLD(RACE_01_a_TOTP_step_has_one_winner)
{
    struct app app = two_step(w, ANN);
    for (int round = 0; round < ROUNDS; round++) {
        struct guessers g = { .w = w, .wrong = code_at(&app, 0) };
        int winners = 0;
        for (int i = 0; i < CROWD; i++)
            g.handles[i] = i < 8 ? first_step(client(w), ANN) : g.handles[i % 8];
        crowd(CROWD, step_once, &g);
        for (int i = 0; i < CROWD; i++) {
            winners += g.status[i] == 200;
            CHECK(g.status[i] == 200 || g.status[i] == 401 || g.status[i] == 423);
        }
        CHECK_NUM(winners, 1);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM audit WHERE event = 'session.started'"),
                  round + 2);
        wait_for(5 * MINUTE);
    }
}

/* The used step is in the store, not in a process. */
TEST_ON_STORES(MFA_03_a_code_stays_used_after_a_restart)
{
    struct world *w = world_open(db);
    REQUIRE(w);
    struct app app = two_step(w, ANN);
    const char *code = code_at(&app, 0);
    struct client *c = client(w);
    int64_t now = clock_now();
    CHECK_NUM(second_step(c, first_step(c, ANN), code)->status, 200);
    world_close(w);

    w = world_open(db);
    REQUIRE(w);
    clock_freeze(now);
    c = client(w);
    CHECK_TEXT(code_of(second_step(c, first_step(c, ANN), code)), "code_used");
    wait_for(30 * SECOND);
    CHECK_NUM(second_step(c, first_step(c, ANN), code_at(&app, 0))->status, 200);
    world_close(w);
}

/* --- MFA-04: drift --- */

TEST_IN_WORLD(MFA_04_codes_of_other_steps_are_wrong)
{
    struct app app = two_step(w, ANN);
    static const int64_t drifts[] = { -2, 1, 2 };
    struct client *c = client(w);
    wait_for(MINUTE);
    for (size_t i = 0; i < COUNT(drifts); i++)
        CHECK_TEXT(code_of(second_step(c, first_step(c, ANN), code_at(&app, drifts[i]))),
                   "code_wrong");
    CHECK_NUM(second_step(c, first_step(c, ANN), code_at(&app, -1))->status, 200);
}

/* --- MFA-05: recovery codes --- */

TEST_IN_WORLD(MFA_05_a_recovery_code_works_once_and_its_owner_is_told)
{
    struct app app = two_step(w, ANN);
    struct client *c = client(w);
    struct reply *r = recover(c, first_step(c, ANN), app.codes[3]);
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(get(c, "/v1/auth/me"), "session.acr"), "aal2");
    const struct mail *m = mailed(w, ANN, "recovery_code_used");
    REQUIRE(m);
    CHECK(strstr(m->text, "Codes left: 9"));
    CHECK(has_audit(w, "recovery_code.used"));
    CHECK_TEXT(code_of(recover(c, first_step(c, ANN), app.codes[3])), "code_wrong");
    CHECK_NUM(mail_count(w, ANN, "recovery_code_used"), 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM recovery_code"), 9);
}

TEST_IN_WORLD(MFA_05_a_recovery_code_in_other_spellings)
{
    struct app app = two_step(w, ANN);
    struct client *c = client(w);
    char *upper = text_copy(test_arena(), mem_text(app.codes[0]));
    for (char *p = upper; *p; p++)
        *p = *p == '-' ? ' ' : *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p;
    CHECK_NUM(recover(c, first_step(c, ANN), upper)->status, 200);
    CHECK_TEXT(code_of(recover(c, first_step(c, ANN), app.codes[0])), "code_wrong");
    char *short_by_one = text_copy(test_arena(), mem_text(app.codes[1]));
    short_by_one[strlen(short_by_one) - 1] = 0;
    CHECK_TEXT(code_of(recover(c, first_step(c, ANN), short_by_one)), "code_wrong");
    CHECK_NUM(recover(c, first_step(c, ANN), app.codes[1])->status, 200);
}

TEST_IN_WORLD(MFA_05_new_codes_void_the_old)
{
    struct app app = two_step(w, ANN);
    struct reply *r = post(app.owner, "/v1/auth/2fa/recovery-codes", "{}");
    CHECK_NUM(r->status, 200);
    const char *fresh = text_of(r, "recovery_codes.9");
    CHECK(mailed(w, ANN, "recovery_codes_renewed"));
    CHECK(has_audit(w, "recovery_codes.renewed"));
    struct client *c = client(w);
    for (int i = 0; i < 4; i++)
        CHECK_TEXT(code_of(recover(c, first_step(c, ANN), app.codes[i])), "code_wrong");
    CHECK_NUM(recover(c, first_step(c, ANN), fresh)->status, 200);
}

TEST_IN_WORLD(MFA_05_guessing_recovery_codes_is_counted_apart)
{
    struct app app = two_step(w, ANN);
    struct client *c = client(w);
    for (int i = 0; i < 5; i++)
        CHECK_TEXT(code_of(recover(c, first_step(c, ANN), "00000-00000-00000-00000-00000")),
                   "code_wrong");
    CHECK_TEXT(code_of(recover(c, first_step(c, ANN), app.codes[0])), "locked");
    CHECK_NUM(second_step(c, first_step(c, ANN), code_at(&app, 0))->status, 200);
    CHECK_TEXT(code_of(recover(c, first_step(c, ANN), app.codes[0])), "locked");
    wait_for(5 * MINUTE);
    CHECK_NUM(recover(c, first_step(c, ANN), app.codes[0])->status, 200);
}

static void recover_once(void *arg, int i)
{
    struct guessers *g = arg;
    g->status[i] = recover(client(g->w), g->handles[i], g->wrong)->status;
}

TEST_IN_WORLD(RACE_01_a_recovery_code_has_one_winner)
{
    struct app app = two_step(w, ANN);
    for (int round = 0; round < ROUNDS; round++) {
        struct guessers g = { .w = w, .wrong = app.codes[round] };
        int winners = 0;
        for (int i = 0; i < CROWD; i++)
            g.handles[i] = i < 8 ? first_step(client(w), ANN) : g.handles[i % 8];
        crowd(CROWD, recover_once, &g);
        for (int i = 0; i < CROWD; i++) {
            winners += g.status[i] == 200;
            CHECK(g.status[i] == 200 || g.status[i] == 401 || g.status[i] == 423);
        }
        CHECK_NUM(winners, 1);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM recovery_code"), CODES - 1 - round);
        wait_for(5 * MINUTE);
    }
}
