/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staff locks and unlocks accounts, and has no way to what proves their owners.
 */
#include "attack.h"

#include "account/lockout.h"
#include "account/role.h"
#include "account/session_cache.h"
#include "sample.h"
#include "two_step.h"

#define WRONG "a quite wrong walnut desk"

static void set_roles(struct world *w, const char *email, int64_t roles)
{
    tamper(w, "UPDATE account SET roles = CAST($1 AS BIGINT) WHERE email_key = $2",
           V(num(ROLE_USER | roles), text(email)));
    session_cache_clear();
}

static struct client *staff(struct world *w, int64_t roles)
{
    struct client *c = signed_in(w, BEN);
    set_roles(w, BEN, roles);
    return c;
}

static struct reply *act(struct client *c, const char *email, const char *verb)
{
    return post(
        c, text_format(test_arena(), "/v1/admin/users/%s/%s", account_id_of(c->w, email), verb),
        NULL);
}

/* Password, code, app and recovery codes, known devices: all of it. */
TEST_IN_WORLD(staff_opens_what_wrong_attempts_have_locked)
{
    struct client *support = staff(w, ROLE_USER | ROLE_SUPPORT), *home = client(w),
                  *stranger = client(w);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login_page(home, ANN, PASSWORD)->status, 303);
    (void)get(home, "/account/security");
    CHECK_NUM(post_form(home, "/logout", "")->status, 303);
    CHECK_NUM(login(stranger, ANN, WRONG)->status, 401);
    tamper(w, "UPDATE lockout_address SET failures = 100", V_NONE);
    for (int i = 0; i < 5; i++)
        CHECK_NUM(login_page(home, ANN, WRONG)->status, 401);
    CHECK_NUM(login(stranger, ANN, PASSWORD)->status, 423);
    CHECK_NUM(login_page(home, ANN, PASSWORD)->status, 423);
    struct reply *r = act(support, ANN, "unlock");
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "status"), "unlocked");
    CHECK(has_audit(w, "account.unlocked"));
    CHECK_NUM(login(stranger, ANN, PASSWORD)->status, 200);
    CHECK_NUM(login_page(home, ANN, PASSWORD)->status, 303);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM lockout") +
                  count_of(w, "SELECT count(*) FROM lockout_address"),
              0);
}

TEST_IN_WORLD(staff_locks_an_account_and_its_sessions_end)
{
    struct client *support = staff(w, ROLE_USER | ROLE_SUPPORT), *ann = signed_in(w, ANN);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
    CHECK_TEXT(text_of(act(support, ANN, "lock"), "status"), "locked");
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 401);
    CHECK_NUM(refresh(ann, ann->refresh)->status, 401);
    CHECK_NUM(login(ann, ANN, PASSWORD)->status, 401);
    CHECK_NUM(act(support, ANN, "unlock")->status, 200);
    CHECK_NUM(login(ann, ANN, PASSWORD)->status, 200);
}

TEST_IN_WORLD(RBAC_02_nobody_locks_those_of_their_rank_or_above)
{
    static const struct {
        int64_t own, target;
        int status;
    } cases[] = {
        { ROLE_SUPPORT, ROLE_USER, 200 },
        { ROLE_SUPPORT, ROLE_SUPPORT, 403 },
        { ROLE_SUPPORT, ROLE_USER | ROLE_ADMIN, 403 },
        { ROLE_SUPPORT, ROLE_BILLING_ADMIN, 403 },
        { ROLE_BILLING_ADMIN, ROLE_USER | ROLE_SUPPORT, 200 },
        { ROLE_USER | ROLE_ADMIN, ROLE_USER | ROLE_ADMIN, 200 },
        { ROLE_ADMIN, ROLE_USER | ROLE_SUPPORT | ROLE_BILLING_ADMIN, 200 },
    };
    struct client *c = staff(w, ROLE_ADMIN);
    person(w, ANN, PASSWORD);
    for (size_t i = 0; i < COUNT(cases); i++) {
        set_roles(w, BEN, cases[i].own);
        set_roles(w, ANN, cases[i].target);
        CHECK_NUM(act(c, ANN, "unlock")->status, cases[i].status);
        CHECK_NUM(act(c, ANN, "lock")->status, cases[i].status);
        CHECK_NUM(act(c, BEN, "lock")->status, 403);
        CHECK_NUM(act(c, BEN, "unlock")->status, 403);
    }
}

TEST_IN_WORLD(RBAC_02_locking_asks_for_a_fresh_proof_of_staff)
{
    struct client *support = staff(w, ROLE_USER | ROLE_SUPPORT), *ann = signed_in(w, ANN);
    CHECK_NUM(act(ann, BEN, "lock")->status, 403);
    CHECK_NUM(act(client(w), ANN, "lock")->status, 401);
    CHECK_NUM(post(support, "/v1/admin/users/usr_nobody/lock", NULL)->status, 404);
    run_sql(w, "UPDATE session SET auth_at = auth_at - 601000");
    session_cache_clear();
    check_problem(act(support, ANN, "unlock"), 401, "insufficient_user_authentication");
}

