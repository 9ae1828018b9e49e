/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores for tests: see store.h.
 */
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char url[600];
static char schema[64];
static int stores;

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
static void say(const char *before, const char *after)
{
    char sql[200];
    struct db *db;
    struct tx tx;
    struct db_options options = { .readers = 1 };
    (void)snprintf(sql, sizeof sql, "%s %s%s", before, schema, after);
    if (db_open(&db, server(), &options) != OK)
        return test_fail(__FILE__, __LINE__, "no PostgreSQL at TEST_POSTGRES_URL");
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(db_run(&tx, sql, V_NONE));
    CHECK_OK(db_commit(&tx));
    db_close(db);
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
    (void)snprintf(schema, sizeof schema, "test_%d_%d", (int)getpid(), stores);
    (void)snprintf(url, sizeof url, "%s%coptions=-csearch_path%%3D%s", server(),
                   strchr(server(), '?') ? '&' : '?', schema);
    say("CREATE SCHEMA", "");
}

struct db *test_store(const char *engine)
{
    struct db *db;
    struct db_options options = { .readers = 32 };
    name_store(engine);
    enum err e = db_open(&db, url, &options);
    if (e == OK)
        return db;
    test_fail(__FILE__, __LINE__, "%s gives %s", url, err_name(e));
    return NULL;
}

void test_store_close(struct db *db)
{
    db_close(db);
    if (schema[0])
        say("DROP SCHEMA", " CASCADE");
    schema[0] = 0;
}

void test_store_run(const char *engine, test_on_store *run)
{
    struct db *db = test_store(engine);
    if (!db)
        return;
    run(db);
    test_store_close(db);
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
