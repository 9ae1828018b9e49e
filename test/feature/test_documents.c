/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents for machines and people, and the doors of operations: complete, well-formed, where they
 * belong, and telling nothing.
 */
#include "sample.h"

#include "http/http.h"
#include "service/job.h"
#include "service/setting.h"
#include "web/problem.h"
#include "web/web.h"

#include <stdlib.h>
#include <string.h>

/* A request that came in by the operations listener. */
static int by_operations(struct world *w, const char *path)
{
    struct http_limits limits = { 0 };
    struct http_exchange *x = calloc(1, sizeof *x);
    size_t used;
    const char *bytes =
        text_format(test_arena(), "GET %s HTTP/1.1\r\nHost: 10.1.2.3\r\n\r\n", path);
    (void)w;
    CHECK_NUM(http_parse_request(mem_text(bytes), &limits, x, &used), 0);
    CHECK(web_handle(x, (void *)(uintptr_t)web_operations) == HTTP_ANSWERED);
    int status = x->response.status;
    arena_done(&x->arena);
    free(x);
    return status;
}

static const struct json_value *operation_of(const struct reply *r, const struct route *route)
{
    const struct json_value *paths = json_find(&r->json, "paths");
    const struct json_value *path = json_find(paths, route->path);
    return json_find(path, text_lower_ascii(test_arena(), http_method_name(route->method)));
}

static void check_fields(const struct json_value *operation, const struct route *route)
{
    const struct json_value *schema = json_find(operation, "requestBody");
    schema = json_find(json_find(json_find(schema, "content"), "application/json"), "schema");
    const struct json_value *properties = json_find(schema, "properties");
    for (int f = 0; f < ROUTE_FIELDS && route->fields[f].name; f++)
        if (!route_is_safe(route) && !json_find(properties, route->fields[f].name))
            test_fail(__FILE__, __LINE__, "%s lacks %s", route->path, route->fields[f].name);
    CHECK(route_is_safe(route) || !route->fields[0].name ||
          json_find(schema, "additionalProperties")->kind == JSON_IS_FALSE);
}

TEST_IN_WORLD(openapi_tells_of_every_api_route_and_of_nothing_else)
{
    struct reply *r = get(client(w), "/openapi.json");
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "openapi"), "3.1.0");
    CHECK(text_of(r, "info.title") && text_of(r, "info.version"));
    size_t wanted = 0, found = 0;
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *route = router_nth(i);
        const struct json_value *operation = operation_of(r, route);
        CHECK((route_is_api(route) && route_exists(route)) == (operation != NULL));
        if (!operation)
            continue;
        wanted++;
        CHECK(json_find_text(operation, "operationId") && json_find_text(operation, "summary"));
        CHECK(json_find(json_find(operation, "responses"), "default") != NULL);
        CHECK((route->access >= SIGNED_IN && route->access <= ADMIN) ==
              (json_find(operation, "security") != NULL));
        check_fields(operation, route);
    }
    const struct json_value *paths = json_find(&r->json, "paths");
    REQUIRE(paths != NULL);
    for (size_t p = 0; p < paths->count; p++)
        found += paths->items[p].count;
    CHECK_NUM(found, wanted);
    CHECK(wanted >= 12);
}

/* That answers are as described is checked with every answer of every test: see conform.h. */
TEST_IN_WORLD(openapi_knows_what_every_member_of_an_answer_is)
{
    struct reply *r = get(client(w), "/openapi.json");
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *route = router_nth(i);
        const struct json_value *responses = json_find(operation_of(r, route), "responses");
        struct buf out;
        struct json_writer j;
        buf_init(&out, test_arena(), 1 << 20);
        json_write(&j, &out);
        if (!responses)
            continue;
        json_put_copy(&j, NULL, responses);
        if (strstr(buf_mem(&out).p, ":{}"))
            test_fail(__FILE__, __LINE__, "%s: %s", route->path, (const char *)buf_mem(&out).p);
        CHECK(route->gives[0].status != 200 || strstr(buf_mem(&out).p, "\"schema\":{\"") != NULL);
    }
    const char *login = "\"refresh_token\":{\"type\":\"string\"}";
    CHECK(strstr(r->body, login) && strstr(strstr(r->body, login) + 1, login));
}

