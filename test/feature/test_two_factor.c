/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two-step sign-in from its owner's side: set-up (MFA-06, MFA-07, MFA-10), recovery codes, turning
 * it off, and the pages of both sides.
 */
#include "two_step.h"

#include "account/personal.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/recovery_code.h"
#include "sample.h"

#include <stdio.h>
#include <string.h>

static const char *code_of(const struct reply *r)
{
    return text_of(r, "code");
}

static struct reply *confirm(struct client *c, const char *code)
{
    return post(c, "/v1/auth/2fa/enable-complete", json("code", code, NULL));
}

/* --- setting up --- */

TEST_IN_WORLD(a_set_up_gives_what_an_app_needs)
{
    struct client *c = signed_in(w, ANN);
    struct reply *r = post(c, "/v1/auth/2fa/enable-init", "{}");
    CHECK_NUM(r->status, 200);
    const char *secret = text_of(r, "secret"), *uri = text_of(r, "otpauth_uri");
    CHECK_NUM(strlen(secret), 32); /* 160 bits */
    CHECK_TEXT(uri, text_format(test_arena(),
                                "otpauth://totp/Cardea:ann%%40example.org?secret=%s&issuer=Cardea"
                                "&algorithm=SHA1&digits=6&period=30",
                                secret));
    CHECK(text_starts(text_of(r, "qr_svg"), "<svg "));
    CHECK(strstr(text_of(r, "qr_svg"), "role=\"img\"><title>") ||
          strstr(text_of(r, "qr_svg"), "<title>QR code"));
    CHECK_TEXT(header_of(r, "cache-control"), "no-store");
}

TEST_IN_WORLD(finishing_a_set_up_turns_it_on)
{
    struct client *c = signed_in(w, ANN), *other = client(w), *pending = client(w);
    struct app app;
    CHECK_NUM(login(other, ANN, PASSWORD)->status, 200);
    struct reply *r = set_up(c, &app);
    CHECK_NUM(r->status, 200);
    for (int i = 0; i < CODES; i++) {
        CHECK_NUM(app.codes[i] ? strlen(app.codes[i]) : 0, 29);
        for (int k = 0; k < i; k++)
            CHECK(!text_equal(app.codes[i], app.codes[k]));
    }
    CHECK(!text_of(r, "recovery_codes.10"));
    CHECK_NUM(get(other, "/v1/auth/me")->status, 401); /* all others end */
    CHECK_NUM(refresh(other, other->refresh)->status, 401);
    r = get(c, "/v1/auth/me");
    CHECK_TEXT(text_of(r, "session.acr"), "aal2");
    CHECK(strstr(r->body, "\"mfa_enabled\":true"));
    CHECK(mailed(w, ANN, "two_factor_on"));
    CHECK_NUM(mail_count(w, ANN, "two_factor_on"), 1);
    CHECK(has_audit(w, "two_factor.on"));
    CHECK(first_step(pending, ANN));
}

TEST_IN_WORLD(MFA_10_an_unfinished_set_up_asks_nobody)
{
    struct client *c = signed_in(w, ANN);
    CHECK_NUM(post(c, "/v1/auth/2fa/enable-init", "{}")->status, 200);
    CHECK_TEXT(code_of(confirm(c, "000000")), "code_wrong");
    CHECK_TEXT(code_of(confirm(c, "none")), "code_wrong");
    CHECK(!first_step(client(w), ANN)); /* signed in by the password alone */
    CHECK(strstr(get(c, "/v1/auth/me")->body, "\"mfa_enabled\":false"));
    CHECK_NUM(count_of(w, "SELECT count(*) FROM totp"), 0);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM recovery_code"), 0);
    CHECK_NUM(mail_count(w, ANN, "two_factor_on"), 0);
    wait_for(2 * HOUR);
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM totp_setup"), 0);
}

