/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may register: the modes of SIGN_UP, and invitations.
 */
#include "attack.h"
#include "sample.h"

#include "base/clock.h"
#include "base/id.h"
#include "service/setting.h"

#include <string.h>

#define STAFF "staff@example.org"
#define BOSS "boss@example.org"

static void set_mode(const char *mode)
{
    CHECK_OK(setting_override(SETTING_SIGN_UP, mode));
}

/* Somebody signed in with a role more. */
static struct client *staff(struct world *w, const char *email, int64_t role)
{
    person(w, email, PASSWORD);
    tamper(w, "UPDATE account SET roles = $2 WHERE email_key = $1", V(text(email), num(1 | role)));
    struct client *c = client(w);
    CHECK_NUM(login(c, email, PASSWORD)->status, 200);
    return c;
}

static struct client *boss(struct world *w)
{
    return staff(w, BOSS, 8);
}

static struct reply *join(struct client *c, const char *email, const char *invite)
{
    return post(c, "/v1/auth/register",
                json("email", email, "password", PASSWORD, "invite", invite, NULL));
}

/* The token of a new invitation that anybody may use. */
static const char *open_invite(struct client *by, int uses)
{
    const char *body = text_format(test_arena(), "{\"uses\":%d}", uses);
    struct reply *r = post(by, "/v1/admin/invites", body);
    CHECK_NUM(r->status, 201);
    return text_of(r, "token") ? text_of(r, "token") : "";
}

/* The token in the mail of a new invitation for an address. */
static const char *mailed_invite(struct world *w, struct client *by, const char *email,
                                 const char *role)
{
    struct reply *r = post(by, "/v1/admin/invites", json("email", email, "role", role, NULL));
    CHECK_NUM(r->status, 201);
    CHECK(text_of(r, "token") == NULL && text_of(r, "link") == NULL);
    const struct mail *mail = mailed(w, email, "invite");
    const char *at = mail ? strstr(mail->text, "invite=") : NULL;
    return at ? text_copy(test_arena(), MEM(at + 7, strcspn(at + 7, "\r\n \t"))) : "";
}

static struct reply *confirm(struct world *w, const char *email)
{
    return verify(client(w), mailed_token(w, email, "verify_email"));
}

static int64_t roles_of(struct world *w, const char *email)
{
    struct tx tx;
    int64_t roles = -1;
    db_begin(&tx, w->real_db, DB_PEEK, test_arena());
    CHECK_OK(db_one(&tx, "SELECT roles FROM account WHERE email_key = $1", V(text(email)),
                    INTO(to_num(&roles))));
    db_rollback(&tx);
    return roles;
}

/* --- the modes --- */

TEST_IN_WORLD(sign_up_is_refused_alike_for_known_and_unknown)
{
    static const struct {
        const char *mode, *code;
    } cases[] = { { "waitlist", "invite_required" },
                  { "invite", "invite_required" },
                  { "closed", "sign_up_closed" } };
    person(w, ANN, PASSWORD);
    run_jobs(w);
    int mails = mail_count(w, ANN, NULL);
    for (size_t i = 0; i < COUNT(cases); i++) {
        set_mode(cases[i].mode);
        struct reply *known = join(plain_client(w), ANN, NULL);
        struct reply *unknown = join(plain_client(w), BEN, NULL);
        check_problem(known, 403, cases[i].code);
        check_problem(unknown, 403, cases[i].code);
        CHECK(text_of(known, "decision_id") && text_of(unknown, "decision_id"));
        CHECK_NUM(strlen(text_of(known, "decision_id")), strlen(text_of(unknown, "decision_id")));
    }
    run_jobs(w);
    CHECK_NUM(mail_count(w, ANN, NULL), mails);
    CHECK_NUM(mail_count(w, BEN, NULL), 0);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account"), 1);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
}

