/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What belongs to somebody else is not there: the same answer as for what never existed.
 */
#include "attack.h"
#include "sample.h"

#include <string.h>

TEST_IN_WORLD(IDOR_01_a_stranger_cannot_end_a_session)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    with_header(ann, "X-Request-Id: one-for-all");
    const char *never = "ses_00000000000000000000000000";
    struct reply *theirs = call(
        ann, "DELETE", text_format(test_arena(), "/v1/account/sessions/%s", ben->session_id), NULL);
    struct reply *nobodys =
        call(ann, "DELETE", text_format(test_arena(), "/v1/account/sessions/%s", never), NULL);
    check_problem(theirs, 404, "not_found");
    check_alike("another's session and none", theirs, nobodys);
    CHECK_NUM(get(ben, "/v1/auth/me")->status, 200);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 2);
    CHECK(!has_audit(w, "session.ended"));
}

TEST_IN_WORLD(IDOR_01_nor_by_form)
{
    struct client *ann = client(w), *ben = signed_in(w, BEN);
    person(w, ANN, PASSWORD);
    (void)login_page(ann, ANN, PASSWORD);
    (void)get(ann, "/account/security");
    struct reply *theirs = post_form(ann, "/account/sessions/end",
                                     text_format(test_arena(), "id=%s", ben->session_id));
    struct reply *nobodys =
        post_form(ann, "/account/sessions/end", "id=ses_00000000000000000000000000");
    CHECK_NUM(theirs->status, nobodys->status);
    CHECK_TEXT(header_of(theirs, "location"), header_of(nobodys, "location"));
    CHECK_NUM(get(ben, "/v1/auth/me")->status, 200);
}

TEST_IN_WORLD(IDOR_01_an_id_is_one_id_to_the_letter)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
    const char *id = ann->session_id;
    const char *const twisted[] = {
        text_format(test_arena(), "%s%%00", id),
        text_format(test_arena(), "%s.", id),
        text_format(test_arena(), "%s%%20", id),
        text_format(test_arena(), "%.29s", id),
        text_format(test_arena(), "%s0", id),
        text_format(test_arena(), "SES%s", id + 3),
        text_format(test_arena(), "%s;", id),
        text_format(test_arena(), "x/..%%2f%s", id),
        text_format(test_arena(), "%s%%2f", id),
        text_format(test_arena(), "%s'--", id),
        text_format(test_arena(), "usr%s", id + 3),
        text_format(test_arena(), "%%%s", id),
        text_format(test_arena(), "%s,%s", id, id),
        text_format(test_arena(), "%s/", id),
        "*",
        "%25",
        "_",
        "null",
        "0",
        "-1",
        "..",
        "%2e%2e",
    };
    for (size_t i = 0; i < COUNT(twisted); i++) {
        struct reply *r = call(
            ann, "DELETE", text_format(test_arena(), "/v1/account/sessions/%s", twisted[i]), NULL);
        if (r->status != 404 && r->status != 400)
            test_fail(__FILE__, __LINE__, "%s gives %d", twisted[i], r->status);
    }
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 2);
}

TEST_IN_WORLD(IDOR_02_lists_hold_only_what_is_mine)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    CHECK_NUM(login(client(w), BEN, PASSWORD)->status, 200);
    const char *mine = get(ann, "/v1/account/sessions")->body;
    const char *theirs = get(ben, "/v1/account/sessions")->body;
    CHECK(strstr(mine, ann->session_id) && !strstr(mine, ben->session_id));
    CHECK(strstr(theirs, ben->session_id) && !strstr(theirs, ann->session_id));
    CHECK_NUM(call(ann, "DELETE", "/v1/account/sessions", NULL)->status, 204);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 3); /* ben's are untouched */
}

/* A link for one does nothing in the hands of another who is signed in (TOK-04). */
TEST_IN_WORLD(TOK_04_a_link_serves_its_owner_only)
{
    struct client *ben = signed_in(w, BEN);
    person(w, ANN, PASSWORD);
    const char *token = reset_token(w, ANN);
    CHECK_NUM(reset(ben, token, "another walnut chair")->status, 200);
    CHECK_TEXT(text_of(get(ben, "/v1/auth/me"), "user.email"), BEN);
    CHECK_NUM(login(client(w), BEN, PASSWORD)->status, 200);
    CHECK_NUM(login(client(w), ANN, "another walnut chair")->status, 200);
}

TEST_IN_WORLD(a_refresh_token_serves_its_own_session_only)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    struct reply *r = post(ann, "/v1/auth/refresh", json("refresh_token", ben->refresh, NULL));
    /* Whoever holds it refreshes it, whatever bearer token came along: but for its own account. */
    REQUIRE(r->status == 200);
    ben->bearer = text_of(r, "access_token");
    CHECK_TEXT(text_of(get(ben, "/v1/auth/me"), "user.email"), BEN);
    CHECK_TEXT(text_of(get(ann, "/v1/auth/me"), "user.email"), ANN);
}
