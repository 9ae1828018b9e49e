/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only SQLite has: a file with its disasters (F02 to F06), the batch that shares one sync, and
 * a second process beside the server.
 */
#include "../power.h"
#include "../store.h"
#include "base/thread.h"
#include "db/db.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 32 };

/* --- helpers
 * -------------------------------------------------------------------------------------------------
 */

static const char *in_folder(const char *name)
{
    return text_format(test_arena(), "%s/%s", test_folder(), name);
}

static enum err open_at(const char *path, bool is_tool, struct db **ret)
{
    struct db_options options = { .is_tool = is_tool };
    return db_open(ret, text_format(test_arena(), "sqlite:%s", path), &options);
}

static enum err write_one(struct db *db, struct arena *arena, const char *sql)
{
    struct tx tx;
    db_begin(&tx, db, DB_WRITE, arena);
    enum err e = db_run(&tx, sql, V_NONE);
    if (e == OK)
        return db_commit(&tx);
    db_rollback(&tx);
    return e;
}

static const char create[] = "CREATE TABLE row (id TEXT PRIMARY KEY, filler TEXT) STRICT";

static enum err add_row(struct tx *tx, const char *id, const char *filler)
{
    return db_run(tx, "INSERT INTO row (id, filler) VALUES ($1, $2)", V(text(id), text(filler)));
}

static int64_t count_rows(struct db *db)
{
    return test_store_num(db, "SELECT count(*) FROM row");
}

static long size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

static void write_file(const char *path, const char *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, n, f) != n)
        abort();
    (void)fclose(f);
}

/* --- files that are not what they should be --- */

TEST(F06_a_missing_folder_is_refused)
{
    struct db *db;
    CHECK_ERR(open_at(in_folder("nowhere/x.db"), false, &db), E_FAULT);
    CHECK(size_of(in_folder("nowhere")) == -1);
}

TEST(F06_a_folder_is_not_a_database)
{
    struct db *db;
    CHECK_ERR(open_at(test_folder(), false, &db), E_FAULT);
}

TEST(F06_garbage_is_left_as_it_is)
{
    static char garbage[8192];
    const char *path = in_folder("garbage.db");
    struct db *db;
    memset(garbage, 'x', sizeof garbage);
    write_file(path, garbage, sizeof garbage);
    CHECK_ERR(open_at(path, false, &db), E_FAULT);
    CHECK_NUM(size_of(path), sizeof garbage);
    FILE *f = fopen(path, "rb");
    REQUIRE(f != NULL);
    for (int c = fgetc(f); c != EOF; c = fgetc(f))
        if (c != 'x') {
            test_fail(__FILE__, __LINE__, "garbage was written over");
            break;
        }
    (void)fclose(f);
}

TEST(F06_a_log_without_its_database_is_refused)
{
    const char *path = in_folder("moved.db");
    struct db *db;
    const char log[] = "a log's header has thirty-two bytes, and this is more";
    write_file(in_folder("moved.db-wal"), log, sizeof log);
    CHECK_ERR(open_at(path, false, &db), E_FAULT);
    CHECK_NUM(size_of(path), -1);
    CHECK_NUM(size_of(in_folder("moved.db-wal")), sizeof log);
}

/* The power went while the database was made. */
TEST(F03_a_log_in_which_nothing_stands_is_in_nobodys_way)
{
    static const char header[32];
    struct db *db;
    write_file(in_folder("begun.db-wal"), header, sizeof header);
    REQUIRE(open_at(in_folder("begun.db"), false, &db) == OK);
    CHECK_OK(write_one(db, test_arena(), create));
    db_close(db);
}

TEST(F06_a_damaged_page_is_a_fault_not_a_crash)
{
    const char *path = in_folder("damaged.db");
    struct db *db;
    struct tx tx;
    char filler[200], id[24];
    int64_t n;
    memset(filler, 'f', sizeof filler - 1);
    filler[sizeof filler - 1] = 0;
    CHECK_OK(open_at(path, false, &db));
    CHECK_OK(write_one(db, test_arena(), create));
    db_begin(&tx, db, DB_WRITE, test_arena());
    for (int i = 0; i < 500; i++) {
        (void)snprintf(id, sizeof id, "r%d", i);
        CHECK_OK(add_row(&tx, id, filler));
    }
    CHECK_OK(db_commit(&tx));
    db_close(db);

    long size = size_of(path);
    int fd = open(path, O_WRONLY);
    REQUIRE(fd >= 0);
    memset(filler, 0xa5, sizeof filler);
    for (long at = 4096 * 2; at < size; at += 4096)
        CHECK(pwrite(fd, filler, sizeof filler, at) == sizeof filler);
    close(fd);

    CHECK_OK(open_at(path, false, &db));
    db_begin(&tx, db, DB_READ, test_arena());
    CHECK_ERR(db_one(&tx, "SELECT sum(length(filler)) FROM row", V_NONE, INTO(to_num(&n))),
              E_FAULT);
    db_rollback(&tx);
    CHECK_ERR(write_one(db, test_arena(), "UPDATE row SET filler = 'x'"), E_FAULT);
    db_close(db);
}

