/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where somebody goes on: see next.h.
 */
#include "web/next.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { NEXT_MAX = 500 };

/* Of a byte that is no control character. */
static bool is_escape(const char *p)
{
    return isxdigit((unsigned char)p[1]) && isxdigit((unsigned char)p[2]) && p[1] > '1' &&
           strncasecmp(p, "%7f", 3) != 0;
}

/* Only a path of ours, spelled plainly: browsers read "//", "/\" and control characters as
 * something else. Escapes are for the query alone: a path needs none here, and hides things in
 * them. */
static bool is_plain_path(const char *next)
{
    bool is_query = false;
    if (!next || next[0] != '/' || strlen(next) > NEXT_MAX || strstr(next, "//") ||
        strstr(next, ".."))
        return false;
    for (const char *p = next; *p; p++) {
        is_query = is_query || *p == '?';
        bool is_fine = *p == '%' ? is_query && is_escape(p)
                                 : *p > ' ' && *p <= '~' && !strchr("\\\"<>^`{|}#@:", *p);
        if (!is_fine)
            return false;
    }
    return true;
}

const char *safe_next(const char *next, const char *fallback)
{
    struct arena scratch;
    struct match m;
    char path[NEXT_MAX + 1];
    if (!is_plain_path(next))
        return fallback;
    size_t n = strcspn(next, "?");
    memcpy(path, next, n);
    path[n] = 0;
    arena_init(&scratch, 4096);
    enum err e = router_match(HTTP_GET, path, &scratch, &m);
    arena_done(&scratch);
    return e == OK && !route_is_api(m.route) ? next : fallback;
}

const char *with_next(struct arena *arena, const char *page, const char *next)
{
    if (!next || text_equal(next, "/"))
        return page;
    return text_format(arena, "%s?next=%s", page, text_percent(arena, next, "/"));
}

const char *wanted_next(struct req *rq)
{
    for (int i = 0; i < ROUTE_FIELDS && rq->route->fields[i].name; i++)
        if (text_equal(rq->route->fields[i].name, "next"))
            return safe_next(rq->values[i], "/");
    return NULL;
}

const char *page_here(struct req *rq)
{
    const struct http_request *asked = &rq->x->request;
    const char *path = safe_next(asked->path, "/");
    if (!rq->route || !route_is_safe(rq->route) || rq->route->has_token)
        return path;
    const char *next = wanted_next(rq);
    return next ? with_next(rq->arena, path, next) : safe_next(asked->target, path);
}

const char *page_set_next(struct req *rq, const char *next)
{
    const char *path = safe_next(next, "/");
    vars_text(rq->vars, "value_next", path[1] ? path : NULL);
    return path;
}
