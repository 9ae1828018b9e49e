/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks that are kept out or let in: by setting, by staff, for everybody and for staff's doors.
 */
#include "attack.h"
#include "sample.h"

#include "account/role.h"
#include "base/clock.h"
#include "db/fault.h"
#include "service/address_rule.h"
#include "service/setting.h"
#include "web/web.h"

#include <string.h>

static void set(struct world *w, enum setting s, const char *value)
{
    CHECK_OK(setting_override(s, value));
    run_jobs(w); /* each node looks at least once a second */
}

static struct client *administrator(struct world *w)
{
    struct client *c = signed_in(w, BEN);
    tamper(w, "UPDATE account SET roles = 8 WHERE email_key = $1", V(text(BEN)));
    CHECK_NUM(login(c, BEN, PASSWORD)->status, 200);
    return c;
}

static struct reply *add(struct client *c, const char *range, const char *action, const char *scope)
{
    struct reply *r =
        post(c, "/v1/admin/ip-rules", json("range", range, "action", action, "scope", scope, NULL));
    run_jobs(c->w);
    return r;
}

static int status_from(struct world *w, const char *ip, const char *path)
{
    struct client *c = client(w);
    c->ip = ip;
    return get(c, path)->status;
}

TEST_IN_WORLD(a_rule_of_staff_keeps_a_network_out_and_lets_it_in_again)
{
    struct client *c = administrator(w);
    CHECK_NUM(status_from(w, "198.51.100.7", "/login"), 200);
    struct reply *r = add(c, "198.51.100.0/24", "deny", "all");
    CHECK_NUM(r->status, 201);
    CHECK_TEXT(text_of(r, "range"), "198.51.100.0/24");
    CHECK_TEXT(text_of(r, "source"), "staff");
    const char *id = text_of(r, "id");
    CHECK_NUM(status_from(w, "198.51.100.7", "/login"), 403);
    CHECK_NUM(status_from(w, "198.51.101.7", "/login"), 200);
    wait_for(1);
    CHECK_NUM(add(c, "198.51.100.7", "allow", "all")->status, 201);
    CHECK_NUM(status_from(w, "198.51.100.7", "/login"), 200);
    CHECK_NUM(status_from(w, "198.51.100.8", "/login"), 403);
    r = get(c, "/v1/admin/ip-rules");
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "data.0.range"), "198.51.100.7/32");
    CHECK_TEXT(text_of(r, "data.1.range"), "198.51.100.0/24");
    CHECK_NUM(
        call(c, "DELETE", text_format(test_arena(), "/v1/admin/ip-rules/%s", id), NULL)->status,
        204);
    run_jobs(w);
    CHECK_NUM(status_from(w, "198.51.100.8", "/login"), 200);
    CHECK(has_audit(w, "address_rule.added") && has_audit(w, "address_rule.removed"));
    CHECK_NUM(
        call(c, "DELETE", text_format(test_arena(), "/v1/admin/ip-rules/%s", id), NULL)->status,
        404);
}

TEST_IN_WORLD(a_denied_network_hears_why_and_gets_no_further)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    set(w, SETTING_ADDRESS_DENY, "203.0.113.0/24, 2001:db8::/32");
    c->ip = "203.0.113.9";
    const char *before = store_print(w);
    struct reply *r = post(c, "/v1/auth/login", json("email", ANN, "password", PASSWORD, NULL));
    check_problem(r, 403, "address_denied");
    CHECK(text_starts(text_of(r, "decision_id"), "dec_"));
    /* Nothing was parsed: not even what is malformed. */
    check_problem(post(c, "/v1/auth/login", "{\"email\":"), 403, "address_denied");
    check_problem(get(c, "/v1/no/such/door"), 403, "address_denied");
    check_problem(call(c, "DELETE", "/v1/auth/login", NULL), 403, "address_denied");
    r = get(c, "/login");
    CHECK_NUM(r->status, 403);
    CHECK(strstr(r->body, "dec_") && strstr(r->body, "This network may not come in"));
    r = post(c, "/login", "email=x");
    CHECK_NUM(r->status, 403);
    c->ip = "2001:db8:9::1";
    check_problem(get(c, "/v1/auth/me"), 403, "address_denied");
    CHECK_TEXT(store_print(w), before);
    CHECK_NUM(get(c, "/livez")->status, 200);
    CHECK_NUM(get(c, "/readyz")->status, 200);
    set(w, SETTING_ADDRESS_DENY, "");
    CHECK_NUM(get(c, "/login")->status, 200);
}

