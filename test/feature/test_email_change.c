/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another address: confirmed at the new mailbox, announced at the old one, taken back from there,
 * and no way to find out by it who has an account.
 */
#include "attack.h"

#include "base/clock.h"
#include "base/id.h"

#include <stdatomic.h>
#include <string.h>

#define NEW "ann.new@example.org"
#define THIRD "third@example.org"

static struct reply *ask(struct client *c, const char *email)
{
    return post(c, "/v1/account/email", json("email", email, NULL));
}

static struct reply *confirm(struct client *c, const char *token)
{
    return post(c, "/v1/account/email/confirm", json("token", token, NULL));
}

static struct reply *revoke(struct client *c, const char *token)
{
    return post(c, "/v1/account/email/revoke", json("token", token, NULL));
}

/* Asks and gives the token mailed to the new address. */
static const char *asked(struct client *c, const char *email)
{
    CHECK_NUM(ask(c, email)->status, 202);
    return mailed_token(c->w, email, "email_change_confirm");
}

TEST_IN_WORLD(an_address_is_changed)
{
    struct client *ann = signed_in(w, ANN), *other = client(w);
    CHECK_NUM(login(other, ANN, PASSWORD)->status, 200);
    const char *token = asked(ann, NEW);
    struct reply *r = get(ann, "/v1/account/email");
    CHECK_TEXT(text_of(r, "email"), ANN);
    CHECK_TEXT(text_of(r, "pending_email"), NEW);
    CHECK_NUM(login(client(w), NEW, PASSWORD)->status, 401); /* not before the link */

    r = confirm(ann, token);
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "status"), "email_changed");
    r = get(ann, "/v1/auth/me");
    CHECK_TEXT(text_of(r, "user.email"), NEW);
    CHECK_NUM(get(other, "/v1/auth/me")->status, 401);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 401);
    CHECK_NUM(login(client(w), NEW, PASSWORD)->status, 200);
    CHECK(text_of(get(ann, "/v1/account/email"), "pending_email") == NULL);
    CHECK_NUM(confirm(ann, token)->status, 410);
}

/* Each of the two addresses is told once of each step; the old one with a way back (NOTE-01). */
TEST_IN_WORLD(NOTE_01_both_addresses_are_told)
{
    struct client *ann = signed_in(w, ANN);
    const char *token = asked(ann, NEW);
    CHECK_NUM(mail_count(w, ANN, "email_change_asked"), 1);
    CHECK_NUM(mail_count(w, NEW, "email_change_asked"), 0);
    CHECK(strstr(mailed(w, ANN, "email_change_asked")->text, "/revoke-email?token=emc_"));
    CHECK_NUM(confirm(ann, token)->status, 200);
    CHECK_NUM(mail_count(w, ANN, "email_changed"), 1);
    CHECK_NUM(mail_count(w, NEW, "email_changed"), 1);
    const struct mail *old = mailed(w, ANN, "email_changed"),
                      *new = mailed(w, NEW, "email_changed");
    REQUIRE(old && new);
    CHECK(strstr(old->text, "/revoke-email?token=emc_") != NULL);
    CHECK(strstr(old->text, ANN) != NULL);
    CHECK(!strstr(new->text, "token="));
}

/* A slip of the pen leads to a stranger's mailbox: who it was is not theirs to know. */
TEST_IN_WORLD(ENUM_08_the_new_mailbox_does_not_learn_the_old_address)
{
    struct client *ann = signed_in(w, ANN);
    const char *token = asked(ann, NEW);
    const struct mail *mail = mailed(w, NEW, "email_change_confirm");
    REQUIRE(mail);
    CHECK(!strstr(mail->text, ANN) && !strstr(mail->html, ANN));
    struct reply *r = get(client(w), text_format(test_arena(), "/confirm-email?token=%s", token));
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, NEW) && !strstr(r->body, ANN));
    r = confirm(client(w), token);
    CHECK_NUM(r->status, 200);
    CHECK(!strstr(r->body, ANN));
    mail = mailed(w, NEW, "email_changed");
    REQUIRE(mail);
    CHECK(strstr(mail->text, NEW) && !strstr(mail->text, ANN) && !strstr(mail->html, ANN));
}

