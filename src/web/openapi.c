/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenAPI 3.1 from the route table: see openapi.h.
 */
#include "web/openapi.h"

#include "base/json.h"
#include "base/text.h"
#include "service/setting.h"
#include "web/fields.h"
#include "web/problem.h"
#include "web/req.h"
#include "web/shape.h"

#include <ctype.h>
#include <string.h>

static const char *lower_method(struct arena *arena, const struct route *route)
{
    return text_lower_ascii(arena, http_method_name(route->method));
}

/* "/v1/account/sessions/{id}" with DELETE: "delete_account_sessions_id". */
static const char *operation_id(struct arena *arena, const struct route *route)
{
    char *id =
        text_format(arena, "%s_%s", lower_method(arena, route), route->path + strlen("/v1/"));
    char *to = id;
    for (const char *p = id; *p; p++)
        if (*p != '{' && *p != '}')
            *to++ = isalnum((unsigned char)*p) ? *p : '_';
    *to = 0;
    return id;
}

static void put_schema(struct json_writer *j, const struct field *f)
{
    int64_t min, max;
    bool is_num = f->kind == FIELD_NUM, is_flag = f->kind == FIELD_FLAG;
    if (f->kind == FIELD_JSON) {
        if (f->help)
            json_put_text(j, "description", f->help);
        return;
    }
    fields_bounds(f, &min, &max);
    const char *type = is_num ? "integer" : is_flag ? "boolean" : "string";
    if (f->may_clear) {
        json_begin_array(j, "type");
        json_put_text(j, NULL, type);
        json_put_text(j, NULL, "null");
        json_end(j);
    } else {
        json_put_text(j, "type", type);
    }
    if (f->kind == FIELD_EMAIL)
        json_put_text(j, "format", "email");
    if (f->kind == FIELD_PASSWORD)
        json_put_text(j, "format", "password");
    if (!is_num && !is_flag) {
        json_put_num(j, "minLength", f->may_clear ? 0 : min);
        json_put_num(j, "maxLength", max);
    }
    if (is_num && min > INT64_MIN)
        json_put_num(j, "minimum", min);
    if (is_num && max < INT64_MAX)
        json_put_num(j, "maximum", max);
    if (f->help)
        json_put_text(j, "description", f->help);
}

static void put_body(struct json_writer *j, const struct route *route)
{
    json_begin_object(j, "requestBody");
    json_begin_object(j, "content");
    json_begin_object(j, "application/json");
    json_begin_object(j, "schema");
    json_put_text(j, "type", "object");
    json_put_bool(j, "additionalProperties", false);
    json_begin_array(j, "required");
    for (int i = 0; i < ROUTE_FIELDS && route->fields[i].name; i++)
        if (!route->fields[i].optional)
            json_put_text(j, NULL, route->fields[i].name);
    json_end(j);
    json_begin_object(j, "properties");
    for (int i = 0; i < ROUTE_FIELDS && route->fields[i].name; i++) {
        json_begin_object(j, route->fields[i].name);
        put_schema(j, &route->fields[i]);
        json_end(j);
    }
    for (int i = 0; i < 5; i++)
        json_end(j);
}

static void put_parameter(struct json_writer *j, const char *name, const char *in,
                          const struct field *f)
{
    json_begin_object(j, NULL);
    json_put_text(j, "name", name);
    json_put_text(j, "in", in);
    json_put_bool(j, "required", !f || !f->optional);
    json_begin_object(j, "schema");
    if (f)
        put_schema(j, f);
    else
        json_put_text(j, "type", "string");
    json_end(j);
    json_end(j);
}

static void put_parameters(struct json_writer *j, struct arena *arena, const struct route *route)
{
    json_begin_array(j, "parameters");
    for (const char *p = strchr(route->path, '{'); p; p = strchr(p + 1, '{'))
        put_parameter(j, text_copy(arena, MEM(p + 1, strcspn(p + 1, "}"))), "path", NULL);
    for (int i = 0; route_is_safe(route) && i < ROUTE_FIELDS && route->fields[i].name; i++)
        put_parameter(j, route->fields[i].name, "query", &route->fields[i]);
    json_end(j);
}

