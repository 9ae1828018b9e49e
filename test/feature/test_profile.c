/* SPDX-License-Identifier: Apache-2.0 */
/*
 * My profile by API and by form: what is left out stays, what is wrong is named, nothing else can
 * be set (MASS-01).
 */
#include "attack.h"

#include <string.h>

static struct reply *change(struct client *c, const char *body)
{
    return call(c, "PATCH", "/v1/account/profile", body);
}

TEST_IN_WORLD(a_profile_is_kept_and_what_is_left_out_stays)
{
    struct client *ann = signed_in(w, ANN);
    struct reply *r = change(ann, "{\"name\":\"Ann\",\"locale\":\"de\","
                                  "\"time_zone\":\"Europe/Berlin\","
                                  "\"picture_url\":\"https://img.example.org/a.png?s=64\","
                                  "\"metadata\":{ \"plan\" : \"x\", \"n\": [1, 2.5, null] }}");
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "user.time_zone"), "Europe/Berlin");
    CHECK(strstr(r->body, "\"metadata\":{\"plan\":\"x\",\"n\":[1,2.5,null]}") != NULL);
    CHECK_NUM(change(ann, "{\"name\":\"Anna\"}")->status, 200);
    r = get(ann, "/v1/account/profile");
    CHECK_TEXT(text_of(r, "user.name"), "Anna");
    CHECK_TEXT(text_of(r, "user.locale"), "de");
    CHECK_TEXT(text_of(r, "user.time_zone"), "Europe/Berlin");
    CHECK_TEXT(text_of(r, "user.picture_url"), "https://img.example.org/a.png?s=64");
    CHECK_TEXT(text_of(r, "user.metadata.plan"), "x");

    r = change(ann, "{\"time_zone\":\"\",\"picture_url\":\"\",\"metadata\":{}}");
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, "\"time_zone\":null,\"picture_url\":null,\"metadata\":{}") != NULL);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE metadata IS NULL"), 1);
}

static const struct {
    const char *body, *code;
} wrong[] = {
    { "{\"time_zone\":\"Berlin/Europe/\"}", "time_zone_unknown" },
    { "{\"time_zone\":\"../../etc/passwd\"}", "time_zone_unknown" },
    { "{\"picture_url\":\"http://img.example.org/a.png\"}", "picture_invalid" },
    { "{\"picture_url\":\"javascript:alert(1)\"}", "picture_invalid" },
    { "{\"picture_url\":\"data:image/png;base64,AA\"}", "picture_invalid" },
    { "{\"picture_url\":\"https://\"}", "picture_invalid" },
    { "{\"picture_url\":\"https:///a.png\"}", "picture_invalid" },
    { "{\"picture_url\":\"https://ann@evil.example/a.png\"}", "picture_invalid" },
    { "{\"picture_url\":\"https://img.example.org/a\\\"onerror=x\"}", "picture_invalid" },
    { "{\"picture_url\":\"https://img.example.org/a b\"}", "picture_invalid" },
    { "{\"picture_url\":\"https://img.example.org\\\\@evil.example/\"}", "picture_invalid" },
    { "{\"metadata\":[]}", "field_type" },
    { "{\"metadata\":\"{}\"}", "field_type" },
    { "{\"metadata\":1}", "field_type" },
    { "{\"name\":\"\\u0007\"}", "name_invalid" },
    { "{\"locale\":\"tlh\"}", "locale_unknown" },
};

TEST_IN_WORLD(what_is_wrong_in_a_profile_is_named_and_not_kept)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_NUM(change(ann, "{\"name\":\"Ann\",\"metadata\":{\"a\":1}}")->status, 200);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct reply *r = change(ann, wrong[i].body);
        if (r->status != 422 || !strstr(r->body, wrong[i].code))
            test_fail(__FILE__, __LINE__, "%s gives %d %s", wrong[i].body, r->status, r->body);
    }
    struct reply *r = get(ann, "/v1/account/profile");
    CHECK_TEXT(text_of(r, "user.name"), "Ann");
    CHECK_NUM(num_of(r, "user.metadata.a"), 1);
}

/* An object with a text of n bytes. */
static const char *metadata_of(size_t n)
{
    char *text = arena_alloc(test_arena(), n + 1);
    memset(text, 'x', n);
    text[n] = 0;
    return text_format(test_arena(), "{\"metadata\":{\"a\":\"%s\"}}", text);
}