TEST(F06_a_file_that_may_not_be_written_is_refused)
{
    const char *path = in_folder("mine.db");
    struct db *db;
    CHECK_OK(open_at(path, false, &db));
    CHECK_OK(write_one(db, test_arena(), create));
    db_close(db);
    CHECK(chmod(path, 0444) == 0);
    CHECK(chmod(test_folder(), 0555) == 0);
    bool is_root = geteuid() == 0;
    if (is_root)
        REQUIRE(seteuid(65534) == 0); /* permissions mean nothing to root */
    CHECK_ERR(open_at(path, false, &db), E_FAULT);
    if (is_root)
        REQUIRE(seteuid(0) == 0);
    CHECK(chmod(test_folder(), 0755) == 0);
}

/* --- a disk that fails --- */

struct crowd {
    struct db *db;
    int number;
    bool kept[10]; /* acknowledged */
    pthread_t thread;
};

static void *insert_ten(void *arg)
{
    static const char filler[] = "................................................................"
                                 "................................................................";
    struct crowd *c = arg;
    struct arena arena;
    char id[24];
    arena_init(&arena, 1 << 20);
    for (int i = 0; i < 10; i++) {
        struct tx tx;
        (void)snprintf(id, sizeof id, "t%d-%d", c->number, i);
        db_begin(&tx, c->db, DB_WRITE, &arena);
        c->kept[i] = add_row(&tx, id, filler) == OK && db_commit(&tx) == OK;
        db_rollback(&tx);
    }
    arena_done(&arena);
    return NULL;
}

/* Runs the crowd; gives how many were acknowledged. */
static int run_crowd(struct db *db, struct crowd crowd[THREADS])
{
    int kept = 0;
    for (int i = 0; i < THREADS; i++) {
        crowd[i] = (struct crowd){ .db = db, .number = i };
        if (thread_start(&crowd[i].thread, "crowd", insert_ten, &crowd[i]) != OK)
            abort();
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(crowd[i].thread, NULL);
        for (int k = 0; k < 10; k++)
            kept += crowd[i].kept[k];
    }
    return kept;
}

/* Every acknowledged row is there. */
static void check_kept(struct db *db, const struct crowd crowd[THREADS])
{
    struct tx tx;
    db_begin(&tx, db, DB_READ, test_arena());
    for (int i = 0; i < THREADS; i++)
        for (int k = 0; k < 10; k++) {
            const char *got, *id = text_format(test_arena(), "t%d-%d", i, k);
            if (crowd[i].kept[k])
                CHECK_OK(db_one(&tx, "SELECT id FROM row WHERE id = $1", V(text(id)),
                                INTO(to_text(&got))));
        }
    db_rollback(&tx);
}

TEST(F05_a_full_disk_refuses_and_recovers)
{
    const char *path = in_folder("full.db");
    struct crowd crowd[THREADS];
    struct rlimit before, tight;
    struct db *db;
    CHECK_OK(open_at(path, false, &db));
    CHECK_OK(write_one(db, test_arena(), create));
    (void)signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    tight = before;
    tight.rlim_cur = 160'000; /* some batches fit */
    setrlimit(RLIMIT_FSIZE, &tight);
    int kept = run_crowd(db, crowd);
    setrlimit(RLIMIT_FSIZE, &before);
    CHECK(kept > 0);
    CHECK(kept < THREADS * 10);
    check_kept(db, crowd);
    CHECK_NUM(count_rows(db), kept);
    CHECK_OK(write_one(db, test_arena(), "INSERT INTO row (id) VALUES ('after')"));
    db_close(db);
    CHECK_OK(open_at(path, false, &db));
    CHECK_NUM(count_rows(db), kept + 1);
    check_kept(db, crowd);
    db_close(db);
}

