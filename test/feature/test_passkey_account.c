/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passkeys as a part of an account: who may add, see, name and remove them, what ends with them,
 * and that they never open what is closed.
 */
#include "passkeys.h"

#include "base/clock.h"
#include "two_step.h"

#include <string.h>

#define REFUSED "passkey_refused"
#define REAUTH "insufficient_user_authentication"

static void check_refused(const struct reply *r, int status, const char *code)
{
    CHECK_NUM(r->status, status);
    CHECK_TEXT(text_of(r, "code"), code);
}

static const char *id_of(struct client *c, int i)
{
    return text_of(get(c, "/v1/auth/passkeys"), text_format(test_arena(), "data.%d.id", i));
}

static struct reply *remove_passkey(struct client *c, const char *id)
{
    return call(c, "DELETE", text_format(test_arena(), "/v1/auth/passkeys/%s", id), NULL);
}

static struct reply *rename_passkey(struct client *c, const char *id, const char *name)
{
    return call(c, "PATCH", text_format(test_arena(), "/v1/auth/passkeys/%s", id),
                json("name", name, NULL));
}

/* --- what is closed stays closed --- */

TEST_IN_WORLD(PRE_03_an_unverified_account_has_no_passkey)
{
    CHECK_NUM(post(client(w), "/v1/auth/register", json("email", ANN, "password", PASSWORD, NULL))
                  ->status,
              202);
    struct client *thief = client(w);
    CHECK_NUM(login(thief, ANN, PASSWORD)->status, 401);
    check_refused(post(thief, REGISTER "begin", "{}"), 401, "unauthenticated");

    /* Even one that somehow got there opens nothing. */
    struct soft_credential *key = own_passkey(signed_in(w, BEN));
    tamper(w, "UPDATE account SET email_verified_at = NULL WHERE email_key = $1", V(text(BEN)));
    check_refused(use_passkey(client(w), key, "{}", SYNCED), 401, REFUSED);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM ceremony"), 0); /* used up all the same */
}

TEST_IN_WORLD(a_locked_account_stays_locked)
{
    struct soft_credential *key = own_passkey(signed_in(w, ANN));
    struct client *c = client(w);
    struct soft_answer said = answer_to(key, ask_passkey(c, "{}"));
    said.flags = SYNCED;
    tamper(w, "UPDATE account SET locked_at = 1 WHERE email_key = $1", V(text(ANN)));
    check_refused(give_passkey(c, key, &said), 401, REFUSED);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM ceremony"), 0);
    tamper(w, "UPDATE account SET locked_at = NULL WHERE email_key = $1", V(text(ANN)));
    CHECK_NUM(use_passkey(c, key, "{}", SYNCED)->status, 200);
}

/* Who guesses at a password, or sends broken signatures, keeps no owner of a passkey out. */
TEST_IN_WORLD(RATE_04_a_passkey_works_while_other_ways_are_locked)
{
    struct client *ann = signed_in(w, ANN);
    struct soft_credential *key = own_passkey(ann);
    CHECK_NUM(login(client(w), ANN, "a quite wrong walnut desk")->status, 401);
    tamper(w, "UPDATE lockout_address SET failures = 100", V_NONE);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 423);
    for (int i = 0; i < 12; i++) {
        struct client *thief = client(w);
        struct soft_answer said = answer_to(key, ask_passkey(thief, "{}"));
        said.flags = SYNCED;
        said.signature = MEM("nonsense", 8);
        CHECK_NUM(give_passkey(thief, key, &said)->status, 401);
    }
    CHECK_NUM(use_passkey(client(w), key, "{}", SYNCED)->status, 200);
    CHECK_NUM(use_passkey(ann, key, "{\"reauth\":true}", SYNCED)->status, 200);
}

