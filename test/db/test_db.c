/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's contract, the same on each engine.
 */
#include "db/db.h"

#include "../store.h"
#include "base/clock.h"
#include "base/thread.h"
#include "db/engine.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 64 };

static void make_tables(struct db *db)
{
    static const char *const portable[] = {
        "CREATE TABLE person (id TEXT PRIMARY KEY, email TEXT UNIQUE, age BIGINT)",
        "CREATE TABLE pet (id TEXT PRIMARY KEY, person_id TEXT NOT NULL REFERENCES person (id))",
        "CREATE TABLE job (id BIGINT PRIMARY KEY, taken_at BIGINT)",
        NULL,
    };
    struct tx tx;
    db_begin(&tx, db, DB_WRITE, test_arena());
    for (const char *const *sql = portable; *sql; sql++)
        CHECK_OK(db_run(&tx, *sql, V_NONE));
    bool sqlite = text_equal(db_engine_name(db), "sqlite");
    CHECK_OK(db_run(&tx,
                    sqlite ? "CREATE TABLE thing (id TEXT PRIMARY KEY, data BLOB)"
                           : "CREATE TABLE thing (id TEXT PRIMARY KEY, data BYTEA)",
                    V_NONE));
    CHECK_OK(db_commit(&tx));
}

static enum err add_person(struct tx *tx, const char *id, const char *email, int64_t age)
{
    return db_run(tx, "INSERT INTO person (id, email, age) VALUES ($1, $2, $3)",
                  V(text(id), text(email), num_or_null(age)));
}

static int64_t count_people(struct db *db)
{
    return test_store_num(db, "SELECT count(*) FROM person");
}

/* --- statements --- */

TEST_ON_STORES(values_come_back_as_they_went)
{
    struct tx tx;
    const char *id, *email;
    int64_t age;
    make_tables(db);
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(add_person(&tx, "a", "Zo\u00eb's \"x\" \\ %s", INT64_MIN));
    CHECK_OK(add_person(&tx, "b", NULL, 0));
    CHECK_OK(db_one(&tx, "SELECT age, id, email FROM person WHERE id = $1", V(text("a")),
                    INTO(to_num(&age), to_text(&id), to_text(&email))));
    CHECK_TEXT(id, "a");
    CHECK_TEXT(email, "Zo\u00eb's \"x\" \\ %s");
    CHECK(age == INT64_MIN);
    CHECK_OK(db_one(&tx, "SELECT age, id, email FROM person WHERE id = $1", V(text("b")),
                    INTO(to_num(&age), to_text(&id), to_text(&email))));
    CHECK(email == NULL);
    CHECK_NUM(age, 0);
    CHECK_ERR(db_one(&tx, "SELECT age, id, email FROM person WHERE id = $1", V(text("c")),
                     INTO(to_num(&age), to_text(&id), to_text(&email))),
              E_NOT_FOUND);
    CHECK_TEXT(id, "b");
    CHECK_OK(db_commit(&tx));
}

TEST_ON_STORES(parameters_are_bound_by_name)
{
    struct tx tx;
    const char *first, *second;
    db_begin(&tx, db, DB_PEEK, test_arena());
    CHECK_OK(db_one(&tx, "SELECT CAST($2 AS TEXT), CAST($1 AS TEXT) WHERE $1 <> $2",
                    V(text("one"), text("two")), INTO(to_text(&first), to_text(&second))));
    CHECK_TEXT(first, "two");
    CHECK_TEXT(second, "one");
}

