/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What expires is removed: the schema of the store is walked, so a new table whose rows end some
 * day cannot be forgotten by the jobs.
 */
#include "sample.h"

#include "attack.h"
#include "base/clock.h"
#include "service/job.h"
#include "service/setting.h"

#include <string.h>

static bool is_sqlite(const struct world *w)
{
    return text_equal(db_engine_name(w->real_db), "sqlite");
}

static void read_rows(struct world *w, const char *sql, struct db_values values,
                      struct db_rows *ret)
{
    struct tx tx;
    *ret = (struct db_rows){ 0 };
    db_begin(&tx, w->real_db, DB_READ, test_arena());
    CHECK_OK(db_each(&tx, sql, values, ret));
    db_rollback(&tx);
}

static void list_tables(struct world *w, struct db_rows *ret)
{
    read_rows(w,
              is_sqlite(w) ? "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c"
                             " WHERE m.type = 'table' AND c.name = 'expires_at' ORDER BY m.name"
                           : "SELECT CAST(table_name AS text) FROM information_schema.columns"
                             " WHERE table_schema = current_schema() AND column_name = 'expires_at'"
                             " ORDER BY table_name",
              V_NONE, ret);
}

/* The columns that must be given, with their types. */
static void list_columns(struct world *w, const char *table, struct db_rows *ret)
{
    read_rows(w,
              is_sqlite(w) ? "SELECT c.name, c.type FROM pragma_table_info($1) c"
                             " WHERE c.\"notnull\" = 1 OR c.pk > 0 OR c.name = 'expires_at'"
                           : "SELECT CAST(column_name AS text), CAST(data_type AS text)"
                             "  FROM information_schema.columns"
                             " WHERE table_schema = current_schema() AND table_name = $1"
                             "   AND (is_nullable = 'NO' OR column_name = 'expires_at')",
              V(text(table)), ret);
}

/* A literal that fits a column. */
static const char *value_for(struct world *w, const char *column, const char *type, int64_t at)
{
    if (text_equal(column, "account_id"))
        return text_format(test_arena(), "'%s'", account_id_of(w, ANN));
    if (text_equal(column, "expires_at"))
        return text_format(test_arena(), "%lld", (long long)at);
    if (strcasestr(type, "int"))
        return "1";
    if (strcasestr(type, "text"))
        return text_format(test_arena(), "'row_%s'", column);
    return is_sqlite(w) ? "x'00'" : "CAST('\\x00' AS bytea)";
}

static void add_row(struct world *w, const char *table, int64_t expires_at)
{
    struct db_rows columns;
    struct buf names, values;
    list_columns(w, table, &columns);
    buf_init(&names, test_arena(), 1 << 14);
    buf_init(&values, test_arena(), 1 << 14);
    for (size_t i = 0; i < columns.count; i++) {
        const char *column = db_at(&columns, i, 0)->text;
        buf_format(&names, "%s%s", i ? ", " : "", column);
        buf_format(&values, "%s%s", i ? ", " : "",
                   value_for(w, column, db_at(&columns, i, 1)->text, expires_at));
    }
    run_sql(w,
            text_format(test_arena(), "INSERT INTO %s (%s) VALUES (%s)", table, names.p, values.p));
}

static int64_t rows_of(struct world *w, const char *table)
{
    return count_of(w, text_format(test_arena(), "SELECT count(*) FROM %s", table));
}

TEST_IN_WORLD(every_row_that_expires_is_removed)
{
    struct db_rows tables;
    person(w, ANN, PASSWORD);
    run_jobs(w);
    list_tables(w, &tables);
    CHECK(tables.count >= 8);
    for (size_t i = 0; i < tables.count; i++) {
        const char *table = db_at(&tables, i, 0)->text;
        CHECK_NUM(rows_of(w, table), 0);
        add_row(w, table, clock_now() + HOUR);
        CHECK_NUM(rows_of(w, table), 1);
    }
    wait_for(DAY + setting_span(SETTING_WAITLIST_KEEP)); /* staff see ended invitations that long */
    run_jobs(w);
    for (size_t i = 0; i < tables.count; i++) {
        const char *table = db_at(&tables, i, 0)->text;
        if (rows_of(w, table))
            test_fail(__FILE__, __LINE__, "no job removes what has expired of %s", table);
    }
}

/* Tasks that never went well hold a sealed address: not for ever. */
TEST_IN_WORLD(a_dead_task_is_removed_after_a_month)
{
    run_jobs(w);
    run_sql(w, is_sqlite(w)
                   ? "INSERT INTO task (id, kind, arg, created_at, attempts, dead_at)"
                     " VALUES ('tsk_dead', 'reset.send', x'00', 1, 10, 1)"
                   : "INSERT INTO task (id, kind, arg, created_at, attempts, dead_at)"
                     " VALUES ('tsk_dead', 'reset.send', CAST('\\x00' AS bytea), 1, 10, 1)");
    tamper(w, "UPDATE task SET dead_at = $1", V(num(clock_now())));
    wait_for(29 * DAY);
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM task"), 1);
    wait_for(2 * DAY);
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM task"), 0);
}

/* A busy house has more in an hour than one batch: a job goes on until nothing is left. */
TEST_IN_WORLD(a_backlog_is_removed_at_once)
{
    person(w, ANN, PASSWORD);
    run_jobs(w);
    tamper(w,
           "INSERT INTO disavowal (id, account_id, secret_hash, session_id, created_at, expires_at)"
           " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)"
           " SELECT 'dis_' || i, a.id, $1, 'ses', 1, 2 FROM n, account a",
           V(blob(mem_text("x"))));
    CHECK_NUM(count_of(w, "SELECT count(*) FROM disavowal"), 1100);
    wait_for(2 * HOUR);
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM disavowal"), 0);
}