TEST_IN_WORLD(MFA_10_beginning_again_replaces_what_was_begun)
{
    struct client *c = signed_in(w, ANN);
    struct app first, second;
    CHECK_NUM(post(c, "/v1/auth/2fa/enable-init", "{}")->status, 200);
    first = (struct app){ 0 };
    CHECK_NUM(set_up(c, &first)->status, 200); /* begins anew itself */
    wait_for(30 * SECOND);
    CHECK_NUM(post(c, "/v1/auth/2fa/enable-init", "{}")->status, 200);
    CHECK_TEXT(code_of(confirm(c, code_at(&first, 0))), "code_wrong");
    /* The app in use still counts while another one is being set up; then it does not. */
    CHECK_NUM(login_by_app(client(w), ANN, &first)->status, 200);
    CHECK_NUM(set_up(c, &second)->status, 200);
    wait_for(30 * SECOND);
    struct client *d = client(w);
    CHECK_TEXT(code_of(second_step(d, first_step(d, ANN), code_at(&first, 0))), "code_wrong");
    CHECK_TEXT(code_of(recover(d, first_step(d, ANN), first.codes[0])), "code_wrong");
    CHECK_NUM(login_by_app(d, ANN, &second)->status, 200);
    CHECK_NUM(mail_count(w, ANN, "two_factor_on"), 2);
}

TEST_IN_WORLD(a_set_up_belongs_to_its_session_and_ends)
{
    struct client *c = signed_in(w, ANN), *thief = client(w);
    struct app app = { 0 };
    CHECK_TEXT(code_of(confirm(c, "000000")), "setup_expired");
    CHECK_NUM(login(thief, ANN, PASSWORD)->status, 200);
    CHECK_NUM(post(c, "/v1/auth/2fa/enable-init", "{}")->status, 200);
    CHECK_TEXT(code_of(confirm(thief, "000000")), "setup_expired");
    for (int i = 0; i < 10; i++)
        CHECK_TEXT(code_of(confirm(c, "000000")), "code_wrong");
    CHECK_TEXT(code_of(confirm(c, "000000")), "setup_expired");
    CHECK_NUM(post(c, "/v1/auth/2fa/enable-init", "{}")->status, 200);
    wait_for(30 * MINUTE);
    stay(c);
    CHECK_TEXT(code_of(confirm(c, "000000")), "setup_expired");
    CHECK_NUM(post(c, "/v1/auth/reauth", json("password", PASSWORD, NULL))->status, 200);
    CHECK_NUM(set_up(c, &app)->status, 200);
}

struct finishers {
    struct client *c;
    const char *code;
    int status[16];
};

static void finish_once(void *arg, int i)
{
    struct finishers *f = arg;
    struct client c = *f->c;
    f->status[i] = confirm(&c, f->code)->status;
}

TEST_IN_WORLD(RACE_01_a_set_up_is_finished_once)
{
    struct app app = { 0 };
    struct finishers f = { .c = signed_in(w, ANN) };
    int winners = 0;
    app.secret = secret_of(text_of(post(f.c, "/v1/auth/2fa/enable-init", "{}"), "secret"));
    f.code = code_at(&app, 0);
    crowd(COUNT(f.status), finish_once, &f);
    for (size_t i = 0; i < COUNT(f.status); i++) {
        winners += f.status[i] == 200;
        CHECK(f.status[i] == 200 || f.status[i] == 410);
    }
    CHECK_NUM(winners, 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM totp"), 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM recovery_code"), 10);
    CHECK_NUM(mail_count(w, ANN, "two_factor_on"), 1);
}

TEST_IN_WORLD(MFA_02_parallel_guesses_at_a_set_up_are_counted)
{
    struct finishers f = { .c = signed_in(w, ANN), .code = "000000" };
    int judged = 0;
    CHECK_NUM(post(f.c, "/v1/auth/2fa/enable-init", "{}")->status, 200);
    crowd(COUNT(f.status), finish_once, &f);
    for (size_t i = 0; i < COUNT(f.status); i++)
        judged += f.status[i] == 401;
    CHECK_NUM(judged, 10); /* the others find nothing to finish */
}

