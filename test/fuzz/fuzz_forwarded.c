/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X-Forwarded-For and Forwarded. Oracles: an untrusted peer is itself whatever it sends; one more
 * trusted hop at the right end changes nothing; an untrusted one there is the client, whatever
 * stands to its left.
 */
#include "base/text.h"
#include "http/forwarded.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static struct ip client(const char *peer, const char *name, const char *value)
{
    struct ip_range trusted;
    struct http_header header = { name, value };
    struct http_request rq = { .headers = &header, .header_count = 1 };
    require(ip_range_parse("10.0.0.0/8", &trusted) && ip_parse(peer, &rq.peer));
    return forwarded_client(&rq, &(struct forwarded_trust){ .list = &trusted, .count = 1 });
}

static size_t hops(const char *value)
{
    size_t count = 1;
    for (; *value; value++)
        count += *value == ',';
    return count;
}

static void check(struct arena *arena, const char *name, const char *before, const char *value)
{
    struct ip stranger;
    require(ip_parse("198.51.100.7", &stranger));
    require(ip_equal(client("198.51.100.7", name, value), stranger));
    const char *with_stranger = text_format(arena, "%s, %s198.51.100.7", value, before);
    require(ip_equal(client("10.0.0.1", name, with_stranger), stranger));
    if (*value && hops(value) < 30)
        require(ip_equal(
            client("10.0.0.2", name, value),
            client("10.0.0.1", name, text_format(arena, "%s, %s10.0.0.2", value, before))));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct arena arena;
    arena_init(&arena, 16 << 20);
    const char *value = text_copy(&arena, MEM(p, n));
    check(&arena, "x-forwarded-for", "", value);
    check(&arena, "forwarded", "for=", value);
    arena_done(&arena);
    return 0;
}
