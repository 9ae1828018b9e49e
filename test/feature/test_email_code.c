/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing in by a mailed code: eight digits that are good once, cannot be guessed however often
 * somebody asks for new ones, and tell nobody who has an account.
 */
#include "attack.h"

#include "base/clock.h"
#include "crypto/digest.h"
#include "service/setting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FRESH "a chair of cherry wood"
#define MALLORYS "mallory was here first"
#define NOBODY "nobody@example.org"

enum { CROWD = 64 };

static struct reply *ask(struct client *c, const char *email)
{
    return post(c, "/v1/auth/email-code", json("email", email, NULL));
}

static struct reply *enter(struct client *c, const char *email, const char *code)
{
    return post(c, "/v1/auth/email-code/verify", json("email", email, "code", code, NULL));
}

/* The eight digits in the newest mail of a kind. */
static const char *mailed_code(struct world *w, const char *to, const char *kind)
{
    const struct mail *mail = mailed(w, to, kind);
    for (const char *p = mail ? mail->text : ""; *p; p++) {
        size_t n = strspn(p, "0123456789");
        if (n == 8)
            return text_copy(test_arena(), MEM(p, n));
        if (n)
            p += n - 1;
    }
    return "";
}

static const char *code_for(struct client *c, const char *email)
{
    CHECK_NUM(ask(c, email)->status, 202);
    const char *code = mailed_code(c->w, email, "sign_in_code");
    CHECK_NUM((int64_t)strlen(code), 8);
    return code;
}

static const char *another(const char *code)
{
    char *copy = text_copy(test_arena(), mem_text(code));
    copy[7] = copy[7] == '9' ? '0' : (char)(copy[7] + 1);
    return copy;
}

static const char *spaced(const char *code)
{
    return text_format(test_arena(), "%.4s %s", code, code + 4);
}

/* --- the main job --- */

TEST_IN_WORLD(a_code_signs_in_by_api)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    struct reply *r = ask(c, ANN);
    CHECK_NUM(r->status, 202);
    CHECK_TEXT(text_of(r, "status"), "code_sent");
    CHECK(header_of(r, "set-cookie") == NULL);
    const struct mail *mail = mailed(w, ANN, "sign_in_code");
    REQUIRE(mail);
    CHECK(strstr(mail->text, "token=") == NULL); /* the API keeps both apart */
    CHECK(strstr(mail->subject, mailed_code(w, ANN, "sign_in_code")) == NULL);

    r = enter(c, "ANN@example.org", spaced(mailed_code(w, ANN, "sign_in_code")));
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "user.email"), ANN);
    c->bearer = text_of(r, "access_token");
    r = get(c, "/v1/auth/me");
    CHECK(strstr(r->body, "\"amr\":[\"email\"]") != NULL);
    CHECK_TEXT(text_of(r, "session.acr"), "aal1");
    CHECK(has_audit(w, "email_code.sent") && has_audit(w, "session.started"));
}

TEST_IN_WORLD(a_code_signs_in_by_page_from_the_mail_that_has_the_link)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    (void)get(c, "/magic-link");
    struct reply *r = post_form(c, "/magic-link", "email=ann%40example.org&next=/settings");
    CHECK(strstr(r->body, "autocomplete=\"one-time-code\"") != NULL);
    const char *code = mailed_code(w, ANN, "magic_link");
    const char *form =
        text_format(test_arena(), "email=ann%%40example.org&next=/settings&code=%s", another(code));
    r = post_form(c, "/email-code", form);
    CHECK_NUM(r->status, 401);
    CHECK(strstr(r->body, "name=\"code\"") != NULL && strstr(r->body, ANN) != NULL);
    form = text_format(test_arena(), "email=ann%%40example.org&next=/settings&code=%s", code);
    r = post_form(c, "/email-code", form);
    CHECK_NUM(r->status, 303);
    CHECK_TEXT(header_of(r, "location"), "/settings");
    CHECK_TEXT(text_of(get(c, "/v1/auth/me"), "user.email"), ANN);
    /* The link of the same mail is used up with it. */
    CHECK_NUM(post(client(w), "/v1/auth/magic-link/verify",
                   json("token", mailed_token(w, ANN, "magic_link"), NULL))
                  ->status,
              410);
}