TEST_IN_WORLD(the_record_of_a_denial_names_the_rule)
{
    struct client *c = client(w), *ben = administrator(w);
    CHECK_NUM(add(ben, "203.0.113.0/24", "deny", "all")->status, 201);
    c->ip = "203.0.113.9";
    const char *id = text_of(get(c, "/v1/auth/me"), "decision_id");
    struct reply *r = get(ben, text_format(test_arena(), "/v1/admin/decisions/%s", id));
    CHECK_TEXT(text_of(r, "rule"), "address deny");
    CHECK_TEXT(text_of(r, "counter"), "203.0.113.0/24");
    CHECK_TEXT(text_of(r, "client_network"), "203.0.113.0/24");
}

TEST_IN_WORLD(staffs_doors_have_lists_of_their_own)
{
    struct client *c = administrator(w);
    set(w, SETTING_ADMIN_ADDRESS_ALLOW, "192.0.2.0/24");
    CHECK_NUM(get(c, "/v1/admin/ip-rules")->status, 200);
    c->ip =
        "192.0.3.1"; /* another network: the session would be ended, but it does not come to it */
    check_problem(get(c, "/v1/admin/ip-rules"), 403, "address_denied");
    check_problem(get(c, "/v1/admin/no/such/door"), 403, "address_denied");
    CHECK_NUM(get(c, "/admin/ip-rules")->status, 403);
    CHECK_NUM(status_from(w, c->ip, "/login"), 200);
    /* To be let in everywhere opens no door of staff. */
    set(w, SETTING_ADDRESS_ALLOW, "192.0.3.1");
    check_problem(get(c, "/v1/admin/ip-rules"), 403, "address_denied");
    c->ip = "192.0.2.1";
    CHECK_NUM(get(c, "/v1/admin/ip-rules")->status, 200);
    CHECK_NUM(add(c, "192.0.3.1", "allow", "admin")->status, 201);
    CHECK_NUM(status_from(w, "192.0.3.1", "/v1/admin/ip-rules"), 401);
}

TEST_IN_WORLD(nobody_locks_themselves_out_by_a_slip)
{
    struct client *c = administrator(w);
    static const char *const ranges[] = { "192.0.2.1", "192.0.2.0/24", "0.0.0.0/0", "::/0" };
    for (size_t i = 0; i < COUNT(ranges); i++) {
        check_problem(add(c, ranges[i], "deny", "all"), 409, "would_lock_out_self");
        check_problem(add(c, ranges[i], "deny", "admin"), 409, "would_lock_out_self");
    }
    CHECK_NUM(count_of(w, "SELECT count(*) FROM address_rule"), 0);
    CHECK_NUM(add(c, "192.0.2.1", "allow", "all")->status, 201);
    wait_for(1);
    struct reply *r = add(c, "192.0.2.0/24", "deny", "all"); /* the longer prefix lets me in */
    CHECK_NUM(r->status, 201);
    r = get(c, "/v1/admin/ip-rules");
    const char *mine = text_of(r, "data.1.id");
    const char *path = text_format(test_arena(), "/v1/admin/ip-rules/%s", mine);
    check_problem(call(c, "DELETE", path, NULL), 409, "would_lock_out_self");
    CHECK_NUM(call(c, "DELETE", path, "{\"confirm\":true}")->status, 204);
    run_jobs(w);
    check_problem(get(c, "/v1/auth/me"), 403, "address_denied");
    /* The operator's way back in: a setting beats a rule of one length. */
    set(w, SETTING_ADDRESS_ALLOW, "192.0.2.0/24");
    CHECK_NUM(get(c, "/v1/auth/me")->status, 200);
}

