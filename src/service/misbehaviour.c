/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who goes on misbehaving: see misbehaviour.h. A score drains evenly, its whole line in an hour.
 * Few ranges cross it, so the table is small; the lowest score of a set makes room.
 */
#include "service/misbehaviour.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"
#include "service/setting.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { SETS = 256, WAYS = 8 };

/* How much is too much. Around one range live many people, so it takes more. */
static const struct tier {
    int v4_bits, v6_bits;
    int64_t line;
} tiers[] = {
    { 32, 64, 300 },
    { 24, 48, 2000 },
};

struct score {
    struct ip_range range;
    const struct tier *tier; /* NULL: free */
    int64_t at;              /* when it was last brought up to date */
    int64_t left;            /* the time it takes to drain: the line is a whole HOUR */
};

static struct score table[SETS][WAYS]; /* 96 KiB, touched as needed */
static atomic_int over;                /* how many may have crossed their line */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* A clock that was set back drains nothing. */
static int64_t drained(const struct score *s, int64_t now)
{
    int64_t age = now > s->at ? now - s->at : 0;
    return s->left > age ? s->left - age : 0;
}

static struct ip_range range_of(struct ip client, const struct tier *t)
{
    int bits = ip_is_v4(client) ? 96 + t->v4_bits : t->v6_bits;
    return (struct ip_range){ ip_network(client, t->v4_bits, t->v6_bits), bits };
}

static bool is_range(const struct score *s, const struct ip_range *range)
{
    return s->tier && s->range.bits == range->bits && ip_equal(s->range.ip, range->ip);
}

/* The range's score, or the lowest of its set made ready for it. */
static struct score *place(const struct ip_range *range, const struct tier *t, int64_t now)
{
    uint64_t hash =
        hash_keyed(MEM(range->ip.bytes, sizeof range->ip.bytes)) + (uint64_t)range->bits;
    struct score *set = table[hash % SETS], *lowest = &set[0];
    for (int i = 0; i < WAYS; i++) {
        if (is_range(&set[i], range))
            return &set[i];
        if (drained(&set[i], now) < drained(lowest, now))
            lowest = &set[i];
    }
    *lowest = (struct score){ .range = *range, .tier = t, .at = now };
    return lowest;
}

/* False: it had crossed its line before. */
static bool add(struct ip client, const struct tier *t, int weight, int64_t now)
{
    struct ip_range range = range_of(client, t);
    struct score *s = place(&range, t, now);
    int64_t left = drained(s, now) + weight * HOUR / t->line;
    bool was_over = s->left >= HOUR;
    s->left = left < 2 * HOUR ? left : 2 * HOUR;
    s->at = now;
    if (!was_over && left >= HOUR)
        atomic_fetch_add(&over, 1);
    return !was_over;
}

void misbehaviour_note(struct ip client, int weight)
{
    int64_t now = clock_now();
    if (!setting_flag(SETTING_AUTOMATIC_BLOCKS) ||
        text_equal(setting_text(SETTING_RATE_LIMITS), "off"))
        return;
    pthread_mutex_lock(&lock);
    for (size_t t = 0; t < COUNT(tiers) && add(client, &tiers[t], weight, now); t++)
        continue; /* whoever is over the line brings no neighbours over theirs */
    pthread_mutex_unlock(&lock);
}

size_t misbehaviour_take(struct ip_range *ret, size_t max)
{
    size_t count = 0;
    if (!atomic_exchange(&over, 0))
        return 0;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < (size_t)SETS * WAYS && count < max; i++) {
        struct score *s = &table[i / WAYS][i % WAYS];
        if (!s->tier || s->left < HOUR)
            continue;
        ret[count++] = s->range;
        *s = (struct score){ 0 };
    }
    if (count == max)
        atomic_store(&over, 1); /* perhaps more */
    pthread_mutex_unlock(&lock);
    return count;
}

void misbehaviour_reset(void)
{
    pthread_mutex_lock(&lock);
    memset(table, 0, sizeof table);
    atomic_store(&over, 0);
    pthread_mutex_unlock(&lock);
}