/* --- MFA-06: nowhere --- */

enum { LOG_MAX = 1 << 20 };

static struct buf logged;

static void sink(const char *line, void *)
{
    buf_text(&logged, line);
    buf_char(&logged, '\n');
}

static const char *export_of(struct world *w, const char *email)
{
    struct tx tx;
    struct buf out;
    struct json_writer j;
    buf_init(&out, test_arena(), 1 << 20);
    json_write(&j, &out);
    json_begin_object(&j, NULL);
    db_begin(&tx, w->real_db, DB_READ, test_arena());
    CHECK_OK(personal_write(&tx, account_id_of(w, email), &j));
    db_rollback(&tx);
    json_end(&j);
    return out.p;
}

TEST_IN_WORLD(MFA_06_secret_and_codes_are_shown_once_and_kept_nowhere)
{
    buf_init(&logged, test_arena(), LOG_MAX);
    log_set_level("debug");
    log_capture(sink, NULL);
    struct app app = two_step(w, ANN);
    struct client *c = client(w);
    CHECK_NUM(login_by_app(c, ANN, &app)->status, 200);
    CHECK_NUM(recover(c, first_step(c, ANN), app.codes[0])->status, 200);
    static const char *const paths[] = { "/v1/auth/me",         "/v1/account/sessions",
                                         "/v1/account/devices", "/account/security",
                                         "/settings",           "/2fa/setup",
                                         "/2fa/recovery-codes", "/2fa/disable" };
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct reply *r = get(app.owner, paths[i]);
        CHECK_NUM(r->status, 200);
        CHECK(!strstr(r->body, app.base32) && !strstr(r->body, app.codes[1]));
    }
    run_jobs(w);
    log_capture(NULL, NULL);
    const char *export = export_of(w, ANN);
    struct mem dump = dump_of(w);
    CHECK(strstr(export, "\"totp\"") && strstr(export, "confirmed_at"));
    CHECK(strstr(logged.p, "http.request"));
    CHECK(!strstr(export, app.base32) && !strstr(logged.p, app.base32));
    CHECK(!dump_has(w, dump, app.secret) && !dump_has(w, dump, mem_text(app.base32)));
    for (int i = 0; i < CODES; i++) {
        uint8_t hash[SHA256_BYTES];
        CHECK(recovery_code_hash(app.codes[i], account_id_of(w, ANN), hash));
        CHECK(!strstr(export, app.codes[i]) && !strstr(logged.p, app.codes[i]));
        CHECK(!dump_has(w, dump, mem_text(app.codes[i])));
        if (i) /* the first one is used, its digest may linger */
            CHECK(dump_has(w, dump, MEM(hash, sizeof hash)));
    }
    /* A code that was used stands in no log either. */
    CHECK(!strstr(logged.p, code_at(&app, 0)));
}

/* The secret is sealed for its row: in another one it does not open. */
TEST_IN_WORLD(MFA_06_a_moved_secret_opens_nothing)
{
    struct app ann = two_step(w, ANN), ben = two_step(w, BEN);
    tamper(w,
           "UPDATE totp SET secret = (SELECT secret FROM totp WHERE account_id = $1)"
           " WHERE account_id = $2",
           V(text(account_id_of(w, ANN)), text(account_id_of(w, BEN))));
    struct client *c = client(w);
    CHECK_NUM(second_step(c, first_step(c, BEN), code_at(&ann, 0))->status, 500);
    CHECK_NUM(second_step(c, first_step(c, BEN), code_at(&ben, 0))->status, 500);
    CHECK_NUM(login_by_app(c, ANN, &ann)->status, 200);
}

/* --- MFA-07: a fresh proof --- */

