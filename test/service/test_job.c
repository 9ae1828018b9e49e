/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs: tasks end with the transaction that did their work, periodic jobs have one runner at a
 * time, and neither a failure, a full arena nor a dead node loses or doubles anything.
 */
#include "service/job.h"

#include "../store.h"
#include "../test.h"
#include "base/clock.h"
#include "base/thread.h"
#include "db/fault.h"
#include "mail_world.h"
#include "service/outbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
    atomic_int runs;
    enum err answer;
    int more; /* how often it asks for another round */
    int64_t again_at;
    bool eats_all; /* fills the arena */
    char arg[64];
    int64_t steal_at; /* by then the lease has ended and another node took the task */
} spy;

/* What a job does in the store: a row in a table of this test's own. */
static enum err write_note(struct job *job)
{
    return db_run(job->tx, "INSERT INTO note (at) VALUES ($1)", V(num(job->now)));
}

static enum err run_spy(struct job *job)
{
    spy.runs++;
    (void)snprintf(spy.arg, sizeof spy.arg, "%s", job->arg);
    TRY(write_note(job));
    if (spy.eats_all)
        (void)arena_alloc(job->arena, (size_t)1 << 30);
    job->more = spy.more-- > 0;
    job->again_at = spy.again_at;
    return spy.answer;
}

static enum err run_steal(struct job *job)
{
    spy.runs++;
    if (spy.runs == 1) {
        /* Somebody else, thinking us dead, claims what we hold. */
        struct tx other;
        db_begin(&other, job->db, DB_WRITE, job->arena);
        TRY(db_run(&other, "UPDATE task SET attempts = attempts + 1, run_at = $1",
                   V(num(job->now))));
        TRY(db_run(&other, "UPDATE job SET leased_by = 'run_other', leased_until = $1",
                   V(num(job->now))));
        TRY(db_commit(&other));
    }
    return write_note(job);
}

static const struct job_kind kinds[] = {
    { "spy.task", run_spy, 0, "a task" },
    { "steal.task", run_steal, 0, "a task whose lease ends" },
    { "spy.hourly", run_spy, HOUR, "a periodic job" },
    { 0 },
};
static const struct job_kind only_steal[] = { { "steal.job", run_steal, HOUR, "" }, { 0 } };
static const struct job_kind only_tasks[] = { { "spy.task", run_spy, 0, "" },
                                              { "steal.task", run_steal, 0, "" },
                                              { 0 } };

static struct db *house;

static bool open_world(struct db *db, const struct job_kind *list)
{
    static const struct job_kind *lists[2];
    struct tx tx;
    memset(&spy, 0, sizeof spy);
    lists[0] = list;
    house = db;
    job_set_kinds(lists);
    if (!mail_world_open(db))
        return false;
    db_begin(&tx, db, DB_WRITE, test_arena());
    bool good = CHECK_OK(db_run(&tx, "CREATE TABLE note (at BIGINT NOT NULL)", V_NONE));
    return CHECK_OK(db_commit(&tx)) && good;
}

/* A ready store is used again: it goes back as it came. */
static void drop_notes(void)
{
    struct tx tx;
    db_begin(&tx, house, DB_WRITE, test_arena());
    CHECK_OK(db_run(&tx, "DROP TABLE note", V_NONE));
    CHECK_OK(db_commit(&tx));
    house = NULL;
}

static void close_world(void)
{
    if (house)
        drop_notes();
    job_set_kinds(NULL);
    mail_world_close();
}

static void add(struct db *db, const char *name, const char *arg)
{
    struct tx tx;
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(job_add(&tx, name, arg));
    CHECK_OK(db_commit(&tx));
}

static int64_t count_notes(struct db *db)
{
    return test_store_num(db, "SELECT COUNT(*) FROM note");
}

static int64_t count_tasks(struct db *db)
{
    return test_store_num(db, "SELECT COUNT(*) FROM task");
}

TEST_ON_READY_STORES(job_a_task_runs_once_with_its_argument)
{
    REQUIRE(open_world(db, only_tasks));
    add(db, "spy.task", "ann@example.org");
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_NUM(spy.runs, 1);
    CHECK_TEXT(spy.arg, "ann@example.org");
    CHECK_NUM(count_notes(db), 1);
    CHECK_NUM(count_tasks(db), 0);
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_NUM(spy.runs, 1);
    close_world();
}

TEST_ON_READY_STORES(job_arguments_are_sealed_and_bounded)
{
    struct tx tx;
    struct mem arg;
    REQUIRE(open_world(db, only_tasks));
    add(db, "spy.task", "ann@example.org");
    db_begin(&tx, db, DB_WRITE, test_arena());
    REQUIRE(db_one(&tx, "SELECT arg FROM task", V_NONE, INTO(to_blob(&arg))) == OK);
    CHECK(memmem(arg.p, arg.n, "ann@", 4) == NULL);
    char *long_arg = arena_alloc(test_arena(), 5000);
    memset(long_arg, 'a', 4097);
    CHECK_ERR(job_add(&tx, "spy.task", long_arg), E_TOO_LARGE);
    db_rollback(&tx);
    close_world();
}