TEST_IN_WORLD(ENUM_08_a_taken_address_looks_like_a_free_one)
{
    struct client *ann = signed_in(w, ANN), *carl = signed_in(w, "carl@example.org");
    person(w, BEN, PASSWORD);
    with_header(ann, "X-Request-Id: the-same-each-time");
    with_header(carl, "X-Request-Id: the-same-each-time");
    struct reply *taken = ask(ann, BEN), *free_one = ask(carl, NEW);
    CHECK_NUM(taken->status, 202);
    check_alike("asking for a taken address", free_one, taken);
    CHECK_TEXT(text_of(get(ann, "/v1/account/email"), "pending_email"), BEN);
    CHECK_NUM(mail_count(w, BEN, "already_have_account"), 1);
    CHECK_NUM(mail_count(w, BEN, "email_change_confirm"), 0);
    CHECK_NUM(mail_count(w, ANN, "email_change_asked"), 1);
    CHECK_NUM(mail_count(w, "carl@example.org", "email_change_asked"), 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM email_change"), 2);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM audit WHERE event = 'email_change.asked'"), 2);
    CHECK_NUM(login(client(w), BEN, PASSWORD)->status, 200);
}

/* Who changes nothing is told so: it is their own address. The other spelling is a change. */
TEST_IN_WORLD(my_own_address_is_no_change_but_its_spelling_is)
{
    struct client *ann = signed_in(w, ANN);
    struct reply *r = ask(ann, ANN);
    CHECK_NUM(r->status, 422);
    CHECK(strstr(r->body, "email_unchanged") != NULL);
    CHECK_NUM(confirm(ann, asked(ann, "Ann@example.org"))->status, 200);
    CHECK_TEXT(text_of(get(ann, "/v1/auth/me"), "user.email"), "Ann@example.org");
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
}

/* Whoever asked before the owner took the account over gets nothing (PRE-04). */
TEST_IN_WORLD(PRE_04_a_pending_change_does_not_survive_a_reset)
{
    struct client *mallory = signed_in(w, ANN);
    const char *token = asked(mallory, THIRD);
    CHECK_NUM(reset(client(w), reset_token(w, ANN), "another walnut chair")->status, 200);
    CHECK_NUM(confirm(mallory, token)->status, 410);
    CHECK_NUM(confirm(client(w), token)->status, 410);
    CHECK(account_id_of(w, ANN) != NULL);
    CHECK_NUM(login(client(w), ANN, "another walnut chair")->status, 200);
}

TEST_IN_WORLD(PRE_04_nor_a_change_of_password)
{
    struct client *ann = signed_in(w, ANN);
    const char *token = asked(ann, THIRD);
    CHECK_NUM(post(ann, "/v1/auth/password/change",
                   json("current_password", PASSWORD, "password", "another walnut chair", NULL))
                  ->status,
              200);
    CHECK_NUM(confirm(client(w), token)->status, 410);
    CHECK(account_id_of(w, ANN) != NULL);
}

/* A second wish voids the first one's link. */
TEST_IN_WORLD(only_the_newest_change_counts)
{
    struct client *ann = signed_in(w, ANN);
    const char *first = asked(ann, NEW), *second = asked(ann, THIRD);
    CHECK_NUM(confirm(client(w), first)->status, 410);
    CHECK_NUM(call(ann, "DELETE", "/v1/account/email", NULL)->status, 200);
    CHECK_NUM(call(ann, "DELETE", "/v1/account/email", NULL)->status, 404);
    CHECK_NUM(confirm(client(w), second)->status, 410);
    const char *third = asked(ann, THIRD);
    wait_for(25 * HOUR);
    CHECK_NUM(confirm(client(w), third)->status, 410);
    CHECK(account_id_of(w, ANN) != NULL);
}

/* --- taking it back --- */

static void check_taken_back(struct world *w, struct client *thief)
{
    CHECK_NUM(get(thief, "/v1/auth/me")->status, 401);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 401); /* the thief knows it */
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
    const char *token = mailed_token(w, ANN, "reset_password");
    CHECK_NUM(reset(client(w), token, "another walnut chair")->status, 200);
    struct client *ann = client(w);
    CHECK_NUM(login(ann, ANN, "another walnut chair")->status, 200);
    CHECK_TEXT(text_of(get(ann, "/v1/auth/me"), "user.email"), ANN);
    CHECK(has_audit(w, "email_change.revoked"));
}

