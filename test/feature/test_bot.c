/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bot with a /48 to itself: ten thousand passwords for one account from a thousand addresses,
 * solving every captcha it is asked for. It must get nowhere, at a price for us that does not grow
 * with its patience, while the owner on a device the account knows hardly notices. A short run of
 * it here; BOT_TRIES makes it as long as `make soak` does.
 */
#include "attack.h"
#include "solve.h"

#include "account/lockout.h"
#include "base/clock.h"
#include "service/hashing.h"
#include "service/setting.h"

#include <stdlib.h>

enum { TRIES = 200, ADDRESSES = 1000, VISITS = 4 };

struct bot {
    int let_in, judged, locked, limited, asked, other;
    int64_t hashes;
};

static int tries(void)
{
    int64_t n;
    const char *said = getenv("BOT_TRIES");
    return said && text_parse_int(said, 1, 1'000'000, &n) ? (int)n : TRIES;
}

static int64_t hashes(void)
{
    int64_t count, ns;
    hashing_figures(&count, &ns);
    return count;
}

/* Each in a /64 of its own. */
static const char *address(int i)
{
    return text_format(test_arena(), "2001:db8:77:%x::%x", i % ADDRESSES + 1, i / ADDRESSES + 1);
}

static struct reply *guess(struct bot *bot, struct client *c, const char *password)
{
    struct reply *r = post(c, "/v1/auth/login", json("email", ANN, "password", password, NULL));
    if (!text_equal(text_of(r, "code"), "captcha_required"))
        return r;
    bot->asked++;
    return post(c, "/v1/auth/login",
                json("email", ANN, "password", password, "captcha", solved_from(r), NULL));
}

static void try_once(struct world *w, struct bot *bot, int i, const char *password)
{
    struct client *c = client(w);
    int64_t before = hashes();
    c->ip = address(i);
    int status = guess(bot, c, password)->status;
    bot->hashes += hashes() - before;
    bot->let_in += status == 200;
    bot->judged += status == 401;
    bot->locked += status == 423;
    bot->limited += status == 429;
    bot->other += status == 403;
}

/* The owner comes by, on the device that the account knows. While everybody is under pressure a
 * captcha may be asked of him too, which his browser solves. */
static void visit(struct bot *bot, struct client *home)
{
    int64_t before = hashes();
    CHECK_NUM(guess(bot, home, PASSWORD)->status, 200);
    CHECK_NUM(hashes() - before, 1);
}

TEST_IN_WORLD(RATE_04_a_bot_with_a_network_gets_nowhere_and_the_owner_gets_in)
{
    struct bot bot = { 0 }, owner = { 0 };
    struct client *home = client(w);
    int count = tries();
    home->ip = "203.0.113.5";
    person(w, ANN, PASSWORD);
    CHECK_NUM(login_page(home, ANN, PASSWORD)->status, 303);
    (void)get(home, "/account/security");
    CHECK_NUM(post_form(home, "/logout", "")->status, 303);
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    CHECK_OK(setting_override(SETTING_CAPTCHA, "auto"));
    for (int i = 0; i < count; i++) {
        wait_for(5 * SECOND);
        /* The right one is on its list, but nobody looks at it then. */
        try_once(w, &bot, i, i == count * 3 / 4 ? PASSWORD : "a quite wrong walnut desk");
        if (i % (count / VISITS) == count / VISITS - 1)
            visit(&owner, home);
    }
    CHECK_NUM(bot.let_in, 0);
    CHECK_NUM(bot.other, 0);
    CHECK_NUM(bot.judged + bot.locked + bot.limited, count);
    CHECK_NUM(bot.hashes, bot.judged);
    CHECK(bot.judged >= LOCKOUT_EVERY && bot.judged <= count / 10 && bot.judged <= LOCKOUT_FOREVER);
}

/* Nor does the cookie of some device help: only the account's own is spared the limit. */
TEST_IN_WORLD(RATE_04_a_strangers_device_counts_as_a_stranger)
{
    struct client *mallory = client(w);
    person(w, ANN, PASSWORD);
    person(w, BEN, PASSWORD);
    CHECK_NUM(login_page(mallory, BEN, PASSWORD)->status, 303);
    (void)get(mallory, "/account/security");
    CHECK_NUM(post_form(mallory, "/logout", "")->status, 303);
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    for (int i = 0; i < 5; i++) {
        mallory->ip = text_format(test_arena(), "198.51.%d.1", i);
        CHECK_NUM(login(mallory, "nobody@example.org", PASSWORD)->status, 401);
    }
    mallory->ip = "198.51.9.1";
    int64_t before = hashes();
    CHECK_NUM(login(mallory, "nobody@example.org", PASSWORD)->status, 429);
    CHECK_NUM(hashes() - before, 0);
}
