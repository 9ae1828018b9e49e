/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session cache: see session_cache.h. A fixed table; a stripe of locks guards it, and a session
 * that does not fit (very long name) is simply not cached.
 *
 * When a slot was read and used stands apart from the slots, so that walking all of them, which
 * every expiry and drain does, touches little memory. These two may be read without the lock, to
 * skip a slot; they are written under it.
 */
#include "account/session_cache.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { SLOTS = 8192, TEXTS = 1600, STRIPES = 256 };

static const int64_t BELIEVED_NS = 1'000'000'000;

struct slot {
    struct session session; /* its pointers lead into texts */
    size_t used;            /* bytes of texts */
    char id[40];
    char texts[TEXTS];
};

static struct slot slots[SLOTS];       /* zero pages until used */
static _Atomic int64_t read_ns[SLOTS]; /* when it was read; 0: empty */
static _Atomic int64_t seen_at[SLOTS]; /* latest use; 0: nothing to note */
static pthread_mutex_t locks[STRIPES] = { [0 ... STRIPES - 1] = PTHREAD_MUTEX_INITIALIZER };
static _Atomic uint64_t epoch;
static _Atomic int64_t hits, misses;

static size_t slot_of(const char *id)
{
    return hash_keyed(mem_text(id)) % SLOTS;
}

/* Every pointer of a session, for copying in and out. */
#define EACH_TEXT(session, APPLY) \
    APPLY((session)->id)          \
    APPLY((session)->account_id)  \
    APPLY((session)->amr)         \
    APPLY((session)->ip)          \
    APPLY((session)->network)     \
    APPLY((session)->user_agent)  \
    APPLY((session)->agent_key)   \
    APPLY((session)->email)       \
    APPLY((session)->name)        \
    APPLY((session)->locale)

bool session_cache_find(struct arena *arena, const char *id, struct session *ret)
{
    size_t i = slot_of(id);
    struct slot *slot = &slots[i];
    /* Memory first: an allocation may leave this function by the arena's trap, never with a lock.
     */
    struct slot *copy = arena_alloc(arena, sizeof *copy);
    pthread_mutex_lock(&locks[i % STRIPES]);
    bool found = read_ns[i] && clock_monotonic_ns() - read_ns[i] < BELIEVED_NS &&
                 text_equal(slot->id, id) && slot->session.expires_at > clock_now();
    if (found) {
        seen_at[i] = clock_now();
        copy->session = slot->session;
        memcpy(copy->texts, slot->texts, slot->used);
    }
    pthread_mutex_unlock(&locks[i % STRIPES]);
    atomic_fetch_add_explicit(found ? &hits : &misses, 1, memory_order_relaxed);
    if (!found)
        return false;

    *ret = copy->session;
#define REBASE(t) \
    if (t)        \
        (t) = copy->texts + ((t)-slot->texts);
    EACH_TEXT(ret, REBASE)
    ret->secret_hash.p = copy->texts + ((const char *)copy->session.secret_hash.p - slot->texts);
    return true;
}

uint64_t session_cache_epoch(void)
{
    return epoch;
}

static const char *keep(struct slot *slot, const void *p, size_t n)
{
    if (n > TEXTS - slot->used)
        return NULL;
    char *to = slot->texts + slot->used;
    memcpy(to, p, n);
    slot->used += n;
    return to;
}

static bool fill(struct slot *slot, const struct session *session)
{
    bool fits = true;
    slot->used = 0;
    slot->session = *session;
#define KEEP(t)                               \
    if (t) {                                  \
        (t) = keep(slot, (t), strlen(t) + 1); \
        fits = fits && (t);                   \
    }
    EACH_TEXT(&slot->session, KEEP)
    slot->session.secret_hash.p = keep(slot, session->secret_hash.p, session->secret_hash.n);
    return fits && slot->session.secret_hash.p;
}

void session_cache_put(const struct session *session, uint64_t read_epoch)
{
    size_t i = slot_of(session->id), n = strlen(session->id);
    struct slot *slot = &slots[i];
    if (n >= sizeof slot->id)
        return;
    pthread_mutex_lock(&locks[i % STRIPES]);
    /* A commit since the read may have changed what was read: leave it for the next one to read. */
    if (epoch == read_epoch) {
        read_ns[i] = fill(slot, session) ? clock_monotonic_ns() : 0;
        memcpy(slot->id, session->id, n + 1);
        seen_at[i] = clock_now();
        /* Who expires moves the epoch first and then looks which slots are full, without the lock:
           one of us two sees the other. */
        if (epoch != read_epoch)
            read_ns[i] = 0;
    }
    pthread_mutex_unlock(&locks[i % STRIPES]);
}

/* Walking the table costs little beside the commit that calls for it, and spares other accounts. */
void session_cache_expire(const char *account_id)
{
    epoch++;
    for (size_t i = 0; i < SLOTS; i++) {
        if (!read_ns[i])
            continue;
        pthread_mutex_lock(&locks[i % STRIPES]);
        if (read_ns[i] && text_equal(slots[i].session.account_id, account_id))
            read_ns[i] = 0;
        pthread_mutex_unlock(&locks[i % STRIPES]);
    }
}

void session_cache_clear(void)
{
    epoch++;
    for (size_t i = 0; i < SLOTS; i++) {
        pthread_mutex_lock(&locks[i % STRIPES]);
        read_ns[i] = seen_at[i] = 0;
        pthread_mutex_unlock(&locks[i % STRIPES]);
    }
}

int session_cache_drain_uses(int max, void (*note)(void *arg, const char *id, int64_t seen_at),
                             void *arg)
{
    int found = 0;
    for (size_t i = 0; i < SLOTS && found < max; i++) {
        char id[40];
        if (!seen_at[i])
            continue;
        pthread_mutex_lock(&locks[i % STRIPES]);
        int64_t at = atomic_exchange(&seen_at[i], 0);
        memcpy(id, slots[i].id, sizeof id);
        pthread_mutex_unlock(&locks[i % STRIPES]);
        if (at) {
            note(arg, id, at);
            found++;
        }
    }
    return found;
}

void session_cache_figures(int64_t *ret_hits, int64_t *ret_misses)
{
    *ret_hits = hits;
    *ret_misses = misses;
}
