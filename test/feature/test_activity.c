/* SPDX-License-Identifier: Apache-2.0 */
/*
 * My activity, and the cursors of all lists: a page follows another without a gap, and a cursor
 * that was not given out to this account for this list is worth nothing.
 */
#include "attack.h"
#include "sample.h"

#include <string.h>

/* The nth member of data. */
static const struct json_value *nth(const struct reply *r, size_t i)
{
    const struct json_value *data = json_find(&r->json, "data");
    return data && i < data->count ? &data->items[i] : NULL;
}

static size_t length_of(const struct reply *r)
{
    const struct json_value *data = json_find(&r->json, "data");
    return data ? data->count : 0;
}

static struct reply *list(struct client *c, const char *path, const char *query)
{
    return get(c, text_format(test_arena(), "%s?%s", path, query));
}

TEST_IN_WORLD(my_activity_is_told_in_plain_words)
{
    struct client *ann = client(w);
    person(w, ANN, PASSWORD);
    wait_for(SECOND);
    CHECK_NUM(login(ann, ANN, PASSWORD)->status, 200);
    wait_for(SECOND);
    (void)login(client(w), ANN, "a wrong password");
    struct reply *r = get(ann, "/v1/account/activity");
    CHECK_NUM(r->status, 200);
    const struct json_value *failed = nth(r, 0), *started = nth(r, 1);
    REQUIRE(failed && started);
    CHECK_TEXT(json_find_text(failed, "event"), "login.failed");
    CHECK_TEXT(json_find_text(failed, "text"), "A sign-in failed");
    CHECK_TEXT(json_find_text(failed, "by"), "anonymous");
    CHECK_TEXT(json_find_text(started, "event"), "session.started");
    CHECK_TEXT(json_find_text(started, "by"), "you");
    CHECK_TEXT(json_find_text(started, "ip"), ann->ip);
    CHECK(text_starts(json_find_text(started, "id"), "aud_"));
    CHECK(text_of(r, "next_cursor") == NULL);
    wait_for(SECOND);
    (void)call(ann, "PATCH", "/v1/account/profile", json("locale", "de", NULL));
    CHECK_TEXT(json_find_text(nth(get(ann, "/v1/account/activity"), 1), "text"),
               "Eine Anmeldung ist fehlgeschlagen");
}

TEST_IN_WORLD(tokens_that_were_refreshed_are_no_news)
{
    struct client *ann = signed_in(w, ANN);
    wait_for(MINUTE);
    CHECK_NUM(refresh(ann, ann->refresh)->status, 200);
    CHECK(has_audit(w, "session.refreshed"));
    CHECK(!strstr(get(ann, "/v1/account/activity")->body, "session.refreshed"));
}

TEST_IN_WORLD(where_staff_sat_is_not_the_owners_to_know)
{
    struct client *ann = client(w);
    person(w, ANN, PASSWORD);
    wait_for(SECOND);
    CHECK_NUM(login(ann, ANN, PASSWORD)->status, 200);
    run_sql(w, "UPDATE audit SET actor = 'usr_staff', ip = '198.51.100.77', user_agent = 'Staff/1'"
               " WHERE event = 'session.started'");
    struct reply *r = get(ann, "/v1/account/activity");
    CHECK_TEXT(json_find_text(nth(r, 0), "by"), "staff");
    CHECK(json_find_text(nth(r, 0), "ip") == NULL);
    CHECK(!strstr(r->body, "198.51.100.77") && !strstr(r->body, "usr_staff"));
    struct client *page = client(w);
    CHECK_NUM(login_page(page, ANN, PASSWORD)->status, 303);
    r = get(page, "/account/activity");
    CHECK(strstr(r->body, "By our staff") != NULL);
    CHECK(!strstr(r->body, "198.51.100.77") && !strstr(r->body, "Staff/1"));
}

TEST_IN_WORLD(pages_of_activity_follow_each_other_without_a_gap)
{
    struct client *ann = client(w);
    person(w, ANN, PASSWORD);
    for (int i = 0; i < 6; i++) {
        wait_for(DAY);
        (void)login(client(w), ANN, "a wrong password");
    }
    CHECK_NUM(login(ann, ANN, PASSWORD)->status, 200);
    struct reply *whole = get(ann, "/v1/account/activity");
    size_t all = length_of(whole), seen = 0;
    const char *query = "limit=3";
    CHECK(all >= 8);
    for (int i = 0; query && i < 20; i++) {
        struct reply *r = list(ann, "/v1/account/activity", query);
        REQUIRE(r->status == 200 && length_of(r) > 0);
        for (size_t k = 0; k < length_of(r); k++)
            CHECK_TEXT(json_find_text(nth(r, k), "id"), json_find_text(nth(whole, seen++), "id"));
        const char *next = text_of(r, "next_cursor");
        query = next ? text_format(test_arena(), "limit=3&cursor=%s", next) : NULL;
    }
    CHECK_NUM(seen, all);
    struct client *page = client(w);
    CHECK_NUM(login_page(page, ANN, PASSWORD)->status, 303);
    struct reply *r = list(page, "/account/activity", "limit=3");
    const char *older = strstr(r->body, "/account/activity?cursor=");
    REQUIRE(older);
    char *path = text_copy(test_arena(), MEM(older, strcspn(older, "\"")));
    CHECK_NUM(get(page, path)->status, 200);
}

