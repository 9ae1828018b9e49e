/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded pool of connections, opened as they are needed. The one given back last is taken first:
 * its caches are warm, and the others stay unopened or idle. Who waits too long is told so instead
 * of piling up.
 */
#pragma once

#include "base/err.h"

#include <pthread.h>
#include <time.h>

enum { POOL_MAX = 64 };

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t free;
    void *idle[POOL_MAX];
    int idle_count, out_count, max;
};

void pool_init(struct pool *pool, int max);
void pool_done(struct pool *pool); /* nothing may be out; idle ones are the caller's to close */

/*
 * Takes an idle connection into *ret; or gives NULL and the right to open one, which ends with
 * pool_put or pool_drop like a connection. E_BUSY when none became free within seconds.
 */
enum err pool_take(struct pool *pool, int seconds, void **ret);

/* Gives a connection back; gives up the place of one that is closed or never opened. */
void pool_put(struct pool *pool, void *connection);
void pool_drop(struct pool *pool);

/* Takes out an idle connection to be closed, NULL when there is none. */
void *pool_drain(struct pool *pool);

/* A condition that counts on the monotonic clock, and the time some nanoseconds from now on it. */
void cond_init_monotonic(pthread_cond_t *cond);
struct timespec deadline_in(long long ns);
