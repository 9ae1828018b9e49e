/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields: a JSON body, a form and a query, checked by declared kind.
 */
#include "web/fields.h"

#include "../test.h"
#include "web/req.h"

#define FIELDS                                                         \
    .help = "x", .fields = {                                           \
        { "email", FIELD_EMAIL },                                      \
        { "password", FIELD_PASSWORD, .optional = true },              \
        { "name", FIELD_NAME, .optional = true },                      \
        { "flag", FIELD_FLAG, .optional = true },                      \
        { "many", FIELD_NUM, .optional = true, .min = 1, .max = 100 }, \
        { "note", FIELD_TEXT, .optional = true, .min = 2, .max = 5 },  \
    }

static const struct route api = ROUTE(POST, "/v1/things", ANYONE, NULL, FIELDS);
static const struct route patch = ROUTE(PATCH, "/v1/things", ANYONE, NULL, FIELDS);
static const struct route form = ROUTE(POST, "/things", ANYONE, NULL, FIELDS);
static const struct route list = ROUTE(GET, "/things", ANYONE, NULL, FIELDS);

static struct req *read(const struct route *route, const char *type, const char *body,
                        enum err *ret)
{
    static struct http_header header = { "content-type", NULL };
    struct arena *arena = test_arena();
    struct req *rq = arena_alloc(arena, sizeof *rq);
    rq->x = arena_alloc(arena, sizeof *rq->x);
    rq->arena = arena;
    rq->route = route;
    header.value = type;
    rq->x->request.headers = &header;
    rq->x->request.header_count = type ? 1 : 0;
    rq->x->request.query = route_is_safe(route) ? body : "";
    rq->x->request.body = route_is_safe(route) ? MEM_NONE : mem_text(body);
    *ret = fields_read(rq);
    return rq;
}

#define JSON_TYPE "application/json"
#define FORM_TYPE "application/x-www-form-urlencoded"

