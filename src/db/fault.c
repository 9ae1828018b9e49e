/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store that wraps another and makes the n-th call fail: see fault.h. A commit that fails here is
 * rolled back in the store behind, as a real failure would be.
 */
#include "db/fault.h"

#include "db/engine.h"

#include <stdatomic.h>
#include <stdlib.h>

struct wrapper {
    struct db db;
    struct db_engine engine; /* the inner one's name, our functions */
    struct db *inner;
    atomic_long left, counted;
    void (*seen)(void *arg, const char *sql);
    void *arg;
};

static struct wrapper *wrapper_of(struct db *db)
{
    return (struct wrapper *)db;
}

static bool fails(struct wrapper *w)
{
    atomic_fetch_add(&w->counted, 1);
    return w->left > 0 && atomic_fetch_sub(&w->left, 1) == 1;
}

static void show(const struct wrapper *w, const char *sql)
{
    if (w->seen)
        w->seen(w->arg, sql);
}

static void close_both(struct db *db)
{
    db_close(wrapper_of(db)->inner);
    free(db);
}

static enum err ping(struct db *db)
{
    struct db *inner = wrapper_of(db)->inner;
    return inner->engine->ping(inner);
}

static enum err scrub(struct db *db, const struct db_gone *gone)
{
    struct wrapper *w = wrapper_of(db);
    if (fails(w))
        return fault("injected: scrub");
    return db_scrub(w->inner, gone);
}

static enum err run(struct db *db, struct tx *tx, const char *sql, struct db_values values,
                    struct db_result *result)
{
    struct wrapper *w = wrapper_of(db);
    bool begins = !tx->state;
    show(w, sql);
    if ((begins && fails(w)) || fails(w))
        return fault("injected: %s", sql);
    return w->inner->engine->run(w->inner, tx, sql, values, result);
}

static enum err script(struct db *db, struct tx *tx, const char *sql)
{
    struct wrapper *w = wrapper_of(db);
    if (fails(w))
        return fault("injected: %s", sql);
    return w->inner->engine->script(w->inner, tx, sql);
}

static void rollback(struct db *db, struct tx *tx)
{
    struct db *inner = wrapper_of(db)->inner;
    inner->engine->rollback(inner, tx);
}

static enum err commit(struct db *db, struct tx *tx)
{
    struct wrapper *w = wrapper_of(db);
    show(w, "COMMIT");
    if (!fails(w))
        return w->inner->engine->commit(w->inner, tx);
    rollback(db, tx);
    return fault("injected: COMMIT");
}

static void commit_then(struct db *db, struct tx *tx, void (*done)(void *, enum err), void *arg)
{
    struct wrapper *w = wrapper_of(db);
    show(w, "COMMIT");
    if (fails(w)) {
        rollback(db, tx);
        return done(arg, fault("injected: COMMIT"));
    }
    w->inner->engine->commit_then(w->inner, tx, done, arg);
}

struct db *db_fault_wrap(struct db *db)
{
    struct wrapper *w = calloc(1, sizeof *w);
    if (!w)
        abort();
    w->engine = (struct db_engine){
        .name = db_engine_name(db),
        .close = close_both,
        .ping = ping,
        .run = run,
        .script = script,
        .commit = commit,
        .commit_then = db->engine->commit_then ? commit_then : NULL,
        .rollback = rollback,
        .scrub = scrub,
    };
    w->db.engine = &w->engine;
    w->inner = db;
    return &w->db;
}

void db_fault_after(struct db *wrapper, long n)
{
    struct wrapper *w = wrapper_of(wrapper);
    w->left = n;
    w->counted = 0;
}

long db_fault_count(const struct db *wrapper)
{
    return ((const struct wrapper *)wrapper)->counted;
}

void db_fault_unwrap(struct db *wrapper)
{
    free(wrapper);
}

void db_fault_watch(struct db *db, void (*seen)(void *arg, const char *sql), void *arg)
{
    struct wrapper *w = wrapper_of(db);
    w->seen = seen;
    w->arg = arg;
}
