/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the PostgreSQL engine, shared by its files and nobody else: libpq's functions, found at
 * run time (postgres_library.c), a connection with its prepared statements
 * (postgres_connection.c), and the engine that ties connections to transactions (postgres.c).
 */
#pragma once

#include "db/engine.h"
#include "db/pool.h"

#include <libpq-fe.h>

/* --- libpq
 * -------------------------------------------------------------------------------------------------
 */

/* clang-format off */
#define POSTGRES_FUNCTIONS(X)                                                            \
    X(PQconnectdbParams) X(PQstatus) X(PQerrorMessage) X(PQfinish) X(PQsetNoticeProcessor) \
    X(PQexec) X(PQprepare) X(PQexecPrepared) X(PQresultStatus) X(PQresultErrorField)       \
    X(PQclear) X(PQntuples) X(PQnfields) X(PQftype) X(PQgetisnull) X(PQgetvalue)           \
    X(PQgetlength) X(PQcmdStatus) X(PQcmdTuples) X(PQtransactionStatus)
/* clang-format on */

struct postgres_library {
#define X(name) __typeof__(&name) name;
    POSTGRES_FUNCTIONS(X)
#undef X
};

extern struct postgres_library pq;

/* Opens libpq once. E_FAULT, logged with what to install, when it is not there. */
enum err postgres_load(void);

/* --- a connection --- */

struct prepared;

struct session {
    PGconn *handle;
    PGresult *result; /* of the statement under way */
    struct prepared *first[256];
    int prepared_count;
    bool is_fresh; /* just connected: a failure is not a stale connection */
};

enum err session_open(struct session **ret, const char *url, bool is_quiet);
void session_close(struct session *session);
bool session_is_broken(const struct session *session);

/* One statement of a tx: prepare once, run, copy. */
enum err session_run(struct session *session, struct tx *tx, const char *sql,
                     struct db_values values, struct db_result *result);

/* A statement without parameters or rows, not kept. */
enum err session_do(struct session *session, const char *sql);

/* The same, E_CONFLICT or E_FAULT without a log: for the first words on a pooled connection. */
enum err session_try(struct session *session, const char *sql);

/* COMMIT; tells a lost reply from a refusal. */
enum err session_commit(struct session *session);

/* Frees what a statement left. */
void session_stop(struct session *session);