TEST_IN_WORLD(a_change_is_taken_back_before_it_comes_true)
{
    struct client *thief = signed_in(w, ANN);
    const char *confirming = asked(thief, THIRD);
    const char *back = mailed_token(w, ANN, "email_change_asked");
    CHECK_NUM(revoke(client(w), back)->status, 200);
    CHECK_NUM(confirm(client(w), confirming)->status, 410);
    CHECK_NUM(revoke(client(w), back)->status, 410);
    check_taken_back(w, thief);
    CHECK_NUM(mail_count(w, ANN, "email_change_revoked"), 1);
    CHECK_NUM(mail_count(w, THIRD, "email_change_revoked"), 0);
}

static void take_back_after(struct world *w, const char *mail)
{
    struct client *thief = signed_in(w, ANN);
    const char *confirming = asked(thief, THIRD);
    CHECK_NUM(confirm(thief, confirming)->status, 200);
    const char *back = mailed_token(w, ANN, mail);
    wait_for(6 * DAY);
    CHECK_NUM(revoke(client(w), back)->status, 200);
    check_taken_back(w, thief);
    CHECK_NUM(login(client(w), THIRD, PASSWORD)->status, 401);
    CHECK_NUM(mail_count(w, ANN, "email_change_revoked"), 1);
    CHECK_NUM(mail_count(w, THIRD, "email_change_revoked"), 1);
}

TEST_IN_WORLD(a_change_is_taken_back_after_it_came_true_by_the_first_mail)
{
    take_back_after(w, "email_change_asked");
}

TEST_IN_WORLD(a_change_is_taken_back_after_it_came_true_by_the_second_mail)
{
    take_back_after(w, "email_changed");
}

/* Moving the account on from mailbox to mailbox does not shake the owner off, and the mailboxes in
   between get nothing back. */
TEST_IN_WORLD(a_chain_of_changes_is_taken_back_as_a_whole)
{
    struct client *thief = signed_in(w, ANN);
    CHECK_NUM(confirm(thief, asked(thief, NEW))->status, 200);
    const char *back = mailed_token(w, ANN, "email_changed");
    wait_for(MINUTE);
    CHECK_NUM(confirm(thief, asked(thief, THIRD))->status, 200);
    const char *between = mailed_token(w, NEW, "email_changed");
    const char *pending = asked(thief, "fourth@example.org");
    CHECK_NUM(revoke(client(w), back)->status, 200);
    CHECK_NUM(revoke(client(w), between)->status, 410);
    CHECK_NUM(confirm(client(w), pending)->status, 410);
    check_taken_back(w, thief);
}

static struct reply *register_at(struct world *w, const char *email)
{
    return post(client(w), "/v1/auth/register", json("email", email, "password", PASSWORD, NULL));
}

/* Somebody who takes the old address meanwhile would keep its owner from taking the change back. */
TEST_IN_WORLD(the_address_that_was_left_is_kept_while_it_can_be_taken_back)
{
    struct client *thief = signed_in(w, ANN), *ben = signed_in(w, BEN);
    CHECK_NUM(confirm(thief, asked(thief, THIRD))->status, 200);
    const char *back = mailed_token(w, ANN, "email_changed");

    struct reply *kept = register_at(w, ANN), *free = register_at(w, "nobody@example.org");
    CHECK_NUM(kept->status, 202);
    CHECK_TEXT(kept->body, free->body);
    CHECK_NUM(mail_count(w, ANN, "verify_email"), 1); /* of the very beginning */
    CHECK_NUM(mail_count(w, ANN, "address_kept"), 1);
    CHECK(strstr(mailed(w, ANN, "address_kept")->text, THIRD) == NULL);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE email_key = 'ann@example.org'"), 0);

    CHECK_TEXT(asked(ben, ANN), "");
    CHECK_NUM(mail_count(w, ANN, "address_kept"), 2);

    wait_for(6 * DAY);
    CHECK_NUM(revoke(client(w), back)->status, 200);
    CHECK(account_id_of(w, ANN) != NULL);
    (void)register_at(w, ANN);
    CHECK_NUM(mail_count(w, ANN, "already_have_account"), 1);
}

