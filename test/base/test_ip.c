/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internet addresses: one address, one form.
 */
#include "base/ip.h"

#include "../test.h"

static struct ip ip_of(const char *text)
{
    struct ip ip = { { 0 } };
    if (!ip_parse(text, &ip))
        test_fail(__FILE__, __LINE__, "\"%s\" is refused", text);
    return ip;
}

TEST(ip_parses_and_formats)
{
    static const char *const cases[][2] = {
        { "192.0.2.1", "192.0.2.1" },
        { "::ffff:192.0.2.1", "192.0.2.1" },
        { "::FFFF:c000:0201", "192.0.2.1" },
        { "2001:DB8::1", "2001:db8::1" },
        { "2001:0db8:0:0:0:0:0:1", "2001:db8::1" },
        { "::1", "::1" },
        { "::", "::" },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_TEXT(ip_format(test_arena(), ip_of(cases[i][0])), cases[i][1]);
    CHECK(ip_equal(ip_of("::ffff:10.0.0.1"), ip_of("10.0.0.1")));
    CHECK(ip_is_v4(ip_of("::ffff:10.0.0.1")) && !ip_is_v4(ip_of("::10.0.0.1")));
}

TEST(ip_refuses_other_spellings)
{
    static const char *const wrong[] = {
        "",           "1.2.3",    "1.2.3.4.5", "1.2.3.256", "01.2.3.4",  "0x1.2.3.4",
        "1.2.3.4 ",   " 1.2.3.4", "16909060",  "[::1]",     "::1%lo",    "fe80::1%eth0",
        "1.2.3.4:80", ":::",      "1::2::3",   "12345::",   "localhost", "1.2.3.4/8",
    };
    struct ip ip;
    for (size_t i = 0; i < COUNT(wrong); i++)
        if (ip_parse(wrong[i], &ip))
            test_fail(__FILE__, __LINE__, "\"%s\" is accepted", wrong[i]);
}

TEST(ip_loopback)
{
    CHECK(ip_is_loopback(ip_of("127.0.0.1")) && ip_is_loopback(ip_of("127.255.0.9")));
    CHECK(ip_is_loopback(ip_of("::1")) && ip_is_loopback(ip_of("::ffff:127.0.0.1")));
    CHECK(!ip_is_loopback(ip_of("128.0.0.1")) && !ip_is_loopback(ip_of("::2")));
    CHECK(!ip_is_loopback(ip_of("0.0.0.0")) && !ip_is_loopback(ip_of("::")));
}

TEST(ip_ranges)
{
    static const struct {
        const char *range, *inside, *outside;
    } cases[] = {
        { "10.0.0.0/8", "10.255.255.255", "11.0.0.0" },
        { "10.0.0.0/8", "::ffff:10.1.2.3", "::10.1.2.3" },
        { "192.0.2.128/25", "192.0.2.128", "192.0.2.127" },
        { "192.0.2.7", "192.0.2.7", "192.0.2.6" },
        { "192.0.2.7/32", "192.0.2.7", "192.0.2.6" },
        { "0.0.0.0/0", "255.255.255.255", "2001:db8::" },
        { "2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::" },
        { "::/0", "1.2.3.4", NULL },
        { "::1", "::1", "::2" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ip_range range = { 0 };
        CHECK(ip_range_parse(cases[i].range, &range));
        CHECK(ip_in_range(ip_of(cases[i].inside), &range));
        CHECK(!cases[i].outside || !ip_in_range(ip_of(cases[i].outside), &range));
    }
}

TEST(ip_ranges_refuse_other_spellings)
{
    static const char *const wrong[] = { "10.0.0.1/8",   "10.0.0.0/33",    "10.0.0.0/-1",
                                         "10.0.0.0/",    "10.0.0.0/08",    "10.0.0.0/8 ",
                                         "/8",           "2001:db8::1/32", "::/129",
                                         "10.0.0.0/8/8", "10/8",           "" };
    struct ip_range range;
    for (size_t i = 0; i < COUNT(wrong); i++)
        if (ip_range_parse(wrong[i], &range))
            test_fail(__FILE__, __LINE__, "\"%s\" is accepted", wrong[i]);
}

TEST(ip_networks)
{
    CHECK_TEXT(ip_format(test_arena(), ip_network(ip_of("192.0.2.77"), 24, 48)), "192.0.2.0");
    CHECK_TEXT(ip_format(test_arena(), ip_network(ip_of("192.0.2.77"), 26, 48)), "192.0.2.64");
    CHECK_TEXT(ip_format(test_arena(), ip_network(ip_of("2001:db8:1:2:3::4"), 24, 48)),
               "2001:db8:1::");
    CHECK_TEXT(ip_format(test_arena(), ip_network(ip_of("2001:db8:1:2:3::4"), 24, 64)),
               "2001:db8:1:2::");
}
