/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where requests may go: see address_policy.h. IPv4 by the list of what is not public (IANA's
 * special-purpose registry, RFC 6890); IPv6 by what is (2000::/3) with the exceptions in it.
 */
#include "net/address_policy.h"

#include "base/text.h"

#include <netinet/in.h>
#include <string.h>

struct range4 {
    uint8_t bytes[4];
    int bits;
};

static const struct range4 not_public4[] = {
    { { 0 }, 8 },            /* this network */
    { { 10 }, 8 },           /* private, RFC 1918 */
    { { 100, 64 }, 10 },     /* shared by a provider's customers, RFC 6598 */
    { { 127 }, 8 },          /* this machine */
    { { 169, 254 }, 16 },    /* link-local; where clouds keep their metadata */
    { { 172, 16 }, 12 },     /* private */
    { { 192, 0, 0 }, 24 },   /* protocol assignments */
    { { 192, 0, 2 }, 24 },   /* documentation */
    { { 192, 88, 99 }, 24 }, /* relays of 6to4 */
    { { 192, 168 }, 16 },    /* private */
    { { 198, 18 }, 15 },     /* benchmarks */
    { { 198, 51, 100 }, 24 },
    { { 203, 0, 113 }, 24 }, /* documentation */
    { { 224 }, 4 },          /* multicast */
    { { 240 }, 4 },          /* reserved, and broadcast */
};

struct range6 {
    uint8_t bytes[6];
    int bits;
};

static const struct range6 public6 = { { 0x20 }, 3 };
static const struct range6 not_public6[] = {
    { { 0x20, 0x01 }, 23 },             /* protocol assignments; Teredo holds an IPv4 address */
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
    { { 0x20, 0x02 }, 16 },             /* 6to4 holds an IPv4 address */
    { { 0x3f, 0xff }, 20 },             /* documentation */
};

static bool is_within4(struct ip ip, const struct range4 *range)
{
    struct ip_range whole = { .bits = 96 + range->bits };
    whole.ip.bytes[10] = whole.ip.bytes[11] = 0xFF;
    memcpy(whole.ip.bytes + 12, range->bytes, sizeof range->bytes);
    return ip_in_range(ip, &whole);
}

static bool is_within6(struct ip ip, const struct range6 *range)
{
    struct ip_range whole = { .bits = range->bits };
    memcpy(whole.ip.bytes, range->bytes, sizeof range->bytes);
    return ip_in_range(ip, &whole);
}

/* RFC 5214 6.1: 00-00-5E-FE or, where the IPv4 address is thought unique, 02-00-5E-FE before it. */
static bool is_isatap(struct ip ip)
{
    const uint8_t *b = ip.bytes + 8;
    return (b[0] & ~2U) == 0 && b[1] == 0 && b[2] == 0x5E && b[3] == 0xFE;
}

bool address_is_public(struct ip ip)
{
    if (ip_is_v4(ip)) {
        for (size_t i = 0; i < COUNT(not_public4); i++)
            if (is_within4(ip, &not_public4[i]))
                return false;
        return true;
    }
    for (size_t i = 0; i < COUNT(not_public6); i++)
        if (is_within6(ip, &not_public6[i]))
            return false;
    return is_within6(ip, &public6) && !is_isatap(ip);
}

static bool admits(const struct address_policy *policy, struct ip ip)
{
    for (size_t i = 0; i < policy->allowed; i++)
        if (ip_in_range(ip, &policy->allow[i]))
            return true;
    return address_is_public(ip);
}

bool address_policy_admits(const struct address_policy *policy, const struct sockaddr *to)
{
    struct ip ip = { .bytes = { [10] = 0xFF, [11] = 0xFF } };
    if (to->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)to;
        memcpy(ip.bytes + 12, &v4->sin_addr, 4);
        return admits(policy, ip);
    }
    if (to->sa_family != AF_INET6)
        return false; /* a socket in the file system, say */
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)to;
    memcpy(ip.bytes, &v6->sin6_addr, 16);
    return !ip_is_v4(ip) && admits(policy, ip);
}

/* --- URLs --- */

static bool is_all_of(const char *text, const char *characters)
{
    return text[strspn(text, characters)] == 0;
}

