/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applying migrations: see migrate.h. Every migration is a transaction of its own (on an empty
 * store one for all, for there is nothing to keep and one wait for the disk is enough) that first
 * takes the lock of the store and looks again at what is applied, so nodes that start together
 * apply each one once. A store that is newer than this binary, or whose history differs, is
 * refused: guessing would write into tables that mean something else.
 */
#include "db/migrate.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "db/engine.h"

#include <string.h>

enum { MIGRATIONS_MAX = 1000 };

struct known { /* one file */
    const char *name, *sha256, *text;
};

struct applied { /* what the store says */
    struct db_rows rows;
};

static const char create_table[] = "CREATE TABLE IF NOT EXISTS schema_migration ("
                                   " name TEXT PRIMARY KEY,"
                                   " sha256 TEXT NOT NULL,"
                                   " applied_at BIGINT NOT NULL);";

static bool is_sqlite(const struct db *db)
{
    return text_equal(db_engine_name(db), "sqlite");
}

/* --- what is there --- */

/* "0001_account" of "migrations/0001_account.sql"; NULL for other files. */
static const char *name_of(struct arena *arena, const char *path)
{
    static const char folder[] = "migrations/";
    if (!text_starts(path, folder) || !text_ends(path, ".sql"))
        return NULL;
    size_t skip = sizeof folder - 1;
    return text_copy(arena, MEM(path + skip, strlen(path) - skip - 4));
}

static size_t list_known(struct arena *arena, const struct asset *list, size_t count,
                         struct known *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < count && n < MIGRATIONS_MAX; i++) {
        uint8_t digest[SHA256_BYTES];
        const char *name = name_of(arena, list[i].path);
        if (!name)
            continue;
        sha256(list[i].plain, digest);
        ret[n++] =
            (struct known){ name, hex_format(arena, MEM(digest, sizeof digest)), list[i].plain.p };
    }
    return n;
}

static enum err has_table(struct tx *tx, bool *ret)
{
    int64_t one;
    enum err e = is_sqlite(tx->db)
                     ? db_one(tx, "SELECT 1 FROM sqlite_schema WHERE name = 'schema_migration'",
                              V_NONE, INTO(to_num(&one)))
                     : db_one(tx, "SELECT 1 WHERE to_regclass('schema_migration') IS NOT NULL",
                              V_NONE, INTO(to_num(&one)));
    *ret = e == OK;
    return e == E_NOT_FOUND ? OK : e;
}

static enum err list_applied(struct tx *tx, struct applied *ret)
{
    bool has;
    *ret = (struct applied){ 0 };
    TRY(has_table(tx, &has));
    if (!has)
        return OK;
    return db_each(tx, "SELECT name, sha256, applied_at FROM schema_migration ORDER BY name",
                   V_NONE, &ret->rows);
}

static const struct known *find_known(const struct known *known, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(known[i].name, name))
            return &known[i];
    return NULL;
}

/* When it was applied; 0 when it was not. */
static int64_t applied_at(const struct applied *applied, const char *name)
{
    for (size_t i = 0; i < applied->rows.count; i++)
        if (text_equal(db_at(&applied->rows, i, 0)->text, name))
            return db_at(&applied->rows, i, 2)->num;
    return 0;
}

static enum err refuse(const char *event, const char *name, const char *advice)
{
    LOG(LOG_ERROR, event, LOG_TEXT("migration", name), LOG_TEXT("do", advice));
    return E_CONFLICT;
}

static enum err compare(const struct known *known, size_t count, const struct applied *applied)
{
    for (size_t i = 0; i < applied->rows.count; i++) {
        const char *name = db_at(&applied->rows, i, 0)->text;
        const struct known *k = find_known(known, count, name);
        if (!k)
            return refuse("migrate.newer", name,
                          "a newer version wrote this database: start that one");
        if (!text_equal(k->sha256, db_at(&applied->rows, i, 1)->text))
            return refuse("migrate.changed", name,
                          "its text differs from what was applied: use the released binary");
    }
    return OK;
}

/* --- status
 * ------------------------------------------------------------------------------------------------
 */

static enum err fill(struct arena *arena, const char *engine, const struct known *known,
                     const struct applied *applied, struct migrations *ret)
{
    for (size_t i = 0; i < ret->count; i++) {
        struct migration *m = &ret->list[i];
        m->name = known[i].name;
        m->applied_at = applied_at(applied, m->name);
        if (m->applied_at)
            continue;
        m->sql = migrate_translate(arena, known[i].text, engine);
        ret->pending++;
        if (!m->sql)
            return fault("migration %s is too long", m->name);
    }
    return OK;
}