TEST_IN_WORLD(the_link_uses_the_code_of_its_mail_up)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    (void)get(c, "/magic-link");
    (void)post_form(c, "/magic-link", "email=ann%40example.org");
    CHECK_NUM(post(client(w), "/v1/auth/magic-link/verify",
                   json("token", mailed_token(w, ANN, "magic_link"), NULL))
                  ->status,
              200);
    CHECK_NUM(enter(client(w), ANN, mailed_code(w, ANN, "magic_link"))->status, 401);
}

TEST_IN_WORLD(the_newest_code_counts)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    const char *first = code_for(c, ANN);
    wait_for(MINUTE);
    const char *second = code_for(c, ANN);
    CHECK_NUM(enter(c, ANN, text_equal(first, second) ? another(first) : first)->status, 401);
    CHECK_NUM(enter(c, ANN, second)->status, 200);
}

TEST_IN_WORLD(a_code_lives_for_minutes)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    const char *code = code_for(c, ANN);
    wait_for(10 * MINUTE);
    CHECK_NUM(enter(c, ANN, code)->status, 401);
    code = code_for(c, ANN);
    wait_for(10 * MINUTE - SECOND);
    CHECK_NUM(enter(c, ANN, code)->status, 200);
    (void)code_for(c, ANN);
    wait_for(2 * HOUR);
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM email_code"), 0); /* purged */
}

TEST_IN_WORLD(TOK_01_a_code_works_once_and_for_its_own_address)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    person(w, BEN, PASSWORD);
    const char *anns = code_for(c, ANN), *bens = code_for(c, BEN);
    if (!text_equal(anns, bens))
        CHECK_NUM(enter(c, BEN, anns)->status, 401);
    CHECK_NUM(enter(c, NOBODY, anns)->status, 401);
    CHECK_NUM(enter(c, ANN, anns)->status, 200);
    CHECK_NUM(enter(c, ANN, anns)->status, 401);
    CHECK_NUM(enter(c, BEN, bens)->status, 200);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 2);
}

TEST_IN_WORLD(TOK_03_almost_a_code_is_none)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    const char *code = code_for(c, ANN);
    const char *almost[] = { text_format(test_arena(), "%.7s", code),
                             text_format(test_arena(), "%s0", code),
                             text_format(test_arena(), "0%s", code),
                             text_format(test_arena(), "%.4s.%s", code, code + 4) };
    for (size_t i = 0; i < COUNT(almost); i++) {
        int status = enter(c, ANN, almost[i])->status;
        if (status != 401 && status != 422)
            test_fail(__FILE__, __LINE__, "\"%s\" gives %d", almost[i], status);
    }
    CHECK_NUM(enter(c, ANN, code)->status, 200);
}

/* Eight digits are hashed through in a second, so a plain hash of them would be the code itself. */
TEST_IN_WORLD(TOK_08_what_is_stored_of_a_code_is_keyed)
{
    uint8_t hash[SHA256_BYTES];
    person(w, ANN, PASSWORD);
    const char *code = code_for(client(w), ANN);
    const char *id = text_from(w, "SELECT id FROM email_code", V_NONE);
    const char *plain[] = { code,
                            text_format(test_arena(), "%s:%s", id, code),
                            text_format(test_arena(), "%s%s", id, code),
                            text_format(test_arena(), "%s%s", code, id),
                            text_format(test_arena(), "%s:%s", ANN, code),
                            text_format(test_arena(), "%s%s", ANN, code) };
    struct mem dump = dump_of(w);
    CHECK(dump_has(w, dump, mem_text(id)));
    for (size_t i = 0; i < COUNT(plain); i++) {
        sha256(mem_text(plain[i]), hash);
        CHECK(!dump_has(w, dump, MEM(hash, sizeof hash)));
    }
    /* A hash that is copied to another account's row opens nothing there. */
    person(w, BEN, PASSWORD);
    (void)code_for(client(w), BEN);
    tamper(w,
           "UPDATE email_code SET code_hash = (SELECT code_hash FROM email_code WHERE id = $1)"
           " WHERE id <> $1",
           V(text(id)));
    CHECK_NUM(enter(client(w), BEN, code)->status, 401);
    CHECK_NUM(enter(client(w), ANN, code)->status, 200);
}

