/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaving: a time of grace with ways back, then nothing about the person is left (GDPR 17), the
 * address is free, and no race brings a removed account back to life (RACE-04).
 */
#include "attack.h"

#include "account/deletion.h"
#include "account/personal.h"
#include "base/clock.h"
#include "db/fault.h"
#include "sample.h"
#include "service/audit.h"
#include "service/job.h"
#include "service/outbox.h"

#include <stdatomic.h>
#include <string.h>

#define GRACE (30 * DAY)

static struct reply *ask(struct client *c)
{
    return post(c, "/v1/account/deletion", "{}");
}

static int64_t accounts(struct world *w)
{
    return count_of(w, "SELECT count(*) FROM account");
}

static void end_grace(struct world *w)
{
    wait_for(GRACE + HOUR);
    run_jobs(w);
}

TEST_IN_WORLD(an_account_ends_after_its_grace)
{
    struct client *ann = signed_in(w, ANN);
    struct reply *r = ask(ann);
    CHECK_NUM(r->status, 202);
    CHECK_TEXT(text_of(r, "status"), "deletion_scheduled");
    const char *due = text_of(r, "due_at");
    CHECK_TEXT(due, clock_format(test_arena(), clock_now() + GRACE));
    CHECK_TEXT(text_of(get(ann, "/v1/account/deletion"), "due_at"), due);
    CHECK_TEXT(text_of(get(ann, "/v1/auth/me"), "user.deletion_due_at"), due);
    const struct mail *mail = mailed(w, ANN, "deletion_asked");
    REQUIRE(mail);
    CHECK(strstr(mail->text, "/settings/deletion?token=del_") != NULL);

    wait_for(GRACE - MINUTE); /* still there, and may be used */
    run_jobs(w);
    CHECK_NUM(accounts(w), 1);
    r = login(client(w), ANN, PASSWORD);
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "user.deletion_due_at"), due);

    wait_for(HOUR + MINUTE);
    run_jobs(w);
    CHECK_NUM(accounts(w), 0);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 401);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 401);
    CHECK_NUM(mail_count(w, ANN, "deletion_done"), 1);
    CHECK(has_audit(w, "account.removed"));
    /* Once is enough. */
    wait_for(DAY);
    CHECK_NUM(mail_count(w, ANN, "deletion_done"), 1);
}

TEST_IN_WORLD(the_address_can_be_registered_again)
{
    CHECK_NUM(ask(signed_in(w, ANN))->status, 202);
    const char *old = account_id_of(w, ANN);
    end_grace(w);
    CHECK_NUM(accounts(w), 0);
    CHECK_NUM(mail_count(w, ANN, "already_have_account"), 0);
    person(w, ANN, "a quite different door mat");
    CHECK_NUM(login(client(w), ANN, "a quite different door mat")->status, 200);
    const char *new = account_id_of(w, ANN);
    REQUIRE(old && new);
    CHECK(!text_equal(old, new));
}

TEST_IN_WORLD(signing_in_offers_to_stay)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_NUM(call(ann, "DELETE", "/v1/account/deletion", NULL)->status, 404);
    CHECK_NUM(ask(ann)->status, 202);
    struct client *page = client(w);
    CHECK_NUM(login_page(page, ANN, PASSWORD)->status, 303);
    static const char *const pages[] = { "/", "/settings", "/account/security",
                                         "/settings/deletion" };
    for (size_t i = 0; i < COUNT(pages); i++)
        CHECK(strstr(get(page, pages[i])->body, "action=\"/settings/deletion/cancel\"") != NULL);
    CHECK_NUM(post_form(page, "/settings/deletion/cancel", "")->status, 303);
    CHECK(!strstr(get(page, "/")->body, "action=\"/settings/deletion/cancel\""));
    CHECK_TEXT(text_of(get(ann, "/v1/account/deletion"), "status"), "active");
    CHECK(mailed(w, ANN, "deletion_cancelled") != NULL);
    end_grace(w);
    CHECK_NUM(accounts(w), 1);

    struct client *api = client(w);
    CHECK_NUM(login(api, ANN, PASSWORD)->status, 200);
    CHECK_NUM(ask(api)->status, 202);
    struct reply *r = call(api, "DELETE", "/v1/account/deletion", NULL);
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "status"), "deletion_cancelled");
    end_grace(w);
    CHECK_NUM(accounts(w), 1);
}

/* A mail scanner's GET keeps nothing; the button does, once, also for who is signed out (TOK-05).
 */
