/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits that several nodes count together in a real Redis, which is killed, stalled and emptied
 * meanwhile (F11). Another node is this one after it forgot what it counted itself. The other tests
 * of limits run with Redis too when TEST_REDIS=1.
 */
#include "attack.h"

#include "../redis.h"
#include "base/clock.h"
#include "base/text.h"
#include "kv/redis.h"
#include "service/limit.h"
#include "service/setting.h"

#include <signal.h>

static bool begin(struct world *w)
{
    person(w, ANN, PASSWORD);
    if (!test_redis_start(NULL))
        return false;
    redis_close();
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    CHECK_OK(setting_override(SETTING_REDIS_URL, test_redis_url()));
    CHECK_OK(redis_open(test_redis_url()));
    return test_redis_settles(true);
}

static void end(void)
{
    redis_close();
    CHECK_OK(setting_override(SETTING_REDIS_URL, ""));
    if (!test_redis_is_wanted())
        test_redis_kill();
}

static int guess(struct world *w, const char *ip)
{
    struct client *c = client(w);
    c->ip = ip;
    return login(c, ANN, "not the password")->status;
}

static void check_guesses(struct world *w, int wrong, int refused)
{
    for (int i = 0; i < wrong + refused; i++)
        CHECK_NUM(guess(w, "192.0.2.1"), i < wrong ? 401 : 429);
}

TEST_IN_WORLD(F11_nodes_have_one_limit_together)
{
    REQUIRE(begin(w));
    check_guesses(w, 2, 0);
    limit_reset();
    check_guesses(w, 3, 1);
    limit_reset();
    check_guesses(w, 0, 2);
    CHECK_NUM(guess(w, "203.0.113.7"), 429); /* by the address that was typed, too */
    struct client *ann = client(w);
    ann->ip = "203.0.113.7";
    CHECK_NUM(login(ann, BEN, PASSWORD)->status, 401);
    limit_reset();
    test_redis_forward(MINUTE);
    ann->ip = "192.0.2.1";
    CHECK_NUM(login(ann, BEN, PASSWORD)->status, 401);
    end();
}

/* What looks like a known device's cookie has the address counted later, and by all nodes too. */
TEST_IN_WORLD(RATE_06_a_made_up_cookie_does_not_count_at_each_node_apart)
{
    REQUIRE(begin(w));
    CHECK_OK(setting_override(SETTING_LOCKOUT, "1s"));
    CHECK_OK(setting_override(SETTING_CAPTCHA, "off"));
    for (int i = 0; i < 7; i++) {
        struct client *c = client(w);
        c->ip = text_format(test_arena(), "192.0.%d.1", i);
        with_header(c, "Cookie: cardea-device=dev_x");
        limit_reset(); /* another node */
        CHECK_NUM(login(c, ANN, "not the password")->status, i < 5 ? 401 : 429);
        wait_for(2 * SECOND);
    }
    end();
}

/* The window ends at the same time for all. */
TEST_IN_WORLD(F11_a_node_that_comes_late_hears_when_the_window_ends)
{
    REQUIRE(begin(w));
    check_guesses(w, 5, 0);
    test_redis_forward(40 * SECOND);
    limit_reset();
    struct client *c = client(w);
    c->ip = "192.0.2.1";
    struct reply *r = login(c, ANN, PASSWORD);
    CHECK_NUM(r->status, 429);
    CHECK(num_of(r, "retry_after") > 10 && num_of(r, "retry_after") <= 20);
    end();
}

TEST_IN_WORLD(F11_redis_that_dies_frees_nobody)
{
    REQUIRE(begin(w));
    check_guesses(w, 3, 0);
    test_redis_kill();
    check_guesses(w, 2, 2);
    CHECK_NUM(guess(w, "192.0.2.1"), 429);
    end();
}

TEST_IN_WORLD(F11_redis_that_comes_back_empty_frees_nobody)
{
    REQUIRE(begin(w));
    check_guesses(w, 3, 0);
    CHECK_TEXT(test_redis_say("FLUSHALL"), "+OK");
    check_guesses(w, 2, 2);
    end();
}

/* One request waits a moment, the others none; and what is right stays right. */
TEST_IN_WORLD(F11_redis_that_stalls_holds_nobody_up)
{
    REQUIRE(begin(w));
    check_guesses(w, 1, 0);
    test_redis_signal(SIGSTOP);
    int64_t before = clock_monotonic_ns();
    check_guesses(w, 4, 20);
    CHECK(clock_monotonic_ns() - before < 1'500'000'000);
    struct client *ann = client(w);
    ann->ip = "192.0.2.99";
    CHECK_NUM(refresh(ann, "crt_nonsense")->status, 401);
    test_redis_signal(SIGCONT);
    CHECK(test_redis_settles(true));
    check_guesses(w, 0, 1);
    end();
}

/* Neither an address nor a name stands there in clear. */
TEST_IN_WORLD(F11_redis_learns_nothing_of_anybody)
{
    REQUIRE(begin(w));
    check_guesses(w, 5, 1);
    static const char *const never[] = { "*ann*", "*192*", "*login*", "*example*" };
    CHECK(!text_equal(test_redis_say("DBSIZE"), ":0"));
    for (size_t i = 0; i < COUNT(never); i++)
        CHECK_TEXT(test_redis_say(text_format(test_arena(), "KEYS %s", never[i])), "*0");
    end();
}
