/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outbox: owed with its transaction, sent once, tried again, given up, and never readable in a
 * stolen database.
 */
#include "service/outbox.h"

#include "../power.h"
#include "../store.h"
#include "../test.h"
#include "base/clock.h"
#include "base/thread.h"
#include "db/fault.h"
#include "mail_world.h"
#include "service/outbox_parts.h"
#include "service/setting.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A sender that answers as it is told and remembers. */
static struct {
    enum err answer;
    int calls;
    char to[64], subject[64], text[64], message_id[100], previous_id[100];
} spy;

static enum err spy_send(const struct outbox_message *message, void *)
{
    spy.calls++;
    (void)snprintf(spy.previous_id, sizeof spy.previous_id, "%s", spy.message_id);
    (void)snprintf(spy.to, sizeof spy.to, "%s", message->to);
    (void)snprintf(spy.subject, sizeof spy.subject, "%s", message->subject);
    (void)snprintf(spy.text, sizeof spy.text, "%s", message->text);
    (void)snprintf(spy.message_id, sizeof spy.message_id, "%s", message->message_id);
    return spy.answer;
}

static void use_spy(enum err answer)
{
    memset(&spy, 0, sizeof spy);
    spy.answer = answer;
    outbox_set_sender(spy_send, NULL);
}

static int deliver(struct db *db)
{
    int handled = -1;
    CHECK_OK(outbox_deliver(db, test_arena(), &handled));
    return handled;
}

TEST_ON_READY_STORES(outbox_a_mail_is_sent_once)
{
    REQUIRE(mail_world_open(db));
    use_spy(OK);
    const char *id = mail_world_owe(db, "ann@example.org", "Ann");
    CHECK_NUM(deliver(db), 1);
    CHECK_NUM(spy.calls, 1);
    CHECK_TEXT(spy.to, "ann@example.org");
    CHECK_TEXT(spy.subject, "Hello Ann");
    CHECK_TEXT(spy.text, "Hello Ann\n");
    CHECK_TEXT(spy.message_id, text_format(test_arena(), "<%s@localhost>", id));
    CHECK(mail_world_num(db, id, "sent_at") > 0);
    CHECK_NUM(mail_world_num(db, id, "vars"), 0);
    CHECK_NUM(deliver(db), 0);
    CHECK_NUM(spy.calls, 1);
    mail_world_close();
}

TEST_ON_READY_STORES(outbox_a_rolled_back_transaction_owes_nothing)
{
    struct tx tx;
    REQUIRE(mail_world_open(db));
    use_spy(OK);
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(outbox_add(&tx, "hello", "ann@example.org", NULL, NULL, NULL));
    db_rollback(&tx);
    CHECK_NUM(deliver(db), 0);
    mail_world_close();
}

TEST_ON_READY_STORES(outbox_variables_are_sealed)
{
    struct tx tx;
    struct mem sealed;
    REQUIRE(mail_world_open(db));
    mail_world_owe(db, "ann@example.org", "a very secret token");
    db_begin(&tx, db, DB_READ, test_arena());
    REQUIRE(db_one(&tx, "SELECT vars FROM outbox", V_NONE, INTO(to_blob(&sealed))) == OK);
    CHECK(memmem(sealed.p, sealed.n, "secret", 6) == NULL);
    db_rollback(&tx);
    mail_world_close();
}

TEST_ON_READY_STORES(outbox_the_language_is_the_readers)
{
    struct tx tx;
    REQUIRE(mail_world_open(db));
    use_spy(OK);
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(outbox_add(&tx, "hello", "ann@example.org", "de", NULL, VARS({ "name", "Änne" })));
    CHECK_OK(db_commit(&tx));
    CHECK_NUM(deliver(db), 1);
    CHECK_TEXT(spy.subject, "Hallo Änne");
    mail_world_close();
}