static const char *cursor_of(struct client *c, const char *path)
{
    const char *cursor = text_of(list(c, path, "limit=1"), "next_cursor");
    return cursor ? cursor : "";
}

/* More than one notice and event, so that lists have cursors. */
static struct client *busy(struct world *w, const char *email)
{
    struct client *c = signed_in(w, email), *other = client(w);
    other->user_agent = "curl/8.1";
    CHECK_NUM(login(other, email, PASSWORD)->status, 200);
    other->user_agent = "Wget/1.21";
    CHECK_NUM(login(other, email, PASSWORD)->status, 200);
    return c;
}

TEST_IN_WORLD(IDOR_02_a_cursor_serves_its_account_and_its_list_only)
{
    struct client *ann = busy(w, ANN), *ben = busy(w, BEN);
    const char *activity = cursor_of(ann, "/v1/account/activity");
    const char *notices = cursor_of(ann, "/v1/account/notifications");
    const char *theirs = cursor_of(ben, "/v1/account/activity");
    REQUIRE(*activity && *notices && *theirs);
    const char *by_activity = text_format(test_arena(), "cursor=%s", activity);
    const char *by_notices = text_format(test_arena(), "cursor=%s", notices);
    CHECK_NUM(list(ann, "/v1/account/activity", by_activity)->status, 200);
    CHECK_NUM(list(ann, "/v1/account/notifications", by_notices)->status, 200);
    check_problem(list(ann, "/v1/account/notifications", by_activity), 400, "cursor_invalid");
    check_problem(list(ann, "/v1/account/activity", by_notices), 400, "cursor_invalid");
    check_problem(list(ben, "/v1/account/activity", by_activity), 400, "cursor_invalid");
    check_problem(list(ann, "/v1/account/activity", text_format(test_arena(), "cursor=%s", theirs)),
                  400, "cursor_invalid");
    CHECK(!strstr(activity, "aud_"));
}

TEST_IN_WORLD(INT_02_a_forged_cursor_is_refused)
{
    struct client *ann = busy(w, ANN);
    const char *good = cursor_of(ann, "/v1/account/activity");
    size_t n = strlen(good);
    REQUIRE(n > 50);
    for (size_t i = 0; i < n; i++) { /* any letter changed */
        char *edited = text_copy(test_arena(), mem_text(good));
        edited[i] = edited[i] == 'A' ? 'B' : 'A';
        check_problem(
            list(ann, "/v1/account/activity", text_format(test_arena(), "cursor=%s", edited)), 400,
            "cursor_invalid");
    }
    const char *const wrong[] = {
        "A",
        "0",
        "-1",
        "aud_z",
        "null",
        "YXVkXzA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "..",
        "%20",
        "%00",
        text_format(test_arena(), "%sA", good),
        text_format(test_arena(), "%s=", good),
        text_format(test_arena(), "%.*s", (int)n - 1, good),
        text_format(test_arena(), "%s%s", good, good),
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct reply *r =
            list(ann, "/v1/account/activity", text_format(test_arena(), "cursor=%s", wrong[i]));
        if (r->status != 400 && r->status != 422)
            test_fail(__FILE__, __LINE__, "cursor=%s gives %d", wrong[i], r->status);
    }
    struct client *page = client(w);
    CHECK_NUM(login_page(page, ANN, PASSWORD)->status, 303);
    CHECK_NUM(list(page, "/account/activity", "cursor=AAAA")->status, 400);
}

/* In an address; in a body what does not fit its field is 422 (docs/decisions/0026). */
TEST_IN_WORLD(INT_01_a_limit_is_a_number_within_bounds)
{
    struct client *ann = busy(w, ANN);
    const char *const lists[] = { "/v1/account/activity", "/v1/account/notifications" };
    const char *const wrong[] = { "-1",
                                  "0",
                                  "201",
                                  "2147483648",
                                  "9223372036854775807",
                                  "9223372036854775808",
                                  "1e9",
                                  "1.5",
                                  "0x10",
                                  "%201",
                                  "+1",
                                  "01",
                                  "1%00",
                                  "ten" };
    for (size_t k = 0; k < COUNT(lists); k++) {
        for (size_t i = 0; i < COUNT(wrong); i++) {
            struct reply *r = list(ann, lists[k], text_format(test_arena(), "limit=%s", wrong[i]));
            if (r->status != 400 || !text_equal(text_of(r, "code"), "bad_request"))
                test_fail(__FILE__, __LINE__, "%s?limit=%s: %d", lists[k], wrong[i], r->status);
        }
        CHECK_NUM(list(ann, lists[k], "limit=200")->status, 200);
        CHECK_NUM(length_of(list(ann, lists[k], "limit=1")), 1);
        CHECK_NUM(list(ann, lists[k], "offset=1")->status, 400);
    }
}