/* --- guessing --- */

static void check_locked(const struct reply *r)
{
    CHECK_NUM(r->status, 423);
    CHECK_TEXT(text_of(r, "code"), "locked");
    CHECK(num_of(r, "retry_after") > 0);
    CHECK(header_of(r, "retry-after") != NULL);
}

TEST_IN_WORLD(RATE_05_a_new_code_does_not_reset_the_count)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    for (int i = 0; i < 5; i++) {
        const char *code = code_for(c, ANN);
        wait_for(MINUTE);
        CHECK_NUM(enter(c, ANN, another(code))->status, 401);
    }
    const char *code = code_for(c, ANN);
    check_locked(enter(c, ANN, code)); /* the right one, too */
    CHECK_NUM(mail_count(w, ANN, "account_locked"), 1);
    CHECK(has_audit(w, "authenticator.locked") && has_audit(w, "proof.refused"));
    wait_for(5 * MINUTE);
    CHECK_NUM(enter(c, ANN, code)->status, 200);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM lockout_address"), 0); /* only success clears it */
}

/* A link proves the mailbox, which binds its codes anew. */
TEST_IN_WORLD(RATE_03_after_a_hundred_wrong_codes_only_a_link_or_a_reset_helps)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    (void)enter(c, ANN, "00000000");
    tamper(w, "UPDATE lockout_address SET failures = 99, locked_until = NULL", V_NONE);
    CHECK_NUM(enter(c, ANN, "00000000")->status, 401);
    wait_for(400 * DAY);
    const char *code = code_for(c, ANN);
    struct reply *r = enter(c, ANN, code);
    CHECK_NUM(r->status, 423);
    CHECK_TEXT(text_of(r, "code"), "authenticator_disabled");
    CHECK_NUM(post(c, "/v1/auth/magic-link", json("email", ANN, NULL))->status, 202);
    const char *token = mailed_token(w, ANN, "magic_link");
    CHECK_NUM(post(c, "/v1/auth/magic-link/verify", json("token", token, NULL))->status, 200);
    CHECK_NUM(enter(c, ANN, code_for(c, ANN))->status, 200);

    (void)enter(c, ANN, "00000000");
    tamper(w, "UPDATE lockout_address SET failures = 100, locked_until = NULL", V_NONE);
    CHECK_NUM(reset(c, reset_token(w, ANN), FRESH)->status, 200);
    CHECK_NUM(enter(c, ANN, code_for(c, ANN))->status, 200);
}

TEST_IN_WORLD(RATE_06_page_and_api_and_every_address_share_the_count)
{
    person(w, ANN, PASSWORD);
    const char *code = code_for(client(w), ANN);
    for (int i = 0; i < 5; i++) {
        struct client *c = client(w);
        c->ip = text_format(test_arena(), "198.51.100.%d", 1 + i);
        (void)get(c, "/email-code");
        struct reply *r =
            i % 2 ? enter(c, ANN, another(code))
                  : post_form(c, "/email-code",
                              text_format(test_arena(), "email=Ann%%40example.org&code=%s",
                                          another(code)));
        CHECK_NUM(r->status, 401);
    }
    struct client *c = client(w);
    check_locked(enter(c, ANN, code));
    (void)get(c, "/email-code");
    struct reply *r = post_form(
        c, "/email-code", text_format(test_arena(), "email=ann%%40example.org&code=%s", code));
    CHECK_NUM(r->status, 423);
    CHECK(strstr(r->body, "name=\"code\"") != NULL);
}

