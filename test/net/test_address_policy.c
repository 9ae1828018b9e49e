/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where requests may go: every range that may not be called, every spelling of a host.
 */
#include "net/address_policy.h"

#include "../test.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

/* The address as connect() gets it. */
static bool admits(const struct address_policy *policy, const char *address)
{
    struct sockaddr_storage to = { 0 };
    struct sockaddr_in *v4 = (struct sockaddr_in *)&to;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&to;
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1)
        to.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1)
        to.ss_family = AF_INET6;
    else
        test_fail(__FILE__, __LINE__, "no address: %s", address);
    return address_policy_admits(policy, (struct sockaddr *)&to);
}

/* First and last of each, and neighbours below. */
static const char *const not_public[] = {
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "127.0.0.0",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.255",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.0",
    "239.255.255.255",
    "240.0.0.0",
    "255.255.255.255",
    "::",
    "::1",
    "::2",
    "::7f00:1",
    "::8.8.8.8",
    "::ffff:0:0",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "64:ff9b:1:ffff::1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:1f::1",
    "2001:1ff:ffff::1",
    "2001:db8::1",
    "2002::1",
    "2002:7f00:1::1",
    "2002:ffff::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fdff::1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "ff00::1",
    "ff02::1",
    "ffff::1",
    "2a00:1450::5efe:10.0.0.1",
    "2a00:1450::200:5efe:8.8.8.8",
};
static const char *const admitted[] = {
    "1.0.0.0",         "8.8.8.8",      "9.255.255.255",   "11.0.0.0",
    "100.63.255.255",  "100.128.0.0",  "126.255.255.255", "128.0.0.0",
    "169.253.255.255", "169.255.0.0",  "172.15.255.255",  "172.32.0.0",
    "191.255.255.255", "192.0.1.0",    "192.167.0.0",     "192.169.0.0",
    "198.17.0.0",      "198.20.0.0",   "223.255.255.255", "2000::1",
    "2001:200::1",     "2001:4860::1", "2003::1",         "2606:4700::6810:84e5",
    "2a00:1450::1",    "3ffe::1",      "2a00::5eff:1:1",
};

TEST(SSRF_01_no_range_that_is_not_public_is_called)
{
    static const struct address_policy policy;
    for (size_t i = 0; i < COUNT(not_public); i++)
        if (admits(&policy, not_public[i]))
            test_fail(__FILE__, __LINE__, "%s", not_public[i]);
    for (size_t i = 0; i < COUNT(admitted); i++)
        if (!admits(&policy, admitted[i]))
            test_fail(__FILE__, __LINE__, "%s", admitted[i]);
}

TEST(SSRF_01_what_the_operator_allows_is_called_and_nothing_beside_it)
{
    struct address_policy policy = { .allowed = 2 };
    CHECK(ip_range_parse("10.1.0.0/16", &policy.allow[0]));
    CHECK(ip_range_parse("fd00:1::/32", &policy.allow[1]));
    CHECK(admits(&policy, "10.1.2.3"));
    CHECK(admits(&policy, "fd00:1::1"));
    CHECK(admits(&policy, "8.8.8.8"));
    CHECK(!admits(&policy, "10.2.0.1"));
    CHECK(!admits(&policy, "fd00:2::1"));
    CHECK(!admits(&policy, "127.0.0.1"));
    CHECK(!admits(&policy, "::ffff:10.1.2.3"));
}

TEST(SSRF_04_a_socket_in_the_file_system_is_no_address)
{
    static const struct address_policy policy = { .any_port = true };
    struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/run/docker.sock" };
    CHECK(!address_policy_admits(&policy, (struct sockaddr *)&to));
}

struct sample {
    const char *url;
    enum err answer;
    const char *host, *target;
};

static void check_samples(const struct address_policy *policy, const struct sample *samples,
                          size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct outbound_url url;
        const char *why;
        enum err e = outbound_url_parse(test_arena(), policy, samples[i].url, &url, &why);
        if (e != samples[i].answer)
            test_fail(__FILE__, __LINE__, "%s: %s", samples[i].url, err_name(e));
        CHECK((e == OK) == (why == NULL));
        if (e || samples[i].answer)
            continue;
        CHECK_TEXT(url.host, samples[i].host);
        CHECK_TEXT(url.target, samples[i].target);
    }
}

