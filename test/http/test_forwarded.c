/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RATE-01: the client's address behind proxies, and what strangers try to make of it.
 */
#include "../test.h"

#include "base/buf.h"
#include "http/forwarded.h"

static struct ip client_by(const struct http_request *rq, const struct ip_range *trusted,
                           size_t count, enum forwarded_header header)
{
    struct forwarded_trust trust = { trusted, count, header };
    return forwarded_client(rq, &trust);
}

static const char *client(const char *peer, const char *name, const char *value)
{
    struct ip_range trusted[3];
    struct http_header header = { name, value };
    struct http_request rq = { .headers = &header, .header_count = name != NULL };
    CHECK(ip_range_parse("10.0.0.0/8", &trusted[0]));
    CHECK(ip_range_parse("::1", &trusted[1]));
    CHECK(ip_range_parse("2001:db8:1::/48", &trusted[2]));
    CHECK(ip_parse(peer, &rq.peer));
    return ip_format(test_arena(), client_by(&rq, trusted, COUNT(trusted), FORWARDED_EITHER));
}

TEST(RATE_01_untrusted_peers_are_not_believed)
{
    CHECK_TEXT(client("192.0.2.1", NULL, NULL), "192.0.2.1");
    CHECK_TEXT(client("192.0.2.1", "x-forwarded-for", "198.51.100.7"), "192.0.2.1");
    CHECK_TEXT(client("192.0.2.1", "forwarded", "for=198.51.100.7"), "192.0.2.1");
    CHECK_TEXT(client("10.0.0.1", "x-real-ip", "198.51.100.7"), "10.0.0.1");
    CHECK_TEXT(client("10.0.0.1", "true-client-ip", "198.51.100.7"), "10.0.0.1");
}

