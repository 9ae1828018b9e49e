/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the SQLite engine, shared by its files and nobody else: a connection with its prepared
 * statements (sqlite_connection.c), the one writer with its group commit (sqlite_writer.c), the
 * checkpoints (sqlite_checkpoint.c), and the engine that ties them to transactions (sqlite.c).
 */
#pragma once

#include "db/engine.h"
#include "db/pool.h"

#include <sqlite3.h>
#include <stdatomic.h>

/* --- a connection: used by one thread at a time --- */

struct statement {
    const char *sql; /* the literal's address is the key */
    sqlite3_stmt *handle;
    int count;                    /* parameters */
    uint8_t index[DB_VALUES_MAX]; /* where $1, $2, ... are bound */
};

struct connection {
    sqlite3 *handle;
    sqlite3_stmt *active; /* in mid-statement: reset by connection_stop */
    struct statement **table;
    size_t room, count;
};

enum connection_kind { CONNECTION_WRITER, CONNECTION_READER };

enum err connection_open(struct connection *c, const char *path, enum connection_kind kind,
                         bool is_scratch);
void sqlite_close_connection(struct connection *c);

/* One statement of a tx: bind, step, copy. */
enum err sqlite_run_plain(struct connection *c, struct tx *tx, const char *sql,
                          struct db_values values, struct db_result *result);

/* One statement that is not kept. */
enum err connection_script(struct connection *c, const char *sql);

/* A statement of our own (BEGIN, COMMIT, ...); gives SQLite's code. */
int connection_do(struct connection *c, const char *sql);

/* Ends a statement that was left in the middle. */
void connection_stop(struct connection *c);

/* Logs what SQLite says about the last failure and gives the answer that it stands for. */
enum err connection_fault(struct connection *c, int code, const char *doing);

/* --- the writer --- */

enum { BATCH_MAX = 128 };

struct member { /* a tx that waits for its batch to be durable */
    void (*done)(void *arg, enum err result);
    void *arg;
};

struct turn; /* a thread in the queue for the writer */

struct writer {
    struct connection connection;
    pthread_mutex_t lock;
    struct turn *first, *last;
    atomic_bool is_busy; /* the connection is taken */
    atomic_bool is_syncing, is_spun_on;
    int passed_over; /* how often the first in the queue was */
    bool is_open;    /* a batch is open: BEGIN was run, COMMIT was not */
    bool is_due;     /* taken on behalf of the committer */
    bool is_armed;   /* the committer knows of this batch */
    bool is_broken;  /* a sync failed: nothing can be promised any more */
    bool may_spin;   /* another processor can free the connection meanwhile */
    struct member member[BATCH_MAX];
    int count, target; /* members now, members that make the batch worth a sync */
    int64_t opened_ns, joined_ns, sync_ns;

    pthread_cond_t wake; /* of the committer */
    pthread_t committer;
    bool has_committer, is_stopping;

    int folder;     /* descriptor of the database's folder, for the checkpoint lock; or -1 */
    bool is_tool;   /* never checkpoints, and keeps others from doing so while it writes */
    int wal_pages;  /* in the log after the last commit */
    int next_pages; /* when to try the next checkpoint */
};

enum err writer_open(struct writer *w, const char *path, bool is_tool, bool is_scratch);
void writer_close(struct writer *w);

/* Waits for a turn and opens a savepoint. */
enum err writer_take(struct writer *w);

/* Ends a turn: the savepoint's work joins the batch, or is undone. */
enum err writer_commit(struct writer *w);
void writer_commit_then(struct writer *w, struct member member);
void writer_rollback(struct writer *w);

/* Takes the writer with no batch open, for work outside transactions; those who waited are told
   before it. */
enum err writer_do_alone(struct writer *w, enum err (*work)(struct writer *w, const void *arg),
                         const void *arg);

/* After a failed statement: when SQLite gave up the whole transaction, tells everyone in it. */
void writer_check(struct writer *w);

/* --- checkpoints --- */

enum { CHECKPOINT_PAGES = 1000, CHECKPOINT_PAGES_MUST = 4000, TRUNCATE_PAGES = 16'000 };

void checkpoint_open(struct writer *w, const char *path);
void checkpoint_close(struct writer *w);

/* Moves the log into the database; the writer is taken by the caller and no batch is open. */
void checkpoint_run(struct writer *w, bool is_last);

/* Empties the log and leaves no text of gone (a struct db_gone) in the file; as checkpoint_run. */
enum err scrub_run(struct writer *w, const void *gone);

/* A tool holds off checkpoints from BEGIN to COMMIT. */
void checkpoint_hold_off(struct writer *w);
void checkpoint_allow(struct writer *w);
