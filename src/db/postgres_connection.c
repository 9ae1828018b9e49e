/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One PostgreSQL connection. Statements are prepared once and found again by the address of their
 * literal; the text is compared too. Parameters carry their type, results come as text: the types
 * of the portable subset are three, and their text forms are plain. The session is read-only unless
 * a transaction says otherwise, so a GET cannot write even through a wrong statement. Of a failure
 * only the primary message is logged: details hold values, and values may be personal.
 */
#include "db/postgres.h"

#include "base/log.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Types by number, as pg_type has had them for ever. */
enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_TEXT = 25 };
enum { OID_OID = 26, OID_NUMERIC = 1700 };

struct prepared {
    struct prepared *next;
    const char *sql; /* the literal's address is the key */
    char *copy;
    char name[16];
};

/* --- opening
 * -----------------------------------------------------------------------------------------------
 */

static void ignore_notice(void *, const char *)
{
}

static const char setup[] = "SET client_encoding = 'UTF8';"
                            "SET client_min_messages = warning;"
                            "SET default_transaction_isolation = 'read committed';"
                            "SET default_transaction_read_only = on;"
                            "SET statement_timeout = '15s';"
                            "SET lock_timeout = '10s';"
                            "SET idle_in_transaction_session_timeout = '60s';"
                            "SET bytea_output = 'hex'";

enum err session_open(struct session **ret, const char *url, bool is_quiet)
{
    const char *const names[] = { "dbname",          "fallback_application_name",
                                  "connect_timeout", "tcp_user_timeout",
                                  "keepalives_idle", NULL };
    const char *const values[] = { url, "cardea", "5", "20000", "30", NULL };
    struct session *session = calloc(1, sizeof *session);
    if (!session)
        abort();
    session->handle = pq.PQconnectdbParams(names, values, 1);
    session->is_fresh = true;
    if (session->handle && pq.PQstatus(session->handle) == CONNECTION_OK) {
        (void)pq.PQsetNoticeProcessor(session->handle, ignore_notice, NULL);
        if (session_do(session, setup) == OK) {
            *ret = session;
            return OK;
        }
    }
    if (!is_quiet)
        (void)fault("PostgreSQL does not let us in: %s", pq.PQerrorMessage(session->handle));
    session_close(session);
    return E_FAULT;
}

void session_close(struct session *session)
{
    session_stop(session);
    pq.PQfinish(session->handle);
    for (size_t i = 0; i < COUNT(session->first); i++)
        while (session->first[i]) {
            struct prepared *p = session->first[i];
            session->first[i] = p->next;
            free(p->copy);
            free(p);
        }
    free(session);
}

bool session_is_broken(const struct session *session)
{
    return pq.PQstatus(session->handle) != CONNECTION_OK ||
           pq.PQtransactionStatus(session->handle) == PQTRANS_UNKNOWN;
}

void session_stop(struct session *session)
{
    pq.PQclear(session->result);
    session->result = NULL;
}

/* --- outcomes --- */

/* The answer that an SQLSTATE stands for (PostgreSQL's appendix A). */
static enum err answer(const char *state)
{
    static const char *const conflicts[] = { "23505", "23503", "40001", "40P01", NULL };
    for (const char *const *s = conflicts; *s; s++)
        if (text_equal(state, *s))
            return E_CONFLICT;
    return text_equal(state, "55P03") ? E_BUSY : E_FAULT; /* lock_not_available */
}

