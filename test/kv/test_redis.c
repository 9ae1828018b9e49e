/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redis: its URL; a real one that is killed, stalled, full, read-only and locked; and whoever
 * answers at its port without being one (F11).
 */
#include "kv/redis.h"

#include "../redis.h"
#include "../test.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

TEST(REDIS_URL_is_read)
{
    static const struct {
        const char *text, *host, *user, *password;
        int port, database;
    } good[] = {
        { "redis://localhost", "localhost", "", "", 6379, 0 },
        { "redis://localhost/", "localhost", "", "", 6379, 0 },
        { "redis://10.0.0.1:7000/3", "10.0.0.1", "", "", 7000, 3 },
        { "redis://[::1]", "::1", "", "", 6379, 0 },
        { "redis://[2001:db8::5]:7000/15", "2001:db8::5", "", "", 7000, 15 },
        { "redis://:secret@cache", "cache", "", "secret", 6379, 0 },
        { "redis://ann:s%40c%2Fret%3a@cache:1", "cache", "ann", "s@c/ret:", 1, 0 },
        { "redis://ann:a@b@cache", "cache", "ann", "a@b", 6379, 0 },
    };
    static const char *const bad[] = {
        "",
        "redis:",
        "redis://",
        "redis:///1",
        "redis://:6379",
        "http://localhost",
        "REDIS://localhost",
        "rediss://localhost",
        "redis://localhost:0",
        "redis://localhost:70000",
        "redis://localhost:",
        "redis://localhost:+1",
        "redis://localhost/x",
        "redis://localhost/1024",
        "redis://localhost/1/2",
        "redis://localhost?db=1",
        "redis://localhost#1",
        "redis://secret@localhost",
        "redis://ann:@localhost",
        "redis://a:%@localhost",
        "redis://a:%4@localhost",
        "redis://a:%zz@localhost",
        "redis://a:%00@localhost",
        "redis://[::1",
        "redis://[]",
        "redis://[::1]x",
        "redis://::1",
        "redis://a b",
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        struct redis_url url;
        CHECK_TEXT(redis_url_parse(good[i].text, &url), NULL);
        CHECK_TEXT(url.host, good[i].host);
        CHECK_TEXT(url.user, good[i].user);
        CHECK_TEXT(url.password, good[i].password);
        CHECK_NUM(url.port, good[i].port);
        CHECK_NUM(url.database, good[i].database);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct redis_url url;
        const char *why = redis_url_parse(bad[i], &url);
        if (!why || strstr(why, "secret"))
            test_fail(__FILE__, __LINE__, "%s: %s", bad[i], why ? why : "is accepted");
    }
}

/* --- a real one --- */

static struct tally tally(uint64_t key, int64_t limit)
{
    return (struct tally){ .key = key, .limit = limit, .span = MINUTE };
}

static int64_t ms_of_take(enum err *ret)
{
    struct tally t = tally(99, 1000);
    int64_t before = clock_monotonic_ns();
    *ret = redis_take(&t, 1);
    return (clock_monotonic_ns() - before) / 1'000'000;
}

/* Asks until it is noticed; then nobody waits any more. */
static void check_lost_quickly(void)
{
    enum err e = OK;
    int64_t first = 0;
    for (int i = 0; i < 3 && e == OK; i++)
        first = ms_of_take(&e);
    CHECK_ERR(e, E_BUSY);
    CHECK(first < 300);
    CHECK(!redis_is_up());
    for (int i = 0; i < 20; i++) {
        struct tally t = tally(98, 1000);
        t.used = -7;
        int64_t before = clock_monotonic_ns();
        if (redis_take(&t, 1) == E_BUSY) {
            CHECK(clock_monotonic_ns() - before < 20'000'000);
            CHECK_NUM(t.used, -7); /* unchanged */
        }
    }
}

static bool begin(const char *const *more)
{
    if (!test_redis_start(more) || redis_open(test_redis_url()))
        return false;
    CHECK(test_redis_settles(true));
    return true;
}

static void end(void)
{
    redis_close();
    test_redis_kill();
}

TEST(redis_counts_a_request_s_tallies_in_one_go)
{
    REQUIRE(begin(NULL));
    CHECK_TEXT(test_redis_say("FLUSHALL"), "+OK");
    for (int i = 1; i <= 4; i++) {
        struct tally both[] = { tally(1, 2), tally(2, 9) };
        CHECK_OK(redis_take(both, 2));
        CHECK_NUM(both[0].used, i);
        CHECK_NUM(both[1].used, i);
        CHECK(both[0].resets_in > MINUTE - 5 * SECOND && both[0].resets_in <= MINUTE);
    }
    struct tally both[] = { tally(1, 2), tally(3, 9) };
    CHECK_OK(redis_give_back(both, 2));
    CHECK_OK(redis_take(both, 2));
    CHECK_NUM(both[0].used, 4);
    CHECK_NUM(both[1].used, 0); /* was given back before it was taken: and still has its end */
    test_redis_forward(MINUTE);
    CHECK_OK(redis_take(both, 1));
    CHECK_NUM(both[0].used, 1);
    end();
}

/* Whatever is kept there ends by itself, and names nobody. */
TEST(redis_holds_nothing_for_ever)
{
    struct tally many[TALLIES_MAX];
    REQUIRE(begin(NULL));
    for (uint64_t i = 0; i < TALLIES_MAX; i++)
        many[i] = tally(i, 5);
    CHECK_OK(redis_take(many, TALLIES_MAX));
    CHECK_OK(redis_give_back(many, TALLIES_MAX));
    CHECK_OK(redis_give_back(many, TALLIES_MAX)); /* what is not there gets no lasting key */
    CHECK_TEXT(test_redis_say("EVAL \"local n=0 for _,k in ipairs(redis.call('KEYS','*')) do if "
                              "redis.call('PTTL',k)<0 or #k~=20 then n=n+1 end end return n\" 0"),
               ":0");
    CHECK(!text_equal(test_redis_say("DBSIZE"), ":0"));
    end();
}

