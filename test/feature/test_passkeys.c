/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passkeys: registering, signing in alone, as the second step and as a fresh proof, names and
 * removing; and what must not work.
 */
#include "passkeys.h"

#include "account/passkey.h"
#include "base/clock.h"
#include "service/setting.h"
#include "two_step.h"

#include <stdio.h>
#include <string.h>

#define REFUSED "passkey_refused"
#define EXPIRED "challenge_expired"

static void check_refused(const struct reply *r, int status, const char *code)
{
    CHECK_NUM(r->status, status);
    CHECK_TEXT(text_of(r, "code"), code);
}

/* --- the whole way --- */

TEST_IN_WORLD(a_passkey_is_registered_and_opens_the_account)
{
    struct client *ann = signed_in(w, ANN), *phone = client(w);
    struct soft_credential *key = soft_credential_new(-7);
    struct reply *r = add_passkey(ann, key, SYNCED);
    CHECK_NUM(r->status, 201);
    CHECK(text_starts(text_of(r, "id"), "pky_"));
    CHECK(strstr(r->body, "\"signs_in\":true,\"backup_eligible\":true,\"backed_up\":true"));
    CHECK(strstr(r->body, "\"transports\":[\"hybrid\",\"internal\"]"));
    CHECK(has_audit(w, "passkey.added"));
    const struct mail *m = mailed(w, ANN, "passkey_added");
    REQUIRE(m);
    CHECK(strstr(m->text, text_of(r, "name")) != NULL);

    wait_for(HOUR);
    r = use_passkey(phone, key, "{}", SYNCED);
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "user.email"), ANN);
    CHECK_TEXT(text_of(r, "token_type"), "Bearer");
    r = get(phone, "/v1/auth/me");
    CHECK_TEXT(text_of(r, "session.acr"), "aal2");
    CHECK(strstr(r->body, "\"amr\":[\"swk\",\"mfa\"]") != NULL);
    r = get(phone, "/v1/auth/passkeys");
    CHECK(text_of(r, "data.0.last_used_at") != NULL);
    CHECK(!strstr(r->body, "public_key") && !strstr(r->body, "credential"));
}

TEST_IN_WORLD(every_algorithm_that_is_offered_works)
{
    static const int algorithms[] = { -7, -8, -257 };
    struct client *ann = signed_in(w, ANN);
    for (size_t i = 0; i < COUNT(algorithms); i++) {
        struct soft_credential *key = soft_credential_new(algorithms[i]);
        CHECK_NUM(add_passkey(ann, key, ON_DEVICE)->status, 201);
        struct client *c = client(w);
        CHECK_NUM(use_passkey(c, key, "{}", ON_DEVICE)->status, 200);
        CHECK(strstr(get(c, "/v1/auth/me")->body, "\"amr\":[\"hwk\",\"mfa\"]") != NULL);
    }
    CHECK_NUM(count_of(w, "SELECT count(*) FROM passkey WHERE last_used_at > 0"), 3);
}

TEST_IN_WORLD(creation_options_are_what_browsers_take)
{
    struct client *ann = signed_in(w, ANN);
    struct reply *r = post(ann, REGISTER "begin", json("name", "Blue key", NULL));
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "rp.id"), "localhost");
    CHECK(!text_is_empty(text_of(r, "rp.name")));
    CHECK_TEXT(text_of(r, "user.name"), ANN);
    CHECK_NUM(strlen(text_of(r, "user.id")), 43); /* 32 bytes that say nothing */
    CHECK(!strstr(r->body, "usr_"));
    CHECK(text_starts(text_of(r, "challenge"), "d2FjX")); /* "wac_" */
    CHECK(strstr(r->body, "\"pubKeyCredParams\":[{\"type\":\"public-key\",\"alg\":-7},"
                          "{\"type\":\"public-key\",\"alg\":-8},"
                          "{\"type\":\"public-key\",\"alg\":-257}]"));
    CHECK_TEXT(text_of(r, "attestation"), "none");
    CHECK_TEXT(text_of(r, "authenticatorSelection.residentKey"), "preferred");
    CHECK_TEXT(text_of(r, "authenticatorSelection.userVerification"), "preferred");
    CHECK(strstr(r->body, "\"excludeCredentials\":[]") && strstr(r->body, "\"hints\":[]"));
    CHECK_NUM(num_of(r, "timeout"), 600'000);

    struct soft_credential *key = soft_credential_new(-7);
    struct soft_answer said = answer_to(key, r);
    r = post(ann, REGISTER "finish", soft_registration(test_arena(), key, &said));
    CHECK_TEXT(text_of(r, "name"), "Blue key"); /* as it was called at the beginning */
    struct soft_credential *other = soft_credential_new(-7);
    said = answer_to(other, post(ann, REGISTER "begin", "{}"));
    said.aaguid = MEM("\xd5\x48\x82\x6e\x79\xb4\xdb\x40\xa3\xd8\x11\x11\x6f\x7e\x83\x49", 16);
    r = post(ann, REGISTER "finish", soft_registration(test_arena(), other, &said));
    CHECK_TEXT(text_of(r, "name"), "Bitwarden");
    r = post(ann, REGISTER "begin", "{}");
    CHECK(text_of(r, "excludeCredentials.0.id") != NULL);
    CHECK_TEXT(text_of(r, "excludeCredentials.0.transports.0"), "hybrid");
    CHECK_TEXT(text_of(r, "excludeCredentials.0.type"), "public-key");
}

