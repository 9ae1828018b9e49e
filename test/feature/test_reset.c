/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RST: a reset link works once, in time, for its own account, from our own address; and what it
 * changes throws everybody out.
 */
#include "attack.h"

#include "base/clock.h"
#include "service/setting.h"

#include <string.h>

#define FRESH "a chair of cherry wood"

static void check_nothing_happened(struct world *w, struct client *ann, const char *phc)
{
    CHECK_TEXT(password_of(w, ANN), phc);
    CHECK_NUM(mail_count(w, ANN, "password_changed"), 0);
    CHECK_NUM(refresh(ann, ann->refresh)->status, 200);
}

TEST_IN_WORLD(RST_01_a_link_dies_on_time)
{
    struct client *ann = signed_in(w, ANN);
    const char *phc = password_of(w, ANN), *token = reset_token(w, ANN);
    wait_for(30 * MINUTE - SECOND);
    CHECK_NUM(get(client(w), text_format(test_arena(), "/reset-password?token=%s", token))->status,
              200);
    wait_for(SECOND);
    struct reply *r = reset(client(w), token, FRESH);
    CHECK_NUM(r->status, 410);
    CHECK_TEXT(text_of(r, "code"), "gone");
    r = get(client(w), text_format(test_arena(), "/reset-password?token=%s", token));
    CHECK_NUM(r->status, 410);
    CHECK(strstr(r->body, token) == NULL);
    check_nothing_happened(w, ann, phc);
    wait_for(-HOUR); /* nor does it live again when the clock is set back and the row was purged */
    tamper(w, "DELETE FROM reset WHERE expires_at > 0", V_NONE);
    CHECK_NUM(reset(client(w), token, FRESH)->status, 410);
}

TEST_IN_WORLD(RST_01_a_link_works_until_it_dies)
{
    person(w, ANN, PASSWORD);
    const char *token = reset_token(w, ANN);
    wait_for(30 * MINUTE - SECOND);
    CHECK_NUM(reset(client(w), token, FRESH)->status, 200);
}

TEST_IN_WORLD(RST_01_a_verification_link_dies_on_time)
{
    CHECK_NUM(post(client(w), "/v1/auth/register", json("email", ANN, "password", PASSWORD, NULL))
                  ->status,
              202);
    const char *token = mailed_token(w, ANN, "verify_email");
    wait_for(24 * HOUR - SECOND);
    CHECK_NUM(
        get(client(w), text_format(test_arena(), "/v1/auth/verify-email?token=%s", token))->status,
        200);
    wait_for(SECOND);
    CHECK_NUM(
        get(client(w), text_format(test_arena(), "/v1/auth/verify-email?token=%s", token))->status,
        410);
    CHECK_NUM(verify(client(w), token)->status, 410);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 401);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE email_verified_at > 0"), 0);
}

/* --- whose address the link carries --- */

TEST_IN_WORLD(RST_02_links_never_follow_the_request)
{
    static const char *const headers[] = {
        "X-Forwarded-Host: evil.example",           "X-Host: evil.example",
        "X-Forwarded-Server: evil.example",         "X-Original-URL: http://evil.example/",
        "Forwarded: host=evil.example;proto=https", "X-Forwarded-Proto: https",
        "X-Forwarded-Prefix: //evil.example",       "Referer: https://evil.example/",
    };
    person(w, ANN, PASSWORD);
    for (size_t i = 0; i < COUNT(headers); i++) {
        struct client *c = client(w);
        with_header(c, headers[i]);
        CHECK_NUM(post(c, "/v1/auth/password/forgot", json("email", ANN, NULL))->status, 202);
        const struct mail *mail = mailed(w, ANN, "reset_password");
        REQUIRE(mail);
        CHECK(strstr(mail->text, "http://localhost:8080/reset-password?token=") != NULL);
        CHECK(strstr(mail->text, "evil.example") == NULL);
        CHECK(strstr(mail->html, "evil.example") == NULL);
    }
}

