/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Migrations: the two substituted words, the split into statements, and a store that is older,
 * newer or changed.
 */
#include "../store.h"
#include "base/thread.h"
#include "db/fault.h"
#include "db/migrate.h"

#include <pthread.h>
#include <string.h>

/* --- text
 * -----------------------------------------------------------------------------------------------
 */

TEST(migrations_swap_whole_words_only)
{
    static const char sql[] = "-- a BLOB of BIGINT\n"
                              "CREATE TABLE a (\n"
                              "    n BIGINT NOT NULL, -- BIGINT; stays\n"
                              "    b BLOB, BLOBBY TEXT, t TEXT DEFAULT 'BLOB; ''BIGINT'' )',\n"
                              "    \"BLOB\" TEXT /* BLOB */\n"
                              ");\n"
                              "CREATE INDEX i ON a (n);\n";
    CHECK_TEXT(migrate_translate(test_arena(), sql, "sqlite"),
               "-- a BLOB of BIGINT\n"
               "CREATE TABLE a (\n"
               "    n INTEGER NOT NULL, -- BIGINT; stays\n"
               "    b BLOB, BLOBBY TEXT, t TEXT DEFAULT 'BLOB; ''BIGINT'' )',\n"
               "    \"BLOB\" TEXT /* BLOB */\n"
               ") STRICT;\n"
               "CREATE INDEX i ON a (n);\n");
    CHECK_TEXT(migrate_translate(test_arena(), sql, "postgresql"),
               "-- a BLOB of BIGINT\n"
               "CREATE TABLE a (\n"
               "    n BIGINT NOT NULL, -- BIGINT; stays\n"
               "    b BYTEA, BLOBBY TEXT, t TEXT DEFAULT 'BLOB; ''BIGINT'' )',\n"
               "    \"BLOB\" TEXT /* BLOB */\n"
               ");\n"
               "CREATE INDEX i ON a (n);\n");
}

TEST(migrations_are_split_at_the_ends_of_statements)
{
    const char *cursor = "-- first; really\nSELECT ';' ;\n\n/* ; */ SELECT 2;\n-- the end;\n";
    CHECK_TEXT(migrate_next(test_arena(), &cursor), "-- first; really\nSELECT ';' ;");
    CHECK_TEXT(migrate_next(test_arena(), &cursor), "\n\n/* ; */ SELECT 2;");
    CHECK(migrate_next(test_arena(), &cursor) == NULL);
    CHECK(migrate_next(test_arena(), &cursor) == NULL);
    cursor = "SELECT 'open";
    CHECK_TEXT(migrate_next(test_arena(), &cursor), "SELECT 'open");
    CHECK(migrate_next(test_arena(), &cursor) == NULL);
}

/* --- stores --- */

#define FILE_(name, sql)                                     \
    {                                                        \
        "migrations/" name ".sql", { sql, sizeof(sql) - 1 }, \
        {                                                    \
            "", 0                                            \
        }                                                    \
    }

static const struct asset files[] = {
    FILE_("0001_a", "CREATE TABLE a (id TEXT PRIMARY KEY, n BIGINT, b BLOB);\n"),
    FILE_("0002_b", "CREATE TABLE b (id TEXT PRIMARY KEY REFERENCES a (id));\n"
                    "CREATE INDEX a_n ON a (n);\n"
                    "INSERT INTO a (id, n) VALUES ('x', 7);\n"),
    { "ui/other.sql", { "nonsense", 8 }, { "", 0 } },
};

static const struct asset changed[] = {
    FILE_("0001_a", "CREATE TABLE a (id TEXT PRIMARY KEY, n BIGINT);\n"),
};

static const struct asset broken[] = {
    FILE_("0001_a", "CREATE TABLE a (id TEXT PRIMARY KEY, n BIGINT, b BLOB);\n"),
    FILE_("0002_b", "CREATE TABLE b (id TEXT PRIMARY KEY);\nCREATE NONSENSE;\n"),
};

static const struct asset stepwise[] = {
    FILE_("0001_a", "CREATE TABLE a (id TEXT PRIMARY KEY);\n"),
    FILE_("0002_b", "CREATE TABLE b (id TEXT PRIMARY KEY);\n"),
    FILE_("0003_c", "CREATE NONSENSE;\n"),
};

TEST_ON_STORES(migrations_are_applied_once)
{
    struct migrations all;
    CHECK_OK(migrate_status_with(db, test_arena(), files, COUNT(files), &all));
    CHECK_NUM(all.count, 2);
    CHECK_NUM(all.pending, 2);
    CHECK_TEXT(all.list[0].name, "0001_a");
    CHECK_NUM(all.list[0].applied_at, 0);
    CHECK_OK(migrate_up_with(db, test_arena(), files, 1));
    CHECK_OK(migrate_status_with(db, test_arena(), files, COUNT(files), &all));
    CHECK_NUM(all.pending, 1);
    CHECK(all.list[0].applied_at > 0);
    for (int i = 0; i < 2; i++)
        CHECK_OK(migrate_up_with(db, test_arena(), files, COUNT(files)));
    CHECK_NUM(test_store_num(db, "SELECT n FROM a WHERE id = 'x'"), 7);
    CHECK_NUM(test_store_num(db, "SELECT count(*) FROM schema_migration"), 2);
}

