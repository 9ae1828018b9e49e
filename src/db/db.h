/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: one API and one SQL text over two engines, SQLite and PostgreSQL.
 *
 * The portable subset: TEXT, BIGINT and BLOB columns only; $1, $2 placeholders; INSERT ... ON
 * CONFLICT (..) DO UPDATE SET x = excluded.x / DO NOTHING; RETURNING; CTEs for reading; LIMIT. No
 * now(), no booleans, no autoincrement, no engine functions, no LIKE. Time is a parameter. A single
 * use is one statement: DELETE ... RETURNING, or UPDATE ... WHERE used_at IS NULL RETURNING. SQL is
 * always a literal at the call; statements are prepared once per connection, keyed by the literal's
 * address.
 *
 * A transaction (struct tx) costs nothing until its first statement. Results are copied into its
 * arena. Because an arena allocation may jump to the arena's trap, whoever owns the trap calls
 * db_rollback there: a tx can be rolled back at any moment, also in the middle of a statement.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;

enum db_mode {
    DB_WRITE, /* takes the writer at its first statement and keeps it until commit or rollback */
    DB_READ,  /* one snapshot for all its statements; a write is a fault */
    DB_PEEK,  /* each statement is a snapshot of its own; holds nothing between statements; reads
                 only */
};

struct db_engine; /* db/engine.h: for the engines themselves */

struct tx {
    struct db *db;
    struct arena *arena;
    enum db_mode mode;
    void *state; /* the engine's, NULL while nothing is open */
    bool failed; /* a statement failed: only rollback is possible */
};

struct db_options {
    int readers;     /* SQLite read connections, or PostgreSQL pool size; 0 takes the default (8) */
    bool is_tool;    /* a short-lived command beside a running server: never checkpoints */
    bool must_exist; /* SQLite: no new file is made */
    bool wait_for_it; /* PostgreSQL: keep trying to connect for 10 s (start order) */
};

/* --- a store --- */

/*
 * Opens "sqlite:PATH", "sqlite::memory:" (shared by all connections of this store), or
 * "postgresql://...". E_INVALID when the URL is not one of these; E_FAULT, logged with what to do,
 * when it cannot be opened or is not a database. *ret is owned by the caller, who closes it after
 * every tx has ended.
 */
enum err db_open(struct db **ret, const char *url, const struct db_options *options);

/* Waits for commits under way. Every tx must have ended. */
void db_close(struct db *db); /* NULL is allowed */

/* Texts that must stand nowhere in a store. */
struct db_gone {
    const char *const *texts; /* each at most 500 bytes */
    size_t count;
};

/*
 * What was deleted is gone from the files too: empties SQLite's write-ahead log, and rebuilds the
 * database when one of the texts is left in it. Nobody writes beside it. On PostgreSQL dead rows
 * are autovacuum's. E_BUSY when old snapshots are read just now, and for a tool: try again later.
 */
enum err db_scrub(struct db *db, const struct db_gone *gone);

/* "sqlite" or "postgresql". */
const char *db_engine_name(const struct db *db);

/* E_FAULT when the store does not answer: for /readyz. */
enum err db_ping(struct db *db, struct arena *arena);

/* --- transactions --- */

/* Readies tx; nothing is opened yet. */
void db_begin(struct tx *tx, struct db *db, enum db_mode mode, struct arena *arena);

/*
 * Ends a tx and makes its writes durable (synchronous=FULL; PostgreSQL: COMMIT returned). OK means
 * durable. E_CONFLICT: a serialisation or deadlock failure, everything was rolled back and may be
 * tried again. E_FAULT: not durable, rolled back. A tx that never ran a statement commits at no
 * cost.
 */
enum err db_commit(struct tx *tx);

/*
 * As db_commit, but does not wait: done(arg, result) is called once, from whichever thread
 * completes the commit (possibly this one, before the call returns). tx itself is finished and may
 * be reused as soon as the call returns; its arena is not touched any more. This is how many
 * requests share one fsync without a thread each. done keeps others waiting: it is short, and does
 * not write to the store.
 */
void db_commit_then(struct tx *tx, void (*done)(void *arg, enum err result), void *arg);

/* Undoes everything since db_begin. Always safe: twice, after a failure, when nothing was done. */
void db_rollback(struct tx *tx);

/* --- statements --- */

