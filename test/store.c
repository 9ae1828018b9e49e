/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores for tests: see store.h.
 */
#include "store.h"

#include "base/arena.h"
#include "db/engine.h"
#include "db/migrate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char url[600];
static char schema[64];
static int stores;

/* What the ready stores come from: a SQLite file, and a schema on PostgreSQL that is emptied after
 * use. */
static struct mem image;
static struct {
    char schema[64];
    int64_t objects; /* tables, indexes, triggers, rows of migrations: when it was made */
    pid_t owner;
    bool is_taken;
} kept;

static const char *server(void)
{
    const char *given = getenv("TEST_POSTGRES_URL");
    return given && *given ? given : NULL;
}

const char *const *test_store_engines(void)
{
    static const char *const both[] = { "sqlite", "postgresql", NULL };
    static const char *const one[] = { "sqlite", NULL };
    return server() ? both : one;
}

const char *test_store_url(void)
{
    return url;
}

/* A statement for PostgreSQL outside of the store under test. */
static void say(const char *before, const char *name, const char *after)
{
    char sql[200];
    struct db *db;
    struct tx tx;
    struct db_options options = { .readers = 1 };
    (void)snprintf(sql, sizeof sql, "%s %s%s", before, name, after);
    if (db_open(&db, server(), &options) != OK)
        return test_fail(__FILE__, __LINE__, "no PostgreSQL at TEST_POSTGRES_URL");
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(db_run(&tx, sql, V_NONE));
    CHECK_OK(db_commit(&tx));
    db_close(db);
}

static void name_schema(const char *name)
{
    (void)snprintf(schema, sizeof schema, "%s", name);
    (void)snprintf(url, sizeof url, "%s%coptions=-csearch_path%%3D%s", server(),
                   strchr(server(), '?') ? '&' : '?', schema);
}

static void name_store(const char *engine)
{
    stores++;
    schema[0] = 0;
    if (text_equal(engine, "memory")) {
        (void)snprintf(url, sizeof url, "sqlite::memory:");
        return;
    }
    if (text_equal(engine, "sqlite")) {
        (void)snprintf(url, sizeof url, "sqlite:%s/store%d.db", test_folder(), stores);
        return;
    }
    name_schema(text_format(test_arena(), "test_%d_%d", (int)getpid(), stores));
    say("CREATE SCHEMA", schema, "");
}

static struct db *open_store(void)
{
    struct db *db;
    struct db_options options = { .readers = 32 };
    enum err e = db_open(&db, url, &options);
    if (e == OK)
        return db;
    test_fail(__FILE__, __LINE__, "%s gives %s", url, err_name(e));
    return NULL;
}

struct db *test_store(const char *engine)
{
    name_store(engine);
    return open_store();
}

void test_store_close(struct db *db)
{
    db_close(db);
    if (schema[0] && text_equal(schema, kept.schema))
        kept.is_taken = false;
    else if (schema[0])
        say("DROP SCHEMA", schema, " CASCADE");
    schema[0] = 0;
}

/* --- ready stores --- */

static struct db *make_ready(const char *engine)
{
    struct db *db = test_store(engine);
    if (db)
        CHECK_OK(migrate_up(db, test_arena()));
    return db;
}

static const char *path_of_store(void)
{
    return url + strlen("sqlite:");
}

/* Closing leaves everything in the one file. */
static void make_image(void)
{
    enum { IMAGE_MAX = 4 << 20 };
    char *bytes = malloc(IMAGE_MAX);
    test_store_close(make_ready("sqlite"));
    FILE *file = fopen(path_of_store(), "rb");
    if (!file || !bytes)
        abort();
    image = MEM(bytes, fread(bytes, 1, IMAGE_MAX, file));
    (void)fclose(file);
}

static struct db *copy_image(void)
{
    if (!image.n)
        make_image();
    name_store("sqlite");
    FILE *file = fopen(path_of_store(), "wb");
    if (!file || fwrite(image.p, 1, image.n, file) != image.n || fclose(file) != 0)
        abort();
    return open_store();
}