TEST_ON_READY_STORES(job_a_failing_task_leaves_nothing_and_comes_back)
{
    REQUIRE(open_world(db, only_tasks));
    clock_freeze(INT64_C(1'800'000'000'000));
    spy.answer = E_FAULT;
    add(db, "spy.task", "");
    for (int i = 1; i <= 9; i++) {
        CHECK_OK(job_run_due(db, test_arena()));
        CHECK_NUM(spy.runs, i);
        clock_shift(2 * HOUR);
    }
    CHECK_NUM(count_notes(db), 0);
    spy.answer = OK;
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_NUM(count_notes(db), 1);
    CHECK_NUM(count_tasks(db), 0);
    close_world();
}

TEST_ON_READY_STORES(job_a_hopeless_task_is_kept_as_dead)
{
    REQUIRE(open_world(db, only_tasks));
    clock_freeze(INT64_C(1'800'000'000'000));
    spy.answer = E_INVALID;
    add(db, "spy.task", "");
    for (int i = 0; i < 15; i++) {
        CHECK_OK(job_run_due(db, test_arena()));
        clock_shift(2 * HOUR);
    }
    CHECK_NUM(spy.runs, 10);
    CHECK_NUM(count_notes(db), 0);
    CHECK_NUM(test_store_num(
                  db, "SELECT COUNT(*) FROM task WHERE dead_at IS NOT NULL AND run_at IS NULL"),
              1);
    close_world();
}

TEST_ON_READY_STORES(job_a_full_arena_is_a_failure_like_any)
{
    REQUIRE(open_world(db, kinds));
    spy.eats_all = true;
    add(db, "spy.task", "");
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_NUM(spy.runs, 2); /* the task and the periodic job */
    CHECK_NUM(count_notes(db), 0);
    CHECK_NUM(count_tasks(db), 1);
    spy.eats_all = false;
    clock_shift(2 * MINUTE);
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_NUM(count_notes(db), 2);
    CHECK_NUM(count_tasks(db), 0);
    close_world();
}

TEST_ON_READY_STORES(job_a_task_may_ask_for_another_round)
{
    REQUIRE(open_world(db, only_tasks));
    spy.more = 3;
    add(db, "spy.task", "");
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_NUM(spy.runs, 4);
    CHECK_NUM(count_notes(db), 4);
    CHECK_NUM(count_tasks(db), 0);
    close_world();
}

TEST_ON_READY_STORES(job_a_task_may_ask_for_a_later_round)
{
    REQUIRE(open_world(db, only_tasks));
    int64_t now = clock_now();
    spy.more = 1;
    spy.again_at = now + HOUR;
    add(db, "spy.task", "");
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_NUM(spy.runs, 1);
    clock_freeze(now + HOUR - 1);
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_NUM(spy.runs, 1);
    clock_freeze(now + HOUR);
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_NUM(spy.runs, 2);
    CHECK_NUM(count_tasks(db), 0);
    close_world();
}

TEST_ON_READY_STORES(job_an_unknown_task_waits_for_a_version_that_knows_it)
{
    REQUIRE(open_world(db, only_tasks));
    add(db, "later.task", "");
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_NUM(count_tasks(db), 1);
    close_world();
}

TEST_ON_READY_STORES(job_a_dead_nodes_task_is_taken_over)
{
    struct tx tx;
    REQUIRE(open_world(db, only_tasks));
    add(db, "spy.task", "");
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(db_run(&tx, "UPDATE task SET attempts = 1, taken_by = 'run_dead', run_at = $1",
                    V(num(clock_now() + MINUTE))));
    CHECK_OK(db_commit(&tx));
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_NUM(spy.runs, 0);
    clock_shift(61 * SECOND);
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_NUM(spy.runs, 1);
    CHECK_NUM(count_tasks(db), 0);
    close_world();
}

/* On SQLite another writer inside a job would wait for the job itself, so the thief comes first. */
TEST_ON_READY_STORES(job_who_lost_the_lease_writes_nothing)
{
    REQUIRE(open_world(db, only_tasks));
    clock_freeze(INT64_C(1'800'000'000'000));
    add(db, "steal.task", "");
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_NUM(spy.runs, 2);
    CHECK_NUM(count_notes(db), 1);
    CHECK_NUM(count_tasks(db), 0);
    close_world();
}

TEST_ON_READY_STORES(job_who_lost_the_lease_of_a_periodic_job_writes_nothing)
{
    REQUIRE(open_world(db, only_steal));
    clock_freeze(INT64_C(1'800'000'000'000));
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_NUM(spy.runs, 2);
    CHECK_NUM(count_notes(db), 1);
    close_world();
}

