/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to Redis, and whether it is there: see redis.h. A request takes an idle connection or
 * makes one; the first that fails declares Redis lost, and only the thread in the background asks
 * again, at growing intervals. It alone looks up the name: the address it found is what requests
 * connect to, so that a slow resolver stalls none of them.
 */
#include "kv/redis_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum {
    IDLE_MAX = 16,
    CONNECT_MS = 100,
    PROBE_CONNECT_MS = 1000,
    WAIT_FIRST_MS = 100,
    WAIT_MAX_MS = 5000,
    STEADY_MS = 10'000, /* up for so long, and the next loss is a new one */
    JOIN_MS = 2000
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static struct {
    struct redis_url url;
    char address[REDIS_ADDRESS];
    struct redis_link *idle[IDLE_MAX];
    int idle_count;
    uint64_t
        life; /* how often it came up: what broke in an earlier life says nothing of this one */
    int64_t losses;
    bool is_set;
    uintptr_t era;  /* of opening and closing: a thread of an earlier one leaves when it notices */
    uintptr_t left; /* the last era whose thread has nothing more to do but end */
    pthread_t thread;
} pool = { .era = 1 };
static _Atomic bool is_up;

bool redis_is_up(void)
{
    return atomic_load_explicit(&is_up, memory_order_relaxed);
}

/* --- coming and going; the lock is held --- */

static void close_idle(void)
{
    while (pool.idle_count)
        redis_disconnect(pool.idle[--pool.idle_count]);
}

static void come_up(struct redis_link *link)
{
    redis_address(link, pool.address);
    pool.idle[pool.idle_count++] = link;
    pool.life++;
    atomic_store(&is_up, true);
    LOG(LOG_INFO, "redis.connected", LOG_TEXT("host", pool.url.host));
}

static void lose(uint64_t life, const char *why)
{
    pthread_mutex_lock(&lock);
    if (redis_is_up() && life == pool.life) {
        atomic_store(&is_up, false);
        pool.losses++;
        close_idle();
        LOG(LOG_WARN, "redis.lost", LOG_TEXT("host", pool.url.host), LOG_TEXT("why", why),
            LOG_TEXT("then", "this node counts limits alone"));
        pthread_cond_signal(&changed);
    }
    pthread_mutex_unlock(&lock);
}

/* --- requests --- */

static struct redis_link *borrow(uint64_t *ret_life, char why[REDIS_WHY])
{
    char address[REDIS_ADDRESS];
    struct redis_link *link = NULL;
    pthread_mutex_lock(&lock);
    *ret_life = pool.life;
    memcpy(address, pool.address, sizeof address);
    if (pool.idle_count)
        link = pool.idle[--pool.idle_count];
    pthread_mutex_unlock(&lock);
    return link ? link : redis_connect(&pool.url, address, CONNECT_MS, why);
}

static void bring_back(struct redis_link *link, uint64_t life)
{
    pthread_mutex_lock(&lock);
    bool is_kept = redis_is_up() && life == pool.life && pool.idle_count < IDLE_MAX;
    if (is_kept)
        pool.idle[pool.idle_count++] = link;
    pthread_mutex_unlock(&lock);
    if (!is_kept)
        redis_disconnect(link);
}

static enum err count(struct tally *tallies, size_t n, enum redis_move move)
{
    char why[REDIS_WHY] = "";
    uint64_t life = 0;
    if (!n)
        return OK;
    if (!redis_is_up())
        return E_BUSY;
    struct redis_link *link = borrow(&life, why);
    if (link && redis_count(link, tallies, n, move, why)) {
        bring_back(link, life);
        return OK;
    }
    redis_disconnect(link);
    lose(life, why);
    return E_BUSY;
}

enum err redis_take(struct tally *tallies, size_t n)
{
    return count(tallies, n, REDIS_TAKE);
}

enum err redis_give_back(const struct tally *tallies, size_t n)
{
    struct tally copy[TALLIES_MAX];
    if (n > TALLIES_MAX)
        return E_BUSY;
    memcpy(copy, tallies, n * sizeof *copy);
    return count(copy, n, REDIS_GIVE_BACK);
}

/* --- the thread in the background --- */

