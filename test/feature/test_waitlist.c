/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The waiting list: joining, proving the mailbox, moving up, being let in.
 */
#include "attack.h"
#include "sample.h"
#include "solve.h"

#include "base/clock.h"
#include "base/id.h"
#include "service/setting.h"

#include <string.h>

#define BOSS "boss@example.org"

static struct client *boss(struct world *w)
{
    person(w, BOSS, PASSWORD);
    tamper(w, "UPDATE account SET roles = 9 WHERE email_key = $1", V(text(BOSS)));
    struct client *c = client(w);
    CHECK_NUM(login(c, BOSS, PASSWORD)->status, 200);
    CHECK_OK(setting_override(SETTING_SIGN_UP, "waitlist"));
    return c;
}

static void open_list(void)
{
    CHECK_OK(setting_override(SETTING_SIGN_UP, "waitlist"));
}

static struct reply *join(struct world *w, const char *email, const char *referral)
{
    return post(client(w), "/v1/waitlist/join", json("email", email, "referral", referral, NULL));
}

static const char *link_in(const struct mail *mail, const char *before)
{
    const char *at = mail ? strstr(mail->text, before) : NULL;
    return at ? text_copy(test_arena(),
                          MEM(at + strlen(before), strcspn(at + strlen(before), "\r\n")))
              : "";
}

static const char *handle_of(struct world *w, const char *email)
{
    return link_in(mailed(w, email, "waitlist_joined"), "/waitlist?token=");
}

static struct reply *with_handle(struct world *w, const char *door, const char *handle)
{
    return post(client(w), text_format(test_arena(), "/v1/waitlist/%s", door),
                json("token", handle, NULL));
}

static struct reply *status(struct world *w, const char *handle)
{
    return get(client(w), text_format(test_arena(), "/v1/waitlist/status?token=%s", handle));
}

/* Joins and confirms; gives the handle. */
static const char *waiting(struct world *w, const char *email, const char *referral)
{
    CHECK_NUM(join(w, email, referral)->status, 202);
    const char *handle = handle_of(w, email);
    CHECK_NUM(with_handle(w, "confirm", handle)->status, 200);
    wait_for(SECOND);
    return handle;
}

static const char *number(int i)
{
    return text_format(test_arena(), "p%d@example.org", i);
}

/* --- joining --- */

TEST_IN_WORLD(a_place_is_taken_by_the_button_behind_the_link)
{
    open_list();
    CHECK_NUM(join(w, ANN, NULL)->status, 202);
    const char *handle = handle_of(w, ANN);
    struct reply *r = status(w, handle);
    CHECK_TEXT(text_of(r, "status"), "unconfirmed");
    CHECK_NUM(num_of(r, "position"), 1);
    CHECK_NUM(get(client(w), text_format(test_arena(), "/waitlist?token=%s", handle))->status, 200);
    CHECK_TEXT(text_of(status(w, handle), "status"), "unconfirmed");
    r = with_handle(w, "confirm", handle);
    CHECK_TEXT(text_of(r, "status"), "waiting");
    CHECK_NUM(num_of(r, "position"), 1);
    CHECK_NUM(with_handle(w, "confirm", handle)->status, 200);
    wait_for(SECOND);
    const char *ben = waiting(w, BEN, NULL);
    CHECK_NUM(num_of(status(w, ben), "position"), 2);
    CHECK_NUM(num_of(status(w, handle), "position"), 1);
    CHECK_NUM(with_handle(w, "leave", handle)->status, 200);
    CHECK_NUM(status(w, handle)->status, 410);
    CHECK_NUM(num_of(status(w, ben), "position"), 1);
}

