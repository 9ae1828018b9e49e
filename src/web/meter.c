/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Meters: see meter.h. Figures are single atomic numbers, so a reload needs no lock: a request that
 * runs at that moment may see one window of before and one of after.
 */
#include "web/meter_parts.h"

#include "base/text.h"
#include "service/limit.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

enum { METER_ROUTES_MAX = 256 };

struct meter {
    const char *door;
    enum limit_by by;
    uint64_t name;
    struct meter_figure initial[METER_WINDOWS];
    struct {
        _Atomic int64_t count, span;
    } now[METER_WINDOWS];
};

static struct meter meters[METERS_MAX];
static size_t meter_count;
static const struct meter *of_routes[METER_ROUTES_MAX][ROUTE_LIMITS];

static const char *const by_names[] = { [BY_IP] = "ip",
                                        [BY_ACCOUNT] = "account",
                                        [BY_SESSION] = "session",
                                        [BY_EMAIL_FIELD] = "email",
                                        [BY_REFRESH_FIELD] = "session",
                                        [BY_FAILURES] = "failures" };

/* --- from the route table --- */

static const char *door_of(const struct route *route, const struct limit_rule *rule)
{
    return rule->shared ? rule->shared : route->path;
}

static struct meter *find(const char *door, enum limit_by by)
{
    for (size_t i = 0; i < meter_count; i++)
        if (meters[i].by == by && text_equal(meters[i].door, door))
            return &meters[i];
    return NULL;
}

/* The windows a route gives to one of its meters. */
static void gather(const struct route *route, const char *door, enum limit_by by,
                   struct meter_figure ret[METER_WINDOWS])
{
    size_t n = 0;
    memset(ret, 0, METER_WINDOWS * sizeof *ret);
    for (int i = 0; i < ROUTE_LIMITS && route->limits[i].by; i++) {
        const struct limit_rule *rule = &route->limits[i];
        if (rule->by != by || !text_equal(door_of(route, rule), door))
            continue;
        assert(n < METER_WINDOWS && rule->count > 0 && rule->span > 0);
        ret[n++] = (struct meter_figure){ rule->count, rule->span };
    }
}

void meter_set(struct meter *m, const struct meter_figure *figures)
{
    for (int i = 0; i < METER_WINDOWS; i++) {
        atomic_store(&m->now[i].span, figures[i].span);
        atomic_store(&m->now[i].count, figures[i].count);
    }
}

static struct meter *add(const char *door, enum limit_by by, const struct meter_figure *figures)
{
    char name[200];
    assert(meter_count < METERS_MAX);
    struct meter *m = &meters[meter_count++];
    *m = (struct meter){ .door = door, .by = by };
    (void)snprintf(name, sizeof name, "%s %s", door, by_names[by]);
    m->name = limit_name(name);
    memcpy(m->initial, figures, sizeof m->initial);
    meter_set(m, figures);
    return m;
}

static void read_route(size_t index)
{
    const struct route *route = router_nth(index);
    size_t n = 0;
    memset(of_routes[index], 0, sizeof of_routes[index]);
    for (int i = 0; i < ROUTE_LIMITS && route->limits[i].by; i++) {
        struct meter_figure figures[METER_WINDOWS];
        enum limit_by by = route->limits[i].by;
        const char *door = door_of(route, &route->limits[i]);
        gather(route, door, by, figures);
        struct meter *m = find(door, by);
        if (!m)
            m = add(door, by, figures);
        for (int k = 0; k < METER_WINDOWS; k++)
            assert(m->initial[k].count == figures[k].count &&
                   m->initial[k].span == figures[k].span);
        bool is_there = false;
        for (size_t k = 0; k < n; k++)
            is_there = is_there || of_routes[index][k] == m;
        if (!is_there)
            of_routes[index][n++] = m;
    }
}

void meters_open(void)
{
    meter_count = 0;
    assert(router_count() <= METER_ROUTES_MAX);
    for (size_t i = 0; i < router_count(); i++)
        read_route(i);
}

/* --- reading --- */

size_t meters_count(void)
{
    return meter_count;
}

struct meter *meters_nth(size_t i)
{
    return &meters[i];
}

const struct meter_figure *meter_initial(const struct meter *m)
{
    return m->initial;
}

const struct meter *const *meters_of(size_t route, size_t *ret_count)
{
    size_t n = 0;
    while (n < ROUTE_LIMITS && of_routes[route][n])
        n++;
    *ret_count = n;
    return of_routes[route];
}

const struct meter *meter_named(const char *door, enum limit_by by)
{
    return find(door, by);
}

const char *meter_door(const struct meter *m)
{
    return m->door;
}

enum limit_by meter_by(const struct meter *m)
{
    return m->by;
}

const char *meter_by_name(const struct meter *m)
{
    return by_names[m->by];
}

uint64_t meter_name(const struct meter *m)
{
    return m->name;
}

bool meter_window(const struct meter *m, size_t n, int64_t *ret_count, int64_t *ret_span)
{
    if (n >= METER_WINDOWS)
        return false;
    *ret_count = atomic_load_explicit(&m->now[n].count, memory_order_relaxed);
    *ret_span = atomic_load_explicit(&m->now[n].span, memory_order_relaxed);
    return *ret_count > 0;
}

/* --- what the reference says --- */

static void write_span(struct buf *out, int64_t span)
{
    static const struct {
        int64_t span;
        char letter;
    } units[] = { { DAY, 'd' }, { HOUR, 'h' }, { MINUTE, 'm' }, { SECOND, 's' } };
    size_t i = 0;
    while (span % units[i].span)
        i++;
    buf_format(out, "%lld%c", (long long)(span / units[i].span), units[i].letter);
}

static void write_routes(struct buf *out, const struct meter *m)
{
    const char *before = "";
    for (size_t r = 0; r < router_count(); r++)
        for (int i = 0; i < ROUTE_LIMITS; i++)
            if (of_routes[r][i] == m) {
                buf_format(out, "%s`%s %s`", before, http_method_name(router_nth(r)->method),
                           router_nth(r)->path);
                before = ", ";
            }
}

void meters_write_reference(struct buf *out)
{
    buf_text(out, "| door | counted by | figures | routes |\n|---|---|---|---|\n");
    for (size_t i = 0; i < meter_count; i++) {
        const struct meter *m = &meters[i];
        buf_format(out, "| %s | %s | ", m->door, by_names[m->by]);
        for (int k = 0; k < METER_WINDOWS && m->initial[k].count; k++) {
            buf_format(out, "%s%lld/", k ? " " : "", (long long)m->initial[k].count);
            write_span(out, m->initial[k].span);
        }
        buf_text(out, " | ");
        write_routes(out, m);
        buf_text(out, " |\n");
    }
}
