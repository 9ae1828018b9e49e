/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Migrations: the files of migrations/ in name order, each applied once, in a transaction of its
 * own (an empty store takes all in one), and recorded with its SHA-256. One text for both engines;
 * exactly two words are substituted: BLOB to BYTEA on PostgreSQL, BIGINT to INTEGER plus STRICT
 * tables on SQLite.
 */
#pragma once

#include "base/arena.h"
#include "base/asset.h"
#include "base/err.h"
#include "db/db.h"

struct migration {
    const char *name;   /* "0001_account" */
    int64_t applied_at; /* 0 while pending */
    const char *sql; /* as it runs on this engine; statements end with ";\n"; NULL once applied */
};

struct migrations {
    struct migration *list;
    size_t count, pending;
};

/* What is applied and what is pending. E_CONFLICT (logged) when the store has a migration this
   binary does not know (a newer version wrote it) or an applied one whose text differs. */
enum err migrate_status(struct db *db, struct arena *arena, struct migrations *ret);

/* Applies what is pending; safe when several nodes start at once. Same answers as migrate_status.
 */
enum err migrate_up(struct db *db, struct arena *arena);

/* The same over other files than the embedded ones: for tests. */
enum err migrate_status_with(struct db *db, struct arena *arena, const struct asset *list,
                             size_t count, struct migrations *ret);
enum err migrate_up_with(struct db *db, struct arena *arena, const struct asset *list,
                         size_t count);

/* A migration's text as this engine takes it; the next statement of one, NULL at its end. */
const char *migrate_translate(struct arena *arena, const char *sql, const char *engine);
const char *migrate_next(struct arena *arena, const char **cursor);
