/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PostgreSQL engine: a pool of connections. DB_WRITE is a READ COMMITTED transaction (what must
 * happen once is one statement, so nothing stricter is needed), DB_READ a REPEATABLE READ snapshot,
 * DB_PEEK a statement on its own. tx->state is the borrowed connection.
 *
 * A connection that slept in the pool may be dead: the first words of a tx, which change nothing,
 * are then said once more on a new one. Nothing else is ever sent twice.
 */
#include "db/postgres.h"

#include "base/log.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONNECTIONS = 8, START_TRIES = 50, START_PAUSE_US = 200'000 };

struct postgres {
    struct db db;
    char *url;
    struct pool pool;
};

static struct postgres *postgres_of(struct db *db)
{
    return (struct postgres *)db;
}

/* --- opening and closing --- */

static enum err connect_first(struct postgres *p, bool wait_for_it)
{
    struct session *session;
    void *place;
    enum err e = E_FAULT;
    for (int i = 0; wait_for_it && i < START_TRIES && e; i++) {
        e = session_open(&session, p->url, true);
        if (e)
            (void)usleep(START_PAUSE_US);
    }
    if (e)
        TRY(session_open(&session, p->url, false));
    TRY(pool_take(&p->pool, 0, &place));
    pool_put(&p->pool, session);
    return OK;
}

static void close_store(struct db *db)
{
    struct postgres *p = postgres_of(db);
    for (struct session *s = pool_drain(&p->pool); s; s = pool_drain(&p->pool))
        session_close(s);
    pool_done(&p->pool);
    mem_wipe(p->url, strlen(p->url)); /* it may hold a password */
    free(p->url);
    free(p);
}

static enum err open_store(struct db **ret, const char *url, const struct db_options *options)
{
    TRY(postgres_load());
    struct postgres *p = calloc(1, sizeof *p);
    char *copy = strdup(url);
    if (!p || !copy)
        abort();
    p->db.engine = &postgres_engine;
    p->url = copy;
    int max = options->readers > 0 ? options->readers : CONNECTIONS;
    pool_init(&p->pool, max < POOL_MAX ? max : POOL_MAX);
    enum err e = connect_first(p, options->wait_for_it);
    if (e) {
        close_store(&p->db);
        return e;
    }
    *ret = &p->db;
    return OK;
}

static enum err ping(struct db *)
{
    return OK; /* the statement that follows asks the server */
}

/* --- borrowing --- */

static void give_back(struct postgres *p, struct session *session)
{
    session->is_fresh = false;
    if (!session_is_broken(session))
        return pool_put(&p->pool, session);
    session_close(session);
    pool_drop(&p->pool);
}

static enum err connect_new(struct postgres *p, struct session **ret)
{
    enum err e = session_open(ret, p->url, false);
    if (e)
        pool_drop(&p->pool);
    return e;
}

static enum err borrow(struct postgres *p, struct session **ret)
{
    void *found;
    TRY(pool_take(&p->pool, DB_WAIT_SECONDS, &found));
    *ret = found;
    return found ? OK : connect_new(p, ret);
}

/* A restart of the server kills all idle connections at once: throw the others away too. */
static enum err replace(struct postgres *p, struct session **session)
{
    session_close(*session);
    *session = NULL;
    LOG(LOG_WARN, "db.reconnect");
    return connect_new(p, session);
}

static const char *first_words(enum db_mode mode)
{
    switch (mode) {
    case DB_WRITE: return "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
    case DB_READ: return "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    case DB_PEEK: break;
    }
    return NULL;
}

static enum err take(struct postgres *p, struct tx *tx)
{
    struct session *session;
    const char *words = first_words(tx->mode);
    if (tx->state)
        return OK;
    TRY(borrow(p, &session));
    if (words && session_try(session, words) != OK) {
        if (session->is_fresh || !session_is_broken(session)) {
            give_back(p, session);
            return fault("postgresql: cannot begin a transaction");
        }
        TRY(replace(p, &session));
        if (session_try(session, words) != OK) {
            give_back(p, session);
            return fault("postgresql: cannot begin a transaction");
        }
    }
    tx->state = session;
    return OK;
}

/* --- transactions --- */

static void let_go(struct postgres *p, struct tx *tx)
{
    struct session *session = tx->state;
    tx->state = NULL;
    give_back(p, session);
}

/* A lone statement on a connection that turned out to be dead changed nothing: once more. */
static enum err peek(struct postgres *p, struct tx *tx, const char *sql, struct db_values values,
                     struct db_result *result)
{
    struct session *session = tx->state;
    bool may_retry = !session->is_fresh;
    enum err e = session_run(session, tx, sql, values, result);
    if (e == E_FAULT && may_retry && session_is_broken(session)) {
        tx->state = NULL;
        TRY(replace(p, &session));
        tx->state = session;
        e = session_run(session, tx, sql, values, result);
    }
    let_go(p, tx);
    return e;
}

static enum err run(struct db *db, struct tx *tx, const char *sql, struct db_values values,
                    struct db_result *result)
{
    struct postgres *p = postgres_of(db);
    TRY(take(p, tx));
    if (tx->mode == DB_PEEK)
        return peek(p, tx, sql, values, result);
    return session_run(tx->state, tx, sql, values, result);
}

static enum err script(struct db *db, struct tx *tx, const char *sql)
{
    TRY(take(postgres_of(db), tx));
    return session_do(tx->state, sql);
}

static enum err commit(struct db *db, struct tx *tx)
{
    enum err e = tx->mode == DB_PEEK ? OK : session_commit(tx->state);
    let_go(postgres_of(db), tx);
    return e;
}

static void rollback(struct db *db, struct tx *tx)
{
    struct session *session = tx->state;
    session_stop(session);
    if (pq.PQtransactionStatus(session->handle) != PQTRANS_IDLE)
        (void)session_try(session, "ROLLBACK");
    let_go(postgres_of(db), tx);
}

const struct db_engine postgres_engine = {
    .name = "postgresql",
    .open = open_store,
    .close = close_store,
    .ping = ping,
    .run = run,
    .script = script,
    .commit = commit,
    .rollback = rollback,
};