TEST_ON_READY_STORES(outbox_failures_are_tried_again_later_with_the_same_message_id)
{
    REQUIRE(mail_world_open(db));
    clock_freeze(INT64_C(1'800'000'000'000));
    use_spy(E_BUSY);
    const char *id = mail_world_owe(db, "ann@example.org", "Ann");
    static const int64_t at_most[] = { 18, 72, 360, 1080, 4320 };
    for (size_t i = 0; i < COUNT(at_most); i++) {
        CHECK_NUM(deliver(db), 1);
        CHECK_NUM(deliver(db), 0);
        int64_t wait = mail_world_num(db, id, "due_at") - clock_now();
        CHECK(wait <= at_most[i] * SECOND && wait >= at_most[i] * SECOND * 6 / 10);
        clock_shift(at_most[i] * SECOND);
    }
    CHECK_TEXT(mail_world_text(db, id, "last_error"), "E_BUSY");
    spy.answer = OK;
    CHECK_NUM(deliver(db), 1);
    CHECK_TEXT(spy.message_id, spy.previous_id);
    CHECK_NUM(mail_world_num(db, id, "attempts"), 6);
    CHECK(mail_world_text(db, id, "last_error") == NULL);
    mail_world_close();
}

TEST_ON_READY_STORES(outbox_gives_up_after_two_days)
{
    REQUIRE(mail_world_open(db));
    clock_freeze(INT64_C(1'800'000'000'000));
    use_spy(E_BUSY);
    const char *id = mail_world_owe(db, "ann@example.org", "Ann");
    for (int hour = 0; hour < 60; hour++) {
        deliver(db);
        clock_shift(HOUR);
    }
    int64_t dead_at = mail_world_num(db, id, "dead_at");
    CHECK(dead_at > INT64_C(1'800'000'000'000) + 40 * HOUR);
    CHECK(dead_at <= INT64_C(1'800'000'000'000) + 48 * HOUR);
    CHECK_NUM(mail_world_num(db, id, "due_at"), 0);
    CHECK_NUM(mail_world_num(db, id, "vars"), 1);
    mail_world_close();
}

TEST_ON_READY_STORES(outbox_an_expired_link_is_not_sent)
{
    struct tx tx;
    struct outbox_figures figures;
    REQUIRE(mail_world_open(db));
    use_spy(OK);
    const char *expires = text_format(test_arena(), "%lld", (long long)(clock_now() + 30 * MINUTE));
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(outbox_add(&tx, "hello", "ann@example.org", "en", NULL,
                        VARS({ "name", "Ann" }, { "expires_at", expires })));
    CHECK_OK(db_commit(&tx));
    clock_shift(31 * MINUTE);
    CHECK_NUM(deliver(db), 1);
    CHECK_NUM(spy.calls, 0);
    CHECK_OK(outbox_figures(db, test_arena(), &figures));
    CHECK_NUM(figures.dead, 1);
    CHECK_NUM(figures.waiting, 0);
    mail_world_close();
}

TEST_ON_READY_STORES(outbox_a_refused_mail_is_dead_until_it_is_retried)
{
    struct tx tx;
    struct outbox_figures figures;
    REQUIRE(mail_world_open(db));
    use_spy(E_INVALID);
    const char *id = mail_world_owe(db, "ann@example.org", "Ann");
    CHECK_NUM(deliver(db), 1);
    CHECK(mail_world_num(db, id, "dead_at") > 0);
    clock_shift(10 * DAY);
    CHECK_NUM(deliver(db), 0);

    spy.answer = OK;
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(outbox_retry(&tx, id));
    CHECK_OK(db_commit(&tx));
    CHECK_NUM(deliver(db), 1);
    CHECK(mail_world_num(db, id, "sent_at") > 0);
    CHECK_NUM(mail_world_num(db, id, "dead_at"), 0);
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_ERR(outbox_retry(&tx, id), E_NOT_FOUND);
    CHECK_ERR(outbox_retry(&tx, "out_none"), E_NOT_FOUND);
    db_rollback(&tx);
    CHECK_OK(outbox_figures(db, test_arena(), &figures));
    CHECK_NUM(figures.dead, 0);
    mail_world_close();
}

