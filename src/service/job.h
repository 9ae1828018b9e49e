/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work outside requests. Three sorts: periodic jobs, leased in the store so that each runs once
 * however many nodes there are; tasks, queued by a transaction and run soon after it commits, in
 * any order; and pollers, which look for work of their own at each wake (the outbox).
 *
 * What a job writes through job->tx happens exactly once: the runner ends the task or the lease in
 * the same transaction, and a worker that was thought dead finds its claim gone and rolls back.
 * What it does beside that (network, files) may happen again after a crash.
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
    int64_t again_at; /* of a task with more to do: not before; 0: at once */
};

/* A poller runs at each wake and each second, on every node at once and on a thread of its own, so
 * that a slow mail server holds up nothing else. It has no row, no lease; it claims its own work.
 */
enum { JOB_ON_WAKE = -1 };

/* For a poller that need not work at each wake: true when a span has passed since it last was, or
   the clock was set back. */
bool job_is_due(_Atomic int64_t *last_at, int64_t now, int64_t span);

struct job_kind {
    const char *name; /* "reset.send" */
    enum err (*run)(struct job *job);
    int64_t every; /* periodic: the span between runs; 0: a task; JOB_ON_WAKE: a poller */
    const char *help;
    bool removes; /* periodic: what it removes is gone for good, so it waits a day when the clock
                     has leapt (service/house_time.h) */
};

/* Queues a task in tx. arg is kept sealed (it may name a person) and at most 4 KiB (E_TOO_LARGE).
 * Call job_wake after the commit; else it waits for the next poll, at most a second. A task that
 * fails is tried again, 10 times within some hours, then kept as dead and logged. */
enum err job_add(struct tx *tx, const char *name, const char *arg);

/* Removes tasks that were given up before a time, at most a batch: they hold what they were to do
   with. */
enum err job_purge_dead(struct tx *tx, int64_t before, bool *ret_more);

/* The kinds this process knows: lists ended by one without a name, themselves ended by NULL. */
void job_set_kinds(const struct job_kind *const *lists);

/* Runs jobs on threads of its own until job_stop, which waits for the running ones. job_wake:
 * something was queued and committed; cheap, from any thread, also when nothing runs. */
enum err job_start(struct db *db);
void job_stop(void);
void job_wake(void);
bool job_is_stopping(void); /* job_stop was called: long work outside the store should end */

/* Runs all that is due now on this thread, tasks, periodic jobs and pollers, until nothing is: for
 * tests. A failing job is noted in its row, not returned. */
enum err job_run_due(struct db *db, struct arena *arena);
/* Between the two the threads of job_start begin nothing, and what they had begun is done: for a
 * leap of the clock, which would end leases under their holders. Take them in one function. */
void job_hold(void);
void job_release(void);
/* Runs one periodic job or poller by hand, due or not, until it has no more to do; gives its
 * result. E_NOT_FOUND when unknown, E_BUSY when a node is running it just now. */
enum err job_run(struct db *db, struct arena *arena, const char *name);

/* The name that looks most like one that job_run takes; NULL when none comes near. */
const char *job_nearest(const char *name);

/* The machine's clock was ahead of a time and is right now: what waits for longer than any job lets
   anything wait is due, and what was given up after it is tried again. */
enum err job_mend(struct tx *tx, int64_t now);

/* The periodic jobs; times are 0 for never. */
struct job_entry {
    const char *name, *help, *last_error; /* last_error is NULL when the last run was good */
    int64_t every, last_run_at, last_success_at, next_run_at;
    int64_t leased_until; /* somebody runs it now, if that is not over */
};
enum err job_list(struct db *db, struct arena *arena, struct job_entry **ret, size_t *ret_count);
