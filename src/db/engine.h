/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a storage engine is: a const struct of functions, with the contract at each. The front
 * (db.c) checks what is the same for all - failed transactions, text that is not UTF-8, types of
 * results - so that an engine does only what differs. A wrapper engine (fault.c) sits between: that
 * is why every function gets its own db instead of using tx->db.
 */
#pragma once

#include "db/db.h"

/* No statement has more parameters than this. */
enum { DB_VALUES_MAX = 64 };

/* How long a tx waits for the writer or for a connection before E_BUSY. */
enum { DB_WAIT_SECONDS = 10 };

/* Rows of one statement, copied into the tx's arena. */
struct db_result {
    size_t limit; /* keep at most this many rows */
    struct db_column *columns;
    size_t count, width, room;
    int64_t changed; /* rows inserted, changed or deleted */
};

/* The columns of a new row, all NULL; width must be set. May jump to the arena's trap. */
struct db_column *db_result_add(struct tx *tx, struct db_result *result);

struct db_engine {
    const char *name;

    enum err (*open)(struct db **ret, const char *url, const struct db_options *options);
    void (*close)(struct db *db);

    /* E_FAULT when the engine knows that it cannot go on writing; it need not ask the disk. */
    enum err (*ping)(struct db *db);

    /*
     * Runs one statement, opening what tx->mode asks for when tx->state is NULL. The statement is
     * kept prepared under the address of sql. An arena allocation may jump out of it at any point:
     * whatever is then held must be reachable through tx->state, for rollback. Any error but a jump
     * leaves the statement finished; the front then sets tx->failed.
     */
    enum err (*run)(struct db *db, struct tx *tx, const char *sql, struct db_values values,
                    struct db_result *result);

    /* Runs one statement without parameters or rows and without keeping it: for migrations. */
    enum err (*script)(struct db *db, struct tx *tx, const char *sql);

    /* Called with tx->state set and tx not failed; tx->state is NULL afterwards. */
    enum err (*commit)(struct db *db, struct tx *tx);

    /* The same without waiting; NULL when the engine can only wait. */
    void (*commit_then)(struct db *db, struct tx *tx, void (*done)(void *, enum err), void *arg);

    /* See db_scrub; NULL when there is nothing to do. No tx is open on this thread. */
    enum err (*scrub)(struct db *db, const struct db_gone *gone);

    /* Called with tx->state set, also in the middle of a statement. tx->state is NULL afterwards.
     */
    void (*rollback)(struct db *db, struct tx *tx);
};

/* The head of every engine's own struct. */
struct db {
    const struct db_engine *engine;
};

extern const struct db_engine sqlite_engine, postgres_engine;