/* The process dies after the server's yes and before our note of it. */
TEST_ON_READY_STORES(outbox_a_crash_after_sending_repeats_the_message_id)
{
    struct tx tx;
    REQUIRE(mail_world_open(db));
    use_spy(OK);
    const char *id = mail_world_owe(db, "ann@example.org", "Ann");
    CHECK_NUM(deliver(db), 1);
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(db_run(&tx, "DELETE FROM outbox WHERE id = $1", V(text(id))));
    db_rollback(&tx);

    id = mail_world_owe(db, "ben@example.org", "Ben");
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(db_run(&tx,
                    "UPDATE outbox SET due_at = $2, attempts = 1, taken_by = 'run_x' WHERE id = $1",
                    V(text(id), num(clock_now() + 3 * MINUTE))));
    CHECK_OK(db_commit(&tx));
    CHECK_NUM(deliver(db), 0); /* leased by the dead process */
    clock_shift(3 * MINUTE + SECOND);
    CHECK_NUM(deliver(db), 1);
    CHECK_TEXT(spy.message_id, text_format(test_arena(), "<%s@localhost>", id));
    mail_world_close();
}

TEST_ON_READY_STORES(MAIL_01_the_outbox_takes_one_bare_address)
{
    static const char *const bad[] = { "a@x.org,b@y.org", "a@x.org\r\nBcc: b@y.org",
                                       "Ann <a@x.org>", "" };
    struct tx tx;
    REQUIRE(mail_world_open(db));
    for (size_t i = 0; i < COUNT(bad); i++) {
        db_begin(&tx, db, DB_WRITE, test_arena());
        CHECK_ERR(outbox_add(&tx, "hello", bad[i], NULL, NULL, NULL), E_INVALID);
        db_rollback(&tx);
    }
    mail_world_close();
}

TEST_ON_READY_STORES(outbox_too_many_variables)
{
    struct tx tx;
    REQUIRE(mail_world_open(db));
    char *value = arena_alloc(test_arena(), 17 * 1024);
    memset(value, 'x', 17 * 1024 - 1);
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_ERR(outbox_add(&tx, "hello", "a@x.org", NULL, NULL, VARS({ "name", value })),
              E_TOO_LARGE);
    db_rollback(&tx);
    mail_world_close();
}

TEST_ON_READY_STORES(outbox_an_unknown_kind_dies_and_says_so)
{
    struct tx tx;
    struct outbox_entries found;
    REQUIRE(mail_world_open(db));
    use_spy(OK);
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(outbox_add(&tx, "no_such_kind", "a@x.org", NULL, NULL, NULL));
    CHECK_OK(db_commit(&tx));
    CHECK_NUM(deliver(db), 1);
    CHECK_OK(outbox_list(db, test_arena(), NULL, 10, &found));
    REQUIRE(found.count == 1);
    CHECK(found.list[0].dead_at > 0);
    CHECK_TEXT(found.list[0].last_error, "the templates cannot be rendered");
    CHECK_NUM(spy.calls, 0);
    mail_world_close();
}

TEST_ON_READY_STORES(outbox_old_rows_are_purged)
{
    static const struct job_kind *const kinds[] = { outbox_jobs, NULL };
    struct outbox_entries found;
    REQUIRE(mail_world_open(db));
    job_set_kinds(kinds);
    use_spy(OK);
    mail_world_owe(db, "ann@example.org", "Ann");
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_NUM(spy.calls, 1);
    spy.answer = E_INVALID;
    mail_world_owe(db, "ben@example.org", "Ben");
    CHECK_OK(job_run_due(db, test_arena()));
    clock_shift(8 * DAY);
    CHECK_OK(job_run(db, test_arena(), "mail.purge"));
    CHECK_OK(outbox_list(db, test_arena(), NULL, 10, &found));
    CHECK_NUM(found.count, 1);
    clock_shift(23 * DAY);
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_OK(outbox_list(db, test_arena(), NULL, 10, &found));
    CHECK_NUM(found.count, 0);
    job_set_kinds(NULL);
    mail_world_close();
}

TEST_ON_READY_STORES(outbox_a_closed_account_leaves_no_mail)
{
    struct tx tx;
    struct outbox_entries found;
    REQUIRE(mail_world_open(db));
    mail_world_owe(db, "ann@example.org", "Ann");
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(outbox_forget(&tx, "usr_1"));
    CHECK_OK(db_commit(&tx));
    CHECK_OK(outbox_list(db, test_arena(), NULL, 10, &found));
    CHECK_NUM(found.count, 0);
    mail_world_close();
}

