/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference for people, from the route table: see openapi.h.
 */
#include "base/text.h"
#include "web/fields.h"
#include "web/openapi.h"
#include "web/problem.h"
#include "web/route.h"

#include <string.h>

/* "a minute", "15 minutes", "a day" */
static const char *span_text(struct arena *arena, int64_t span)
{
    static const struct {
        int64_t unit;
        const char *one, *many;
    } units[] = { { DAY, "a day", "days" },
                  { HOUR, "an hour", "hours" },
                  { MINUTE, "a minute", "minutes" } };
    for (size_t i = 0; i < COUNT(units); i++) {
        if (span == units[i].unit)
            return units[i].one;
        if (span % units[i].unit == 0)
            return text_format(arena, "in %lld %s", (long long)(span / units[i].unit),
                               units[i].many);
    }
    return text_format(arena, "in %lld seconds", (long long)(span / SECOND));
}

/* "5 a minute per IP address, 3 an hour per e-mail address" */
static const char *limits_text(struct arena *arena, const struct route *route)
{
    static const char *const by[] = {
        [BY_IP] = "IP address",         [BY_ACCOUNT] = "account",
        [BY_SESSION] = "session",       [BY_EMAIL_FIELD] = "e-mail address",
        [BY_REFRESH_FIELD] = "session", [BY_FAILURES] = "IP address of what leads nowhere",
    };
    struct buf b;
    buf_init(&b, arena, 400);
    for (int i = 0; i < ROUTE_LIMITS && route->limits[i].by; i++) {
        const struct limit_rule *rule = &route->limits[i];
        buf_format(&b, "%s%lld %s per %s", b.n ? ", " : "", (long long)rule->count,
                   span_text(arena, rule->span), by[rule->by]);
    }
    return text_copy(arena, buf_mem(&b));
}

static const char *bounds_text(struct arena *arena, const struct field *f)
{
    int64_t min, max;
    fields_bounds(f, &min, &max);
    if (f->kind == FIELD_FLAG || f->kind == FIELD_LOCALE || f->kind == FIELD_NUM ||
        f->kind == FIELD_JSON)
        return NULL;
    return text_format(arena, "%lld to %lld bytes", (long long)min, (long long)max);
}

/* "/v1/account/sessions" belongs to "account", "/login" to "pages". */
static const char *group_of(struct arena *arena, const struct route *route)
{
    if (!route_is_api(route))
        return route->access == OPERATIONS ? "operations" : "pages and documents";
    const char *p = route->path + strlen("/v1/");
    return text_copy(arena, MEM(p, strcspn(p, "/")));
}

static void set_route(struct arena *arena, struct vars *group, const struct route *route)
{
    struct vars *item = vars_item(group, "routes");
    vars_text(item, "method", http_method_name(route->method));
    vars_text(item, "path", route->path);
    vars_text(item, "help", route->help);
    vars_text(item, "access", route_access_name(route->access));
    const char *limits = limits_text(arena, route);
    vars_text(item, "limits", *limits ? limits : NULL);
    for (int i = 0; i < ROUTE_FIELDS && route->fields[i].name; i++) {
        struct vars *f = vars_item(item, "fields");
        vars_text(f, "name", route->fields[i].name);
        vars_text(f, "type", fields_kind_name(route->fields[i].kind));
        vars_flag(f, "required", !route->fields[i].optional);
        vars_text(f, "limits", bounds_text(arena, &route->fields[i]));
        vars_text(f, "help", route->fields[i].help);
    }
    for (int i = 0; i < ROUTE_GIVES && route->gives[i].status; i++) {
        struct vars *a = vars_item(item, "answers");
        vars_num(a, "status", route->gives[i].status);
        vars_text(a, "what", route->gives[i].what);
    }
}

/* The group's first route makes its heading. */
static bool is_first_of_group(struct arena *arena, size_t i)
{
    const char *name = group_of(arena, router_nth(i));
    for (size_t k = 0; k < i; k++)
        if (route_is_api(router_nth(k)) && text_equal(group_of(arena, router_nth(k)), name))
            return false;
    return true;
}

/* The type of every problem+json answer names one of these by its fragment. */
static void set_problems(struct vars *vars)
{
    for (int p = PROBLEM_NONE + 1; p < PROBLEM_COUNT; p++) {
        struct vars *item = vars_item(vars, "problems");
        vars_num(item, "status", problem_status((enum problem)p));
        vars_text(item, "code", problem_code((enum problem)p));
        vars_text(item, "what", problem_title((enum problem)p));
    }
}

void openapi_set_vars(struct arena *arena, struct vars *vars)
{
    set_problems(vars);
    for (size_t i = 0; i < router_count(); i++) {
        if (!route_is_api(router_nth(i)) || !is_first_of_group(arena, i))
            continue;
        const char *name = group_of(arena, router_nth(i));
        struct vars *group = vars_item(vars, "groups");
        vars_text(group, "name", name);
        vars_text(group, "id", text_format(arena, "group-%zu", i));
        for (size_t k = i; k < router_count(); k++)
            if (route_is_api(router_nth(k)) && text_equal(group_of(arena, router_nth(k)), name))
                set_route(arena, group, router_nth(k));
    }
}

static void write_fields(struct buf *out, const struct route *route)
{
    for (int i = 0; i < ROUTE_FIELDS && route->fields[i].name; i++) {
        const struct field *f = &route->fields[i];
        const char *bounds = bounds_text(out->arena, f);
        buf_format(out, "- `%s`: %s%s%s%s%s%s%s\n", f->name, fields_kind_name(f->kind),
                   bounds ? ", " : "", bounds ? bounds : "", f->optional ? ", optional" : "",
                   f->may_clear ? ", null or empty takes it away" : "", f->help ? "; " : "",
                   f->help ? f->help : "");
    }
}

void reference_write_routes(struct buf *out)
{
    buf_text(out, "# Routes\n\nMade by `make docs` from the route table.\n");
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *route = router_nth(i);
        buf_format(out, "\n## %s %s\n\n%s\n\nFor: %s.", http_method_name(route->method),
                   route->path, route->help, route_access_name(route->access));
        const char *limits = limits_text(out->arena, route);
        buf_format(out, "%s%s\n", *limits ? " Limits: " : "", limits);
        if (route->fields[0].name)
            buf_text(out, "\n");
        write_fields(out, route);
        for (int k = 0; k < ROUTE_GIVES && route->gives[k].status; k++)
            buf_format(out, "%s%d: `%s`\n", k ? "\n" : "\nGives ", route->gives[k].status,
                       route->gives[k].what);
    }
}

void reference_write_errors(struct buf *out)
{
    buf_text(out, "# Problems\n\nMade by `make docs`. Answers are `application/problem+json` (RFC "
                  "9457) with the `code` below.\n\n| status | code | meaning |\n|---|---|---|\n");
    for (int p = PROBLEM_NONE + 1; p < PROBLEM_COUNT; p++)
        buf_format(out, "| %d | `%s` | %s |\n", problem_status((enum problem)p),
                   problem_code((enum problem)p), problem_title((enum problem)p));
}

void reference_write_lines(struct buf *out)
{
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *route = router_nth(i);
        buf_format(out, "%-7s %-40s %-12s %s\n", http_method_name(route->method), route->path,
                   route_access_name(route->access), route->help);
    }
}
