/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conformance: see conform.h. As much of JSON Schema (2020-12) as our descriptions use; stricter
 * in one: a member that is not described is a fault too.
 */
#include "conform.h"

#include "base/clock.h"
#include "base/text.h"
#include "http/http.h"
#include "web/openapi.h"
#include "web/route.h"

#include <pthread.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct arena kept;
static struct json_value document;

static void read_document(void)
{
    struct buf out;
    arena_init(&kept, 64 << 20);
    buf_init(&out, &kept, 4 << 20);
    openapi_write(&out);
    if (json_read(&kept, buf_mem(&out), &document, NULL))
        document = (struct json_value){ 0 };
}

static bool is_type(const struct json_value *v, const char *type)
{
    switch (v->kind) {
    case JSON_IS_NULL: return text_equal(type, "null");
    case JSON_IS_FALSE:
    case JSON_IS_TRUE: return text_equal(type, "boolean");
    case JSON_IS_INT: return text_equal(type, "integer");
    case JSON_IS_TEXT: return text_equal(type, "string");
    case JSON_IS_ARRAY: return text_equal(type, "array");
    case JSON_IS_OBJECT: return text_equal(type, "object");
    default: return false;
    }
}

/* One type, or one of several. */
static bool fits_type(const struct json_value *v, const struct json_value *type)
{
    if (!type || type->kind == JSON_IS_TEXT)
        return !type || is_type(v, type->text);
    for (size_t i = 0; i < type->count; i++)
        if (is_type(v, type->items[i].text))
            return true;
    return false;
}

static bool fits_text(const struct json_value *v, const struct json_value *schema)
{
    int64_t at;
    const struct json_value *words = json_find(schema, "enum");
    const char *format = json_find_text(schema, "format");
    bool is_time = text_equal(format, "date-time");
    if (v->kind != JSON_IS_TEXT)
        return true;
    bool found = !words;
    for (size_t i = 0; words && i < words->count; i++)
        found |= text_equal(words->items[i].text, v->text);
    return found && (!is_time || (clock_parse(v->text, &at) && text_ends(v->text, "Z")));
}

static const char *misfit(const struct json_value *v, const struct json_value *schema);

static const char *misfit_members(const struct json_value *v, const struct json_value *schema)
{
    const struct json_value *required = json_find(schema, "required");
    const struct json_value *properties = json_find(schema, "properties");
    for (size_t i = 0; required && i < required->count; i++)
        if (!json_find(v, required->items[i].text))
            return text_format(test_arena(), "%s is not there", required->items[i].text);
    for (size_t i = 0; properties && i < v->count; i++) {
        const struct json_value *known = json_find(properties, v->items[i].key);
        const char *why = known ? misfit(&v->items[i], known) : "nobody tells of it";
        if (why)
            return text_format(test_arena(), "%s: %s", v->items[i].key, why);
    }
    return NULL;
}

static const char *misfit_any(const struct json_value *v, const struct json_value *schemas)
{
    const char *why = "";
    for (size_t i = 0; i < schemas->count && why; i++)
        why = misfit(v, &schemas->items[i]);
    return why;
}

/* Why it does not fit, NULL when it does. */
static const char *misfit(const struct json_value *v, const struct json_value *schema)
{
    const struct json_value *any = json_find(schema, "anyOf"), *each = json_find(schema, "items");
    if (any)
        return misfit_any(v, any);
    if (!fits_type(v, json_find(schema, "type")))
        return "another type";
    if (!fits_text(v, schema))
        return "another text";
    if (v->kind == JSON_IS_OBJECT)
        return misfit_members(v, schema);
    for (size_t i = 0; each && v->kind == JSON_IS_ARRAY && i < v->count; i++) {
        const char *why = misfit(&v->items[i], each);
        if (why)
            return why;
    }
    return NULL;
}

static const struct json_value *operation_of(const char *method, const char *path)
{
    struct match match;
    for (int m = 0; m < HTTP_METHODS; m++)
        if (text_equal(http_method_name((enum http_method)m), method) &&
            router_match((enum http_method)m, path, test_arena(), &match) == OK)
            return json_find(json_find(json_find(&document, "paths"), match.route->path),
                             text_lower_ascii(test_arena(), method));
    return NULL;
}

static const char *judge(const struct json_value *operation, const struct reply *r)
{
    const char *status = text_format(test_arena(), "%d", r->status);
    const struct json_value *said = json_find(json_find(operation, "responses"), status);
    const struct json_value *schema = json_find(json_find(said, "content"), "application/json");
    const struct json_value *schemas = json_find(json_find(&document, "components"), "schemas");
    if (r->status >= 400)
        return *r->body ? misfit(&r->json, json_find(schemas, "Problem")) : NULL;
    if (!said)
        return "nobody tells of this status";
    return *r->body ? misfit(&r->json, json_find(schema, "schema")) : NULL;
}

void conform_check(const char *method, const char *target, const struct reply *r)
{
    bool is_unread = r->json.kind == JSON_IS_NULL && *r->body == '{'; /* too large for the reader */
    if (!text_starts(target, "/v1/") || is_unread)
        return;
    pthread_once(&once, read_document);
    const char *path = text_copy(test_arena(), MEM(target, strcspn(target, "?")));
    const struct json_value *operation = operation_of(method, path);
    const char *why = operation ? judge(operation, r) : NULL;
    if (why)
        test_fail(__FILE__, __LINE__, "%s %s is not as described: %s: %d %.200s", method, path, why,
                  r->status, r->body);
}