static void check_refused_without_proof(struct client *c)
{
    static const char *const doors[] = { "/v1/auth/2fa/enable-init", "/v1/auth/2fa/disable",
                                         "/v1/auth/2fa/recovery-codes" };
    for (size_t i = 0; i < COUNT(doors); i++) {
        struct reply *r = post(c, doors[i], "{}");
        CHECK_NUM(r->status, 401);
        CHECK_TEXT(code_of(r), "insufficient_user_authentication");
        CHECK(strstr(header_of(r, "www-authenticate"), "insufficient_user_authentication"));
    }
}

TEST_IN_WORLD(MFA_07_changes_ask_for_a_fresh_proof)
{
    struct app app = two_step(w, ANN);
    wait_for(10 * MINUTE);
    stay(app.owner);
    check_refused_without_proof(app.owner);
    static const char *const pages[] = { "/2fa/setup", "/2fa/recovery-codes", "/2fa/disable" };
    struct client *c = client(w);
    CHECK_NUM(login_page(c, ANN, PASSWORD)->status, 303);
    (void)get(c, "/2fa/verify");
    CHECK_NUM(
        post_form(c, "/2fa/verify", text_format(test_arena(), "code=%s", code_at(&app, 0)))->status,
        303);
    for (size_t i = 0; i < COUNT(pages); i++)
        CHECK_NUM(get(c, pages[i])->status, 200);
    wait_for(11 * MINUTE);
    for (size_t i = 0; i < COUNT(pages); i++) {
        const char *to = text_format(test_arena(), "/reauth?next=%s", pages[i]);
        CHECK_TEXT(header_of(get(c, pages[i]), "location"), to);
        (void)get(c, "/settings");
        CHECK_TEXT(header_of(post_form(c, pages[i], ""), "location"), to);
    }
    CHECK_NUM(count_of(w, "SELECT count(*) FROM totp"), 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM recovery_code"), 10);
    CHECK_NUM(mail_count(w, ANN, "recovery_codes_renewed"), 0);
}

/* A browser that skips the second step has the lower level: it may read, not change. */
TEST_IN_WORLD(MFA_07_a_trusted_device_must_show_a_code_first)
{
    struct app app = two_step(w, ANN);
    struct client *c = client(w);
    struct reply *r = post(c, "/v1/auth/2fa/verify",
                           text_format(test_arena(),
                                       "{\"pending_token\":\"%s\",\"code\":\"%s\","
                                       "\"remember_device\":true}",
                                       first_step(c, ANN), code_at(&app, 0)));
    CHECK_NUM(r->status, 200);
    c->bearer = NULL;
    CHECK_NUM(login(c, ANN, PASSWORD)->status, 200);
    CHECK(c->bearer); /* no second step was asked for */
    r = get(c, "/v1/auth/me");
    CHECK_TEXT(text_of(r, "session.acr"), "aal1");
    check_refused_without_proof(c);
    CHECK_TEXT(code_of(confirm(c, "000000")), "insufficient_user_authentication");
    /* The password, shown again, is still one factor; the code makes two. */
    CHECK_NUM(post(c, "/v1/auth/reauth", json("password", PASSWORD, NULL))->status, 401);
    wait_for(30 * SECOND);
    r = post(c, "/v1/auth/reauth", json("code", code_at(&app, 0), NULL));
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "acr"), "aal2");
    CHECK_NUM(post(c, "/v1/auth/2fa/recovery-codes", "{}")->status, 200);
    /* The same code again proves nothing. */
    CHECK_TEXT(code_of(post(c, "/v1/auth/reauth", json("code", code_at(&app, 0), NULL))),
               "code_used");
}

TEST_IN_WORLD(MFA_09_trust_does_not_outlive_a_change_of_the_second_step)
{
    struct app app = two_step(w, ANN);
    struct client *c = client(w);
    CHECK_NUM(post(c, "/v1/auth/2fa/verify",
                   text_format(test_arena(),
                               "{\"pending_token\":\"%s\",\"code\":\"%s\",\"cookie\":true,"
                               "\"remember_device\":true}",
                               first_step(c, ANN), code_at(&app, 0)))
                  ->status,
              200);
    CHECK(!first_step(c, ANN));
    wait_for(30 * SECOND);
    CHECK_NUM(set_up(app.owner, &app)->status, 200);
    CHECK(first_step(c, ANN));
}