TEST_IN_WORLD(an_invitation_lets_one_in)
{
    struct client *by = boss(w);
    const char *const modes[] = { "invite", "waitlist", "open" };
    for (size_t i = 0; i < COUNT(modes); i++) {
        const char *email = text_format(test_arena(), "p%zu@example.org", i);
        set_mode(modes[i]);
        const char *token = open_invite(by, 1);
        CHECK_NUM(join(client(w), email, token)->status, 202);
        CHECK_NUM(count_of(w, "SELECT sum(used) FROM invite"), (int64_t)i);
        CHECK_NUM(confirm(w, email)->status, 200);
        CHECK_NUM(count_of(w, "SELECT sum(used) FROM invite"), (int64_t)i + 1);
        CHECK_NUM(login(client(w), email, PASSWORD)->status, 200);
        CHECK_NUM(join(client(w), BEN, token)->status, 422);
    }
    CHECK(has_audit(w, "invite.made") && has_audit(w, "invite.used"));
}

TEST_IN_WORLD(closed_is_closed_also_to_the_invited)
{
    const char *token = open_invite(boss(w), 1);
    set_mode("closed");
    check_problem(join(client(w), BEN, token), 403, "sign_up_closed");
    set_mode("invite");
    CHECK_NUM(join(client(w), BEN, token)->status, 202);
}

TEST_IN_WORLD(what_was_allowed_when_it_began_stays_allowed)
{
    CHECK_NUM(join(client(w), BEN, NULL)->status, 202);
    set_mode("closed");
    CHECK_NUM(confirm(w, BEN)->status, 200);
    CHECK_NUM(login(client(w), BEN, PASSWORD)->status, 200);
}

/* --- other doors to a first proof of the mailbox --- */

TEST_IN_WORLD(PRE_an_invitation_is_not_got_round_by_a_reset)
{
    struct client *by = boss(w);
    set_mode("invite");
    const char *token = open_invite(by, 1);
    CHECK_NUM(join(client(w), ANN, token)->status, 202);
    CHECK_NUM(join(client(w), BEN, token)->status, 202);
    const char *ben = reset_token(w, BEN);
    CHECK_NUM(confirm(w, ANN)->status, 200);
    check_problem(reset(client(w), ben, "a chair of cherry wood"), 410, "invite_gone");
    CHECK_NUM(login(client(w), BEN, "a chair of cherry wood")->status, 401);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE email_verified_at IS NOT NULL"), 2);
}

TEST_IN_WORLD(PRE_a_reset_uses_the_invitation_up)
{
    const char *token = open_invite(boss(w), 1);
    set_mode("invite");
    CHECK_NUM(join(client(w), ANN, token)->status, 202);
    CHECK_NUM(join(client(w), BEN, token)->status, 202);
    CHECK_NUM(reset(client(w), reset_token(w, BEN), "a chair of cherry wood")->status, 200);
    check_problem(confirm(w, ANN), 410, "invite_gone");
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 401);
}

TEST_IN_WORLD(PRE_nor_by_a_sign_in_link)
{
    struct client *by = boss(w);
    set_mode("invite");
    const char *token = open_invite(by, 1);
    CHECK_NUM(join(client(w), ANN, token)->status, 202);
    CHECK_NUM(join(client(w), BEN, token)->status, 202);
    CHECK_NUM(confirm(w, ANN)->status, 200);
    CHECK_NUM(post(client(w), "/v1/auth/magic-link", json("email", BEN, NULL))->status, 202);
    const char *link = mailed_token(w, BEN, "magic_link");
    check_problem(post(client(w), "/v1/auth/magic-link/verify", json("token", link, NULL)), 410,
                  "invite_gone");
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 1);
}

/* --- what an invitation gives --- */

TEST_IN_WORLD(a_role_comes_with_the_proved_address)
{
    const char *token = mailed_invite(w, boss(w), ANN, "SUPPORT");
    CHECK_NUM(join(client(w), ANN, token)->status, 202);
    CHECK_NUM(roles_of(w, ANN), 1);
    CHECK_NUM(confirm(w, ANN)->status, 200);
    CHECK_NUM(roles_of(w, ANN), 1 | 2);
    struct client *ann = client(w);
    CHECK_NUM(login(ann, ANN, PASSWORD)->status, 200);
    CHECK_NUM(get(ann, "/v1/admin/invites")->status, 200);
}