TEST_IN_WORLD(request_options_are_what_browsers_take)
{
    struct client *ann = signed_in(w, ANN);
    (void)own_passkey(ann);
    struct reply *r = ask_passkey(client(w), "{}");
    CHECK_TEXT(text_of(r, "rpId"), "localhost");
    CHECK_TEXT(text_of(r, "userVerification"), "required");
    CHECK(strstr(r->body, "\"allowCredentials\":[]") != NULL);
    r = ask_passkey(ann, "{\"reauth\":true}");
    CHECK_TEXT(text_of(r, "userVerification"), "required");
    CHECK(text_of(r, "allowCredentials.0.id") != NULL);
}

/* The handle does not change, so an authenticator knows that two of its keys are one account's. */
TEST_IN_WORLD(an_account_has_one_user_handle)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    const char *first = text_of(post(ann, REGISTER "begin", "{}"), "user.id");
    wait_for(MINUTE);
    CHECK_TEXT(text_of(post(ann, REGISTER "begin", "{}"), "user.id"), first);
    CHECK(!text_equal(text_of(post(ben, REGISTER "begin", "{}"), "user.id"), first));
}

TEST_IN_WORLD(a_passkey_sets_the_cookie_when_asked)
{
    struct soft_credential *key = own_passkey(signed_in(w, ANN));
    struct client *c = client(w);
    struct soft_answer said = answer_to(key, ask_passkey(c, "{}"));
    said.flags = SYNCED;
    said.json_extra = ",\"cookie\":true";
    struct reply *r = give_passkey(c, key, &said);
    CHECK_NUM(r->status, 200);
    CHECK(text_of(r, "csrf_token") != NULL);
    CHECK(cookie_of(c, "cardea") != NULL);
    c->bearer = NULL;
    CHECK_NUM(get(c, "/account/security")->status, 200);
}

/* --- WA-03: a challenge serves once, for what and where it was given --- */

TEST_IN_WORLD(WA_03_a_challenge_is_answered_once)
{
    struct client *ann = signed_in(w, ANN), *c = client(w);
    struct soft_credential *key = own_passkey(ann), *other = soft_credential_new(-7);
    struct soft_answer said = answer_to(key, ask_passkey(c, "{}"));
    said.flags = SYNCED;
    CHECK_NUM(give_passkey(c, key, &said)->status, 200);
    check_refused(give_passkey(c, key, &said), 410, EXPIRED); /* replayed after success */

    said = answer_to(key, ask_passkey(c, "{}"));
    said.flags = SYNCED;
    said.origin = "https://evil.example";
    check_refused(give_passkey(c, key, &said), 401, REFUSED);
    said.origin = OUR_ORIGIN;
    check_refused(give_passkey(c, key, &said), 410, EXPIRED); /* after failure */

    said = answer_to(other, post(ann, REGISTER "begin", "{}"));
    said.rp_id = "evil.example";
    check_refused(post(ann, REGISTER "finish", soft_registration(test_arena(), other, &said)), 422,
                  "passkey_unusable");
    said.rp_id = NULL;
    check_refused(post(ann, REGISTER "finish", soft_registration(test_arena(), other, &said)), 410,
                  EXPIRED);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM ceremony"), 0);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM passkey"), 1);
}

