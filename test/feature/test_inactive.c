/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts that nobody uses: off by default; warned once, closed with grace, kept by coming back.
 */
#include "sample.h"

#include "attack.h"
#include "base/clock.h"
#include "service/job.h"
#include "service/setting.h"

#include <stdio.h>
#include <string.h>

#define WARNING "inactive_warning"
#define CLOSING "inactive_closing"

static void switch_on(void)
{
    CHECK_OK(setting_override(SETTING_INACTIVE_WARN_AFTER, "365d"));
    CHECK_OK(setting_override(SETTING_INACTIVE_CLOSE_AFTER, "395d"));
}

static void switch_off(void)
{
    CHECK_OK(setting_override(SETTING_INACTIVE_WARN_AFTER, NULL));
    CHECK_OK(setting_override(SETTING_INACTIVE_CLOSE_AFTER, NULL));
}

static void pass(struct world *w, int64_t span)
{
    wait_for(span);
    run_jobs(w);
}

static int64_t accounts(struct world *w)
{
    return count_of(w, "SELECT count(*) FROM account");
}

TEST_IN_WORLD(inactive_accounts_are_left_alone_by_default)
{
    (void)signed_in(w, ANN);
    pass(w, 3000 * DAY);
    CHECK_NUM(mail_count(w, ANN, WARNING), 0);
    CHECK_NUM(accounts(w), 1);
}

TEST_IN_WORLD(inactive_accounts_are_warned_once_then_closed)
{
    (void)signed_in(w, ANN);
    switch_on();
    pass(w, 364 * DAY);
    CHECK_NUM(mail_count(w, ANN, WARNING), 0);
    pass(w, 2 * DAY);
    CHECK_NUM(mail_count(w, ANN, WARNING), 1);
    for (int i = 0; i < 5; i++)
        pass(w, 5 * DAY);
    pass(w, 4 * DAY);
    CHECK_NUM(mail_count(w, ANN, WARNING), 1);
    CHECK_NUM(mail_count(w, ANN, CLOSING), 0);
    pass(w, 2 * DAY);
    CHECK_NUM(mail_count(w, ANN, CLOSING), 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM notification WHERE kind = 'inactive_warning'"), 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM notification WHERE kind = 'inactive_closing'"), 1);
    CHECK(has_audit(w, "account.inactive_warned") && has_audit(w, "account.deletion_asked"));
    pass(w, setting_span(SETTING_DELETION_GRACE) - 2 * DAY);
    CHECK_NUM(accounts(w), 1);
    pass(w, 3 * DAY);
    CHECK_NUM(accounts(w), 0);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM inactivity"), 0);
    CHECK_NUM(mail_count(w, ANN, CLOSING), 1);
    switch_off();
}

/* The same when the settings come late: nobody is closed without the whole time of a warning. */
TEST_IN_WORLD(inactive_accounts_have_their_time_after_a_late_warning)
{
    (void)signed_in(w, ANN);
    pass(w, 2000 * DAY);
    switch_on();
    pass(w, DAY);
    CHECK_NUM(mail_count(w, ANN, WARNING), 1);
    pass(w, 29 * DAY);
    CHECK_NUM(mail_count(w, ANN, CLOSING), 0);
    pass(w, 2 * DAY);
    CHECK_NUM(mail_count(w, ANN, CLOSING), 1);
    switch_off();
}

TEST_IN_WORLD(inactive_accounts_are_kept_by_coming_back)
{
    (void)signed_in(w, ANN);
    switch_on();
    pass(w, 366 * DAY);
    CHECK_NUM(mail_count(w, ANN, WARNING), 1);
    pass(w, 20 * DAY);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
    pass(w, 300 * DAY);
    CHECK_NUM(mail_count(w, ANN, WARNING), 1);
    CHECK_NUM(mail_count(w, ANN, CLOSING), 0);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM inactivity"), 0);
    pass(w, 70 * DAY); /* silent again for a year */
    CHECK_NUM(mail_count(w, ANN, WARNING), 2);
    switch_off();
}

/* A session that is used keeps its account, though nobody signs in anew. */
TEST_IN_WORLD(inactive_is_nobody_who_has_a_session_in_use)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_OK(setting_override(SETTING_INACTIVE_WARN_AFTER, "30d"));
    CHECK_OK(setting_override(SETTING_INACTIVE_CLOSE_AFTER, "37d"));
    for (int i = 0; i < 8; i++) {
        pass(w, 10 * DAY);
        struct reply *r = post(ann, "/v1/auth/refresh", json("refresh_token", ann->refresh, NULL));
        CHECK_NUM(r->status, 200);
        ann->refresh = text_of(r, "refresh_token");
    }
    CHECK_NUM(mail_count(w, ANN, WARNING), 0);
    pass(w, 31 * DAY);
    CHECK_NUM(mail_count(w, ANN, WARNING), 1);
    switch_off();
}

TEST_IN_WORLD(inactive_staff_and_locked_accounts_are_left_alone)
{
    person(w, ANN, PASSWORD);
    person(w, BEN, PASSWORD);
    tamper(w, "UPDATE account SET roles = 9 WHERE email_key = $1", V(text(ANN)));
    tamper(w, "UPDATE account SET locked_at = 1 WHERE email_key = $1", V(text(BEN)));
    switch_on();
    pass(w, 800 * DAY);
    pass(w, 800 * DAY);
    CHECK_NUM(mail_count(w, ANN, WARNING) + mail_count(w, BEN, WARNING), 0);
    CHECK_NUM(accounts(w), 2);
    switch_off();
}

/* Whoever keeps the account after all begins a new year with it. */
TEST_IN_WORLD(inactive_accounts_that_were_kept_count_anew)
{
    (void)signed_in(w, ANN);
    switch_on();
    pass(w, 366 * DAY);
    pass(w, 31 * DAY);
    const char *token = mailed_token(w, ANN, CLOSING);
    CHECK(*token != 0);
    struct client *c = client(w);
    (void)get(c, text_format(test_arena(), "/settings/deletion?token=%s", token));
    (void)post_form(c, "/settings/deletion/cancel", text_format(test_arena(), "token=%s", token));
    CHECK(mailed(w, ANN, "deletion_cancelled") != NULL);
    pass(w, 300 * DAY);
    CHECK_NUM(mail_count(w, ANN, WARNING), 1);
    CHECK_NUM(accounts(w), 1);
    pass(w, 70 * DAY);
    CHECK_NUM(mail_count(w, ANN, WARNING), 2);
    switch_off();
}

TEST(inactive_spans_leave_time)
{
    static const char *const bad[] = {
        "INACTIVE_WARN_AFTER = 365d\n",
        "INACTIVE_CLOSE_AFTER = 365d\n",
        "INACTIVE_WARN_AFTER = 365d\nINACTIVE_CLOSE_AFTER = 365d\n",
        "INACTIVE_WARN_AFTER = 365d\nINACTIVE_CLOSE_AFTER = 300d\n",
        "INACTIVE_WARN_AFTER = 29d\nINACTIVE_CLOSE_AFTER = 365d\n",
    };
    const char *why, *path = text_format(test_arena(), "%s/cardea.conf", test_folder());
    for (size_t i = 0; i < COUNT(bad); i++) {
        FILE *file = fopen(path, "we");
        REQUIRE(file != NULL);
        CHECK(fputs(bad[i], file) >= 0);
        CHECK_NUM(fclose(file), 0);
        CHECK_ERR(setting_open(path, false, test_arena(), &why), E_INVALID);
        CHECK(strstr(why, "INACTIVE_") != NULL);
    }
    CHECK_OK(setting_open(NULL, false, test_arena(), &why));
}
