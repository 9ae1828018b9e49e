/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session cache: what is believed, for how long, and that nothing read before a commit is
 * believed after it, however the threads fall.
 */
#include "../test.h"
#include "account/session_cache.h"
#include "base/clock.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#define ID "ses_01234567890123456789012345"
#define ACCOUNT "usr_01234567890123456789012345"

static const char secret[32] = "hash of a secret";

static struct session sample(void)
{
    return (struct session){
        .id = ID,
        .account_id = ACCOUNT,
        .expires_at = 253402300799999, /* the year 9999 */
        .amr = "pwd",
        .ip = "192.0.2.1",
        .network = "192.0.2.0",
        .user_agent = "Firefox/132.0",
        .agent_key = "Firefox/",
        .secret_hash = MEM(secret, sizeof secret),
        .email = "ann@example.org",
        .locale = "en",
        .roles = 1,
    };
}

static bool is_believed(void)
{
    struct session found;
    return session_cache_find(test_arena(), ID, &found);
}

static void put(const struct session *session)
{
    session_cache_put(session, session_cache_epoch());
}

TEST(a_cached_session_comes_back_as_it_was_put)
{
    struct session s = sample(), found;
    session_cache_clear();
    CHECK(!is_believed());
    put(&s);
    REQUIRE(session_cache_find(test_arena(), ID, &found));
    session_cache_clear(); /* the copy is the caller's own */
    CHECK_TEXT(found.id, ID);
    CHECK_TEXT(found.account_id, ACCOUNT);
    CHECK_TEXT(found.agent_key, "Firefox/");
    CHECK_TEXT(found.email, "ann@example.org");
    CHECK(!found.name);
    CHECK_NUM(found.expires_at, s.expires_at);
    CHECK(mem_equal(found.secret_hash, s.secret_hash));
    CHECK(!is_believed());
}

TEST(expiring_an_account_leaves_others_alone)
{
    struct session s = sample();
    session_cache_clear();
    put(&s);
    session_cache_expire("usr_99999999999999999999999999");
    CHECK(is_believed());
    session_cache_expire(ACCOUNT);
    CHECK(!is_believed());
}

TEST(what_was_read_before_a_commit_is_not_published_after_it)
{
    struct session s = sample();
    session_cache_clear();
    uint64_t before = session_cache_epoch();
    session_cache_expire("usr_99999999999999999999999999");
    session_cache_put(&s, before);
    CHECK(!is_believed());
    put(&s);
    CHECK(is_believed());
}

TEST(a_session_that_does_not_fit_is_not_cached)
{
    static char name[2000];
    struct session s = sample();
    memset(name, 'n', sizeof name - 1);
    session_cache_clear();
    put(&s);
    s.name = name;
    put(&s);
    CHECK(!is_believed());
}

struct noted {
    int count;
    int64_t seen_at;
    const char *id;
};

static void note(void *arg, const char *id, int64_t seen_at)
{
    struct noted *noted = arg;
    noted->count++;
    noted->seen_at = seen_at;
    noted->id = text_copy(test_arena(), mem_text(id));
}

TEST(each_use_is_noted_once_also_of_a_session_that_expired)
{
    struct session s = sample();
    struct noted noted = { 0 };
    session_cache_clear();
    put(&s);
    CHECK(is_believed());
    session_cache_expire(ACCOUNT);
    CHECK_NUM(session_cache_drain_uses(10, note, &noted), 1);
    CHECK_NUM(noted.count, 1);
    CHECK_TEXT(noted.id, ID);
    CHECK(noted.seen_at > 0);
    CHECK_NUM(session_cache_drain_uses(10, note, &noted), 0);
}

/* --- many threads --- */

enum { ROUNDS = 4'000 };

static _Atomic int64_t turn;
static _Atomic uint64_t read_epoch;

static void meet(int64_t round, int64_t others)
{
    atomic_fetch_add(&turn, 1);
    while (turn < round * 2 + others)
        sched_yield();
}

static void *publish(void *arg)
{
    struct session s = sample();
    for (int64_t round = 0; round < ROUNDS; round++) {
        meet(round * 2, 2);
        session_cache_put(&s, read_epoch);
        meet(round * 2 + 1, 2);
    }
    return arg;
}

/* One thread publishes what it read before the commit, the other ends the account's sessions after
   it. Whoever is first, nothing may be believed once both are through. */
TEST(a_put_that_races_an_expiry_never_wins)
{
    pthread_t thread;
    int believed = 0;
    turn = 0;
    session_cache_clear();
    REQUIRE(pthread_create(&thread, NULL, publish, NULL) == 0);
    for (int64_t round = 0; round < ROUNDS; round++) {
        read_epoch = session_cache_epoch();
        meet(round * 2, 2);
        session_cache_expire(ACCOUNT);
        meet(round * 2 + 1, 2);
        believed += is_believed();
    }
    pthread_join(thread, NULL);
    CHECK_NUM(believed, 0);
}

TEST(a_session_that_has_ended_is_not_believed)
{
    struct session s = sample();
    s.expires_at = clock_now() + HOUR;
    session_cache_clear();
    put(&s);
    CHECK(is_believed());
    clock_shift(HOUR);
    CHECK(!is_believed());
    session_cache_clear();
}
