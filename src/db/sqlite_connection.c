/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One SQLite connection. Statements are prepared once and found again by the address of their
 * literal; the text is compared too, because running another statement than the one meant would be
 * the worst of all answers. SQLite numbers $n by first appearance, so parameters are bound by name.
 */
#include "db/sqlite.h"

#include "base/log.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* --- opening
 * -----------------------------------------------------------------------------------------------
 */

static const char *const writer_setup[] = {
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA wal_autocheckpoint = 0",
    "PRAGMA cache_size = -1024",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA mmap_size = 0",
    "PRAGMA journal_size_limit = 67108864",
    NULL,
};

/* Scratch stores live in memory: there is nothing to sync. */
static const char *const scratch_setup[] = { "PRAGMA synchronous = OFF", NULL };

static const char *const reader_setup[] = {
    "PRAGMA query_only = ON",
    "PRAGMA wal_autocheckpoint = 0",
    "PRAGMA cache_size = -512",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA mmap_size = 0",
    "SELECT count(*) FROM sqlite_schema", /* opens the log and proves that the file is readable */
    NULL,
};

/* Gives the mode that it really is, which may be another one. */
static int is_wal(void *arg, int, char **values, char **)
{
    *(bool *)arg = values[0] && strcmp(values[0], "wal") == 0;
    return 0;
}

static int turn_wal_on(sqlite3 *handle)
{
    bool is_on = false;
    int rc = sqlite3_exec(handle, "PRAGMA journal_mode = WAL", is_wal, &is_on, NULL);
    return rc == SQLITE_OK && !is_on ? SQLITE_CANTOPEN : rc;
}

static int do_all(sqlite3 *handle, const char *const *list)
{
    int rc = SQLITE_OK;
    for (; *list && rc == SQLITE_OK; list++)
        rc = sqlite3_exec(handle, *list, NULL, NULL, NULL);
    return rc;
}

static int set_up(sqlite3 *handle, enum connection_kind kind, bool is_scratch)
{
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, 5000);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    int rc = kind == CONNECTION_WRITER ? turn_wal_on(handle) : SQLITE_OK;
    if (rc == SQLITE_OK)
        rc = do_all(handle, kind == CONNECTION_WRITER ? writer_setup : reader_setup);
    if (rc == SQLITE_OK && kind == CONNECTION_WRITER && is_scratch)
        rc = do_all(handle, scratch_setup);
    return rc;
}

/* What the operator can do about a file that does not open. */
static const char *advise(int code)
{
    switch (code & 0xff) {
    case SQLITE_CANTOPEN: return "does the folder exist, and may this user write to it?";
    case SQLITE_NOTADB: return "this file is something else; check the path, or restore a backup";
    case SQLITE_CORRUPT: return "the file is damaged; restore a backup, keep this one for recovery";
    case SQLITE_READONLY:
    case SQLITE_PERM: return "this user may not write to the file or to its folder";
    case SQLITE_BUSY: return "another process holds the database; stop it and try again";
    case SQLITE_FULL: return "the disk is full; free some space";
    default: return "look at the disk and at the kernel's log";
    }
}

enum err connection_open(struct connection *c, const char *path, enum connection_kind kind,
                         bool is_scratch)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                (kind == CONNECTION_WRITER ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                           : SQLITE_OPEN_READONLY);
    *c = (struct connection){ 0 };
    int rc = sqlite3_open_v2(path, &c->handle, flags, NULL);
    if (rc == SQLITE_OK)
        rc = set_up(c->handle, kind, is_scratch);
    if (rc == SQLITE_OK && kind == CONNECTION_WRITER && sqlite3_db_readonly(c->handle, "main"))
        rc = SQLITE_READONLY;
    if (rc == SQLITE_OK)
        return OK;
    (void)fault("database %s: %s (%s): %s", path, sqlite3_errstr(rc),
                c->handle ? sqlite3_errmsg(c->handle) : "no memory", advise(rc));
    sqlite_close_connection(c);
    return E_FAULT;
}

void sqlite_close_connection(struct connection *c)
{
    for (size_t i = 0; i < c->room; i++)
        if (c->table[i]) {
            sqlite3_finalize(c->table[i]->handle);
            free(c->table[i]);
        }
    free(c->table);
    int rc = sqlite3_close(c->handle);
    assert(rc == SQLITE_OK);
    (void)rc;
    *c = (struct connection){ 0 };
}

/* --- prepared statements --- */

static size_t slot_of(const struct connection *c, const char *sql)
{
    uintptr_t hash = (uintptr_t)sql * UINT64_C(0x9e3779b97f4a7c15);
    size_t i = (hash >> 32) & (c->room - 1);
    while (c->table[i] && c->table[i]->sql != sql)
        i = (i + 1) & (c->room - 1);
    return i;
}

static void *allocate(size_t count, size_t size)
{
    void *p = calloc(count, size);
    if (!p)
        abort(); /* lives as long as the process: see docs/decisions */
    return p;
}

static void grow(struct connection *c)
{
    struct connection old = *c;
    c->room = old.room ? old.room * 2 : 64;
    c->table = allocate(c->room, sizeof *c->table);
    for (size_t i = 0; i < old.room; i++)
        if (old.table[i])
            c->table[slot_of(c, old.table[i]->sql)] = old.table[i];
    free(old.table);
}

static void find_parameters(struct statement *s)
{
    char name[16];
    s->count = sqlite3_bind_parameter_count(s->handle);
    assert(s->count <= DB_VALUES_MAX);
    for (int i = 0; i < s->count; i++) {
        (void)snprintf(name, sizeof name, "$%d", i + 1);
        s->index[i] = (uint8_t)sqlite3_bind_parameter_index(s->handle, name);
        assert(s->index[i] > 0); /* $1 to $count, without a gap */
    }
}