enum err migrate_status_with(struct db *db, struct arena *arena, const struct asset *list,
                             size_t count, struct migrations *ret)
{
    struct known *known = arena_array(arena, MIGRATIONS_MAX, sizeof *known);
    struct applied applied;
    struct tx tx;

    size_t n = list_known(arena, list, count, known);
    db_begin(&tx, db, DB_READ, arena);
    enum err e = list_applied(&tx, &applied);
    db_rollback(&tx);
    TRY(e);
    TRY(compare(known, n, &applied));
    *ret = (struct migrations){ arena_array(arena, n, sizeof *ret->list), n, 0 };
    return fill(arena, db_engine_name(db), known, &applied, ret);
}

enum err migrate_status(struct db *db, struct arena *arena, struct migrations *ret)
{
    return migrate_status_with(db, arena, asset_list, asset_count, ret);
}

/* --- applying --- */

static enum err run_script(struct tx *tx, const char *sql)
{
    enum err e = tx->db->engine->script(tx->db, tx, sql);
    tx->failed |= e != OK;
    return e;
}

/* On SQLite the writer is the lock. The number is any one that nobody else uses. */
static enum err lock(struct tx *tx)
{
    if (is_sqlite(tx->db))
        return OK;
    TRY(run_script(tx, "SET LOCAL statement_timeout = 0"));
    TRY(run_script(tx, "SET LOCAL lock_timeout = '60s'"));
    return run_script(tx, "SELECT pg_advisory_xact_lock(4847218845)");
}

static enum err apply(struct tx *tx, const struct migration *m, const char *sha256_hex)
{
    const char *cursor = m->sql;
    for (const char *sql = migrate_next(tx->arena, &cursor); sql;
         sql = migrate_next(tx->arena, &cursor))
        TRY(run_script(tx, sql));
    return db_run(tx, "INSERT INTO schema_migration (name, sha256, applied_at) VALUES ($1, $2, $3)",
                  V(text(m->name), text(sha256_hex), num(clock_now())));
}

/* Some neighbours of the list, in one transaction. */
struct batch {
    const struct migration *list;
    const struct known *known;
    size_t count;
};

/* Inside the transaction: nothing to do where another node was faster. */
static enum err apply_batch(struct tx *tx, const struct batch *batch)
{
    struct applied applied;
    TRY(lock(tx));
    TRY(run_script(tx, migrate_translate(tx->arena, create_table, db_engine_name(tx->db))));
    TRY(list_applied(tx, &applied));
    for (size_t i = 0; i < batch->count; i++) {
        const struct migration *m = &batch->list[i];
        if (applied_at(&applied, m->name))
            continue;
        enum err e = apply(tx, m, batch->known[i].sha256);
        LOG(e ? LOG_ERROR : LOG_INFO, e ? "migrate.failed" : "migrate.applied",
            LOG_TEXT("migration", m->name));
        TRY(e);
    }
    return OK;
}

static enum err run_batch(struct db *db, struct arena *arena, const struct batch *batch)
{
    struct tx tx;
    db_begin(&tx, db, DB_WRITE, arena);
    enum err e = apply_batch(&tx, batch);
    if (e == OK)
        return db_commit(&tx);
    db_rollback(&tx);
    return e == E_CONFLICT ? E_FAULT : e;
}

/* SQLite still holds every page it wrote, and will not need most of them again. */
static void give_back(struct db *db, struct arena *arena)
{
    struct tx tx;
    if (!is_sqlite(db))
        return;
    db_begin(&tx, db, DB_WRITE, arena);
    (void)run_script(&tx, "PRAGMA shrink_memory");
    db_rollback(&tx);
}

enum err migrate_up_with(struct db *db, struct arena *arena, const struct asset *list, size_t count)
{
    struct migrations all;
    TRY(migrate_status_with(db, arena, list, count, &all));
    struct known *known = arena_array(arena, MIGRATIONS_MAX, sizeof *known);
    size_t n = list_known(arena, list, count, known);
    size_t at_once = all.pending == n ? n : 1;
    for (size_t i = 0; i < n; i += at_once)
        if (all.list[i].applied_at == 0)
            TRY(run_batch(db, arena, &(struct batch){ all.list + i, known + i, at_once }));
    if (all.pending)
        give_back(db, arena);
    return OK;
}

enum err migrate_up(struct db *db, struct arena *arena)
{
    return migrate_up_with(db, arena, asset_list, asset_count);
}