TEST_ON_READY_STORES(outbox_figures_tell_the_age)
{
    struct outbox_figures figures;
    REQUIRE(mail_world_open(db));
    clock_freeze(INT64_C(1'800'000'000'000));
    CHECK_OK(outbox_figures(db, test_arena(), &figures));
    CHECK_NUM(figures.oldest_age, 0);
    mail_world_owe(db, "ann@example.org", "Ann");
    clock_shift(90 * SECOND);
    mail_world_owe(db, "ben@example.org", "Ben");
    CHECK_OK(outbox_figures(db, test_arena(), &figures));
    CHECK_NUM(figures.waiting, 2);
    CHECK_NUM(figures.oldest_age, 90 * SECOND);
    mail_world_close();
}

/* --- racing workers --- */

enum { RACERS = 8, RACE_MAILS = 60 };

static struct {
    struct db *nodes[2]; /* the same one twice on SQLite, which has one process */
    atomic_int sent[RACE_MAILS], calls;
} race;

static enum err race_send(const struct outbox_message *message, void *)
{
    int n = -1;
    if (sscanf(message->to, "r%d@", &n) == 1 && n >= 0 && n < RACE_MAILS)
        race.sent[n]++;
    race.calls++;
    return OK;
}

static void *race_run(void *node)
{
    struct arena arena;
    int handled, quiet = 0;
    arena_init(&arena, 32 << 20);
    while (quiet < 3 && race.calls < RACE_MAILS) {
        if (outbox_deliver(node, &arena, &handled) != OK || !handled)
            quiet++;
    }
    arena_done(&arena);
    return NULL;
}

TEST_ON_READY_STORES(outbox_racing_workers_send_each_mail_once)
{
    pthread_t threads[RACERS];
    struct tx tx;
    REQUIRE(mail_world_open(db));
    memset(&race, 0, sizeof race);
    race.nodes[0] = race.nodes[1] = db;
    if (text_equal(db_engine_name(db), "postgresql"))
        REQUIRE(db_open(&race.nodes[1], test_store_url(), &(struct db_options){ 0 }) == OK);
    outbox_set_sender(race_send, NULL);
    db_begin(&tx, db, DB_WRITE, test_arena());
    for (int i = 0; i < RACE_MAILS; i++)
        CHECK_OK(outbox_add(&tx, "hello", text_format(test_arena(), "r%d@example.org", i), "en",
                            NULL, VARS({ "name", "x" })));
    REQUIRE(db_commit(&tx) == OK);
    for (size_t i = 0; i < RACERS; i++)
        REQUIRE(thread_start(&threads[i], "race", race_run, race.nodes[i % 2]) == OK);
    for (size_t i = 0; i < RACERS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < RACE_MAILS; i++)
        CHECK_NUM(race.sent[i], 1);
    if (race.nodes[1] != db)
        db_close(race.nodes[1]);
    mail_world_close();
}

/* --- ways out --- */

TEST(outbox_development_keeps_mails_in_memory)
{
    struct db *db = test_store_ready("sqlite");
    struct outbox_message *list;
    REQUIRE(db && mail_world_open(db));
    for (int i = 0; i < 3; i++)
        mail_world_owe(db, "ann@example.org", i == 2 ? "Ann" : "Ben");
    CHECK_NUM(deliver(db), 3);
    REQUIRE(outbox_dev_list(test_arena(), &list) >= 3);
    CHECK_TEXT(list[0].subject, "Hello Ann");
    CHECK_TEXT(list[1].subject, "Hello Ben");
    CHECK_TEXT(list[0].html, "<p>Hello Ann</p>\n");
    CHECK(outbox_dev_list(test_arena(), &list) <= 200);
    mail_world_close();
    test_store_close(db);
}

TEST(outbox_development_keeps_two_hundred)
{
    struct outbox_message *list;
    for (int i = 1; i <= 410; i++) {
        const char *subject = text_format(test_arena(), "mail %d", i);
        outbox_dev_add(&(struct outbox_message){ "i", "k", "t", subject, "", "h", "m", i });
    }
    REQUIRE(outbox_dev_list(test_arena(), &list) == 200);
    CHECK_TEXT(list[0].subject, "mail 410");
    CHECK_TEXT(list[199].subject, "mail 211");
    CHECK_TEXT(list[0].text, "");
    CHECK_TEXT(list[0].message_id, "m");
    CHECK_NUM(list[0].created_at, 410);
}

