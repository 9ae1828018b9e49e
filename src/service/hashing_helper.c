/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers: see hashing_helper.h. Lowering one's own class is allowed to every process and cannot be
 * taken back, hence a thread of its own: the one it works for goes on to the store, and must not
 * give way there while others wait for its locks.
 */
#include "service/hashing_helper.h"

#include "base/clock.h"
#include "base/thread.h"

#include <errno.h>
#include <sched.h>
#include <time.h>

/* Looked at so often; taken over when it had less than a quarter of the time. */
static const int64_t LOOK_NS = 100'000'000;

/* The class alone is not enough: a scheduler that shares fairly lets even this thread run to the
 * next tick, milliseconds, while somebody it thinks served waits. So it offers its place often. */
static bool give_way(void *arg)
{
    struct hashing_helper *h = arg;
    (void)sched_yield();
    return !h->stop;
}

static void *help(void *arg)
{
    struct hashing_helper *h = arg;
    (void)sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){ 0 });
    pthread_mutex_lock(&h->lock);
    while (!h->is_closing) {
        if (!h->work) {
            pthread_cond_wait(&h->asked, &h->lock);
            continue;
        }
        pthread_mutex_unlock(&h->lock);
        bool is_finished = argon2_fill(h->work, give_way, h);
        pthread_mutex_lock(&h->lock);
        h->is_finished = is_finished;
        h->work = NULL;
        pthread_cond_signal(&h->answered);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

static int64_t processor_ns(pthread_t thread)
{
    clockid_t clock;
    struct timespec used = { 0, 0 };
    if (pthread_getcpuclockid(thread, &clock) == 0)
        (void)clock_gettime(clock, &used);
    return (int64_t)used.tv_sec * 1'000'000'000 + used.tv_nsec;
}

/* Lock held. Waits for the answer, and asks the helper to stop once it starves. */
static void wait_for_answer(struct hashing_helper *h)
{
    int64_t started_ns = clock_monotonic_ns(), used_ns = processor_ns(h->thread);
    for (int64_t look_ns = started_ns + LOOK_NS; h->work; look_ns += LOOK_NS) {
        const struct timespec until = { look_ns / 1'000'000'000, look_ns % 1'000'000'000 };
        while (h->work && pthread_cond_timedwait(&h->answered, &h->lock, &until) != ETIMEDOUT)
            continue;
        if ((processor_ns(h->thread) - used_ns) * 4 < look_ns - started_ns)
            h->stop = true;
    }
}

static void fill(struct argon2_work *work, void *arg)
{
    struct hashing_helper *h = arg;
    pthread_mutex_lock(&h->lock);
    h->stop = false;
    h->work = work;
    pthread_cond_signal(&h->asked);
    wait_for_answer(h);
    bool is_finished = h->is_finished;
    pthread_mutex_unlock(&h->lock);
    if (!is_finished)
        (void)argon2_fill(work, NULL, NULL);
}

static void make_locks(struct hashing_helper *h)
{
    pthread_condattr_t monotonic;
    pthread_mutex_init(&h->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&h->asked, &monotonic);
    pthread_cond_init(&h->answered, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

void hashing_helper_start(struct hashing_helper *h, struct argon2_memory *memory)
{
    if (h->is_running)
        return;
    make_locks(h);
    h->is_closing = false;
    h->is_running = thread_start(&h->thread, "hash-helper", help, h) == OK;
    if (!h->is_running)
        return;
    memory->fill = fill;
    memory->arg = h;
}

void hashing_helper_end(struct hashing_helper *h, struct argon2_memory *memory)
{
    if (!h->is_running)
        return;
    memory->fill = NULL;
    memory->arg = NULL;
    pthread_mutex_lock(&h->lock);
    h->is_closing = true;
    pthread_cond_signal(&h->asked);
    pthread_mutex_unlock(&h->lock);
    pthread_join(h->thread, NULL);
    pthread_cond_destroy(&h->asked);
    pthread_cond_destroy(&h->answered);
    pthread_mutex_destroy(&h->lock);
    h->is_running = false;
}
