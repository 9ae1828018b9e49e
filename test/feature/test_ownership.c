/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What belongs to somebody else is not there: the same answer as for what never existed.
 */
#include "base/buf.h"
#include "passkeys.h"
#include "sample.h"

#include <string.h>

TEST_IN_WORLD(IDOR_01_a_stranger_cannot_end_a_session)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    with_header(ann, "X-Request-Id: one-for-all");
    const char *never = "ses_00000000000000000000000000";
    struct reply *theirs = call(
        ann, "DELETE", text_format(test_arena(), "/v1/account/sessions/%s", ben->session_id), NULL);
    struct reply *nobodys =
        call(ann, "DELETE", text_format(test_arena(), "/v1/account/sessions/%s", never), NULL);
    check_problem(theirs, 404, "not_found");
    check_alike("another's session and none", theirs, nobodys);
    CHECK_NUM(get(ben, "/v1/auth/me")->status, 200);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 2);
    CHECK(!has_audit(w, "session.ended"));
}

TEST_IN_WORLD(IDOR_01_nor_by_form)
{
    struct client *ann = client(w), *ben = signed_in(w, BEN);
    person(w, ANN, PASSWORD);
    (void)login_page(ann, ANN, PASSWORD);
    (void)get(ann, "/account/security");
    struct reply *theirs = post_form(ann, "/account/sessions/end",
                                     text_format(test_arena(), "id=%s", ben->session_id));
    struct reply *nobodys =
        post_form(ann, "/account/sessions/end", "id=ses_00000000000000000000000000");
    CHECK_NUM(theirs->status, nobodys->status);
    CHECK_TEXT(header_of(theirs, "location"), header_of(nobodys, "location"));
    CHECK_NUM(get(ben, "/v1/auth/me")->status, 200);
}

TEST_IN_WORLD(IDOR_01_an_id_is_one_id_to_the_letter)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
    const char *id = ann->session_id;
    const char *const twisted[] = {
        text_format(test_arena(), "%s%%00", id),
        text_format(test_arena(), "%s.", id),
        text_format(test_arena(), "%s%%20", id),
        text_format(test_arena(), "%.29s", id),
        text_format(test_arena(), "%s0", id),
        text_format(test_arena(), "SES%s", id + 3),
        text_format(test_arena(), "%s;", id),
        text_format(test_arena(), "x/..%%2f%s", id),
        text_format(test_arena(), "%s%%2f", id),
        text_format(test_arena(), "%s'--", id),
        text_format(test_arena(), "usr%s", id + 3),
        text_format(test_arena(), "%%%s", id),
        text_format(test_arena(), "%s,%s", id, id),
        text_format(test_arena(), "%s/", id),
        "*",
        "%25",
        "_",
        "null",
        "0",
        "-1",
        "..",
        "%2e%2e",
    };
    for (size_t i = 0; i < COUNT(twisted); i++) {
        struct reply *r = call(
            ann, "DELETE", text_format(test_arena(), "/v1/account/sessions/%s", twisted[i]), NULL);
        if (r->status != 404 && r->status != 400)
            test_fail(__FILE__, __LINE__, "%s gives %d", twisted[i], r->status);
    }
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 2);
}

/* --- every door that takes an id, with every id there is --- */

/* One thing of each kind that has an id; more kinds, more lines. */
static size_t own_things(struct world *w, const char *email, const char *ret[12])
{
    static const char *const of_kind[] = {
        "SELECT s.id FROM session s, account a WHERE a.id = account_id AND email_key = $1",
        "SELECT d.id FROM device d, account a WHERE a.id = account_id AND email_key = $1",
        "SELECT p.id FROM passkey p, account a WHERE a.id = account_id AND email_key = $1",
        "SELECT n.id FROM notification n, account a WHERE a.id = account_id AND email_key = $1",
        "SELECT e.id FROM export e, account a WHERE a.id = account_id AND email_key = $1",
        "SELECT u.id FROM audit u, account a WHERE a.id = account_id AND email_key = $1",
        "SELECT a.id FROM account a WHERE a.email_key = $1",
    };
    size_t n = 0;
    for (size_t i = 0; i < COUNT(of_kind); i++) {
        ret[n] = text_from(w, of_kind[i], V(text(email)));
        CHECK(ret[n] != NULL);
        n += ret[n] != NULL;
    }
    return n;
}

/* A session, a device, a passkey, a notice and a copy. */
static void furnish(struct world *w, struct client *c, const char *email)
{
    struct client *other = client(w);
    other->user_agent = "curl/8.1";
    CHECK_NUM(login(other, email, PASSWORD)->status, 200);
    (void)own_passkey(c);
    CHECK_NUM(post(c, "/v1/account/export", NULL)->status, 202);
    run_jobs(w);
}

