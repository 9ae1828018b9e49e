/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy of all data about somebody: complete, without a secret in it, and only its owner's.
 */
#include "attack.h"
#include "sample.h"

#include "service/setting.h"

#include <string.h>

#define PATH "/v1/account/export"

static const char *asked(struct client *c)
{
    struct reply *r = post(c, PATH, NULL);
    CHECK_NUM(r->status, 202);
    CHECK_TEXT(text_of(r, "status"), "pending");
    return text_format(test_arena(), PATH "/%s", text_of(r, "id"));
}

TEST_IN_WORLD(a_copy_of_all_data_is_made_and_mailed)
{
    struct client *ann = signed_in(w, ANN);
    const char *path = asked(ann);
    struct reply *r = get(ann, path);
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "status"), "pending");
    CHECK(json_find(&r->json, "data") == NULL);

    const struct mail *mail = mailed(w, ANN, "export_ready");
    REQUIRE(mail);
    const char *id = path + strlen(PATH "/");
    CHECK(strstr(mail->text, text_format(test_arena(), "/settings/export?id=%s", id)) != NULL);
    r = get(ann, path);
    CHECK_TEXT(text_of(r, "status"), "ready");
    const struct json_value *data = json_find(&r->json, "data");
    REQUIRE(data);
    CHECK_TEXT(json_find_text(&json_find(data, "account")->items[0], "email"), ANN);
    CHECK_TEXT(json_find_text(&json_find(data, "session")->items[0], "id"), ann->session_id);
    CHECK(json_find(data, "audit")->count > 2);
    CHECK(!strstr(r->body, BEN));
    CHECK_NUM(mail_count(w, ANN, "export_ready"), 1);
    CHECK(has_audit(w, "export.asked"));
}

TEST_IN_WORLD(IDOR_03_a_copy_is_fetched_by_its_owner_only)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    const char *path = asked(ann);
    with_header(ben, "X-Request-Id: one-for-all");
    struct reply *never = get(ben, PATH "/exp_00000000000000000000000000");
    check_problem(never, 404, "not_found");
    check_alike("another's waiting copy and none", get(ben, path), never);
    run_jobs(w);
    check_alike("another's copy and none", get(ben, path), never);
    CHECK_NUM(get(client(w), path)->status, 401);
    struct client *page = client(w);
    CHECK_NUM(login_page(page, BEN, PASSWORD)->status, 303);
    const char *file =
        text_format(test_arena(), "/settings/export/%s/download", path + strlen(PATH "/"));
    CHECK_NUM(get(page, file)->status, 404);
    CHECK(!strstr(get(page, "/settings/export")->body, path + strlen(PATH "/")));
    CHECK_NUM(get(ann, path)->status, 200);
}

TEST_IN_WORLD(IDOR_03_a_copy_ends)
{
    struct client *ann = signed_in(w, ANN);
    const char *path = asked(ann);
    run_jobs(w);
    wait_for(setting_span(SETTING_EXPORT_TTL) - SECOND);
    ann = client(w);
    CHECK_NUM(login(ann, ANN, PASSWORD)->status, 200);
    CHECK_NUM(get(ann, path)->status, 200);
    wait_for(SECOND);
    check_problem(get(ann, path), 404, "not_found");
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM export"), 0);
}

TEST_IN_WORLD(MFA_07_a_session_alone_does_not_fetch_a_copy)
{
    struct client *ann = signed_in(w, ANN);
    const char *path = asked(ann);
    run_jobs(w);
    wait_for(setting_span(SETTING_FRESH_PROOF) + SECOND);
    struct reply *r = refresh(ann, ann->refresh);
    REQUIRE(r->status == 200);
    ann->bearer = text_of(r, "access_token");
    check_problem(post(ann, PATH, NULL), 401, "insufficient_user_authentication");
    check_problem(get(ann, path), 401, "insufficient_user_authentication");
}

TEST_IN_WORLD(three_copies_a_day)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    for (int i = 0; i < 3; i++)
        (void)asked(ann);
    check_problem(post(ann, PATH, NULL), 429, "rate_limited");
    wait_for(DAY);
    ann = client(w);
    CHECK_NUM(login(ann, ANN, PASSWORD)->status, 200);
    (void)asked(ann);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM export"), 3); /* the oldest gave way */
    CHECK_NUM(mail_count(w, ANN, "export_ready"), 3);
}

TEST_IN_WORLD(a_copy_is_sealed_in_the_store)
{
    struct client *ann = signed_in(w, ANN);
    ann->user_agent = "Canary/7777";
    CHECK_NUM(login(ann, ANN, PASSWORD)->status, 200);
    const char *path = asked(ann);
    run_jobs(w);
    CHECK(strstr(get(ann, path)->body, "\"data\":{\"") != NULL);
    CHECK(!dump_has(w, dump_of(w), mem_text("\"data\":{\"")));
}

TEST_IN_WORLD(a_copy_by_the_pages)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login_page(c, ANN, PASSWORD)->status, 303);
    (void)get(c, "/settings/export");
    struct reply *r = post_form(c, "/settings/export", "");
    CHECK_TEXT(header_of(r, "location"), "/settings/export?done=export_asked");
    CHECK(strstr(get(c, "/settings/export?done=export_asked")->body, "/download\"") == NULL);
    run_jobs(w);
    r = get(c, "/settings/export");
    const char *link = strstr(r->body, "/settings/export/exp_");
    REQUIRE(link);
    const char *file = text_copy(test_arena(), MEM(link, strcspn(link, "\"")));
    r = get(c, file);
    CHECK_NUM(r->status, 200);
    CHECK(text_starts(header_of(r, "content-disposition"), "attachment; filename=\"my-data-"));
    CHECK_TEXT(text_of(r, "status"), "ready");
    wait_for(setting_span(SETTING_FRESH_PROOF) + SECOND);
    r = get(c, file);
    CHECK_NUM(r->status, 303);
    CHECK(text_starts(header_of(r, "location"), "/reauth?next=/settings/export/exp_"));
}