TEST_IN_WORLD(PRE_an_invitation_for_one_address_is_no_good_for_another)
{
    const char *token = mailed_invite(w, boss(w), ANN, "ADMIN");
    check_problem(join(client(w), BEN, token), 422, "fields_invalid");
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account"), 1);
    CHECK_NUM(join(client(w), "Ann@Example.org", token)->status, 202);
}

TEST_IN_WORLD(PRE_who_has_an_account_gets_no_role_by_an_invitation)
{
    person(w, ANN, PASSWORD);
    const char *token = mailed_invite(w, boss(w), ANN, "ADMIN");
    CHECK_NUM(join(client(w), ANN, token)->status, 202);
    CHECK(mailed(w, ANN, "already_have_account") != NULL);
    CHECK_NUM(roles_of(w, ANN), 1);
}

TEST_IN_WORLD(RBAC_nobody_grants_what_they_do_not_hold)
{
    struct client *support = staff(w, STAFF, 2), *user = signed_in(w, ANN);
    check_problem(post(user, "/v1/admin/invites", "{}"), 403, "forbidden");
    check_problem(get(user, "/v1/admin/invites"), 403, "forbidden");
    static const char *const roles[] = { "SUPPORT", "BILLING_ADMIN", "ADMIN" };
    for (size_t i = 0; i < COUNT(roles); i++)
        check_problem(
            post(support, "/v1/admin/invites", json("email", BEN, "role", roles[i], NULL)), 403,
            "forbidden");
    CHECK_NUM(post(support, "/v1/admin/invites", json("email", BEN, NULL))->status, 201);
    struct client *by = boss(w);
    CHECK_NUM(post(by, "/v1/admin/invites", json("role", "ADMIN", NULL))->status, 422);
    CHECK_NUM(post(by, "/v1/admin/invites", json("role", "KING", NULL))->status, 422);
    (void)mailed_invite(w, by, "new@example.org", "ADMIN");
    const char *id = text_from(w, "SELECT id FROM invite WHERE role = 8", V_NONE);
    const char *path = text_format(test_arena(), "/v1/admin/invites/%s", id);
    check_problem(call(support, "DELETE", path, NULL), 403, "forbidden");
    check_problem(post(support, text_format(test_arena(), "%s/resend", path), NULL), 403,
                  "forbidden");
    CHECK_NUM(call(by, "DELETE", path, NULL)->status, 204);
}

TEST_IN_WORLD(RBAC_a_role_goes_with_whoever_gave_it)
{
    struct client *by = boss(w);
    const char *token = mailed_invite(w, by, ANN, "ADMIN");
    const char *late = mailed_invite(w, by, BEN, "ADMIN");
    CHECK_NUM(join(client(w), BEN, late)->status, 202);
    tamper(w, "UPDATE account SET roles = 3 WHERE email_key = $1", V(text(BOSS)));
    check_problem(join(client(w), ANN, token), 422, "fields_invalid");
    CHECK_NUM(confirm(w, BEN)->status, 200); /* sign-up is open: an account, but no role */
    CHECK_NUM(roles_of(w, BEN), 1);
}

/* --- the end of one --- */

TEST_IN_WORLD(an_invitation_ends)
{
    struct client *by = boss(w);
    set_mode("invite");
    const char *token = open_invite(by, 1), *second = open_invite(by, 1);
    CHECK_NUM(join(client(w), ANN, token)->status, 202);
    const char *id = text_copy(test_arena(), MEM(second, 4 + ID_CHARS));
    const char *path = text_format(test_arena(), "/v1/admin/invites/%s", id);
    CHECK_NUM(call(by, "DELETE", path, NULL)->status, 204);
    CHECK_NUM(call(by, "DELETE", path, NULL)->status, 409);
    check_problem(join(client(w), BEN, second), 422, "fields_invalid");
    wait_for(7 * DAY + SECOND);
    check_problem(join(client(w), BEN, token), 422, "fields_invalid");
}