TEST_ON_STORES(SQL_01_hostile_values_are_data)
{
    static const char *const hostile[] = {
        "'",        "\"",     "\\",   "'; DROP TABLE person; --",
        "$1",       "?1",     ":x",   "%s%n",
        "\x01\x7f", "\u202e", "a\nb", "",
        NULL,
    };
    static const char nul[] = "a\0b'\xc0\x27\xff";
    struct mem bytes = MEM(nul, sizeof nul - 1), got;
    struct tx tx;
    make_tables(db);
    db_begin(&tx, db, DB_WRITE, test_arena());
    for (const char *const *h = hostile; *h; h++) {
        const char *email;
        CHECK_OK(add_person(&tx, *h, *h, 1));
        CHECK_OK(db_one(&tx, "SELECT email FROM person WHERE id = $1", V(text(*h)),
                        INTO(to_text(&email))));
        CHECK_TEXT(email, *h);
    }
    CHECK_OK(
        db_run(&tx, "INSERT INTO thing (id, data) VALUES ($1, $2)", V(text("x"), blob(bytes))));
    CHECK_OK(
        db_one(&tx, "SELECT data FROM thing WHERE data = $1", V(blob(bytes)), INTO(to_blob(&got))));
    CHECK(mem_equal(got, bytes));
    CHECK_OK(db_run(&tx, "INSERT INTO thing (id, data) VALUES ($1, $2)",
                    V(text("empty"), blob(MEM_NONE))));
    CHECK_OK(db_one(&tx, "SELECT data FROM thing WHERE id = $1 AND data IS NOT NULL",
                    V(text("empty")), INTO(to_blob(&got))));
    CHECK_NUM(got.n, 0);
    CHECK_OK(db_commit(&tx));
    CHECK_NUM(count_people(db), 12);
}

TEST_ON_STORES(SQL_01_text_that_is_not_utf8_is_an_error)
{
    static const char *const bad[] = { "\xc0\x27", "\xff", "\xed\xa0\x80", "\xf4\x90\x80\x80" };
    make_tables(db);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct tx tx;
        db_begin(&tx, db, DB_WRITE, test_arena());
        CHECK_ERR(add_person(&tx, "x", bad[i], 1), E_FAULT);
        CHECK_ERR(db_commit(&tx), E_FAULT);
    }
    CHECK_NUM(count_people(db), 0);
}

TEST_ON_STORES(each_gives_all_rows_and_change_counts_them)
{
    struct tx tx;
    struct db_rows rows;
    int64_t changed = -1;
    char id[16];
    make_tables(db);
    db_begin(&tx, db, DB_WRITE, test_arena());
    for (int i = 0; i < 100; i++) {
        (void)snprintf(id, sizeof id, "p%02d", i);
        CHECK_OK(add_person(&tx, id, NULL, i));
    }
    CHECK_OK(db_each(&tx, "SELECT id, age FROM person ORDER BY id", V_NONE, &rows));
    CHECK_NUM(rows.count, 100);
    CHECK_NUM(rows.width, 2);
    CHECK_TEXT(db_at(&rows, 42, 0)->text, "p42");
    CHECK_NUM(db_at(&rows, 42, 1)->num, 42);
    CHECK_OK(db_each(&tx, "SELECT id FROM person WHERE age > $1", V(num(1000)), &rows));
    CHECK_NUM(rows.count, 0);
    CHECK_OK(db_change(&tx, "UPDATE person SET age = age + $1 WHERE age > $2", V(num(1), num(49)),
                       &changed));
    CHECK_NUM(changed, 50);
    CHECK_OK(db_change(&tx, "SELECT id FROM person", V_NONE, &changed));
    CHECK_NUM(changed, 0);
    CHECK_OK(db_change(&tx, "INSERT INTO person (id) VALUES ($1) ON CONFLICT (id) DO NOTHING",
                       V(text("p00")), &changed));
    CHECK_NUM(changed, 0);
    CHECK_OK(db_change(&tx, "DELETE FROM person WHERE age = $1", V(num(7)), &changed));
    CHECK_NUM(changed, 1);
    CHECK_OK(db_commit(&tx));
}

TEST_ON_STORES(sums_and_exists_are_numbers)
{
    struct tx tx;
    int64_t sum, none = 5, is;
    make_tables(db);
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(add_person(&tx, "a", NULL, 40));
    CHECK_OK(add_person(&tx, "b", NULL, 2));
    CHECK_OK(db_one(&tx, "SELECT sum(age), EXISTS (SELECT 1 FROM person WHERE id = $1) FROM person",
                    V(text("a")), INTO(to_num(&sum), to_num(&is))));
    CHECK_NUM(sum, 42);
    CHECK_NUM(is, 1);
    CHECK_OK(db_one(&tx, "SELECT sum(age) FROM person WHERE id = $1", V(text("c")),
                    INTO(to_num(&none))));
    CHECK_NUM(none, 0);
    db_rollback(&tx);
}

TEST_ON_STORES(a_column_of_another_type_is_a_fault)
{
    struct tx tx;
    int64_t n;
    make_tables(db);
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(add_person(&tx, "a", NULL, 40));
    CHECK_ERR(db_one(&tx, "SELECT id FROM person", V_NONE, INTO(to_num(&n))), E_FAULT);
    db_rollback(&tx);
}

