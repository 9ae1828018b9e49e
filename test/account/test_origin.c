/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session is bound to: its network and its program, without version numbers.
 */
#include "../test.h"
#include "account/session.h"

#include <string.h>

static struct origin origin(const char *address, const char *user_agent)
{
    struct ip ip;
    CHECK(ip_parse(address, &ip));
    return session_origin(test_arena(), ip, user_agent);
}

static bool is_at_home(const char *ip, const char *agent)
{
    struct origin born = origin("192.0.2.1", "Firefox/132.0 (X11; Linux x86_64)");
    struct origin now = origin(ip, agent);
    struct session session = { .network = born.network, .agent_key = born.agent_key };
    return session_is_at_home(&session, &now);
}

TEST(a_session_stays_at_home_within_its_network_and_program)
{
    CHECK(is_at_home("192.0.2.1", "Firefox/132.0 (X11; Linux x86_64)"));
    CHECK(is_at_home("192.0.2.254", "Firefox/133.0.1 (X11; Linux x86_64)"));
    CHECK(!is_at_home("192.0.3.1", "Firefox/132.0 (X11; Linux x86_64)"));
    CHECK(!is_at_home("192.0.2.1", "Chrome/132.0 (X11; Linux x86_64)"));
    CHECK(!is_at_home("192.0.2.1", ""));
    CHECK(!is_at_home("192.0.2.1", NULL));
}

TEST(an_IPv6_session_is_bound_to_its_48)
{
    struct origin a = origin("2001:db8:1:2::3", "x"), b = origin("2001:db8:1:ffff::", "x"),
                  c = origin("2001:db8:2::3", "x");
    CHECK_TEXT(a.network, b.network);
    CHECK(!text_equal(a.network, c.network));
    CHECK_TEXT(origin("::ffff:192.0.2.9", "x").network, origin("192.0.2.1", "x").network);
}

/* Cut at 512 bytes, never within a letter. */
TEST(a_long_user_agent_is_cut_between_letters)
{
    char agent[1000];
    for (size_t at = 509; at < 513; at++) {
        memset(agent, 'a', sizeof agent);
        memcpy(agent + at, "\xe2\x82\xac", 3); /* a euro sign */
        agent[999] = 0;
        struct origin o = origin("192.0.2.1", agent);
        CHECK(strlen(o.user_agent) <= 512);
        CHECK(strlen(o.user_agent) >= 509);
        CHECK(text_is_utf8(mem_text(o.user_agent)));
    }
}

TEST(devices_have_names_that_people_know)
{
    static const struct {
        const char *agent, *name;
    } cases[] = {
        { "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
          "Firefox · Linux" },
        { "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 "
          "Safari/537.36 Edg/130.0",
          "Edge · Windows" },
        { "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1",
          "Safari · iPhone" },
        { "curl/8.5.0", "curl" },
        { "MyApp/1.0", "MyApp" },
        { "", "—" },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_TEXT(session_device(test_arena(), cases[i].agent), cases[i].name);
}