TEST_IN_WORLD(RBAC_03_the_last_administrator_is_not_locked)
{
    struct client *admin = staff(w, ROLE_USER | ROLE_ADMIN);
    person(w, ANN, PASSWORD);
    set_roles(w, ANN, ROLE_ADMIN);
    tamper(w, "UPDATE account SET deletion_due_at = 1 WHERE email_key = $1", V(text(BEN)));
    check_problem(act(admin, ANN, "lock"), 403, "last_admin");
}

/* Staff locks an account because a mailbox may be in wrong hands. */
TEST_IN_WORLD(RST_06_a_lock_voids_a_reset_link_for_good)
{
    struct client *support = staff(w, ROLE_USER | ROLE_SUPPORT);
    person(w, ANN, PASSWORD);
    const char *token = reset_token(w, ANN);
    wait_for(MINUTE);
    CHECK_NUM(act(support, ANN, "unlock")->status, 200); /* it was not locked */
    CHECK_NUM(get(client(w), text_format(test_arena(), "/reset-password?token=%s", token))->status,
              200);
    CHECK_NUM(act(support, ANN, "lock")->status, 200);
    CHECK_NUM(reset(client(w), token, "a chair of cherry wood")->status, 410);
    CHECK_NUM(act(support, ANN, "unlock")->status, 200);
    CHECK_NUM(reset(client(w), token, "a chair of cherry wood")->status, 410);
    CHECK_NUM(reset(client(w), reset_token(w, ANN), "a chair of cherry wood")->status, 200);
}

/* --- nobody sets, sees or makes what proves another --- */

static struct client *administrator(struct world *w, const struct route *route)
{
    struct client *c = client(w);
    if (route_is_api(route)) {
        CHECK_NUM(login(c, BEN, PASSWORD)->status, 200);
        return c;
    }
    CHECK_NUM(login_page(c, BEN, PASSWORD)->status, 303);
    (void)get(c, "/settings");
    return c;
}

static void check_no_credential(const struct route *route, const struct reply *r,
                                const char *const secrets[], size_t count)
{
    static const char *const kinds[] = { "access_token", "refresh_token", "pending_token",
                                         "recovery_codes", "otpauth:" };
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (strstr(r->body, kinds[i]))
            test_fail(__FILE__, __LINE__, "%s answers with %s", route->path, kinds[i]);
    for (size_t i = 0; i < count; i++)
        if (strstr(r->body, secrets[i]) || strstr(r->headers, secrets[i]))
            test_fail(__FILE__, __LINE__, "%s shows secret %zu", route->path, i);
}

static void check_takes_no_password(const struct route *route)
{
    for (const struct field *f = route->fields; f < route->fields + ROUTE_FIELDS && f->name; f++)
        if (f->kind == FIELD_PASSWORD || text_equal(f->name, "password"))
            test_fail(__FILE__, __LINE__, "%s takes a password", route->path);
}

/* Every door of staff there is, asked about ANN by an administrator. */
TEST_IN_WORLD(RBAC_04_no_door_of_staff_sets_shows_or_makes_a_credential)
{
    struct app app = two_step(w, ANN);
    (void)staff(w, ROLE_USER | ROLE_ADMIN);
    const char *ann = account_id_of(w, ANN), *phc = password_of(w, ANN);
    const char *secrets[4 + CODES] = { phc, app.base32, app.owner->refresh, app.owner->bearer };
    for (size_t i = 0; i < CODES; i++)
        secrets[4 + i] = app.codes[i];
    int doors = 0;
    for (size_t i = 0; i < router_count(); i++) {
        const struct route *route = router_nth(i);
        if (route->access < SUPPORT || route->access > ADMIN)
            continue;
        struct client *c = administrator(w, route);
        const char *body = route_is_safe(route) ? NULL : sample_body(route, c->csrf, NULL, NULL);
        check_takes_no_password(route);
        check_no_credential(route,
                            call(c, http_method_name(route->method), sample_path(route, ann), body),
                            secrets, COUNT(secrets));
        doors++;
    }
    CHECK(doors > 20);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session s JOIN account a ON a.id = s.account_id"
                          " WHERE a.email_key = 'ann@example.org'"),
              0); /* locking ended her own; none was made */
    CHECK_NUM(act(administrator(w, router_nth(0)), ANN, "unlock")->status, 200);
    CHECK_TEXT(password_of(w, ANN), phc);
    CHECK_NUM(login_by_app(client(w), ANN, &app)->status, 200);
}