TEST_ON_STORES(too_many_rows_are_a_fault)
{
    struct tx tx;
    struct db_rows rows;
    db_begin(&tx, db, DB_PEEK, test_arena());
    CHECK_ERR(db_each(&tx,
                      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                      "$1) SELECT i FROM n",
                      V(num(DB_ROWS_MAX + 5)), &rows),
              E_FAULT);
    db_rollback(&tx);
    CHECK_OK(db_each(&tx,
                     "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                     "$1) SELECT i FROM n",
                     V(num(DB_ROWS_MAX)), &rows));
    CHECK_NUM(rows.count, DB_ROWS_MAX);
    CHECK_NUM(db_at(&rows, DB_ROWS_MAX - 1, 0)->num, DB_ROWS_MAX);
}

/* --- transactions --- */

TEST_ON_STORES(a_conflict_leaves_the_tx_fit_for_rollback_only)
{
    struct tx tx;
    make_tables(db);
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(add_person(&tx, "a", "x@example.org", 1));
    CHECK_ERR(add_person(&tx, "b", "x@example.org", 1), E_CONFLICT);
    CHECK_ERR(add_person(&tx, "c", "y@example.org", 1), E_FAULT);
    CHECK_ERR(db_commit(&tx), E_FAULT);
    CHECK_NUM(count_people(db), 0);

    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_ERR(db_run(&tx, "INSERT INTO pet (id, person_id) VALUES ($1, $2)",
                     V(text("p"), text("nobody"))),
              E_CONFLICT);
    db_rollback(&tx);
    db_rollback(&tx);
    CHECK_OK(add_person(&tx, "a", "x@example.org", 1));
    CHECK_OK(db_commit(&tx));
    CHECK_NUM(count_people(db), 1);
}

TEST_ON_STORES(broken_rules_other_than_keys_are_faults)
{
    struct tx tx;
    make_tables(db);
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_ERR(db_run(&tx, "INSERT INTO pet (id) VALUES ($1)", V(text("p"))), E_FAULT);
    db_rollback(&tx);
    CHECK_ERR(db_run(&tx, "INSERT INTO nowhere (id) VALUES ($1)", V(text("p"))), E_FAULT);
    db_rollback(&tx);
}

TEST_ON_STORES(reading_modes_cannot_write)
{
    static const enum db_mode modes[] = { DB_READ, DB_PEEK };
    make_tables(db);
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct tx tx;
        db_begin(&tx, db, modes[i], test_arena());
        CHECK_ERR(add_person(&tx, "a", NULL, 1), E_FAULT);
        db_rollback(&tx);
    }
    CHECK_NUM(count_people(db), 0);
}

TEST_ON_STORES(read_is_one_snapshot_and_peek_is_not)
{
    struct tx reading, peeking, writing;
    int64_t n;
    make_tables(db);
    db_begin(&reading, db, DB_READ, test_arena());
    db_begin(&peeking, db, DB_PEEK, test_arena());
    CHECK_OK(db_one(&reading, "SELECT count(*) FROM person", V_NONE, INTO(to_num(&n))));
    CHECK_OK(db_one(&peeking, "SELECT count(*) FROM person", V_NONE, INTO(to_num(&n))));
    db_begin(&writing, db, DB_WRITE, test_arena());
    CHECK_OK(add_person(&writing, "a", NULL, 1));
    CHECK_OK(db_one(&peeking, "SELECT count(*) FROM person", V_NONE, INTO(to_num(&n))));
    CHECK_NUM(n, 0);
    CHECK_OK(db_commit(&writing));
    CHECK_OK(db_one(&peeking, "SELECT count(*) FROM person", V_NONE, INTO(to_num(&n))));
    CHECK_NUM(n, 1);
    CHECK_OK(db_one(&reading, "SELECT count(*) FROM person", V_NONE, INTO(to_num(&n))));
    CHECK_NUM(n, 0);
    CHECK_OK(db_commit(&reading));
    CHECK_OK(db_commit(&peeking));
}

TEST_ON_STORES(a_tx_that_did_nothing_costs_nothing)
{
    static struct tx tx[200];
    for (size_t i = 0; i < COUNT(tx); i++)
        db_begin(&tx[i], db, DB_WRITE, test_arena());
    for (size_t i = 0; i < COUNT(tx); i++)
        CHECK_OK(db_commit(&tx[i]));
    CHECK_OK(db_ping(db, test_arena()));
}