TEST_IN_WORLD(openapi_names_each_operation_once)
{
    struct reply *r = get(client(w), "/openapi.json");
    const char *seen[256];
    size_t count = 0;
    for (size_t i = 0; i < router_count(); i++) {
        const struct json_value *operation = operation_of(r, router_nth(i));
        const char *id = operation ? json_find_text(operation, "operationId") : NULL;
        for (size_t k = 0; id && k < count; k++)
            CHECK(!text_equal(seen[k], id));
        if (id)
            seen[count++] = id;
    }
    CHECK(strstr(r->body, "\"$ref\":\"#/components/schemas/Problem\"") != NULL);
    CHECK(json_find(json_find(json_find(&r->json, "components"), "schemas"), "Problem") != NULL);
}

TEST_IN_WORLD(docs_show_every_api_route)
{
    struct reply *r = get(client(w), "/docs");
    CHECK_NUM(r->status, 200);
    for (size_t i = 0; i < router_count(); i++)
        if (route_is_api(router_nth(i)) && !strstr(r->body, router_nth(i)->path))
            test_fail(__FILE__, __LINE__, "/docs lacks %s", router_nth(i)->path);
}

TEST_IN_WORLD(the_type_of_every_problem_leads_to_its_place_in_the_docs)
{
    struct reply *r = get(client(w), "/docs");
    for (int p = PROBLEM_NONE + 1; p < PROBLEM_COUNT; p++) {
        const char *code = problem_code((enum problem)p);
        if (!strstr(r->body, text_format(test_arena(), "id=\"%s\"", code)))
            test_fail(__FILE__, __LINE__, "/docs has no place for %s", code);
    }
    CHECK(strstr(text_of(get(client(w), "/v1/nowhere"), "type"), "/docs#not_found") != NULL);
}

TEST_IN_WORLD(who_sent_no_token_hears_of_no_error_in_it)
{
    struct client *stranger = client(w);
    const char *said = header_of(get(stranger, "/v1/auth/me"), "www-authenticate");
    CHECK(said && !strstr(said, "error="));
    stranger->bearer = "no.such.token";
    said = header_of(get(stranger, "/v1/auth/me"), "www-authenticate");
    CHECK(said && strstr(said, "error=\"invalid_token\""));
}

TEST_IN_WORLD(well_known_documents)
{
    struct reply *r = get(client(w), "/.well-known/jwks.json");
    CHECK_NUM(r->status, 200);
    CHECK(json_find(&r->json, "keys") && json_find(&r->json, "keys")->count >= 2);
    CHECK(!strstr(r->body, "\"d\""));
    CHECK(strstr(header_of(r, "cache-control"), "max-age=") != NULL);
    r = get(client(w), "/.well-known/change-password");
    CHECK_NUM(r->status, 303);
    CHECK_TEXT(header_of(r, "location"), "/account/security");
}

static void check_contact(struct world *w, const char *contact)
{
    struct reply *r = get(client(w), "/.well-known/security.txt");
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, text_format(test_arena(), "Contact: %s\n", contact)) != NULL);
    CHECK(strstr(r->body, "Expires: ") && strstr(r->body, "Canonical: http"));
}

TEST_IN_WORLD(security_txt_names_somebody_from_the_start)
{
    CHECK_OK(setting_override(SETTING_ADMIN_EMAIL, "root@example.org"));
    check_contact(w, text_format(test_arena(), "%s/", setting_public_origin()));
    CHECK_OK(setting_override(SETTING_EMAIL_FROM_ADDRESS, "The Door <door@example.org>"));
    check_contact(w, "mailto:door@example.org");
    CHECK_OK(setting_override(SETTING_SUPPORT_ADDRESS, "help@example.org"));
    check_contact(w, "mailto:help@example.org");
}

TEST_IN_WORLD(documents_are_sent_once_to_who_keeps_them)
{
    static const char *const paths[] = { "/.well-known/jwks.json", "/openapi.json" };
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct client *c = client(w);
        const char *tag = header_of(get(c, paths[i]), "etag");
        REQUIRE(tag != NULL);
        with_header(c, text_format(test_arena(), "If-None-Match: \"other\", %s", tag));
        struct reply *r = get(c, paths[i]);
        CHECK_NUM(r->status, 304);
        CHECK_TEXT(r->body, "");
        CHECK_TEXT(header_of(r, "etag"), tag);
        with_header(c, NULL);
        with_header(c, "If-None-Match: W/\"0000000000000000\"");
        CHECK_NUM(get(c, paths[i])->status, 200);
    }
}