TEST(RATE_01_rightmost_untrusted_hop_counts)
{
    static const char *const rows[][2] = {
        { "198.51.100.7", "198.51.100.7" },
        { "1.1.1.1, 198.51.100.7", "198.51.100.7" },
        { "1.1.1.1,198.51.100.7 , 10.1.2.3", "198.51.100.7" },
        { "198.51.100.7:4711", "198.51.100.7" },
        { "2001:db8:2::7", "2001:db8:2::7" },
        { "[2001:db8:2::7]", "2001:db8:2::7" },
        { "[2001:db8:2::7]:4711", "2001:db8:2::7" },
        { "198.51.100.7, [2001:db8:1::5]:80, ::ffff:10.0.0.9", "198.51.100.7" },
        { "10.0.0.2, 10.0.0.3", "10.0.0.2" },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(client("10.0.0.1", "x-forwarded-for", rows[i][0]), rows[i][1]);
}

TEST(RATE_01_malformed_hops_end_the_walk)
{
    static const char *const rows[][2] = {
        { "", "10.0.0.1" },
        { "unknown", "10.0.0.1" },
        { ",", "10.0.0.1" },
        { "198.51.100.7,", "10.0.0.1" },
        { "198.51.100.7, x", "10.0.0.1" },
        { "198.51.100.7, x, 10.0.0.2", "10.0.0.2" },
        { "fe80::1%eth0", "10.0.0.1" },
        { "198.51.100.7:99999", "10.0.0.1" },
        { "198.51.100.7:", "10.0.0.1" },
        { "198.51.100.7:8x", "10.0.0.1" },
        { "198.51.100", "10.0.0.1" },
        { "0198.51.100.7", "10.0.0.1" },
        { "[198.51.100.7]:80", "10.0.0.1" },
        { "[2001:db8:2::7", "10.0.0.1" },
        { "[2001:db8:2::7]80", "10.0.0.1" },
        { "198.51.100.7 10.0.0.2", "10.0.0.1" },
        { "0000000000000000000000000000000000000000000000000000000000000000001.1.1.1", "10.0.0.1" },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(client("10.0.0.1", "x-forwarded-for", rows[i][0]), rows[i][1]);
}

TEST(RATE_01_forwarded_header)
{
    static const char *const rows[][2] = {
        { "for=198.51.100.7", "198.51.100.7" },
        { "For=\"198.51.100.7:4711\";proto=https", "198.51.100.7" },
        { "proto=https; for=\"[2001:db8:2::7]:4711\" ;by=x", "2001:db8:2::7" },
        { "for=1.1.1.1, for=198.51.100.7;by=10.0.0.3, for=10.0.0.2", "198.51.100.7" },
        { "for=\"1.1.1.1, for=198.51.100.7", "198.51.100.7" },
        { "for=unknown", "10.0.0.1" },
        { "for=_hidden, for=10.0.0.2", "10.0.0.2" },
        { "for=198.51.100.7;for=198.51.100.8", "10.0.0.1" },
        { "proto=https", "10.0.0.1" },
        { "for=\"198.51.100.7", "10.0.0.1" },
        { "for=", "10.0.0.1" },
        { "", "10.0.0.1" },
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        CHECK_TEXT(client("10.0.0.1", "forwarded", rows[i][0]), rows[i][1]);
}

TEST(RATE_01_a_hundred_hops_are_cut)
{
    struct buf b;
    buf_init(&b, test_arena(), 4000);
    buf_text(&b, "198.51.100.7");
    for (int i = 0; i < 100; i++)
        buf_format(&b, ", 10.0.1.%d", i);
    CHECK_TEXT(client("10.0.0.1", "x-forwarded-for", b.p), "10.0.1.68");
}

static const char *client_when(const struct http_request *rq, enum forwarded_header header)
{
    struct ip_range trusted;
    CHECK(ip_range_parse("10.0.0.0/8", &trusted));
    return ip_format(test_arena(), client_by(rq, &trusted, 1, header));
}

static const char *client_of(const struct http_request *rq)
{
    return client_when(rq, FORWARDED_EITHER);
}

/* A proxy writes one of the headers and passes on the other as the stranger wrote it. */
TEST(RATE_01_two_headers_that_disagree_are_none)
{
    static const char *const rows[][3] = {
        { "198.51.100.7", "for=198.51.100.7", "198.51.100.7" },
        { "198.51.100.7", "for=203.0.113.9", "10.0.0.1" },
        { "203.0.113.9, 198.51.100.7", "for=203.0.113.9", "10.0.0.1" },
        { "198.51.100.7", "proto=https;host=a.example", "198.51.100.7" },
        { "198.51.100.7", "", "198.51.100.7" },
        { "198.51.100.7", "for=203.0.113.9, proto=https", "198.51.100.7" },
        { "198.51.100.7", "proto=https; For=203.0.113.9", "10.0.0.1" },
        { "198.51.100.7", "for=", "10.0.0.1" },
        { "", "for=198.51.100.7", "10.0.0.1" },
        { "198.51.100.7", "for=unknown", "10.0.0.1" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_header headers[] = { { "x-forwarded-for", rows[i][0] },
                                         { "forwarded", rows[i][1] } };
        struct http_request rq = { .headers = headers, .header_count = 2 };
        CHECK(ip_parse("10.0.0.1", &rq.peer));
        CHECK_TEXT(client_of(&rq), rows[i][2]);
    }
}

/* Who says which one the proxies write need not guess: a made-up other one changes nothing. */
TEST(RATE_01_the_header_that_the_proxies_write_is_the_one_that_counts)
{
    static const char *const rows[][4] = {
        /* X-Forwarded-For, Forwarded, client by the first, by the second */
        { "198.51.100.7", "for=203.0.113.9", "198.51.100.7", "203.0.113.9" },
        { "203.0.113.9, 198.51.100.7", "for=203.0.113.9", "198.51.100.7", "203.0.113.9" },
        { "198.51.100.7", "for=\"", "198.51.100.7", "10.0.0.1" },
        { "x", "for=203.0.113.9", "10.0.0.1", "203.0.113.9" },
        { "198.51.100.7", "proto=https", "198.51.100.7", "10.0.0.1" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_header headers[] = { { "x-forwarded-for", rows[i][0] },
                                         { "forwarded", rows[i][1] } };
        struct http_request rq = { .headers = headers, .header_count = 2 };
        CHECK(ip_parse("10.0.0.1", &rq.peer));
        CHECK_TEXT(client_when(&rq, FORWARDED_PLAIN), rows[i][2]);
        CHECK_TEXT(client_when(&rq, FORWARDED_STANDARD), rows[i][3]);
        struct ip claims[2];
        struct ip_range trusted;
        CHECK(ip_range_parse("10.0.0.0/8", &trusted));
        CHECK(!forwarded_claims(&rq, &(struct forwarded_trust){ &trusted, 1, FORWARDED_PLAIN },
                                claims));
        CHECK(!forwarded_claims(&rq, &(struct forwarded_trust){ &trusted, 1, FORWARDED_STANDARD },
                                claims));
    }
}

/* PROXY UNKNOWN and LOCAL: whoever wrote the request may be anybody, also by our own socket. */
TEST(RATE_01_a_client_that_no_proxy_named_is_not_believed)
{
    struct http_header headers[] = { { "x-forwarded-for", "198.51.100.7" },
                                     { "forwarded", "for=203.0.113.9" } };
    for (size_t n = 1; n <= COUNT(headers); n++) {
        struct http_request rq = { .headers = headers, .header_count = n, .is_unnamed = true };
        CHECK(ip_parse("10.0.0.1", &rq.peer));
        CHECK_TEXT(client_of(&rq), "10.0.0.1");
        rq.is_unix = true;
        CHECK_TEXT(client_of(&rq), "10.0.0.1");
    }
}

/* Whoever may open our socket is a proxy on this machine; whoever comes to ::1 by TCP may be
   anybody on it. */
TEST(RATE_01_a_unix_peer_is_a_trusted_hop)
{
    struct http_header header = { "x-forwarded-for", "198.51.100.7" };
    struct http_request rq = { .headers = &header, .header_count = 1, .is_unix = true };
    CHECK(ip_parse("::1", &rq.peer));
    CHECK_TEXT(client_of(&rq), "198.51.100.7");
    header.value = "198.51.100.7, ::1"; /* but ::1 further on is not */
    CHECK_TEXT(client_of(&rq), "::1");
    rq.is_unix = false;
    CHECK_TEXT(client_of(&rq), "::1");
    header.value = "x";
    rq.is_unix = true;
    CHECK_TEXT(client_of(&rq), "::1");
}