TEST_IN_WORLD(TOK_05_the_mailed_link_keeps_the_account_by_post_only)
{
    CHECK_NUM(ask(signed_in(w, ANN))->status, 202);
    const char *token = mailed_token(w, ANN, "deletion_asked");
    const char *path = text_format(test_arena(), "/settings/deletion?token=%s", token);
    struct client *stranger = client(w);
    for (int i = 0; i < 3; i++)
        CHECK_NUM(get(stranger, path)->status, 200);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE deletion_due_at IS NULL"), 0);
    const char *form = text_format(test_arena(), "token=%s", token);
    CHECK_NUM(post_form(stranger, "/settings/deletion/cancel", form)->status, 200);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE deletion_due_at IS NULL"), 1);
    CHECK_NUM(post_form(stranger, "/settings/deletion/cancel", form)->status, 410);
    CHECK_NUM(get(stranger, path)->status, 410);
}

TEST_IN_WORLD(asking_again_renews_the_link_and_not_the_time)
{
    struct client *ann = signed_in(w, ANN);
    const char *due = text_of(ask(ann), "due_at");
    const char *first = mailed_token(w, ANN, "deletion_asked");
    wait_for(5 * MINUTE);
    CHECK_TEXT(text_of(ask(ann), "due_at"), due);
    const char *second = mailed_token(w, ANN, "deletion_asked");
    CHECK(!text_equal(first, second));
    struct client *c = client(w);
    CHECK_NUM(get(c, text_format(test_arena(), "/settings/deletion?token=%s", first))->status, 410);
    CHECK_NUM(get(c, text_format(test_arena(), "/settings/deletion?token=%s", second))->status,
              200);
}

TEST_IN_WORLD(MFA_07_leaving_asks_for_a_fresh_proof)
{
    struct client *ann = signed_in(w, ANN), *page = client(w);
    CHECK_NUM(login_page(page, ANN, PASSWORD)->status, 303);
    CHECK_NUM(get(page, "/settings/deletion")->status, 200);
    wait_for(11 * MINUTE);
    struct reply *r = ask(ann);
    CHECK_NUM(r->status, 401);
    if (r->status == 401) /* the access token has expired as well: by cookie it is plain */
        CHECK_TEXT(header_of(post_form(page, "/settings/deletion", ""), "location"),
                   "/reauth?next=/settings/deletion");
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE deletion_due_at IS NULL"), 1);
}

static void make_admin(struct world *w, const char *email)
{
    tamper(w, "UPDATE account SET roles = 9 WHERE email_key = $1", V(text(email)));
}

/* The last administrator cannot leave; nor can the last two, one after the other. */
TEST_IN_WORLD(the_last_administrator_cannot_go)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    make_admin(w, ANN);
    struct reply *r = ask(ann);
    CHECK_NUM(r->status, 403);
    CHECK_TEXT(text_of(r, "code"), "last_admin");
    make_admin(w, BEN);
    CHECK_NUM(ask(ben)->status, 202);
    CHECK_NUM(ask(ann)->status, 403);

    /* The one that stays is locked meanwhile: then the other may not go either. */
    tamper(w, "UPDATE account SET locked_at = 1 WHERE email_key = $1", V(text(ANN)));
    end_grace(w);
    CHECK_NUM(accounts(w), 2);
    tamper(w, "UPDATE account SET locked_at = NULL WHERE email_key = $1", V(text(ANN)));
    wait_for(2 * HOUR);
    run_jobs(w);
    CHECK_NUM(accounts(w), 1);
    CHECK(account_id_of(w, ANN) != NULL);
}

/* One that cannot go holds up no other. */
TEST_IN_WORLD(an_account_that_fails_holds_up_no_other)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    CHECK_NUM(ask(ann)->status, 202);
    CHECK_NUM(ask(ben)->status, 202);
    make_admin(w, ANN); /* the only one, and first in the list */
    end_grace(w);
    CHECK_NUM(accounts(w), 1);
    CHECK(account_id_of(w, ANN) != NULL);
}

/* --- races --- */

static struct {
    struct world *w;
    const char *id;
    struct client *keeper, *other;
    _Atomic int kept, entered;
} race;

static void keep_or_purge(void *, int i)
{
    if (i % 2 == 0) {
        struct arena arena;
        arena_init(&arena, 16 << 20);
        (void)!job_run(race.w->db, &arena, "deletion.purge");
        arena_done(&arena);
        return;
    }
    if (call(race.keeper, "DELETE", "/v1/account/deletion", NULL)->status == 200)
        race.kept++;
}