struct race {
    struct world *w;
    const char *code;
    int status[CROWD];
};

static void enter_once(void *arg, int i)
{
    struct race *race = arg;
    race->status[i] = enter(client(race->w), ANN, race->code)->status;
}

TEST_IN_WORLD(RACE_01_a_code_has_one_winner)
{
    person(w, ANN, PASSWORD);
    for (int round = 0; round < 3; round++) {
        struct race race = { .w = w, .code = code_for(client(w), ANN) };
        int winners = 0;
        crowd(CROWD, enter_once, &race);
        for (int i = 0; i < CROWD; i++) {
            winners += race.status[i] == 200;
            if (race.status[i] != 200 && race.status[i] != 401 && race.status[i] != 423)
                test_fail(__FILE__, __LINE__, "somebody got %d", race.status[i]);
        }
        CHECK_NUM(winners, 1);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), round + 1);
        wait_for(6 * MINUTE);
    }
}

TEST_IN_WORLD(RATE_09_a_crowd_gets_no_more_guesses)
{
    person(w, ANN, PASSWORD);
    struct race race = { .w = w, .code = another(code_for(client(w), ANN)) };
    int judged = 0;
    crowd(CROWD, enter_once, &race);
    for (int i = 0; i < CROWD; i++)
        judged += race.status[i] == 401;
    CHECK_NUM(judged, 5);
    CHECK_NUM(mail_count(w, ANN, "account_locked"), 1);
}

/* --- nothing to learn --- */

TEST_IN_WORLD(ENUM_05_asking_for_a_code_looks_alike)
{
    struct client *c = plain_client(w);
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    struct reply *first = ask(c, ANN);
    CHECK_NUM(first->status, 202);
    wait_for(DAY);
    person(w, ANN, PASSWORD);
    wait_for(DAY);
    check_alike("verified", first, ask(c, ANN));
    tamper(w, "UPDATE account SET locked_at = 1", V_NONE);
    run_jobs(w);
    wait_for(DAY);
    check_alike("locked", first, ask(c, ANN));
    CHECK_NUM(mail_count(w, ANN, "sign_in_code"), 1);
}

/* The same answers, try by try, for addresses in every state; a code waits for some of them. */
TEST_IN_WORLD(ENUM_06_wrong_codes_lock_an_address_whether_or_not_it_has_an_account)
{
    enum { TRIES = 13, STATES = 5 };
    static const char *const emails[STATES] = { NOBODY, ANN, BEN, "new@example.org",
                                                "closed@example.org" };
    struct reply *first[TRIES];
    person(w, ANN, PASSWORD);
    person(w, BEN, PASSWORD);
    person(w, "closed@example.org", PASSWORD);
    tamper(w, "UPDATE account SET locked_at = 1 WHERE email_key = 'closed@example.org'", V_NONE);
    (void)post(client(w), "/v1/auth/register",
               json("email", "new@example.org", "password", PASSWORD, NULL));
    (void)ask(client(w), ANN);
    run_jobs(w);
    const char *wrong = another(mailed_code(w, ANN, "sign_in_code"));
    for (int k = 0; k < STATES; k++) {
        struct client *c = plain_client(w);
        for (int i = 0; i < TRIES; i++) {
            int64_t audits = count_of(w, "SELECT count(*) FROM audit");
            int64_t tasks = count_of(w, "SELECT count(*) FROM task");
            struct reply *r = enter(c, emails[k], wrong);
            audits = count_of(w, "SELECT count(*) FROM audit") - audits;
            tasks = count_of(w, "SELECT count(*) FROM task") - tasks;
            if (k == 0)
                first[i] = r;
            check_alike(text_format(test_arena(), "%s, try %d", emails[k], i), first[i], r);
            /* And the same rows are written. */
            bool locks = i == 4 || i == 10;
            CHECK_NUM(audits, r->status == 423 ? 0 : locks ? 2 : 1);
            CHECK_NUM(tasks, locks ? 1 : 0);
            if (i == 5)
                wait_for(5 * MINUTE);
        }
        CHECK_NUM(first[4]->status, 401);
        CHECK_NUM(first[5]->status, 423);
        CHECK_NUM(first[6]->status, 401);
        CHECK_NUM(first[12]->status, 423);
        run_jobs(w);
        wait_for(-5 * MINUTE);
    }
    CHECK_NUM(mail_count(w, ANN, "account_locked"), 2);
    CHECK_NUM(mail_count(w, NOBODY, NULL), 0);
    CHECK_NUM(mail_count(w, "closed@example.org", "account_locked"), 0);
    CHECK_NUM(mail_count(w, "new@example.org", "account_locked"), 0);
}