TEST_IN_WORLD(ENUM_joining_answers_alike_for_everybody)
{
    person(w, BEN, PASSWORD);
    struct client *by = boss(w);
    (void)waiting(w, "waits@example.org", NULL);
    (void)waiting(w, "in@example.org", NULL);
    (void)waiting(w, "out@example.org", NULL);
    const char *in = text_from(w, "SELECT id FROM waitlist WHERE email = 'in@example.org'", V_NONE);
    const char *out =
        text_from(w, "SELECT id FROM waitlist WHERE email = 'out@example.org'", V_NONE);
    CHECK_NUM(
        post(by, text_format(test_arena(), "/v1/admin/waitlist/%s/approve", in), NULL)->status,
        200);
    CHECK_NUM(
        post(by, text_format(test_arena(), "/v1/admin/waitlist/%s/reject", out), NULL)->status,
        200);
    static const char *const others[] = { BEN, "waits@example.org", "in@example.org",
                                          "out@example.org" };
    struct reply *new = post(plain_client(w), "/v1/waitlist/join", json("email", ANN, NULL));
    for (size_t i = 0; i < COUNT(others); i++)
        check_alike(others[i], new,
                    post(plain_client(w), "/v1/waitlist/join", json("email", others[i], NULL)));
    CHECK_NUM(count_of(w, "SELECT count(*) FROM task WHERE kind = 'waitlist.join'"), 5);
    run_jobs(w);
    CHECK(mailed(w, BEN, "already_have_account") != NULL);
    CHECK(mailed(w, BEN, "waitlist_joined") == NULL);
}

TEST_IN_WORLD(DOS_07_an_address_gets_one_mail_a_day)
{
    open_list();
    for (int i = 0; i < 8; i++) {
        CHECK_NUM(join(w, ANN, NULL)->status, 202);
        run_jobs(w);
    }
    CHECK_NUM(mail_count(w, ANN, NULL), 1);
    const char *first = handle_of(w, ANN);
    wait_for(DAY + SECOND);
    CHECK_NUM(join(w, ANN, NULL)->status, 202);
    CHECK_NUM(mail_count(w, ANN, NULL), 1 + (handle_of(w, ANN) != NULL));
    CHECK_NUM(status(w, first)->status, 410);
    CHECK_NUM(status(w, handle_of(w, ANN))->status, 200);
}

TEST_IN_WORLD(DOS_09_what_nobody_confirms_goes_after_a_week)
{
    open_list();
    CHECK_NUM(join(w, ANN, NULL)->status, 202);
    (void)waiting(w, BEN, NULL);
    wait_for(8 * DAY);
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM waitlist"), 1);
}

TEST_IN_WORLD(only_while_there_is_a_list)
{
    static const char *const modes[] = { "open", "invite", "closed" };
    open_list();
    const char *handle = waiting(w, ANN, NULL);
    for (size_t i = 0; i < COUNT(modes); i++) {
        CHECK_OK(setting_override(SETTING_SIGN_UP, modes[i]));
        check_problem(join(w, BEN, NULL), 409, "waitlist_closed");
        CHECK_TEXT(header_of(get(client(w), "/waitlist"), "location"), "/register");
        CHECK_NUM(num_of(status(w, handle), "position"), 1);
    }
    CHECK_NUM(join(w, "x@mailinator.com", NULL)->status, 422);
}

TEST_IN_WORLD(RATE_one_network_joins_once_an_hour)
{
    open_list();
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    CHECK_NUM(join(w, ANN, NULL)->status, 202);
    check_problem(join(w, BEN, NULL), 429, "rate_limited");
    struct client *elsewhere = client(w);
    elsewhere->ip = "198.51.100.7";
    CHECK_NUM(post(elsewhere, "/v1/waitlist/join", json("email", BEN, NULL))->status, 202);
    wait_for(HOUR + SECOND);
    CHECK_NUM(join(w, number(1), NULL)->status, 202);
}

TEST_IN_WORLD(RATE_joining_may_ask_for_a_captcha)
{
    open_list();
    CHECK_OK(setting_override(SETTING_CAPTCHA, "always"));
    struct reply *r = join(w, ANN, NULL);
    check_problem(r, 403, "captcha_required");
    CHECK_TEXT(text_of(r, "captcha.action"), "waitlist");
    r = post(client(w), "/v1/waitlist/join", json("email", ANN, "captcha", solved_from(r), NULL));
    CHECK_NUM(r->status, 202);
    CHECK(strstr(get(client(w), "/waitlist")->body, "name=\"captcha\"") != NULL);
}

/* --- referrals --- */

static const char *code_of(struct world *w, const char *handle)
{
    return text_of(status(w, handle), "referral_code");
}

