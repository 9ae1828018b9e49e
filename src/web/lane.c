/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lane: see lane.h. The queue is a ring; a thread that finds nothing waits, and after half a
 * minute of quiet gives back what it holds.
 */
#include "web/lane.h"

#include "base/clock.h"
#include "base/thread.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

static const int64_t REST_AFTER_NS = 30'000'000'000;

struct waiting {
    void *item;
    int64_t since_ns;
};

struct lane {
    struct lane_options options;
    pthread_mutex_t lock;
    pthread_cond_t ready;
    struct waiting *ring;
    int first, count;
    bool is_closing;
    pthread_t *threads;
    int started;
};

/* Waits for an item; false when the lane closes and nothing is left. Called with the lock held. */
static bool wait_for_item(struct lane *lane)
{
    bool has_rested = lane->options.rest == NULL;
    while (!lane->count && !lane->is_closing) {
        if (has_rested) {
            pthread_cond_wait(&lane->ready, &lane->lock);
            continue;
        }
        int64_t until_ns = clock_monotonic_ns() + REST_AFTER_NS;
        struct timespec until = { until_ns / 1'000'000'000, until_ns % 1'000'000'000 };
        if (pthread_cond_timedwait(&lane->ready, &lane->lock, &until) != ETIMEDOUT)
            continue;
        pthread_mutex_unlock(&lane->lock);
        lane->options.rest();
        has_rested = true;
        pthread_mutex_lock(&lane->lock);
    }
    return lane->count > 0;
}

static void *work(void *arg)
{
    struct lane *lane = arg;
    if (lane->options.begin)
        lane->options.begin();
    pthread_mutex_lock(&lane->lock);
    while (wait_for_item(lane)) {
        struct waiting next = lane->ring[lane->first];
        lane->first = (lane->first + 1) % lane->options.queue;
        lane->count--;
        pthread_mutex_unlock(&lane->lock);
        int64_t waited_ms = (clock_monotonic_ns() - next.since_ns) / 1'000'000;
        lane->options.run(next.item, lane->options.wait && waited_ms > lane->options.wait);
        pthread_mutex_lock(&lane->lock);
    }
    pthread_mutex_unlock(&lane->lock);
    return NULL;
}

enum err lane_open(struct lane **ret, const struct lane_options *options)
{
    struct lane *lane = calloc(1, sizeof *lane);
    pthread_condattr_t monotonic;
    if (!lane)
        abort();
    lane->options = *options;
    lane->ring = calloc((size_t)options->queue, sizeof *lane->ring);
    lane->threads = calloc((size_t)options->threads, sizeof *lane->threads);
    if (!lane->ring || !lane->threads)
        abort();
    pthread_mutex_init(&lane->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&lane->ready, &monotonic);
    pthread_condattr_destroy(&monotonic);
    for (; lane->started < options->threads; lane->started++) {
        enum err e = thread_start(&lane->threads[lane->started], options->name, work, lane);
        if (e) {
            lane_close(lane);
            return e;
        }
    }
    *ret = lane;
    return OK;
}

enum err lane_add(struct lane *lane, void *item)
{
    pthread_mutex_lock(&lane->lock);
    bool is_full = lane->count == lane->options.queue || lane->is_closing;
    if (!is_full) {
        int at = (lane->first + lane->count++) % lane->options.queue;
        lane->ring[at] = (struct waiting){ item, clock_monotonic_ns() };
        pthread_cond_signal(&lane->ready);
    }
    pthread_mutex_unlock(&lane->lock);
    return is_full ? E_BUSY : OK;
}

int lane_depth(struct lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    int depth = lane->count;
    pthread_mutex_unlock(&lane->lock);
    return depth;
}

void lane_close(struct lane *lane)
{
    if (!lane)
        return;
    pthread_mutex_lock(&lane->lock);
    lane->is_closing = true;
    pthread_cond_broadcast(&lane->ready);
    pthread_mutex_unlock(&lane->lock);
    for (int i = 0; i < lane->started; i++)
        pthread_join(lane->threads[i], NULL);
    pthread_cond_destroy(&lane->ready);
    pthread_mutex_destroy(&lane->lock);
    free(lane->ring);
    free(lane->threads);
    free(lane);
}