TEST_ON_STORES(F06_a_newer_schema_is_refused)
{
    struct migrations all;
    CHECK_OK(migrate_up_with(db, test_arena(), files, COUNT(files)));
    CHECK_ERR(migrate_up_with(db, test_arena(), files, 1), E_CONFLICT);
    CHECK_ERR(migrate_status_with(db, test_arena(), files, 1, &all), E_CONFLICT);
}

TEST_ON_STORES(a_changed_migration_is_refused)
{
    struct migrations all;
    CHECK_OK(migrate_up_with(db, test_arena(), files, 1));
    CHECK_ERR(migrate_up_with(db, test_arena(), changed, COUNT(changed)), E_CONFLICT);
    CHECK_ERR(migrate_status_with(db, test_arena(), changed, COUNT(changed), &all), E_CONFLICT);
}

TEST_ON_STORES(a_migration_that_fails_leaves_nothing)
{
    struct migrations all;
    CHECK_ERR(migrate_up_with(db, test_arena(), broken, COUNT(broken)), E_FAULT);
    CHECK_OK(migrate_status_with(db, test_arena(), broken, COUNT(broken), &all));
    CHECK_NUM(all.pending, 2); /* an empty store stays empty */
    CHECK_OK(migrate_up_with(db, test_arena(), broken, 1));
    CHECK_ERR(migrate_up_with(db, test_arena(), broken, COUNT(broken)), E_FAULT);
    CHECK_OK(migrate_status_with(db, test_arena(), broken, COUNT(broken), &all));
    CHECK_NUM(all.pending, 1); /* an older one keeps what it has */
    CHECK_OK(migrate_up_with(db, test_arena(), files, COUNT(files)));
    CHECK_NUM(test_store_num(db, "SELECT count(*) FROM b"), 0);
}

struct node {
    struct db *db;
    enum err result;
    pthread_t thread;
};

static void *start_node(void *arg)
{
    struct node *node = arg;
    struct arena arena;
    arena_init(&arena, 4 << 20);
    node->result = migrate_up_with(node->db, &arena, files, COUNT(files));
    arena_done(&arena);
    return NULL;
}

TEST_ON_STORES(nodes_that_start_together_apply_each_migration_once)
{
    struct node node[6];
    for (size_t i = 0; i < COUNT(node); i++) {
        CHECK_OK(db_open(&node[i].db, test_store_url(), NULL));
        REQUIRE(thread_start(&node[i].thread, "node", start_node, &node[i]) == OK);
    }
    for (size_t i = 0; i < COUNT(node); i++) {
        pthread_join(node[i].thread, NULL);
        CHECK_OK(node[i].result);
        db_close(node[i].db);
    }
    CHECK_NUM(test_store_num(db, "SELECT count(*) FROM schema_migration"), 2);
}

TEST_ON_STORES(an_upgrade_is_one_transaction_a_migration)
{
    struct migrations all;
    CHECK_OK(migrate_up_with(db, test_arena(), stepwise, 1));
    CHECK_ERR(migrate_up_with(db, test_arena(), stepwise, COUNT(stepwise)), E_FAULT);
    CHECK_OK(migrate_status_with(db, test_arena(), stepwise, COUNT(stepwise), &all));
    CHECK_NUM(all.pending, 1);
}

TEST_ON_STORES(the_products_own_migrations_apply)
{
    struct migrations all;
    CHECK_OK(migrate_up(db, test_arena()));
    CHECK_OK(migrate_status(db, test_arena(), &all));
    CHECK_NUM(all.pending, 0);
}

/* --- injected faults --- */

/* Every call of a migration fails once; the next try finds a sound store. */
TEST(a_fault_at_each_call_of_a_migration_leaves_a_sound_store)
{
    enum err e = E_FAULT;
    long n = 0;
    while (e != OK && n < 200) {
        struct db *inner = test_store("memory"), *db;
        struct migrations all;
        REQUIRE(inner != NULL);
        db = db_fault_wrap(inner);
        db_fault_after(db, ++n);
        e = migrate_up_with(db, test_arena(), files, COUNT(files));
        CHECK(e == OK || e == E_FAULT);
        db_fault_after(db, 0);
        CHECK_OK(migrate_up_with(db, test_arena(), files, COUNT(files)));
        CHECK_OK(migrate_status_with(db, test_arena(), files, COUNT(files), &all));
        CHECK_NUM(all.pending, 0);
        test_store_close(db);
    }
    CHECK(n > 10);
    CHECK_OK(e);
}

TEST(the_nth_call_fails_once)
{
    struct db *db = db_fault_wrap(test_store("memory"));
    struct tx tx;
    int64_t one;
    CHECK_TEXT(db_engine_name(db), "sqlite");
    db_fault_after(db, 3); /* begin, statement, then the second statement */
    db_begin(&tx, db, DB_READ, test_arena());
    CHECK_OK(db_one(&tx, "SELECT 1", V_NONE, INTO(to_num(&one))));
    CHECK_ERR(db_one(&tx, "SELECT 1", V_NONE, INTO(to_num(&one))), E_FAULT);
    CHECK_ERR(db_one(&tx, "SELECT 1", V_NONE, INTO(to_num(&one))), E_FAULT);
    db_rollback(&tx);
    CHECK_OK(db_one(&tx, "SELECT 1", V_NONE, INTO(to_num(&one))));
    CHECK_OK(db_commit(&tx));
    test_store_close(db);
}