struct db_value {
    enum { DB_NULL, DB_TEXT, DB_NUM, DB_BLOB } kind;
    const char *text;
    int64_t num;
    struct mem blob;
};

struct db_values {
    const struct db_value *value;
    size_t count;
};

static inline struct db_value text(const char *t) /* NULL binds NULL */
{
    return (struct db_value){ .kind = t ? DB_TEXT : DB_NULL, .text = t };
}

static inline struct db_value num(int64_t n)
{
    return (struct db_value){ .kind = DB_NUM, .num = n };
}

static inline struct db_value num_or_null(int64_t n) /* 0 binds NULL: for optional times */
{
    return (struct db_value){ .kind = n ? DB_NUM : DB_NULL, .num = n };
}

static inline struct db_value blob(struct mem m)
{
    return (struct db_value){ .kind = DB_BLOB, .blob = m };
}

/* The values of $1, $2, ... A wrong count is a programmer's error and asserts. */
#define V(...)                                                              \
    ((struct db_values){ (const struct db_value[]){ __VA_ARGS__ },          \
                         sizeof((const struct db_value[]){ __VA_ARGS__ }) / \
                             sizeof(struct db_value) })
#define V_NONE ((struct db_values){ NULL, 0 })

/* Where db_one puts a column; NULL columns give NULL, 0 and no bytes. */
struct db_out {
    enum { DB_OUT_TEXT, DB_OUT_NUM, DB_OUT_BLOB } kind;
    void *to;
};

static inline struct db_out to_text(const char **t)
{
    return (struct db_out){ DB_OUT_TEXT, t };
}

static inline struct db_out to_num(int64_t *n)
{
    return (struct db_out){ DB_OUT_NUM, n };
}

static inline struct db_out to_blob(struct mem *m)
{
    return (struct db_out){ DB_OUT_BLOB, m };
}

struct db_outs {
    const struct db_out *out;
    size_t count;
};

#define INTO(...)                                              \
    ((struct db_outs){ (const struct db_out[]){ __VA_ARGS__ }, \
                       sizeof((const struct db_out[]){ __VA_ARGS__ }) / sizeof(struct db_out) })

/* A column of a row, as copied: exactly one of the three is meaningful, as the SQL has it. */
struct db_column {
    const char *text; /* TEXT, NULL for NULL */
    int64_t num;      /* BIGINT, 0 for NULL */
    struct mem blob;  /* BLOB */
    int kind;         /* DB_NULL, DB_TEXT, DB_NUM or DB_BLOB */
};

struct db_rows {
    struct db_column *columns; /* row by row: columns[row * width + column] */
    size_t count, width;
};

/*
 * All statements may give, besides what is named: E_CONFLICT (a unique key is taken, a row that is
 * referred to is missing, or PostgreSQL asks to try again), E_BUSY (no writer or connection became
 * free within 10 s) and E_FAULT. Each of them leaves the tx fit only for db_rollback.
 *
 * A parameter that may be NULL stands where a column tells its type (x = $1, VALUES ($1)) or is
 * written CAST($1 AS BIGINT): PostgreSQL has to know. EXISTS and sum() give numbers on both
 * engines.
 */

/* Runs a statement whose rows, if any, are not wanted. */
enum err db_run(struct tx *tx, const char *sql, struct db_values values);

/* As db_run; also gives how many rows were inserted, changed or deleted. */
enum err db_change(struct tx *tx, const char *sql, struct db_values values, int64_t *ret_rows);

/* As db_run, for a statement that removes at most DB_BATCH rows: when it did remove so many, there
   may be more, and *ret_more becomes true. A job passes &job->more and runs again at once. */
enum { DB_BATCH = 500 };
enum err db_purge(struct tx *tx, const char *sql, struct db_values values, bool *ret_more);

/* The first row. E_NOT_FOUND (an answer; the tx stays good) when there is none; outputs are
 * untouched then. */
enum err db_one(struct tx *tx, const char *sql, struct db_values values, struct db_outs outs);

/* All rows; at most DB_ROWS_MAX, more is a fault (say LIMIT). */
enum { DB_ROWS_MAX = 10'000 };
enum err db_each(struct tx *tx, const char *sql, struct db_values values, struct db_rows *ret);

/* A column of db_each's result. */
static inline const struct db_column *db_at(const struct db_rows *rows, size_t row, size_t column)
{
    return &rows->columns[row * rows->width + column];
}
