/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TOK: one-time tokens work once, at their own door, exactly as mailed, and are not found in the
 * store. SEC-06: so does the first administrator's link.
 */
#include "attack.h"

#include "base/clock.h"
#include "feature/setup.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define FRESH "a chair of cherry wood"
#define MISS_UNLESS(status) ((status) == 410 || (status) == 422 || (status) == 400)

/* Registers and gives the token that waits in the mailbox. */
static const char *verify_token(struct world *w, const char *email)
{
    CHECK_NUM(post(client(w), "/v1/auth/register", json("email", email, "password", PASSWORD, NULL))
                  ->status,
              202);
    return mailed_token(w, email, "verify_email");
}

static const char *setup_token(struct world *w)
{
    struct tx tx;
    const char *link = NULL;
    db_begin(&tx, w->real_db, DB_WRITE, test_arena());
    CHECK_OK(setup_make_link(&tx, &link));
    CHECK_OK(db_commit(&tx));
    return link ? strstr(link, "token=") + strlen("token=") : NULL;
}

static struct reply *set_up(struct client *c, const char *token, const char *email)
{
    (void)get(c, text_format(test_arena(), "/setup?token=%s", token));
    (void)get(c, "/login"); /* for the form's token, also when the link is refused */
    return post_form(c, "/setup",
                     text_format(test_arena(), "token=%s&email=%s&password=a+chair+of+cherry+wood",
                                 token, email));
}

TEST_IN_WORLD(TOK_01_the_same_token_twice)
{
    const char *token = verify_token(w, ANN);
    CHECK_NUM(verify(client(w), token)->status, 200);
    struct reply *r = verify(client(w), token);
    CHECK_NUM(r->status, 410);
    CHECK_TEXT(text_of(r, "code"), "gone");
    CHECK_NUM(
        get(client(w), text_format(test_arena(), "/v1/auth/verify-email?token=%s", token))->status,
        410);

    token = reset_token(w, ANN);
    CHECK_NUM(reset(client(w), token, FRESH)->status, 200);
    CHECK_NUM(reset(client(w), token, "yet another walnut desk")->status, 410);
    CHECK_NUM(login(client(w), ANN, FRESH)->status, 200);
    CHECK_NUM(mail_count(w, ANN, "password_changed"), 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM audit WHERE event = 'account.verified'"), 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM audit WHERE event = 'password.reset'"), 1);
}

/* --- one purpose at another's door --- */

TEST_IN_WORLD(TOK_02_a_token_opens_only_its_own_door)
{
    struct client *ann = signed_in(w, ANN), *page = client(w);
    CHECK_NUM(login_page(page, ANN, PASSWORD)->status, 303);
    const char *tokens[] = { verify_token(w, BEN), reset_token(w, ANN), setup_token(w),
                             cookie_of(page, "cardea"), ann->refresh };
    const char *names[] = { "verify", "reset", "setup", "cookie", "refresh" };
    for (size_t i = 0; i < COUNT(tokens); i++) {
        struct client *c = client(w);
        const char *query = text_format(test_arena(), "token=%s", tokens[i]);
        c->bearer = tokens[i];
        struct {
            const char *door;
            int status;
        } tried[] = {
            { "verify", i == 0 ? 410 : verify(client(w), tokens[i])->status },
            { "verify page",
              i == 0
                  ? 410
                  : get(client(w), text_format(test_arena(), "/verify-email?%s", query))->status },
            { "reset", i == 1 ? 410 : reset(client(w), tokens[i], FRESH)->status },
            { "reset page",
              i == 1 ? 410
                     : get(client(w), text_format(test_arena(), "/reset-password?%s", query))
                           ->status },
            { "setup", i == 2 ? 410 : set_up(client(w), tokens[i], "eve%40example.org")->status },
            { "refresh", i == 4 ? 401 : refresh(client(w), tokens[i])->status },
            { "bearer", get(c, "/v1/auth/me")->status },
        };
        for (size_t k = 0; k < COUNT(tried); k++)
            if (tried[k].status != 410 && tried[k].status != 401)
                test_fail(__FILE__, __LINE__, "%s at %s gives %d", names[i], tried[k].door,
                          tried[k].status);
    }
    for (size_t i = 0; i < COUNT(tokens); i++) {
        struct client *c = client(w);
        if (i == 3)
            continue;
        c->cookie_names[0] = "cardea";
        c->cookie_values[0] = tokens[i];
        CHECK_NUM(get(c, "/v1/auth/me")->status, 401);
    }
}