TEST_IN_WORLD(and_it_can_be_meant_so)
{
    struct client *c = administrator(w);
    struct reply *r = post(c, "/v1/admin/ip-rules",
                           "{\"range\":\"192.0.2.1\",\"action\":\"deny\",\"confirm\":true}");
    CHECK_NUM(r->status, 201);
    run_jobs(w);
    check_problem(get(c, "/v1/admin/ip-rules"), 403, "address_denied");
}

TEST_IN_WORLD(a_rule_ends_at_its_time)
{
    struct client *c = administrator(w);
    const char *end = clock_format(test_arena(), clock_now() + HOUR);
    struct reply *r = post(
        c, "/v1/admin/ip-rules",
        json("range", "198.51.100.7", "action", "deny", "expires_at", end, "note", "why", NULL));
    CHECK_NUM(r->status, 201);
    CHECK_TEXT(text_of(r, "expires_at"), end);
    CHECK_TEXT(text_of(r, "note"), "why");
    run_jobs(w);
    CHECK_NUM(status_from(w, "198.51.100.7", "/login"), 403);
    wait_for(HOUR - 1);
    CHECK_NUM(status_from(w, "198.51.100.7", "/login"), 403);
    wait_for(1);
    CHECK_NUM(status_from(w, "198.51.100.7", "/login"), 200);
    CHECK_NUM(login(c, BEN, PASSWORD)->status, 200);
    CHECK_TEXT(get(c, "/v1/admin/ip-rules")->body,
               "{\"data\":[],\"settings\":[],\"next_cursor\":null}");
    CHECK_NUM(add(c, "198.51.100.7", "allow", "all")->status, 201); /* nothing is in the way */
    wait_for(HOUR);
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM address_rule"), 1);
}

TEST_IN_WORLD(INT_01_what_is_no_rule_is_refused)
{
    struct client *c = administrator(w);
    static const char *const ranges[] = { "",
                                          "x",
                                          "192.0.2.1/24",
                                          "192.0.2.0/33",
                                          "192.0.2.0/-1",
                                          "192.0.2.0/",
                                          "192.0.2.0/24/8",
                                          "192.0.2.0/ 24",
                                          "192.0.2.0/024",
                                          "2001:db8::/129",
                                          "2001:db8::1/64",
                                          "fe80::1%eth0",
                                          "[2001:db8::1]",
                                          "192.0.2.1:80",
                                          "0x7f.1",
                                          "127.1",
                                          "192.0.2.0/2147483648",
                                          "*" };
    for (size_t i = 0; i < COUNT(ranges); i++)
        if (add(c, ranges[i], "deny", "all")->status != 422)
            test_fail(__FILE__, __LINE__, "%s is taken", ranges[i]);
    check_problem(add(c, "203.0.113.1", "maybe", "all"), 422, "fields_invalid");
    check_problem(add(c, "203.0.113.1", "deny", "some"), 422, "fields_invalid");
    static const char *const ends[] = { "yesterday", "2020-01-01T00:00:00Z", "1795237200",
                                        "2126-01-01T00:00:00Z", "" };
    for (size_t i = 0; i < COUNT(ends); i++)
        check_problem(
            post(c, "/v1/admin/ip-rules",
                 json("range", "203.0.113.1", "action", "deny", "expires_at", ends[i], NULL)),
            422, "fields_invalid");
    CHECK_NUM(count_of(w, "SELECT count(*) FROM address_rule"), 0);
    CHECK_NUM(add(c, "203.0.113.1", "deny", "all")->status, 201);
    check_problem(add(c, "203.0.113.1", "allow", "all"), 409, "rule_known");
    check_problem(add(c, "::ffff:203.0.113.1", "allow", "all"), 409, "rule_known");
    CHECK_NUM(add(c, "203.0.113.1", "allow", "admin")->status, 201);
}