/* Connects and counts, as a request does: who may not write, or is still loading, is not there. */
static struct redis_link *probe(char why[REDIS_WHY])
{
    struct tally t = { .key = 0, .limit = 1, .span = SECOND };
    struct redis_link *link = redis_connect(&pool.url, pool.url.host, PROBE_CONNECT_MS, why);
    if (!link || redis_count(link, &t, 1, REDIS_TAKE, why))
        return link;
    redis_disconnect(link);
    return NULL;
}

static struct timespec after(int64_t ms)
{
    int64_t ns = clock_monotonic_ns() + ms * 1'000'000;
    return (struct timespec){ ns / 1'000'000'000, ns % 1'000'000'000 };
}

/* Waits with the lock held, until something changes or the time is over; false when it is. */
static bool wait_for_change(const struct timespec *until)
{
    return pthread_cond_timedwait(&changed, &lock, until) != ETIMEDOUT;
}

/* One try; the lock is held, but not while it lasts. */
static bool try_once(uintptr_t era, bool is_news)
{
    char why[REDIS_WHY] = "";
    pthread_mutex_unlock(&lock);
    struct redis_link *link = probe(why);
    pthread_mutex_lock(&lock);
    if (link && pool.era != era)
        redis_disconnect(link);
    else if (link)
        come_up(link);
    else if (is_news && pool.era == era)
        LOG(LOG_WARN, "redis.away", LOG_TEXT("host", pool.url.host), LOG_TEXT("why", why),
            LOG_TEXT("then", "this node counts limits alone until it is there"));
    return link != NULL;
}

/* Each pause is twice as long as the one before. */
static void pause_longer(int64_t *ms)
{
    struct timespec until = after(*ms);
    wait_for_change(&until);
    *ms = *ms * 2 < WAIT_MAX_MS ? *ms * 2 : WAIT_MAX_MS;
}

/* A Redis that comes and goes is asked less and less often too. */
static void *tend(void *arg)
{
    int64_t wait_ms = WAIT_FIRST_MS, up_ns = 0;
    uintptr_t era = (uintptr_t)arg;
    bool is_news = true;
    pthread_mutex_lock(&lock);
    while (pool.era == era) {
        if (!redis_is_up()) {
            if (try_once(era, is_news))
                up_ns = clock_monotonic_ns();
            else if (pool.era == era)
                pause_longer(&wait_ms);
            is_news = false;
            continue;
        }
        pthread_cond_wait(&changed, &lock);
        if (clock_monotonic_ns() - up_ns > STEADY_MS * INT64_C(1'000'000))
            wait_ms = WAIT_FIRST_MS;
        else if (!redis_is_up())
            pause_longer(&wait_ms);
    }
    pool.left = pool.left > era ? pool.left : era;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* --- start and end --- */

enum err redis_open(const char *url)
{
    pthread_condattr_t monotonic;
    const char *why = redis_url_parse(url, &pool.url);
    if (why)
        return fault("REDIS_URL %s", why);
    TRY(redis_load());
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pool.losses = 0;
    TRY(thread_start(&pool.thread, "redis", tend, (void *)pool.era));
    pool.is_set = true;
    return OK;
}

/* A resolver that hangs must not keep the house from closing. The lock is held. */
static bool has_left(uintptr_t era)
{
    struct timespec until = after(JOIN_MS);
    while (pool.left < era)
        if (!wait_for_change(&until))
            break;
    return pool.left >= era;
}

void redis_close(void)
{
    if (!pool.is_set)
        return;
    pthread_mutex_lock(&lock);
    uintptr_t era = pool.era++;
    pthread_cond_broadcast(&changed);
    bool ends_now = has_left(era);
    atomic_store(&is_up, false);
    close_idle();
    mem_wipe(&pool.url.password, sizeof pool.url.password);
    pool.is_set = false;
    pthread_mutex_unlock(&lock);
    if (ends_now)
        pthread_join(pool.thread, NULL);
    else
        pthread_detach(pool.thread);
}

struct redis_figures redis_figures(void)
{
    pthread_mutex_lock(&lock);
    struct redis_figures f = { pool.is_set, redis_is_up(), pool.losses };
    pthread_mutex_unlock(&lock);
    return f;
}