/* The same kind of id, of nothing. */
static const char *never(const char *id)
{
    size_t n = strcspn(id, "_");
    return text_format(test_arena(), "%.*s_00000000000000000000000000", (int)n, id);
}

static struct reply *try_id(struct client *c, const struct route *route, const char *id)
{
    const char *body = route_is_safe(route) ? NULL : sample_body(route, c->csrf, "id", id);
    return call(c, http_method_name(route->method), sample_path(route, id), body);
}

/* A page may name the address that was asked for. */
static const char *without(const char *body, const char *id)
{
    struct buf out;
    size_t n = strlen(id);
    buf_init(&out, test_arena(), 1 << 20);
    for (const char *p = body ? body : ""; *p; p++) {
        bool is_it = strncmp(p, id, n) == 0;
        buf_char(&out, is_it ? '*' : *p);
        p += is_it ? n - 1 : 0;
    }
    return buf_mem(&out).n ? out.p : "";
}

static bool takes_id(const struct route *route)
{
    bool takes = strstr(route->path, "{id}") != NULL;
    for (int i = 0; i < ROUTE_FIELDS && route->fields[i].name; i++)
        takes = takes || text_equal(route->fields[i].name, "id");
    return takes && route->access == SIGNED_IN;
}

TEST_IN_WORLD(IDOR_01_every_id_of_another_is_like_none_at_every_door)
{
    const char *things[12];
    int doors = 0;
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN), *page = client(w);
    furnish(w, ann, ANN);
    size_t count = own_things(w, ANN, things);
    CHECK_NUM(login_page(page, BEN, PASSWORD)->status, 303);
    with_header(ben, "X-Request-Id: one-for-all");
    with_header(page, "X-Request-Id: one-for-all");
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *route = router_nth(i);
        struct client *c = route_is_api(route) ? ben : page;
        if (!takes_id(route))
            continue;
        doors++;
        (void)get(page, "/settings");
        for (size_t k = 0; k < count; k++) {
            struct reply *theirs = try_id(c, route, things[k]);
            struct reply *nobodys = try_id(c, route, never(things[k]));
            const char *a = without(theirs->body, things[k]);
            const char *b = without(nobodys->body, never(things[k]));
            if (theirs->status != nobodys->status || !text_equal(a, b))
                test_fail(__FILE__, __LINE__, "%s %s tells %s from none: %d and %d",
                          http_method_name(route->method), route->path, things[k], theirs->status,
                          nobodys->status);
            if (strstr(theirs->body ? theirs->body : "", ANN))
                test_fail(__FILE__, __LINE__, "%s shows whose %s is", route->path, things[k]);
        }
    }
    CHECK(doors >= 6);
    const char *after[12];
    CHECK_NUM(own_things(w, ANN, after), count);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
}

TEST_IN_WORLD(IDOR_02_lists_hold_only_what_is_mine)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    CHECK_NUM(login(client(w), BEN, PASSWORD)->status, 200);
    const char *mine = get(ann, "/v1/account/sessions")->body;
    const char *theirs = get(ben, "/v1/account/sessions")->body;
    CHECK(strstr(mine, ann->session_id) && !strstr(mine, ben->session_id));
    CHECK(strstr(theirs, ben->session_id) && !strstr(theirs, ann->session_id));
    CHECK_NUM(call(ann, "DELETE", "/v1/account/sessions", NULL)->status, 204);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 3); /* ben's are untouched */
}

/* A link for one does nothing in the hands of another who is signed in (TOK-04). */
TEST_IN_WORLD(TOK_04_a_link_serves_its_owner_only)
{
    struct client *ben = signed_in(w, BEN);
    person(w, ANN, PASSWORD);
    const char *token = reset_token(w, ANN);
    CHECK_NUM(reset(ben, token, "another walnut chair")->status, 200);
    CHECK_TEXT(text_of(get(ben, "/v1/auth/me"), "user.email"), BEN);
    CHECK_NUM(login(client(w), BEN, PASSWORD)->status, 200);
    CHECK_NUM(login(client(w), ANN, "another walnut chair")->status, 200);
}

TEST_IN_WORLD(a_refresh_token_serves_its_own_session_only)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    struct reply *r = post(ann, "/v1/auth/refresh", json("refresh_token", ben->refresh, NULL));
    /* Whoever holds it refreshes it, whatever bearer token came along: but for its own account. */
    REQUIRE(r->status == 200);
    ben->bearer = text_of(r, "access_token");
    CHECK_TEXT(text_of(get(ben, "/v1/auth/me"), "user.email"), BEN);
    CHECK_TEXT(text_of(get(ann, "/v1/auth/me"), "user.email"), ANN);
}