TEST_IN_WORLD(INT_02_the_list_is_walked_with_sealed_cursors)
{
    struct client *c = administrator(w);
    for (int i = 0; i < 5; i++) {
        CHECK_NUM(add(c, text_format(test_arena(), "203.0.113.%d", i), "deny", "all")->status, 201);
        wait_for(1);
    }
    struct reply *r = get(c, "/v1/admin/ip-rules?limit=2");
    CHECK_TEXT(text_of(r, "data.0.range"), "203.0.113.4/32");
    const char *cursor = text_of(r, "next_cursor");
    r = get(c, text_format(test_arena(), "/v1/admin/ip-rules?limit=2&cursor=%s", cursor));
    CHECK_TEXT(text_of(r, "data.0.range"), "203.0.113.2/32");
    char *edited = text_copy(test_arena(), mem_text(cursor));
    edited[5] = edited[5] == 'A' ? 'B' : 'A';
    check_problem(get(c, text_format(test_arena(), "/v1/admin/ip-rules?cursor=%s", edited)), 400,
                  "cursor_invalid");
    static const char *const limits[] = { "0", "-1", "201", "1.5", "0x10", "2147483648" };
    for (size_t i = 0; i < COUNT(limits); i++)
        CHECK(get(c, text_format(test_arena(), "/v1/admin/ip-rules?limit=%s", limits[i]))->status >=
              400);
}

TEST_IN_WORLD(RBAC_01_only_administrators_write_rules_and_lately_proved)
{
    struct client *ann = signed_in(w, ANN), *c = administrator(w);
    check_problem(add(client(w), "203.0.113.1", "deny", "all"), 401, "unauthenticated");
    check_problem(add(ann, "203.0.113.1", "deny", "all"), 403, "forbidden");
    tamper(w, "UPDATE account SET roles = 7 WHERE email_key = $1", V(text(BEN)));
    CHECK_NUM(login(c, BEN, PASSWORD)->status, 200);
    check_problem(add(c, "203.0.113.1", "deny", "all"), 403, "forbidden");
    check_problem(get(c, "/v1/admin/ip-rules"), 403, "forbidden");
    tamper(w, "UPDATE account SET roles = 8 WHERE email_key = $1", V(text(BEN)));
    CHECK_NUM(login(c, BEN, PASSWORD)->status, 200);
    CHECK_OK(setting_override(SETTING_FRESH_PROOF, "1m"));
    wait_for(MINUTE + 1);
    check_problem(add(c, "203.0.113.1", "deny", "all"), 401, "insufficient_user_authentication");
    CHECK_NUM(get(c, "/v1/admin/ip-rules")->status, 200);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM address_rule"), 0);
}

/* When the store does not answer, what is known goes on deciding; without any list nothing starts.
 */
TEST_IN_WORLD(RATE_02_a_store_that_fails_opens_no_door)
{
    struct client *c = administrator(w);
    CHECK_NUM(add(c, "198.51.100.0/24", "deny", "all")->status, 201);
    CHECK_NUM(status_from(w, "198.51.100.7", "/login"), 403);
    db_fault_after(w->db, 1);
    CHECK_ERR(address_rule_open(w->db), E_FAULT);
    wait_for(SECOND);
    db_fault_after(w->db, 1);
    CHECK_ERR(address_rule_refresh(w->db, clock_now()), E_FAULT);
    CHECK_NUM(status_from(w, "198.51.100.7", "/login"), 403);
    db_fault_after(w->db, 0);
    CHECK_NUM(status_from(w, "198.51.100.7", "/login"), 403);
}