/* --- turning it off --- */

static void check_is_off(struct world *w)
{
    CHECK_NUM(count_of(w, "SELECT count(*) FROM totp"), 0);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM totp_setup"), 0);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM recovery_code"), 0);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM device WHERE trusted_until > 0"), 0);
    CHECK_NUM(mail_count(w, ANN, "two_factor_off"), 1);
    CHECK(has_audit(w, "two_factor.off"));
    CHECK(!first_step(client(w), ANN));
}

TEST_IN_WORLD(a_code_turns_it_off)
{
    struct app app = two_step(w, ANN);
    struct client *other = client(w);
    CHECK_NUM(login_by_app(other, ANN, &app)->status, 200);
    wait_for(HOUR); /* no fresh proof, but a code */
    stay(app.owner);
    stay(other);
    struct reply *r = post(app.owner, "/v1/auth/2fa/disable", json("code", "000000", NULL));
    CHECK_TEXT(code_of(r), "code_wrong");
    r = post(app.owner, "/v1/auth/2fa/disable", json("code", code_at(&app, 0), NULL));
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "status"), "two_factor_off");
    CHECK_NUM(get(other, "/v1/auth/me")->status, 401);
    CHECK_NUM(get(app.owner, "/v1/auth/me")->status, 200);
    check_is_off(w);
    CHECK_TEXT(code_of(post(app.owner, "/v1/auth/2fa/disable", "{}")), "two_factor_off");
    CHECK_TEXT(code_of(post(app.owner, "/v1/auth/2fa/recovery-codes", "{}")),
               "insufficient_user_authentication");
}

TEST_IN_WORLD(a_fresh_proof_turns_it_off)
{
    struct app app = two_step(w, ANN);
    struct client *waiting = client(w);
    const char *handle = first_step(waiting, ANN);
    CHECK_NUM(post(app.owner, "/v1/auth/2fa/disable", "{}")->status, 200);
    CHECK_TEXT(code_of(second_step(waiting, handle, code_at(&app, 0))), "sign_in_expired");
    check_is_off(w);
}

TEST_IN_WORLD(MFA_02_turning_it_off_is_no_way_to_guess)
{
    struct app app = two_step(w, ANN);
    wait_for(HOUR);
    stay(app.owner);
    for (int i = 0; i < 5; i++)
        CHECK_TEXT(code_of(post(app.owner, "/v1/auth/2fa/disable", json("code", "000000", NULL))),
                   "code_wrong");
    CHECK_TEXT(
        code_of(post(app.owner, "/v1/auth/2fa/disable", json("code", code_at(&app, 0), NULL))),
        "locked");
    struct client *c = client(w);
    CHECK_TEXT(code_of(second_step(c, first_step(c, ANN), code_at(&app, 0))), "locked");
    CHECK_TEXT(code_of(post(app.owner, "/v1/auth/reauth", json("code", code_at(&app, 0), NULL))),
               "locked");
}

/* --- by page --- */

/* What stands between two texts on a page. */
static const char *between(const struct reply *r, const char *before, const char *after)
{
    const char *at = strstr(r->body, before);
    const char *end = at ? strstr(at + strlen(before), after) : NULL;
    if (!end)
        return "";
    at += strlen(before);
    return text_copy(test_arena(), MEM(at, (size_t)(end - at)));
}

static const char *form_code(const char *code)
{
    return text_format(test_arena(), "code=%s", form_text(code));
}

