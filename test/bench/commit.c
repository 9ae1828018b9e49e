/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many durable transactions a second the store does, against single commits of one row on the
 * same disk in the same run. A transaction is what a refresh does: an UPDATE of a session row and
 * an INSERT into an append-only audit table.
 *
 *     commit [folder or postgresql://...] [milliseconds per figure] [single]
 *
 * With "single", only the yardstick: single commits of one row.
 */
#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"
#include "db/db.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { THREADS_MAX = 64, SESSIONS = 5000 };

static struct db *db;
static int64_t stop_at_ns;
static int64_t span_ms = 1500;
static atomic_long next_id;

struct worker {
    pthread_t thread;
    int number, window; /* transactions under way at once; 0 waits for each */
    long done;
    sem_t room;
    atomic_long acknowledged;
};

static void need(enum err e, const char *what)
{
    if (e == OK)
        return;
    (void)fprintf(stderr, "%s gives %s\n", what, err_name(e));
    exit(1);
}

static double cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void insert_row(struct tx *tx)
{
    char id[40];
    (void)snprintf(id, sizeof id, "aud_%020ld", atomic_fetch_add(&next_id, 1));
    need(db_run(tx,
                "INSERT INTO audit (id, at, event, account_id, detail, hash) VALUES ($1, $2, $3, "
                "$4, $5, $6)",
                V(text(id), num(clock_now()), text("session.refreshed"),
                  text("usr_01jd000000000000000000000"), text("{\"ip\":\"192.0.2.1\"}"),
                  blob(MEM("0123456789abcdef0123456789abcdef", 32)))),
         "insert");
}

static void refresh(struct tx *tx, const struct worker *w, long i)
{
    char id[40];
    const char *got;
    (void)snprintf(id, sizeof id, "ses_%020ld", (w->number * 7919L + i * 31) % SESSIONS);
    need(db_one(tx,
                "UPDATE session SET used_at = $1, token_hash = $2, previous_hash = token_hash "
                "WHERE id = $3 AND ended_at IS NULL RETURNING account_id",
                V(num(clock_now()), blob(MEM("fedcba9876543210fedcba9876543210", 32)), text(id)),
                INTO(to_text(&got))),
         "update");
    insert_row(tx);
}

static void told(void *arg, enum err result)
{
    struct worker *w = arg;
    need(result, "commit");
    atomic_fetch_add(&w->acknowledged, 1);
    sem_post(&w->room);
}

static void run_one(struct worker *w, struct arena *arena, bool single)
{
    struct tx tx;
    db_begin(&tx, db, DB_WRITE, arena);
    if (single)
        insert_row(&tx);
    else
        refresh(&tx, w, w->done);
    w->done++;
    if (w->window) {
        db_commit_then(&tx, told, w);
    } else {
        need(db_commit(&tx), "commit");
        w->acknowledged++;
    }
    arena_reset(arena);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    while (clock_monotonic_ns() < stop_at_ns) {
        if (w->window)
            while (sem_wait(&w->room) != 0)
                continue;
        run_one(w, &arena, w->window < 0);
    }
    for (int i = 0; i < w->window; i++)
        while (sem_wait(&w->room) != 0)
            continue;
    arena_done(&arena);
    return NULL;
}

static void *work_single(void *arg)
{
    struct worker *w = arg;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    while (clock_monotonic_ns() < stop_at_ns)
        run_one(w, &arena, true);
    arena_done(&arena);
    return NULL;
}

/* Transactions a second of so many threads; prints CPU as well. */
static double measure(const char *label, int threads, int window, void *(*run)(void *))
{
    static struct worker worker[THREADS_MAX];
    int64_t start = clock_monotonic_ns();
    double cpu = cpu_seconds();
    long total = 0;
    stop_at_ns = start + span_ms * 1'000'000;
    for (int i = 0; i < threads; i++) {
        worker[i] = (struct worker){ .number = i, .window = window };
        sem_init(&worker[i].room, 0, (unsigned)window);
        need(thread_start(&worker[i].thread, "worker", run, &worker[i]), "thread");
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(worker[i].thread, NULL);
        total += worker[i].acknowledged;
    }
    double seconds = (double)(clock_monotonic_ns() - start) / 1e9;
    double rate = (double)total / seconds;
    printf("%-52s %9.0f /s  %6.1f us CPU each\n", label, rate,
           (cpu_seconds() - cpu) * 1e6 / (double)total);
    return rate;
}

static void prepare(void)
{
    struct arena arena;
    struct tx tx;
    arena_init(&arena, 64 << 20);
    bool sqlite = text_equal(db_engine_name(db), "sqlite");
    db_begin(&tx, db, DB_WRITE, &arena);
    need(db_run(&tx,
                sqlite ? "CREATE TABLE session (id TEXT PRIMARY KEY, account_id TEXT NOT NULL,"
                         " token_hash BLOB, previous_hash BLOB, used_at INTEGER, ended_at INTEGER)"
                       : "CREATE TABLE session (id TEXT PRIMARY KEY, account_id TEXT NOT NULL,"
                         " token_hash BYTEA, previous_hash BYTEA, used_at BIGINT, ended_at BIGINT)",
                V_NONE),
         "session");
    need(db_run(&tx,
                sqlite ? "CREATE TABLE audit (id TEXT PRIMARY KEY, at INTEGER NOT NULL, event TEXT,"
                         " account_id TEXT, detail TEXT, hash BLOB)"
                       : "CREATE TABLE audit (id TEXT PRIMARY KEY, at BIGINT NOT NULL, event TEXT,"
                         " account_id TEXT, detail TEXT, hash BYTEA)",
                V_NONE),
         "audit");
    for (long i = 0; i < SESSIONS; i++) {
        char id[40];
        (void)snprintf(id, sizeof id, "ses_%020ld", i);
        need(db_run(&tx, "INSERT INTO session (id, account_id) VALUES ($1, $2)",
                    V(text(id), text("usr_01jd000000000000000000000"))),
             "session row");
    }
    need(db_commit(&tx), "prepare");
    arena_done(&arena);
}

static void report(bool only_single)
{
    double single = measure("one row, one thread, one commit each", 1, 0, work_single);
    if (only_single)
        return;
    measure("UPDATE + audit INSERT, 1 thread", 1, 0, work);
    measure("UPDATE + audit INSERT, 16 threads that wait", 16, 0, work);
    double best = measure("UPDATE + audit INSERT, 64 threads that wait", 64, 0, work);
    double then = measure("UPDATE + audit INSERT, 2 threads, 32 under way each", 2, 32, work);
    best = then > best ? then : best;
    then = measure("UPDATE + audit INSERT, 16 threads, 8 under way each", 16, 8, work);
    best = then > best ? then : best;
    printf("group commit against single commits: %.1f\n", best / single);
}

int main(int argc, char **argv)
{
    char url[600], folder[300];
    const char *where = argc > 1 ? argv[1] : ".";
    if (argc > 2 && !text_parse_int(argv[2], 1, 60'000, &span_ms))
        return 2;
    bool is_folder = !text_starts(where, "postgres");
    (void)snprintf(folder, sizeof folder, "%s/commit-XXXXXX", where);
    if (is_folder && !mkdtemp(folder))
        return 1;
    if (is_folder)
        (void)snprintf(url, sizeof url, "sqlite:%s/db", folder);
    else
        (void)snprintf(url, sizeof url, "%s", where);
    struct db_options options = { .readers = 16 };
    need(db_open(&db, url, &options), url);
    prepare();
    report(argc > 3 && text_equal(argv[3], "single"));
    db_close(db);
    if (is_folder) {
        (void)snprintf(url, sizeof url, "%s/db", folder);
        (void)unlink(url);
        (void)snprintf(url, sizeof url, "%s/db-wal", folder);
        (void)unlink(url);
        (void)snprintf(url, sizeof url, "%s/db-shm", folder);
        (void)unlink(url);
        (void)rmdir(folder);
    }
    return 0;
}
