/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work outside requests. Two sorts: periodic jobs, leased in the store so that each runs once
 * however many nodes there are; and tasks, queued by a transaction and run soon after it commits,
 * at least once, in any order. Both must be idempotent and manage their own transactions.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct job {
    struct db *db;
    struct arena *arena; /* fresh for each run, trapped by the runner, which then rolls back tx */
    struct tx *tx;   /* begun DB_WRITE for the job's use; the runner commits it when run gives OK,
                        else rolls back */
    const char *arg; /* of a task; "" for a periodic job */
    int64_t now;
    bool more; /* the job sets it: there is more to do, run again at once */
};

struct job_kind {
    const char *name; /* "reset.send" */
    enum err (*run)(struct job *job);
    int64_t every; /* periodic: the span between runs; 0: a task */
    const char *help;
};

/* Queues a task in tx. arg is kept sealed (it may name a person) and at most 4 KiB. */
enum err job_add(struct tx *tx, const char *name, const char *arg);

/* The kinds this process knows: lists ended by one without a name, themselves ended by NULL. */
void job_set_kinds(const struct job_kind *const *lists);

/* Runs jobs on a thread of its own until job_stop, which waits for the running one. job_wake:
 * something was queued. */
enum err job_start(struct db *db);
void job_stop(void);
void job_wake(void);

/* Runs all that is due now on this thread, tasks and periodic jobs, until nothing is: for tests.
 * `job_run` runs one periodic job by hand: E_NOT_FOUND when unknown. */
enum err job_run_due(struct db *db, struct arena *arena);
enum err job_run(struct db *db, struct arena *arena, const char *name);

struct job_entry {
    const char *name, *help, *last_error;
    int64_t last_run_at, last_success_at, next_run_at;
};
enum err job_list(struct db *db, struct arena *arena, struct job_entry **ret, size_t *ret_count);