static bool is_good(const PGresult *result)
{
    ExecStatusType status = pq.PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

/* Looks at session->result; logs what is not an answer. */
static enum err judge(struct session *session, const char *sql)
{
    if (is_good(session->result))
        return OK;
    const char *state = pq.PQresultErrorField(session->result, PG_DIAG_SQLSTATE);
    enum err e = answer(state);
    if (e == E_CONFLICT)
        return e;
    const char *why = pq.PQresultErrorField(session->result, PG_DIAG_MESSAGE_PRIMARY);
    bool is_data = state && strncmp(state, "22", 2) == 0; /* its message repeats the value */
    (void)fault("postgresql: %s %s in: %s", state ? state : "connection lost",
                is_data ? "bad value"
                : why   ? why
                        : "",
                sql);
    return e;
}

enum err session_try(struct session *session, const char *sql)
{
    session->result = pq.PQexec(session->handle, sql);
    const char *state = pq.PQresultErrorField(session->result, PG_DIAG_SQLSTATE);
    enum err e = is_good(session->result) ? OK : answer(state);
    session_stop(session);
    return e;
}

enum err session_do(struct session *session, const char *sql)
{
    session->result = pq.PQexec(session->handle, sql);
    enum err e = judge(session, sql);
    session_stop(session);
    return e;
}

enum err session_commit(struct session *session)
{
    session->result = pq.PQexec(session->handle, "COMMIT");
    enum err e = judge(session, "COMMIT");
    bool is_done = e == OK && text_equal(pq.PQcmdStatus(session->result), "COMMIT");
    session_stop(session);
    if (is_done)
        return OK;
    if (session_is_broken(session))
        LOG(LOG_ERROR, "db.commit_unknown",
            LOG_TEXT("why", "the connection was lost before the reply to COMMIT"));
    return e == E_CONFLICT ? E_CONFLICT : E_FAULT;
}

/* --- prepared statements --- */

static struct prepared **bucket_of(struct session *session, const char *sql)
{
    uintptr_t hash = (uintptr_t)sql * UINT64_C(0x9e3779b97f4a7c15);
    return &session->first[hash >> 56];
}

static Oid type_of(const struct db_value *value)
{
    switch (value->kind) {
    case DB_TEXT: return OID_TEXT;
    case DB_NUM: return OID_INT8;
    case DB_BLOB: return OID_BYTEA;
    case DB_NULL: break;
    }
    return 0; /* the server infers it */
}

static enum err prepare(struct session *session, const char *sql, struct db_values values,
                        const char **ret_name)
{
    Oid types[DB_VALUES_MAX];
    struct prepared *p = calloc(1, sizeof *p);
    char *copy = strdup(sql);
    if (!p || !copy)
        abort();
    *p = (struct prepared){ .sql = sql, .copy = copy };
    (void)snprintf(p->name, sizeof p->name, "s%d", session->prepared_count++);
    for (size_t i = 0; i < values.count; i++)
        types[i] = type_of(&values.value[i]);
    session->result =
        pq.PQprepare(session->handle, p->name, sql, (int)values.count, values.count ? types : NULL);
    enum err e = judge(session, sql);
    session_stop(session);
    if (e) {
        free(p->copy);
        free(p);
        return e;
    }
    p->next = *bucket_of(session, sql);
    *bucket_of(session, sql) = p;
    *ret_name = p->name;
    return OK;
}

static enum err find(struct session *session, const char *sql, struct db_values values,
                     const char **ret_name)
{
    for (const struct prepared *p = *bucket_of(session, sql); p; p = p->next)
        if (p->sql == sql) {
            assert(text_equal(p->copy, sql)); /* SQL is a literal */
            *ret_name = p->name;
            return OK;
        }
    return prepare(session, sql, values, ret_name);
}

/* --- running
 * -----------------------------------------------------------------------------------------------
 */

struct arguments {
    const char *value[DB_VALUES_MAX];
    int length[DB_VALUES_MAX], format[DB_VALUES_MAX];
    char digits[DB_VALUES_MAX][24];
};

static void fill(struct arguments *a, struct db_values values)
{
    for (size_t i = 0; i < values.count; i++) {
        const struct db_value *v = &values.value[i];
        a->value[i] = NULL;
        a->length[i] = a->format[i] = 0;
        switch (v->kind) {
        case DB_NULL: break;
        case DB_TEXT: a->value[i] = v->text; break;
        case DB_NUM:
            (void)snprintf(a->digits[i], sizeof a->digits[i], "%lld", (long long)v->num);
            a->value[i] = a->digits[i];
            break;
        case DB_BLOB:
            assert(v->blob.n <= INT32_MAX);
            a->value[i] = v->blob.n ? v->blob.p : "";
            a->length[i] = (int)v->blob.n;
            a->format[i] = 1;
            break;
        }
    }
}

/* bytea as text: "\x" and hex. */
static struct mem copy_blob(struct arena *arena, const char *hex, size_t n)
{
    assert(n >= 2 && hex[0] == '\\' && hex[1] == 'x');
    size_t bytes = (n - 2) / 2;
    uint8_t *out = arena_alloc(arena, bytes + 1);
    bool is_hex = hex_parse(hex + 2, out, bytes);
    assert(is_hex);
    (void)is_hex;
    return MEM(out, bytes);
}

/* False when the type has no place in the portable subset. */
static bool copy_column(struct arena *arena, const PGresult *result, int row, int i,
                        struct db_column *ret)
{
    const char *value = pq.PQgetvalue(result, row, i);
    size_t n = (size_t)pq.PQgetlength(result, row, i);
    switch (pq.PQftype(result, i)) {
    case OID_BOOL: /* EXISTS (...) */
        ret->kind = DB_NUM;
        ret->num = *value == 't';
        return true;
    case OID_INT8:
    case OID_INT4:
    case OID_INT2:
    case OID_OID:
    case OID_NUMERIC: /* sum() of BIGINT */
        ret->kind = DB_NUM;
        return text_parse_int(value, INT64_MIN, INT64_MAX, &ret->num);
    case OID_BYTEA:
        ret->kind = DB_BLOB;
        ret->blob = copy_blob(arena, value, n);
        return true;
    default:
        ret->kind = DB_TEXT;
        ret->text = arena_copy(arena, MEM(value, n)).p;
        return true;
    }
}

static bool copy_row(struct tx *tx, const PGresult *from, int row, struct db_result *result)
{
    struct db_column *columns = db_result_add(tx, result);
    for (int i = 0; i < (int)result->width; i++)
        if (!pq.PQgetisnull(from, row, i) && !copy_column(tx->arena, from, row, i, &columns[i]))
            return false;
    return true;
}

static enum err copy_rows(struct session *session, struct tx *tx, const char *sql,
                          struct db_result *result)
{
    const PGresult *from = session->result;
    int rows = pq.PQntuples(from);
    result->width = (size_t)pq.PQnfields(from);
    for (int row = 0; row < rows && result->count < result->limit; row++)
        if (!copy_row(tx, from, row, result))
            return fault("a number out of range in: %s", sql);
    if (!text_starts(pq.PQcmdStatus(session->result), "SELECT"))
        (void)text_parse_int(pq.PQcmdTuples(session->result), 0, INT64_MAX, &result->changed);
    return OK;
}

enum err session_run(struct session *session, struct tx *tx, const char *sql,
                     struct db_values values, struct db_result *result)
{
    struct arguments a;
    const char *name;
    TRY(find(session, sql, values, &name));
    fill(&a, values);
    session->result =
        pq.PQexecPrepared(session->handle, name, (int)values.count, a.value, a.length, a.format, 0);
    enum err e = judge(session, sql);
    if (e == OK)
        e = copy_rows(session, tx, sql, result);
    session_stop(session);
    return e;
}