/* WA-02: other addresses of the house and its apps, when it names them, and only these. */
TEST_IN_WORLD(WA_02_origins_that_the_house_names_are_taken)
{
    static const char app[] = "android:apk-key-hash:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
    static const char *const other[] = {
        "android:apk-key-hash:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFV",
        "android:apk-key-hash:",
        "https://app.example.org:8443",
        "https://app.example.or",
        "",
    };
    struct client *ann = signed_in(w, ANN), *c = client(w);
    struct soft_credential *key = own_passkey(ann);
    struct soft_answer said = answer_to(key, ask_passkey(c, "{}"));
    said.flags = SYNCED;
    said.origin = app;
    check_refused(give_passkey(c, key, &said), 401, REFUSED); /* not named yet */
    CHECK_OK(setting_override(SETTING_PASSKEY_ORIGINS,
                              text_format(test_arena(), "https://app.example.org, %s", app)));
    const char *const named[] = { app, "https://app.example.org", OUR_ORIGIN };
    for (size_t i = 0; i < COUNT(named) + COUNT(other); i++) {
        bool is_named = i < COUNT(named);
        said = answer_to(key, ask_passkey(c, "{}"));
        said.flags = SYNCED;
        said.origin = is_named ? named[i] : other[i - COUNT(named)];
        CHECK_NUM(give_passkey(c, key, &said)->status, is_named ? 200 : 401);
    }
    CHECK_OK(setting_override(SETTING_PASSKEY_ORIGINS, ""));
}

TEST_IN_WORLD(WA_03_a_challenge_expires)
{
    struct client *ann = signed_in(w, ANN);
    struct soft_credential *key = own_passkey(ann);
    struct soft_answer said = answer_to(key, ask_passkey(ann, "{}"));
    said.flags = SYNCED;
    wait_for(10 * MINUTE);
    check_refused(give_passkey(client(w), key, &said), 410, EXPIRED);
    said = answer_to(key, ask_passkey(client(w), "{}"));
    said.flags = SYNCED;
    wait_for(10 * MINUTE - SECOND);
    CHECK_NUM(give_passkey(client(w), key, &said)->status, 200);
    wait_for(2 * HOUR);
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM ceremony"), 0);
}

/* Every kind of challenge at every door and place that it was not given for; and it is gone then.
 */
