/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of this house: see keyring.h. What requests read is a generation: an immutable list of
 * keys behind one atomic pointer. A new generation is made when the store's keys changed, a few
 * times a month, and older ones and their keys stay until the ring is closed, so nobody who signs
 * or verifies holds a lock or meets a freed key.
 */
#include "service/keyring.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "service/keyring_file.h"
#include "service/setting.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS_MAX = 64, ARENA_MAX = 1 << 20 };

#define PUBLISHED_BEFORE HOUR       /* the next key is in the JWKS this long before it signs */
#define RETIRING_SKEW (10 * MINUTE) /* for clocks, and for nodes that hear of a rotation late */

/* A key that was read; kept until keyring_close. */
struct held {
    struct jws_key *key;
    struct held *next;
};

struct slot {
    const struct jws_key *key;
    bool is_active, is_next;
};

struct generation {
    struct slot slots[KEYS_MAX];
    size_t count;
    const struct jws_key *active, *next;
    int64_t active_at, next_created_at;
    struct generation *older;
};

static struct seal_ring ring;
static _Atomic(struct generation *) current;
static struct held *held_first;
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER; /* guards held_first and publishing */

static struct seal_place place_of(const char *kid)
{
    return (struct seal_place){ "signing_key", "private_jwk", kid };
}

/* --- the store --- */

/* Runs work in a transaction of its own, in an arena of its own: nothing here can leave by the
 * caller's trap with the writer in hand. */
static enum err in_transaction(struct db *db, enum err (*work)(struct tx *tx, const void *arg),
                               const void *arg)
{
    struct arena arena;
    struct tx tx;
    arena_init(&arena, ARENA_MAX);
    db_begin(&tx, db, DB_WRITE, &arena);
    enum err e = work(&tx, arg);
    if (e)
        db_rollback(&tx);
    else
        e = db_commit(&tx);
    arena_done(&arena);
    return e;
}

/* The test fixture's n-th key is the same at every start, so that what was signed for a test's
 * files verifies in each run. */
static enum err make_key(struct tx *tx, struct jws_key **ret)
{
    uint8_t seed[32];
    int64_t made = 0;
    if (!setting_is_ephemeral()) {
        *ret = jws_key_new();
        return OK;
    }
    TRY(db_one(tx, "SELECT count(*) FROM signing_key", V_NONE, INTO(to_num(&made))));
    TRY(keyring_derive(NULL, text_format(tx->arena, "fixture-signing-key-%lld", (long long)made),
                       seed));
    *ret = jws_key_of_seed(seed);
    return OK;
}

/* A new key in the store, unless another node has put one into this state just now. */
static enum err add_key(struct tx *tx, const char *state)
{
    struct jws_key *key;
    TRY(make_key(tx, &key));
    const char *kid = text_copy(tx->arena, mem_text(jws_key_id(key)));
    struct mem sealed = seal(&ring, tx->arena, place_of(kid), jws_key_export(key, tx->arena));
    jws_key_free(key);
    int64_t now = clock_now();
    return db_run(tx,
                  "INSERT INTO signing_key (kid, state, private_jwk, created_at, active_at)"
                  " VALUES ($1, $2, $3, $4, $5)"
                  " ON CONFLICT DO NOTHING",
                  V(text(kid), text(state), blob(sealed), num(now),
                    num_or_null(text_equal(state, "active") ? now : 0)));
}

static enum err add_missing(struct tx *tx, const void *)
{
    static const char *const states[] = { "active", "next" };
    for (size_t i = 0; i < COUNT(states); i++) {
        const char *kid;
        enum err e = db_one(tx, "SELECT kid FROM signing_key WHERE state = $1", V(text(states[i])),
                            INTO(to_text(&kid)));
        if (e == E_NOT_FOUND)
            e = add_key(tx, states[i]);
        TRY(e);
    }
    return OK;
}

/* One conditional statement for each step: of several nodes that rotate away from the same keys,
 * one finds them in this state. */