TEST_IN_WORLD(an_invitation_may_expire_while_its_mail_is_on_the_way)
{
    struct client *by = boss(w);
    set_mode("invite");
    struct reply *r = post(by, "/v1/admin/invites", "{\"expires_in\":3600}");
    CHECK_NUM(join(client(w), ANN, text_of(r, "token"))->status, 202);
    wait_for(2 * HOUR);
    CHECK_NUM(confirm(w, ANN)->status, 200);
}

TEST_IN_WORLD(a_revoked_invitation_stops_who_has_not_confirmed)
{
    struct client *by = boss(w);
    set_mode("invite");
    const char *token = open_invite(by, 1);
    CHECK_NUM(join(client(w), ANN, token)->status, 202);
    const char *id = text_copy(test_arena(), MEM(token, 4 + ID_CHARS));
    CHECK_NUM(
        call(by, "DELETE", text_format(test_arena(), "/v1/admin/invites/%s", id), NULL)->status,
        204);
    check_problem(confirm(w, ANN), 410, "invite_gone");
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 401);
}

TEST_IN_WORLD(mailed_again_the_earlier_link_is_void)
{
    struct client *by = boss(w);
    const char *first = mailed_invite(w, by, ANN, "USER");
    const char *id = text_copy(test_arena(), MEM(first, 4 + ID_CHARS));
    CHECK_NUM(post(by, text_format(test_arena(), "/v1/admin/invites/%s/resend", id), NULL)->status,
              202);
    CHECK_NUM(join(client(w), ANN, first)->status, 422);
    const char *at = strstr(mailed(w, ANN, "invite")->text, "invite=") + 7;
    const char *second = text_copy(test_arena(), MEM(at, strcspn(at, "\r\n")));
    CHECK(!text_equal(first, second));
    CHECK_NUM(join(client(w), ANN, second)->status, 202);
    CHECK_NUM(mail_count(w, ANN, "invite"), 2);
}

TEST_IN_WORLD(invitations_are_purged_and_listed)
{
    struct client *by = boss(w);
    for (int i = 0; i < 3; i++)
        (void)open_invite(by, 1);
    struct reply *r = get(by, "/v1/admin/invites?limit=2");
    CHECK_NUM(json_find(&r->json, "data")->count, 2);
    CHECK_TEXT(text_of(r, "data.0.status"), "open");
    CHECK(!strstr(r->body, "token") && !strstr(r->body, "hash"));
    r = get(by, text_format(test_arena(), "/v1/admin/invites?limit=2&cursor=%s",
                            text_of(r, "next_cursor")));
    CHECK_NUM(json_find(&r->json, "data")->count, 1);
    wait_for(188 * DAY);
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM invite"), 0);
}

/* --- attackers --- */

TEST_IN_WORLD(TOK_02_an_invitation_opens_no_other_door_nor_others_it)
{
    const char *token = open_invite(boss(w), 5);
    static const char *const doors[] = { "/v1/auth/verify-email", "/v1/auth/magic-link/verify",
                                         "/v1/account/email/confirm", "/v1/account/email/revoke",
                                         "/v1/auth/not-me" };
    for (size_t i = 0; i < COUNT(doors); i++)
        CHECK_NUM(post(client(w), doors[i], json("token", token, NULL))->status, 410);
    CHECK_NUM(reset(client(w), token, "a chair of cherry wood")->status, 410);
    CHECK_NUM(refresh(client(w), token)->status, 401);
    set_mode("open");
    CHECK_NUM(join(client(w), ANN, NULL)->status, 202);
    const char *link = mailed_token(w, ANN, "verify_email");
    CHECK_NUM(join(client(w), BEN, link)->status, 422);
    const char *disguised = text_format(test_arena(), "inv_%s", link + 4);
    CHECK_NUM(join(client(w), BEN, disguised)->status, 422);
}

