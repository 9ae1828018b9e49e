/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store that wraps another and makes chosen calls fail, for torture tests, or tells of them all,
 * for tests that compare what two requests cost.
 */
#pragma once

#include "db/db.h"

/* Wraps db, which the wrapper owns from then on: closing the wrapper closes db. */
struct db *db_fault_wrap(struct db *db);

/* The n-th statement, begin or commit from now on gives E_FAULT once; 0 switches it off. */
void db_fault_after(struct db *wrapper, long n);

/* How many calls were counted since the last db_fault_after. */
long db_fault_count(const struct db *wrapper);

/* From now on every statement is shown to seen before it runs, and "COMMIT" for a commit; NULL ends
 * it. While it is on, only one thread may use the store. */
void db_fault_watch(struct db *wrapper, void (*seen)(void *arg, const char *sql), void *arg);

/* Frees the wrapper without closing the store in it. */
void db_fault_unwrap(struct db *wrapper);
