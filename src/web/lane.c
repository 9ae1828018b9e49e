/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lane: see lane.h. The queue is a ring; a thread that finds nothing waits, and after half a
 * minute of quiet gives back what it holds.
 *
 * In a storm nothing is done in vain: who would wait past the deadline hears so at once instead of
 * at the end of it, and what waited for somebody who has hung up is not done at all.
 */
#include "web/lane.h"

#include "base/clock.h"
#include "base/thread.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

static const int64_t REST_AFTER_NS = 30'000'000'000;

/* Whoever hung up sooner than this may only have said all he had to say (RFC 9293 3.6). */
enum { PATIENCE_MS = 100, TAKEN_LATELY = 8 };

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
    int64_t item_ns; /* what an item took lately, on average */
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

static bool is_in_vain(const struct lane *lane, const struct waiting *next)
{
    int64_t waited_ms = (clock_monotonic_ns() - next->since_ns) / 1'000'000;
    if (lane->options.wait && waited_ms > lane->options.wait)
        return true;
    return lane->options.is_left && waited_ms >= PATIENCE_MS && lane->options.is_left(next->item);
}

/* Gives how long it took, 0 when it was not really done. */
static int64_t run(const struct lane *lane, const struct waiting *next)
{
    bool is_late = is_in_vain(lane, next);
    int64_t begun_ns = clock_monotonic_ns();
    lane->options.run(next->item, is_late);
    return is_late ? 0 : clock_monotonic_ns() - begun_ns;
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
        int64_t ns = run(lane, &next);
        pthread_mutex_lock(&lane->lock);
        if (ns)
            lane->item_ns += lane->item_ns ? (ns - lane->item_ns) / TAKEN_LATELY : ns;
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

/* Lock held. By what items took lately, another one would not be taken in time. */
static bool would_be_late(const struct lane *lane)
{
    return lane->options.wait &&
           lane->item_ns / lane->started * lane->count / 1'000'000 > lane->options.wait;
}

enum err lane_add(struct lane *lane, void *item)
{
    pthread_mutex_lock(&lane->lock);
    bool is_full = lane->count == lane->options.queue || lane->is_closing || would_be_late(lane);
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