/* The purpose stands in the hash, not only in the prefix. */
TEST_IN_WORLD(TOK_02_a_prefix_does_not_change_the_purpose)
{
    person(w, ANN, PASSWORD);
    const char *vrf = verify_token(w, BEN), *rst = reset_token(w, ANN);
    const char *as_reset = text_format(test_arena(), "rst%s", vrf + 3);
    const char *as_verify = text_format(test_arena(), "vrf%s", rst + 3);
    CHECK_NUM(reset(client(w), as_reset, FRESH)->status, 410);
    CHECK_NUM(verify(client(w), as_verify)->status, 410);
    /* Even when somebody copies the row's hash over. */
    tamper(w,
           "UPDATE reset SET id = $1,"
           " secret_hash = (SELECT secret_hash FROM registration WHERE id = $2)",
           V(text(text_format(test_arena(), "%.30s", as_reset)),
             text(text_format(test_arena(), "%.30s", vrf))));
    CHECK_NUM(reset(client(w), as_reset, FRESH)->status, 410);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
}

/* --- almost the token --- */

static const char *changed_at(const char *token, size_t i, char to)
{
    char *copy = text_copy(test_arena(), mem_text(token));
    copy[i] = to;
    return copy;
}

/* The next digit of base64url, which differs in the lowest bit only. */
static char next_digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return digits[(size_t)(strchr(digits, c) - digits) ^ 1];
}

static size_t variants_of(const char *token, const char **ret)
{
    size_t n = strlen(token), count = 0;
    struct arena *a = test_arena();
    ret[count++] = text_format(a, "%.*s", (int)n - 1, token);
    ret[count++] = token + 1;
    ret[count++] = text_format(a, "%sA", token);
    ret[count++] = text_format(a, "%s=", token);
    ret[count++] = text_format(a, "%s==", token);
    ret[count++] = text_format(a, " %s", token);
    ret[count++] = text_format(a, "%s ", token);
    ret[count++] = text_format(a, "%s\n", token);
    ret[count++] = text_format(a, "\t%s", token);
    ret[count++] = text_format(a, "%s%s", token, token);
    ret[count++] = text_format(a, "%.4s%s", token, token);
    ret[count++] = changed_at(token, n - 1, next_digit(token[n - 1])); /* bits that are cut off */
    ret[count++] = changed_at(token, 30, next_digit(token[30]));
    ret[count++] = changed_at(token, 50, next_digit(token[50]));
    ret[count++] = changed_at(token, 40, '+');
    ret[count++] = changed_at(token, 40, '/');
    ret[count++] = changed_at(token, 40, '%');
    ret[count++] = changed_at(token, 3, '-');
    ret[count++] = text_format(a, "%.3s%s", token, token + 4);
    ret[count++] = text_format(a, "%.20s\u200B%s", token, token + 20);
    char *upper = text_copy(a, mem_text(token)), *flipped = text_copy(a, mem_text(token));
    for (size_t i = 0; i < n; i++) {
        upper[i] = (char)(i < 30 ? toupper((unsigned char)token[i]) : token[i]);
        flipped[i] = (char)(i < 30                             ? token[i]
                            : islower((unsigned char)token[i]) ? toupper((unsigned char)token[i])
                                                               : tolower((unsigned char)token[i]));
    }
    ret[count++] = upper;
    ret[count++] = flipped;
    return count;
}

TEST_IN_WORLD(TOK_03_almost_a_token_is_none)
{
    const char *variants[40];
    struct client *ann = signed_in(w, ANN);
    const char *vrf = verify_token(w, BEN), *rst = reset_token(w, ANN);
    size_t count = variants_of(vrf, variants);
    for (size_t i = 0; i < count; i++) {
        int status = verify(client(w), variants[i])->status;
        if (!MISS_UNLESS(status))
            test_fail(__FILE__, __LINE__, "verify \"%s\" gives %d", variants[i], status);
    }
    count = variants_of(rst, variants);
    for (size_t i = 0; i < count; i++) {
        int status = reset(client(w), variants[i], FRESH)->status;
        if (!MISS_UNLESS(status))
            test_fail(__FILE__, __LINE__, "reset \"%s\" gives %d", variants[i], status);
    }
    count = variants_of(ann->refresh, variants);
    for (size_t i = 0; i < count; i++) {
        int status = refresh(client(w), variants[i])->status;
        if (status != 401 && !MISS_UNLESS(status))
            test_fail(__FILE__, __LINE__, "refresh \"%s\" gives %d", variants[i], status);
    }
    /* A NUL within, by JSON and by form. */
    CHECK_NUM(post(client(w), "/v1/auth/verify-email",
                   text_format(test_arena(), "{\"token\":\"%s\\u0000\"}", vrf))
                  ->status,
              400);
    struct client *page = client(w);
    (void)get(page, "/login");
    CHECK_NUM(
        post_form(page, "/verify-email", text_format(test_arena(), "token=%s%%00", vrf))->status,
        400);
    /* All of them are still good. */
    CHECK_NUM(refresh(client(w), ann->refresh)->status, 200);
    CHECK_NUM(verify(client(w), vrf)->status, 200);
    CHECK_NUM(reset(client(w), rst, FRESH)->status, 200);
}