/* A link that was mailed before the address was left. */
TEST_IN_WORLD(no_other_change_comes_true_at_an_address_that_is_kept)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    CHECK_NUM(confirm(ann, asked(ann, NEW))->status, 200);
    wait_for(7 * DAY + MINUTE);
    struct client *still = client(w);
    CHECK_NUM(login(still, NEW, PASSWORD)->status, 200);
    CHECK_NUM(login(ben, BEN, PASSWORD)->status, 200);
    const char *bens = asked(ben, ANN); /* free by now */
    CHECK(*bens);
    CHECK_NUM(confirm(still, asked(still, ANN))->status, 200); /* and hers again */
    CHECK_NUM(confirm(still, asked(still, THIRD))->status, 200);
    CHECK_NUM(confirm(ben, bens)->status, 410);
}

TEST_IN_WORLD(the_own_old_address_is_free_for_who_left_it)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_NUM(confirm(ann, asked(ann, NEW))->status, 200);
    CHECK_NUM(confirm(ann, asked(ann, ANN))->status, 200);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
}

TEST_IN_WORLD(after_a_week_an_address_that_was_left_is_free)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_NUM(confirm(ann, asked(ann, NEW))->status, 200);
    wait_for(7 * DAY + MINUTE);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
}

TEST_IN_WORLD(after_a_week_nothing_is_taken_back)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_NUM(confirm(ann, asked(ann, NEW))->status, 200);
    const char *back = mailed_token(w, ANN, "email_changed");
    wait_for(7 * DAY + MINUTE);
    CHECK_NUM(revoke(client(w), back)->status, 410);
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM email_change"), 0);
    CHECK(account_id_of(w, NEW) != NULL);
}

/* A reset link that lies in the old mailbox opens nothing any more. */
TEST_IN_WORLD(a_reset_link_at_the_old_address_is_void)
{
    struct client *ann = signed_in(w, ANN);
    const char *link = reset_token(w, ANN), *token = asked(ann, NEW);
    wait_for(MINUTE);
    CHECK_NUM(confirm(ann, token)->status, 200);
    CHECK_NUM(reset(client(w), link, "another walnut chair")->status, 410);
    CHECK_NUM(login(client(w), NEW, PASSWORD)->status, 200);
}

/* A registration that was never confirmed does not hold an address (PRE-01). */
TEST_IN_WORLD(PRE_01_an_unconfirmed_registration_gives_way)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_NUM(post(client(w), "/v1/auth/register", json("email", NEW, "password", PASSWORD, NULL))
                  ->status,
              202);
    const char *squatter = mailed_token(w, NEW, "verify_email");
    CHECK_NUM(confirm(ann, asked(ann, NEW))->status, 200);
    CHECK_NUM(verify(client(w), squatter)->status, 410);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account"), 1);
    CHECK_TEXT(text_of(get(ann, "/v1/auth/me"), "user.email"), NEW);
}

/* --- links --- */

TEST_IN_WORLD(TOK_02_neither_link_opens_the_others_door)
{
    struct client *ann = signed_in(w, ANN);
    const char *confirming = asked(ann, NEW);
    const char *back = mailed_token(w, ANN, "email_change_asked");
    CHECK_NUM(confirm(client(w), back)->status, 410);
    CHECK_NUM(revoke(client(w), confirming)->status, 410);
    CHECK_NUM(verify(client(w), confirming)->status, 410);
    CHECK_NUM(reset(client(w), confirming, "another walnut chair")->status, 410);
    CHECK_NUM(
        get(client(w), text_format(test_arena(), "/settings/deletion?token=%s", back))->status,
        410);
    CHECK_NUM(confirm(client(w), confirming)->status, 200);
}

/* A scanner's GET changes nothing (TOK-05); the button works signed out. */
TEST_IN_WORLD(TOK_05_looking_at_the_links_changes_nothing)
{
    struct client *ann = signed_in(w, ANN), *c = client(w);
    const char *confirming = asked(ann, NEW);
    const char *back = mailed_token(w, ANN, "email_change_asked");
    const char *pages[] = { text_format(test_arena(), "/confirm-email?token=%s", confirming),
                            text_format(test_arena(), "/revoke-email?token=%s", back) };
    for (int i = 0; i < 6; i++)
        CHECK_NUM(get(c, pages[i % 2])->status, 200);
    CHECK(account_id_of(w, ANN) != NULL);
    CHECK_NUM(
        post_form(c, "/confirm-email", text_format(test_arena(), "token=%s", confirming))->status,
        200);
    CHECK(account_id_of(w, NEW) != NULL);
    CHECK_NUM(get(c, pages[0])->status, 410);
    CHECK_NUM(get(c, pages[1])->status, 200);
    CHECK_NUM(post_form(c, "/revoke-email", text_format(test_arena(), "token=%s", back))->status,
              200);
    CHECK(account_id_of(w, ANN) != NULL);
}

