/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The router: which path finds which entry, what a parameter is, and what 405 says.
 */
#include "../test.h"
#include "app.h"
#include "service/setting.h"
#include "web/req.h"
#include "web/route.h"

#include <string.h>

static enum err nothing(struct req *)
{
    return OK;
}

static const struct route routes[] = {
    ROUTE(GET, "/", ANYONE, nothing, .help = "x"),
    ROUTE(GET, "/things", ANYONE, nothing, .help = "x"),
    ROUTE(POST, "/things", ANYONE, nothing, .help = "x"),
    ROUTE(GET, "/things/{id}", ANYONE, nothing, .help = "x"),
    ROUTE(DELETE, "/v1/things/{id}", ANYONE, nothing, .help = "x"),
    ROUTE(GET, "/v1/{kind}/of/{owner}", ANYONE, nothing, .help = "x"),
    ROUTES_END,
};
static const struct route *const lists[] = { routes, NULL };

static const struct {
    enum http_method method;
    const char *path;
    enum err want;
    int index; /* of routes */
    const char *first, *second, *allow;
} cases[] = {
    { HTTP_GET, "/", OK, 0, NULL, NULL, "" },
    { HTTP_HEAD, "/", OK, 0, NULL, NULL, "" },
    { HTTP_GET, "/things", OK, 1, NULL, NULL, "" },
    { HTTP_POST, "/things", OK, 2, NULL, NULL, "" },
    { HTTP_GET, "/things/7", OK, 3, "7", NULL, "" },
    { HTTP_HEAD, "/things/{id}", OK, 3, "{id}", NULL, "" },
    { HTTP_DELETE, "/v1/things/a%2Fb", OK, 4, "a%2Fb", NULL, "" },
    { HTTP_GET, "/v1/cats/of/ann", OK, 5, "cats", "ann", "" },
    { HTTP_PUT, "/things", E_DENIED, 0, NULL, NULL, "GET, HEAD, POST" },
    { HTTP_HEAD, "/v1/things/7", E_DENIED, 0, NULL, NULL, "DELETE" },
    { HTTP_OPTIONS, "/things/7", E_DENIED, 0, NULL, NULL, "GET, HEAD" },
    { HTTP_GET, "/thing", E_NOT_FOUND, 0, NULL, NULL, "" },
    { HTTP_GET, "/thingss", E_NOT_FOUND, 0, NULL, NULL, "" },
    { HTTP_GET, "/things/", E_NOT_FOUND, 0, NULL, NULL, "" },
    { HTTP_GET, "/things/7/", E_NOT_FOUND, 0, NULL, NULL, "" },
    { HTTP_GET, "/things/7/8", E_NOT_FOUND, 0, NULL, NULL, "" },
    { HTTP_GET, "/Things", E_NOT_FOUND, 0, NULL, NULL, "" },
    { HTTP_GET, "//", E_NOT_FOUND, 0, NULL, NULL, "" },
    { HTTP_GET, "/v1//of/ann", E_NOT_FOUND, 0, NULL, NULL, "" },
};

static void check_case(size_t i)
{
    struct match m;
    enum err e = router_match(cases[i].method, cases[i].path, test_arena(), &m);
    if (e != cases[i].want || (e == OK && m.route != &routes[cases[i].index]))
        test_fail(__FILE__, __LINE__, "%s: %s", cases[i].path, err_name(e));
    if (e)
        CHECK(!m.route);
    CHECK_TEXT(m.allow, cases[i].allow);
    CHECK_TEXT(m.values[0], cases[i].first);
    CHECK_TEXT(m.values[1], cases[i].second);
}

TEST(a_path_finds_its_route)
{
    router_open(lists);
    CHECK_NUM(router_count(), 6);
    for (size_t i = 0; i < COUNT(cases); i++)
        check_case(i);
    for (int i = 0; i < 6; i++)
        CHECK_NUM(router_index(router_nth((size_t)i)), i);
    app_register();
}

TEST(parameters_have_the_names_of_the_table)
{
    struct match m;
    router_open(lists);
    CHECK_OK(router_match(HTTP_GET, "/v1/cats/of/ann", test_arena(), &m));
    CHECK_TEXT(m.names[0], "kind");
    CHECK_TEXT(m.names[1], "owner");
    app_register();
}

/* No entry is shadowed by one before it, and no GET writes. */
TEST(every_route_of_ours_is_reached)
{
    const char *why;
    app_register();
    setting_set_ephemeral(true);
    CHECK_OK(setting_open(NULL, true, test_arena(), &why));
    for (size_t i = 0; i < router_count(); i++) {
        struct match m;
        const struct route *route = router_nth(i);
        CHECK(route_exists(route));
        CHECK_OK(router_match(route->method, route->path, test_arena(), &m));
        CHECK(m.route == route);
        CHECK(route->access != ACCESS_UNSET);
        CHECK(strcmp(route_access_name(route->access), "nobody") != 0);
        CHECK(route->path[0] == '/');
    }
    setting_set_ephemeral(false);
    CHECK_OK(setting_open(NULL, false, test_arena(), &why));
}
