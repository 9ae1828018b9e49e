/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices in the app: beside every mail that tells the owner something, its twin in the account;
 * and what can be switched off, and what cannot.
 */
#include "attack.h"
#include "sample.h"
#include "service/locale.h"

#include <string.h>

#define PATH "/v1/account/notifications"

/* A sign-in from a program not seen before. */
static void come_from(struct world *w, const char *email, const char *agent)
{
    struct client *c = client(w);
    c->user_agent = agent;
    CHECK_NUM(login(c, email, PASSWORD)->status, 200);
}

static const struct json_value *nth(const struct reply *r, size_t i)
{
    const struct json_value *data = json_find(&r->json, "data");
    return data && i < data->count ? &data->items[i] : NULL;
}

/* A session that turns up elsewhere is ended and told. */
static void move(struct world *w, const char *email)
{
    struct client *c = client(w);
    CHECK_NUM(login(c, email, PASSWORD)->status, 200);
    c->ip = "203.0.113.9";
    CHECK_NUM(get(c, "/v1/auth/me")->status, 401);
}

TEST_IN_WORLD(a_notice_stands_in_the_account_beside_its_mail)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_NUM(num_of(get(ann, PATH), "unread"), 0);
    come_from(w, ANN, "curl/8.1");
    struct reply *r = get(ann, PATH);
    CHECK_NUM(num_of(r, "unread"), 1);
    const struct json_value *n = nth(r, 0);
    REQUIRE(n);
    CHECK_TEXT(json_find_text(n, "kind"), "new_device");
    CHECK_TEXT(json_find_text(n, "text"), "New sign-in");
    CHECK_TEXT(json_find_text(n, "user_agent"), "curl/8.1");
    CHECK_TEXT(json_find_text(n, "ip"), ann->ip);
    CHECK(json_find_text(n, "read_at") == NULL);
    CHECK_NUM(mail_count(w, ANN, "new_device"), 1);

    const char *path = text_format(test_arena(), PATH "/%s/read", json_find_text(n, "id"));
    CHECK_NUM(post(ann, path, NULL)->status, 204);
    CHECK_NUM(post(ann, path, NULL)->status, 204); /* seen is seen */
    r = get(ann, PATH);
    CHECK_NUM(num_of(r, "unread"), 0);
    CHECK(json_find_text(nth(r, 0), "read_at") != NULL);
}

TEST_IN_WORLD(all_notices_are_read_at_once)
{
    struct client *ann = signed_in(w, ANN);
    come_from(w, ANN, "curl/8.1");
    come_from(w, ANN, "Wget/1.21");
    CHECK_NUM(num_of(get(ann, PATH), "unread"), 2);
    CHECK_NUM(post(ann, PATH "/read", NULL)->status, 204);
    CHECK_NUM(num_of(get(ann, PATH), "unread"), 0);
}

TEST_IN_WORLD(IDOR_01_a_notice_is_read_by_its_owner_only)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    come_from(w, BEN, "curl/8.1");
    with_header(ann, "X-Request-Id: one-for-all");
    const char *theirs = json_find_text(nth(get(ben, PATH), 0), "id");
    struct reply *a = post(ann, text_format(test_arena(), PATH "/%s/read", theirs), NULL);
    struct reply *b = post(ann, PATH "/ntf_00000000000000000000000000/read", NULL);
    check_problem(a, 404, "not_found");
    check_alike("another's notice and none", a, b);
    CHECK_NUM(post(ann, PATH "/read", NULL)->status, 204);
    CHECK_NUM(num_of(get(ben, PATH), "unread"), 1);
    CHECK(nth(get(ann, PATH), 0) == NULL);
}

TEST_IN_WORLD(an_optional_kind_can_be_switched_off_and_on)
{
    struct client *ann = signed_in(w, ANN);
    struct reply *r =
        call(ann, "PATCH", PATH "/preferences", "{\"mail\":{\"session_moved\":false}}");
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, "\"always\":true") && strstr(r->body, "\"mail\":false"));
    CHECK(has_audit(w, "notifications.changed"));
    move(w, ANN);
    CHECK_NUM(mail_count(w, ANN, "session_moved"), 0);
    CHECK_NUM(num_of(get(ann, PATH), "unread"), 1); /* it still stands in the app */
    r = call(ann, "PATCH", PATH "/preferences", "{\"mail\":{\"session_moved\":true}}");
    CHECK_NUM(r->status, 200);
    CHECK(!strstr(r->body, "\"mail\":false"));
    move(w, ANN);
    CHECK_NUM(mail_count(w, ANN, "session_moved"), 1);
}

/* One person's silence is nobody else's. */
TEST_IN_WORLD(IDOR_01_a_wish_counts_for_its_owner_only)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_NUM(
        call(ann, "PATCH", PATH "/preferences", "{\"mail\":{\"session_moved\":false}}")->status,
        200);
    person(w, BEN, PASSWORD);
    move(w, BEN);
    CHECK_NUM(mail_count(w, BEN, "session_moved"), 1);
}