TEST_IN_WORLD(RACE_04_keeping_beside_the_purge_has_one_outcome)
{
    int kept = 0, gone = 0;
    for (int round = 0; round < 12; round++) {
        struct client *ann = signed_in(w, ANN);
        CHECK_NUM(ask(ann)->status, 202);
        tamper(w, "UPDATE account SET deletion_due_at = 1 WHERE email_key = $1", V(text(ANN)));
        race.w = w;
        race.keeper = ann;
        race.kept = 0;
        crowd(4, keep_or_purge, NULL);
        bool is_there = account_id_of(w, ANN) != NULL;
        CHECK(race.kept <= 1);
        CHECK_NUM(is_there, race.kept == 1);
        if (is_there)
            CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
        kept += is_there;
        gone += !is_there;
        tamper(w, "UPDATE account SET deletion_due_at = 1 WHERE email_key = $1", V(text(ANN)));
        wait_for(2 * HOUR);
        run_jobs(w);
        CHECK_NUM(accounts(w), 0);
    }
    CHECK_NUM(kept + gone, 12);
}

static void press(void *arg, int i)
{
    struct client *c = client(race.w);
    const char *form = text_format(test_arena(), "token=%s", (const char *)arg);
    (void)get(c, text_format(test_arena(), "/settings/deletion?%s", form));
    int status = post_form(c, "/settings/deletion/cancel", form)->status;
    if (status == 200)
        race.kept++;
    else if (status != 410)
        test_fail(__FILE__, __LINE__, "%d got %d", i, status);
}

TEST_IN_WORLD(RACE_01_the_link_that_keeps_the_account_has_one_winner)
{
    struct client *ann = signed_in(w, ANN);
    race.w = w;
    race.kept = 0;
    CHECK_NUM(ask(ann)->status, 202);
    crowd(64, press, (void *)mailed_token(w, ANN, "deletion_asked"));
    CHECK_NUM(race.kept, 1);
    CHECK_NUM(mail_count(w, ANN, "deletion_cancelled"), 1);
}

static void enter_or_purge(void *, int i)
{
    struct arena arena;
    if (i == 0) {
        arena_init(&arena, 16 << 20);
        (void)!job_run(race.w->db, &arena, "deletion.purge");
        arena_done(&arena);
    } else if (i % 2) {
        race.entered += login(client(race.w), ANN, PASSWORD)->status == 200;
    } else {
        (void)refresh(race.other, race.other->refresh);
    }
}

/* Whoever came in before the end is out after it. */
TEST_IN_WORLD(RACE_04_no_session_outlives_its_account)
{
    for (int round = 0; round < 8; round++) {
        struct client *ann = signed_in(w, ANN);
        CHECK_NUM(ask(ann)->status, 202);
        tamper(w, "UPDATE account SET deletion_due_at = 1 WHERE email_key = $1", V(text(ANN)));
        race.w = w;
        race.other = ann;
        crowd(7, enter_or_purge, NULL);
        wait_for(2 * HOUR);
        run_jobs(w); /* should the purge have given way to a sign-in that held the row */
        CHECK_NUM(accounts(w), 0);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM device"), 0);
        CHECK_NUM(get(ann, "/v1/auth/me")->status, 401);
        CHECK_NUM(refresh(ann, ann->refresh)->status, 401);
    }
}

/* --- nothing is left --- */

static bool is_sqlite(const struct world *w)
{
    return text_equal(db_engine_name(w->real_db), "sqlite");
}

/* What happened stays in the log, without address, program or request, and verifies (LOG-03). */
TEST_IN_WORLD(LOG_03_events_of_a_removed_account_lose_the_person)
{
    struct audit_verdict v;
    struct client *ann = signed_in(w, ANN);
    CHECK_NUM(get(signed_in(w, BEN), "/v1/auth/me")->status, 200);
    const char *id = account_id_of(w, ANN);
    CHECK_NUM(ask(ann)->status, 202);
    end_grace(w);
    CHECK(count_of(w, "SELECT count(*) FROM audit WHERE event = 'account.removed'") == 1);
    CHECK(count_of(w, "SELECT count(*) FROM audit WHERE ip IS NULL") > 4);
    CHECK(text_from(w,
                    "SELECT id FROM audit WHERE account_id = $1 AND"
                    " (ip IS NOT NULL OR user_agent IS NOT NULL OR request_id IS NOT NULL)",
                    V(text(id))) == NULL);
    CHECK(count_of(w, "SELECT count(*) FROM audit WHERE ip IS NOT NULL") > 2); /* Ben's */
    CHECK_OK(audit_verify(w->real_db, test_arena(), &v));
    CHECK(v.is_good);
}