TEST_IN_WORLD(friends_who_confirm_move_one_up)
{
    open_list();
    const char *ann = waiting(w, ANN, NULL);
    wait_for(HOUR);
    const char *ben = waiting(w, BEN, NULL);
    CHECK_NUM(num_of(status(w, ben), "position"), 2);
    CHECK_NUM(join(w, number(1), code_of(w, ben))->status, 202);
    run_jobs(w);
    CHECK_NUM(num_of(status(w, ben), "position"), 2);
    CHECK_NUM(num_of(status(w, ben), "referred"), 0);
    CHECK_NUM(with_handle(w, "confirm", handle_of(w, number(1)))->status, 200);
    CHECK_NUM(num_of(status(w, ben), "position"), 1);
    CHECK_NUM(num_of(status(w, ben), "referred"), 1);
    CHECK_NUM(num_of(status(w, ann), "position"), 2);
}

TEST_IN_WORLD(one_person_counts_once_and_ten_at_most)
{
    open_list();
    const char *ann = waiting(w, ANN, NULL);
    for (int i = 0; i < 3; i++)
        (void)waiting(w, text_format(test_arena(), "ben+%d@example.org", i), code_of(w, ann));
    CHECK_NUM(num_of(status(w, ann), "referred"), 1);
    (void)waiting(w, "ann+me@example.org", code_of(w, ann));
    CHECK_NUM(num_of(status(w, ann), "referred"), 1);
    int64_t before = count_of(w, "SELECT place FROM waitlist WHERE email = 'ann@example.org'");
    for (int i = 0; i < 12; i++)
        (void)waiting(w, number(i), code_of(w, ann));
    CHECK_NUM(num_of(status(w, ann), "referred"), 13);
    CHECK_NUM(count_of(w, "SELECT place FROM waitlist WHERE email = 'ann@example.org'"),
              before - 9 * DAY);
}

TEST_IN_WORLD(friends_count_also_when_they_came_first)
{
    open_list();
    CHECK_NUM(join(w, ANN, NULL)->status, 202);
    const char *ann = handle_of(w, ANN);
    (void)waiting(w, BEN, code_of(w, ann));
    CHECK_NUM(join(w, number(1), "no such code")->status, 202);
    CHECK_NUM(with_handle(w, "confirm", ann)->status, 200);
    CHECK_NUM(num_of(status(w, ann), "position"), 1);
}

/* --- being let in --- */

TEST_IN_WORLD(who_is_let_in_gets_an_invitation_and_an_account)
{
    struct client *by = boss(w);
    const char *handle = waiting(w, ANN, NULL);
    (void)waiting(w, BEN, NULL);
    struct reply *r = get(by, "/v1/admin/waitlist");
    CHECK_TEXT(text_of(r, "data.0.email"), ANN);
    CHECK_TEXT(text_of(r, "data.1.email"), BEN);
    CHECK(!strstr(r->body, "hash") && !strstr(r->body, "token"));
    r = post(by, "/v1/admin/waitlist/approve", "{\"count\":1}");
    CHECK_NUM(num_of(r, "approved"), 1);
    CHECK_TEXT(text_of(status(w, handle), "status"), "approved");
    const char *token = link_in(mailed(w, ANN, "waitlist_approved"), "/register?invite=");
    CHECK(mailed(w, BEN, "waitlist_approved") == NULL);
    const char *body = json("email", BEN, "password", PASSWORD, "invite", token, NULL);
    CHECK_NUM(post(client(w), "/v1/auth/register", body)->status, 422);
    body = json("email", ANN, "password", PASSWORD, "invite", token, NULL);
    CHECK_NUM(post(client(w), "/v1/auth/register", body)->status, 202);
    CHECK_NUM(verify(client(w), mailed_token(w, ANN, "verify_email"))->status, 200);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM waitlist"), 1);
    CHECK_NUM(status(w, handle)->status, 410);
    CHECK(has_audit(w, "waitlist.approved") && has_audit(w, "invite.used"));
}