/* More rows than any arena of these tests holds: the trap is taken in the middle of the statement.
 */
static void read_too_much(struct tx *tx)
{
    static const char sql[] = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                              "WHERE i < 9000) SELECT i FROM n";
    struct db_rows rows;
    if (tx->mode == DB_WRITE)
        CHECK_OK(add_person(tx, "lost", NULL, 1));
    (void)db_each(tx, sql, V_NONE, &rows);
    test_fail(__FILE__, __LINE__, "the arena held everything");
}

/* A rollback in the trap sets everything free. */
static void fill_arena(struct db *db, enum db_mode mode, struct arena *arena)
{
    struct tx tx;
    jmp_buf jump;
    db_begin(&tx, db, mode, arena);
    if (ARENA_TRAP(arena, &jump))
        db_rollback(&tx);
    else
        read_too_much(&tx);
}

TEST_ON_STORES(a_full_arena_in_mid_statement_is_rolled_back)
{
    static const enum db_mode modes[] = { DB_WRITE, DB_READ, DB_PEEK };
    make_tables(db);
    for (int round = 0; round < 40; round++) { /* more often than there are connections */
        struct arena arena;
        arena_init(&arena, 20'000);
        fill_arena(db, modes[round % 3], &arena);
        arena_done(&arena);
    }
    CHECK_NUM(count_people(db), 0);
    struct tx tx;
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(add_person(&tx, "kept", NULL, 1));
    CHECK_OK(db_commit(&tx));
    CHECK_NUM(count_people(db), 1);
}

/* --- many threads --- */

struct crowd {
    struct db *db;
    int number;
    enum err result;
    int good;
    pthread_t thread;
};

static void run_crowd(struct db *db, void *(*run)(void *), struct crowd crowd[THREADS])
{
    for (int i = 0; i < THREADS; i++) {
        crowd[i] = (struct crowd){ .db = db, .number = i };
        if (thread_start(&crowd[i].thread, "crowd", run, &crowd[i]) != OK)
            abort();
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(crowd[i].thread, NULL);
}

/* Ten inserts each: every third conflicts with a key that is there, every fifth is rolled back. */
static void *insert_ten(void *arg)
{
    struct crowd *c = arg;
    struct arena arena;
    char id[24];
    arena_init(&arena, 1 << 20);
    for (int i = 0; i < 10; i++) {
        struct tx tx;
        int n = c->number * 10 + i;
        (void)snprintf(id, sizeof id, "t%d", n);
        db_begin(&tx, c->db, DB_WRITE, &arena);
        enum err e = add_person(&tx, id, n % 3 == 0 ? "taken@example.org" : id, 1);
        if (n % 3 == 0 ? e != E_CONFLICT : e != OK)
            c->result = E_FAULT;
        if (e == OK && n % 5 != 0 && db_commit(&tx) == OK)
            c->good++;
        db_rollback(&tx);
    }
    arena_done(&arena);
    return NULL;
}

TEST_ON_STORES(acknowledged_rows_are_there_and_failures_stay_alone)
{
    struct crowd crowd[THREADS];
    struct tx tx;
    int64_t expected = 1, good = 1;
    make_tables(db);
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(add_person(&tx, "first", "taken@example.org", 1));
    CHECK_OK(db_commit(&tx));
    run_crowd(db, insert_ten, crowd);
    for (int i = 0; i < THREADS; i++) {
        CHECK_OK(crowd[i].result);
        good += crowd[i].good;
    }
    for (int n = 0; n < THREADS * 10; n++)
        expected += n % 3 != 0 && n % 5 != 0;
    CHECK_NUM(good, expected);
    CHECK_NUM(count_people(db), expected);
}

static void *take_token(void *arg)
{
    struct crowd *c = arg;
    struct arena arena;
    struct tx tx;
    const char *id;
    arena_init(&arena, 1 << 16);
    db_begin(&tx, c->db, DB_WRITE, &arena);
    c->result = db_one(&tx, "DELETE FROM person WHERE id = $1 RETURNING id", V(text("token")),
                       INTO(to_text(&id)));
    if (c->result == OK)
        c->result = db_commit(&tx);
    db_rollback(&tx);
    arena_done(&arena);
    return NULL;
}

TEST_ON_STORES(RACE_01_one_of_64_gets_the_row)
{
    struct crowd crowd[THREADS];
    make_tables(db);
    for (int round = 0; round < 5; round++) {
        struct tx tx;
        int winners = 0;
        db_begin(&tx, db, DB_WRITE, test_arena());
        CHECK_OK(add_person(&tx, "token", NULL, 1));
        CHECK_OK(db_commit(&tx));
        run_crowd(db, take_token, crowd);
        for (int i = 0; i < THREADS; i++) {
            winners += crowd[i].result == OK;
            CHECK(crowd[i].result == OK || crowd[i].result == E_NOT_FOUND);
        }
        CHECK_NUM(winners, 1);
    }
}

/* Claims jobs until there are none; c->good counts them. */
static void *claim_jobs(void *arg)
{
    struct crowd *c = arg;
    struct arena arena;
    int empty = 0;
    arena_init(&arena, 1 << 20);
    while (empty < 3) {
        struct tx tx;
        int64_t id;
        db_begin(&tx, c->db, DB_WRITE, &arena);
        enum err e = db_one(&tx,
                            "UPDATE job SET taken_at = $1 WHERE id = (SELECT id FROM job WHERE "
                            "taken_at IS NULL ORDER BY id LIMIT 1) AND taken_at IS NULL "
                            "RETURNING id",
                            V(num(1)), INTO(to_num(&id)));
        if (e == OK && db_commit(&tx) == OK)
            c->good++;
        empty = e == OK ? 0 : empty + 1;
        db_rollback(&tx);
    }
    arena_done(&arena);
    return NULL;
}

TEST_ON_STORES(RACE_01_each_job_is_claimed_once)
{
    struct crowd crowd[THREADS];
    struct tx tx;
    int64_t claimed = 0, left = 0;
    make_tables(db);
    db_begin(&tx, db, DB_WRITE, test_arena());
    for (int i = 0; i < 200; i++)
        CHECK_OK(db_run(&tx, "INSERT INTO job (id) VALUES ($1)", V(num(i))));
    CHECK_OK(db_commit(&tx));
    run_crowd(db, claim_jobs, crowd);
    for (int i = 0; i < THREADS; i++)
        claimed += crowd[i].good;
    db_begin(&tx, db, DB_PEEK, test_arena());
    CHECK_OK(db_one(&tx, "SELECT count(*) FROM job WHERE taken_at IS NULL", V_NONE,
                    INTO(to_num(&left))));
    CHECK_NUM(claimed + left, 200);
    CHECK(claimed > 0);
}

/* --- commits that do not wait --- */

static atomic_int acknowledged, refused;

static void count_result(void *arg, enum err result)
{
    CHECK(arg == &acknowledged);
    atomic_fetch_add(result == OK ? &acknowledged : &refused, 1);
}

static void *commit_many(void *arg)
{
    struct crowd *c = arg;
    struct arena arena;
    char id[24];
    arena_init(&arena, 1 << 20);
    for (int i = 0; i < 20; i++) {
        struct tx tx;
        (void)snprintf(id, sizeof id, "t%d-%d", c->number, i);
        db_begin(&tx, c->db, DB_WRITE, &arena);
        c->result = add_person(&tx, id, NULL, 1);
        if (c->result)
            break;
        db_commit_then(&tx, count_result, &acknowledged);
        arena_reset(&arena);
    }
    arena_done(&arena);
    return NULL;
}

TEST_ON_STORES(commits_that_do_not_wait_are_all_told)
{
    struct crowd crowd[THREADS];
    acknowledged = refused = 0;
    make_tables(db);
    run_crowd(db, commit_many, crowd);
    for (int i = 0; i < 500 && acknowledged + refused < THREADS * 20; i++)
        (void)nanosleep(&(struct timespec){ .tv_nsec = 10'000'000 }, NULL);
    CHECK_NUM(acknowledged, THREADS * 20);
    CHECK_NUM(refused, 0);
    CHECK_NUM(count_people(db), THREADS * 20);
}

/* --- URLs --- */

TEST(a_url_that_is_no_store_is_invalid)
{
    static const char *const bad[] = {
        "", "sqlite", "sqlite:", "mysql://x", "/var/x.db", "http://x"
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct db *db = NULL;
        CHECK_ERR(db_open(&db, bad[i], NULL), E_INVALID);
        CHECK(db == NULL);
    }
}