/* Ann's link in Ben's browser changes Ann's address, and neither Ben's session nor his account. */
TEST_IN_WORLD(TOK_04_somebody_elses_link_in_my_session)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    CHECK_NUM(confirm(ben, asked(ann, NEW))->status, 200);
    CHECK_TEXT(text_of(get(ben, "/v1/auth/me"), "user.email"), BEN);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 401); /* her sessions were others */
    CHECK_NUM(login(client(w), NEW, PASSWORD)->status, 200);
}

/* The cookie that was in use is worth nothing afterwards (SESS-05). */
TEST_IN_WORLD(SESS_05_the_cookie_is_renewed_with_the_address)
{
    struct client *page = client(w), *thief = client(w);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login_page(page, ANN, PASSWORD)->status, 303);
    (void)get(page, "/settings/email");
    CHECK_NUM(post_form(page, "/settings/email", "email=ann.new%40example.org")->status, 303);
    *thief = *page;
    const char *token = mailed_token(w, NEW, "email_change_confirm");
    (void)get(page, text_format(test_arena(), "/confirm-email?token=%s", token));
    CHECK_NUM(
        post_form(page, "/confirm-email", text_format(test_arena(), "token=%s", token))->status,
        200);
    CHECK_NUM(get(page, "/settings")->status, 200);
    CHECK_NUM(get(thief, "/settings")->status, 303);
    CHECK(strstr(get(page, "/settings")->body, NEW) != NULL);
}

TEST_IN_WORLD(MFA_07_another_address_asks_for_a_fresh_proof)
{
    struct client *page = client(w);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login_page(page, ANN, PASSWORD)->status, 303);
    (void)get(page, "/settings/email");
    wait_for(11 * MINUTE);
    struct reply *r = post_form(page, "/settings/email", "email=ann.new%40example.org");
    CHECK_TEXT(header_of(r, "location"), "/reauth?next=/settings/email");
    CHECK_NUM(count_of(w, "SELECT count(*) FROM email_change"), 0);
}

/* --- races --- */

enum { ACCOUNTS = 8, CROWD = 64 };

static struct {
    struct world *w;
    const char *tokens[CROWD];
    _Atomic int won;
} race;

static void click(void *, int i)
{
    int status = confirm(client(race.w), race.tokens[i])->status;
    if (status == 200)
        race.won++;
    else if (status != 410)
        test_fail(__FILE__, __LINE__, "somebody got %d", status);
}

/* Several accounts want the same address, and all get the link (they share the mailbox). */
TEST_IN_WORLD(RACE_03_one_of_many_gets_the_address)
{
    race.w = w;
    race.won = 0;
    for (int i = 0; i < ACCOUNTS; i++) {
        struct client *c = signed_in(w, text_format(test_arena(), "p%d@example.org", i));
        race.tokens[i] = asked(c, "shared@example.org");
    }
    crowd(ACCOUNTS, click, NULL);
    CHECK_NUM(race.won, 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE email_key = 'shared@example.org'"),
              1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account"), ACCOUNTS);
}

TEST_IN_WORLD(RACE_01_a_link_changes_the_address_once)
{
    struct client *ann = signed_in(w, ANN);
    race.w = w;
    race.won = 0;
    race.tokens[0] = asked(ann, NEW);
    for (int i = 1; i < CROWD; i++)
        race.tokens[i] = race.tokens[0];
    crowd(CROWD, click, NULL);
    CHECK_NUM(race.won, 1);
    CHECK_NUM(mail_count(w, NEW, "email_changed"), 1);
}

TEST_IN_WORLD(TOK_08_the_store_holds_no_link_that_works)
{
    struct client *ann = signed_in(w, ANN);
    const char *confirming = asked(ann, NEW);
    const char *back = mailed_token(w, ANN, "email_change_asked");
    REQUIRE(strlen(confirming) > ID_CHARS + 4 && strlen(back) > ID_CHARS + 4);
    struct mem dump = dump_of(w);
    CHECK(!dump_has(w, dump, mem_text(confirming + ID_CHARS + 4)));
    CHECK(!dump_has(w, dump, mem_text(back + ID_CHARS + 4)));
}