/* A count that began anew with the account would tell when somebody registered. */
TEST_IN_WORLD(ENUM_06_the_count_does_not_begin_anew_with_the_account)
{
    struct client *c = client(w);
    for (int i = 0; i < 3; i++)
        CHECK_NUM(enter(c, ANN, "00000000")->status, 401);
    person(w, ANN, PASSWORD);
    for (int i = 0; i < 2; i++)
        CHECK_NUM(enter(c, ANN, "00000000")->status, 401);
    check_locked(enter(c, ANN, "00000000"));
}

/* Whatever cookie somebody sends: the limit by address counts. */
TEST_IN_WORLD(RATE_06_a_made_up_device_buys_no_codes)
{
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    for (int i = 0; i < 6; i++) {
        struct client *c = client(w);
        c->ip = text_format(test_arena(), "198.51.100.%d", 1 + i);
        c->cookie_names[0] = "cardea-device";
        c->cookie_values[0] = "dev_madeup";
        CHECK_NUM(enter(c, ANN, "00000000")->status, i < 5 ? 401 : 429);
    }
}

TEST_IN_WORLD(DOS_07_whoever_goes_on_guessing_fills_no_mailbox)
{
    person(w, ANN, PASSWORD);
    for (int i = 0; i < 120; i++) {
        struct reply *r = enter(client(w), ANN, "00000000");
        CHECK_NUM(r->status, i % 6 == 5 || i >= 120 - 1 ? 423 : 401);
        if (r->status == 423)
            wait_for(HOUR);
    }
    CHECK_NUM(mail_count(w, ANN, "account_locked"), 5);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM audit WHERE event = 'authenticator.locked'"), 20);
}