TEST_IN_WORLD(TOK_04_somebody_elses_token_in_my_session_changes_neither)
{
    struct client *ann = signed_in(w, ANN);
    const char *bens = verify_token(w, BEN), *ann_before = password_of(w, ANN);
    CHECK_NUM(verify(ann, bens)->status, 200); /* a token speaks for itself */
    struct reply *me = get(ann, "/v1/auth/me");
    CHECK_TEXT(text_of(me, "user.email"), ANN);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 1); /* nobody was signed in */

    const char *bens_reset = reset_token(w, BEN);
    struct reply *r = reset(ann, bens_reset, FRESH);
    CHECK_NUM(r->status, 200);
    CHECK(text_of(r, "access_token") == NULL && header_of(r, "set-cookie") == NULL);
    CHECK_TEXT(password_of(w, ANN), ann_before);
    CHECK_TEXT(text_of(get(ann, "/v1/auth/me"), "user.email"), ANN);
    CHECK_NUM(refresh(ann, ann->refresh)->status, 200);
}

/* Mail scanners open links, browsers fetch them ahead. */
TEST_IN_WORLD(TOK_05_looking_at_a_link_does_not_use_it_up)
{
    static const char *const methods[] = { "GET", "HEAD", "OPTIONS", "PUT", "DELETE" };
    static const char *const paths[] = { "/verify-email", "/v1/auth/verify-email" };
    const char *token = verify_token(w, ANN);
    for (int n = 0; n < 10; n++)
        for (size_t m = 0; m < COUNT(methods); m++)
            for (size_t p = 0; p < COUNT(paths); p++) {
                struct reply *r =
                    call(client(w), methods[m],
                         text_format(test_arena(), "%s?token=%s", paths[p], token), NULL);
                CHECK_NUM(r->status, m < 2 ? 200 : 405);
            }
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 401);
    CHECK_NUM(verify(client(w), token)->status, 200);

    token = reset_token(w, ANN);
    for (int n = 0; n < 10; n++)
        for (size_t m = 0; m < COUNT(methods); m++)
            (void)call(client(w), methods[m],
                       text_format(test_arena(), "/reset-password?token=%s", token), NULL);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
    CHECK_NUM(reset(client(w), token, FRESH)->status, 200);
}

TEST_IN_WORLD(TOK_05_only_our_own_page_uses_a_link_up)
{
    const char *token = verify_token(w, ANN);
    const char *form = text_format(test_arena(), "token=%s", token);
    CHECK_NUM(call(client(w), "POST", "/verify-email", form)->status, 403); /* no page was open */
    struct client *evil = client(w);
    (void)get(evil, text_format(test_arena(), "/verify-email?token=%s", token));
    with_header(evil, "Origin: https://evil.example");
    CHECK_NUM(post_form(evil, "/verify-email", form)->status, 403);
    CHECK_NUM(
        post(client(w), text_format(test_arena(), "/v1/auth/verify-email?token=%s", token), "{}")
            ->status,
        400); /* nor does a POST take it from the address */
    struct client *ann = client(w);
    (void)get(ann, text_format(test_arena(), "/verify-email?token=%s", token));
    CHECK_NUM(post_form(ann, "/verify-email", form)->status, 200);
}

TEST_IN_WORLD(TOK_06_forged_cookies_open_nothing)
{
    struct client *ann = client(w), *ben = client(w);
    person(w, ANN, PASSWORD);
    person(w, BEN, PASSWORD);
    (void)login_page(ann, ANN, PASSWORD);
    (void)login_page(ben, BEN, PASSWORD);
    const char *anns = cookie_of(ann, "cardea"), *bens = cookie_of(ben, "cardea");
    const char *id_and_other_secret = text_format(test_arena(), "%.30s%s", anns, bens + 30);
    const char *variants[40];
    size_t count = variants_of(anns, variants);
    variants[count++] = id_and_other_secret;
    variants[count++] = text_format(test_arena(), "%.30s", anns);
    variants[count++] = account_id_of(w, ANN);
    variants[count++] = "1";
    variants[count++] = "true";
    variants[count++] = "{\"id\":1}";
    for (size_t i = 0; i < count; i++) {
        struct client *c = client(w);
        c->cookie_names[0] = "cardea";
        c->cookie_values[0] = variants[i];
        struct reply *r = get(c, "/v1/auth/me");
        bool is_trimmed =
            strchr(" \t\n", variants[i][0]) || strchr(" \n", variants[i][strlen(variants[i]) - 1]);
        if (r->status != 401 && r->status != 400 && !is_trimmed)
            test_fail(__FILE__, __LINE__, "cookie \"%s\" gives %d", variants[i], r->status);
    }
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
    CHECK(strlen(anns) - 30 >= 43); /* 256 random bits beside the id */
    CHECK(strcmp(anns + 30, bens + 30) != 0);
}

