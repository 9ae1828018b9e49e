/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front of the store: picks the engine, and holds what is the same for all of them. A tx that
 * failed once stays failed on both engines (PostgreSQL insists on it), so that no feature comes to
 * rely on going on after an error. Text is checked to be UTF-8 here, the last door before the disk.
 */
#include "db/db.h"

#include "base/text.h"
#include "db/engine.h"

#include <assert.h>
#include <string.h>

/* --- a store --- */

enum err db_open(struct db **ret, const char *url, const struct db_options *options)
{
    const struct db_options none = { 0 };
    if (!options)
        options = &none;
    if (text_starts(url, "sqlite:"))
        return sqlite_engine.open(ret, url, options);
    if (text_starts(url, "postgresql://") || text_starts(url, "postgres://"))
        return postgres_engine.open(ret, url, options);
    return E_INVALID;
}

void db_close(struct db *db)
{
    if (db)
        db->engine->close(db);
}

const char *db_engine_name(const struct db *db)
{
    return db->engine->name;
}

enum err db_scrub(struct db *db, const struct db_gone *gone)
{
    return db->engine->scrub ? db->engine->scrub(db, gone) : OK;
}

enum err db_ping(struct db *db, struct arena *arena)
{
    struct tx tx;
    int64_t one;
    TRY(db->engine->ping(db));
    db_begin(&tx, db, DB_PEEK, arena);
    enum err e = db_one(&tx, "SELECT 1", V_NONE, INTO(to_num(&one)));
    db_rollback(&tx);
    return e;
}

/* --- transactions --- */

void db_begin(struct tx *tx, struct db *db, enum db_mode mode, struct arena *arena)
{
    *tx = (struct tx){ .db = db, .arena = arena, .mode = mode };
}

/* True when there is something to commit; otherwise *ret is the whole answer. */
static bool is_open(struct tx *tx, enum err *ret)
{
    *ret = OK;
    if (tx->failed) {
        db_rollback(tx);
        *ret = fault("commit of a transaction that failed");
        return false;
    }
    return tx->state != NULL;
}

enum err db_commit(struct tx *tx)
{
    enum err e;
    if (!is_open(tx, &e))
        return e;
    return tx->db->engine->commit(tx->db, tx);
}

void db_commit_then(struct tx *tx, void (*done)(void *arg, enum err result), void *arg)
{
    enum err e;
    if (!is_open(tx, &e))
        return done(arg, e);
    if (tx->db->engine->commit_then)
        return tx->db->engine->commit_then(tx->db, tx, done, arg);
    done(arg, tx->db->engine->commit(tx->db, tx));
}

void db_rollback(struct tx *tx)
{
    if (tx->state)
        tx->db->engine->rollback(tx->db, tx);
    tx->failed = false;
}

/* --- statements --- */

struct db_column *db_result_add(struct tx *tx, struct db_result *result)
{
    if (result->count == result->room) {
        size_t room = result->room ? result->room * 4 : result->limit > 1 ? 8 : 1;
        struct db_column *grown =
            arena_array(tx->arena, room * result->width, sizeof *result->columns);
        if (result->count)
            memcpy(grown, result->columns, result->count * result->width * sizeof *result->columns);
        result->columns = grown;
        result->room = room;
    }
    struct db_column *row = &result->columns[result->count++ * result->width];
    for (size_t i = 0; i < result->width; i++)
        row[i] = (struct db_column){ .blob = MEM_NONE, .kind = DB_NULL };
    return row;
}

static bool is_sound(struct db_values values)
{
    for (size_t i = 0; i < values.count; i++) {
        const struct db_value *v = &values.value[i];
        if (v->kind == DB_TEXT && !text_is_utf8(mem_text(v->text)))
            return false;
    }
    return true;
}

static enum err run(struct tx *tx, const char *sql, struct db_values values,
                    struct db_result *result)
{
    assert(values.count <= DB_VALUES_MAX);
    if (tx->failed)
        return fault("statement in a transaction that failed: %s", sql);
    tx->failed = true; /* stands when the arena's trap is taken */
    if (!is_sound(values))
        return fault("text that is not UTF-8 in: %s", sql);
    TRY(tx->db->engine->run(tx->db, tx, sql, values, result));
    tx->failed = false;
    return OK;
}

enum err db_run(struct tx *tx, const char *sql, struct db_values values)
{
    struct db_result result = { 0 };
    return run(tx, sql, values, &result);
}

enum err db_change(struct tx *tx, const char *sql, struct db_values values, int64_t *ret_rows)
{
    struct db_result result = { 0 };
    TRY(run(tx, sql, values, &result));
    *ret_rows = result.changed;
    return OK;
}

enum err db_purge(struct tx *tx, const char *sql, struct db_values values, bool *ret_more)
{
    int64_t rows = 0;
    TRY(db_change(tx, sql, values, &rows));
    *ret_more = *ret_more || rows >= DB_BATCH;
    return OK;
}

/* True when the column has the type that the caller reads, or is NULL. */
static bool fits(const struct db_column *column, const struct db_out *out)
{
    static const int kinds[] = {
        [DB_OUT_TEXT] = DB_TEXT, [DB_OUT_NUM] = DB_NUM, [DB_OUT_BLOB] = DB_BLOB
    };
    return column->kind == DB_NULL || column->kind == kinds[out->kind];
}

static void put(const struct db_column *column, const struct db_out *out)
{
    switch (out->kind) {
    case DB_OUT_TEXT: *(const char **)out->to = column->text; break;
    case DB_OUT_NUM: *(int64_t *)out->to = column->num; break;
    case DB_OUT_BLOB: *(struct mem *)out->to = column->blob; break;
    }
}

enum err db_one(struct tx *tx, const char *sql, struct db_values values, struct db_outs outs)
{
    struct db_result result = { .limit = 1 };
    TRY(run(tx, sql, values, &result));
    if (result.count == 0)
        return E_NOT_FOUND;
    assert(outs.count == result.width);
    for (size_t i = 0; i < outs.count; i++)
        if (!fits(&result.columns[i], &outs.out[i])) {
            tx->failed = true;
            return fault("column %zu is of another type in: %s", i + 1, sql);
        }
    for (size_t i = 0; i < outs.count; i++)
        put(&result.columns[i], &outs.out[i]);
    return OK;
}

enum err db_each(struct tx *tx, const char *sql, struct db_values values, struct db_rows *ret)
{
    struct db_result result = { .limit = DB_ROWS_MAX + 1 };
    TRY(run(tx, sql, values, &result));
    if (result.count > DB_ROWS_MAX) {
        tx->failed = true;
        return fault("more than %d rows: %s", DB_ROWS_MAX, sql);
    }
    *ret = (struct db_rows){ result.columns, result.count, result.width };
    return OK;
}