static enum err rotate(struct tx *tx, const void *from)
{
    const struct generation *g = from;
    int64_t rows, now = clock_now();
    TRY(db_change(tx,
                  "UPDATE signing_key SET state = 'retiring', retiring_at = $2"
                  " WHERE kid = $1 AND state = 'active'",
                  V(text(jws_key_id(g->active)), num(now)), &rows));
    if (!rows)
        return E_CONFLICT;
    TRY(db_change(tx,
                  "UPDATE signing_key SET state = 'active', active_at = $2"
                  " WHERE kid = $1 AND state = 'next'",
                  V(text(jws_key_id(g->next)), num(now)), &rows));
    if (!rows)
        return E_CONFLICT;
    return add_key(tx, "next");
}

static enum err retire(struct tx *tx, const void *)
{
    int64_t now = clock_now(), span = setting_span(SETTING_ACCESS_TOKEN_TTL) + RETIRING_SKEW;
    return db_run(tx,
                  "UPDATE signing_key SET state = 'retired', retired_at = $1, private_jwk = NULL"
                  " WHERE state = 'retiring' AND retiring_at <= $2",
                  V(num(now), num(now - span)));
}

/* CRY-06: after ENCRYPTION_KEYS got a new first key, everything is sealed anew under it. */
static enum err reseal(struct tx *tx, const void *)
{
    struct db_rows rows;
    TRY(db_each(tx, "SELECT kid, private_jwk FROM signing_key WHERE private_jwk IS NOT NULL",
                V_NONE, &rows));
    for (size_t i = 0; i < rows.count; i++) {
        const char *kid = db_at(&rows, i, 0)->text;
        struct mem sealed = db_at(&rows, i, 1)->blob, plain;
        if (text_equal(seal_key_id(tx->arena, sealed), ring.keys[0].id) ||
            seal_open(&ring, tx->arena, place_of(kid), sealed, &plain))
            continue;
        struct mem anew = seal(&ring, tx->arena, place_of(kid), plain);
        TRY(db_run(tx,
                   "UPDATE signing_key SET private_jwk = $2"
                   " WHERE kid = $1 AND private_jwk IS NOT NULL",
                   V(text(kid), blob(anew))));
    }
    return OK;
}

/* --- generations --- */

static enum err refuse_sealed(struct arena *arena, const char *kid, struct mem sealed)
{
    LOG(LOG_ERROR, "keyring.refused", LOG_TEXT("kid", kid),
        LOG_TEXT("sealed_by", seal_key_id(arena, sealed)), LOG_TEXT("first_key", ring.keys[0].id),
        LOG_TEXT("what", "the sealing keys do not open this signing key: give the ENCRYPTION_KEYS "
                         "or the key file that belong to this database"));
    return E_INVALID;
}

/* The key with this kid, opened and kept if it is new here. Under the lock. */
static enum err hold(struct arena *arena, const char *kid, struct mem sealed,
                     const struct jws_key **ret)
{
    for (const struct held *h = held_first; h; h = h->next)
        if (text_equal(jws_key_id(h->key), kid)) {
            *ret = h->key;
            return OK;
        }
    struct mem jwk;
    struct jws_key *key;
    if (seal_open(&ring, arena, place_of(kid), sealed, &jwk) || jws_key_import(jwk, &key))
        return refuse_sealed(arena, kid, sealed);
    struct held *h = malloc(sizeof *h);
    if (!h)
        abort();
    *h = (struct held){ key, held_first };
    held_first = h;
    *ret = key;
    return OK;
}

static enum err fill(struct arena *arena, const struct db_rows *rows, struct generation *ret)
{
    for (size_t i = 0; i < rows->count; i++) {
        struct slot *slot = &ret->slots[ret->count++];
        const char *state = db_at(rows, i, 1)->text;
        TRY(hold(arena, db_at(rows, i, 0)->text, db_at(rows, i, 2)->blob, &slot->key));
        slot->is_active = text_equal(state, "active");
        slot->is_next = text_equal(state, "next");
        if (slot->is_active) {
            ret->active = slot->key;
            ret->active_at = db_at(rows, i, 4)->num;
        }
        if (slot->is_next) {
            ret->next = slot->key;
            ret->next_created_at = db_at(rows, i, 3)->num;
        }
    }
    return ret->active && ret->next ? OK : fault("keyring: no key signs, or none waits");
}

static bool is_same(const struct generation *a, const struct generation *b)
{
    if (!a || a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->slots[i].key != b->slots[i].key || a->slots[i].is_active != b->slots[i].is_active ||
            a->slots[i].is_next != b->slots[i].is_next)
            return false;
    return true;
}