TEST_IN_WORLD(TOK_07_no_parameter_makes_an_answer_carry_the_token)
{
    static const char *const names[] = { "returnCode", "return_token", "debug", "channel", "test",
                                         "verbose",    "redirect_uri", "to",    "cc",      "link" };
    static const char *const doors[] = { "/v1/auth/password/forgot",
                                         "/v1/auth/resend-verification" };
    person(w, ANN, PASSWORD);
    for (size_t d = 0; d < COUNT(doors); d++)
        for (size_t i = 0; i < COUNT(names); i++) {
            struct reply *r = post(client(w), doors[d], json("email", ANN, names[i], "none", NULL));
            CHECK_NUM(r->status, 400);
            CHECK_TEXT(text_of(r, "code"), "unknown_field");
            r = post(client(w), text_format(test_arena(), "%s?%s=true", doors[d], names[i]),
                     json("email", ANN, NULL));
            CHECK_NUM(r->status, 400);
        }
    CHECK_NUM(mail_count(w, ANN, "reset_password"), 0);
    struct client *c = client(w);
    with_header(c, "X-Debug: 1");
    struct reply *r = post(c, "/v1/auth/password/forgot", json("email", ANN, NULL));
    const char *token = mailed_token(w, ANN, "reset_password");
    CHECK(strlen(token) > 40);
    CHECK(strstr(r->body, token) == NULL && strstr(r->headers, token) == NULL);
}

/* --- a stolen store --- */

struct secret {
    const char *what, *text;
};

/* A secret may be stored as it is, without its prefix, or as the bytes it stands for. */
static void check_absent(struct world *w, struct mem dump, const struct secret *s)
{
    uint8_t raw[64];
    size_t raw_n = 0, n = strlen(s->text);
    REQUIRE(n > 0);
    if (dump_has(w, dump, mem_text(s->text)))
        test_fail(__FILE__, __LINE__, "the store holds the %s", s->what);
    if (n < 43)
        return;
    const char *tail = s->text + n - 43;
    if (dump_has(w, dump, mem_text(tail)))
        test_fail(__FILE__, __LINE__, "the store holds the %s's secret", s->what);
    if (base64url_parse(tail, 43, raw, &raw_n) && dump_has(w, dump, MEM(raw, raw_n)))
        test_fail(__FILE__, __LINE__, "the store holds the %s's bytes", s->what);
}

TEST_IN_WORLD(TOK_08_a_stolen_store_holds_nothing_that_opens_a_door)
{
    struct client *ann = signed_in(w, ANN), *page = client(w);
    CHECK_NUM(login_page(page, ANN, PASSWORD)->status, 303);
    CHECK_NUM(
        post(client(w), "/v1/auth/register", json("email", BEN, "password", FRESH, NULL))->status,
        202);
    CHECK_NUM(post(client(w), "/v1/auth/password/forgot", json("email", ANN, NULL))->status, 202);
    CHECK_NUM(login(client(w), ANN, "a quite wrong walnut desk")->status, 401);
    struct mem early = dump_of(w); /* mails and tasks wait in it */
    struct secret live[] = {
        { "verification token", mailed_token(w, BEN, "verify_email") },
        { "reset token", mailed_token(w, ANN, "reset_password") },
        { "set-up token", setup_token(w) },
        { "cookie", cookie_of(page, "cardea") },
        { "refresh token", ann->refresh },
        { "access token", ann->bearer },
        { "next refresh token", text_of(refresh(client(w), ann->refresh), "refresh_token") },
        { "password", PASSWORD },
        { "waiting password", FRESH },
        { "mistyped password", "a quite wrong walnut desk" },
    };
    struct mem late = dump_of(w);
    CHECK(dump_has(w, early, mem_text(ANN)) && dump_has(w, late, mem_text(ANN))); /* it looks */
    CHECK(dump_has(w, late, mem_text("session.started")));
    for (size_t i = 0; i < COUNT(live); i++) {
        check_absent(w, early, &live[i]);
        check_absent(w, late, &live[i]);
    }
    CHECK_NUM(reset(client(w), live[1].text, FRESH)->status, 200); /* they were live */
    CHECK_NUM(verify(client(w), live[0].text)->status, 200);
}

