/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Servers outside in the life of a request: a list of breached passwords that somebody else keeps.
 */
#include "world.h"

#include "../net/web_fixture.h"
#include "net/breaker.h"
#include "service/password_range.h"
#include "service/setting.h"

#include <string.h>

/* And the end of its SHA-1. */
#define LISTED "violet harbour drizzle 41"
#define SUFFIX "B296782A7B81C12FA200A51E90E3DC60CC0"

static struct web_fixture begin(void)
{
    struct web_fixture fixture = web_fixture_start(NULL);
    breaker_reset();
    password_range_forget();
    CHECK_OK(setting_override(SETTING_OUTBOUND_ALLOW, "127.0.0.1"));
    CHECK_OK(setting_override(SETTING_PASSWORD_RANGE_URL,
                              text_format(test_arena(), "%s/range/", fixture.origin)));
    web_fixture_answer(&fixture, 200, SUFFIX ":4711\r\n");
    return fixture;
}

static void end(struct web_fixture *fixture)
{
    CHECK_OK(setting_override(SETTING_PASSWORD_RANGE_URL, NULL));
    CHECK_OK(setting_override(SETTING_OUTBOUND_ALLOW, NULL));
    breaker_reset();
    web_fixture_stop(fixture);
}

static int try_register(struct world *w, const char *email, const char *password)
{
    return post(client(w), "/v1/auth/register", json("email", email, "password", password, NULL))
        ->status;
}

TEST_IN_WORLD(PW_04_a_password_listed_elsewhere_is_refused_with_the_reason)
{
    struct web_fixture fixture = begin();
    struct reply *r =
        post(client(w), "/v1/auth/register", json("email", ANN, "password", LISTED, NULL));
    CHECK_NUM(r->status, 422);
    CHECK_TEXT(text_of(r, "errors.0.code"), "password_compromised");
    CHECK_TEXT(text_of(r, "errors.0.reasons.0"), "password_breached");
    CHECK_NUM(mail_count(w, ANN, NULL), 0);
    CHECK_NUM(try_register(w, ANN, PASSWORD), 202);
    CHECK_NUM(web_fixture_requests(&fixture), 2);
    /* Asked for again, it is known. */
    CHECK_NUM(try_register(w, BEN, LISTED), 422);
    CHECK_NUM(web_fixture_requests(&fixture), 2);
    end(&fixture);
}

TEST_IN_WORLD(PW_04_every_door_for_a_new_password_looks_it_up)
{
    struct client *ann = signed_in(w, ANN);
    struct web_fixture fixture = begin();
    CHECK_NUM(post(ann, "/v1/auth/password/change",
                   json("current_password", PASSWORD, "password", LISTED, NULL))
                  ->status,
              422);
    (void)post(client(w), "/v1/auth/password/forgot", json("email", ANN, NULL));
    const char *token = mailed_token(w, ANN, "reset_password");
    CHECK(*token);
    CHECK_NUM(
        post(client(w), "/v1/auth/password/reset", json("token", token, "password", LISTED, NULL))
            ->status,
        422);
    CHECK_NUM(web_fixture_requests(&fixture), 1);
    /* Whoever signs in chooses none. */
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
    CHECK_NUM(web_fixture_requests(&fixture), 1);
    end(&fixture);
}

TEST_IN_WORLD(PW_04_nobody_outside_hears_of_a_password_that_is_being_typed)
{
    struct web_fixture fixture = begin();
    const char *path = "/v1/auth/password/strength";
    const char *complete = "{\"password\":\"" LISTED "\",\"complete\":true}";
    struct reply *r = post(client(w), path, "{\"password\":\"" LISTED "\"}");
    CHECK(strstr(r->body, "\"accepted\":true"));
    r = post(client(w), path, "{\"password\":\"" LISTED "\",\"complete\":false}");
    CHECK(strstr(r->body, "\"accepted\":true"));
    CHECK_NUM(web_fixture_connections(&fixture), 0);
    r = post(client(w), path, complete);
    CHECK(strstr(r->body, "\"accepted\":false"));
    CHECK_TEXT(text_of(r, "reasons.0"), "password_breached");
    CHECK_NUM(web_fixture_requests(&fixture), 1);
    /* What is refused here needs nobody else's word. */
    (void)post(client(w), path, "{\"password\":\"password1234\",\"complete\":true}");
    CHECK_NUM(try_register(w, ANN, "qwertyuiop123"), 422);
    CHECK_NUM(try_register(w, ANN, "short"), 422);
    CHECK_NUM(web_fixture_requests(&fixture), 1);
    /* Nor does the meter tell what others chose. */
    r = post(client(w), path, "{\"password\":\"" LISTED "\"}");
    CHECK(strstr(r->body, "\"accepted\":true"));
    end(&fixture);
}

TEST_IN_WORLD(PW_04_a_list_elsewhere_that_is_down_refuses_nobody)
{
    struct web_fixture fixture = begin();
    web_fixture_answer(&fixture, 503, "");
    CHECK_NUM(try_register(w, ANN, LISTED), 202);
    CHECK_NUM(web_fixture_requests(&fixture), 1);
    CHECK_NUM(try_register(w, BEN, "password1234"), 422);
    end(&fixture);
}

/* What is refused for its fields is given back to the door's limit; the server outside was asked
   all the same, and it is not for one address to have it asked without end. */
TEST_IN_WORLD(RATE_12_one_address_has_nobody_outside_asked_without_end)
{
    struct web_fixture fixture = begin();
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    for (int i = 0; i < 40; i++) {
        const char *password = text_format(test_arena(), "%d walnut desks in violet %d", i, i);
        struct reply *r =
            post(client(w), "/v1/auth/register",
                 json("email", ANN, "password", password, "invite", "inv_made_up", NULL));
        CHECK_NUM(r->status, 422);
    }
    CHECK_NUM(web_fixture_requests(&fixture), 30);
    wait_for(MINUTE);
    CHECK_NUM(try_register(w, ANN, "and one more walnut desk"), 202);
    CHECK_NUM(web_fixture_requests(&fixture), 31);
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "off"));
    end(&fixture);
}
