/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields: see fields.h. A JSON body, a form and a query end in the same place: a value by name,
 * checked by its declared kind. Passwords are taken exactly as typed.
 */
#include "web/fields.h"

#include "account/account.h"
#include "account/email.h"
#include "base/text.h"
#include "http/form.h"

#include <string.h>

void fields_bounds(const struct field *f, int64_t *ret_min, int64_t *ret_max)
{
    static const struct {
        int64_t min, max;
    } of_kind[] = {
        [FIELD_UNUSED] = { 0, 0 },
        [FIELD_TEXT] = { 0, 4096 },
        [FIELD_EMAIL] = { 3, 254 },
        [FIELD_PASSWORD] = { 1, 1024 },
        [FIELD_TOKEN] = { 1, 512 },
        [FIELD_NAME] = { 1, 400 },
        [FIELD_LOCALE] = { 2, 35 },
        [FIELD_FLAG] = { 0, 1 },
        [FIELD_NUM] = { INT64_MIN, INT64_MAX },
        [FIELD_JSON] = { 0, 0 },
    };
    bool has_own = f->min || f->max;
    *ret_min = has_own ? f->min : of_kind[f->kind].min;
    *ret_max = has_own ? f->max : of_kind[f->kind].max;
}

const char *fields_kind_name(enum field_kind kind)
{
    static const char *const names[] = {
        [FIELD_UNUSED] = "",           [FIELD_TEXT] = "text",   [FIELD_EMAIL] = "e-mail",
        [FIELD_PASSWORD] = "password", [FIELD_TOKEN] = "token", [FIELD_NAME] = "name",
        [FIELD_LOCALE] = "language",   [FIELD_FLAG] = "flag",   [FIELD_NUM] = "integer",
        [FIELD_JSON] = "JSON",
    };
    return names[kind];
}

static int index_of(const struct route *route, const char *name)
{
    for (int i = 0; i < ROUTE_FIELDS && route->fields[i].name; i++)
        if (text_equal(route->fields[i].name, name))
            return i;
    return -1;
}

/* The kind's own rule for a text whose length fits. */
static enum problem judge(struct req *rq, const struct field *f, const char *value)
{
    struct email email;
    switch (f->kind) {
    case FIELD_EMAIL: return email_parse(rq->arena, value, &email) ? PROBLEM_EMAIL_INVALID : 0;
    case FIELD_NAME: return account_name_is_good(value) ? 0 : PROBLEM_NAME_INVALID;
    case FIELD_LOCALE: return locale_find(value) ? 0 : PROBLEM_LOCALE_UNKNOWN;
    default: return PROBLEM_NONE;
    }
}

static void complain(struct req *rq, const struct field *f, enum problem problem)
{
    (void)!refuse_field(rq, f->name, problem);
}

static void take_text(struct req *rq, int i, const char *value)
{
    const struct field *f = &rq->route->fields[i];
    int64_t min, max, n = (int64_t)strlen(value);
    fields_bounds(f, &min, &max);
    rq->values[i] = value;
    if (!n && f->may_clear)
        return;
    if (n > max)
        return complain(
            rq, f, f->kind == FIELD_PASSWORD ? PROBLEM_PASSWORD_TOO_LONG : PROBLEM_FIELD_TOO_LONG);
    if (n < min)
        return complain(rq, f, n ? PROBLEM_FIELD_TOO_SHORT : PROBLEM_FIELD_REQUIRED);
    enum problem problem = judge(rq, f, value);
    if (problem)
        complain(rq, f, problem);
}

static void take_num(struct req *rq, int i, int64_t value)
{
    const struct field *f = &rq->route->fields[i];
    int64_t min, max;
    fields_bounds(f, &min, &max);
    rq->nums[i] = value;
    rq->is_given[i] = true;
    if (value < min || value > max)
        complain(rq, f, PROBLEM_FIELD_RANGE);
}

static bool is_text(const struct field *f)
{
    return f->kind != FIELD_FLAG && f->kind != FIELD_NUM && f->kind != FIELD_JSON;
}

/* Programs with a form of their own send its empty name or language as it is. */
static bool is_unfilled(const struct req *rq, const struct field *f, const struct json_value *value)
{
    bool is_such = f->kind == FIELD_NAME || f->kind == FIELD_LOCALE;
    return is_such && f->optional && !f->may_clear && rq->route->method == HTTP_POST &&
           value->kind == JSON_IS_TEXT && !*value->text;
}

static void take_json(struct req *rq, int i, const struct json_value *value)
{
    const struct field *f = &rq->route->fields[i];
    bool is_flag = value->kind == JSON_IS_TRUE || value->kind == JSON_IS_FALSE;
    if (value->kind == JSON_IS_NULL) {
        if (f->may_clear)
            rq->values[i] = "";
        return;
    }
    if (is_unfilled(rq, f, value))
        return;
    if (f->kind == FIELD_JSON) {
        rq->jsons[i] = value;
        return;
    }
    if (f->kind == FIELD_FLAG && is_flag)
        return take_num(rq, i, value->kind == JSON_IS_TRUE);
    if (f->kind == FIELD_NUM && value->kind == JSON_IS_INT)
        return take_num(rq, i, value->num);
    if (is_text(f) && value->kind == JSON_IS_TEXT)
        return take_text(rq, i, value->text);
    complain(rq, f, PROBLEM_FIELD_TYPE);
}

