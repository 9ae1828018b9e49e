/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tallies in memory: see memory.h. The table is set-associative: a key may stand in any of the
 * eight places of its set, and each set has a lock of its own stripe.
 */
#include "kv/memory.h"

#include "base/clock.h"

#include <pthread.h>
#include <string.h>

enum { SETS = 8192, WAYS = 8, STRIPES = 64 };

struct place {
    uint64_t key;
    int64_t ends_at; /* 0: free */
    uint32_t used, limit;
};

static struct place table[SETS][WAYS]; /* 1.5 MiB, touched as needed */
static pthread_mutex_t stripes[STRIPES] = { [0 ... STRIPES - 1] = PTHREAD_MUTEX_INITIALIZER };

static pthread_mutex_t *lock_of(uint64_t key)
{
    return &stripes[key % STRIPES];
}

/* A window cannot end later than a whole span from now, unless the clock was set back. */
static bool is_running(const struct place *p, const struct tally *t, int64_t now)
{
    return p->key == t->key && p->ends_at > now && p->ends_at <= now + t->span;
}

/* What is lost least when a place is given to somebody else: an ended one, then one that is further
   below its limit, then one that ends sooner. */
static bool is_worth_less(const struct place *a, const struct place *b, int64_t now)
{
    if ((a->ends_at <= now) != (b->ends_at <= now))
        return a->ends_at <= now;
    uint64_t left = (uint64_t)a->used * b->limit, right = (uint64_t)b->used * a->limit;
    return left != right ? left < right : a->ends_at < b->ends_at;
}

static struct place *find(uint64_t key)
{
    struct place *set = table[key % SETS];
    for (int i = 0; i < WAYS; i++)
        if (set[i].key == key && set[i].ends_at)
            return &set[i];
    return NULL;
}

/* The tally's place, or the one worth least, made ready for it. */
static struct place *settle(const struct tally *t, int64_t now)
{
    struct place *best = find(t->key), *set = table[t->key % SETS];
    if (!best) {
        best = &set[0];
        for (int i = 1; i < WAYS; i++)
            if (is_worth_less(&set[i], best, now))
                best = &set[i];
    }
    if (!is_running(best, t, now))
        *best = (struct place){ .key = t->key, .ends_at = now + t->span };
    best->limit = (uint32_t)t->limit;
    return best;
}

/* Counts one more unless the limit is reached; false then. */
static bool take(struct tally *t, int64_t now)
{
    pthread_mutex_lock(lock_of(t->key));
    struct place *p = settle(t, now);
    bool is_allowed = p->used < t->limit;
    p->used += is_allowed;
    t->used = p->used;
    t->resets_in = p->ends_at - now;
    pthread_mutex_unlock(lock_of(t->key));
    return is_allowed;
}

/* Whether it would refuse; counts nothing. */
static bool is_full(struct tally *t, int64_t now)
{
    pthread_mutex_lock(lock_of(t->key));
    const struct place *p = find(t->key);
    bool runs = p && is_running(p, t, now);
    t->used = runs ? p->used : 0;
    t->resets_in = runs ? p->ends_at - now : t->span;
    pthread_mutex_unlock(lock_of(t->key));
    return t->used >= t->limit;
}

/* Once one has refused, the others are only asked whether they refuse for longer: who may not come
   in makes no new places. */
size_t memory_take(struct tally *tallies, size_t n)
{
    size_t taken = 0;
    int64_t now = clock_now();
    while (taken < n && take(&tallies[taken], now))
        taken++;
    size_t refused = taken;
    for (size_t i = taken + 1; i < n; i++)
        if (is_full(&tallies[i], now) && tallies[i].resets_in > tallies[refused].resets_in)
            refused = i;
    for (size_t i = 0; refused < n && i < taken; i++)
        memory_give_back(&tallies[i]);
    return refused;
}

void memory_give_back(const struct tally *t)
{
    pthread_mutex_lock(lock_of(t->key));
    struct place *p = find(t->key);
    if (p && p->used > 0)
        p->used--;
    pthread_mutex_unlock(lock_of(t->key));
}

void memory_learn(const struct tally *t)
{
    int64_t now = clock_now();
    int64_t used = t->used < t->limit ? t->used : t->limit;
    pthread_mutex_lock(lock_of(t->key));
    struct place *p = settle(t, now);
    if (p->used < used)
        p->used = (uint32_t)used;
    if (t->resets_in > 0 && t->resets_in <= t->span)
        p->ends_at = now + t->resets_in;
    pthread_mutex_unlock(lock_of(t->key));
}

void memory_reset(void)
{
    for (int i = 0; i < STRIPES; i++)
        pthread_mutex_lock(&stripes[i]);
    memset(table, 0, sizeof table);
    for (int i = 0; i < STRIPES; i++)
        pthread_mutex_unlock(&stripes[i]);
}