TEST_IN_WORLD(WA_03_a_challenge_serves_its_purpose_and_place_only)
{
    struct client *ann = signed_in(w, ANN), *elsewhere = client(w), *again = client(w);
    struct soft_credential *key = own_passkey(ann);
    CHECK_NUM(login(again, ANN, PASSWORD)->status, 200);
    elsewhere->user_agent = "curl/8.5";
    const struct {
        const char *what;
        struct client *asks, *answers;
        const char *begin, *body;
    } cases[] = {
        { "another program", client(w), elsewhere, SIGN_IN "begin", "{}" },
        { "another session of hers", ann, again, SIGN_IN "begin", "{\"reauth\":true}" },
        { "signed out", ann, client(w), SIGN_IN "begin", "{\"reauth\":true}" },
        { "a registration", ann, ann, REGISTER "begin", "{}" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct soft_answer said =
            answer_to(key, post(cases[i].asks, cases[i].begin, cases[i].body));
        said.flags = SYNCED;
        struct reply *r = give_passkey(cases[i].answers, key, &said);
        if (r->status != 401 || !text_equal(text_of(r, "code"), REFUSED))
            test_fail(__FILE__, __LINE__, "%s: %d %s", cases[i].what, r->status, r->body);
        check_refused(give_passkey(cases[i].asks, key, &said), 410, EXPIRED);
    }
    const char *const sign_ins[] = { "{}", "{\"reauth\":true}" };
    for (size_t i = 0; i < COUNT(sign_ins); i++) { /* for signing in, at the door to register */
        struct soft_credential *new = soft_credential_new(-7);
        struct soft_answer said = answer_to(new, ask_passkey(ann, sign_ins[i]));
        check_refused(post(ann, REGISTER "finish", soft_registration(test_arena(), new, &said)),
                      422, "passkey_unusable");
    }
    struct soft_credential *new = soft_credential_new(-7);
    struct soft_answer said = answer_to(new, post(ann, REGISTER "begin", "{}"));
    check_refused(post(again, REGISTER "finish", soft_registration(test_arena(), new, &said)), 422,
                  "passkey_unusable"); /* in another session of hers */
    CHECK_NUM(count_of(w, "SELECT count(*) FROM passkey"), 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM ceremony"), 0);
}

/* The challenge with one character of its text changed, behind the row's id or in it. */
static const char *with_another(const char *challenge, size_t at)
{
    char text[100] = "", *changed = arena_alloc(test_arena(), 200);
    size_t n = 0;
    CHECK(base64url_parse(challenge, strlen(challenge), (uint8_t *)text, &n) && at < n);
    text[at] = text[at] == 'a' ? 'b' : 'a';
    base64url_format(MEM(text, n), changed);
    return changed;
}

TEST_IN_WORLD(TOK_03_only_the_very_challenge_counts)
{
    struct soft_credential *key = own_passkey(signed_in(w, ANN));
    struct client *c = client(w);
    const char *good = text_of(ask_passkey(c, "{}"), "challenge");
    size_t n = strlen(good);
    const char *const wrong[] = {
        "",
        "bm9uZQ",
        text_format(test_arena(), "%.*s", (int)n - 1, good),
        text_format(test_arena(), "%sA", good),
        text_format(test_arena(), "%s=", good),
        text_format(test_arena(), "%c%s", good[0] == 'd' ? 'e' : 'd', good + 1),
        text_format(test_arena(), "%.*s%s", (int)n - 3, good,
                    text_equal(good + n - 3, "AAA") ? "BBB" : "AAA"),
        with_another(good, 0),
        with_another(good, 20), /* another row */
        with_another(good, 30), /* the row's secret, from its first character */
        with_another(good, 50),
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct soft_answer said = soft_answer(OUR_ORIGIN, "localhost", wrong[i]);
        said.flags = SYNCED;
        check_refused(give_passkey(c, key, &said), 410, EXPIRED);
    }
    struct soft_answer said = soft_answer(OUR_ORIGIN, "localhost", good);
    said.flags = SYNCED;
    CHECK_NUM(give_passkey(c, key, &said)->status, 200);
}

/* --- what an answer must be like --- */

TEST_IN_WORLD(a_wrong_answer_opens_nothing)
{
    struct soft_credential *key = own_passkey(signed_in(w, ANN)),
                           *unknown = soft_credential_new(-7);
    struct client *c = client(w);
    for (int i = 0; i < 9; i++) {
        struct soft_answer said = answer_to(key, ask_passkey(c, "{}"));
        said.flags = SYNCED;
        switch (i) {
        case 0: said.flags = SYNCED & ~SOFT_UV; break; /* WA-05 */
        case 1: said.flags = SYNCED & ~SOFT_UP; break;
        case 2: said.flags = ON_DEVICE; break;                /* backup eligibility changed */
        case 3: said.origin = "http://localhost:8081"; break; /* WA-02 */
        case 4: said.cross_origin = "true"; break;
        case 5: said.user_handle = ""; break; /* nobody named: 7.2 step 6 */
        case 6: said.type = "webauthn.create"; break;
        case 7: said.signature = MEM("", 0); break; /* WA-11 */
        default: said.rp_id = "example.org";        /* WA-04 */
        }
        check_refused(give_passkey(c, key, &said), 401, REFUSED);
    }
    struct soft_answer said = answer_to(key, ask_passkey(c, "{}"));
    check_refused(give_passkey(c, unknown, &said), 401, REFUSED);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM audit WHERE event = 'login.failed'"), 10);
}

TEST_IN_WORLD(WA_08_each_passkey_is_its_owners)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN), *c = client(w);
    struct soft_credential *hers = own_passkey(ann), *his = own_passkey(ben);

    /* Her key with his user handle. */
    struct soft_answer said = answer_to(hers, ask_passkey(c, "{}"));
    said.flags = SYNCED;
    char handle[100];
    base64url_format(MEM(his->user_handle, his->user_handle_n), handle);
    said.user_handle = handle;
    check_refused(give_passkey(c, hers, &said), 401, REFUSED);

    /* Her key signs, his is named. */
    said = answer_to(hers, ask_passkey(c, "{}"));
    said.flags = SYNCED;
    char id[100];
    base64url_format(soft_credential_id(his), id);
    said.json_id = said.json_raw_id = id;
    said.user_handle = handle;
    check_refused(give_passkey(c, hers, &said), 401, REFUSED);

    /* Her key in his flow. */
    said = answer_to(hers, ask_passkey(ben, "{\"reauth\":true}"));
    said.flags = SYNCED;
    check_refused(give_passkey(ben, hers, &said), 401, REFUSED);

    /* id and rawId differ: refused, and the challenge is gone. */
    said = answer_to(hers, ask_passkey(c, "{}"));
    said.flags = SYNCED;
    said.json_id = id;
    check_refused(give_passkey(c, hers, &said), 401, REFUSED);
    said.json_id = NULL;
    check_refused(give_passkey(c, hers, &said), 410, EXPIRED);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 2);
}