TEST(F04_nothing_is_acknowledged_after_a_failed_sync)
{
    const char *path = in_folder("sync.db");
    struct crowd crowd[THREADS];
    struct db *db;
    struct tx tx;
    CHECK_OK(open_at(path, false, &db));
    CHECK_OK(write_one(db, test_arena(), create));
    power_syncs_until_failure = 4;
    int kept = run_crowd(db, crowd);
    CHECK_NUM(power_syncs_until_failure, 0);
    CHECK(kept < THREADS * 10);
    CHECK_NUM(count_rows(db), kept); /* reading goes on */
    check_kept(db, crowd);
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_ERR(add_row(&tx, "more", NULL), E_FAULT);
    db_rollback(&tx);
    CHECK_ERR(db_ping(db, test_arena()), E_FAULT);
    db_close(db);
    CHECK_OK(open_at(path, false, &db));
    check_kept(db, crowd);
    CHECK_OK(write_one(db, test_arena(), "INSERT INTO row (id) VALUES ('after')"));
    db_close(db);
}

/* A child writes and reports each acknowledged row; it is killed, and the rows must be there. */
static void write_until_killed(const char *path, int out)
{
    struct arena arena;
    struct db *db;
    arena_init(&arena, 1 << 20);
    if (open_at(path, false, &db) != OK || write_one(db, &arena, create) != OK)
        _exit(1);
    for (int i = 0;; i++) {
        struct tx tx;
        char id[24];
        (void)snprintf(id, sizeof id, "k%d", i);
        db_begin(&tx, db, DB_WRITE, &arena);
        if (add_row(&tx, id, NULL) != OK || db_commit(&tx) != OK ||
            write(out, &i, sizeof i) != sizeof i)
            _exit(1);
        arena_reset(&arena);
    }
}

TEST(F02_acknowledged_rows_survive_a_kill)
{
    const char *path = in_folder("kill.db");
    int ends[2], last = -1, i;
    struct db *db;
    REQUIRE(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0)
        write_until_killed(path, ends[1]);
    close(ends[1]);
    for (int rows = 0; rows < 200 && read(ends[0], &i, sizeof i) == sizeof i; rows++)
        last = i;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    while (read(ends[0], &i, sizeof i) == sizeof i)
        last = i;
    close(ends[0]);
    CHECK(last >= 199);
    CHECK_OK(open_at(path, false, &db));
    CHECK(count_rows(db) >= last + 1);
    db_close(db);
}

/* --- checkpoints, tools --- */

/* Hashes and addresses stand in it: the owner's eyes only, whatever the umask. */
TEST(a_new_database_is_its_owners_alone)
{
    static const char *const suffixes[] = { "", "-wal", "-shm" };
    const char *path = in_folder("private.db");
    mode_t old = umask(022);
    struct db *db;
    CHECK_OK(open_at(path, false, &db));
    CHECK_OK(write_one(db, test_arena(), create));
    for (size_t i = 0; i < COUNT(suffixes); i++) {
        struct stat found;
        CHECK_NUM(stat(text_format(test_arena(), "%s%s", path, suffixes[i]), &found), 0);
        CHECK_NUM(found.st_mode & 0777, 0600);
    }
    db_close(db);
    (void)umask(old);
}