/* Publishes what the rows say, if it is news. */
static enum err take_over(struct arena *arena, const struct db_rows *rows)
{
    struct generation *g = calloc(1, sizeof *g);
    if (!g)
        abort();
    pthread_mutex_lock(&loading);
    enum err e = fill(arena, rows, g);
    bool news = !e && !is_same(atomic_load(&current), g);
    g->older = atomic_load(&current);
    if (news)
        atomic_store(&current, g);
    else
        free(g);
    pthread_mutex_unlock(&loading);
    return e;
}

static enum err load(struct db *db)
{
    struct arena arena;
    struct tx tx;
    struct db_rows rows;
    arena_init(&arena, ARENA_MAX);
    db_begin(&tx, db, DB_PEEK, &arena);
    enum err e = db_each(&tx,
                         "SELECT kid, state, private_jwk, created_at, active_at FROM signing_key"
                         " WHERE state IN ('next', 'active', 'retiring')"
                         " ORDER BY created_at DESC, kid LIMIT $1",
                         V(num(KEYS_MAX)), &rows);
    db_rollback(&tx);
    if (!e)
        e = take_over(&arena, &rows);
    arena_done(&arena);
    return e;
}

/* --- opening --- */

static enum err has_keys(struct db *db, bool *ret)
{
    struct arena arena;
    struct tx tx;
    int64_t count = 0;
    arena_init(&arena, ARENA_MAX);
    db_begin(&tx, db, DB_PEEK, &arena);
    enum err e = db_one(&tx, "SELECT COUNT(*) FROM signing_key", V_NONE, INTO(to_num(&count)));
    db_rollback(&tx);
    arena_done(&arena);
    *ret = count > 0;
    return e;
}

/* Makes the first sealing keys, but never for a store that has secrets already: new keys would look
 * like success and lose them all. */
static enum err make_ring(const char *path, bool is_used)
{
    if (is_used) {
        LOG(LOG_ERROR, "keyring.refused", LOG_TEXT("path", path),
            LOG_TEXT("what", "this database holds sealed secrets, but their keys are not here: "
                             "put the key file back or give ENCRYPTION_KEYS"));
        return E_INVALID;
    }
    keyring_file_draw(&ring);
    if (!path)
        return OK;
    enum err e = keyring_file_make(path, &ring);
    return e == E_CONFLICT ? keyring_file_read(path, &ring) : e;
}

static enum err take_ring(struct db *db, struct arena *arena)
{
    const char *given = setting_text(SETTING_ENCRYPTION_KEYS);
    if (*given)
        return seal_ring_parse(given, &ring);
    const char *path = keyring_file_path(arena);
    enum err e = path ? keyring_file_read(path, &ring) : E_NOT_FOUND;
    if (e != E_NOT_FOUND)
        return e;
    bool is_used;
    TRY(has_keys(db, &is_used));
    return make_ring(path, is_used);
}

enum err keyring_open(struct db *db, struct arena *arena)
{
    assert(!atomic_load(&current));
    TRY(take_ring(db, arena));
    TRY(in_transaction(db, add_missing, NULL));
    TRY(load(db));
    return in_transaction(db, reseal, NULL);
}

void keyring_close(void)
{
    struct generation *g = atomic_exchange(&current, NULL);
    while (g) {
        struct generation *older = g->older;
        free(g);
        g = older;
    }
    while (held_first) {
        struct held *next = held_first->next;
        jws_key_free(held_first->key);
        free(held_first);
        held_first = next;
    }
    mem_wipe(&ring, sizeof ring);
}

/* --- use --- */

const struct seal_ring *keyring_seals(void)
{
    return &ring;
}

const char *keyring_seal_id(void)
{
    return ring.keys[0].id;
}

enum err keyring_derive(const char *key_id, const char *purpose, uint8_t out[32])
{
    char label[80];
    if (!key_id)
        key_id = ring.keys[0].id;
    for (size_t i = 0; i < ring.count; i++)
        if (text_equal(ring.keys[i].id, key_id)) {
            int n = snprintf(label, sizeof label, "cardea/%s", purpose);
            assert(n > 0 && (size_t)n < sizeof label);
            hkdf_sha256(MEM(ring.keys[i].key, SEAL_KEY_BYTES), label, out, 32);
            return OK;
        }
    return E_NOT_FOUND;
}