/* Also a number that is asked for and left out: it is not nought. */
TEST_IN_WORLD(INT_01_how_many_is_a_whole_number_within_bounds)
{
    static const char *const wrong[] = {
        "-1",       "0",      "1001", "2147483648", "9223372036854775808", "1e9", "1.5",
        "\"0x10\"", "\" 1\"", "true", "[1]"
    };
    struct client *by = boss(w);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        const char *uses = text_format(test_arena(), "{\"uses\":%s}", wrong[i]);
        const char *count = text_format(test_arena(), "{\"count\":%s}", wrong[i]);
        int of_uses = post(by, "/v1/admin/invites", uses)->status;
        int of_count = post(by, "/v1/admin/waitlist/approve", count)->status;
        if ((of_uses != 422 && of_uses != 400) || (of_count != 422 && of_count != 400))
            test_fail(__FILE__, __LINE__, "%s gives %d and %d", wrong[i], of_uses, of_count);
    }
    CHECK_NUM(post(by, "/v1/admin/invites", "{\"expires_in\":0}")->status, 422);
    CHECK_NUM(post(by, "/v1/admin/waitlist/approve", "{}")->status, 422);
    CHECK_NUM(post(by, "/v1/admin/waitlist/approve", "{\"count\":null}")->status, 422);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM invite"), 0);
}

TEST_IN_WORLD(TOK_01_an_invitations_secret_is_stored_nowhere)
{
    const char *token = open_invite(boss(w), 1);
    struct mem dump = dump_of(w);
    CHECK(!dump_has(w, dump, mem_text(token + 4 + ID_CHARS)));
    CHECK(!dump_has(w, dump, MEM(token + 4 + ID_CHARS, 20)));
}

enum { PEOPLE = 16, CROWD = 64 }; /* each tries several times */

struct race {
    struct world *w;
    const char *tokens[PEOPLE];
    int status[CROWD];
};

static void confirm_one(void *arg, int i)
{
    struct race *race = arg;
    race->status[i] = verify(client(race->w), race->tokens[i % PEOPLE])->status;
}