TEST(SSRF_01_a_host_has_one_spelling)
{
    static const struct sample samples[] = {
        { "https://example.org", OK, "example.org", "/" },
        { "https://EXAMPLE.org/A?b=C", OK, "example.org", "/A?b=C" },
        { "https://example.org?b", OK, "example.org", "/?b" },
        { "https://example.org:443/", OK, "example.org", "/" },
        { "https://8.8.8.8/", OK, "8.8.8.8", "/" },
        { "https://[2606:4700::1]:443/x", OK, "2606:4700::1", "/x" },
        { "https://xn--bcher-kva.example/", OK, "xn--bcher-kva.example", "/" },
        { "https://1a.example/", OK, "1a.example", "/" },
        { "https://127.0.0.1/", E_DENIED },
        { "https://[::1]/", E_DENIED },
        { "https://[::]/", E_DENIED },
        { "https://10.0.0.1:443/", E_DENIED },
        { "https://[fe80::1]/", E_DENIED },
        { "https://[fe80::1%25eth0]/", E_INVALID },
        { "https://[::ffff:8.8.8.8]/", E_INVALID },
        { "https://[8.8.8.8]/", E_INVALID },
        { "https://::1/", E_INVALID },
        { "https://2130706433/", E_INVALID },
        { "https://017700000001/", E_INVALID },
        { "https://0x7f000001/", E_INVALID },
        { "https://0X7F000001/", E_INVALID },
        { "https://0x7f.0.0.1/", E_INVALID },
        { "https://127.0.0.0x1/", E_INVALID },
        { "https://0177.0.0.1/", E_INVALID },
        { "https://127.1/", E_INVALID },
        { "https://127.0.1/", E_INVALID },
        { "https://127.0.0.1./", E_INVALID },
        { "https://8.8.8.08/", E_INVALID },
        { "https://8.8.8.8.8/", E_INVALID },
        { "https://example.0x/", E_INVALID },
        { "https://localhost/", E_DENIED },
        { "https://localhost./", E_INVALID },
        { "https://example.org./", E_INVALID },
        { "https://metadata/", E_DENIED },
        { "https://.example.org/", E_INVALID },
        { "https://a..example.org/", E_INVALID },
        { "https://-a.example.org/", E_INVALID },
        { "https://a_b.example.org/", E_INVALID },
        { "https://a%2eexample.org/", E_INVALID },
        { "https://b\xC3\xBC"
          "cher.example/",
          E_INVALID },
        { "https://\xE2\x91\xA0.example/", E_INVALID },
        { "https:///", E_INVALID },
        { "https://", E_INVALID },
    };
    static const struct address_policy policy;
    check_samples(&policy, samples, COUNT(samples));
}

TEST(SSRF_01_our_own_name_is_not_called)
{
    static const struct sample samples[] = {
        { "https://sign-in.example.org/", E_DENIED },
        { "https://SIGN-IN.example.org:443/x", E_DENIED },
        { "https://sign-in.example.org./", E_INVALID },
        { "https://other.example.org/", OK, "other.example.org", "/" },
    };
    static const struct address_policy policy = { .own_host = "sign-in.example.org" };
    check_samples(&policy, samples, COUNT(samples));
}

TEST(SSRF_04_other_schemes_ports_and_users_are_refused)
{
    static const struct sample samples[] = {
        { "http://example.org/", E_DENIED },
        { "http://8.8.8.8:443/", E_DENIED },
        { "http://127.0.0.1:443/", E_DENIED },
        { "ftp://example.org/", E_DENIED },
        { "gopher://example.org/", E_DENIED },
        { "file:///etc/passwd", E_DENIED },
        { "unix:/run/docker.sock", E_DENIED },
        { "HTTPS://example.org/", E_DENIED },
        { "//example.org/", E_DENIED },
        { "example.org", E_DENIED },
        { "", E_DENIED },
        { "https://user:pass@example.org/", E_INVALID },
        { "https://user@example.org/", E_INVALID },
        { "https://@example.org/", E_INVALID },
        { "https://example.org/a@b", OK, "example.org", "/a@b" },
        { "https://example.org#@evil.example/", E_INVALID },
        { "https://example.org\\@evil.example/", E_INVALID },
        { "https://example.org/a b", E_INVALID },
        { "https://example.org/a\r\nHost: b", E_INVALID },
        { "https://example.org/\x7F", E_INVALID },
        { "https://example.org:80/", E_DENIED },
        { "https://example.org:22/", E_DENIED },
        { "https://example.org:0/", E_INVALID },
        { "https://example.org:/", E_INVALID },
        { "https://example.org:65536/", E_INVALID },
        { "https://example.org:443:443/", E_INVALID },
        { "https://example.org:+443/", E_INVALID },
        { "https://example.org:0443/", E_INVALID },
        { "https://[2606:4700::1]443/", E_INVALID },
        { "https://[2606:4700::1/", E_INVALID },
    };
    static const struct address_policy policy;
    check_samples(&policy, samples, COUNT(samples));
}

TEST(SSRF_04_a_caller_may_open_ports_and_plain_loopback)
{
    static const struct sample samples[] = {
        { "https://example.org:8443/", OK, "example.org", "/" },
        { "http://127.0.0.1:8080/x", OK, "127.0.0.1", "/x" },
        { "http://127.0.0.2:8080/x", E_DENIED },
        { "http://example.org:8080/", E_DENIED },
        { "http://10.1.0.1:8080/", E_DENIED },
        { "https://10.1.0.1:8080/", OK, "10.1.0.1", "/" },
        { "https://proxy/", OK, "proxy", "/" },
    };
    struct address_policy policy = { .allowed = 2, .any_port = true };
    CHECK(ip_range_parse("127.0.0.1", &policy.allow[0]));
    CHECK(ip_range_parse("10.1.0.0/16", &policy.allow[1]));
    check_samples(&policy, samples, COUNT(samples));
}

TEST(SSRF_04_a_url_has_a_longest)
{
    static const struct address_policy policy;
    struct outbound_url url;
    const char *why;
    char *text = text_format(test_arena(), "https://example.org/%02028d", 1);
    CHECK_NUM(strlen(text), OUTBOUND_URL_MAX);
    CHECK_OK(outbound_url_parse(test_arena(), &policy, text, &url, &why));
    CHECK_ERR(outbound_url_parse(test_arena(), &policy, text_format(test_arena(), "%s1", text),
                                 &url, &why),
              E_INVALID);
}
