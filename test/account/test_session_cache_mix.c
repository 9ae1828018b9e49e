/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session cache once more (SESS-08): what is found under an id is that id's, whatever shares
 * its place.
 */
#include "test.h"

#include "account/session_cache.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/random.h"

#include <pthread.h>

enum { PAIRS = 10'000 };

static struct session somebody(struct arena *arena, const char *id)
{
    static const uint8_t hash[32];
    const char *tail = id + 20;
    return (struct session){
        .id = id,
        .account_id = text_format(arena, "usr_%s", tail),
        .expires_at = clock_now() + DAY,
        .amr = "pwd",
        .ip = "192.0.2.1",
        .network = "192.0.2.0",
        .user_agent = "",
        .agent_key = "",
        .secret_hash = MEM(hash, sizeof hash),
        .email = text_format(arena, "%s@example.org", tail),
        .locale = "en",
        .roles = 1,
    };
}

static void put(struct arena *arena, const char *id)
{
    struct session s = somebody(arena, id);
    session_cache_put(&s, session_cache_epoch());
}

/* What is found under an id is that id's, or nothing. */
static bool serves(struct arena *arena, const char *id)
{
    struct session found;
    if (!session_cache_find(arena, id, &found))
        return false;
    CHECK_TEXT(found.id, id);
    CHECK_TEXT(found.account_id, somebody(arena, id).account_id);
    CHECK_TEXT(found.email, somebody(arena, id).email);
    return true;
}

TEST(SESS_08_the_cache_never_serves_one_session_for_another)
{
    struct arena arena;
    arena_init(&arena, 256 << 20);
    session_cache_clear();
    int served = 0;
    for (int i = 0; i < PAIRS; i++) {
        char *id = id_new(&arena, "ses"), *other = text_copy(&arena, mem_text(id));
        uint8_t at;
        random_bytes(&at, sizeof at);
        char *c = &other[4 + at % 26]; /* one digit differs */
        *c = *c == '0' ? '1' : '0';
        put(&arena, id);
        CHECK(!serves(&arena, other));
        served += serves(&arena, id);
        put(&arena, other);
        (void)serves(&arena, id);
        served += serves(&arena, other);
    }
    CHECK_NUM(served, 2 * PAIRS); /* just put, so found: the test looks at something */
    session_cache_clear();
    arena_done(&arena);
}

struct user {
    const char **ids;
    int number;
};

static void *use_cache(void *arg)
{
    const struct user *user = arg;
    struct arena arena;
    arena_init(&arena, 256 << 20);
    for (int i = 0; i < 4000; i++) {
        const char *id = user->ids[(i * 7 + user->number) % 8];
        if (!serves(&arena, id))
            put(&arena, id);
        if (i % 100 == user->number)
            session_cache_expire(somebody(&arena, id).account_id);
        if (i % 500 == 0)
            arena_reset(&arena);
    }
    arena_done(&arena);
    return NULL;
}

/* Ids that share one place, many threads. */
TEST(SESS_08_colliding_sessions_are_never_mixed_up)
{
    const char *ids[8] = { id_new(test_arena(), "ses") };
    size_t wanted = hash_keyed(mem_text(ids[0])) % 8192;
    for (int found = 1; found < 8;) {
        const char *id = id_new(test_arena(), "ses");
        if (hash_keyed(mem_text(id)) % 8192 == wanted)
            ids[found++] = id;
    }
    session_cache_clear();
    pthread_t threads[8];
    struct user users[8];
    for (int i = 0; i < 8; i++) {
        users[i] = (struct user){ ids, i };
        REQUIRE(pthread_create(&threads[i], NULL, use_cache, &users[i]) == 0);
    }
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    session_cache_clear();
}