static void *take_many(void *passed)
{
    for (int i = 0; i < 50; i++) {
        struct tally t = tally(7, 100);
        if (redis_take(&t, 1) == OK && t.used <= 100)
            atomic_fetch_add((_Atomic int *)passed, 1);
    }
    return NULL;
}

TEST(RATE_09_redis_lets_exactly_the_allowed_number_pass)
{
    pthread_t threads[8];
    _Atomic int passed = 0;
    REQUIRE(begin(NULL));
    for (size_t i = 0; i < COUNT(threads); i++)
        REQUIRE(pthread_create(&threads[i], NULL, take_many, &passed) == 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    CHECK_NUM(passed, 100);
    end();
}

TEST(F11_redis_that_is_killed_comes_back_empty)
{
    REQUIRE(begin(NULL));
    test_redis_kill();
    check_lost_quickly();
    CHECK_NUM(redis_figures().losses, 1);
    REQUIRE(test_redis_start(NULL));
    CHECK(test_redis_settles(true));
    struct tally t = tally(5, 9);
    CHECK_OK(redis_take(&t, 1));
    CHECK_NUM(t.used, 1);
    end();
}

TEST(F11_redis_that_stalls_is_given_up_after_a_tenth_of_a_second)
{
    REQUIRE(begin(NULL));
    test_redis_signal(SIGSTOP);
    check_lost_quickly();
    nanosleep(&(struct timespec){ .tv_nsec = 300'000'000 }, NULL);
    CHECK(!redis_is_up()); /* it accepts connections, but that is not enough */
    test_redis_signal(SIGCONT);
    CHECK(test_redis_settles(true));
    end();
}

TEST(F11_redis_that_takes_no_writes_is_not_there)
{
    static const struct {
        const char *begin, *end;
    } cases[] = {
        { "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0" },
        { "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE" },
        { "ACL SETUSER default -incr", "ACL SETUSER default +incr" },
        { "CONFIG SET requirepass other", NULL },
    };
    REQUIRE(begin(NULL));
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_TEXT(test_redis_say(cases[i].begin), "+OK");
        if (!cases[i].end) {
            redis_close();
            CHECK_OK(redis_open(test_redis_url()));
            nanosleep(&(struct timespec){ .tv_nsec = 50'000'000 }, NULL);
            CHECK(!redis_is_up());
            break;
        }
        check_lost_quickly();
        CHECK_TEXT(test_redis_say(cases[i].end), "+OK");
        redis_close(); /* a fresh start, which asks at once */
        CHECK_OK(redis_open(test_redis_url()));
        CHECK(test_redis_settles(true));
    }
    end();
}

TEST(F11_redis_is_entered_with_user_and_password)
{
    static const char *const locked[] = { "--requirepass", "p@ss/w", NULL };
    REQUIRE(test_redis_start(locked));
    int port = test_redis_port();
    CHECK_OK(redis_open(text_format(test_arena(), "redis://:p%%40ss%%2Fw@127.0.0.1:%d/2", port)));
    CHECK(test_redis_settles(true));
    redis_close();
    CHECK_OK(
        redis_open(text_format(test_arena(), "redis://default:p%%40ss%%2Fw@localhost:%d", port)));
    CHECK(test_redis_settles(true));
    end();
}

/* --- whoever is not Redis --- */

static const char *const impostors[] = {
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "-LOADING Redis is loading the dataset in memory\r\n",
    "-NOAUTH Authentication required.\r\n",
    "+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n",
    "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*-1\r\n",
    "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*0\r\n",
    "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n$1\r\n5\r\n:9\r\n",
    "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n:1\r\n-ERR no\r\n",
    "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*4\r\n+OK\r\n:1\r\n:1\r\n:1\r\n",
    "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n*3\r\n*3\r\n*3\r\n",
    "$-7\r\n",
    "$999999999\r\n",
    "*99999999\r\n",
    "\r\n\r\n\r\n",
    "",
};
static _Atomic size_t impostor;
static int listener;

static void *play(void *)
{
    int fd;
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        const char *words = impostors[atomic_load(&impostor)];
        (void)!send(fd, words, strlen(words), MSG_NOSIGNAL);
        nanosleep(&(struct timespec){ .tv_nsec = 5'000'000 }, NULL);
        if (*words && words[0] != '$')
            close(fd); /* the others are left hanging */
    }
    return NULL;
}

TEST(F11_whoever_answers_nonsense_is_not_redis)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof at;
    pthread_t actor;
    listener = socket(AF_INET, SOCK_STREAM, 0);
    REQUIRE(bind(listener, (struct sockaddr *)&at, n) == 0 && listen(listener, 50) == 0 &&
            getsockname(listener, (struct sockaddr *)&at, &n) == 0);
    REQUIRE(pthread_create(&actor, NULL, play, NULL) == 0);
    const char *url = text_format(test_arena(), "redis://127.0.0.1:%d", ntohs(at.sin_port));
    for (impostor = 0; impostor < COUNT(impostors); impostor++) {
        CHECK_OK(redis_open(url));
        nanosleep(&(struct timespec){ .tv_nsec = 30'000'000 }, NULL);
        struct tally t = tally(1, 5);
        CHECK(!redis_is_up());
        CHECK_ERR(redis_take(&t, 1), E_BUSY);
        redis_close();
    }
    shutdown(listener, SHUT_RDWR);
    pthread_join(actor, NULL);
    close(listener);
}