TEST_IN_WORLD(another_node_follows_within_a_second)
{
    struct client *c = administrator(w);
    CHECK_NUM(add(c, "198.51.100.0/24", "deny", "all")->status, 201);
    /* As another node writes: not through this process. */
    run_sql(w, "UPDATE address_rule SET action = 'allow'");
    run_sql(w, "UPDATE address_rule_version SET version = version + 1");
    wait_for(SECOND);
    run_jobs(w);
    CHECK_NUM(status_from(w, "198.51.100.7", "/login"), 200);
    run_sql(w, "UPDATE address_rule SET action = 'deny'");
    run_sql(w, "UPDATE address_rule_version SET version = version + 1");
    CHECK_NUM(status_from(w, "198.51.100.7", "/login"), 200); /* no query for each request */
    wait_for(SECOND);
    run_jobs(w);
    CHECK_NUM(status_from(w, "198.51.100.7", "/login"), 403);
}

TEST_IN_WORLD(rules_are_kept_by_pages_without_script)
{
    struct client *page = client(w);
    (void)administrator(w);
    CHECK_NUM(login_page(page, BEN, PASSWORD)->status, 303);
    struct reply *r = get(page, "/admin/ip-rules");
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, "There is no rule."));
    CHECK_NUM(get(page, "/admin/ip-rules/new")->status, 200);
    r = post_form(page, "/admin/ip-rules/new", "range=nonsense&action=deny&scope=all&hours=1");
    CHECK_NUM(r->status, 422);
    CHECK(strstr(r->body, "value=\"nonsense\"") && strstr(r->body, "id=\"range-error\""));
    r = post_form(page, "/admin/ip-rules/new",
                  "range=192.0.2.0%2F24&action=deny&scope=all&hours=1");
    CHECK_NUM(r->status, 409);
    CHECK(strstr(r->body, "keep yourself out"));
    r = post_form(page, "/admin/ip-rules/new", "range=&action=allow&scope=admin&hours=168");
    CHECK_NUM(r->status, 422); /* what was chosen stays chosen */
    CHECK(strstr(r->body, "value=\"allow\" selected") &&
          strstr(r->body, "value=\"admin\" selected") && strstr(r->body, "value=\"168\" selected"));
    r = post_form(page, "/admin/ip-rules/new", "range=203.0.113.9&action=deny&hours=-1");
    CHECK_NUM(r->status, 422);
    r = post_form(page, "/admin/ip-rules/new",
                  "range=203.0.113.0%2F24&action=deny&scope=all&hours=1&note=%3Cb%3Ebots");
    CHECK_NUM(r->status, 303);
    run_jobs(w);
    r = get(page, "/admin/ip-rules");
    CHECK(strstr(r->body, "203.0.113.0/24") && strstr(r->body, "&lt;b&gt;bots"));
    const char *at = strstr(r->body, "remove?id=");
    REQUIRE(at != NULL);
    const char *id = text_copy(test_arena(), MEM(at + 10, 30));
    CHECK_NUM(get(page, text_format(test_arena(), "/admin/ip-rules/remove?id=%s", id))->status,
              200);
    r = post_form(page, "/admin/ip-rules/remove", text_format(test_arena(), "id=%s", id));
    CHECK_NUM(r->status, 303);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM address_rule"), 0);
}

TEST_IN_WORLD(settings_are_shown_and_are_not_rows)
{
    struct client *c = administrator(w);
    set(w, SETTING_ADDRESS_DENY, "203.0.113.0/24,198.51.100.0/24");
    struct reply *r = get(c, "/v1/admin/ip-rules");
    CHECK_TEXT(text_of(r, "settings.0.range"), "203.0.113.0/24");
    CHECK_TEXT(text_of(r, "settings.0.source"), "setting");
    for (int i = 0; i < 3; i++) { /* a list that is wrong is refused as a whole */
        enum setting s = i == 0   ? SETTING_ADDRESS_ALLOW
                         : i == 1 ? SETTING_ADDRESS_DENY
                                  : SETTING_ADMIN_ADDRESS_ALLOW;
        CHECK_ERR(setting_override(s, "203.0.113.0/24,203.0.113.1/24"), E_INVALID);
        CHECK_ERR(setting_override(s, "nobody"), E_INVALID);
    }
}

