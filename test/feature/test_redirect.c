/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open redirects: whatever next= says, people stay in this house.
 */
#include "sample.h"
#include "two_step.h"

#include <string.h>

static const char *const hostile[] = {
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "/\tevil.example",
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/%09/evil.example",
    "/%2f/evil.example",
    "/%5cevil.example",
    "https:evil.example",
    "https:/evil.example",
    "https://evil.example",
    "HTTPS://evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "/path/..//evil.example",
    "/settings/..//evil.example",
    "/./evil.example",
    "/settings/../../evil.example",
    "https://localhost:8080@evil.example",
    "https://localhost:8080.evil.example",
    "http://localhost:8080/settings",
    "/settings\r\nSet-Cookie: a=b",
    "/settings\nLocation: https://evil.example",
    "/settings\x01",
    "/settings#//evil.example",
    "/settings@evil.example",
    "/settings:80",
    "https://xn--evl-1qa.example",
    "https://\xC3\xA9vil.example",
    "/\xE2\x88\x95/evil.example",
    "/\xEF\xBC\x8F/evil.example",
    "?next=//evil.example",
    "settings",
    "evil.example",
    ".evil.example",
    "@evil.example",
    ":80",
    "",
    "/nope",
    "/v1/auth/me",
    "/settings?x=//evil.example",
    "/settings?x=<script>",
};

static const char *unescaped(const char *start, size_t n)
{
    static const struct {
        const char *entity;
        char is;
    } known[] = { { "&amp;", '&' }, { "&#39;", '\'' }, { "&quot;", '"' }, { "&lt;", '<' } };
    char *out = text_copy(test_arena(), (struct mem){ start, n }), *to = out;
    for (const char *p = out; *p;) {
        size_t i = 0;
        while (i < COUNT(known) && !text_starts(p, known[i].entity))
            i++;
        *to++ = i < COUNT(known) ? known[i].is : *p;
        p += i < COUNT(known) ? strlen(known[i].entity) : 1;
    }
    *to = 0;
    return out;
}

/* What a page's form would send as next=, and where its link to a path leads; "" when absent. */
static const char *attribute(const struct reply *r, const char *before)
{
    const char *at = strstr(r->body, before);
    return at ? unescaped(at + strlen(before), strcspn(at + strlen(before), "\"")) : "";
}

static const char *hidden_next(const struct reply *r)
{
    return attribute(r, "name=\"next\" value=\"");
}

static const char *link_to(const struct reply *r, const char *path)
{
    return text_format(test_arena(), "%s%s", path,
                       attribute(r, text_format(test_arena(), "href=\"%s", path)));
}

/* 303 to "/", never anything of the attacker's. */
static void check_stays(const struct reply *r, const char *next)
{
    const char *to = header_of(r, "location");
    bool is_home = r->status == 303 && text_equal(to, "/");
    if (!is_home)
        test_fail(__FILE__, __LINE__, "next=%s gives %d to %s", next, r->status, to ? to : "-");
}

static struct reply *login_with(struct client *c, const char *next)
{
    (void)get(c, "/login");
    return post_form(c, "/login",
                     text_format(test_arena(), "email=%s&password=%s&next=%s", form_text(ANN),
                                 form_text(PASSWORD), form_text(next)));
}

