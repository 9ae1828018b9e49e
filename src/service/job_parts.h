/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between job.c, job_periodic.c and job_runner.c only.
 */
#pragma once

#include "service/job.h"

/* One piece of work: its own arena, wiped afterwards, and its own transaction. */
struct job_run {
    struct db *db;
    struct arena arena;
    struct tx tx;
    const struct job_kind *kind;
    char id[40];      /* of a task; of the lease of a periodic job */
    int64_t attempts; /* of a task */
    const char *arg;  /* of a task */
    enum err why;     /* it failed */
    bool is_by_hand;  /* due or not */
    bool claimed;
    bool is_put_off; /* the clock has leapt */
    bool more;
};

/* The kinds of job_set_kinds, one after the other; NULL after the last. */
const struct job_kind *job_nth_kind(size_t i);
const struct job_kind *job_find_kind(const char *name);

/* Each does at most one piece of work. *ret_did: there may be more. What the work itself gives goes
 * to its row and the log; the result here is the store's. */
enum err job_step_task(struct db *db, bool *ret_did);
enum err job_step_periodic(struct db *db, bool *ret_did);
enum err job_step_pollers(struct db *db, bool *ret_did);

/* The part of job_mend that is about periodic jobs. */
enum err job_mend_periodic(struct tx *tx, int64_t now);

/* Makes the rows of periodic jobs that have none. */
enum err job_ready(struct db *db);

enum { JOB_ARENA = 32 << 20 };

/* Runs step(run) in a fresh arena, wiped afterwards. An error rolls back; so does a full arena,
 * which gives E_FAULT. */
enum err job_guard(enum err (*step)(struct job_run *run), struct job_run *run);