/* --- who gets a page, and who a problem --- */

TEST_IN_WORLD(programs_get_problems_and_browsers_get_pages)
{
    static const struct {
        const char *path, *accept;
        bool is_page;
    } cases[] = {
        { "/nowhere", "text/html,application/xhtml+xml,*/*;q=0.8", true },
        { "/nowhere", "*/*", false },
        { "/nowhere", NULL, false },
        { "/v1", "text/html", false },
        { "/v1/nowhere", "text/html", false },
        { "/.well-known/nowhere", "text/html", false },
        { "/reset-password?token=x", "*/*", true },
        { "/reset-password?token=x", NULL, true },
        { "/reset-password?token=x", "application/json", false },
        { "/reset-password?token=x", "application/json, text/html", true },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct client *c = client(w);
        if (cases[i].accept)
            with_header(c, text_format(test_arena(), "Accept: %s", cases[i].accept));
        struct reply *r = get(c, cases[i].path);
        if ((*r->body == '<') != cases[i].is_page || (*r->body == '{') == cases[i].is_page)
            test_fail(__FILE__, __LINE__, "%s, %s", cases[i].path, cases[i].accept);
    }
}

TEST_IN_WORLD(who_sends_another_type_hears_which_would_do)
{
    struct client *c = client(w);
    struct reply *r = post(c, "/v1/auth/login", "email=a");
    check_problem(r, 415, "unsupported_media_type");
    CHECK_TEXT(header_of(r, "accept"), "application/json");
}

TEST_IN_WORLD(operations_answer_and_tell_no_names)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_TEXT(text_of(get(ann, "/livez"), "status"), "ok");
    CHECK_TEXT(text_of(get(ann, "/readyz"), "status"), "ready");
    struct reply *r = get(ann, "/health");
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "status"), "ok");
    CHECK_TEXT(text_of(r, "database.engine"), db_engine_name(w->db));
    CHECK_NUM(get(ann, "/health/email")->status, 200);
    r = get(ann, "/metrics");
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, "active_sessions 1") && strstr(r->body, "# TYPE"));
    CHECK_OK(job_run(w->db, test_arena(), "session.purge"));
    CHECK(strstr(get(ann, "/metrics")->body,
                 "jobs_last_success_timestamp_seconds{job=\"session.purge\"} ") != NULL);
    CHECK(!strstr(r->body, "ann@") && !strstr(r->body, ann->session_id));
}

TEST_IN_WORLD(operations_are_apart_when_they_have_a_listener)
{
    CHECK_OK(setting_override(SETTING_OPS_LISTEN, "127.0.0.1:9999"));
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *route = router_nth(i);
        const char *path = sample_path(route, "x");
        if (!route_is_safe(route))
            continue;
        int public_status = get(client(w), path)->status, apart = by_operations(w, path);
        if (route->access == OPERATIONS && (public_status != 404 || apart != 200))
            test_fail(__FILE__, __LINE__, "%s: %d, %d", path, public_status, apart);
        if (route->access >= VISITOR && route->access <= ADMIN && apart < 400)
            test_fail(__FILE__, __LINE__, "%s is at operations: %d", path, apart);
    }
}

/* --- static files --- */

TEST_IN_WORLD(HTTP_09_static_names_lead_nowhere_else)
{
    static const char *const names[] = {
        "/static/",           "/static/.",
        "/static/..",         "/static/../pages/login.html",
        "/static/%2e%2e/x",   "/static/..%2fkeys",
        "/static/%2e%2e%2fx", "/static//cardea.css",
        "/static/.css",       "/static/a/b.css",
        "/static/x.css%00",   "/static/..%5cx.css",
        "/static/cardea",     "/static/CARDEA.CSS",
        "/static/x.html",     "/static/cardea.css/",
        "/static/%252e.css",  "/static/cardea.css.",
        "/Static/cardea.css", "/static/%00cardea.css",
        "/pages/login.html",  "/ui/pages/login.html",
        "/.git/config",       "/cardea.conf",
        "/cardea.db",         "/cardea.keys",
        "/static/login.html", "/..;/static/cardea.css",
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        int status = get(client(w), names[i])->status;
        if (status != 404 && status != 400)
            test_fail(__FILE__, __LINE__, "%s gives %d", names[i], status);
    }
}