TEST_IN_WORLD(RST_02_another_host_is_not_served)
{
    static const char *const heads[] = {
        "POST /v1/auth/password/forgot HTTP/1.1\r\nHost: evil.example\r\n",
        "POST /v1/auth/password/forgot HTTP/1.1\r\nHost: localhost.evil.example\r\n",
        "POST /v1/auth/password/forgot HTTP/1.1\r\nHost: evil.example:8080\r\n",
        "POST /v1/auth/password/forgot HTTP/1.1\r\nHost: localhost@evil.example\r\n",
        "POST /v1/auth/password/forgot HTTP/1.1\r\nHost: localhost:8080@evil.example\r\n",
        "POST /v1/auth/password/forgot HTTP/1.1\r\nHost: localhost:8080, evil.example\r\n",
        "POST /v1/auth/password/forgot HTTP/1.1\r\nHost: localhost/evil.example\r\n",
        "POST /v1/auth/password/forgot HTTP/1.1\r\nHost: localhost:8080\r\nHost: evil.example\r\n",
        ("POST /v1/auth/password/forgot HTTP/1.1\r\nHost: localhost:8080\r\nHost: "
         "localhost:8080\r\n"),
        "POST /v1/auth/password/forgot HTTP/1.1\r\nHost:\r\n",
        "POST /v1/auth/password/forgot HTTP/1.1\r\n",
        "POST http://evil.example/v1/auth/password/forgot HTTP/1.1\r\nHost: localhost:8080\r\n",
        "POST http://evil.example/v1/auth/password/forgot HTTP/1.1\r\nHost: evil.example\r\n",
        "POST //evil.example/v1/auth/password/forgot HTTP/1.1\r\nHost: localhost:8080\r\n",
    };
    const char *body = json("email", ANN, NULL);
    person(w, ANN, PASSWORD);
    for (size_t i = 0; i < COUNT(heads); i++) {
        struct reply *r = call_raw(
            client(w),
            text_format(test_arena(),
                        "%sContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                        heads[i], strlen(body), body));
        if (r->status != 421 && r->status != 400 && r->status != 404)
            test_fail(__FILE__, __LINE__, "%s gives %d", heads[i], r->status);
    }
    CHECK_NUM(mail_count(w, ANN, "reset_password"), 0);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM reset"), 0);
}

TEST_IN_WORLD(RST_03_the_page_behind_the_link_gives_nothing_away)
{
    person(w, ANN, PASSWORD);
    const char *token = reset_token(w, ANN);
    struct reply *r = get(client(w), text_format(test_arena(), "/reset-password?token=%s", token));
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(header_of(r, "referrer-policy"), "no-referrer");
    CHECK_TEXT(header_of(r, "cache-control"), "no-store");
    CHECK(strstr(header_of(r, "content-security-policy"), "default-src 'none'") != NULL);
    CHECK(strstr(header_of(r, "content-security-policy"), "http") == NULL);
    /* Every source stands on this server. */
    for (const char *p = r->body; (p = strstr(p, "src=\"")); p++)
        CHECK(p[5] == '/' && p[6] != '/');
    for (const char *p = r->body; (p = strstr(p, "href=\"")); p++) {
        bool is_ours = p[6] == '/' && p[7] != '/';
        CHECK(is_ours || strncmp(p + 6, "mailto:", 7) == 0 || p[6] == '#');
        CHECK(strncmp(p + 6, "/reset-password?token", 21) != 0); /* no link repeats the token */
    }
}

/* --- which token opens which account --- */

TEST_IN_WORLD(RST_04_without_a_good_token_nothing_changes)
{
    struct client *ann = signed_in(w, ANN);
    const char *phc = password_of(w, ANN), *path = "/v1/auth/password/reset";
    const char *good = reset_token(w, ANN);
    CHECK_NUM(post(ann, path, json("password", FRESH, NULL))->status, 422);
    CHECK_NUM(post(ann, path, json("token", "", "password", FRESH, NULL))->status, 422);
    CHECK_NUM(
        post(ann, path, text_format(test_arena(), "{\"token\":null,\"password\":\"%s\"}", FRESH))
            ->status,
        422);
    CHECK_NUM(
        post(ann, path,
             text_format(test_arena(), "{\"token\":[\"%s\"],\"password\":\"%s\"}", good, FRESH))
            ->status,
        422);
    CHECK_NUM(post(ann, path,
                   json("token", text_format(test_arena(), "%.30s", good), "password", FRESH, NULL))
                  ->status,
              410);
    /* The id alone, or the id with another one's secret. */
    const char *mixed = text_format(test_arena(), "%.30s%.43s", good,
                                    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    CHECK_NUM(reset(ann, mixed, FRESH)->status, 410);
    CHECK_NUM(post(ann, path, json("token", good, "password", FRESH, "email", BEN, NULL))->status,
              400);
    check_nothing_happened(w, ann, phc);
    CHECK_NUM(reset(client(w), good, FRESH)->status, 200); /* none of it used the link up */
}

TEST_IN_WORLD(RST_04_a_link_opens_only_its_own_account)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    const char *phc = password_of(w, ANN);
    const char *bens = reset_token(w, BEN), *anns = reset_token(w, ANN);
    const char *mixed = text_format(test_arena(), "%.30s%s", anns, bens + 30);
    CHECK_NUM(reset(ben, mixed, FRESH)->status, 410);
    CHECK_NUM(reset(ann, bens, FRESH)->status, 200); /* ANN's session makes no difference */
    check_nothing_happened(w, ann, phc);
    CHECK_NUM(login(client(w), BEN, FRESH)->status, 200);
    CHECK_NUM(get(ben, "/v1/auth/me")->status, 401);
}

TEST_IN_WORLD(RST_04_asking_again_replaces_the_link)
{
    person(w, ANN, PASSWORD);
    const char *first = reset_token(w, ANN);
    wait_for(MINUTE);
    const char *second = reset_token(w, ANN);
    CHECK(!text_equal(first, second));
    CHECK_NUM(reset(client(w), first, FRESH)->status, 410);
    CHECK_NUM(reset(client(w), second, FRESH)->status, 200);
}

TEST_IN_WORLD(RST_04_a_weak_password_leaves_the_link_good)
{
    person(w, ANN, PASSWORD);
    struct client *c = client(w);
    const char *token = reset_token(w, ANN);
    CHECK_NUM(get(c, text_format(test_arena(), "/reset-password?token=%s", token))->status, 200);
    struct reply *r =
        post_form(c, "/reset-password", text_format(test_arena(), "token=%s&password=weak", token));
    CHECK_NUM(r->status, 422);
    CHECK(strstr(r->body, token) != NULL); /* the form again */
    CHECK(strstr(r->body, "\"weak\"") == NULL);
    CHECK_TEXT(header_of(r, "referrer-policy"), "no-referrer");
    r = post_form(c, "/reset-password",
                  text_format(test_arena(), "token=%s&password=a+chair+of+cherry+wood", token));
    CHECK_NUM(r->status, 200);
    CHECK_NUM(login(client(w), ANN, FRESH)->status, 200);
}

TEST_IN_WORLD(RST_05_a_reset_signs_nobody_in)
{
    person(w, ANN, PASSWORD);
    struct client *c = client(w);
    struct reply *r = reset(c, reset_token(w, ANN), FRESH);
    CHECK_NUM(r->status, 200);
    CHECK(header_of(r, "set-cookie") == NULL);
    CHECK(text_of(r, "access_token") == NULL);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
    const char *token = reset_token(w, ANN);
    (void)get(c, text_format(test_arena(), "/reset-password?token=%s", token));
    r = post_form(c, "/reset-password",
                  text_format(test_arena(), "token=%s&password=a+brand+new+walnut+desk", token));
    CHECK_NUM(r->status, 200);
    CHECK(cookie_of(c, "cardea") == NULL);
    CHECK_NUM(get(c, "/account/security")->status, 303);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
}

TEST_IN_WORLD(RST_05_a_reset_does_not_unlock)
{
    person(w, ANN, PASSWORD);
    const char *token = reset_token(w, ANN), *phc = password_of(w, ANN);
    tamper(w, "UPDATE account SET locked_at = 1", V_NONE);
    CHECK_NUM(reset(client(w), token, FRESH)->status, 410);
    CHECK_TEXT(password_of(w, ANN), phc);
    CHECK_NUM(post(client(w), "/v1/auth/password/forgot", json("email", ANN, NULL))->status, 202);
    CHECK_NUM(mail_count(w, ANN, "reset_password"), 1); /* the one from before */
    CHECK_NUM(login(client(w), ANN, FRESH)->status, 401);
}

TEST_IN_WORLD(RST_06_a_reset_throws_everybody_out)
{
    struct client *api = signed_in(w, ANN), *page = client(w);
    CHECK_NUM(login_page(page, ANN, PASSWORD)->status, 303);
    const char *token = reset_token(w, ANN);
    CHECK_NUM(get(api, "/v1/auth/me")->status, 200);
    CHECK_NUM(get(page, "/account/security")->status, 200);
    CHECK_NUM(reset(client(w), token, FRESH)->status, 200);
    CHECK_NUM(get(api, "/v1/auth/me")->status, 401);
    CHECK_NUM(refresh(api, api->refresh)->status, 401);
    CHECK_NUM(get(page, "/account/security")->status, 303);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM reset"), 0);
    CHECK_NUM(reset(client(w), token, PASSWORD)->status, 410);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 401);

    const struct mail *mail = mailed(w, ANN, "password_changed");
    REQUIRE(mail);
    CHECK_NUM(mail_count(w, ANN, "password_changed"), 1);
    CHECK(strstr(mail->text, "/forgot-password") != NULL); /* how to take it back */
    CHECK(strstr(mail->text, "token=") == NULL);
    CHECK(has_audit(w, "password.reset_asked") && has_audit(w, "password.reset"));
}

/* Who reads the mailbox wins over who only knows the password, however often that one changes it.
 */
TEST_IN_WORLD(RST_06_a_thief_who_changes_the_password_does_not_void_the_link)
{
    struct client *thief = signed_in(w, ANN); /* on a device that is known: no mail tells of it */
    const char *token = reset_token(w, ANN), *current = PASSWORD;
    for (int i = 0; i < 4; i++) {
        const char *next = i % 2 ? "a walnut chair of mine" : "a walnut shelf of mine";
        wait_for(MINUTE);
        CHECK_NUM(post(thief, "/v1/auth/password/change",
                       json("current_password", current, "password", next, NULL))
                      ->status,
                  200);
        current = next;
    }
    struct reply *r = get(client(w), text_format(test_arena(), "/reset-password?token=%s", token));
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, "role=\"status\"") != NULL); /* it says that somebody changed it */
    CHECK_NUM(reset(client(w), token, FRESH)->status, 200);
    CHECK_NUM(get(thief, "/v1/auth/me")->status, 401);
    CHECK_NUM(refresh(thief, thief->refresh)->status, 401);
    CHECK_NUM(login(thief, ANN, current)->status, 401);
    CHECK_NUM(login(client(w), ANN, FRESH)->status, 200);
    CHECK_NUM(reset(client(w), token, PASSWORD)->status, 410);
}

TEST_IN_WORLD(the_page_behind_the_link_is_silent_when_nobody_changed_the_password)
{
    person(w, ANN, PASSWORD);
    struct reply *r =
        get(client(w), text_format(test_arena(), "/reset-password?token=%s", reset_token(w, ANN)));
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, "role=\"status\"") == NULL);
}