TEST_IN_WORLD(who_has_not_confirmed_is_let_in_after_all_others)
{
    struct client *by = boss(w);
    CHECK_NUM(join(w, ANN, NULL)->status, 202);
    const char *ann = handle_of(w, ANN);
    wait_for(SECOND);
    (void)waiting(w, BEN, NULL);
    CHECK_NUM(num_of(status(w, ann), "position"), 2);
    struct reply *r = get(by, "/v1/admin/waitlist");
    CHECK_TEXT(text_of(r, "data.0.email"), BEN);
    CHECK_TEXT(text_of(r, "data.1.status"), "unconfirmed");
    CHECK_NUM(num_of(post(by, "/v1/admin/waitlist/approve", "{\"count\":1}"), "approved"), 1);
    CHECK_NUM(mail_count(w, ANN, "waitlist_approved"), 0);
    const char *id = text_of(get(by, "/v1/admin/waitlist"), "data.0.id");
    const char *door = text_format(test_arena(), "/v1/admin/waitlist/%s/approve", id);
    CHECK_NUM(post(by, door, NULL)->status, 200);
    const char *token = link_in(mailed(w, ANN, "waitlist_approved"), "/register?invite=");
    const char *body = json("email", ANN, "password", PASSWORD, "invite", token, NULL);
    CHECK_NUM(post(client(w), "/v1/auth/register", body)->status, 202);
    CHECK_TEXT(text_of(with_handle(w, "confirm", ann), "status"), "approved");
}

TEST_IN_WORLD(a_lost_invitation_comes_again_at_most_daily)
{
    struct client *by = boss(w);
    (void)waiting(w, ANN, NULL);
    CHECK_NUM(num_of(post(by, "/v1/admin/waitlist/approve", "{\"count\":9}"), "approved"), 1);
    CHECK_NUM(join(w, ANN, NULL)->status, 202);
    run_jobs(w);
    CHECK_NUM(mail_count(w, ANN, "waitlist_approved"), 1);
    wait_for(9 * DAY);
    CHECK_NUM(join(w, ANN, NULL)->status, 202);
    const char *token = link_in(mailed(w, ANN, "waitlist_approved"), "/register?invite=");
    CHECK_NUM(mail_count(w, ANN, "waitlist_approved"), 2);
    const char *body = json("email", ANN, "password", PASSWORD, "invite", token, NULL);
    CHECK_NUM(post(client(w), "/v1/auth/register", body)->status, 202);
}

TEST_IN_WORLD(whoever_is_turned_away_hears_no_more)
{
    struct client *by = boss(w);
    const char *handle = waiting(w, ANN, NULL);
    const char *id = text_from(w, "SELECT id FROM waitlist", V_NONE);
    const char *door = text_format(test_arena(), "/v1/admin/waitlist/%s", id);
    CHECK_NUM(post(by, text_format(test_arena(), "%s/reject", door), NULL)->status, 200);
    check_problem(post(by, text_format(test_arena(), "%s/approve", door), NULL), 409, "conflict");
    CHECK_TEXT(text_of(status(w, handle), "status"), "rejected");
    CHECK_NUM(with_handle(w, "leave", handle)->status, 409);
    int mails = mail_count(w, ANN, NULL);
    wait_for(3 * DAY);
    CHECK_NUM(join(w, ANN, NULL)->status, 202);
    run_jobs(w);
    CHECK_NUM(mail_count(w, ANN, NULL), mails);
    CHECK_NUM(login(by, BOSS, PASSWORD)->status, 200);
    CHECK_NUM(num_of(post(by, "/v1/admin/waitlist/approve", "{\"count\":9}"), "approved"), 0);
    wait_for(181 * DAY);
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM waitlist"), 0);
}

TEST_IN_WORLD(the_list_has_pages_in_the_order_of_turns)
{
    struct client *by = boss(w);
    for (int i = 0; i < 5; i++)
        (void)waiting(w, number(i), NULL);
    struct reply *r = get(by, "/v1/admin/waitlist?limit=3");
    CHECK_TEXT(text_of(r, "data.2.email"), number(2));
    const char *next = text_of(r, "next_cursor");
    r = get(by, text_format(test_arena(), "/v1/admin/waitlist?limit=3&cursor=%s", next));
    CHECK_TEXT(text_of(r, "data.0.email"), number(3));
    CHECK_NUM(json_find(&r->json, "data")->count, 2);
    check_problem(
        get(by, text_format(test_arena(), "/v1/admin/waitlist?status=approved&cursor=%s", next)),
        400, "cursor_invalid");
    CHECK_NUM(get(by, "/v1/admin/waitlist?status=nobody")->status, 422);
}