TEST_IN_WORLD(WA_06_a_counter_has_to_rise)
{
    struct client *ann = signed_in(w, ANN), *c = client(w);
    struct soft_credential *key = soft_credential_new(-7);
    struct soft_answer said = answer_to(key, post(ann, REGISTER "begin", "{}"));
    said.sign_count = 7;
    CHECK_NUM(post(ann, REGISTER "finish", soft_registration(test_arena(), key, &said))->status,
              201);
    static const struct {
        uint32_t count;
        int status;
    } uses[] = {
        { 8, 200 }, { 8, 401 }, { 7, 401 }, { 0, 401 }, { 9, 200 }, { 4'294'967'295, 200 }
    };
    for (size_t i = 0; i < COUNT(uses); i++) {
        said = answer_to(key, ask_passkey(c, "{}"));
        said.sign_count = uses[i].count;
        CHECK_NUM(give_passkey(c, key, &said)->status, uses[i].status);
    }
    CHECK_NUM(count_of(w, "SELECT count(*) FROM audit WHERE event = 'passkey.suspect'"), 3);
    CHECK_NUM(mail_count(w, ANN, "passkey_suspect"), 1); /* once a day */
    CHECK(text_of(get(ann, "/v1/auth/passkeys"), "data.0.suspect_at") != NULL);
    wait_for(DAY);
    said = answer_to(key, ask_passkey(c, "{}"));
    said.sign_count = 3;
    CHECK_NUM(give_passkey(c, key, &said)->status, 401);
    CHECK_NUM(mail_count(w, ANN, "passkey_suspect"), 2);
}

/* A key that did not verify its user when it was registered could get a PIN from whoever finds it.
 */
TEST_IN_WORLD(a_plain_security_key_is_a_second_step_only)
{
    struct app app = two_step(w, ANN);
    struct soft_credential *key = soft_credential_new(-7);
    struct reply *r = add_passkey(app.owner, key, SOFT_UP);
    CHECK_NUM(r->status, 201);
    CHECK(strstr(r->body, "\"signs_in\":false") != NULL);

    check_refused(use_passkey(client(w), key, "{}", SOFT_UP), 401, REFUSED);
    check_refused(use_passkey(client(w), key, "{}", SOFT_UP | SOFT_UV), 401, REFUSED);
    check_refused(ask_passkey(app.owner, "{\"reauth\":true}"), 401, REFUSED); /* has none for it */

    struct client *c = client(w);
    const char *handle = first_step(c, ANN);
    struct soft_answer said = answer_to(key, ask_passkey(c, json("pending_token", handle, NULL)));
    said.flags = SOFT_UP;
    said.json_extra = text_format(test_arena(), ",\"pending_token\":\"%s\"", handle);
    CHECK_NUM(give_passkey(c, key, &said)->status, 200);
    CHECK(strstr(get(c, "/v1/auth/me")->body, "\"amr\":[\"pwd\",\"hwk\",\"mfa\"]") != NULL);
}

TEST_IN_WORLD(a_key_that_is_not_discoverable_is_said_to_be_so)
{
    struct client *ann = signed_in(w, ANN);
    struct soft_credential *key = soft_credential_new(-7);
    struct soft_answer said = answer_to(key, post(ann, REGISTER "begin", "{}"));
    const char *body = soft_registration(test_arena(), key, &said);
    const char *empty = "\"clientExtensionResults\":{}";
    const char *at = strstr(body, empty);
    REQUIRE(at);
    body =
        text_format(test_arena(), "%.*s\"clientExtensionResults\":{\"credProps\":{\"rk\":false}}%s",
                    (int)(at - body), body, at + strlen(empty));
    struct reply *r = post(ann, REGISTER "finish", body);
    CHECK_NUM(r->status, 201);
    CHECK(strstr(r->body, "\"signs_in\":false") != NULL);
}

/* --- WA-09: a credential is registered once --- */

TEST_IN_WORLD(WA_09_a_credential_belongs_to_one_account)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    struct soft_credential *key = own_passkey(ann);
    check_refused(add_passkey(ann, key, SYNCED), 409, "passkey_known");
    check_refused(add_passkey(ben, key, SYNCED), 409, "passkey_known");
    CHECK_NUM(count_of(w, "SELECT count(*) FROM passkey"), 1);
    CHECK_NUM(mail_count(w, BEN, "passkey_added"), 0);

    struct soft_credential *long_id = soft_credential_new(-7);
    for (int n = 1023; n <= 1024; n++) {
        struct soft_answer said = answer_to(long_id, post(ann, REGISTER "begin", "{}"));
        uint8_t bytes[1024] = { 1, 2, 3 };
        char text[1400];
        said.id = MEM(bytes, (size_t)n);
        base64url_format(said.id, text);
        said.json_id = said.json_raw_id = text;
        struct reply *r =
            post(ann, REGISTER "finish", soft_registration(test_arena(), long_id, &said));
        CHECK_NUM(r->status, n == 1023 ? 201 : 422);
    }
}