const struct jws_key *keyring_signing(void)
{
    const struct generation *g = atomic_load(&current);
    assert(g);
    return g->active;
}

const struct jws_key *keyring_find(void *, const char *kid)
{
    const struct generation *g = atomic_load(&current);
    for (size_t i = 0; g && i < g->count; i++)
        if (text_equal(jws_key_id(g->slots[i].key), kid))
            return g->slots[i].key;
    return NULL;
}

void keyring_put_jwks(struct json_writer *j)
{
    const struct generation *g = atomic_load(&current);
    json_begin_object(j, NULL);
    json_begin_array(j, "keys");
    for (size_t i = 0; g && i < g->count; i++)
        jws_key_put_public(g->slots[i].key, j);
    json_end(j);
    json_end(j);
}

enum err keyring_mend(struct tx *tx, int64_t now)
{
    TRY(db_run(tx, "UPDATE signing_key SET created_at = $1 WHERE created_at > $1", V(num(now))));
    TRY(db_run(tx, "UPDATE signing_key SET active_at = $1 WHERE active_at > $1", V(num(now))));
    return db_run(tx, "UPDATE signing_key SET retiring_at = $1 WHERE retiring_at > $1",
                  V(num(now)));
}

int64_t keyring_age(void)
{
    const struct generation *g = atomic_load(&current);
    return g ? clock_now() - g->active_at : 0;
}

/* --- upkeep --- */

static enum err rotate_from(struct db *db, const struct generation *g)
{
    enum err e = in_transaction(db, rotate, g);
    if (e && e != E_CONFLICT)
        return e;
    if (!e)
        LOG(LOG_INFO, "keyring.rotated", LOG_TEXT("active", jws_key_id(g->next)),
            LOG_TEXT("retiring", jws_key_id(g->active)));
    return load(db); /* after a conflict: another node was faster, take over what it did */
}

enum err keyring_rotate(struct db *db, struct arena *)
{
    TRY(load(db));
    const struct generation *g = atomic_load(&current);
    if (clock_now() - g->next_created_at < PUBLISHED_BEFORE)
        LOG(LOG_WARN, "keyring.early_rotation", LOG_TEXT("kid", jws_key_id(g->next)),
            LOG_TEXT("what", "the next key was published less than an hour ago: who caches the "
                             "JWKS may not know it yet"));
    return rotate_from(db, g);
}

static bool is_due(const struct generation *g)
{
    int64_t now = clock_now();
    return now - g->active_at >= setting_span(SETTING_KEY_ROTATE_EVERY) &&
           now - g->next_created_at >= PUBLISHED_BEFORE;
}

enum err keyring_tend(struct db *db, struct arena *)
{
    TRY(load(db));
    const struct generation *g = atomic_load(&current);
    if (is_due(g))
        TRY(rotate_from(db, g));
    if (g->count == 2)
        return OK; /* none retires: the store's writer is left alone */
    TRY(in_transaction(db, retire, NULL));
    return load(db);
}

static struct keyring_entry entry_of(struct arena *arena, const struct db_rows *rows, size_t row)
{
    return (struct keyring_entry){
        .kid = text_copy(arena, mem_text(db_at(rows, row, 0)->text)),
        .state = text_copy(arena, mem_text(db_at(rows, row, 1)->text)),
        .created_at = db_at(rows, row, 2)->num,
        .active_at = db_at(rows, row, 3)->num,
        .retiring_at = db_at(rows, row, 4)->num,
        .retired_at = db_at(rows, row, 5)->num,
    };
}

enum err keyring_list(struct db *db, struct arena *arena, struct keyring_entry **ret,
                      size_t *ret_count)
{
    struct arena own;
    struct tx tx;
    struct db_rows rows;
    arena_init(&own, ARENA_MAX);
    db_begin(&tx, db, DB_PEEK, &own);
    enum err e = db_each(&tx,
                         "SELECT kid, state, created_at, active_at, retiring_at, retired_at"
                         " FROM signing_key ORDER BY created_at DESC, kid LIMIT 1000",
                         V_NONE, &rows);
    db_rollback(&tx);
    *ret_count = e ? 0 : rows.count;
    *ret = arena_array(arena, *ret_count, sizeof **ret);
    for (size_t i = 0; i < *ret_count; i++)
        (*ret)[i] = entry_of(arena, &rows, i);
    arena_done(&own);
    return e;
}
