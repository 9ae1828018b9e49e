/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool of connections: see pool.h.
 */
#include "db/pool.h"

#include "base/clock.h"

#include <assert.h>
#include <stdint.h>
#include <time.h>

void cond_init_monotonic(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

struct timespec deadline_in(long long ns)
{
    int64_t at = clock_monotonic_ns() + ns;
    return (struct timespec){ .tv_sec = at / 1'000'000'000, .tv_nsec = at % 1'000'000'000 };
}

void pool_init(struct pool *pool, int max)
{
    assert(max > 0 && max <= POOL_MAX);
    *pool = (struct pool){ .max = max };
    pthread_mutex_init(&pool->lock, NULL);
    cond_init_monotonic(&pool->free);
}

void pool_done(struct pool *pool)
{
    assert(pool->out_count == 0);
    pthread_cond_destroy(&pool->free);
    pthread_mutex_destroy(&pool->lock);
}

enum err pool_take(struct pool *pool, int seconds, void **ret)
{
    struct timespec deadline = { 0 };
    pthread_mutex_lock(&pool->lock);
    while (pool->out_count == pool->max) {
        if (deadline.tv_sec == 0)
            deadline = deadline_in(seconds * 1'000'000'000LL);
        if (pthread_cond_timedwait(&pool->free, &pool->lock, &deadline) != 0 &&
            pool->out_count == pool->max) {
            pthread_mutex_unlock(&pool->lock);
            return E_BUSY;
        }
    }
    pool->out_count++;
    *ret = pool->idle_count ? pool->idle[--pool->idle_count] : NULL;
    pthread_mutex_unlock(&pool->lock);
    return OK;
}

void pool_put(struct pool *pool, void *connection)
{
    pthread_mutex_lock(&pool->lock);
    pool->idle[pool->idle_count++] = connection;
    pool->out_count--;
    pthread_cond_signal(&pool->free);
    pthread_mutex_unlock(&pool->lock);
}

void pool_drop(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->out_count--;
    pthread_cond_signal(&pool->free);
    pthread_mutex_unlock(&pool->lock);
}

void *pool_drain(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    void *connection = pool->idle_count ? pool->idle[--pool->idle_count] : NULL;
    pthread_mutex_unlock(&pool->lock);
    return connection;
}