TEST_IN_WORLD(static_files_are_cached_by_their_content)
{
    struct client *c = client(w);
    struct reply *plain = get(c, "/static/cardea.css");
    CHECK_NUM(plain->status, 200);
    CHECK(header_of(plain, "content-encoding") == NULL && header_of(plain, "set-cookie") == NULL);
    with_header(c, "Accept-Encoding: br;q=0, gzip");
    struct reply *packed = get(c, "/static/cardea.css");
    CHECK_TEXT(header_of(packed, "content-encoding"), "gzip");
    CHECK_TEXT(header_of(packed, "vary"), "Accept-Encoding");
    CHECK(!text_equal(header_of(plain, "etag"), header_of(packed, "etag")));
    with_header(c, NULL);
    with_header(c, "Accept-Encoding: gzip, br");
    struct reply *brotli = get(c, "/static/cardea.css");
    CHECK_TEXT(header_of(brotli, "content-encoding"), "br");
    CHECK(!text_equal(header_of(brotli, "etag"), header_of(packed, "etag")));
    with_header(c, NULL);
    with_header(c, "Accept-Encoding: gzip;q=0");
    CHECK(header_of(get(c, "/static/cardea.css"), "content-encoding") == NULL);
    CHECK_NUM(post(c, "/static/cardea.css", "")->status, 404);
}

/* --- the shape of answers --- */

TEST_IN_WORLD(a_path_with_other_methods_says_which)
{
    struct client *c = client(w);
    struct reply *r = call(c, "PUT", "/v1/auth/login", "{}");
    check_problem(r, 405, "method_not_allowed");
    CHECK_TEXT(header_of(r, "allow"), "POST");
    r = call(c, "POST", "/v1/account/sessions", "{}");
    check_problem(r, 405, "method_not_allowed");
    CHECK_TEXT(header_of(r, "allow"), "GET, HEAD, DELETE");
    r = call(c, "DELETE", "/login", NULL);
    CHECK_NUM(r->status, 405);
    CHECK_TEXT(header_of(r, "allow"), "GET, HEAD, POST");
    check_problem(get(c, "/v1/nope"), 404, "not_found");
    check_problem(get(c, "/v1/auth/me/"), 404, "not_found");
    check_problem(get(c, "/v1/auth/ME"), 404, "not_found");
    check_problem(get(c, "/v1/"), 404, "not_found");
    CHECK_NUM(get(c, "/login/")->status, 404);
    CHECK_NUM(get(c, "/LOGIN")->status, 404);
}

TEST_IN_WORLD(a_head_is_a_get_without_its_body)
{
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *route = router_nth(i);
        const char *path = sample_path(route, "x");
        if (!route_is_safe(route))
            continue;
        CHECK_NUM(call(client(w), "HEAD", path, NULL)->status, get(client(w), path)->status);
    }
}

TEST_IN_WORLD(a_refused_field_says_which_and_why)
{
    struct reply *r = post(client(w), "/v1/auth/register",
                           json("email", "nobody", "password", "short", "locale", "xx", NULL));
    check_problem(r, 422, "fields_invalid");
    const struct json_value *errors = json_find(&r->json, "errors");
    REQUIRE(errors && errors->count >= 2);
    for (size_t i = 0; i < errors->count; i++) {
        const char *pointer = json_find_text(&errors->items[i], "pointer");
        CHECK(pointer && pointer[0] == '/');
        CHECK(json_find_text(&errors->items[i], "code") != NULL);
        CHECK(json_find_text(&errors->items[i], "detail") != NULL);
    }
    CHECK(!strstr(r->body, "short\"")); /* the password is not said back */
    r = get(client(w), "/v1/auth/me");
    check_problem(r, 401, "unauthenticated");
    CHECK(header_of(r, "www-authenticate") != NULL);
    CHECK_TEXT(header_of(r, "cache-control"), "no-store");
}