/* --- the first administrator --- */

TEST_IN_WORLD(SEC_06_the_set_up_link_makes_one_administrator)
{
    const char *token = setup_token(w);
    struct client *admin = client(w);
    struct reply *r = get(admin, text_format(test_arena(), "/setup?token=%s", token));
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(header_of(r, "referrer-policy"), "no-referrer");
    r = set_up(admin, token, "ann%40example.org");
    CHECK_NUM(r->status, 303);
    CHECK(cookie_of(admin, "cardea") != NULL);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE roles >= 8"), 1);
    CHECK_NUM(set_up(client(w), token, "eve%40example.org")->status, 410);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account"), 1);
    CHECK(setup_token(w) == NULL); /* no link is made any more */
    CHECK(has_audit(w, "setup.link_made") && has_audit(w, "account.created"));
}

TEST_IN_WORLD(SEC_06_the_set_up_link_dies_on_time)
{
    const char *token = setup_token(w);
    wait_for(15 * MINUTE);
    CHECK_NUM(get(client(w), text_format(test_arena(), "/setup?token=%s", token))->status, 410);
    CHECK_NUM(set_up(client(w), token, "ann%40example.org")->status, 410);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account"), 0);
    token = setup_token(w);
    wait_for(15 * MINUTE - SECOND);
    CHECK_NUM(set_up(client(w), token, "ann%40example.org")->status, 303);
}

TEST_IN_WORLD(SEC_06_the_set_up_link_is_void_once_there_is_an_administrator)
{
    const char *token = setup_token(w);
    person(w, ANN, PASSWORD);
    tamper(w, "UPDATE account SET roles = 9", V_NONE);
    CHECK_NUM(get(client(w), text_format(test_arena(), "/setup?token=%s", token))->status, 410);
    CHECK_NUM(set_up(client(w), token, "eve%40example.org")->status, 410);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account"), 1);
}

TEST_IN_WORLD(SEC_06_starting_again_replaces_the_link)
{
    const char *first = setup_token(w), *second = setup_token(w);
    CHECK_NUM(set_up(client(w), first, "eve%40example.org")->status, 410);
    CHECK_NUM(set_up(client(w), text_format(test_arena(), "%.30s%s", second, first + 30),
                     "eve%40example.org")
                  ->status,
              410);
    CHECK_NUM(set_up(client(w), second, "ann%40example.org")->status, 303);
}

/* Whoever holds the link does not become somebody who is here already. */
TEST_IN_WORLD(SEC_06_the_set_up_link_takes_over_no_account)
{
    person(w, ANN, PASSWORD);
    const char *token = setup_token(w), *phc = password_of(w, ANN);
    struct reply *r = set_up(client(w), token, "ann%40example.org");
    CHECK_NUM(r->status, 409);
    CHECK_TEXT(password_of(w, ANN), phc);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE roles >= 8"), 0);
    CHECK_NUM(set_up(client(w), token, "admin%40example.org")->status, 303); /* it is still good */
    /* A weak password does not use it up either; see the reset's cases for the same rule. */
}

TEST_IN_WORLD(SEC_06_there_is_no_default_password)
{
    static const char *const names[] = { "admin@example.org", "admin@localhost.localdomain",
                                         "root@example.org" };
    static const char *const passwords[] = { "admin", "password", "cardea", "changeme" };
    for (size_t i = 0; i < COUNT(names); i++)
        for (size_t k = 0; k < COUNT(passwords); k++)
            CHECK_NUM(login(client(w), names[i], passwords[k])->status, 401);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account"), 0);
}

/* A mail program that breaks a long address leaves its front: the page says so, and names no field.
 */
TEST_IN_WORLD(a_link_that_lost_its_token_is_said_to_be_damaged)
{
    static const char *const paths[] = { "/verify-email",  "/reset-password", "/not-me",
                                         "/confirm-email", "/revoke-email",   "/setup" };
    struct client *c = client(w);
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct reply *r = get(c, paths[i]);
        CHECK_NUM(r->status, 422);
        CHECK(strstr(r->body, "If the address was broken across lines"));
    }
    CHECK(!strstr(get(c, "/nowhere")->body, "If the address was broken across lines"));
}