/* There is nothing to ask about an address: no field takes one, and all answers are alike. */
TEST_IN_WORLD(ENUM_07_options_tell_nothing)
{
    struct client *c = plain_client(w);
    struct reply *before = ask_passkey(c, "{}");
    (void)own_passkey(signed_in(w, ANN));
    struct reply *after = ask_passkey(c, "{}");
    CHECK_NUM(before->status, 200);
    CHECK_NUM(strlen(before->body), strlen(after->body));
    CHECK(strstr(after->body, "\"allowCredentials\":[]") != NULL);
    check_refused(ask_passkey(c, json("email", ANN, NULL)), 400, "unknown_field");
    check_refused(ask_passkey(c, "{\"reauth\":true}"), 401, "unauthenticated");
    check_refused(ask_passkey(c, "{\"second_step\":true}"), 401, "sign_in_expired");

    /* Nor does an answer say whether a credential is known. */
    struct soft_credential *known = own_passkey(signed_in(w, BEN)),
                           *unknown = soft_credential_new(-7);
    struct soft_answer said = answer_to(known, ask_passkey(c, "{}"));
    said.flags = ON_DEVICE; /* not what was registered */
    struct reply *one = give_passkey(c, known, &said);
    said = answer_to(unknown, ask_passkey(c, "{}"));
    check_alike("a known and an unknown credential", one, give_passkey(c, unknown, &said));
}

/* --- a fresh proof --- */

TEST_IN_WORLD(MFA_07_a_passkey_is_changed_only_with_a_fresh_proof)
{
    struct client *ann = signed_in(w, ANN), *by_passkey = client(w);
    struct soft_credential *key = own_passkey(ann);
    const char *id = id_of(ann, 0);
    CHECK_NUM(use_passkey(by_passkey, key, "{}", SYNCED)->status, 200);
    struct client *const all[] = { ann, by_passkey };
    wait_for(10 * MINUTE + SECOND);
    for (size_t i = 0; i < COUNT(all); i++) {
        all[i]->bearer = text_of(refresh(all[i], all[i]->refresh), "access_token");
        struct reply *r = post(all[i], REGISTER "begin", "{}");
        check_refused(r, 401, REAUTH);
        CHECK(strstr(header_of(r, "www-authenticate"), "max_age=\"600\"") != NULL);
        check_refused(remove_passkey(all[i], id), 401, REAUTH);
    }
    check_refused(use_passkey(ann, key, "{\"reauth\":true}", SYNCED & ~SOFT_UV), 401,
                  REFUSED); /* a touch alone proves nobody */
    check_refused(post(ann, REGISTER "begin", "{}"), 401, REAUTH);
    struct reply *r = use_passkey(ann, key, "{\"reauth\":true}", SYNCED);
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "status"), "proved");
    CHECK_TEXT(text_of(r, "acr"), "aal2"); /* a password, and now a key */
    CHECK_NUM(post(ann, REGISTER "begin", "{}")->status, 200);
    check_refused(remove_passkey(by_passkey, id), 401, REAUTH);
    CHECK_NUM(remove_passkey(ann, id)->status, 204);
}

/* A browser that skips the second step may look, but must show more before it changes anything. */
TEST_IN_WORLD(MFA_07_a_trusted_browser_adds_no_passkey)
{
    struct app app = two_step(w, ANN);
    struct soft_credential *key = own_passkey(app.owner);
    struct client *c = client(w);
    const char *handle = first_step(c, ANN);
    check_refused(post(c, REGISTER "begin", "{}"), 401, "unauthenticated"); /* half way in */
    struct soft_answer said = answer_to(key, ask_passkey(c, json("pending_token", handle, NULL)));
    said.flags = SYNCED;
    said.json_extra =
        text_format(test_arena(), ",\"pending_token\":\"%s\",\"remember_device\":true", handle);
    CHECK_NUM(give_passkey(c, key, &said)->status, 200);

    CHECK_NUM(login(c, ANN, PASSWORD)->status, 200);
    CHECK_TEXT(text_of(get(c, "/v1/auth/me"), "session.acr"), "aal1");
    const char *id = id_of(c, 0);
    check_refused(post(c, REGISTER "begin", "{}"), 401, REAUTH);
    check_refused(remove_passkey(c, id), 401, REAUTH);
    check_refused(rename_passkey(c, id, "Mine"), 401, REAUTH);
    CHECK_NUM(use_passkey(c, key, "{\"reauth\":true}", SYNCED)->status, 200);
    CHECK_NUM(rename_passkey(c, id, "Mine")->status, 200);
    CHECK_NUM(post(c, REGISTER "begin", "{}")->status, 200);
}

