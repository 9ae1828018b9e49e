/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mailed sign-in links against whoever asks for many, asks to learn who has an account, or opens
 * one many times at once.
 */
#include "mail_link.h"

#include "base/clock.h"
#include "service/setting.h"

enum { CROWD = 64 };

/* --- nothing to learn --- */

TEST_IN_WORLD(ENUM_05_asking_for_a_link_looks_alike)
{
    struct client *c = plain_client(w);
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    struct reply *first = ask_link(c, ANN);
    CHECK_NUM(first->status, 202);
    CHECK(header_of(first, "set-cookie") != NULL); /* for unknown addresses too */
    wait_for(DAY);
    (void)post(client(w), "/v1/auth/register", json("email", ANN, "password", PASSWORD, NULL));
    run_jobs(w);
    wait_for(DAY);
    check_alike("not verified", first, ask_link(c, ANN));
    wait_for(2 * DAY);
    person(w, ANN, PASSWORD);
    wait_for(DAY);
    check_alike("verified", first, ask_link(c, ANN));
    tamper(w, "UPDATE account SET locked_at = 1", V_NONE);
    run_jobs(w);
    wait_for(DAY);
    check_alike("locked", first, ask_link(c, ANN));
}

TEST_IN_WORLD(ENUM_05_asking_for_a_link_looks_alike_by_form)
{
    struct client *c = plain_client(w);
    struct reply *first = ask_link_page(c, "ann%40example.org");
    CHECK_NUM(first->status, 200);
    person(w, ANN, PASSWORD);
    check_alike("verified", first, ask_link_page(c, "ann%40example.org"));
    tamper(w, "UPDATE account SET locked_at = 1", V_NONE);
    check_alike("locked", first, ask_link_page(c, "ann%40example.org"));
}

TEST_IN_WORLD(ENUM_05_known_and_unknown_leave_one_task_and_only_the_known_one_a_mail)
{
    const char *emails[] = { "nobody@example.org", ANN };
    person(w, ANN, PASSWORD);
    run_jobs(w);
    for (size_t i = 0; i < COUNT(emails); i++) {
        int64_t audits = count_of(w, "SELECT count(*) FROM audit");
        int64_t mails = count_of(w, "SELECT count(*) FROM outbox");
        CHECK_NUM(ask_link(client(w), emails[i])->status, 202);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM task"), 1);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM audit"), audits);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM outbox"), mails);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM magic_link"), 0);
        run_jobs(w);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM task"), 0);
    }
    CHECK_NUM(mail_count(w, "nobody@example.org", NULL), 0);
    CHECK_NUM(mail_count(w, ANN, "magic_link"), 1);
}

TEST_IN_WORLD(ENUM_05_a_locked_account_gets_no_mail)
{
    person(w, ANN, PASSWORD);
    const char *token = link_for(client(w), ANN);
    tamper(w, "UPDATE account SET locked_at = 1", V_NONE);
    CHECK_NUM(enter_link(client(w), token)->status, 410);
    CHECK_NUM(open_link(client(w), token)->status, 410);
    CHECK_NUM(ask_link(client(w), ANN)->status, 202);
    CHECK_NUM(mail_count(w, ANN, "magic_link"), 1);
}

/* --- many at once, and much mail --- */

struct race {
    struct world *w;
    const char *token;
    int status[CROWD];
};

static void enter_once(void *arg, int i)
{
    struct race *race = arg;
    race->status[i] = enter_link(client(race->w), race->token)->status;
}

TEST_IN_WORLD(RACE_01_a_sign_in_link_has_one_winner)
{
    person(w, ANN, PASSWORD);
    for (int round = 0; round < 3; round++) {
        struct race race = { .w = w, .token = link_for(client(w), ANN) };
        int winners = 0;
        crowd(CROWD, enter_once, &race);
        for (int i = 0; i < CROWD; i++) {
            winners += race.status[i] == 200;
            if (race.status[i] != 200 && race.status[i] != 410)
                test_fail(__FILE__, __LINE__, "somebody got %d", race.status[i]);
        }
        CHECK_NUM(winners, 1);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), round + 1);
        wait_for(MINUTE);
    }
}

TEST_IN_WORLD(DOS_07_no_mailbox_is_flooded)
{
    static const char *const doors[] = { "/v1/auth/magic-link", "/v1/auth/email-code",
                                         "/v1/auth/password/forgot",
                                         "/v1/auth/resend-verification" };
    person(w, ANN, PASSWORD);
    wait_for(DAY);
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    int before = mail_count(w, ANN, NULL);
    for (int i = 0; i < 16; i++) {
        struct client *c = client(w);
        c->ip = text_format(test_arena(), "198.51.100.%d", 1 + i);
        int status = post(c, doors[i % 4], json("email", ANN, NULL))->status;
        CHECK_NUM(status, i < 3 ? 202 : 429); /* over all kinds */
    }
    CHECK(mail_count(w, ANN, NULL) - before <= 3);
    for (int i = 0; i < 96; i++) {
        struct client *c = client(w);
        wait_for(15 * MINUTE);
        c->ip = text_format(test_arena(), "198.51.101.%d", 1 + i);
        (void)ask_link(c, ANN);
        if (i == 90) {
            CHECK(mail_count(w, ANN, NULL) - before <= 10);
            CHECK_NUM(ask_link(c, "ann+1@example.org")->status, 429); /* the same mailbox */
        }
    }
}

TEST_IN_WORLD(ENUM_06_the_limit_on_links_knows_no_accounts)
{
    const char *emails[] = { "nobody@example.org", ANN };
    int refused_at[2] = { 0, 0 };
    person(w, ANN, PASSWORD);
    wait_for(DAY);
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < 20; i++) {
            struct client *c = client(w);
            c->ip = text_format(test_arena(), "198.51.100.%d", 1 + i);
            if (ask_link(c, emails[k])->status == 429 && !refused_at[k])
                refused_at[k] = i;
        }
    CHECK_NUM(refused_at[0], 3);
    CHECK_NUM(refused_at[1], 3);
}