static const struct {
    const struct route *route;
    const char *type, *body;
    enum problem want;
    enum problem field_want; /* of the first field that is refused */
} cases[] = {
    { &api, JSON_TYPE, "{\"email\":\"a@example.org\"}", 0, 0 },
    { &api, "Application/JSON; charset=utf-8", "{\"email\":\"a@example.org\"}", 0, 0 },
    { &api, "application/jsonp", "{\"email\":\"a@example.org\"}", PROBLEM_UNSUPPORTED_MEDIA_TYPE,
      0 },
    { &api, "text/plain", "{\"email\":\"a@example.org\"}", PROBLEM_UNSUPPORTED_MEDIA_TYPE, 0 },
    { &api, FORM_TYPE, "email=a@example.org", PROBLEM_UNSUPPORTED_MEDIA_TYPE, 0 },
    { &api, NULL, "{\"email\":\"a@example.org\"}", PROBLEM_UNSUPPORTED_MEDIA_TYPE, 0 },
    { &api, NULL, "", PROBLEM_FIELDS_INVALID, PROBLEM_FIELD_REQUIRED },
    { &api, JSON_TYPE, "{}", PROBLEM_FIELDS_INVALID, PROBLEM_FIELD_REQUIRED },
    { &api, JSON_TYPE, "[]", PROBLEM_MALFORMED_JSON, 0 },
    { &api, JSON_TYPE, "{", PROBLEM_MALFORMED_JSON, 0 },
    { &api, JSON_TYPE, "{\"email\":\"a@example.org\",\"roles\":[\"ADMIN\"]}", PROBLEM_UNKNOWN_FIELD,
      0 },
    { &api, JSON_TYPE, "{\"email\":\"a@example.org\",\"csrf\":\"x\"}", PROBLEM_UNKNOWN_FIELD, 0 },
    { &api, JSON_TYPE, "{\"email\":7}", PROBLEM_FIELDS_INVALID, PROBLEM_FIELD_TYPE },
    { &api, JSON_TYPE, "{\"email\":[\"a@example.org\"]}", PROBLEM_FIELDS_INVALID,
      PROBLEM_FIELD_TYPE },
    { &api, JSON_TYPE, "{\"email\":null}", PROBLEM_FIELDS_INVALID, PROBLEM_FIELD_REQUIRED },
    { &api, JSON_TYPE, "{\"email\":\"nobody\"}", PROBLEM_FIELDS_INVALID, PROBLEM_EMAIL_INVALID },
    { &api, JSON_TYPE, "{\"email\":\"a@example.org\",\"name\":\"\"}", 0, 0 },
    { &patch, JSON_TYPE, "{\"email\":\"a@example.org\",\"name\":\"\"}", PROBLEM_FIELDS_INVALID,
      PROBLEM_FIELD_REQUIRED },
    { &api, JSON_TYPE, "{\"email\":\"a@example.org\",\"note\":\"\"}", PROBLEM_FIELDS_INVALID,
      PROBLEM_FIELD_REQUIRED },
    { &api, JSON_TYPE, "{\"email\":\"a@example.org\",\"name\":\" \"}", PROBLEM_FIELDS_INVALID,
      PROBLEM_NAME_INVALID },
    { &api, JSON_TYPE, "{\"email\":\"a@example.org\",\"name\":null}", 0, 0 },
    { &api, JSON_TYPE, "{\"email\":\"a@example.org\",\"flag\":true,\"many\":100}", 0, 0 },
    { &api, JSON_TYPE, "{\"email\":\"a@example.org\",\"flag\":1}", PROBLEM_FIELDS_INVALID,
      PROBLEM_FIELD_TYPE },
    { &api, JSON_TYPE, "{\"email\":\"a@example.org\",\"flag\":\"true\"}", PROBLEM_FIELDS_INVALID,
      PROBLEM_FIELD_TYPE },
    { &api, JSON_TYPE, "{\"email\":\"a@example.org\",\"many\":101}", PROBLEM_FIELDS_INVALID,
      PROBLEM_FIELD_RANGE },
    { &api, JSON_TYPE, "{\"email\":\"a@example.org\",\"many\":0}", PROBLEM_FIELDS_INVALID,
      PROBLEM_FIELD_RANGE },
    { &api, JSON_TYPE, "{\"email\":\"a@example.org\",\"many\":1.5}", PROBLEM_FIELDS_INVALID,
      PROBLEM_FIELD_TYPE },
    { &api, JSON_TYPE, "{\"email\":\"a@example.org\",\"many\":\"7\"}", PROBLEM_FIELDS_INVALID,
      PROBLEM_FIELD_TYPE },
    { &api, JSON_TYPE, "{\"email\":\"a@example.org\",\"note\":\"x\"}", PROBLEM_FIELDS_INVALID,
      PROBLEM_FIELD_TOO_SHORT },
    { &api, JSON_TYPE, "{\"email\":\"a@example.org\",\"note\":\"123456\"}", PROBLEM_FIELDS_INVALID,
      PROBLEM_FIELD_TOO_LONG },
    { &form, FORM_TYPE, "email=a%40example.org&csrf=abc", 0, 0 },
    { &form, FORM_TYPE, "email=a%40example.org&name=&many=", 0, 0 },
    { &form, FORM_TYPE, "email=", PROBLEM_FIELDS_INVALID, PROBLEM_FIELD_REQUIRED },
    { &form, FORM_TYPE, "email=a%40example.org&many=+7", PROBLEM_FIELDS_INVALID,
      PROBLEM_FIELD_TYPE },
    { &form, FORM_TYPE, "email=a%40example.org&many=0x10", PROBLEM_FIELDS_INVALID,
      PROBLEM_FIELD_TYPE },
    { &form, FORM_TYPE, "email=a%40example.org&is_admin=1", PROBLEM_UNKNOWN_FIELD, 0 },
    { &form, FORM_TYPE, "email=a%40example.org&email=b%40example.org", PROBLEM_BAD_REQUEST, 0 },
    { &form, JSON_TYPE, "{\"email\":\"a@example.org\"}", PROBLEM_UNSUPPORTED_MEDIA_TYPE, 0 },
    { &list, NULL, "email=a%40example.org&utm_source=mail", 0, 0 },
    { &list, NULL, "email=nobody", PROBLEM_FIELDS_INVALID, PROBLEM_EMAIL_INVALID },
};

TEST(fields_are_checked_by_their_kind)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum err e;
        struct req *rq = read(cases[i].route, cases[i].type, cases[i].body, &e);
        enum problem first = rq->error_count ? rq->errors[0].problem : PROBLEM_NONE;
        if (rq->problem != cases[i].want || first != cases[i].field_want ||
            e != (cases[i].want ? E_REFUSED : OK))
            test_fail(__FILE__, __LINE__, "%s: %s, %s", cases[i].body, problem_code(rq->problem),
                      problem_code(first));
    }
}

TEST(fields_arrive_as_they_were_sent)
{
    enum err e;
    struct req *rq = read(&form, FORM_TYPE,
                          "email=a%40example.org&password=+x+%C3%A9&flag=on&many=42&csrf=tok", &e);
    CHECK_OK(e);
    CHECK_TEXT(field(rq, "email"), "a@example.org");
    CHECK_TEXT(field(rq, "password"), " x \xc3\xa9");
    CHECK_TEXT(field(rq, "name"), NULL);
    CHECK_NUM(field_num(rq, "flag"), 1);
    CHECK_NUM(field_num(rq, "many"), 42);
    CHECK_TEXT(rq->form_csrf, "tok");
}

/* Each wrong field is named, once. */
TEST(all_wrong_fields_are_named)
{
    enum err e;
    struct req *rq = read(&api, JSON_TYPE, "{\"name\":\" \",\"many\":0,\"note\":\"x\"}", &e);
    CHECK_ERR(e, E_REFUSED);
    CHECK_NUM(rq->error_count, 4);
    CHECK_TEXT(rq->errors[3].field, "email");
}
