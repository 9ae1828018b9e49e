/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests made from the route table: see sample.h.
 */
#include "sample.h"

#include "base/buf.h"

#include <string.h>

enum { BODY_MAX = 1 << 20 };

const char *form_text(const char *value)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    struct buf out;
    buf_init(&out, test_arena(), BODY_MAX);
    for (const char *p = value; *p; p++) {
        if (strchr(plain, *p))
            buf_char(&out, *p);
        else
            buf_format(&out, "%%%02X", (unsigned char)*p);
    }
    return buf_mem(&out).n ? out.p : "";
}

const char *sample_path(const struct route *route, const char *value)
{
    struct buf out;
    buf_init(&out, test_arena(), BODY_MAX);
    for (const char *p = route->path; *p; p++) {
        if (*p != '{') {
            buf_char(&out, *p);
            continue;
        }
        buf_text(&out, value);
        p += strcspn(p, "}");
    }
    return out.p;
}

static const char *sample_value(const struct field *f)
{
    if (text_equal(f->name, "time_zone"))
        return "Europe/Berlin";
    if (text_equal(f->name, "picture_url"))
        return "https://example.org/zoe.png";
    if (text_equal(f->name, "role"))
        return "USER";
    if (text_equal(f->name, "invite"))
        return ""; /* none: a wrong one is refused */
    switch (f->kind) {
    case FIELD_EMAIL: return "zoe@example.org";
    case FIELD_PASSWORD: return PASSWORD;
    case FIELD_NAME: return "Zoe";
    case FIELD_LOCALE: return "de";
    case FIELD_FLAG: return "true";
    case FIELD_NUM: return "1";
    case FIELD_JSON: return "{}";
    default: return "/";
    }
}

static const char *json_body(const struct route *route, const char *name, const char *value,
                             const char *more)
{
    struct buf out;
    struct json_writer j;
    buf_init(&out, test_arena(), BODY_MAX);
    json_write(&j, &out);
    json_begin_object(&j, NULL);
    for (int i = 0; i < ROUTE_FIELDS && route->fields[i].name; i++) {
        const struct field *f = &route->fields[i];
        const char *text = text_equal(f->name, name) ? value : sample_value(f);
        if (f->kind == FIELD_FLAG || f->kind == FIELD_NUM || f->kind == FIELD_JSON)
            json_put_raw(&j, f->name, mem_text(text));
        else
            json_put_text(&j, f->name, text);
    }
    if (more)
        json_put_text(&j, more, value);
    json_end(&j);
    return out.p;
}

static const char *form_body(const struct route *route, const char *csrf, const char *name,
                             const char *value, const char *more)
{
    struct buf out;
    buf_init(&out, test_arena(), BODY_MAX);
    if (csrf)
        buf_format(&out, "csrf=%s&", form_text(csrf));
    for (int i = 0; i < ROUTE_FIELDS && route->fields[i].name; i++) {
        const struct field *f = &route->fields[i];
        const char *text = text_equal(f->name, name) ? value : sample_value(f);
        buf_format(&out, "%s=%s&", f->name, form_text(text));
    }
    if (more)
        buf_format(&out, "%s=%s&", form_text(more), form_text(value));
    struct mem all = buf_mem(&out);
    return all.n ? text_copy(test_arena(), MEM(all.p, all.n - 1)) : "";
}

const char *sample_body(const struct route *route, const char *csrf, const char *name,
                        const char *value)
{
    if (!route_is_api(route))
        return form_body(route, csrf, name, value, NULL);
    return route->fields[0].name ? json_body(route, name, value, NULL) : NULL;
}

const char *sample_body_and(const struct route *route, const char *csrf, const char *name,
                            const char *value)
{
    return route_is_api(route) ? json_body(route, NULL, value, name)
                               : form_body(route, csrf, NULL, value, name);
}

const char *store_print(struct world *w)
{
    static const char sql[] =
        "SELECT (SELECT count(*) FROM account)"
        "    || ' ' || (SELECT CAST(coalesce(sum(roles), 0) AS BIGINT) FROM account)"
        "    || ' ' || (SELECT CAST(coalesce(sum(email_verified_at), 0) AS BIGINT) FROM account)"
        "    || ' ' || (SELECT CAST(coalesce(sum(password_changed_at), 0) AS BIGINT) FROM account)"
        "    || ' ' || (SELECT count(*) FROM account WHERE name = 'Zoe')"
        "    || ' ' || (SELECT count(*) FROM account WHERE locale = 'de')"
        "    || ' ' || (SELECT count(*) FROM registration)"
        "    || ' ' || (SELECT count(*) FROM session)"
        "    || ' ' || (SELECT count(*) FROM reset)"
        "    || ' ' || (SELECT count(*) FROM setup)"
        "    || ' ' || (SELECT count(*) FROM outbox)"
        "    || ' ' || (SELECT count(*) FROM task)"
        "    || ' ' || (SELECT count(*) FROM audit)";
    struct tx tx;
    struct arena arena;
    const char *print = "";
    arena_init(&arena, 1 << 20);
    db_begin(&tx, w->real_db, DB_PEEK, &arena);
    CHECK_OK(db_one(&tx, sql, V_NONE, INTO(to_text(&print))));
    db_rollback(&tx);
    print = text_copy(test_arena(), mem_text(print));
    arena_done(&arena);
    return print;
}

void run_sql(struct world *w, const char *sql)
{
    struct tx tx;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    db_begin(&tx, w->real_db, DB_WRITE, &arena);
    CHECK_OK(db_run(&tx, sql, V_NONE));
    CHECK_OK(db_commit(&tx));
    arena_done(&arena);
}

void check_problem(const struct reply *r, int status, const char *code)
{
    CHECK_NUM(r->status, status);
    CHECK_NUM(num_of(r, "status"), status);
    CHECK_TEXT(text_of(r, "code"), code);
    CHECK(text_of(r, "type") && text_of(r, "title") && text_of(r, "detail"));
    CHECK_TEXT(text_of(r, "request_id"), header_of(r, "x-request-id"));
    CHECK(!strstr(r->body, "SELECT") && !strstr(r->body, "src/") && !strstr(r->body, ".c:"));
}