/* Forms know only texts. An optional field left empty was not filled in. */
static void take_form(struct req *rq, int i, const char *value)
{
    const struct field *f = &rq->route->fields[i];
    int64_t number;
    if (!*value && f->optional)
        return;
    if (f->kind == FIELD_FLAG)
        return take_num(
            rq, i, text_equal(value, "1") || text_equal(value, "true") || text_equal(value, "on"));
    if (is_text(f))
        return take_text(rq, i, value);
    if (f->kind == FIELD_NUM && text_parse_int(value, INT64_MIN, INT64_MAX, &number))
        return take_num(rq, i, number);
    complain(rq, f, PROBLEM_FIELD_TYPE);
}

static enum err unknown_member(struct req *rq, const char *name)
{
    rq->problem_detail = text_format(rq->arena, "unknown member: %.100s", name);
    return refuse(rq, PROBLEM_UNKNOWN_FIELD);
}

static enum err read_json(struct req *rq)
{
    struct json_value root;
    const char *why = "";
    const struct mem body = rq->x->request.body;
    if (!body.n)
        return OK;
    enum err e = json_read(rq->arena, body, &root, &why);
    if (e == E_INVALID || (e == OK && root.kind != JSON_IS_OBJECT)) {
        rq->problem_detail = e ? why : "an object is expected";
        return refuse(rq, PROBLEM_MALFORMED_JSON);
    }
    TRY(e);
    for (size_t m = 0; m < root.count; m++) {
        int i = index_of(rq->route, root.items[m].key);
        if (i < 0)
            return unknown_member(rq, root.items[m].key);
        take_json(rq, i, &root.items[m]);
    }
    return OK;
}

/* Every form of ours carries it, whatever the route's own fields. */
static bool is_csrf_member(const char *member)
{
    return text_equal(member, "csrf"); /* allowed: the name of a field */
}

/* "?limit=0": nobody filled a form in wrongly, the address is malformed (INT-01). */
static enum err refuse_query_num(struct req *rq, const struct field *f)
{
    int64_t min, max;
    fields_bounds(f, &min, &max);
    rq->error_count = 0;
    rq->problem_detail = text_format(rq->arena, "%s: a whole number from %lld to %lld is expected",
                                     f->name, (long long)min, (long long)max);
    return refuse(rq, PROBLEM_BAD_REQUEST);
}

static enum err take_query_or_form(struct req *rq, int i, const char *value)
{
    const struct field *f = &rq->route->fields[i];
    size_t before = rq->error_count;
    take_form(rq, i, value);
    bool is_wrong = rq->error_count > before;
    bool is_query_num = f->kind == FIELD_NUM && route_is_safe(rq->route);
    return is_wrong && is_query_num ? refuse_query_num(rq, f) : OK;
}

static enum err read_form(struct req *rq, struct mem bytes, bool is_strict)
{
    struct form form;
    if (form_parse(rq->arena, bytes, &form))
        return refuse(rq, PROBLEM_BAD_REQUEST);
    for (size_t f = 0; f < form.count; f++) {
        int i = index_of(rq->route, form.fields[f].name);
        if (i >= 0)
            TRY(take_query_or_form(rq, i, form.fields[f].value));
        else if (is_csrf_member(form.fields[f].name))
            rq->form_csrf = form.fields[f].value;
        else if (is_strict)
            return unknown_member(rq, form.fields[f].name);
    }
    return OK;
}

/* "application/json; charset=utf-8" is application/json. */
static bool is_type(const char *content_type, const char *wanted)
{
    size_t n = strlen(wanted);
    return content_type && strncasecmp(content_type, wanted, n) == 0 &&
           strchr("; \t", content_type[n]) != NULL;
}

/* A field that stands in the address while the body is what counts: two readers on the way may
 * believe different ones (MASS-03). */
static enum err check_query(struct req *rq)
{
    struct form form;
    if (form_parse(rq->arena, mem_text(rq->x->request.query), &form))
        return refuse(rq, PROBLEM_BAD_REQUEST);
    for (size_t f = 0; f < form.count; f++)
        if (index_of(rq->route, form.fields[f].name) >= 0)
            return refuse(rq, PROBLEM_BAD_REQUEST);
    return OK;
}

static enum err read_body(struct req *rq)
{
    const char *content_type = http_header_find(&rq->x->request, "content-type");
    bool is_api = route_is_api(rq->route);
    const char *wanted = is_api ? "application/json" : "application/x-www-form-urlencoded";
    if ((rq->x->request.body.n || content_type) && !is_type(content_type, wanted))
        return refuse(rq, PROBLEM_UNSUPPORTED_MEDIA_TYPE);
    if (is_api && *rq->x->request.query)
        return unknown_member(rq, "query parameters");
    TRY(check_query(rq));
    return is_api ? read_json(rq) : read_form(rq, rq->x->request.body, true);
}

static void ask_for_missing(struct req *rq)
{
    for (int i = 0; i < ROUTE_FIELDS && rq->route->fields[i].name; i++) {
        const struct field *f = &rq->route->fields[i];
        bool is_given = rq->values[i] || rq->jsons[i] || f->kind == FIELD_FLAG || rq->is_given[i];
        bool has_error = false;
        for (size_t k = 0; k < rq->error_count; k++)
            has_error = has_error || text_equal(rq->errors[k].field, f->name);
        if (!f->optional && !is_given && !has_error)
            complain(rq, f, PROBLEM_FIELD_REQUIRED);
    }
}

enum err fields_read(struct req *rq)
{
    /* A page's address may carry anything after '?': mail programs and advertisers add to it. */
    if (route_is_safe(rq->route))
        TRY(read_form(rq, mem_text(rq->x->request.query), route_is_api(rq->route)));
    if (!route_is_safe(rq->route))
        TRY(read_body(rq));
    ask_for_missing(rq);
    return rq->error_count ? refuse(rq, PROBLEM_FIELDS_INVALID) : OK;
}