TEST(outbox_a_folder_gets_eml_files)
{
    struct db *db = test_store_ready("sqlite");
    REQUIRE(db && mail_world_open(db));
    REQUIRE(setting_override(SETTING_MAIL_DIR, test_folder()) == OK);
    const char *id = mail_world_owe(db, "ann@example.org", "Ann");
    CHECK_NUM(deliver(db), 1);
    FILE *file = fopen(text_format(test_arena(), "%s/%s.eml", test_folder(), id), "r");
    REQUIRE(file != NULL);
    char mail[4000] = { 0 };
    CHECK(fread(mail, 1, sizeof mail - 1, file) > 100);
    fclose(file);
    CHECK(strstr(mail, "\r\nTo: <ann@example.org>\r\nSubject: Hello Ann\r\n") != NULL);
    CHECK(strstr(mail, "From: \"Cardea\"\r\n <cardea@example.org>\r\n") != NULL);

    const char *lost = text_format(test_arena(), "%s/lost", test_folder());
    REQUIRE(mkdir(lost, 0700) == 0 && setting_override(SETTING_MAIL_DIR, lost) == OK);
    REQUIRE(rmdir(lost) == 0);
    id = mail_world_owe(db, "ben@example.org", "Ben");
    CHECK_NUM(deliver(db), 1);
    CHECK_NUM(mail_world_num(db, id, "sent_at"), 0);
    CHECK(strstr(mail_world_text(db, id, "last_error"), "No such file") != NULL);
    mail_world_close();
    test_store_close(db);
}

/* It counts as sent then: the file outlives a loss of power, with its name. */
TEST(F03_a_mail_in_a_folder_is_on_the_disk)
{
    struct db *db = test_store_ready("memory");
    const char *lost = text_format(test_arena(), "%s/after", test_folder());
    REQUIRE(db && mail_world_open(db) && mkdir(lost, 0700) == 0);
    REQUIRE(setting_override(SETTING_MAIL_DIR, test_folder()) == OK);
    power_watch(test_folder());
    const char *id = mail_world_owe(db, "ann@example.org", "Ann");
    CHECK_NUM(deliver(db), 1);
    power_stop();
    power_go_to(power_moment());
    power_image(lost, POWER_LOST, 0);
    FILE *file = fopen(text_format(test_arena(), "%s/%s.eml", lost, id), "r");
    CHECK(file && fseek(file, 0, SEEK_END) == 0 && ftell(file) > 100);
    if (file)
        (void)fclose(file);
    power_done();
    mail_world_close();
    test_store_close(db);
}

TEST(outbox_waits_untried_without_a_way_out)
{
    struct db *db = test_store_ready("sqlite");
    const char *why;
    REQUIRE(db && mail_world_open(db));
    REQUIRE(setting_open(NULL, false, test_arena(), &why) == OK);
    const char *id = mail_world_owe(db, "ann@example.org", "Ann");
    CHECK_NUM(deliver(db), 0);
    CHECK_NUM(mail_world_num(db, id, "attempts"), 0);
    CHECK(mail_world_num(db, id, "due_at") > 0);
    mail_world_close();
    test_store_close(db);
}

/* The store fails at each call in turn. Whatever was sent has one Message-ID, and in the end
 * the mail is sent. */
TEST(torture_a_failing_store_loses_no_mail)
{
    for (int n = 1; n <= 12; n++) {
        struct db *db = test_store_ready("sqlite");
        REQUIRE(db && mail_world_open(db));
        struct db *wrapper = db_fault_wrap(db);
        int handled;
        use_spy(OK);
        const char *id = mail_world_owe(wrapper, "ann@example.org", "Ann");
        db_fault_after(wrapper, n);
        (void)!outbox_deliver(wrapper, test_arena(), &handled);
        db_fault_after(wrapper, 0);
        clock_shift(4 * MINUTE);
        deliver(wrapper);
        CHECK(mail_world_num(wrapper, id, "sent_at") > 0);
        CHECK(spy.calls == 1 || (spy.calls == 2 && text_equal(spy.message_id, spy.previous_id)));
        mail_world_close();
        test_store_close(wrapper);
    }
}