TEST_IN_WORLD(RBAC_the_list_is_for_staff)
{
    open_list();
    (void)waiting(w, BEN, NULL);
    CHECK_OK(setting_override(SETTING_SIGN_UP, "open"));
    struct client *ann = signed_in(w, ANN);
    const char *id = text_from(w, "SELECT id FROM waitlist", V_NONE);
    check_problem(get(ann, "/v1/admin/waitlist"), 403, "forbidden");
    check_problem(post(ann, "/v1/admin/waitlist/approve", "{\"count\":1}"), 403, "forbidden");
    check_problem(post(ann, text_format(test_arena(), "/v1/admin/waitlist/%s/approve", id), NULL),
                  403, "forbidden");
    CHECK_NUM(count_of(w, "SELECT count(*) FROM invite"), 0);
}

/* --- attackers --- */

TEST_IN_WORLD(TOK_02_a_handle_opens_no_other_door)
{
    open_list();
    const char *handle = waiting(w, ANN, NULL);
    CHECK_NUM(verify(client(w), handle)->status, 410);
    CHECK_NUM(reset(client(w), handle, "a chair of cherry wood")->status, 410);
    const char *as_invite = text_format(test_arena(), "inv_%s", handle + 4);
    const char *body = json("email", ANN, "password", PASSWORD, "invite", as_invite, NULL);
    CHECK_NUM(post(client(w), "/v1/auth/register", body)->status, 422);
    CHECK_NUM(status(w, text_format(test_arena(), "%.40s", handle))->status, 410);
    struct mem dump = dump_of(w);
    CHECK(!dump_has(w, dump, mem_text(handle + 4 + ID_CHARS)));
}

struct race {
    struct client *by[8];
    int64_t approved[8];
};

static void approve_two(void *arg, int i)
{
    struct race *race = arg;
    race->approved[i] =
        num_of(post(race->by[i], "/v1/admin/waitlist/approve", "{\"count\":2}"), "approved");
}

TEST_IN_WORLD(RACE_the_next_few_are_exactly_so_many)
{
    struct race race = { 0 };
    int64_t sum = 0;
    struct client *by = boss(w);
    for (int i = 0; i < 12; i++)
        tamper(w,
               "INSERT INTO waitlist (id, secret_hash, email, email_key, person_key, locale,"
               " status, place, referral_code, referred, ip, mailed_at, created_at, joined_at)"
               " VALUES ($1, $2, $3, $3, $3, 'en', 'waiting', $4, $1, 0, '', 0, 0, 1)",
               V(text(id_new(test_arena(), "wtl")), blob(MEM("x", 1)), text(number(i)), num(i)));
    for (int i = 0; i < 8; i++) {
        race.by[i] = client(w);
        race.by[i]->bearer = by->bearer;
    }
    crowd(4, approve_two, &race);
    for (int i = 0; i < 4; i++)
        CHECK_NUM(race.approved[i], 2);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM waitlist WHERE status = 'approved'"), 8);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM invite"), 8);
    CHECK_NUM(count_of(w, "SELECT max(place) FROM waitlist WHERE status = 'approved'"), 7);
    crowd(8, approve_two, &race);
    for (int i = 0; i < 8; i++)
        sum += race.approved[i];
    CHECK_NUM(sum, 4);
    run_jobs(w);
    for (int i = 0; i < 12; i++)
        CHECK_NUM(mail_count(w, number(i), "waitlist_approved"), 1);
}

/* --- about a person --- */

TEST_IN_WORLD(an_entry_goes_with_the_account_and_is_in_its_copy)
{
    open_list();
    (void)waiting(w, ANN, NULL);
    tamper(w, "UPDATE waitlist SET email_key = 'moved@example.org', email = 'moved@example.org'",
           V_NONE);
    CHECK_OK(setting_override(SETTING_SIGN_UP, "open"));
    (void)signed_in(w, ANN);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM waitlist"), 1);
    (void)signed_in(w, "moved@example.org");
    CHECK_NUM(count_of(w, "SELECT count(*) FROM waitlist"), 0);
}

