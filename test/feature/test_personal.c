/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Personal data is listed (GDPR 15, 17, 20): the schema of the store is walked, so a new table
 * about people cannot be forgotten by export or removal.
 */
#include "attack.h"

#include "account/personal.h"

#include <string.h>

static bool is_sqlite(const struct world *w)
{
    return text_equal(db_engine_name(w->real_db), "sqlite");
}

static void read_rows(struct world *w, const char *sqlite, const char *postgresql,
                      struct db_rows *ret)
{
    struct tx tx;
    *ret = (struct db_rows){ 0 };
    db_begin(&tx, w->real_db, DB_READ, test_arena());
    CHECK_OK(db_each(&tx, is_sqlite(w) ? sqlite : postgresql, V_NONE, ret));
    db_rollback(&tx);
}

/* The place in the order of removal, and the entry; -1 for a table that is not listed. */
static int place_of(const char *table, const struct personal_table **ret)
{
    for (int i = 0; (*ret = personal_nth((size_t)i)); i++)
        if (text_equal((*ret)->name, table))
            return i;
    return -1;
}

TEST_IN_WORLD(every_table_about_a_person_is_listed)
{
    struct db_rows rows;
    const struct personal_table *entry;
    read_rows(w,
              "SELECT m.name FROM sqlite_master m WHERE m.type = 'table' AND (m.name = 'account'"
              " OR EXISTS (SELECT 1 FROM pragma_table_info(m.name) c WHERE c.name = 'account_id')"
              " OR EXISTS (SELECT 1 FROM pragma_foreign_key_list(m.name) f"
              "             WHERE f.\"table\" = 'account'))",
              "SELECT table_name FROM information_schema.columns"
              " WHERE table_schema = current_schema() AND column_name = 'account_id'"
              " UNION SELECT 'account' UNION"
              " SELECT CAST(conrelid AS regclass)::text FROM pg_constraint"
              "  WHERE contype = 'f' AND confrelid = CAST('account' AS regclass)",
              &rows);
    CHECK(rows.count > 8);
    for (size_t i = 0; i < rows.count; i++) {
        const char *table = db_at(&rows, i, 0)->text;
        if (place_of(table, &entry) < 0)
            test_fail(__FILE__, __LINE__,
                      "%s is about people: give it a personal_table (account/personal.h)", table);
    }
}

/* A row goes before the one it refers to, or with it. */
TEST_IN_WORLD(rows_are_removed_before_what_they_refer_to)
{
    struct db_rows rows;
    const struct personal_table *child, *parent;
    read_rows(w,
              "SELECT m.name, f.\"table\","
              "       CASE WHEN f.on_delete = 'CASCADE' THEN 'with it' ELSE 'first' END"
              "  FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f"
              " WHERE m.type = 'table'",
              "SELECT CAST(conrelid AS regclass)::text, CAST(confrelid AS regclass)::text,"
              "       CASE WHEN confdeltype = 'c' THEN 'with it' ELSE 'first' END"
              "  FROM pg_constraint WHERE contype = 'f'"
              "   AND connamespace = CAST(current_schema() AS regnamespace)",
              &rows);
    CHECK(rows.count > 6);
    for (size_t i = 0; i < rows.count; i++) {
        const char *names[] = { db_at(&rows, i, 0)->text, db_at(&rows, i, 1)->text };
        if (text_equal(db_at(&rows, i, 2)->text, "with it"))
            continue;
        int at = place_of(names[0], &child), before = place_of(names[1], &parent);
        if (at < 0 || at > before || !child->remove)
            test_fail(__FILE__, __LINE__, "%s must be removed before %s", names[0], names[1]);
    }
}

/* The account goes last, and what is listed can be written. */
TEST_IN_WORLD(the_list_of_tables_ends_with_the_account)
{
    struct buf out;
    struct tx tx;
    struct json_writer j;
    struct json_value all;
    size_t n = 0;
    struct client *ann = signed_in(w, ANN);
    run_jobs(w);
    while (personal_nth(n))
        n++;
    REQUIRE(n > 0);
    CHECK_TEXT(personal_nth(n - 1)->name, "account");

    buf_init(&out, test_arena(), 1 << 20);
    json_write(&j, &out);
    json_begin_object(&j, NULL);
    db_begin(&tx, w->real_db, DB_READ, test_arena());
    CHECK_OK(personal_write(&tx, account_id_of(w, ANN), &j));
    db_rollback(&tx);
    json_end(&j);
    REQUIRE(json_read(test_arena(), buf_mem(&out), &all, NULL) == OK);
    const struct json_value *account = json_find(&all, "account");
    const struct json_value *session = json_find(&all, "session");
    REQUIRE(account && account->count == 1 && session && session->count == 1);
    CHECK_TEXT(json_find_text(&account->items[0], "email"), ANN);
    CHECK_TEXT(json_find_text(&session->items[0], "id"), ann->session_id);
    CHECK(!strstr(out.p, "$argon2") && !strstr(out.p, "hash") && !strstr(out.p, "token="));
    CHECK(json_find(&all, "audit")->count >= 3);
    CHECK(json_find(&all, "outbox")->count >= 1);
}
