/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may pass which door (RBAC-01): every route of the table, asked by nobody, by a user and by an
 * administrator, against matrix.golden. A route that is not in the file fails, so a new door is
 * looked at by a person. TEST_GOLDEN=write makes the file anew.
 */
#include "sample.h"

#include "account/session_cache.h"
#include "base/buf.h"
#include "service/setting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOLDEN "test/feature/matrix.golden"

enum { WHOLE_MAX = 1 << 20 };

enum who { NOBODY, USER, ADMINISTRATOR };

/* Pages are used with a cookie and their form's token, the API with a bearer token. */
static struct client *somebody(struct world *w, const struct route *route, enum who who)
{
    struct client *c = client(w);
    const char *email = who == ADMINISTRATOR ? BEN : ANN;
    if (who == NOBODY)
        (void)get(c, "/login");
    else if (route_is_api(route))
        CHECK_NUM(login(c, email, PASSWORD)->status, 200);
    else
        CHECK_NUM(login_page(c, email, PASSWORD)->status, 303);
    if (who != NOBODY && !route_is_api(route))
        (void)get(c, "/settings");
    return c;
}

static int try_door(struct world *w, const struct route *route, enum who who)
{
    struct client *c = somebody(w, route, who);
    const char *body =
        route_is_safe(route) ? NULL : sample_body(route, c->csrf, "current_password", PASSWORD);
    struct reply *r = call(c, http_method_name(route->method),
                           sample_path(route, c->session_id ? c->session_id : "x"), body);
    bool is_closed = route->access >= SIGNED_IN && route->access <= ADMIN;
    bool leads_to_login = r->status == 303 && text_starts(header_of(r, "location"), "/login");
    if (who == NOBODY && is_closed && r->status != 401 && !leads_to_login)
        test_fail(__FILE__, __LINE__, "%s lets nobody in: %d", route->path, r->status);
    if (who == USER && is_closed && route->access != SIGNED_IN && r->status != 403)
        test_fail(__FILE__, __LINE__, "%s lets a user in: %d", route->path, r->status);
    return r->status;
}

static const char *golden(void)
{
    FILE *file = fopen(GOLDEN, "re");
    char *whole = arena_alloc(test_arena(), WHOLE_MAX);
    if (!file)
        return "";
    size_t n = fread(whole, 1, WHOLE_MAX - 1, file);
    (void)fclose(file);
    whole[n] = 0;
    return whole;
}

static void write_golden(const char *lines)
{
    FILE *file = fopen(GOLDEN, "we");
    REQUIRE(file != NULL);
    CHECK(fputs(lines, file) >= 0);
    CHECK_NUM(fclose(file), 0);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

TEST_IN_WORLD(RBAC_01_the_matrix_of_doors_is_as_agreed)
{
    static const char head[] = "# method path: access | nobody user admin (status)\n";
    const char *lines[256];
    size_t count = router_count();
    person(w, ANN, PASSWORD);
    person(w, BEN, PASSWORD);
    run_sql(w, "UPDATE account SET roles = 9 WHERE email_key = 'ben@example.org'");
    for (size_t i = 0; i < count; i++) {
        const struct route *route = router_nth(i);
        int status[3];
        for (enum who who = NOBODY; who <= ADMINISTRATOR; who++)
            status[who] = try_door(w, route, who);
        lines[i] = text_format(test_arena(), "%s %s: %s | %d %d %d\n",
                               http_method_name(route->method), route->path,
                               route_access_name(route->access), status[0], status[1], status[2]);
    }
    qsort(lines, count, sizeof *lines, compare);
    struct buf all;
    buf_init(&all, test_arena(), WHOLE_MAX);
    buf_text(&all, head);
    for (size_t i = 0; i < count; i++)
        buf_text(&all, lines[i]);
    if (getenv("TEST_GOLDEN"))
        write_golden(all.p);
    const char *agreed = golden();
    for (size_t i = 0; i < count; i++)
        if (!strstr(agreed, lines[i]))
            test_fail(__FILE__, __LINE__, "not agreed in " GOLDEN ": %s", lines[i]);
    CHECK_TEXT(agreed, all.p);
}

TEST_IN_WORLD(RBAC_01_development_doors_are_not_there_otherwise)
{
    const char *why = "";
    struct reply *there = get(client(w), "/dev/mail");
    CHECK_NUM(there->status, 200);
    CHECK_OK(setting_open(NULL, false, &w->arena, &why));
    CHECK_OK(setting_override(SETTING_PUBLIC_URL, "http://localhost:8080"));
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *route = router_nth(i);
        if (route->access != DEVELOPMENT)
            continue;
        struct client *c = client(w);
        with_header(c, "X-Request-Id: one-for-all");
        struct reply *r = get(c, sample_path(route, "x")), *strange = get(c, "/dev/nope");
        CHECK_NUM(r->status, 404);
        CHECK_NUM(strange->status, 404);
    }
}

/* A role taken away, or a lock, counts from the next request on (RBAC-06). */
TEST_IN_WORLD(RBAC_06_a_lock_ends_what_is_open)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
    run_sql(w, "UPDATE account SET locked_at = 1 WHERE email_key = 'ann@example.org'");
    session_cache_clear(); /* what the cache does by itself within a second */
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 401);
    CHECK_NUM(post(ann, "/v1/auth/refresh", json("refresh_token", ann->refresh, NULL))->status,
              401);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 401);
}