/* The whole set-up by pages; the codes are read off the last one. */
static struct app set_up_by_page(struct client *c)
{
    struct app app = { .owner = c };
    struct reply *r = get(c, "/2fa/setup");
    CHECK_NUM(r->status, 200);
    CHECK(!strstr(r->body, "<svg xmlns"));
    CHECK_TEXT(header_of(post_form(c, "/2fa/setup", ""), "location"), "/2fa/setup");
    r = get(c, "/2fa/setup");
    CHECK(strstr(r->body, "<svg xmlns") && strstr(r->body, "href=\"otpauth://totp/"));
    app.base32 = between(r, "secret=", "&amp;");
    app.secret = secret_of(app.base32);
    CHECK_NUM(app.secret.n, 20);
    CHECK_TEXT(between(r, "translate=\"no\">", " "), text_format(test_arena(), "%.4s", app.base32));
    r = post_form(c, "/2fa/setup/confirm", "code=000000");
    CHECK_NUM(r->status, 401);
    CHECK(strstr(r->body, "<svg xmlns")); /* the same set-up once more */
    r = post_form(c, "/2fa/setup/confirm", form_code(code_at(&app, 0)));
    CHECK_NUM(r->status, 200);
    const char *at = r->body;
    for (int i = 0; i < CODES; i++) {
        at = strstr(at, "<li><code>");
        app.codes[i] = at ? text_format(test_arena(), "%.29s", at + strlen("<li><code>")) : "";
        CHECK_NUM(strlen(app.codes[i]), 29);
        at = at ? at + 1 : "";
    }
    wait_for(30 * SECOND);
    return app;
}

TEST_IN_WORLD(pages_set_up_sign_in_and_turn_off)
{
    struct client *c = client(w), *d = client(w);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login_page(c, ANN, PASSWORD)->status, 303);
    const char *before = cookie_of(c, "cardea");
    CHECK(strstr(get(c, "/account/security")->body, "Two-step sign-in is off"));
    struct app app = set_up_by_page(c);
    CHECK(!text_equal(before, cookie_of(c, "cardea"))); /* SESS: renewed as the level rises */
    CHECK(strstr(get(c, "/account/security?done=two_factor_on")->body, "Unused codes: 10"));

    /* Not back to the step that is over: that would go round in a circle. */
    CHECK_TEXT(header_of(get(d, "/2fa/verify"), "location"), "/login");
    CHECK_TEXT(header_of(get(d, "/2fa/verify?next=/settings"), "location"),
               "/login?next=/settings");
    (void)get(d, "/login");
    struct reply *r = post_form(d, "/login",
                                text_format(test_arena(), "email=%s&password=%s&next=/settings",
                                            form_text(ANN), form_text(PASSWORD)));
    CHECK_TEXT(header_of(r, "location"), "/2fa/verify?next=/settings");
    CHECK(!cookie_of(d, "cardea") && cookie_of(d, "cardea-pending"));
    r = get(d, "/2fa/verify?next=/settings");
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, "inputmode=\"numeric\" autocomplete=\"one-time-code\""));
    CHECK(strstr(r->body, "href=\"/recovery?next=/settings\""));
    r = post_form(d, "/2fa/verify", "code=12+34+56&next=/settings");
    CHECK_NUM(r->status, 401);
    CHECK(strstr(r->body, "aria-invalid=\"true\"") && !strstr(r->body, "12 34 56"));
    CHECK(strstr(r->body, "name=\"next\" value=\"/settings\""));
    r = post_form(
        d, "/2fa/verify",
        text_format(test_arena(), "code=%s&next=/settings&remember_device=1", code_at(&app, 0)));
    CHECK_TEXT(header_of(r, "location"), "/settings");
    CHECK(cookie_of(d, "cardea") && !cookie_of(d, "cardea-pending"));
    CHECK_NUM(get(d, "/account/security")->status, 200);

    CHECK_NUM(get(d, "/2fa/disable")->status, 200);
    CHECK_TEXT(header_of(post_form(d, "/2fa/disable", ""), "location"),
               "/account/security?done=two_factor_off");
    CHECK(strstr(get(d, "/account/security?done=two_factor_off")->body, "Two-step sign-in is off"));
    CHECK_NUM(get(c, "/account/security")->status, 303); /* the other session ended */
}