TEST_IN_WORLD(a_session_that_ended_finishes_nothing)
{
    struct client *ann = signed_in(w, ANN), *gone = client(w);
    CHECK_NUM(login(gone, ANN, PASSWORD)->status, 200);
    struct soft_credential *key = soft_credential_new(-7);
    struct soft_answer said = answer_to(key, post(gone, REGISTER "begin", "{}"));
    CHECK_NUM(call(ann, "DELETE", "/v1/account/sessions", NULL)->status, 204);
    CHECK_NUM(post(gone, REGISTER "finish", soft_registration(test_arena(), key, &said))->status,
              401);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM passkey"), 0);
}

/* --- the second step --- */

TEST_IN_WORLD(a_passkey_is_a_second_step)
{
    struct app app = two_step(w, ANN);
    struct soft_credential *key = own_passkey(app.owner);
    struct client *c = client(w);
    struct reply *r = login(c, ANN, PASSWORD);
    CHECK(strstr(r->body, "\"methods\":[\"totp\",\"recovery_code\",\"passkey\"]") != NULL);
    const char *handle = text_of(r, "pending_token");

    struct reply *options = ask_passkey(c, json("pending_token", handle, NULL));
    CHECK_TEXT(text_of(options, "userVerification"), "preferred");
    CHECK(text_of(options, "allowCredentials.0.id") != NULL);
    struct soft_answer said = answer_to(key, options);
    said.flags = SYNCED;
    check_refused(give_passkey(c, key, &said), 401, REFUSED); /* without the handle */

    said = answer_to(key, ask_passkey(c, json("pending_token", handle, NULL)));
    said.flags = SYNCED;
    said.json_extra = text_format(
        test_arena(), ",\"pending_token\":\"%s\",\"remember_device\":true,\"cookie\":true", handle);
    CHECK_NUM(give_passkey(c, key, &said)->status, 200);
    CHECK(strstr(get(c, "/v1/auth/me")->body, "\"amr\":[\"pwd\",\"swk\",\"mfa\"]") != NULL);
    CHECK(text_of(login(c, ANN, PASSWORD), "access_token") != NULL); /* the browser is trusted */
    check_refused(ask_passkey(c, json("pending_token", handle, NULL)), 401, "sign_in_expired");

    /* And alone it needs no further step. */
    CHECK_NUM(use_passkey(client(w), key, "{}", SYNCED)->status, 200);
}

TEST_IN_WORLD(WA_08_a_second_step_is_its_owners)
{
    struct app ann = two_step(w, ANN), ben = two_step(w, BEN);
    struct soft_credential *hers = own_passkey(ann.owner), *his = own_passkey(ben.owner);
    struct client *c = client(w);
    const char *her_handle = first_step(c, ANN), *his_handle = first_step(c, BEN);
    const struct {
        const char *what, *asked, *given;
        struct soft_credential *key;
        const char *code;
    } cases[] = {
        { "his key for her", her_handle, her_handle, his, REFUSED },
        { "her challenge for his sign-in", her_handle, his_handle, his, REFUSED },
        { "her key and challenge, his sign-in", her_handle, his_handle, hers, REFUSED },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct soft_answer said =
            answer_to(cases[i].key, ask_passkey(c, json("pending_token", cases[i].asked, NULL)));
        said.flags = SYNCED;
        said.json_extra = text_format(test_arena(), ",\"pending_token\":\"%s\"", cases[i].given);
        struct reply *r = give_passkey(c, cases[i].key, &said);
        if (r->status != 401 || !text_equal(text_of(r, "code"), cases[i].code))
            test_fail(__FILE__, __LINE__, "%s: %d %s", cases[i].what, r->status, r->body);
    }
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 2);
}

/* --- what is whose --- */

