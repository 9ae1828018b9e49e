/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: see limit.h. A tally's key is a SipHash under a key derived from the sealing keys: nobody
 * who does not have them can aim at somebody else's tally, or tell an address from what Redis
 * holds.
 */
#include "service/limit.h"

#include "base/hash.h"
#include "base/text.h"
#include "kv/memory.h"
#include "kv/redis.h"
#include "service/keyring.h"
#include "service/metric.h"
#include "service/setting.h"

#include <string.h>

static uint8_t hash_key[16];

enum err limit_open(void)
{
    uint8_t derived[32];
    TRY(keyring_derive(NULL, "limits", derived));
    memcpy(hash_key, derived, sizeof hash_key);
    mem_wipe(derived, sizeof derived);
    const char *url = setting_text(SETTING_REDIS_URL);
    return *url ? redis_open(url) : OK;
}

void limit_close(void)
{
    redis_close();
}

uint64_t limit_name(const char *name)
{
    static const uint8_t everywhere_the_same[16];
    return hash_siphash(everywhere_the_same, mem_text(name));
}

struct tally limit_tally(uint64_t name, struct mem key, int64_t count, int64_t span)
{
    struct {
        uint64_t name;
        int64_t span;
        uint8_t key[64];
    } whole; /* not cleared: only what is filled in is read */
    uint64_t digest;
    whole.name = name;
    whole.span = span;
    if (key.n > sizeof whole.key) { /* its hash stands for it */
        digest = hash_siphash(hash_key, key);
        key = MEM(&digest, sizeof digest);
    }
    memcpy(whole.key, key.p, key.n);
    struct mem bytes = MEM(&whole, offsetof(typeof(whole), key) + key.n);
    return (struct tally){ .key = hash_siphash(hash_key, bytes), .limit = count, .span = span };
}

static bool are_off(void)
{
    return text_equal(setting_text(SETTING_RATE_LIMITS), "off");
}

size_t limit_take_all(struct tally *tallies, size_t n)
{
    return are_off() ? n : memory_take(tallies, n);
}

void limit_give_back_all(const struct tally *tallies, size_t n, bool is_shared)
{
    if (are_off())
        return;
    for (size_t i = 0; i < n; i++)
        memory_give_back(&tallies[i]);
    if (is_shared)
        (void)redis_give_back(tallies, n);
}

/* --- together --- */

bool limit_is_shared(void)
{
    return redis_is_up();
}

/* One that is used up stays so here until its window ends: the next who comes is refused without
   asking Redis. What else was taken is given back. */
static void undo(const struct tally *tallies, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (tallies[i].used <= tallies[i].limit)
            memory_give_back(&tallies[i]);
    (void)redis_give_back(tallies, n);
}

size_t limit_share(struct tally *tallies, size_t n, bool may_wait)
{
    size_t refused = n;
    if (!n || are_off() || text_is_empty(setting_text(SETTING_REDIS_URL)))
        return n;
    if (!may_wait || redis_take(tallies, n)) {
        metric_count(METRIC_LIMITS_ALONE, "", "");
        return n;
    }
    for (size_t i = 0; i < n; i++) {
        memory_learn(&tallies[i]);
        if (tallies[i].used > tallies[i].limit &&
            (refused == n || tallies[i].resets_in > tallies[refused].resets_in))
            refused = i;
    }
    if (refused < n)
        undo(tallies, n);
    return refused;
}

struct limit_state limit_state_of(const struct tally *t)
{
    int64_t remaining = t->used < t->limit ? t->limit - t->used : 0;
    return (struct limit_state){ true, t->limit, remaining, t->resets_in };
}

struct limit_state limit_take(const char *name, struct mem key, int64_t count, int64_t span)
{
    struct tally t = limit_tally(limit_name(name), key, count, span);
    bool is_allowed = limit_take_all(&t, 1) == 1;
    struct limit_state state = limit_state_of(&t);
    state.is_allowed = is_allowed;
    return state;
}

void limit_reset(void)
{
    memory_reset();
}
