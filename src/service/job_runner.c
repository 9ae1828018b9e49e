/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads that run jobs: one for tasks and periodic jobs, one for pollers, so that a mail
 * server that takes its time holds up nothing but mail. They sleep on a condition, a second at
 * most: that is how they see retries fall due and what other nodes queued.
 */
#include "service/job_parts.h"

#include "base/clock.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static unsigned long wakes; /* under the lock */
static atomic_bool stopping;
static pthread_t threads[2];
static struct db *store; /* NULL while no thread runs */
/* Held by each thread while it works, so that somebody else can wait for both and keep them. */
static pthread_mutex_t working[2] = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER };

static void make_condition(void)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&woken, &attributes);
    pthread_condattr_destroy(&attributes);
}

bool job_is_stopping(void)
{
    return stopping;
}

void job_wake(void)
{
    pthread_once(&once, make_condition);
    pthread_mutex_lock(&lock);
    wakes++;
    pthread_cond_broadcast(&woken);
    pthread_mutex_unlock(&lock);
}

/* Until somebody wakes us who had not when *seen was noted, or a second has passed. */
static void doze(unsigned long *seen)
{
    int64_t ns = clock_monotonic_ns() + 1'000'000'000;
    struct timespec until = { .tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000 };
    pthread_mutex_lock(&lock);
    while (*seen == wakes && !stopping)
        if (pthread_cond_timedwait(&woken, &lock, &until) != 0)
            break;
    *seen = wakes;
    pthread_mutex_unlock(&lock);
}

static enum err step(struct db *db, bool *ret_did)
{
    bool task = false, periodic = false;
    TRY(job_step_task(db, &task));
    TRY(job_step_periodic(db, &periodic));
    *ret_did = task || periodic;
    return OK;
}

static void *run_jobs(void *)
{
    unsigned long seen = 0;
    while (!stopping) {
        bool did = false;
        pthread_mutex_lock(&working[0]);
        enum err e = step(store, &did);
        pthread_mutex_unlock(&working[0]);
        if (e == OK && did)
            job_wake(); /* it may have queued something for the pollers */
        else
            doze(&seen);
    }
    return NULL;
}

static void *run_pollers(void *)
{
    unsigned long seen = 0;
    while (!stopping) {
        bool did = false;
        pthread_mutex_lock(&working[1]);
        enum err e = job_step_pollers(store, &did);
        pthread_mutex_unlock(&working[1]);
        if (e || !did)
            doze(&seen);
    }
    return NULL;
}

enum err job_start(struct db *db)
{
    pthread_once(&once, make_condition);
    TRY(job_ready(db));
    stopping = false;
    store = db;
    TRY(thread_start(&threads[0], "jobs", run_jobs, NULL));
    enum err e = thread_start(&threads[1], "pollers", run_pollers, NULL);
    if (e) {
        stopping = true;
        job_wake();
        pthread_join(threads[0], NULL);
        store = NULL;
    }
    return e;
}

void job_stop(void)
{
    if (!store)
        return;
    stopping = true;
    job_wake();
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    store = NULL;
    stopping = false;
}

void job_hold(void)
{
    pthread_mutex_lock(&working[0]);
    pthread_mutex_lock(&working[1]);
}

void job_release(void)
{
    pthread_mutex_unlock(&working[1]);
    pthread_mutex_unlock(&working[0]);
}

enum err job_run_due(struct db *db, struct arena *)
{
    enum { STEPS_MAX = 100'000 };
    TRY(job_ready(db));
    for (int i = 0; i < STEPS_MAX; i++) {
        bool did = false, polled = false;
        TRY(step(db, &did));
        if (!did)
            TRY(job_step_pollers(db, &polled));
        if (!did && !polled)
            return OK;
    }
    return fault("job: what is due never ends");
}
