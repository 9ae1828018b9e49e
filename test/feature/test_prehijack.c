/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PRE: whoever registers a stranger's address first plants nothing. A link opens the account with
 * the password that was chosen together with it; proving the mailbox throws out everybody else.
 */
#include "attack.h"

#include "base/clock.h"

#include <string.h>

#define MALLORYS "mallory was here first"
#define MALLORYS_IP "203.0.113.66"
#define MALLORYS_AGENT "Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36"

static struct client *mallory(struct world *w)
{
    struct client *c = client(w);
    c->ip = MALLORYS_IP;
    c->user_agent = MALLORYS_AGENT;
    return c;
}

static void sign_up(struct client *c, const char *password, const char *name)
{
    CHECK_NUM(
        post(c, "/v1/auth/register", json("email", ANN, "password", password, "name", name, NULL))
            ->status,
        202);
}

static void resend(struct client *c)
{
    CHECK_NUM(post(c, "/v1/auth/resend-verification", json("email", ANN, NULL))->status, 202);
}

TEST_IN_WORLD(PRE_01_a_link_carries_its_own_password)
{
    sign_up(mallory(w), MALLORYS, "Mallory");
    const char *mallorys = mailed_token(w, ANN, "verify_email");
    wait_for(HOUR);
    sign_up(client(w), PASSWORD, "Ann");
    const char *anns = mailed_token(w, ANN, "verify_email");
    CHECK(!text_equal(anns, mallorys));
    wait_for(HOUR);
    sign_up(mallory(w), MALLORYS, "Mallory"); /* and again, after her */
    const char *again = mailed_token(w, ANN, "verify_email");

    CHECK_NUM(verify(client(w), anns)->status, 200);
    CHECK_NUM(login(mallory(w), ANN, MALLORYS)->status, 401);
    struct reply *r = login(client(w), ANN, PASSWORD);
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "user.name"), "Ann");
    /* Nothing that waits can be used afterwards. */
    CHECK_NUM(verify(mallory(w), mallorys)->status, 410);
    CHECK_NUM(verify(mallory(w), again)->status, 410);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM registration"), 0);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
    CHECK_NUM(login(mallory(w), ANN, MALLORYS)->status, 401);
}

TEST_IN_WORLD(PRE_01_the_page_says_who_asked)
{
    sign_up(mallory(w), MALLORYS, NULL);
    const char *token = mailed_token(w, ANN, "verify_email");
    const struct mail *mail = mailed(w, ANN, "verify_email");
    REQUIRE(mail);
    CHECK(strstr(mail->text, MALLORYS_IP) != NULL);
    struct reply *r = get(client(w), text_format(test_arena(), "/verify-email?token=%s", token));
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, MALLORYS_IP) != NULL);
    CHECK(strstr(r->body, "Chrome") != NULL);
}

/* "Send it again" must not send the link of whoever registered last. */
TEST_IN_WORLD(PRE_01_the_link_sent_again_is_ones_own)
{
    sign_up(client(w), PASSWORD, "Ann");
    wait_for(MINUTE);
    sign_up(mallory(w), MALLORYS, "Mallory");
    wait_for(MINUTE);
    run_jobs(w);
    resend(client(w));
    CHECK_NUM(verify(client(w), mailed_token(w, ANN, "verify_email"))->status, 200);
    CHECK_NUM(login(mallory(w), ANN, MALLORYS)->status, 401);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
    CHECK(has_audit(w, "verification.sent"));
}

/* From a third place it is not known whose link is meant: none is sent. */
TEST_IN_WORLD(PRE_01_when_two_wait_none_is_sent_again_to_a_third)
{
    struct client *third = client(w);
    third->ip = "198.51.100.3";
    sign_up(client(w), PASSWORD, "Ann");
    run_jobs(w);
    wait_for(MINUTE);
    resend(third);
    CHECK_NUM(mail_count(w, ANN, "verify_email"), 2); /* only one waits: that one is meant */
    sign_up(mallory(w), MALLORYS, "Mallory");
    CHECK_NUM(mail_count(w, ANN, "verify_email"), 3);
    wait_for(MINUTE);
    resend(third);
    CHECK_NUM(mail_count(w, ANN, "verify_email"), 3);
}

