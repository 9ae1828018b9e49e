/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Automatic blocks: whoever goes on misbehaving is kept out for a while, and nobody else.
 */
#include "attack.h"
#include "sample.h"

#include "base/clock.h"
#include "service/misbehaviour.h"
#include "service/pressure.h"
#include "service/setting.h"

#include <string.h>

#define BOT "9.9.9.7"

static void misbehave(struct world *w, const char *address)
{
    struct ip ip;
    CHECK(ip_parse(address, &ip));
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    misbehaviour_note(ip, 300);
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "off"));
    run_jobs(w);
}

static bool is_out(struct world *w, const char *address)
{
    struct client *c = client(w);
    c->ip = address;
    return get(c, "/login")->status == 403;
}

static struct client *administrator(struct world *w)
{
    struct client *c = signed_in(w, BEN);
    tamper(w, "UPDATE account SET roles = 8 WHERE email_key = $1", V(text(BEN)));
    CHECK_NUM(login(c, BEN, PASSWORD)->status, 200);
    return c;
}

TEST_IN_WORLD(a_bot_that_goes_on_is_kept_out_longer_each_time)
{
    static const int64_t spans[] = { 10 * MINUTE, HOUR, DAY, DAY };
    misbehave(w, BOT);
    CHECK(is_out(w, BOT) && !is_out(w, "9.9.9.8"));
    CHECK(has_audit(w, "address_rule.blocked"));
    wait_for(10 * MINUTE);
    CHECK(!is_out(w, BOT));
    for (size_t i = 1; i < COUNT(spans); i++) {
        misbehave(w, BOT);
        wait_for(spans[i] - 1);
        CHECK(is_out(w, BOT));
        wait_for(1);
        CHECK(!is_out(w, BOT));
    }
    wait_for(8 * DAY); /* forgotten */
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM address_rule"), 0);
    misbehave(w, BOT);
    wait_for(10 * MINUTE);
    CHECK(!is_out(w, BOT));
}

TEST_IN_WORLD(RATE_08_a_bot_that_hammers_a_door_is_kept_out)
{
    struct client *c = client(w);
    int tries = 0, status = 0;
    c->ip = BOT;
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    while (status != 403 && tries++ < 2000) {
        struct reply *r = post(c, "/v1/auth/password/forgot", json("email", ANN, NULL));
        status = text_equal(text_of(r, "code"), "address_denied") ? 403 : 0;
        if (tries % 50 == 0)
            run_jobs(w);
    }
    CHECK_NUM(status, 403);
    CHECK(tries < 500);
    struct reply *r = get(c, "/v1/auth/me");
    check_problem(r, 403, "address_denied");
    CHECK(!is_out(w, "9.9.9.8"));
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "off"));
}

/* A page somebody visits can hold a thousand pictures of ours: their network is not to suffer. */
TEST_IN_WORLD(RATE_08_what_a_strange_page_fetches_keeps_nobody_out)
{
    struct client *c = client(w);
    int refused = 0;
    c->ip = BOT;
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    for (int i = 0; i < 400; i++)
        refused += get(c, "/waitlist?token=x")->status == 429;
    CHECK_NUM(refused, 340);
    run_jobs(w);
    CHECK(!is_out(w, BOT));
    struct ip ip;
    CHECK(ip_parse(BOT, &ip));
    CHECK_NUM(pressure_of(ip), 0);
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "off"));
}

TEST_IN_WORLD(a_crowd_behind_one_address_is_not_shut_out_for_one_of_them)
{
    struct client *ann = client(w);
    person(w, ANN, PASSWORD);
    ann->ip = "9.9.9.200";
    CHECK_NUM(login(ann, ANN, PASSWORD)->status, 200);
    wait_for(HOUR);
    misbehave(w, BOT); /* who signs in only to be spared is not */
    CHECK(is_out(w, BOT));
    wait_for(10 * MINUTE);
    misbehave(w, BOT);
    CHECK(!is_out(w, BOT) && !is_out(w, "9.9.9.200"));
    misbehave(w, "9.9.8.7"); /* another network */
    CHECK(is_out(w, "9.9.8.7"));
}

TEST_IN_WORLD(rules_proxies_and_private_networks_are_spared)
{
    static const char *const spared[] = { "9.9.9.7", "9.8.8.8", "10.0.0.7",   "127.0.0.1",
                                          "::1",     "fd00::1", "192.168.1.1" };
    CHECK_OK(setting_override(SETTING_ADDRESS_ALLOW, "9.9.0.0/16"));
    CHECK_OK(setting_override(SETTING_TRUSTED_PROXIES, "9.8.8.0/24"));
    run_jobs(w);
    for (size_t i = 0; i < COUNT(spared); i++)
        misbehave(w, spared[i]);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM address_rule"), 0);
    misbehave(w, "9.7.7.7");
    CHECK_NUM(count_of(w, "SELECT count(*) FROM address_rule"), 1);
    CHECK_OK(setting_override(SETTING_TRUSTED_PROXIES, ""));
}

TEST_IN_WORLD(staff_sees_a_block_and_takes_it_back)
{
    struct client *c = administrator(w);
    misbehave(w, BOT);
    struct reply *r = get(c, "/v1/admin/ip-rules");
    CHECK_TEXT(text_of(r, "data.0.range"), "9.9.9.7/32");
    CHECK_TEXT(text_of(r, "data.0.source"), "automatic");
    CHECK_TEXT(text_of(r, "data.0.expires_at"),
               clock_format(test_arena(), clock_now() + 10 * MINUTE));
    struct client *bot = client(w);
    bot->ip = BOT;
    const char *id = text_of(get(bot, "/v1/auth/me"), "decision_id");
    r = get(c, text_format(test_arena(), "/v1/admin/decisions/%s", id));
    CHECK_TEXT(text_of(r, "rule"), "address automatic");
    CHECK(text_of(r, "until") != NULL);
    r = get(c, "/v1/admin/ip-rules");
    const char *path = text_format(test_arena(), "/v1/admin/ip-rules/%s", text_of(r, "data.0.id"));
    CHECK_NUM(call(c, "DELETE", path, NULL)->status, 204);
    run_jobs(w);
    CHECK(!is_out(w, BOT));
    misbehave(w, BOT);
    CHECK(!is_out(w, BOT)); /* not again at once */
    CHECK_NUM(call(c, "DELETE", path, NULL)->status, 404);
    wait_for(DAY);
    misbehave(w, BOT);
    CHECK(is_out(w, BOT));
    wait_for(10 * MINUTE);
    CHECK(!is_out(w, BOT)); /* the shortest again: the first was taken back */
}

TEST_IN_WORLD(DOS_09_blocks_are_bounded_in_number)
{
    misbehave(w, "9.1.1.1");
    run_sql(w, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 998)"
               " INSERT INTO address_rule (id, network, bits, action, scope, source, strikes,"
               "                           created_at, expires_at)"
               " SELECT 'adr_' || CAST(i AS TEXT), network, 200 + i, action, scope, source, 1,"
               "        created_at, expires_at FROM address_rule, n");
    misbehave(w, "9.1.1.2");
    CHECK(is_out(w, "9.1.1.2"));
    misbehave(w, BOT);
    CHECK(!is_out(w, BOT));
    CHECK_NUM(count_of(w, "SELECT count(*) FROM address_rule"), 1000);
    wait_for(10 * MINUTE);
    misbehave(w, BOT);
    CHECK(is_out(w, BOT)); /* what has ended makes room */
}