/* --- pages --- */

TEST_IN_WORLD(the_waiting_list_by_pages)
{
    struct client *c = client(w), *staff = client(w);
    (void)boss(w);
    CHECK_TEXT(header_of(get(c, "/register"), "location"), "/waitlist");
    CHECK_NUM(get(c, "/register?invited=1")->status, 200);
    CHECK_NUM(get(c, "/waitlist?referral=abcdefghij")->status, 200);
    CHECK_NUM(post_form(c, "/waitlist", "email=ann%40example.org&name=Ann&locale=de")->status, 200);
    const char *handle = handle_of(w, ANN);
    struct reply *r = get(c, text_format(test_arena(), "/waitlist?token=%s", handle));
    CHECK(strstr(r->body, "/waitlist/confirm") != NULL);
    r = post_form(c, "/waitlist/confirm", text_format(test_arena(), "token=%s", handle));
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, "/waitlist?referral=") != NULL);
    CHECK_NUM(login_page(staff, BOSS, PASSWORD)->status, 303);
    r = get(staff, "/admin/waitlist");
    CHECK(strstr(r->body, ANN) != NULL);
    r = post_form(staff, "/admin/waitlist/approve", "count=5");
    CHECK_TEXT(header_of(r, "location"), "/admin/waitlist?done=waitlist_approved");
    CHECK(mailed(w, ANN, "waitlist_approved") != NULL);
    r = get(staff, "/admin/waitlist?status=approved");
    CHECK(strstr(r->body, ANN) != NULL && !strstr(r->body, "Who is next"));
    CHECK_NUM(get(c, "/waitlist?token=wtl_x")->status, 410);
}

/* --- the handle, by many at once --- */

enum { CROWD = 64 };

struct handles {
    struct world *w;
    const char *door, *tokens[CROWD];
    _Atomic int ok, gone, other;
};

static void use_handle(void *arg, int i)
{
    struct handles *h = arg;
    int status = with_handle(h->w, h->door, h->tokens[i])->status;
    if (status == 200)
        h->ok++;
    else if (status == 410)
        h->gone++;
    else
        h->other++;
}

static struct handles all_use(struct world *w, const char *door, const char *token)
{
    struct handles h = { .w = w, .door = door };
    for (int i = 0; i < CROWD; i++)
        h.tokens[i] = token;
    crowd(CROWD, use_handle, &h);
    CHECK_NUM(h.other, 0);
    return h;
}

/* However many press: one place, one friend brought along, one farewell. */
TEST_IN_WORLD(RACE_01_a_handle_confirms_and_leaves_once)
{
    open_list();
    const char *ben = waiting(w, BEN, NULL);
    CHECK_NUM(join(w, ANN, text_of(status(w, ben), "referral_code"))->status, 202);
    const char *ann = handle_of(w, ANN);
    struct handles stayed = all_use(w, "confirm", ann);
    CHECK_NUM(stayed.ok, CROWD); /* it says where they stand, each time */
    CHECK_NUM(num_of(status(w, ben), "referred"), 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM waitlist WHERE status = 'waiting'"), 2);
    struct handles left = all_use(w, "leave", ann);
    CHECK_NUM(left.ok, 1);
    CHECK_NUM(left.gone, CROWD - 1);
    CHECK_NUM(status(w, ann)->status, 410);
}

/* One person with many addresses brings the one who referred them one friend. */
TEST_IN_WORLD(RACE_01_many_addresses_of_one_person_count_once)
{
    struct handles h = { .w = w, .door = "confirm" };
    open_list();
    const char *ben = waiting(w, BEN, NULL);
    const char *code = text_of(status(w, ben), "referral_code");
    for (int i = 0; i < CROWD; i++) {
        const char *email = text_format(test_arena(), "ann+%d@example.org", i % 8);
        if (i < 8)
            CHECK_NUM(join(w, email, code)->status, 202);
        h.tokens[i] = i < 8 ? handle_of(w, email) : h.tokens[i % 8];
    }
    crowd(CROWD, use_handle, &h);
    CHECK_NUM(h.ok, CROWD);
    CHECK_NUM(num_of(status(w, ben), "referred"), 1);
}