TEST_IN_WORLD(metadata_is_bounded)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_NUM(change(ann, metadata_of(4096 - strlen("{\"a\":\"\"}")))->status, 200);
    CHECK_NUM(change(ann, metadata_of(4097 - strlen("{\"a\":\"\"}")))->status, 422);
    CHECK_NUM(change(ann, metadata_of(60'000))->status, 422);
    CHECK_NUM(change(ann, text_format(test_arena(), "{\"picture_url\":\"https://a.example/%s\"}",
                                      metadata_of(500)))
                  ->status,
              400); /* not even JSON */
}

TEST_IN_WORLD(MASS_01_a_profile_sets_nothing_else)
{
    static const char *const bodies[] = {
        "{\"roles\":[\"ADMIN\"]}",    "{\"email\":\"x@example.org\"}",
        "{\"email_verified\":true}",  "{\"id\":\"usr_1\"}",
        "{\"deletion_due_at\":null}", "{\"created_at\":\"2020-01-01T00:00:00Z\"}",
        "{\"__proto__\":{\"a\":1}}",
    };
    struct client *ann = signed_in(w, ANN);
    for (size_t i = 0; i < COUNT(bodies); i++)
        CHECK_NUM(change(ann, bodies[i])->status, 400);
    /* In metadata it is just somebody's word. */
    CHECK_NUM(change(ann, "{\"metadata\":{\"roles\":[\"ADMIN\"],\"__proto__\":{}}}")->status, 200);
    CHECK(!strstr(get(ann, "/v1/auth/me")->body, "ADMIN"));
}

TEST_IN_WORLD(a_profile_is_changed_by_form)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login_page(c, ANN, PASSWORD)->status, 303);
    (void)get(c, "/settings");
    struct reply *r = post_form(c, "/settings",
                                "name=Ann&locale=de&time_zone=Asia%2FTokyo&picture_url="
                                "https%3A%2F%2Fimg.example.org%2Fa.png");
    CHECK_TEXT(header_of(r, "location"), "/settings?done=saved");
    r = get(c, "/settings");
    CHECK(strstr(r->body, "value=\"Asia/Tokyo\"") && strstr(r->body, "lang=\"de\""));
    CHECK(strstr(r->body, "<option value=\"de\" lang=\"de\" selected>"));
    r = post_form(c, "/settings", "name=Ann&locale=fr&time_zone=Nowhere&picture_url=ftp%3A%2F%2Fx");
    CHECK_NUM(r->status, 422);
    CHECK(strstr(r->body, "<option value=\"fr\" lang=\"fr\" selected>"));
    CHECK(!strstr(r->body, "<option value=\"de\" lang=\"de\" selected>"));
    CHECK(strstr(r->body, "value=\"Nowhere\"") && strstr(r->body, "time_zone-error"));
    /* What an application keeps is not touched by the form; what is left empty is not said. */
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE time_zone = 'Asia/Tokyo'"), 1);
    CHECK_NUM(post_form(c, "/settings", "name=&locale=de&time_zone=&picture_url=")->status, 303);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE time_zone IS NULL AND name IS NULL"),
              1);
    CHECK_NUM(post_form(c, "/locale", "locale=en&next=%2F")->status, 303);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE locale = 'en'"), 1);
}

/* Times in mails are those of the clock on the wall, and say whose. */
TEST_IN_WORLD(mails_tell_times_in_the_zone_of_the_account)
{
    struct client *ann = signed_in(w, ANN);
    (void)reset_token(w, ANN);
    CHECK(strstr(mailed(w, ANN, "reset_password")->text, " UTC") != NULL);
    CHECK_NUM(call(ann, "PATCH", "/v1/account/profile",
                   json("time_zone", "America/Argentina/Buenos_Aires", NULL))
                  ->status,
              200);
    (void)reset_token(w, ANN); /* 05:00 UTC is the house's time */
    const struct mail *mail = mailed(w, ANN, "reset_password");
    CHECK(strstr(mail->text, "21 Nov 2026, 02:0") != NULL);
    CHECK(strstr(mail->text, "(America/Argentina/Buenos Aires)") != NULL);
    CHECK(strstr(mail->html, "datetime=\"2026-11-21T05:0") != NULL);
    CHECK_NUM(post(ann, "/v1/auth/password/change",
                   json("current_password", PASSWORD, "password", "another walnut chair", NULL))
                  ->status,
              200);
    mail = mailed(w, ANN, "password_changed");
    REQUIRE(mail);
    CHECK(strstr(mail->text, "(America/Argentina/Buenos Aires)") && !strstr(mail->text, "UTC"));
}

TEST_IN_WORLD(null_or_an_empty_text_takes_a_value_away)
{
    struct client *ann = signed_in(w, ANN);
    static const char *const fields[] = { "name", "time_zone", "picture_url" };
    static const char *const values[] = { "Ann", "Europe/Berlin", "https://example.org/a.png" };
    static const char *const nothing[] = { "null", "\"\"" };
    for (size_t i = 0; i < COUNT(fields); i++) {
        for (size_t k = 0; k < COUNT(nothing); k++) {
            const char *member = text_format(test_arena(), "user.%s", fields[i]);
            CHECK_TEXT(text_of(change(ann, json(fields[i], values[i], NULL)), member), values[i]);
            struct reply *r =
                change(ann, text_format(test_arena(), "{\"%s\":%s}", fields[i], nothing[k]));
            CHECK_NUM(r->status, 200);
            CHECK(text_of(r, member) == NULL);
            CHECK(text_of(get(ann, "/v1/account/profile"), member) == NULL);
        }
    }
    CHECK_NUM(change(ann, "{\"name\":\" \"}")->status, 422);
    CHECK_NUM(change(ann, "{\"locale\":\"\"}")->status, 422); /* there is always one */
}

TEST_IN_WORLD(who_gave_no_name_is_greeted_without_one)
{
    struct client *page = client(w);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login_page(page, ANN, PASSWORD)->status, 303);
    CHECK(strstr(get(page, "/")->body, "<h1>Hello</h1>") != NULL);
    (void)get(page, "/settings");
    CHECK_NUM(post_form(page, "/settings", "name=Ann&locale=en")->status, 303);
    CHECK(strstr(get(page, "/")->body, "<h1>Hello, Ann</h1>") != NULL);
}