TEST_IN_WORLD(PRE_01_a_reset_throws_a_planted_password_out)
{
    sign_up(mallory(w), MALLORYS, "Mallory");
    const char *planted = mailed_token(w, ANN, "verify_email");
    CHECK_NUM(reset(client(w), reset_token(w, ANN), PASSWORD)->status, 200);
    CHECK_NUM(login(mallory(w), ANN, MALLORYS)->status, 401);
    CHECK_NUM(verify(mallory(w), planted)->status, 410);
    CHECK_NUM(login(mallory(w), ANN, MALLORYS)->status, 401);
    struct reply *r = login(client(w), ANN, PASSWORD); /* the reset proved the mailbox */
    CHECK_NUM(r->status, 200);
    CHECK(text_of(r, "user.name") == NULL); /* and the planted name is gone too */
}

TEST_IN_WORLD(PRE_01_registering_a_known_address_changes_nothing)
{
    struct client *ann = signed_in(w, ANN);
    const char *before = password_of(w, ANN);
    sign_up(mallory(w), MALLORYS, "Mallory");
    CHECK_NUM(mail_count(w, ANN, "verify_email"), 1); /* her own, from the beginning */
    const struct mail *mail = mailed(w, ANN, "already_have_account");
    REQUIRE(mail);
    CHECK(strstr(mail->text, "token=") == NULL);
    CHECK(strstr(mail->text, "Mallory") == NULL); /* strangers' words are not mailed */
    CHECK_TEXT(password_of(w, ANN), before);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
    CHECK_NUM(login(mallory(w), ANN, MALLORYS)->status, 401);
}

TEST_IN_WORLD(PRE_01_no_mail_carries_a_planted_name)
{
    sign_up(mallory(w), MALLORYS, "visit http://evil.example now");
    resend(mallory(w));
    run_jobs(w);
    const struct mail *mail = mailed(w, ANN, "verify_email");
    REQUIRE(mail);
    CHECK(strstr(mail->text, "evil.example") == NULL);
    CHECK(strstr(mail->html, "evil.example") == NULL);
}

TEST_IN_WORLD(PRE_01_many_registrations_keep_a_bounded_number_of_links)
{
    for (int i = 0; i < 30; i++) {
        sign_up(mallory(w), MALLORYS, NULL);
        wait_for(SECOND);
    }
    CHECK(count_of(w, "SELECT count(*) FROM registration") <= 10);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account"), 1);
    /* Her own link works for as long as it is among them. */
    sign_up(client(w), PASSWORD, NULL);
    CHECK_NUM(verify(client(w), mailed_token(w, ANN, "verify_email"))->status, 200);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
}

TEST_IN_WORLD(PRE_02_a_reset_ends_every_session_of_whoever_was_there_before)
{
    person(w, ANN, MALLORYS);
    struct client *byapi = mallory(w), *bypage = mallory(w);
    CHECK_NUM(login(byapi, ANN, MALLORYS)->status, 200);
    CHECK_NUM(login_page(bypage, ANN, MALLORYS)->status, 303);
    CHECK_NUM(get(bypage, "/account/security")->status, 200);
    CHECK_NUM(get(byapi, "/v1/auth/me")->status, 200); /* it is in the cache now */

    CHECK_NUM(reset(client(w), reset_token(w, ANN), PASSWORD)->status, 200);
    CHECK_NUM(get(byapi, "/v1/auth/me")->status, 401);
    CHECK_NUM(refresh(byapi, byapi->refresh)->status, 401);
    CHECK_NUM(get(bypage, "/account/security")->status, 303);
    CHECK_NUM(get(bypage, "/v1/auth/me")->status, 401);
    CHECK_NUM(login(mallory(w), ANN, MALLORYS)->status, 401);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
    CHECK(has_audit(w, "password.reset"));
}

TEST_IN_WORLD(PRE_02_verifying_ends_what_was_there_before)
{
    /* However a session came to an account that is not verified, it does not live on in it. */
    sign_up(mallory(w), MALLORYS, NULL);
    sign_up(client(w), PASSWORD, NULL);
    const char *token = mailed_token(w, ANN, "verify_email");
    struct client *ben = signed_in(w, BEN);
    tamper(w, "UPDATE session SET account_id = $1", V(text(account_id_of(w, ANN))));
    CHECK_NUM(verify(client(w), token)->status, 200);
    CHECK_NUM(get(ben, "/v1/auth/me")->status, 401);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
}