TEST_IN_WORLD(REDIR_01_sign_in_leads_nowhere_else)
{
    person(w, ANN, PASSWORD);
    for (size_t i = 0; i < COUNT(hostile); i++)
        check_stays(login_with(client(w), hostile[i]), hostile[i]);
    char *longest = arena_alloc(test_arena(), 10'001);
    memset(longest, 'a', 10'000);
    longest[0] = '/';
    check_stays(login_with(client(w), longest), "10 kB");
}

TEST_IN_WORLD(REDIR_01_nor_does_the_form_or_the_language)
{
    struct client *ann = client(w);
    person(w, ANN, PASSWORD);
    (void)login_page(ann, ANN, PASSWORD);
    CHECK_NUM(get(ann, "/settings")->status, 200);
    for (size_t i = 0; i < COUNT(hostile); i++) {
        const char *next = form_text(hostile[i]);
        check_stays(get(ann, text_format(test_arena(), "/login?next=%s", next)), hostile[i]);
        check_stays(post_form(ann, "/locale", text_format(test_arena(), "locale=de&next=%s", next)),
                    hostile[i]);
        struct reply *r = get(client(w), text_format(test_arena(), "/login?next=%s", next));
        if (strlen(hostile[i]) > 8 && strstr(hostile[i], "evil"))
            CHECK(strstr(r->body, "evil.example") == NULL);
    }
}

TEST_IN_WORLD(REDIR_01_our_own_paths_are_followed)
{
    person(w, ANN, PASSWORD);
    CHECK_TEXT(header_of(login_with(client(w), "/settings"), "location"), "/settings");
    CHECK_TEXT(header_of(login_with(client(w), "/account/security?done=x"), "location"),
               "/account/security?done=x");
    struct reply *r = get(client(w), "/account/security");
    CHECK_TEXT(header_of(r, "location"), "/login?next=/account/security");
    CHECK_TEXT(header_of(call(client(w), "POST", "/settings", ""), "location"), "/login");
}

/* A browser that is sent from page to page keeps where it was going, to the last byte. */
TEST_IN_WORLD(where_somebody_was_going_survives_every_step)
{
    static const char *const targets[] = {
        "/settings",
        "/account/activity?cursor=abc&x=1",
        "/account/activity?a=1&b=2?c=3&d=",
        "/settings?x=1+1&y=%2B%20%25%26%3D%3F",
        "/settings?name=%C3%BC%E2%9C%93&z=1;2,3!'()*~",
    };
    struct app app = two_step(w, ANN);
    for (size_t i = 0; i < COUNT(targets); i++) {
        struct client *c = client(w);
        const char *login = header_of(get(c, targets[i]), "location");
        (void)get(c, login);
        struct reply *r =
            post_form(c, "/login",
                      text_format(test_arena(), "email=%s&password=%s&next=%s", form_text(ANN),
                                  form_text(PASSWORD), form_text(hidden_next(get(c, login)))));
        const char *verify = header_of(r, "location");
        CHECK(text_starts(verify, "/2fa/verify?next="));
        r = get(c, verify);
        CHECK_TEXT(hidden_next(get(c, link_to(r, "/recovery"))), targets[i]);
        r = post_form(c, "/2fa/verify",
                      text_format(test_arena(), "code=%s&next=%s", code_at(&app, 0),
                                  form_text(hidden_next(r))));
        CHECK_TEXT(header_of(r, "location"), targets[i]);
        wait_for(MINUTE);
    }
}

TEST_IN_WORLD(where_somebody_was_going_survives_a_fresh_proof)
{
    static const char target[] = "/2fa/disable?a=1&b=%2B+%C3%BC";
    struct app app = two_step(w, ANN);
    struct client *c = client(w);
    (void)login_page(c, ANN, PASSWORD);
    (void)post_form(c, "/2fa/verify", text_format(test_arena(), "code=%s", code_at(&app, 0)));
    wait_for(HOUR);
    struct reply *r = get(c, target);
    CHECK(text_starts(header_of(r, "location"), "/reauth?next="));
    r = get(c, header_of(r, "location"));
    r = post_form(
        c, "/reauth",
        text_format(test_arena(), "code=%s&next=%s", code_at(&app, 0), form_text(hidden_next(r))));
    CHECK_TEXT(header_of(r, "location"), target);
}

/* A page whose query is a token does not put it into another address. */
TEST_IN_WORLD(a_token_does_not_travel_in_next)
{
    struct reply *r = get(client(w), "/settings/deletion?token=del_secret");
    CHECK(!strstr(r->headers, "del_secret"));
    CHECK(!strstr(r->body, "value=\"/settings/deletion?token"));
}

/* Bytes that reach Location or Set-Cookie cannot begin another header line. */
TEST_IN_WORLD(HTTP_11_no_reflected_value_splits_an_answer)
{
    struct client *c = client(w);
    static const char *const paths[] = {
        "/login?next=%0d%0aSet-Cookie:%20a=b",
        "/settings?x=%0d%0aLocation:%20//evil.example",
        "/account/security?done=%0d%0aX-Evil:%201",
        "/verify-email?token=%0d%0aX-Evil:%201",
        "/docs?%0d%0aX-Evil:%201",
    };
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct reply *r = get(c, paths[i]);
        CHECK(header_of(r, "x-evil") == NULL);
        CHECK(!strstr(r->headers, "a=b") && !strstr(r->headers, "evil"));
    }
}