/* What protects the account cannot be silenced, in whatever spelling. */
TEST_IN_WORLD(NOTE_01_nobody_silences_what_protects_the_account)
{
    struct client *ann = signed_in(w, ANN);
    struct reply *all = get(ann, PATH "/preferences");
    const struct json_value *kind;
    CHECK_NUM(all->status, 200);
    for (size_t i = 0; (kind = nth(all, i)); i++) {
        const char *name = json_find_text(kind, "kind");
        const char *body = text_format(test_arena(), "{\"mail\":{\"%s\":false}}", name);
        bool is_always = json_find(kind, "always")->kind == JSON_IS_TRUE;
        struct reply *r = call(ann, "PATCH", PATH "/preferences", body);
        if (r->status != (is_always ? 422 : 200))
            test_fail(__FILE__, __LINE__, "%s: %d", body, r->status);
    }
    const char *const wrong[] = {
        "{\"mail\":{\"password_changed\":false,\"session_moved\":false}}",
        "{\"mail\":{\"\":false}}",
        "{\"mail\":{\"Session_moved\":false}}",
        "{\"mail\":{\"session_moved\":0}}",
        "{\"mail\":{\"session_moved\":\"false\"}}",
        "{\"mail\":{\"session_moved\":{}}}",
        "{\"mail\":[\"session_moved\"]}",
        "{\"mail\":false}",
        "{\"mail\":null}",
        "{}",
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct reply *r = call(ann, "PATCH", PATH "/preferences", wrong[i]);
        if (r->status != 422)
            test_fail(__FILE__, __LINE__, "%s: %d", wrong[i], r->status);
    }
    CHECK_NUM(count_of(w, "SELECT count(*) FROM notification_mute WHERE kind NOT IN"
                          " ('session_moved', 'export_ready')"),
              0);
}

TEST_IN_WORLD(the_same_by_the_page)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login_page(c, ANN, PASSWORD)->status, 303);
    CHECK(!strstr(get(c, "/settings")->body, "class=\"count\""));
    come_from(w, ANN, "curl/8.1");
    CHECK(strstr(get(c, "/settings")->body, "<span class=\"count\">1<") != NULL);
    struct reply *r = get(c, "/account/notifications");
    CHECK(strstr(r->body, "New sign-in") != NULL);
    CHECK_NUM(post_form(c, "/account/notifications/preferences", "export_ready=1")->status, 303);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM notification_mute"), 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM notification_mute WHERE kind = 'session_moved'"),
              1);
    CHECK_NUM(post_form(c, "/account/notifications/read", "")->status, 303);
    CHECK(!strstr(get(c, "/settings")->body, "class=\"count\""));
}

TEST_IN_WORLD(old_notices_go)
{
    (void)signed_in(w, ANN);
    come_from(w, ANN, "curl/8.1");
    come_from(w, ANN, "Wget/1.21");
    run_sql(w, "UPDATE notification SET read_at = at WHERE id ="
               " (SELECT min(id) FROM notification)");
    wait_for(89 * DAY);
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM notification"), 2);
    wait_for(2 * DAY);
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM notification"), 1);
    wait_for(308 * DAY);
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM notification"), 1);
    wait_for(2 * DAY);
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM notification"), 0);
}

TEST_IN_WORLD(XSS_01_a_strangers_program_is_shown_as_text)
{
    static const char *const agents[] = { "<script>alert(1)</script>",
                                          "\"><img src=x onerror=alert(1)>/1",
                                          "</bdi><svg/onload=alert(1)>", "{{{csrf}}}" };
    struct client *page = client(w);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login_page(page, ANN, PASSWORD)->status, 303);
    for (size_t i = 0; i < COUNT(agents); i++) {
        come_from(w, ANN, agents[i]);
        const struct mail *m = mailed(w, ANN, "new_device");
        REQUIRE(m);
        const char *const shown[] = { get(page, "/account/notifications")->body,
                                      get(page, "/account/activity")->body, m->html };
        for (size_t k = 0; k < COUNT(shown); k++)
            CHECK(!strstr(shown[k], "<script>") && !strstr(shown[k], "<img src=x") &&
                  !strstr(shown[k], "<svg/onload"));
    }
}

/* Every kind reads as words in every language, with nothing left to fill in. */
TEST_IN_WORLD(every_kind_reads_as_words)
{
    struct client *ann = signed_in(w, ANN);
    const struct json_value *kind;
    for (size_t l = 0; l < locale_count(); l++) {
        const char *tag = locale_tag(locale_nth(l));
        CHECK_NUM(call(ann, "PATCH", "/v1/account/profile", json("locale", tag, NULL))->status,
                  200);
        struct reply *r = get(ann, PATH "/preferences");
        for (size_t i = 0; (kind = nth(r, i)); i++) {
            const char *text = json_find_text(kind, "text");
            if (text_is_empty(text) || strchr(text, '{') || text_starts(text, "mail."))
                test_fail(__FILE__, __LINE__, "%s in %s: %s", json_find_text(kind, "kind"), tag,
                          text);
        }
    }
}

/* The answer says what is the matter, not that a number is out of range. */
TEST_IN_WORLD(what_is_always_mailed_cannot_be_muted_and_the_answer_says_so)
{
    struct client *ann = signed_in(w, ANN);
    static const struct {
        const char *body, *code;
    } cases[] = {
        { "{\"mail\":{\"password_changed\":false}}", "always_mailed" },
        { "{\"mail\":{\"no_such_notice\":false}}", "notice_unknown" },
        { "{\"mail\":{\"password_changed\":true}}", NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reply *r =
            call(ann, "PATCH", "/v1/account/notifications/preferences", cases[i].body);
        CHECK_NUM(r->status, cases[i].code ? 422 : 200);
        if (cases[i].code)
            CHECK_TEXT(text_of(r, "errors.0.code"), cases[i].code);
    }
}