static void drop_kept(void)
{
    if (kept.schema[0] && kept.owner == getpid())
        say("DROP SCHEMA", kept.schema, " CASCADE");
    kept.schema[0] = 0;
}

/* A test may have changed the tables themselves, or left so much that emptying takes long. */
static bool is_as_made(struct db *db, int64_t *ret_objects)
{
    enum { BYTES_MAX = 8 << 20 };
    struct tx tx;
    int64_t bytes;
    db_begin(&tx, db, DB_READ, test_arena());
    enum err e = db_one(
        &tx,
        "SELECT (count(*) + sum(reltriggers))::BIGINT + (SELECT count(*) FROM schema_migration),"
        " sum(bytes)::BIGINT FROM (SELECT pg_relation_size(oid) AS bytes,"
        "  (SELECT count(*) FROM pg_trigger WHERE tgrelid = c.oid) AS reltriggers FROM pg_class c"
        "  WHERE relnamespace = current_schema()::TEXT::REGNAMESPACE) one",
        V_NONE, INTO(to_num(ret_objects), to_num(&bytes)));
    db_rollback(&tx);
    return e == OK && bytes < BYTES_MAX;
}

/* Newer tables refer to older ones. */
static enum err empty_tables(struct db *db)
{
    static const char sql[] =
        "DO $$ DECLARE t RECORD; BEGIN"
        " FOR t IN SELECT oid::REGCLASS AS name FROM pg_class"
        "  WHERE relnamespace = current_schema()::TEXT::REGNAMESPACE AND relkind = 'r'"
        "  AND relname <> 'schema_migration' AND pg_relation_size(oid) > 0 ORDER BY oid DESC"
        " LOOP EXECUTE 'DELETE FROM ' || t.name; END LOOP; END $$";
    struct tx tx;
    db_begin(&tx, db, DB_WRITE, test_arena());
    enum err e = tx.db->engine->script(tx.db, &tx, sql);
    if (e == OK)
        return db_commit(&tx);
    db_rollback(&tx);
    return e;
}

static struct db *keep_schema(void)
{
    struct db *db = make_ready("postgresql");
    if (!kept.owner)
        (void)atexit(drop_kept);
    kept.owner = getpid();
    kept.is_taken = true;
    (void)snprintf(kept.schema, sizeof kept.schema, "%s", schema);
    if (db)
        CHECK(is_as_made(db, &kept.objects));
    return db;
}

static struct db *take_kept(void)
{
    int64_t objects = 0;
    name_schema(kept.schema);
    struct db *db = open_store();
    bool is_sound = db && is_as_made(db, &objects) && objects == kept.objects;
    if (is_sound && empty_tables(db) == OK) {
        kept.is_taken = true;
        return db;
    }
    db_close(db);
    drop_kept();
    return keep_schema();
}

struct db *test_store_ready(const char *engine)
{
    if (text_equal(engine, "sqlite"))
        return copy_image();
    if (!text_equal(engine, "postgresql") || kept.is_taken)
        return make_ready(engine);
    return kept.schema[0] && kept.owner == getpid() ? take_kept() : keep_schema();
}

int64_t test_store_num(struct db *db, const char *sql)
{
    struct tx tx;
    int64_t n = -1;
    db_begin(&tx, db, DB_PEEK, test_arena());
    CHECK_OK(db_one(&tx, sql, V_NONE, INTO(to_num(&n))));
    db_rollback(&tx);
    return n;
}

static void run_on(struct db *db, test_on_store *run)
{
    if (!db)
        return;
    run(db);
    test_store_close(db);
}

void test_store_run(const char *engine, test_on_store *run)
{
    run_on(test_store(engine), run);
}

void test_store_run_ready(const char *engine, test_on_store *run)
{
    run_on(test_store_ready(engine), run);
}

void test_store_add(const char *name, const char *file, void (*run[2])(void))
{
    const char *const *engines = test_store_engines();
    for (int i = 0; engines[i]; i++) {
        char *full;
        if (asprintf(&full, "%s/%s", name, engines[i]) < 0)
            abort();
        test_add_named(full, file, run[i]);
    }
}
