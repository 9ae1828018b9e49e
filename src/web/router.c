/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The router: see route.h. A table of a hundred entries is walked; a path is compared segment by
 * segment.
 */
#include "web/route.h"

#include "base/text.h"
#include "service/setting.h"
#include "web/meter.h"

#include <assert.h>
#include <string.h>

enum { ROUTES_MAX = 256 };

static const struct route *table[ROUTES_MAX];
static size_t count;

bool route_is_api(const struct route *route)
{
    return text_starts(route->path, "/v1/");
}

bool route_is_safe(const struct route *route)
{
    return route->method == HTTP_GET || route->method == HTTP_HEAD;
}

bool route_asks_for_session(const struct route *route)
{
    return route->access >= VISITOR && route->access <= ADMIN;
}

bool route_exists(const struct route *route)
{
    return (route->access != DEVELOPMENT || setting_is_development()) &&
           (route->access != FIXTURE || setting_is_ephemeral());
}

const char *route_access_name(enum access access)
{
    static const char *const names[] = {
        [ACCESS_UNSET] = "nobody",   [ANYONE] = "anyone",
        [VISITOR] = "anyone",        [SIGNED_IN] = "signed in",
        [SUPPORT] = "support",       [BILLING] = "billing admin",
        [ADMIN] = "admin",           [PROBE] = "anyone",
        [OPERATIONS] = "operations", [DEVELOPMENT] = "development",
        [FIXTURE] = "test fixture",
    };
    return names[access];
}

static void check(const struct route *route)
{
    assert(route->access != ACCESS_UNSET);
    assert(route->run || (route->page && route_is_safe(route)));
    assert(route->help);
    for (size_t i = 0; i < count; i++)
        assert(table[i]->method != route->method || !text_equal(table[i]->path, route->path));
}

void router_open(const struct route *const *lists)
{
    count = 0;
    for (; *lists; lists++) {
        for (const struct route *route = *lists; route->path; route++) {
            assert(count < ROUTES_MAX);
            check(route);
            table[count++] = route;
        }
    }
    meters_open();
}

size_t router_count(void)
{
    return count;
}

const struct route *router_nth(size_t i)
{
    return table[i];
}

int router_index(const struct route *route)
{
    for (size_t i = 0; i < count; i++)
        if (table[i] == route)
            return (int)i;
    return -1;
}

/* Compares a path with a pattern; "{name}" takes one segment. Values point into path until copied.
 */
static bool fits(const char *pattern, const char *path, struct match *m, size_t lengths[])
{
    int found = 0;
    while (*pattern && *path) {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        size_t n = strcspn(path, "/");
        if (!n || found == ROUTE_PARAMS)
            return false;
        m->names[found] = pattern + 1;
        m->values[found] = path;
        lengths[found++] = n;
        pattern += strcspn(pattern, "}") + 1;
        path += n;
    }
    return !*pattern && !*path;
}

static void copy_params(struct arena *arena, struct match *m, const size_t lengths[])
{
    for (int i = 0; i < ROUTE_PARAMS && m->names[i]; i++) {
        m->names[i] = text_copy(arena, MEM(m->names[i], strcspn(m->names[i], "}")));
        m->values[i] = text_copy(arena, MEM(m->values[i], lengths[i]));
    }
}

static void allow(struct match *m, enum http_method method)
{
    const char *name = method == HTTP_GET ? "GET, HEAD" : http_method_name(method);
    size_t n = strlen(m->allow), more = strlen(name);
    if (n + more + 3 > sizeof m->allow)
        return;
    if (n)
        memcpy(m->allow + n, ", ", 2);
    memcpy(m->allow + n + (n ? 2 : 0), name, more + 1);
}

/* The first place where they differ is a parameter. A quick look before a closer one. */
static bool may_fit(const char *pattern, const char *path)
{
    while (*pattern && *pattern == *path) {
        pattern++;
        path++;
    }
    return *pattern == '{' || (!*pattern && !*path);
}

enum err router_match(enum http_method method, const char *path, struct arena *arena,
                      struct match *ret)
{
    enum http_method wanted = method == HTTP_HEAD ? HTTP_GET : method;
    char allowed[sizeof ret->allow] = "";
    for (size_t i = 0; i < count; i++) {
        if (!may_fit(table[i]->path, path) || !route_exists(table[i]))
            continue;
        struct match m = { .route = table[i], .index = i };
        size_t lengths[ROUTE_PARAMS];
        if (!fits(table[i]->path, path, &m, lengths))
            continue;
        if (table[i]->method == wanted) {
            copy_params(arena, &m, lengths);
            *ret = m;
            return OK;
        }
        memcpy(m.allow, allowed, sizeof allowed);
        allow(&m, table[i]->method);
        memcpy(allowed, m.allow, sizeof allowed);
    }
    *ret = (struct match){ 0 };
    memcpy(ret->allow, allowed, sizeof allowed);
    return *allowed ? E_DENIED : E_NOT_FOUND;
}