TEST_IN_WORLD(IDOR_01_passkeys_of_others_are_not_there)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    (void)own_passkey(ben);
    with_header(ann, "X-Request-Id: one-for-all");
    const char *his = id_of(ben, 0), *nobodys = "pky_00000000000000000000000000";
    check_alike("removing", remove_passkey(ann, his), remove_passkey(ann, nobodys));
    check_alike("renaming", rename_passkey(ann, his, "Mine"), rename_passkey(ann, nobodys, "Mine"));
    CHECK_NUM(remove_passkey(ann, his)->status, 404);
    const char *one = text_format(test_arena(), "/v1/auth/passkeys/%s", his);
    const char *none = text_format(test_arena(), "/v1/auth/passkeys/%s", nobodys);
    check_alike("looking", get(ann, one), get(ann, none));
    CHECK_NUM(get(ann, one)->status, 404);
    CHECK_TEXT(text_of(get(ben, one), "id"), his);
    CHECK_TEXT(get(ann, "/v1/auth/passkeys")->body, "{\"data\":[],\"next_cursor\":null}");
    CHECK_NUM(count_of(w, "SELECT count(*) FROM passkey WHERE name <> 'Mine'"), 1);

    struct client *page = client(w);
    (void)login_page(page, ANN, PASSWORD);
    CHECK_NUM(get(page, text_format(test_arena(), "/account/passkey/%s", his))->status, 404);
    (void)get(page, "/settings");
    CHECK_NUM(post_form(page, "/account/passkeys/rename",
                        text_format(test_arena(), "id=%s&name=Mine", his))
                  ->status,
              404);
    CHECK_NUM(post_form(page, "/account/passkeys/remove", text_format(test_arena(), "id=%s", his))
                  ->status,
              303);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM passkey WHERE name <> 'Mine'"), 1);
}

TEST_IN_WORLD(SESS_07_removing_a_passkey_ends_other_sessions)
{
    struct client *ann = client(w), *thief = client(w), *other = client(w);
    person(w, ANN, PASSWORD);
    struct client *api = client(w);
    CHECK_NUM(login(api, ANN, PASSWORD)->status, 200);
    struct soft_credential *key = own_passkey(api);
    CHECK_NUM(login_page(ann, ANN, PASSWORD)->status, 303);
    CHECK_NUM(use_passkey(thief, key, "{}", SYNCED)->status, 200);
    CHECK_NUM(login(other, ANN, PASSWORD)->status, 200);
    (void)get(ann, "/account/security");
    const char *cookie = cookie_of(ann, "cardea"), *id = id_of(ann, 0);
    struct reply *r =
        post_form(ann, "/account/passkeys/remove", text_format(test_arena(), "id=%s", id));
    CHECK_TEXT(header_of(r, "location"), "/account/security?done=passkey_removed");
    CHECK(!text_equal(cookie_of(ann, "cardea"), cookie)); /* SESS-05 */
    CHECK_NUM(get(ann, "/account/security")->status, 200);
    CHECK_NUM(get(thief, "/v1/auth/me")->status, 401);
    CHECK_NUM(get(other, "/v1/auth/me")->status, 401);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 1);
    CHECK_NUM(mail_count(w, ANN, "passkey_removed"), 1);
    CHECK(has_audit(w, "passkey.removed"));
    check_refused(use_passkey(thief, key, "{}", SYNCED), 401, REFUSED);
}

TEST_IN_WORLD(a_challenge_outlives_no_passkey)
{
    struct client *ann = signed_in(w, ANN), *c = client(w);
    struct soft_credential *key = own_passkey(ann);
    struct soft_answer said = answer_to(key, ask_passkey(c, "{}"));
    said.flags = SYNCED;
    CHECK_NUM(remove_passkey(ann, id_of(ann, 0))->status, 204);
    check_refused(give_passkey(c, key, &said), 401, REFUSED);
}

TEST_IN_WORLD(RST_05_a_reset_leaves_passkeys)
{
    struct soft_credential *key = own_passkey(signed_in(w, ANN));
    CHECK_NUM(reset(client(w), reset_token(w, ANN), "another walnut chair")->status, 200);
    CHECK_NUM(use_passkey(client(w), key, "{}", SYNCED)->status, 200);
}

