/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers where two parts of the program have a say.
 */
#include "world.h"

#include <string.h>

static int count_header(const struct reply *r, const char *start)
{
    int count = 0;
    for (const char *p = r->headers; (p = strstr(p, start)); p++)
        count++;
    return count;
}

/* What may be cached says so, and nothing else does. */
TEST_IN_WORLD(each_answer_says_once_how_it_may_be_cached)
{
    static const struct {
        const char *path, *cached;
    } cases[] = {
        { "/.well-known/jwks.json", "public, max-age=600" },
        { "/static/cardea.css", "public, no-cache" },
        { "/login", "no-store" },
        { "/v1/auth/me", "no-store" },
        { "/nothing", "no-store" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reply *r = get(client(w), cases[i].path);
        CHECK_TEXT(header_of(r, "cache-control"), cases[i].cached);
        CHECK_NUM(count_header(r, "cache-control:"), 1);
    }
}
