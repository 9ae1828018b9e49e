/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits in memory: see limit.h. The table is set-associative: a key may stand in any of the eight
 * places of its set, and each set has a lock of its own stripe.
 */
#include "service/limit.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"
#include "service/setting.h"

#include <pthread.h>
#include <string.h>

enum { SETS = 8192, WAYS = 8, STRIPES = 64 };

struct counter {
    uint64_t key;
    int64_t ends_at; /* 0: free */
    int64_t used;
};

static struct counter table[SETS][WAYS]; /* 1.5 MiB, touched as needed */
static pthread_mutex_t stripes[STRIPES] = { [0 ... STRIPES - 1] = PTHREAD_MUTEX_INITIALIZER };

static uint64_t key_of(const char *rule, struct mem key)
{
    char bytes[512];
    size_t n = strlen(rule);
    if (n > 200)
        n = 200;
    memcpy(bytes, rule, n);
    bytes[n++] = 0;
    size_t take = key.n < sizeof bytes - n ? key.n : sizeof bytes - n;
    memcpy(bytes + n, key.p, take);
    return hash_keyed(MEM(bytes, n + take));
}

/* A window cannot end later than a whole span from now, unless the clock was set back. */
static bool is_running(const struct counter *c, uint64_t key, int64_t now, int64_t span)
{
    return c->key == key && c->ends_at > now && c->ends_at <= now + span;
}

/* The key's counter; or a free or ended place, or the one that ends soonest, made ready for it. */
static struct counter *place(struct counter *set, uint64_t key, int64_t now, int64_t span)
{
    struct counter *best = &set[0];
    for (int i = 0; i < WAYS; i++) {
        if (set[i].key == key && set[i].ends_at) {
            best = &set[i];
            break;
        }
        if (set[i].ends_at < best->ends_at)
            best = &set[i];
    }
    if (!is_running(best, key, now, span))
        *best = (struct counter){ .key = key, .ends_at = now + span };
    return best;
}

struct limit_state limit_take(const char *rule, struct mem key, int64_t count, int64_t span)
{
    if (text_equal(setting_text(SETTING_RATE_LIMITS), "off"))
        return (struct limit_state){ .is_allowed = true, .limit = count, .remaining = count };

    uint64_t hash = key_of(rule, key);
    int64_t now = clock_now();
    pthread_mutex_t *lock = &stripes[hash % STRIPES];
    pthread_mutex_lock(lock);
    struct counter *c = place(table[hash % SETS], hash, now, span);
    bool is_allowed = c->used < count;
    c->used += is_allowed;
    struct limit_state state = { is_allowed, count, count - c->used, c->ends_at - now };
    pthread_mutex_unlock(lock);
    return state;
}

void limit_give_back(const char *rule, struct mem key)
{
    uint64_t hash = key_of(rule, key);
    struct counter *set = table[hash % SETS];
    pthread_mutex_lock(&stripes[hash % STRIPES]);
    for (int i = 0; i < WAYS; i++)
        if (set[i].key == hash && set[i].used > 0)
            set[i].used--;
    pthread_mutex_unlock(&stripes[hash % STRIPES]);
}

void limit_reset(void)
{
    for (int i = 0; i < STRIPES; i++)
        pthread_mutex_lock(&stripes[i]);
    memset(table, 0, sizeof table);
    for (int i = 0; i < STRIPES; i++)
        pthread_mutex_unlock(&stripes[i]);
}