TEST_IN_WORLD(passkeys_have_names)
{
    struct client *ann = signed_in(w, ANN);
    (void)own_passkey(ann);
    const char *id = id_of(ann, 0);
    struct reply *r = rename_passkey(ann, id, "Työavain 🔑");
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "name"), "Työavain 🔑");
    CHECK_TEXT(text_of(get(ann, "/v1/auth/passkeys"), "data.0.name"), "Työavain 🔑");
    CHECK(has_audit(w, "passkey.renamed"));
    static const char *const bad[] = { "", "   ", "a\nb", "a\x7f" };
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_NUM(rename_passkey(ann, id, bad[i])->status, 422);
    CHECK_NUM(post(ann, REGISTER "begin", json("name", "a\tb", NULL))->status, 422);
}

TEST_IN_WORLD(an_account_holds_twenty)
{
    struct client *ann = signed_in(w, ANN);
    struct soft_credential *late = soft_credential_new(-7);
    struct soft_answer said = answer_to(late, post(ann, REGISTER "begin", "{}"));
    for (int i = 0; i < 20; i++) {
        if (i % 5 == 0)
            wait_for(MINUTE);
        (void)own_passkey(ann);
    }
    wait_for(MINUTE);
    check_refused(post(ann, REGISTER "begin", "{}"), 409, "too_many_passkeys");
    check_refused(post(ann, REGISTER "finish", soft_registration(test_arena(), late, &said)), 409,
                  "too_many_passkeys");
    CHECK_NUM(count_of(w, "SELECT count(*) FROM passkey"), 20);
}

/* --- pages --- */

TEST_IN_WORLD(the_pages_of_passkeys)
{
    struct client *ann = client(w);
    person(w, ANN, PASSWORD);
    struct client *api = client(w);
    CHECK_NUM(login(api, ANN, PASSWORD)->status, 200);
    (void)own_passkey(api);
    CHECK_NUM(rename_passkey(api, id_of(api, 0), "<b>Key & co</b>")->status, 200);
    struct reply *r = get(ann, "/login");
    CHECK(strstr(r->body, "autocomplete=\"username webauthn\"") != NULL);
    CHECK(strstr(r->body, "data-passkey=\"sign_in\"") && strstr(r->body, "/static/passkey.js"));
    CHECK_NUM(login_page(ann, ANN, PASSWORD)->status, 303);
    r = get(ann, "/account/security");
    CHECK(strstr(r->body, "&lt;b&gt;Key &amp; co&lt;/b&gt;") != NULL);
    CHECK_NUM(get(ann, "/account/passkeys/new")->status, 200);
    const char *path = text_format(test_arena(), "/account/passkey/%s", id_of(ann, 0));
    CHECK_NUM(get(ann, path)->status, 200);
    r = post_form(ann, "/account/passkeys/rename",
                  text_format(test_arena(), "id=%s&name=", id_of(ann, 0)));
    CHECK_NUM(r->status, 422);
    CHECK(strstr(r->body, "aria-invalid") != NULL);
    r = post_form(ann, "/account/passkeys/rename",
                  text_format(test_arena(), "id=%s&name=Desk", id_of(ann, 0)));
    CHECK_TEXT(header_of(r, "location"), "/account/security?done=passkey_renamed");
    CHECK(strstr(get(ann, "/account/security?done=passkey_renamed")->body, "Desk") != NULL);

    wait_for(11 * MINUTE);
    CHECK_TEXT(header_of(get(ann, "/account/passkeys/new"), "location"),
               "/reauth?next=/account/passkeys/new");
    CHECK(strstr(get(ann, "/reauth")->body, "data-passkey=\"reauth\"") != NULL);
    r = post_form(ann, "/account/passkeys/remove",
                  text_format(test_arena(), "id=%s", id_of(ann, 0)));
    CHECK_TEXT(header_of(r, "location"), "/reauth?next=/account/security");
    CHECK_NUM(count_of(w, "SELECT count(*) FROM passkey"), 1);
}

TEST_IN_WORLD(password_managers_find_the_pages)
{
    struct reply *r = get(client(w), "/.well-known/passkey-endpoints");
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "enroll"), OUR_ORIGIN "/account/passkeys/new");
    CHECK_TEXT(text_of(r, "manage"), OUR_ORIGIN "/account/security");
    CHECK(strstr(header_of(r, "permissions-policy"), "publickey-credentials-get=(self)") != NULL);
}
