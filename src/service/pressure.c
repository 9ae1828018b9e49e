/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pressure: see pressure.h. A score halves every ten minutes, and stops at four times what makes
 * 100: however much an attacker did, his neighbours are free half an hour after he stops. Scores
 * stand in a set-associative table of fixed size; the lowest of a set makes room, so a stranger who
 * comes from very many networks cannot wash away what stands against a busy one, and has a score in
 * a wider range.
 */
#include "service/pressure.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"
#include "service/misbehaviour.h"
#include "service/setting.h"

#include <pthread.h>
#include <string.h>

#define HALF_LIFE (10 * MINUTE)

/* A score counts thousandths, so that a single failure still fades smoothly. */
enum { SETS = 1024, WAYS = 8, UNIT = 1000, FULL_MAX = 4, EVERYBODY_CEILING = 60 };

/* The ranges of an address, and how many failures make a pressure of 100 there. The wider a range,
   the more honest people live in it; and a handful of them who mistype must not be taken for an
   attack. */
static const struct tier {
    int v4_bits, v6_bits; /* 0: this family has no such range */
    int full;
} tiers[] = {
    { 24, 64, 100 },
    { 0, 56, 250 },
    { 16, 48, 1000 },
};

enum { EVERYBODY_FULL = 10'000 };

struct score {
    uint64_t key;
    int64_t at; /* when it was last brought up to date; 0: free */
    int64_t value;
};

static struct score table[SETS][WAYS]; /* 192 KiB, touched as needed */
static struct score everybody;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* What is left of a score: halved for each half-life, in between along a straight line. A clock
   that was set back takes nothing off. */
static int64_t faded(const struct score *s, int64_t now)
{
    int64_t age = now - s->at;
    if (age <= 0)
        return s->value;
    if (age / HALF_LIFE >= 32)
        return 0;
    int64_t value = s->value >> (age / HALF_LIFE);
    return value - value / 2 * (age % HALF_LIFE) / HALF_LIFE;
}

static uint64_t key_of(struct ip client, size_t t)
{
    struct ip network = ip_network(client, tiers[t].v4_bits, tiers[t].v6_bits);
    uint8_t bytes[sizeof network.bytes + 1];
    memcpy(bytes, network.bytes, sizeof network.bytes);
    bytes[sizeof network.bytes] = (uint8_t)t;
    return hash_keyed(MEM(bytes, sizeof bytes));
}

static bool has_tier(struct ip client, size_t t)
{
    return !ip_is_v4(client) || tiers[t].v4_bits;
}

static struct score *find(uint64_t key)
{
    struct score *set = table[key % SETS];
    for (int i = 0; i < WAYS; i++)
        if (set[i].at && set[i].key == key)
            return &set[i];
    return NULL;
}

/* The key's score, or the lowest of its set made ready for it. */
static struct score *place(uint64_t key, int64_t now)
{
    struct score *set = table[key % SETS], *s = find(key);
    if (s)
        return s;
    s = &set[0];
    for (int i = 1; i < WAYS; i++)
        if (faded(&set[i], now) < faded(s, now))
            s = &set[i];
    *s = (struct score){ .key = key, .at = now };
    return s;
}

static void add(struct score *s, int64_t now, int weight, int full)
{
    int64_t value = faded(s, now) + (int64_t)weight * UNIT, most = (int64_t)full * FULL_MAX * UNIT;
    s->value = value < most ? value : most;
    s->at = now;
}

/* False: as much as one range can say was said before. */
static bool add_range(struct ip client, size_t t, int64_t now, int weight)
{
    struct score *s = place(key_of(client, t), now);
    bool was_full = faded(s, now) >= (int64_t)tiers[t].full * UNIT;
    add(s, now, weight, tiers[t].full);
    return !was_full;
}

/* A range that is full already says nothing more about those around it: or one address that repeats
   what costs nothing would have its whole neighbourhood, or everybody, asked for captchas. */
void pressure_note(struct ip client, int weight)
{
    int64_t now = clock_now();
    bool goes_on = true;
    pthread_mutex_lock(&lock);
    for (size_t t = 0; t < COUNT(tiers) && goes_on; t++)
        goes_on = !has_tier(client, t) || add_range(client, t, now, weight);
    if (goes_on)
        add(&everybody, now, weight, EVERYBODY_FULL);
    pthread_mutex_unlock(&lock);
    misbehaviour_note(client, weight);
}

static int percent(const struct score *s, int64_t now, int full, int ceiling)
{
    int64_t n = faded(s, now) * 100 / ((int64_t)full * UNIT);
    return n < ceiling ? (int)n : ceiling;
}

int pressure_of(struct ip client)
{
    if (text_equal(setting_text(SETTING_RATE_LIMITS), "off"))
        return 0;
    int64_t now = clock_now();
    pthread_mutex_lock(&lock);
    int worst = percent(&everybody, now, EVERYBODY_FULL, EVERYBODY_CEILING);
    for (size_t t = 0; t < COUNT(tiers); t++) {
        const struct score *s = has_tier(client, t) ? find(key_of(client, t)) : NULL;
        int here = s ? percent(s, now, tiers[t].full, 100) : 0;
        if (here > worst)
            worst = here;
    }
    pthread_mutex_unlock(&lock);
    return worst;
}

void pressure_reset(void)
{
    pthread_mutex_lock(&lock);
    memset(table, 0, sizeof table);
    everybody = (struct score){ 0 };
    pthread_mutex_unlock(&lock);
    misbehaviour_reset();
}
