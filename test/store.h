/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores for tests: the same test on each engine at hand. SQLite always is; PostgreSQL when
 * TEST_POSTGRES_URL names a server (tools/pg-temp starts one). Each store starts empty, and on
 * PostgreSQL lives in a schema of its own that goes when the store is closed.
 *
 *     TEST_ON_STORES(a_token_is_used_once) { CHECK_OK(use(db)); }
 *
 * registers a_token_is_used_once/sqlite and, with a server, a_token_is_used_once/postgresql.
 * TEST_ON_READY_STORES does the same on stores that have the product's tables already.
 */
#pragma once

#include "db/db.h"
#include "test.h"

/* Names of the engines at hand, ending with NULL. */
const char *const *test_store_engines(void);

/* An empty store: "sqlite" is a file in test_folder(), "memory" is in memory, "postgresql" a new
 * schema. NULL, with the test failed, when it does not open. */
struct db *test_store(const char *engine);

/* The same with all tables of the product in it, which is much quicker than making them. */
struct db *test_store_ready(const char *engine);

/* The URL of the store made last, to open it once more. */
const char *test_store_url(void);

/* The number that a query answers; the test fails when it answers none. */
int64_t test_store_num(struct db *db, const char *sql);

/* Closes the store and removes what test_store made. */
void test_store_close(struct db *db);

typedef void test_on_store(struct db *db);

void test_store_add(const char *name, const char *file, void (*run[2])(void));
void test_store_run(const char *engine, test_on_store *run);
void test_store_run_ready(const char *engine, test_on_store *run);

#define TEST_ON_STORES(name_) TEST_ON_STORES_(name_, test_store_run)
#define TEST_ON_READY_STORES(name_) TEST_ON_STORES_(name_, test_store_run_ready)

#define TEST_ON_STORES_(name_, run_)                                         \
    static void name_(struct db *db);                                        \
    static void name_##_on_sqlite(void)                                      \
    {                                                                        \
        run_("sqlite", name_);                                               \
    }                                                                        \
    static void name_##_on_postgresql(void)                                  \
    {                                                                        \
        run_("postgresql", name_);                                           \
    }                                                                        \
    __attribute__((constructor)) static void name_##_add(void)               \
    {                                                                        \
        void (*run[2])(void) = { name_##_on_sqlite, name_##_on_postgresql }; \
        test_store_add(#name_, __FILE__, run);                               \
    }                                                                        \
    static void name_(struct db *db)