/* One spelling that some library reads as an IPv4 address: its last label is a number. */
static bool looks_like_v4(const char *host)
{
    const char *dot = strrchr(host, '.');
    const char *last = dot ? dot + 1 : host;
    return is_all_of(last, "0123456789") ||
           (text_starts(last, "0x") && is_all_of(last + 2, "0123456789abcdef"));
}

/* Lower-case letters, digits and hyphens in labels of 1 to 63; no dot at the end (one spelling). */
static bool is_name(const char *host)
{
    if (!*host || strlen(host) > 253 || !is_all_of(host, "abcdefghijklmnopqrstuvwxyz0123456789-."))
        return false;
    for (const char *label = host;;) {
        size_t n = strcspn(label, ".");
        if (n == 0 || n > 63 || label[0] == '-' || label[n - 1] == '-')
            return false;
        if (!label[n])
            return true;
        label += n + 1;
    }
}

static enum err refuse(enum err answer, const char **ret_why, const char *why)
{
    *ret_why = why;
    return answer;
}

/* The host of an authority; *ret_rest is what follows it: "" or ":port". */
static const char *cut_host(struct arena *arena, const char *authority, const char **ret_rest)
{
    bool is_bracketed = authority[0] == '[';
    size_t n = strcspn(authority, is_bracketed ? "]" : ":");
    *ret_rest = authority + n + (is_bracketed && authority[n]);
    if (is_bracketed && !authority[n])
        return "";
    return text_copy(arena, MEM(authority + is_bracketed, n - is_bracketed));
}

static enum err check_host(const struct address_policy *policy, struct outbound_url *url,
                           const char **ret_why)
{
    struct ip ip = { 0 };
    bool is_ip = ip_parse(url->host, &ip) && url->is_v6 == !ip_is_v4(ip);
    if (!is_ip && (url->is_v6 || !is_name(url->host) || looks_like_v4(url->host)))
        return refuse(E_INVALID, ret_why, "the host is neither a plain name nor a plain address");
    if (is_ip && !admits(policy, ip))
        return refuse(E_DENIED, ret_why, "the address is not public");
    if (!url->is_secure && !(is_ip && ip_is_loopback(ip)))
        return refuse(E_DENIED, ret_why, "only https may be called");
    if (!is_ip && !policy->allowed && !strchr(url->host, '.'))
        return refuse(E_DENIED, ret_why, "the name has no domain");
    if (policy->own_host && text_equal(url->host, policy->own_host))
        return refuse(E_DENIED, ret_why, "this is our own name");
    return OK;
}

enum err outbound_url_parse(struct arena *arena, const struct address_policy *policy,
                            const char *url, struct outbound_url *ret, const char **ret_why)
{
    *ret = (struct outbound_url){ .is_secure = text_starts(url, "https://") };
    *ret_why = NULL;
    if (!ret->is_secure && !text_starts(url, "http://"))
        return refuse(E_DENIED, ret_why, "only https may be called");
    if (strlen(url) > OUTBOUND_URL_MAX)
        return refuse(E_INVALID, ret_why, "the URL is too long");
    for (const char *p = url; *p; p++)
        if (*p <= ' ' || *p > '~' || strchr("\"#<>\\^`{|}", *p))
            return refuse(E_INVALID, ret_why, "the URL holds a character that none may hold");

    const char *begin = strchr(url, '/') + 2, *rest;
    size_t n = strcspn(begin, "/?");
    const char *authority = text_lower_ascii(arena, text_copy(arena, MEM(begin, n)));
    if (strchr(authority, '@'))
        return refuse(E_INVALID, ret_why, "the URL holds a user name");
    int64_t port = ret->is_secure ? HTTPS_PORT : 80;
    ret->is_v6 = authority[0] == '[';
    ret->host = cut_host(arena, authority, &rest);
    if (*rest && (*rest != ':' || !text_parse_int(rest + 1, 1, 65'535, &port)))
        return refuse(E_INVALID, ret_why, "the URL holds no valid port");
    if (port != HTTPS_PORT && !policy->any_port)
        return refuse(E_DENIED, ret_why, "only port 443 may be called");
    ret->port = (int)port;
    ret->target = text_format(arena, "%s%s", begin[n] == '/' ? "" : "/", begin + n);
    return check_host(policy, ret, ret_why);
}