TEST_IN_WORLD(pages_take_a_recovery_code_and_make_new_ones)
{
    struct client *c = client(w), *d = client(w);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login_page(c, ANN, PASSWORD)->status, 303);
    struct app app = set_up_by_page(c);
    CHECK_NUM(login_page(d, ANN, PASSWORD)->status, 303);
    CHECK(strstr(get(d, "/recovery")->body, "action=\"/recovery\""));
    CHECK_NUM(post_form(d, "/recovery", "code=no")->status, 401);
    CHECK_TEXT(header_of(post_form(d, "/recovery", form_code(app.codes[0])), "location"), "/");
    CHECK(strstr(get(d, "/account/security")->body, "Unused codes: 9"));
    CHECK_NUM(get(d, "/2fa/recovery-codes")->status, 200);
    struct reply *r = post_form(d, "/2fa/recovery-codes", "");
    CHECK_NUM(r->status, 200);
    const char *fresh = between(r, "<li><code>", "</code>");
    CHECK_NUM(strlen(fresh), 29);
    CHECK(strstr(get(d, "/account/security?done=recovery_codes")->body, "Unused codes: 10"));
    struct client *e = client(w);
    CHECK_NUM(recover(e, first_step(e, ANN), fresh)->status, 200);
}

/* The cookie alone, without the form's token, finishes nothing (CSRF-01). */
TEST_IN_WORLD(CSRF_01_the_second_step_needs_its_form)
{
    struct app app = two_step(w, ANN);
    struct client *d = client(w);
    CHECK_NUM(login_page(d, ANN, PASSWORD)->status, 303);
    d->csrf = "forged";
    CHECK_NUM(post_form(d, "/2fa/verify", form_code(code_at(&app, 0)))->status, 403);
    d->csrf = "forged"; /* the refusal's own page had a good one */
    CHECK_NUM(post_form(d, "/recovery", form_code(app.codes[0]))->status, 403);
    CHECK_NUM(get(d, "/settings")->status, 303);
    (void)get(d, "/2fa/verify");
    CHECK_NUM(post_form(d, "/2fa/verify", form_code(code_at(&app, 0)))->status, 303);
    CHECK_NUM(get(d, "/settings")->status, 200);
}

/* The first page leads to what would make the account safer, until it is there. */
TEST_IN_WORLD(the_overview_leads_to_two_step_sign_in)
{
    struct client *page = client(w);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login_page(page, ANN, PASSWORD)->status, 303);
    struct reply *r = get(page, "/");
    CHECK(strstr(r->body, "href=\"/2fa/setup\"") && strstr(r->body, "#passkeys-heading"));
    CHECK_NUM(get(page, "/2fa/setup")->status, 200);
    CHECK_NUM(post_form(page, "/2fa/setup", "")->status, 303);
    r = get(page, "/2fa/setup");
    CHECK(strstr(r->body, "<details class=\"more\">") != NULL);

    /* Who typed the key need not unfold it again. */
    r = post_form(page, "/2fa/setup/confirm", "code=000000");
    CHECK_NUM(r->status, 401);
    CHECK(strstr(r->body, "<details class=\"more\" open>") != NULL);
}

TEST_IN_WORLD(the_overview_is_silent_about_what_is_there)
{
    struct app app = two_step(w, ANN);
    struct client *page = client(w);
    CHECK_NUM(login_page(page, ANN, PASSWORD)->status, 303);
    (void)get(page, "/2fa/verify");
    (void)post_form(page, "/2fa/verify", text_format(test_arena(), "code=%s", code_at(&app, 0)));
    CHECK(strstr(get(page, "/")->body, "href=\"/2fa/setup\"") == NULL);
}