/* Every door of staff, asked by each role: it opens for its own and those above. */
TEST_IN_WORLD(RBAC_01_each_door_of_staff_opens_from_its_role_up)
{
    static const struct {
        int64_t roles;
        enum access up_to;
    } cases[] = {
        { ROLE_USER, SIGNED_IN },
        { ROLE_USER | ROLE_SUPPORT, SUPPORT },
        { ROLE_USER | ROLE_BILLING_ADMIN, BILLING },
        { ROLE_ADMIN, ADMIN },
    };
    person(w, BEN, PASSWORD);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct client *api = client(w), *page = client(w);
        tamper(w, "UPDATE account SET roles = $1 WHERE email_key = $2",
               V(num(cases[i].roles), text(BEN)));
        CHECK_NUM(login(api, BEN, PASSWORD)->status, 200);
        CHECK_NUM(login_page(page, BEN, PASSWORD)->status, 303);
        for (size_t k = 0; k < router_count(); k++) {
            const struct route *route = router_nth(k);
            if (route->access < SUPPORT || route->access > ADMIN || !route_is_safe(route))
                continue;
            struct client *c = route_is_api(route) ? api : page;
            bool is_open = get(c, sample_path(route, "x"))->status != 403;
            if (is_open != (route->access <= cases[i].up_to))
                test_fail(__FILE__, __LINE__, "%s is %s to role %d", route->path,
                          is_open ? "open" : "closed", (int)cases[i].roles);
        }
    }
}

/* A proxy writes one of the two headers, a stranger the other: for limits they are the proxy then,
   but what keeps them out counts for whomever either names. */
TEST_IN_WORLD(RATE_01_a_second_header_passes_no_rule)
{
    struct client *c = administrator(w);
    set(w, SETTING_TRUSTED_PROXIES, "10.0.0.0/8");
    set(w, SETTING_ADDRESS_DENY, "203.0.113.0/24");
    set(w, SETTING_ADMIN_ADDRESS_ALLOW, "10.0.0.0/8");
    web_configure();
    static const struct {
        const char *plain, *list;
        int page, staff;
    } rows[] = {
        { "203.0.113.9", NULL, 403, 403 },
        { "203.0.113.9", "Forwarded: for=10.9.9.9", 403, 403 },
        { "203.0.113.9", "Forwarded: for=8.8.8.8", 403, 403 },
        { "8.8.8.8", "Forwarded: for=203.0.113.9", 403, 403 },
        { "8.8.8.8", "Forwarded: for=10.9.9.9", 200, 403 },
        { "8.8.8.8", "Forwarded: for=unknown", 200, 403 },
        { "10.1.1.1", "Forwarded: for=10.1.1.1", 200, 200 },
    };
    c->ip = "10.0.0.1";
    for (size_t i = 0; i < COUNT(rows); i++) {
        with_header(c, NULL);
        with_header(c, text_format(test_arena(), "X-Forwarded-For: %s", rows[i].plain));
        if (rows[i].list)
            with_header(c, rows[i].list);
        int page = get(c, "/login")->status, staff = get(c, "/v1/admin/ip-rules")->status;
        if ((page == 403) != (rows[i].page == 403) || (staff == 403) != (rows[i].staff == 403))
            test_fail(__FILE__, __LINE__, "row %zu: %d %d", i, page, staff);
    }
    set(w, SETTING_TRUSTED_PROXIES, "");
    set(w, SETTING_ADDRESS_DENY, "");
    set(w, SETTING_ADMIN_ADDRESS_ALLOW, "");
    web_configure();
}
