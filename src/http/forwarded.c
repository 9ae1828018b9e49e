/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client behind proxies: see forwarded.h. A stranger can write anything to the left of what our
 * proxies added, so the chain is read from the right and only as long as the hops are ours.
 */
#include "http/forwarded.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

enum { HOPS_MAX = 32, HOP_CHARS = 64 };

static bool is_trusted(struct ip ip, const struct forwarded_trust *trust)
{
    for (size_t i = 0; i < trust->count; i++)
        if (ip_in_range(ip, &trust->list[i]))
            return true;
    return false;
}

static bool is_port(const char *p)
{
    int64_t port;
    return text_parse_int(p, 0, 65535, &port);
}

/* "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711"; changes p.
 */
static bool parse_node(char *p, struct ip *ret)
{
    char *port = NULL;
    if (*p == '[') {
        char *end = strchr(++p, ']');
        if (!end || (end[1] && end[1] != ':'))
            return false;
        port = end[1] ? end + 2 : NULL;
        *end = 0;
        if (!strchr(p, ':'))
            return false; /* brackets are for IPv6 */
    } else if (strchr(p, '.') && (port = strchr(p, ':')) && strchr(p, '.') < port) {
        *port++ = 0;
    } else {
        port = NULL;
    }
    return (!port || is_port(port)) && ip_parse(p, ret);
}

static void trim(const char **p, size_t *n)
{
    while (*n && (**p == ' ' || **p == '\t')) {
        (*p)++;
        (*n)--;
    }
    while (*n && ((*p)[*n - 1] == ' ' || (*p)[*n - 1] == '\t'))
        (*n)--;
}

static bool parse_hop(const char *p, size_t n, struct ip *ret)
{
    char text[HOP_CHARS];
    trim(&p, &n);
    if (n >= 2 && p[0] == '"' && p[n - 1] == '"') {
        p++;
        n -= 2;
    }
    if (n == 0 || n >= sizeof text)
        return false;
    memcpy(text, p, n);
    text[n] = 0;
    return parse_node(text, ret);
}

/* RFC 7239 4: the for= parameter of one element, which occurs once. */
static bool parse_element(const char *p, size_t n, struct ip *ret)
{
    bool found = false;
    for (const char *end = p + n; p < end;) {
        const char *stop = memchr(p, ';', (size_t)(end - p));
        const char *pair = p;
        size_t length = (size_t)((stop ? stop : end) - p);
        p += length + 1;
        trim(&pair, &length);
        if (length < 4 || strncasecmp(pair, "for=", 4) != 0)
            continue;
        if (found || !parse_hop(pair + 4, length - 4, ret))
            return false;
        found = true;
    }
    return found;
}

/* The element that ends at *end (exclusive); *end moves to the comma in front of it or to 0. */
static const char *take_last(const char *list, size_t *end, size_t *ret_n)
{
    const char *comma = memrchr(list, ',', *end);
    const char *element = comma ? comma + 1 : list;
    *ret_n = (size_t)(list + *end - element);
    *end = comma ? (size_t)(comma - list) : 0;
    return element;
}

/* From the right, as long as the hops are ours. */
static struct ip walk(const struct http_request *rq, const char *list, bool is_plain,
                      const struct forwarded_trust *trust)
{
    struct ip client = rq->peer, hop;
    size_t left = strlen(list), n;
    bool is_ours = !rq->is_unnamed && (rq->is_unix || is_trusted(client, trust));
    for (int i = 0; i < HOPS_MAX && left > 0 && is_ours; i++) {
        const char *element = take_last(list, &left, &n);
        if (!(is_plain ? parse_hop(element, n, &hop) : parse_element(element, n, &hop)))
            break;
        client = hop;
        is_ours = is_trusted(client, trust);
    }
    return client;
}

/* The last proxy's element says who the client is; some write only by which scheme it came. */
static bool names_client(const char *list)
{
    size_t left = strlen(list), n;
    const char *p = take_last(list, &left, &n), *end = p + n;
    while (p < end) {
        size_t length = strcspn(p, ";,");
        const char *pair = p;
        p += length + 1;
        trim(&pair, &length);
        if (length >= 4 && strncasecmp(pair, "for=", 4) == 0)
            return true;
    }
    return false;
}

/* Whom each header names; false: at most one of them is there and counts, and both are it. */
static bool read_both(const struct http_request *rq, const struct forwarded_trust *trust,
                      struct ip ret[2])
{
    const char *plain = http_header_find(rq, "x-forwarded-for");
    const char *list = http_header_find(rq, "forwarded");
    if (trust->header == FORWARDED_STANDARD)
        plain = NULL;
    if (trust->header == FORWARDED_PLAIN || (plain && list && !names_client(list)))
        list = NULL;
    ret[0] = plain ? walk(rq, plain, true, trust) : rq->peer;
    ret[1] = list ? walk(rq, list, false, trust) : rq->peer;
    if (plain && list)
        return true;
    ret[plain ? 1 : 0] = ret[plain ? 0 : 1];
    return false;
}

bool forwarded_claims(const struct http_request *rq, const struct forwarded_trust *trust,
                      struct ip ret[2])
{
    return read_both(rq, trust, ret) && !ip_equal(ret[0], ret[1]);
}

struct ip forwarded_client(const struct http_request *rq, const struct forwarded_trust *trust)
{
    struct ip named[2];
    return forwarded_claims(rq, trust, named) ? rq->peer : named[0];
}