/* What a wrong code costs, in milliseconds of the processor: the middle of many. */
static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_cost(struct world *w, const char *email)
{
    enum { ROUNDS = 31 };
    double costs[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        struct timespec from, to;
        const char *body = json("email", email, "code", "00000000", NULL);
        struct client *c = client(w);
        tamper(w, "DELETE FROM lockout_address", V_NONE);
        (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
        CHECK_NUM(post(c, "/v1/auth/email-code/verify", body)->status, 401);
        (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
        costs[i] =
            (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
    }
    qsort(costs, ROUNDS, sizeof *costs, compare);
    return costs[ROUNDS / 2];
}

TEST_IN_WORLD(ENUM_05_a_wrong_code_costs_the_same_for_everybody)
{
    person(w, ANN, PASSWORD);
    (void)ask(client(w), ANN);
    run_jobs(w);
    double known = median_cost(w, ANN), unknown = median_cost(w, NOBODY);
    double difference = known > unknown ? known - unknown : unknown - known;
    if (difference > 0.5)
        test_fail(__FILE__, __LINE__, "%.3f ms known, %.3f ms unknown", known, unknown);
}

TEST_IN_WORLD(ENUM_06_no_address_of_a_stranger_is_kept)
{
    CHECK_NUM(enter(client(w), "somebody.special@example.org", "00000000")->status, 401);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM lockout_address"), 1);
    CHECK(!dump_has(w, dump_of(w), mem_text("somebody.special")));
    wait_for(401 * DAY);
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM lockout_address"), 0);
}

/* --- a first factor only --- */

TEST_IN_WORLD(MFA_08_a_code_is_never_the_second_step)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    tamper(w, "UPDATE account SET mfa_at = 1", V_NONE);
    struct reply *r = login(c, ANN, PASSWORD);
    const char *pending = text_of(r, "pending_token");
    REQUIRE(pending);
    const char *code = code_for(c, ANN);
    CHECK(post(c, "/v1/auth/2fa/verify", json("pending_token", pending, "code", code, NULL))
              ->status >= 400);
    CHECK(post(c, "/v1/auth/recovery-login", json("pending_token", pending, "code", code, NULL))
              ->status >= 400);
    r = enter(c, ANN, code);
    CHECK_NUM(r->status, 200);
    CHECK(text_of(r, "access_token") == NULL && text_of(r, "pending_token") != NULL);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
}

/* --- planted before --- */

TEST_IN_WORLD(PRE_01_a_code_verifies_and_throws_a_planted_password_out)
{
    struct client *mallory = client(w), *ann = client(w);
    mallory->ip = "203.0.113.66";
    CHECK_NUM(post(mallory, "/v1/auth/register",
                   json("email", ANN, "password", MALLORYS, "name", "Mallory", NULL))
                  ->status,
              202);
    const char *planted = mailed_token(w, ANN, "verify_email");
    struct reply *r = enter(ann, ANN, code_for(ann, ANN));
    CHECK_NUM(r->status, 200);
    CHECK(text_of(r, "user.name") == NULL);
    CHECK_NUM(verify(mallory, planted)->status, 410);
    CHECK_NUM(login(mallory, ANN, MALLORYS)->status, 401);
    CHECK(has_audit(w, "account.verified"));
}

TEST_IN_WORLD(PRE_02_confirming_a_registration_voids_the_code_that_waits)
{
    struct client *ann = client(w);
    CHECK_NUM(
        post(ann, "/v1/auth/register", json("email", ANN, "password", PASSWORD, NULL))->status,
        202);
    const char *code = code_for(ann, ANN);
    CHECK_NUM(verify(ann, mailed_token(w, ANN, "verify_email"))->status, 200);
    CHECK_NUM(enter(ann, ANN, code)->status, 401);
}

/* --- void --- */

TEST_IN_WORLD(RST_06_what_changes_the_account_voids_the_code)
{
    struct client *ann = signed_in(w, ANN);
    const char *code = code_for(client(w), ANN);
    CHECK_NUM(reset(client(w), reset_token(w, ANN), FRESH)->status, 200);
    CHECK_NUM(enter(client(w), ANN, code)->status, 401);

    CHECK_NUM(login(ann, ANN, FRESH)->status, 200);
    code = code_for(client(w), ANN);
    CHECK_NUM(post(ann, "/v1/auth/password/change",
                   json("current_password", FRESH, "password", PASSWORD, NULL))
                  ->status,
              200);
    CHECK_NUM(enter(client(w), ANN, code)->status, 401);

    code = code_for(client(w), ANN);
    tamper(w, "UPDATE account SET locked_at = 1", V_NONE);
    CHECK_NUM(enter(client(w), ANN, code)->status, 401);
    tamper(w, "UPDATE account SET locked_at = NULL, email = $1, email_key = $1",
           V(text("new@example.org")));
    CHECK_NUM(enter(client(w), "new@example.org", code)->status, 401);
    CHECK_NUM(enter(client(w), ANN, code)->status, 401);
}

TEST_IN_WORLD(TOK_07_no_parameter_makes_an_answer_carry_the_code)
{
    static const char *const names[] = { "returnCode", "debug", "channel", "to", "code" };
    person(w, ANN, PASSWORD);
    for (size_t i = 0; i < COUNT(names); i++) {
        struct reply *r =
            post(client(w), "/v1/auth/email-code", json("email", ANN, names[i], "none", NULL));
        CHECK_NUM(r->status, 400);
        CHECK_TEXT(text_of(r, "code"), "unknown_field");
    }
    struct reply *r = ask(client(w), ANN);
    CHECK(strstr(r->body, mailed_code(w, ANN, "sign_in_code")) == NULL);
}