/* Where words tell of no JSON that we know, it is JSON that somebody else has described. */
static void put_content(struct json_writer *j, const char *what)
{
    json_begin_object(j, "content");
    json_begin_object(j, "application/json");
    if (!shape_write(j, "schema", what))
        json_put_raw(j, "schema", mem_text("{\"type\":\"object\"}"));
    json_end(j);
    json_end(j);
}

static void put_responses(struct json_writer *j, struct arena *arena, const struct route *route)
{
    json_begin_object(j, "responses");
    for (int i = 0; i < ROUTE_GIVES && route->gives[i].status; i++) {
        json_begin_object(j, text_format(arena, "%d", route->gives[i].status));
        json_put_text(j, "description", route->gives[i].what);
        if (route->gives[i].status < 300 && route->gives[i].status != 204)
            put_content(j, route->gives[i].what);
        json_end(j);
    }
    json_begin_object(j, "default");
    json_put_text(j, "description", "A problem (RFC 9457)");
    json_begin_object(j, "content");
    json_begin_object(j, "application/problem+json");
    json_begin_object(j, "schema");
    json_put_text(j, "$ref", "#/components/schemas/Problem");
    for (int i = 0; i < 5; i++)
        json_end(j);
}

static void put_operation(struct json_writer *j, struct arena *arena, const struct route *route)
{
    json_begin_object(j, lower_method(arena, route));
    json_put_text(j, "operationId", operation_id(arena, route));
    json_put_text(j, "summary", route->help);
    put_parameters(j, arena, route);
    if (!route_is_safe(route) && route->fields[0].name)
        put_body(j, route);
    put_responses(j, arena, route);
    if (route->access >= SIGNED_IN && route->access <= ADMIN) {
        json_put_raw(j, "security", mem_text("[{\"bearer\":[]},{\"cookie\":[]}]"));
    }
    json_end(j);
}

static bool is_first_of_path(size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (text_equal(router_nth(k)->path, router_nth(i)->path))
            return false;
    return true;
}

static void put_paths(struct json_writer *j, struct arena *arena)
{
    json_begin_object(j, "paths");
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *first = router_nth(i);
        if (!route_is_api(first) || !route_exists(first) || !is_first_of_path(i))
            continue;
        json_begin_object(j, first->path);
        for (size_t k = i; k < router_count(); k++)
            if (text_equal(router_nth(k)->path, first->path))
                put_operation(j, arena, router_nth(k));
        json_end(j);
    }
    json_end(j);
}

static void put_components(struct json_writer *j)
{
    json_begin_object(j, "components");
    json_begin_object(j, "securitySchemes");
    json_put_raw(j, "bearer",
                 mem_text("{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"JWT\"}"));
    json_begin_object(j, "cookie");
    json_put_text(j, "type", "apiKey");
    json_put_text(j, "in", "cookie");
    json_put_text(j, "name", session_cookie_name());
    json_end(j);
    json_end(j);
    json_put_raw(
        j, "schemas",
        mem_text("{\"Problem\":{\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\","
                 "\"detail\",\"code\",\"request_id\"],\"properties\":{\"type\":{\"type\":"
                 "\"string\"},\"title\":{\"type\":"
                 "\"string\"},\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":\"string\"},"
                 "\"code\":{\"type\":\"string\"},\"request_id\":{\"type\":\"string\"},"
                 "\"decision_id\":{\"type\":\"string\"},\"captcha\":{\"type\":\"object\"},"
                 "\"retry_after\":{\"type\":\"integer\"},\"errors\":{\"type\":\"array\",\"items\":"
                 "{\"type\":\"object\",\"properties\":{\"pointer\":{\"type\":\"string\"},"
                 "\"code\":{\"type\":\"string\"},\"detail\":{\"type\":\"string\"},\"reasons\":"
                 "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}}}}}}"));
    json_end(j);
}

void openapi_write(struct buf *out)
{
    struct json_writer j;
    json_write(&j, out);
    json_begin_object(&j, NULL);
    json_put_text(&j, "openapi", "3.1.0");
    json_begin_object(&j, "info");
    json_put_text(&j, "title", setting_text(SETTING_SERVICE_NAME));
    json_put_text(&j, "version", CARDEA_VERSION);
    json_end(&j);
    json_begin_array(&j, "servers");
    json_begin_object(&j, NULL);
    json_put_text(&j, "url", setting_public_origin());
    json_end(&j);
    json_end(&j);
    put_paths(&j, out->arena);
    put_components(&j);
    json_end(&j);
}
