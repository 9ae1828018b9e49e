/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cookies: see cookie.h.
 */
#include "http/cookie.h"

#include "base/text.h"

#include <assert.h>
#include <string.h>

/* RFC 6265 4.1.1: a value has no spaces, quotes, commas, semicolons or backslashes. */
static bool is_value(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] <= ' ' || p[i] == 0x7F || strchr("\",;\\", p[i]))
            return false;
    return true;
}

static bool is_name(const char *p, size_t n)
{
    return n > 0 && is_value(p, n) && !memchr(p, '=', n);
}

enum err cookie_find(struct arena *arena, const char *header, const char *name, const char **ret)
{
    size_t name_n = strlen(name);
    const char *found = NULL;
    size_t found_n = 0;
    for (const char *p = header; p && *p;) {
        p += strspn(p, "; \t");
        size_t n = strcspn(p, ";"), full = n;
        while (n && (p[n - 1] == ' ' || p[n - 1] == '\t'))
            n--;
        if (n > name_n && p[name_n] == '=' && strncmp(p, name, name_n) == 0) {
            if (found)
                return E_INVALID;
            found = p + name_n + 1;
            found_n = n - name_n - 1;
        }
        p += full;
    }
    if (!found || !is_value(found, found_n))
        return E_NOT_FOUND;
    *ret = text_copy(arena, MEM(found, found_n));
    return OK;
}

char *cookie_format(struct arena *arena, const char *name, const char *value,
                    int64_t max_age_seconds, bool secure)
{
    assert(is_name(name, strlen(name)) && is_value(value, strlen(value)));
    int64_t age = max_age_seconds < 0 ? 0 : max_age_seconds;
    const char *life = max_age_seconds ? text_format(arena, "; Max-Age=%lld", (long long)age) : "";
    return text_format(arena, "%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s", name, value, life,
                       secure ? "; Secure" : "");
}