TEST_ON_READY_STORES(job_periodic_jobs_keep_their_span)
{
    struct job_entry *list;
    size_t count;
    REQUIRE(open_world(db, kinds));
    clock_freeze(INT64_C(1'800'000'000'000));
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_NUM(spy.runs, 1);
    clock_shift(59 * MINUTE);
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_NUM(spy.runs, 1);
    clock_shift(MINUTE);
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_NUM(spy.runs, 2);
    CHECK_OK(job_list(db, test_arena(), &list, &count));
    REQUIRE(count == 1);
    CHECK_TEXT(list[0].name, "spy.hourly");
    CHECK_NUM(list[0].last_success_at, INT64_C(1'800'000'000'000) + HOUR);
    CHECK_NUM(list[0].next_run_at, INT64_C(1'800'000'000'000) + 2 * HOUR);
    CHECK(list[0].last_error == NULL);
    close_world();
}

TEST_ON_READY_STORES(job_a_failing_periodic_job_says_so_and_comes_back_in_a_minute)
{
    struct job_entry *list;
    size_t count;
    REQUIRE(open_world(db, kinds));
    clock_freeze(INT64_C(1'800'000'000'000));
    spy.answer = E_BUSY;
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_OK(job_list(db, test_arena(), &list, &count));
    CHECK_TEXT(list[0].last_error, "E_BUSY");
    CHECK_NUM(list[0].last_success_at, 0);
    CHECK_NUM(list[0].next_run_at, clock_now() + MINUTE);
    CHECK_NUM(count_notes(db), 0);
    close_world();
}

TEST_ON_READY_STORES(job_by_hand)
{
    struct tx tx;
    REQUIRE(open_world(db, kinds));
    clock_freeze(INT64_C(1'800'000'000'000));
    CHECK_OK(job_run_due(db, test_arena()));
    CHECK_OK(job_run(db, test_arena(), "spy.hourly"));
    CHECK_NUM(spy.runs, 2);
    CHECK_ERR(job_run(db, test_arena(), "spy.task"), E_NOT_FOUND);
    CHECK_ERR(job_run(db, test_arena(), "nothing"), E_NOT_FOUND);
    spy.answer = E_DENIED;
    CHECK_ERR(job_run(db, test_arena(), "spy.hourly"), E_DENIED);
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(db_run(&tx, "UPDATE job SET leased_by = 'run_other', leased_until = $1",
                    V(num(clock_now() + MINUTE))));
    CHECK_OK(db_commit(&tx));
    CHECK_ERR(job_run(db, test_arena(), "spy.hourly"), E_BUSY);
    clock_shift(MINUTE);
    spy.answer = OK;
    CHECK_OK(job_run(db, test_arena(), "spy.hourly"));
    close_world();
}

/* The store fails at each call in turn; what a job writes is written once all the same. */
TEST(torture_a_failing_store_doubles_no_job)
{
    for (int n = 1; n <= 15; n++) {
        struct db *db = test_store_ready("sqlite");
        REQUIRE(db && open_world(db, kinds));
        struct db *wrapper = db_fault_wrap(db);
        add(wrapper, "spy.task", "");
        db_fault_after(wrapper, n);
        (void)!job_run_due(wrapper, test_arena());
        db_fault_after(wrapper, 0);
        clock_shift(5 * MINUTE);
        CHECK_OK(job_run_due(wrapper, test_arena()));
        CHECK_NUM(count_notes(wrapper), 2); /* the task and the periodic job */
        CHECK_NUM(count_tasks(wrapper), 0);
        close_world();
        test_store_close(wrapper);
    }
}

/* Memory runs out at each chunk in turn: likewise. */
TEST(F07_a_full_memory_doubles_no_job)
{
    for (int n = 1; n <= 12; n++) {
        struct db *db = test_store_ready("sqlite");
        REQUIRE(db && open_world(db, kinds));
        add(db, "spy.task", "");
        arena_fail_after(n);
        (void)!job_run_due(db, test_arena());
        arena_fail_after(0);
        clock_shift(5 * MINUTE);
        CHECK_OK(job_run_due(db, test_arena()));
        CHECK_NUM(count_notes(db), 2);
        CHECK_NUM(count_tasks(db), 0);
        close_world();
        test_store_close(db);
    }
}

/* --- racing nodes --- */

enum { NODES = 8, RACE_TASKS = 60 };
static atomic_int race_runs[RACE_TASKS], race_periodic;

static enum err run_race(struct job *job)
{
    int64_t n = -1;
    if (text_parse_int(job->arg, 0, RACE_TASKS - 1, &n))
        race_runs[n]++;
    return write_note(job);
}