TEST_IN_WORLD(nothing_about_the_person_is_left_in_any_table)
{
    struct client *ann = signed_in(w, "ann.of.green.gables@example.org");
    CHECK_NUM(post(client(w), "/v1/auth/password/forgot",
                   json("email", "ann.of.green.gables@example.org", NULL))
                  ->status,
              202);
    CHECK_NUM(login(client(w), "ann.of.green.gables@example.org", "wrong as can be")->status, 401);
    CHECK_NUM(ask(ann)->status, 202);
    run_jobs(w);
    CHECK(dump_has(w, dump_of(w), mem_text("ann.of.green.gables@example.org")));
    end_grace(w);
    CHECK_NUM(accounts(w), 0);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM outbox"), 0);
    CHECK_NUM(mail_count(w, "ann.of.green.gables@example.org", "deletion_done"), 1);
    CHECK(!dump_has(w, dump_of(w), mem_text("ann.of.green.gables@example.org")));
}

static const char *crowd_address(int i)
{
    return text_format(test_arena(), "one.of.%05d.many@example%d.org", (i * 7919) % 10'000, i % 97);
}

/* Many come, in no order, so that the tables' pages are split and cells moved; every seventh goes.
 */
static void make_crowd(struct world *w, int count)
{
    struct tx tx;
    db_begin(&tx, w->real_db, DB_WRITE, test_arena());
    for (int i = 0; i < count; i++) {
        const char *address = crowd_address(i);
        CHECK_OK(db_run(&tx,
                        "INSERT INTO account (id, email, email_key, locale, roles, password,"
                        "                     email_verified_at, created_at, updated_at,"
                        "                     deletion_due_at)"
                        "     VALUES ($1, $2, $2, 'en', 1, $3, 1, 1, 1, CAST($4 AS BIGINT))",
                        V(text(text_format(test_arena(), "usr_%026d", (i * 613) % 10'007)),
                          text(address), text(text_format(test_arena(), "%0*d", 80 + i % 50, i)),
                          num_or_null(i % 7 == 0))));
        CHECK_OK(outbox_add(&tx, "password_changed", address, "en",
                            text_format(test_arena(), "usr_%026d", (i * 613) % 10'007), NULL));
    }
    CHECK_OK(db_commit(&tx));
}

/* A command beside the server removes, and must not touch the log; nor does a crash forget it. */
TEST_IN_WORLD(what_a_command_removed_is_cleared_by_the_server)
{
    struct arena arena;
    struct db *tool = NULL;
    struct db_options options = { .is_tool = true, .readers = 1 };
    if (!is_sqlite(w))
        return;
    make_crowd(w, 8);
    struct mem gone = mem_text(crowd_address(0));
    CHECK_OK(db_open(&tool, test_store_url(), &options));
    arena_init(&arena, 1 << 20);
    CHECK_OK(job_run(tool, &arena, "deletion.purge"));
    arena_done(&arena);
    db_close(tool);
    CHECK_NUM(accounts(w), 6);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM scrub"), 2);
    CHECK(dump_has(w, dump_of(w), gone)); /* in the log still */
    wait_for(10 * MINUTE);
    run_jobs(w);
    CHECK(!dump_has(w, dump_of(w), gone));
    CHECK_NUM(count_of(w, "SELECT count(*) FROM scrub"), 0);
}

TEST_IN_WORLD(a_crash_before_the_files_were_cleared_is_made_good)
{
    struct arena arena;
    make_crowd(w, 8);
    struct mem gone = mem_text(crowd_address(0));
    arena_init(&arena, 1 << 20);
    for (long n = 1; count_of(w, "SELECT count(*) FROM account WHERE deletion_due_at = 1"); n++) {
        db_fault_after(w->db, n);
        (void)!job_run(w->db, &arena, "deletion.purge");
    }
    db_fault_after(w->db, 0);
    arena_done(&arena);
    CHECK(count_of(w, "SELECT count(*) FROM scrub") > 0);
    wait_for(10 * MINUTE);
    run_jobs(w);
    CHECK_NUM(accounts(w), 6);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM scrub"), 0);
    CHECK(!dump_has(w, dump_of(w), gone));
}

/* Neither in a row, nor in the log, nor in what is left of a page (GDPR 17). */
TEST_IN_WORLD(no_address_is_left_in_the_files)
{
    enum { MANY = 420 };
    make_crowd(w, MANY);
    if (is_sqlite(w))
        CHECK(dump_has(w, dump_of(w), mem_text(crowd_address(0))));
    run_jobs(w);
    struct mem dump = dump_of(w);
    int left = 0;
    for (int i = 0; i < MANY; i += 7)
        left += dump_has(w, dump, mem_text(crowd_address(i)));
    CHECK_NUM(left, 0);
    CHECK(dump_has(w, dump, mem_text(crowd_address(1))));
    CHECK_NUM(accounts(w), MANY - (MANY + 6) / 7);
    CHECK_NUM(mail_count(w, crowd_address(7), "deletion_done"), 1);
    CHECK_NUM(mail_count(w, crowd_address(8), "deletion_done"), 0);
}
