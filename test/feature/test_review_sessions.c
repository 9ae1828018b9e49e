/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions at their seams: signing in over an old session, ending two at once, forms that are shown
 * again to somebody who is signed in.
 */
#include "attack.h"
#include "base/clock.h"

#include <string.h>

TEST_IN_WORLD(SESS_02_a_sign_in_ends_the_session_the_browser_had)
{
    person(w, ANN, PASSWORD);
    person(w, BEN, PASSWORD);
    struct client *thief = client(w), *victim = client(w);
    CHECK_NUM(login_page(thief, BEN, PASSWORD)->status, 303);
    CHECK_NUM(get(thief, "/v1/auth/me")->status, 200);
    const char *planted = cookie_of(thief, "cardea");
    REQUIRE(planted);

    REQUIRE(victim->cookie_names[0] == NULL);
    get(victim, "/login");
    victim->cookie_names[1] = "cardea";
    victim->cookie_values[1] = planted;
    const char *form = "email=" ANN "&password=a+brand+new+walnut+desk";
    CHECK_NUM(post_form(victim, "/login", form)->status, 303);
    CHECK_NUM(get(victim, "/v1/auth/me")->status, 200);
    CHECK(strcmp(cookie_of(victim, "cardea"), planted) != 0);
    CHECK_TEXT(text_of(get(victim, "/v1/auth/me"), "user.email"), ANN);

    CHECK_NUM(get(thief, "/v1/auth/me")->status, 401);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 1);
}

/* An id without its secret ends nobody's session. */
TEST_IN_WORLD(SESS_02_a_forged_cookie_ends_no_session)
{
    struct client *ann = signed_in(w, ANN), *ben = client(w);
    person(w, BEN, PASSWORD);
    get(ben, "/login");
    ben->cookie_names[1] = "cardea";
    ben->cookie_values[1] = text_format(test_arena(), "%s%s", ann->session_id,
                                        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    const char *form = "email=" BEN "&password=a+brand+new+walnut+desk";
    CHECK_NUM(post_form(ben, "/login", form)->status, 303);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
}

/* One request that ends two accounts' sessions leaves neither believed. */
TEST_IN_WORLD(signing_out_by_cookie_and_refresh_token_ends_both_at_once)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
    CHECK_NUM(get(ben, "/v1/auth/me")->status, 200);
    CHECK_NUM(post(ann, "/v1/auth/logout", json("refresh_token", ben->refresh, NULL))->status, 204);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 401);
    CHECK_NUM(get(ben, "/v1/auth/me")->status, 401);
}

/* The form that is shown again carries a token that the next try is accepted with. */
TEST_IN_WORLD(a_refused_form_can_be_corrected_by_somebody_who_is_signed_in)
{
    person(w, ANN, PASSWORD);
    struct client *ann = client(w);
    CHECK_NUM(login_page(ann, ANN, PASSWORD)->status, 303);
    get(ann, "/forgot-password");
    CHECK_NUM(post_form(ann, "/forgot-password", "email=not+an+address")->status, 422);
    CHECK_NUM(post_form(ann, "/forgot-password", "email=" ANN)->status, 200);
}

/* Each node notes what its own cache saw, whoever holds the leases. */
TEST_IN_WORLD(every_node_notes_the_uses_of_its_sessions)
{
    struct client *ann = signed_in(w, ANN);
    run_jobs(w);
    int64_t before = count_of(w, "SELECT last_seen_at FROM session");
    tamper(w, "UPDATE job SET next_run_at = next_run_at + $1, leased_until = $2",
           V(num(365 * DAY), num(clock_now() + 365 * DAY)));
    wait_for(MINUTE);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT last_seen_at FROM session"), before + MINUTE);
}

/* A wrong password does not make anybody lose their way. */
TEST_IN_WORLD(next_outlives_a_refused_sign_in)
{
    person(w, ANN, PASSWORD);
    struct client *ann = client(w);
    struct reply *r = get(ann, "/login?next=/settings");
    CHECK(strstr(r->body, "name=\"next\" value=\"/settings\"") != NULL);
    r = post_form(ann, "/login", "email=" ANN "&password=wrong&next=%2Fsettings");
    CHECK_NUM(r->status, 401);
    CHECK(strstr(r->body, "name=\"next\" value=\"/settings\"") != NULL);
    r = post_form(ann, "/login", "email=" ANN "&password=&next=%2Fsettings");
    CHECK_NUM(r->status, 422);
    CHECK(strstr(r->body, "name=\"next\" value=\"/settings\"") != NULL);
}