TEST(the_log_stays_small_and_goes_at_the_end)
{
    const char *path = in_folder("log.db"), *log = in_folder("log.db-wal");
    struct db *db;
    struct db_options options = { 0 };
    static char filler[60'001];
    char id[24];
    memset(filler, 'x', sizeof filler - 1);
    CHECK_OK(db_open(&db, text_format(test_arena(), "sqlite:%s", path), &options));
    CHECK_OK(write_one(db, test_arena(), create));
    for (int i = 0; i < 300; i++) { /* about 15 pages each */
        struct tx tx;
        (void)snprintf(id, sizeof id, "r%d", i);
        db_begin(&tx, db, DB_WRITE, test_arena());
        CHECK_OK(add_row(&tx, id, filler));
        CHECK_OK(db_commit(&tx));
    }
    CHECK(size_of(log) > 0);
    CHECK(size_of(log) < 2000 * 4096);
    db_close(db);
    CHECK(size_of(log) <= 0);
    CHECK(size_of(path) > 300 * 60'000);
}

TEST(a_tool_works_beside_the_server_and_leaves_the_log_alone)
{
    const char *path = in_folder("both.db"), *log = in_folder("both.db-wal");
    struct db *server, *tool;
    CHECK_OK(open_at(path, false, &server));
    CHECK_OK(write_one(server, test_arena(), create));
    CHECK_OK(open_at(path, true, &tool));
    CHECK_OK(write_one(tool, test_arena(), "INSERT INTO row (id) VALUES ('by tool')"));
    CHECK_OK(write_one(server, test_arena(), "INSERT INTO row (id) VALUES ('by server')"));
    CHECK_NUM(count_rows(server), 2);
    CHECK_NUM(count_rows(tool), 2);
    long size = size_of(log);
    db_close(tool);
    CHECK_NUM(size_of(log), size);
    CHECK_NUM(count_rows(server), 2);
    db_close(server);
    CHECK(size_of(log) <= 0);
}

TEST(stores_in_memory_are_apart_and_leave_nothing)
{
    struct db *db[5];
    struct tx tx;
    for (size_t i = 0; i < COUNT(db); i++) {
        CHECK_OK(db_open(&db[i], "sqlite::memory:", NULL));
        CHECK_OK(write_one(db[i], test_arena(), create));
    }
    for (size_t i = 0; i < COUNT(db); i++) {
        db_begin(&tx, db[i], DB_WRITE, test_arena());
        for (size_t k = 0; k <= i; k++)
            CHECK_OK(add_row(&tx, text_format(test_arena(), "%zu", k), NULL));
        CHECK_OK(db_commit(&tx));
    }
    for (size_t i = 0; i < COUNT(db); i++) {
        CHECK_NUM(count_rows(db[i]), i + 1);
        db_close(db[i]);
    }
}

TEST(a_rollback_in_the_middle_of_a_batch_hurts_nobody_else)
{
    struct db *db = test_store("memory");
    struct tx tx;
    REQUIRE(db != NULL);
    CHECK_OK(write_one(db, test_arena(), create));
    for (int i = 0; i < 50; i++) {
        db_begin(&tx, db, DB_WRITE, test_arena());
        CHECK_OK(add_row(&tx, text_format(test_arena(), "%d", i), NULL));
        if (i % 2)
            db_rollback(&tx);
        else
            CHECK_OK(db_commit(&tx));
    }
    CHECK_NUM(count_rows(db), 25);
    test_store_close(db);
}

/* Rows that come in no order make SQLite split pages and leave copies of cells behind. */
TEST(scrubbing_empties_the_log_and_rebuilds_a_file_with_residue)
{
    struct tx tx;
    struct db *db = test_store("sqlite");
    REQUIRE(db != NULL);
    const char *path = test_store_url() + strlen("sqlite:");
    const char *wal = text_format(test_arena(), "%s-wal", path);
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(db_run(&tx, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)", V_NONE));
    CHECK_OK(db_commit(&tx));
    db_begin(&tx, db, DB_WRITE, test_arena());
    for (int i = 0; i < 2000; i++)
        CHECK_OK(db_run(&tx, "INSERT INTO t (id, a) VALUES ($1, $2)",
                        V(num((i * 7919) % 100'003),
                          text(text_format(test_arena(), "canary%05d%0*d", i, i % 90, 0)))));
    CHECK_OK(db_commit(&tx));
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(db_run(&tx, "DELETE FROM t WHERE id % 2 = 0", V_NONE));
    CHECK_OK(db_commit(&tx));
    CHECK_OK(db_scrub(db, &(struct db_gone){ 0 }));
    struct stat st;
    CHECK(stat(wal, &st) != 0 || st.st_size == 0);

    /* All that went is named; what stays keeps working. */
    const char *texts[2000];
    struct db_gone gone = { texts, 0 };
    for (int i = 0; i < 2000; i++)
        if ((i * 7919) % 100'003 % 2 == 0)
            texts[gone.count++] = text_format(test_arena(), "canary%05d", i);
    CHECK_OK(db_scrub(db, &gone));
    char *bytes = arena_alloc(test_arena(), 4 << 20);
    FILE *file = fopen(path, "re");
    REQUIRE(file != NULL);
    size_t n = fread(bytes, 1, 4 << 20, file);
    (void)fclose(file);
    for (size_t i = 0; i < gone.count; i++)
        if (memmem(bytes, n, texts[i], strlen(texts[i])))
            test_fail(__FILE__, __LINE__, "%s is left", texts[i]);
    int64_t rows = 0;
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(db_one(&tx, "SELECT count(*) FROM t", V_NONE, INTO(to_num(&rows))));
    CHECK_OK(db_commit(&tx));
    CHECK_NUM(rows, 2000 - (int64_t)gone.count);
    test_store_close(db);
}