static int prepare(struct connection *c, const char *sql, struct statement **ret)
{
    sqlite3_stmt *handle;
    int rc = sqlite3_prepare_v3(c->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, NULL);
    if (rc != SQLITE_OK)
        return rc;
    if ((c->count + 1) * 2 > c->room)
        grow(c);
    struct statement *s = allocate(1, sizeof *s);
    *s = (struct statement){ .sql = sql, .handle = handle };
    find_parameters(s);
    c->table[slot_of(c, sql)] = s;
    c->count++;
    *ret = s;
    return SQLITE_OK;
}

static int find(struct connection *c, const char *sql, struct statement **ret)
{
    struct statement *s = c->room ? c->table[slot_of(c, sql)] : NULL;
    if (!s)
        return prepare(c, sql, ret);
    assert(strcmp(sqlite3_sql(s->handle), sql) == 0); /* SQL is a literal */
    *ret = s;
    return SQLITE_OK;
}

/* --- running
 * -----------------------------------------------------------------------------------------------
 */

static int bind(const struct statement *s, struct db_values values)
{
    assert((size_t)s->count == values.count);
    int rc = SQLITE_OK;
    for (size_t i = 0; i < values.count && rc == SQLITE_OK; i++) {
        const struct db_value *v = &values.value[i];
        switch (v->kind) {
        case DB_NULL: rc = sqlite3_bind_null(s->handle, s->index[i]); break;
        case DB_TEXT: rc = sqlite3_bind_text(s->handle, s->index[i], v->text, -1, NULL); break;
        case DB_NUM: rc = sqlite3_bind_int64(s->handle, s->index[i], v->num); break;
        case DB_BLOB:
            rc = sqlite3_bind_blob64(s->handle, s->index[i], v->blob.n ? v->blob.p : "", v->blob.n,
                                     NULL);
            break;
        }
    }
    return rc;
}

static void copy_column(struct arena *arena, sqlite3_stmt *handle, int i, struct db_column *ret)
{
    switch (sqlite3_column_type(handle, i)) {
    case SQLITE_INTEGER:
        ret->kind = DB_NUM;
        ret->num = sqlite3_column_int64(handle, i);
        return;
    case SQLITE_TEXT:
        ret->kind = DB_TEXT;
        ret->text = arena_copy(arena, MEM(sqlite3_column_text(handle, i),
                                          (size_t)sqlite3_column_bytes(handle, i)))
                        .p;
        return;
    case SQLITE_BLOB:
        ret->kind = DB_BLOB;
        ret->blob = arena_copy(
            arena, MEM(sqlite3_column_blob(handle, i), (size_t)sqlite3_column_bytes(handle, i)));
        return;
    case SQLITE_FLOAT: abort(); /* not in the portable subset */
    }
}

static void copy_row(struct tx *tx, sqlite3_stmt *handle, struct db_result *result)
{
    result->width = (size_t)sqlite3_column_count(handle);
    struct db_column *row = db_result_add(tx, result);
    for (size_t i = 0; i < result->width; i++)
        copy_column(tx->arena, handle, (int)i, &row[i]);
}

/* A writing statement runs to its end, where foreign keys are checked; a reading one stops when
 * enough rows are there. */
static int step_all(struct tx *tx, sqlite3_stmt *handle, struct db_result *result)
{
    bool writes = !sqlite3_stmt_readonly(handle);
    for (;;) {
        int rc = sqlite3_step(handle);
        if (rc != SQLITE_ROW)
            return rc;
        if (result->count < result->limit)
            copy_row(tx, handle, result);
        if (result->count == result->limit && !writes)
            return SQLITE_DONE;
    }
}

void connection_stop(struct connection *c)
{
    if (!c->active)
        return;
    sqlite3_reset(c->active);
    sqlite3_clear_bindings(c->active);
    c->active = NULL;
}

enum err sqlite_run_plain(struct connection *c, struct tx *tx, const char *sql,
                          struct db_values values, struct db_result *result)
{
    struct statement *s;
    int rc = find(c, sql, &s);
    if (rc != SQLITE_OK)
        return connection_fault(c, rc, sql);
    c->active = s->handle;
    rc = bind(s, values);
    if (rc == SQLITE_OK)
        rc = step_all(tx, s->handle, result);
    if (rc == SQLITE_DONE && !sqlite3_stmt_readonly(s->handle))
        result->changed = sqlite3_changes64(c->handle);
    enum err e = rc == SQLITE_DONE ? OK : connection_fault(c, rc, sql);
    connection_stop(c);
    return e;
}

enum err connection_script(struct connection *c, const char *sql)
{
    int rc = sqlite3_exec(c->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? OK : connection_fault(c, rc, sql);
}

int connection_do(struct connection *c, const char *sql)
{
    struct statement *s;
    int rc = find(c, sql, &s);
    if (rc != SQLITE_OK)
        return rc;
    rc = sqlite3_step(s->handle);
    sqlite3_reset(s->handle);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

enum err connection_fault(struct connection *c, int code, const char *doing)
{
    switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
    case SQLITE_CONSTRAINT_FOREIGNKEY: return E_CONFLICT;
    }
    (void)fault("sqlite: %s (%s, %d) in: %s", sqlite3_errstr(code), sqlite3_errmsg(c->handle), code,
                doing);
    if ((code & 0xff) == SQLITE_FULL)
        LOG(LOG_ERROR, "db.disk_full", LOG_TEXT("do", "free some space; nothing else is needed"));
    if ((code & 0xff) == SQLITE_CORRUPT)
        LOG(LOG_ERROR, "db.damaged", LOG_TEXT("do", "stop, keep the file, restore a backup"));
    return (code & 0xff) == SQLITE_BUSY ? E_BUSY : E_FAULT;
}