TEST_IN_WORLD(RACE_01_an_invitation_for_one_lets_one_in)
{
    struct race race = { .w = w };
    int won = 0;
    const char *token = open_invite(boss(w), 1);
    set_mode("invite");
    for (int i = 0; i < PEOPLE; i++) {
        const char *email = text_format(test_arena(), "p%d@example.org", i);
        CHECK_NUM(join(client(w), email, token)->status, 202);
    }
    run_jobs(w);
    for (int i = 0; i < PEOPLE; i++)
        race.tokens[i] =
            mailed_token(w, text_format(test_arena(), "p%d@example.org", i), "verify_email");
    crowd(CROWD, confirm_one, &race);
    for (int i = 0; i < CROWD; i++) {
        won += race.status[i] == 200;
        CHECK(race.status[i] == 200 || race.status[i] == 410);
    }
    CHECK_NUM(won, 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE email_verified_at IS NOT NULL"), 2);
    CHECK_NUM(count_of(w, "SELECT sum(used) FROM invite"), 1);
}

struct revocation {
    struct world *w;
    struct client *by;
    const char *token, *path;
    int status[2];
};

static void confirm_or_revoke(void *arg, int i)
{
    struct revocation *race = arg;
    race->status[i] =
        (i ? call(race->by, "DELETE", race->path, NULL) : verify(client(race->w), race->token))
            ->status;
}

TEST_IN_WORLD(RACE_of_a_use_and_a_revocation_one_wins)
{
    struct revocation race = { .w = w, .by = boss(w) };
    set_mode("invite");
    for (int round = 0; round < 4; round++) {
        const char *email = text_format(test_arena(), "p%d@example.org", round);
        const char *token = open_invite(race.by, 1);
        race.path = text_format(test_arena(), "/v1/admin/invites/%.*s", 4 + ID_CHARS, token);
        CHECK_NUM(join(client(w), email, token)->status, 202);
        race.token = mailed_token(w, email, "verify_email");
        crowd(2, confirm_or_revoke, &race);
        bool is_in = race.status[0] == 200;
        CHECK_NUM(race.status[0], is_in ? 200 : 410);
        CHECK_NUM(race.status[1], is_in ? 409 : 204);
        CHECK_NUM(login(client(w), email, PASSWORD)->status, is_in ? 200 : 401);
    }
}

/* --- throw-away mailboxes --- */

TEST_IN_WORLD(throw_away_mailboxes_do_not_register)
{
    struct reply *r = join(client(w), "x@mailinator.com", NULL);
    check_problem(r, 422, "fields_invalid");
    CHECK_TEXT(text_of(r, "errors.0.code"), "email_disposable");
    CHECK_NUM(join(client(w), "x@a.b.MAILINATOR.com", NULL)->status, 422);
    CHECK_NUM(join(client(w), "x@notmailinator.com", NULL)->status, 202);
    struct client *ann = signed_in(w, ANN);
    r = post(ann, "/v1/account/email", json("email", "x@yopmail.com", NULL));
    CHECK_TEXT(text_of(r, "errors.0.code"), "email_disposable");
}

/* --- pages --- */

TEST_IN_WORLD(the_register_page_says_who_may)
{
    struct client *by = boss(w), *c = client(w);
    CHECK(!strstr(get(c, "/register")->body, "name=\"invite\""));
    set_mode("closed");
    struct reply *r = get(c, "/register");
    CHECK_NUM(r->status, 200);
    CHECK(!strstr(r->body, "name=\"password\""));
    set_mode("invite");
    CHECK(strstr(get(c, "/register")->body, "id=\"invite\"") != NULL);
    const char *token = mailed_invite(w, by, ANN, "USER");
    r = get(c, text_format(test_arena(), "/register?invite=%s", token));
    CHECK(strstr(r->body, "value=\"ann@example.org\"") != NULL);
    CHECK_TEXT(header_of(r, "referrer-policy"), "no-referrer");
    set_mode("waitlist"); /* whoever is invited need not wait */
    CHECK(strstr(get(c, "/register?invited=1")->body, "href=\"/waitlist\"") != NULL);
    r = get(c, text_format(test_arena(), "/register?invite=%s", token));
    CHECK(strstr(r->body, "href=\"/waitlist\"") == NULL);
    set_mode("invite");
    r = post_form(c, "/register",
                  text_format(test_arena(),
                              "email=ann%%40example.org&password=a+brand+new+walnut+desk&invite=%s",
                              token));
    CHECK_NUM(r->status, 200);
    /* Whoever mistyped the address goes back with the invitation. */
    CHECK(strstr(r->body, text_format(test_arena(), "href=\"/register?invite=%s\"", token)) !=
          NULL);
    CHECK_NUM(confirm(w, ANN)->status, 200);
    CHECK(strstr(get(c, "/register?invite=inv_x")->body, "invite-error") != NULL);
}

TEST_IN_WORLD(staff_invite_by_page)
{
    struct client *c = client(w);
    person(w, BOSS, PASSWORD);
    tamper(w, "UPDATE account SET roles = 9 WHERE email_key = $1", V(text(BOSS)));
    CHECK_NUM(login_page(c, BOSS, PASSWORD)->status, 303);
    CHECK_NUM(get(c, "/admin/invites")->status, 200);
    struct reply *r = post_form(c, "/admin/invites", "email=&role=USER&uses=1&expires_in=86400");
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, "/register?invite=inv_") != NULL);
    CHECK_TEXT(header_of(r, "cache-control"), "no-store");
    (void)get(c, "/admin/invites");
    r = post_form(c, "/admin/invites",
                  "email=ann%40example.org&role=ADMIN&uses=1&expires_in=86400");
    CHECK_TEXT(header_of(r, "location"), "/admin/invites?done=invite_made");
    CHECK(mailed(w, ANN, "invite") != NULL);
    r = get(c, "/admin/invites?done=invite_made");
    CHECK(strstr(r->body, ANN) != NULL && !strstr(r->body, "invite=inv_"));
    const char *id = text_from(w, "SELECT id FROM invite WHERE role = 8", V_NONE);
    r = post_form(c, "/admin/invites/revoke", text_format(test_arena(), "id=%s", id));
    CHECK_NUM(r->status, 303);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM invite WHERE revoked_at IS NOT NULL"), 1);
}