static enum err run_race_periodic(struct job *job)
{
    race_periodic++;
    return write_note(job);
}

static const struct job_kind race_kinds[] = { { "race", run_race, 0, "" },
                                              { "race.hourly", run_race_periodic, HOUR, "" },
                                              { 0 } };

static void *race_node(void *db)
{
    struct arena arena;
    arena_init(&arena, 32 << 20);
    for (int i = 0; i < 3; i++)
        (void)!job_run_due(db, &arena);
    arena_done(&arena);
    return NULL;
}

TEST_ON_READY_STORES(job_racing_nodes_run_each_task_once)
{
    pthread_t threads[NODES];
    struct tx tx;
    REQUIRE(open_world(db, race_kinds));
    memset(race_runs, 0, sizeof race_runs);
    race_periodic = 0;
    struct db *other = db; /* a second node needs PostgreSQL */
    if (text_equal(db_engine_name(db), "postgresql"))
        REQUIRE(db_open(&other, test_store_url(), &(struct db_options){ 0 }) == OK);
    db_begin(&tx, db, DB_WRITE, test_arena());
    for (int i = 0; i < RACE_TASKS; i++)
        CHECK_OK(job_add(&tx, "race", text_format(test_arena(), "%d", i)));
    REQUIRE(db_commit(&tx) == OK);
    for (size_t i = 0; i < NODES; i++)
        REQUIRE(thread_start(&threads[i], "node", race_node, i % 2 ? other : db) == OK);
    for (size_t i = 0; i < NODES; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < RACE_TASKS; i++)
        CHECK_NUM(race_runs[i], 1);
    CHECK_NUM(race_periodic, 1);
    CHECK_NUM(count_notes(db), RACE_TASKS + 1);
    if (other != db)
        db_close(other);
    close_world();
}

/* --- the threads --- */

static atomic_llong left_at;

static enum err note_leaving(const struct outbox_message *, void *)
{
    left_at = clock_monotonic_ns();
    return OK;
}

static enum err run_owe(struct job *job)
{
    return outbox_add(job->tx, "hello", "ann@example.org", "en", NULL, VARS({ "name", "Ann" }));
}

static const struct job_kind owe_kinds[] = { { "owe", run_owe, 0, "" }, { 0 } };

/* A request queues a task, the task owes a mail, the mail leaves: within a tenth of a second. */
TEST_ON_READY_STORES(job_wake_makes_a_mail_leave_at_once)
{
    static const struct job_kind *const lists[] = { outbox_jobs, owe_kinds, NULL };
    REQUIRE(mail_world_open(db));
    job_set_kinds(lists);
    outbox_set_sender(note_leaving, NULL);
    left_at = 0;
    REQUIRE(job_start(db) == OK);
    usleep(50'000);
    int64_t queued_at = clock_monotonic_ns();
    add(db, "owe", "");
    job_wake();
    for (int i = 0; i < 3000 && !left_at; i++)
        usleep(1000);
    job_stop();
    REQUIRE(left_at != 0);
    int64_t ms = (left_at - queued_at) / 1'000'000;
    if (ms > 300) /* generous: sanitizers, a busy machine; a poll would take up to 1000 */
        test_fail(__FILE__, __LINE__, "it took %lld ms", (long long)ms);
    close_world();
}

TEST_ON_READY_STORES(job_stop_without_start_and_twice)
{
    REQUIRE(open_world(db, kinds));
    job_stop();
    job_wake();
    CHECK_OK(job_start(db));
    job_stop();
    job_stop();
    CHECK_OK(job_start(db));
    job_stop();
    close_world();
}

TEST(TIME_01_a_poller_goes_on_after_the_clock_was_set_back)
{
    _Atomic int64_t last = 0;
    CHECK(job_is_due(&last, 1'000'000, 100));
    CHECK(!job_is_due(&last, 1'000'099, 100));
    CHECK(job_is_due(&last, 1'000'100, 100));
    CHECK(job_is_due(&last, 5, 100));
    CHECK(!job_is_due(&last, 104, 100));
}

TEST(a_misspelt_job_is_recognised)
{
    static const struct job_kind three[] = {
        { "session.purge", NULL, HOUR, "" },
        { "reset.send", NULL, 0, "" },
        { "mail.deliver", NULL, JOB_ON_WAKE, "" },
        { 0 },
    };
    static const struct job_kind *const lists[] = { three, NULL };
    static const struct {
        const char *typed, *meant;
    } cases[] = {
        { "sesion.purge", "session.purge" },
        { "purge", NULL },
        { "session_purge", "session.purge" },
        { "mail.delivr", "mail.deliver" },
        { "reset.send", NULL },
        { "", NULL },
        { "x", NULL },
    };
    job_set_kinds(lists);
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_TEXT(job_nearest(cases[i].typed), cases[i].meant);
    job_set_kinds(NULL);
}