enum { CROWD = 64, PEOPLE = 4 };

struct throng {
    struct world *w;
    struct client *clients[PEOPLE];
    struct soft_credential *key;
    const char *bodies[CROWD];
    int status[CROWD];
};

static void finish_once(void *arg, int i)
{
    struct throng *throng = arg;
    struct client c = *throng->clients[i % PEOPLE]; /* a copy: replies change clients */
    throng->status[i] = post(&c, REGISTER "finish", throng->bodies[i])->status;
}

/* Each with a challenge of its own, all for one credential, from several accounts. */
TEST_IN_WORLD(WA_09_of_many_at_once_one_registers)
{
    struct throng throng = { .w = w };
    struct soft_credential *key = soft_credential_new(-7);
    int added = 0;
    for (int i = 0; i < PEOPLE; i++)
        throng.clients[i] = signed_in(w, text_format(test_arena(), "p%d@example.org", i));
    for (int i = 0; i < CROWD; i++) {
        struct client *c = throng.clients[i % PEOPLE];
        struct soft_answer said = answer_to(key, post(c, REGISTER "begin", "{}"));
        throng.bodies[i] = soft_registration(test_arena(), key, &said);
    }
    crowd(CROWD, finish_once, &throng);
    for (int i = 0; i < CROWD; i++) {
        added += throng.status[i] == 201;
        if (throng.status[i] != 201 && throng.status[i] != 409)
            test_fail(__FILE__, __LINE__, "somebody got %d", throng.status[i]);
    }
    CHECK_NUM(added, 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM passkey"), 1);
}

static void sign_in_once(void *arg, int i)
{
    struct throng *throng = arg;
    struct client *c = client(throng->w);
    c->ip = text_format(test_arena(), "192.0.2.%d", i + 1); /* each within its limit */
    throng->status[i] = post(c, SIGN_IN "finish", throng->bodies[0])->status;
}

TEST_IN_WORLD(RACE_01_a_challenge_has_one_winner)
{
    struct soft_credential *key = own_passkey(signed_in(w, ANN));
    for (int round = 1; round <= 3; round++) {
        struct throng throng = { .w = w };
        int winners = 0;
        struct soft_answer said = answer_to(key, ask_passkey(client(w), "{}"));
        said.flags = SYNCED;
        throng.bodies[0] = soft_assertion(test_arena(), key, &said);
        crowd(CROWD, sign_in_once, &throng);
        for (int i = 0; i < CROWD; i++) {
            winners += throng.status[i] == 200;
            if (throng.status[i] != 200 && throng.status[i] != 410)
                test_fail(__FILE__, __LINE__, "somebody got %d", throng.status[i]);
        }
        CHECK_NUM(winners, 1);
        CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 1 + round);
    }
}

static void count_once(void *arg, int i)
{
    struct throng *throng = arg;
    struct client *c = client(throng->w);
    c->ip = text_format(test_arena(), "192.0.2.%d", i + 1);
    throng->status[i] = post(c, SIGN_IN "finish", throng->bodies[i])->status;
}

/* Copies of a key that all count on from the same number: one is let in (7.2 step 22). */
TEST_IN_WORLD(RACE_01_a_counter_has_one_winner)
{
    struct soft_credential *key = own_passkey(signed_in(w, ANN));
    struct throng throng = { .w = w };
    int winners = 0;
    for (int i = 0; i < CROWD; i++) {
        struct soft_answer said = answer_to(key, ask_passkey(client(w), "{}"));
        said.flags = SYNCED;
        said.sign_count = 5;
        throng.bodies[i] = soft_assertion(test_arena(), key, &said);
    }
    crowd(CROWD, count_once, &throng);
    for (int i = 0; i < CROWD; i++)
        winners += throng.status[i] == 200;
    CHECK_NUM(winners, 1);
    CHECK_NUM(mail_count(w, ANN, "passkey_suspect"), 1);
}
