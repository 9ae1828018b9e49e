/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cookie headers. Oracles: a cookie that was found is found again among others, whatever stands in
 * front of or behind it, and a second one of its name is always seen.
 */
#include "base/text.h"
#include "http/cookie.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void require(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct arena arena;
    const char *value, *again;
    arena_init(&arena, 16 << 20);
    const char *header = text_copy(&arena, MEM(p, n));
    enum err e = cookie_find(&arena, header, "s", &value);
    require(e == OK || e == E_NOT_FOUND || e == E_INVALID);
    if (e == OK) {
        require(strpbrk(value, " \",;\\") == NULL);
        require(strstr(cookie_format(&arena, "s", value, 0, true), value) != NULL);
        require(cookie_find(&arena, text_format(&arena, "a=b; s=%s; c=d", value), "s", &again) ==
                OK);
        require(text_equal(value, again));
        require(cookie_find(&arena, text_format(&arena, "%s; s=x", header), "s", &again) ==
                E_INVALID);
    }
    arena_done(&arena);
    return 0;
}
