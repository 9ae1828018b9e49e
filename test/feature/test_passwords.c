/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PW: passwords are taken exactly as typed, judged locally, never truncated, and a stored hash that
 * somebody tampered with costs nothing and opens nothing. CRY-06: hashes follow the setting.
 */
#include "attack.h"

#include "base/clock.h"
#include "sample.h"
#include "service/hashing.h"
#include "service/setting.h"

#include <stdio.h>
#include <string.h>

static struct reply *try_register(struct world *w, const char *password)
{
    return post(client(w), "/v1/auth/register", json("email", ANN, "password", password, NULL));
}

/* The code of the first field error, or "accepted". */
static const char *judged(struct world *w, const char *password)
{
    struct reply *r = try_register(w, password);
    const struct json_value *errors = json_find(&r->json, "errors");
    if (r->status == 202)
        return "accepted";
    CHECK_NUM(r->status, 422);
    return errors && errors->count ? json_find_text(&errors->items[0], "code") : "refused";
}

/* Digits and letters nobody guesses; the same for the same n. */
static char *hard_to_guess(size_t n)
{
    static const char alphabet[] = "kQ7xV2mZp9LrT4cW8nBy3HdJ6sFgA5eu";
    char *out = arena_alloc(test_arena(), n + 1);
    uint32_t state = 12345;
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525 + 1013904223;
        out[i] = alphabet[state >> 27];
    }
    return out;
}

static void change_password(struct world *w, const char *password)
{
    CHECK_NUM(reset(client(w), reset_token(w, ANN), password)->status, 200);
}

/* --- length --- */

TEST_IN_WORLD(PW_01_the_minimum_counts_code_points)
{
    CHECK_TEXT(judged(w, hard_to_guess(11)), "password_too_short");
    CHECK_TEXT(judged(w, hard_to_guess(12)), "accepted");
    CHECK_OK(setting_override(SETTING_PASSWORD_MIN_LENGTH, "15"));
    CHECK_TEXT(judged(w, hard_to_guess(14)), "password_too_short");
    CHECK_TEXT(judged(w, hard_to_guess(15)), "accepted");
    /* 14 and 15 code points of four bytes each */
    CHECK_TEXT(judged(w, "🐘🦒🐢🦋🐙🦀🐝🦉🐳🦔🐌🦎🐊🦚"),
               "password_too_short");
    CHECK_TEXT(judged(w, "🐘🦒🐢🦋🐙🦀🐝🦉🐳🦔🐌🦎🐊🦚🦢"),
               "accepted");
    CHECK_OK(setting_override(SETTING_PASSWORD_MIN_LENGTH, "8"));
    CHECK_TEXT(judged(w, hard_to_guess(7)), "password_too_short");
    CHECK_TEXT(judged(w, hard_to_guess(8)), "accepted");
}

TEST_IN_WORLD(PW_01_long_passwords_are_taken_whole)
{
    static const size_t lengths[] = { 64, 72, 73, 128, 129, 255, 256, 1023, 1024 };
    person(w, ANN, PASSWORD);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        char *password = hard_to_guess(lengths[i]), *shorter = hard_to_guess(lengths[i] - 1);
        wait_for(MINUTE);
        change_password(w, password);
        CHECK_NUM(login(client(w), ANN, password)->status, 200);
        CHECK_NUM(login(client(w), ANN, shorter)->status, 401);
        password[lengths[i] - 1] ^= 1;
        CHECK_NUM(login(client(w), ANN, password)->status, 401);
    }
}

TEST_IN_WORLD(PW_01_above_the_cap_is_refused_before_any_hash)
{
    int64_t before, after, ns;
    person(w, ANN, PASSWORD);
    const char *token = reset_token(w, ANN), *phc = password_of(w, ANN);
    struct client *ann = client(w);
    CHECK_NUM(login(ann, ANN, PASSWORD)->status, 200);
    hashing_figures(&before, &ns);
    CHECK_TEXT(judged(w, hard_to_guess(1025)), "password_too_long");
    CHECK_TEXT(judged(w, hard_to_guess(20000)), "password_too_long");
    CHECK_NUM(reset(client(w), token, hard_to_guess(1025))->status, 422);
    CHECK_NUM(login(client(w), ANN, hard_to_guess(1025))->status, 422);
    CHECK_NUM(post(ann, "/v1/auth/password/change",
                   json("current_password", hard_to_guess(1025), "password", PASSWORD, NULL))
                  ->status,
              422);
    hashing_figures(&after, &ns);
    CHECK_NUM(after, before);
    CHECK_TEXT(password_of(w, ANN), phc);
    CHECK_NUM(reset(client(w), token, "a chair of cherry wood")->status, 200); /* still good */
}

TEST_IN_WORLD(PW_01_a_nul_is_refused_and_never_ends_a_password)
{
    person(w, ANN, PASSWORD);
    const char *bodies[] = { "{\"email\":\"" ANN "\",\"password\":\"" PASSWORD "\\u0000b\"}",
                             "{\"email\":\"" ANN "\",\"password\":\"" PASSWORD "\\u0000c\"}" };
    for (size_t i = 0; i < COUNT(bodies); i++) {
        CHECK_NUM(post(client(w), "/v1/auth/login", bodies[i])->status, 400);
        CHECK_NUM(post(client(w), "/v1/auth/register", bodies[i])->status, 400);
    }
    struct client *c = client(w);
    (void)get(c, "/login");
    CHECK_NUM(post_form(c, "/login", "email=ann%40example.org&password=a+brand+new+walnut+desk%00b")
                  ->status,
              400);
    /* Nor do lone surrogates or bytes that are no UTF-8 become something else. */
    CHECK_NUM(post(client(w), "/v1/auth/login",
                   "{\"email\":\"" ANN "\",\"password\":\"" PASSWORD "\\ud800\"}")
                  ->status,
              400);
    CHECK_NUM(post(client(w), "/v1/auth/login",
                   "{\"email\":\"" ANN "\",\"password\":\"" PASSWORD "\xC0\xA7\"}")
                  ->status,
              400);
}

/* --- content --- */

TEST_IN_WORLD(PW_02_passwords_are_kept_byte_for_byte)
{
    static const char *const passwords[] = {
        " a brand new walnut desk",           "a brand new walnut desk ",
        "\ta brand\nnew walnut\r\ndesk",      "A BRAND NEW WALNUT DESK",
        "a  brand new walnut desk",           "пароль от старой дачи",
        "クルミの新しい机とチェリー",         "كلمة سر طويلة جدا هنا",
        "zero\u200Bwidth joiner\u200D here",  "right-to-left \u202E override \u2066",
        "\U000E0041 tag, \uE000 private use", "\"quotes\\ and <b>&amp;</b> %41+%00",
        "correct'; DROP TABLE account;--",    "\u00A0no-break\u3000ideographic spaces",
        "bell \x07 and escape \x1B[31m red",
    };
    person(w, ANN, PASSWORD);
    for (size_t i = 0; i < COUNT(passwords); i++) {
        wait_for(MINUTE);
        change_password(w, passwords[i]);
        for (size_t k = 0; k < COUNT(passwords); k++) {
            tamper(w, "DELETE FROM lockout_address", V_NONE);
            CHECK_NUM(login(client(w), ANN, passwords[k])->status, i == k ? 200 : 401);
        }
        CHECK_NUM(login_page(client(w), ANN, passwords[i])->status, 303);
    }
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 401);
}

TEST_IN_WORLD(PW_02_there_are_no_rules_of_composition)
{
    static const char *const good[] = { "kqvxmzplrtcwnbyh", "58201947362094817365",
                                        "XQJZKVWPYGMFBHDC", "walnut desk cherry stool brass" };
    for (size_t i = 0; i < COUNT(good); i++)
        CHECK_TEXT(judged(w, good[i]), "accepted");
    CHECK_TEXT(judged(w, "                    "), "password_too_weak"); /* spaces: as weak as any */
}

TEST_IN_WORLD(PW_03_a_password_is_only_changed_with_the_current_one)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    const char *phc = password_of(w, ANN), *path = "/v1/auth/password/change";
    const char *fresh = "a chair of cherry wood";
    struct reply *r = post(ann, path, json("password", fresh, NULL));
    CHECK_NUM(r->status, 422);
    r = post(ann, path, json("current_password", "", "password", fresh, NULL));
    CHECK_NUM(r->status, 422);
    r = post(ann, path,
             json("current_password", "a quite wrong walnut desk", "password", fresh, NULL));
    CHECK_NUM(r->status, 403);
    CHECK_TEXT(text_of(r, "code"), "password_wrong");
    CHECK(has_audit(w, "password.refused"));
    /* Nobody is named but by the session. */
    r = post(ben, path, json("current_password", PASSWORD, "password", fresh, "email", ANN, NULL));
    CHECK_NUM(r->status, 400);
    r = post(ben, path,
             json("current_password", PASSWORD, "password", fresh, "user_id", account_id_of(w, ANN),
                  NULL));
    CHECK_NUM(r->status, 400);
    r = post(client(w), path, json("current_password", PASSWORD, "password", fresh, NULL));
    CHECK_NUM(r->status, 401);
    CHECK_TEXT(password_of(w, ANN), phc);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
    CHECK_NUM(mail_count(w, ANN, "password_changed"), 0);
}

TEST_IN_WORLD(PW_03_a_password_is_not_changed_from_another_site)
{
    static const char *const sources[] = { "Origin: https://evil.example", "Origin: null",
                                           "Sec-Fetch-Site: cross-site",
                                           "Sec-Fetch-Site: same-site" };
    const char *form = "current_password=a+brand+new+walnut+desk&password=a+chair+of+cherry+wood";
    struct client *ann = client(w);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login_page(ann, ANN, PASSWORD)->status, 303);
    CHECK_NUM(get(ann, "/account/security")->status, 200);
    const char *phc = password_of(w, ANN);
    for (size_t i = 0; i < COUNT(sources); i++) {
        with_header(ann, sources[i]);
        CHECK_NUM(post_form(ann, "/account/password", form)->status, 403);
        CHECK_NUM(
            post(ann, "/v1/auth/password/change",
                 json("current_password", PASSWORD, "password", "a chair of cherry wood", NULL))
                ->status,
            403);
        with_header(ann, NULL);
    }
    CHECK_NUM(call(ann, "POST", "/account/password", form)->status, 403); /* no token */
    CHECK_TEXT(password_of(w, ANN), phc);
    CHECK_NUM(post_form(ann, "/account/password", form)->status, 303);
    CHECK_NUM(login(client(w), ANN, "a chair of cherry wood")->status, 200);
}

TEST_IN_WORLD(PW_04_common_and_personal_passwords_are_refused)
{
    static const struct {
        const char *password, *code;
    } cases[] = {
        { "password", "password_compromised" },
        { "PASSWORD", "password_compromised" },
        { "qwertyuiop", "password_compromised" },
        { "1234567890", "password_compromised" },
        { "aaaaaaaaaaaa", "password_too_weak" },
        { "P4ssw0rd", "password_compromised" },
        { "penelope-longname", "password_compromised" }, /* local part */
        { "PENELOPE-LONGNAME", "password_compromised" },
        { "penelope-longname@example.org", "password_compromised" }, /* address */
        { "Penelope Pitstop", "password_compromised" },              /* name */
        { "penelope pitstop", "password_compromised" },
        { "Longbottom & Sons", "password_compromised" }, /* the service */
        { "longbottom & sons", "password_compromised" },
        { "penelope-longname1", "password_too_weak" },
    };
    CHECK_OK(setting_override(SETTING_PASSWORD_MIN_LENGTH, "8"));
    CHECK_OK(setting_override(SETTING_SERVICE_NAME, "Longbottom & Sons"));
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reply *r = post(client(w), "/v1/auth/register",
                               json("email", "penelope-longname@example.org", "name",
                                    "Penelope Pitstop", "password", cases[i].password, NULL));
        const struct json_value *errors = json_find(&r->json, "errors");
        CHECK_NUM(r->status, 422);
        const char *code = errors && errors->count ? json_find_text(&errors->items[0], "code") : "";
        test_check_text(__FILE__, __LINE__, cases[i].password, code, cases[i].code);
    }
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account"), 0);
}

/* Found in breaches, and no words, patterns or dates that an estimate would see. */
TEST_IN_WORLD(PW_04_what_is_common_in_breaches_is_refused_with_the_reason)
{
    static const char *const common[] = { "ghbdtnrfrltkf", "5532361cnjqrf", "tkgsoo083bsr",
                                          "s8ylpe9jdpvym", "Mod7tygrysow" };
    CHECK_OK(setting_override(SETTING_PASSWORD_MIN_LENGTH, "8"));
    for (size_t i = 0; i < COUNT(common); i++) {
        struct reply *r =
            post(client(w), "/v1/auth/register", json("email", ANN, "password", common[i], NULL));
        CHECK_NUM(r->status, 422);
        CHECK_TEXT(text_of(r, "errors.0.code"), "password_compromised");
        if (!CHECK_TEXT(text_of(r, "errors.0.reasons.0"), "password_common"))
            test_fail(__FILE__, __LINE__, "%s", common[i]);
        CHECK(text_of(r, "errors.0.detail") != NULL);
    }
}

TEST_IN_WORLD(PW_04_the_same_judge_sits_at_every_door)
{
    const char *weak = "ann@example.org1";
    struct client *ann = signed_in(w, ANN);
    const char *token = reset_token(w, ANN), *phc = password_of(w, ANN);
    CHECK_NUM(reset(client(w), token, weak)->status, 422);
    CHECK_NUM(reset(client(w), token, "password")->status, 422);
    CHECK_NUM(post(ann, "/v1/auth/password/change",
                   json("current_password", PASSWORD, "password", weak, NULL))
                  ->status,
              422);
    CHECK_TEXT(password_of(w, ANN), phc);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
}

/* The form and the API give the same reason, in the language of who asks. */
TEST_IN_WORLD(PW_04_the_form_and_the_api_say_the_same_reason)
{
    static const struct {
        const char *password, *reason, *says;
    } cases[] = {
        { "penelope@example.org", "password_email", "eigene Adresse" },
        { "1q2w3e4r5t6y7u", "password_common", "ufigsten" },
        { "abcdefghijklmnop", "password_sequence", "eine Folge" },
        { "aaaaaaaaaaaaaaaa", "password_repeat", "wiederholt" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct client *c = client(w);
        with_header(c, "Accept-Language: de");
        struct reply *r =
            post(c, "/v1/auth/register",
                 json("email", "penelope@example.org", "password", cases[i].password, NULL));
        const struct json_value *errors = json_find(&r->json, "errors");
        CHECK_NUM(r->status, 422);
        REQUIRE(errors && errors->count == 1);
        const char *detail = json_find_text(&errors->items[0], "detail");
        const struct json_value *reasons = json_find(&errors->items[0], "reasons");
        REQUIRE(detail && reasons && reasons->count == 1);
        test_check_text(__FILE__, __LINE__, cases[i].password, reasons->items[0].text,
                        cases[i].reason);
        CHECK(strstr(detail, cases[i].says) != NULL);
        CHECK(strstr(r->body, cases[i].password) == NULL || i == 0);
        (void)get(c, "/register");
        r = post_form(c, "/register",
                      text_format(test_arena(),
                                  "email=penelope%%40example.org&locale=de&password=%s",
                                  cases[i].password));
        CHECK_NUM(r->status, 422);
        CHECK(strstr(r->body, detail) != NULL);
    }
}

TEST_IN_WORLD(PW_04_the_meter_agrees_with_the_form)
{
    static const char *const passwords[] = {
        "short",
        "penelope@example.org",
        "1q2w3e4r5t6y7u",
        "abcdefghijklmnop",
        "walnut walnut walnut",
        "a brand new walnut desk",
        "kqvxmzplrtcwnbyh",
    };
    for (size_t i = 0; i < COUNT(passwords); i++) {
        const char *print = store_print(w);
        const char *body = json("email", "penelope@example.org", "password", passwords[i], NULL);
        struct reply *r = post(client(w), "/v1/auth/password/strength", body);
        REQUIRE(r->status == 200);
        const struct json_value *accepted = json_find(&r->json, "accepted");
        const struct json_value *reasons = json_find(&r->json, "reasons");
        bool is_good = accepted->kind == JSON_IS_TRUE;
        const char *detail = json_find_text(&r->json, "detail");
        CHECK(is_good == (json_find(&r->json, "score")->num >= 3));
        CHECK(is_good == !reasons && is_good == !detail);
        CHECK_TEXT(store_print(w), print);

        struct client *c = client(w);
        (void)get(c, "/register");
        r = post_form(c, "/register",
                      text_format(test_arena(),
                                  "email=penelope%%40example.org&locale=en&password=%s",
                                  form_text(passwords[i])));
        CHECK_NUM(r->status, is_good ? 200 : 422);
        CHECK(is_good || strstr(r->body, detail) != NULL);
    }
}

/* The estimate must not be a way to keep the machine busy. */
TEST_IN_WORLD(PW_04_judging_the_longest_password_is_quick)
{
    static const char *const pieces[] = { "password", "aA1!",     "qwerty",          "19451989",
                                          "zz",       "p4$$w0rd", "\xF0\x9F\x90\x98" };
    for (size_t i = 0; i < COUNT(pieces); i++) {
        struct buf long_one;
        buf_init(&long_one, test_arena(), 1025);
        while (long_one.n + strlen(pieces[i]) <= 1024)
            buf_text(&long_one, pieces[i]);
        int64_t before = clock_monotonic_ns();
        CHECK(try_register(w, long_one.p)->status < 500);
        int64_t ms = (clock_monotonic_ns() - before) / 1'000'000;
        if (ms > 500)
            test_fail(__FILE__, __LINE__, "%s takes %lld ms", pieces[i], (long long)ms);
    }
}

TEST_IN_WORLD(PW_05_composed_and_decomposed_are_two_passwords)
{
    const char *nfc = "caf\u00E9 cr\u00E8me br\u00FBl\u00E9e 7";
    const char *nfd = "cafe\u0301 cre\u0300me bru\u0302le\u0301e 7";
    person(w, ANN, nfc);
    int64_t before = count_of(w, "SELECT count(*) FROM audit WHERE event = 'login.failed'");
    CHECK_NUM(login(client(w), ANN, nfd)->status, 401);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM audit WHERE event = 'login.failed'") - before, 1);
    CHECK_NUM(login(client(w), ANN, nfc)->status, 200);
    /* Compatibility forms likewise: fullwidth letters, the Kelvin sign, a ligature. */
    CHECK_NUM(login(client(w), ANN, "caf\u00E9 cr\u00E8me br\u00FBl\u00E9e \uFF17")->status, 401);
}

/* --- a tampered store --- */

TEST_IN_WORLD(PW_06_a_tampered_hash_costs_little_and_opens_nothing)
{
#define SALT_AND_TAG "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    static const char *const tampered[] = {
        "",
        "$",
        "plaintext",
        "$argon2id$v=19$m=4294967295,t=1,p=1" SALT_AND_TAG,
        "$argon2id$v=19$m=4294967296,t=1,p=1" SALT_AND_TAG,
        "$argon2id$v=19$m=1048577,t=1,p=1" SALT_AND_TAG,
        "$argon2id$v=19$m=64,t=4294967295,p=1" SALT_AND_TAG,
        "$argon2id$v=19$m=64,t=17,p=1" SALT_AND_TAG,
        "$argon2id$v=19$m=64,t=0,p=1" SALT_AND_TAG,
        "$argon2id$v=19$m=0,t=1,p=1" SALT_AND_TAG,
        "$argon2id$v=19$m=64,t=1,p=0" SALT_AND_TAG,
        "$argon2id$v=19$m=64,t=1,p=16777215" SALT_AND_TAG,
        "$argon2id$v=19$m=-64,t=1,p=1" SALT_AND_TAG,
        "$argon2id$v=16$m=64,t=1,p=1" SALT_AND_TAG,
        "$argon2i$v=19$m=64,t=1,p=1" SALT_AND_TAG,
        "$argon2d$v=19$m=64,t=1,p=1" SALT_AND_TAG,
        "$argon2id$v=19$m=64,t=1,p=1$$",
        "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$",
        "$2b$12$abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzab",
    };
    struct client *ann = signed_in(w, ANN);
    for (size_t i = 0; i < COUNT(tampered); i++) {
        tamper(w, "UPDATE account SET password = $1", V(text(tampered[i])));
        tamper(w, "DELETE FROM lockout_address", V_NONE);
        int64_t before = clock_monotonic_ns();
        CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 401);
        CHECK_NUM(login(client(w), ANN, "plaintext")->status, 401);
        CHECK_NUM(
            post(ann, "/v1/auth/password/change",
                 json("current_password", PASSWORD, "password", "a chair of cherry wood", NULL))
                ->status,
            403);
        int64_t ms = (clock_monotonic_ns() - before) / 1'000'000;
        if (ms > 1000)
            test_fail(__FILE__, __LINE__, "%s takes %lld ms", tampered[i], (long long)ms);
        CHECK_TEXT(password_of(w, ANN), tampered[i]);
    }
    /* A huge salt or tag */
    const char *huge = text_format(test_arena(), "$argon2id$v=19$m=64,t=1,p=1$%s$%s",
                                   hard_to_guess(100'000), hard_to_guess(43));
    tamper(w, "UPDATE account SET password = $1", V(text(huge)));
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 401);
    /* The mailbox still opens the account. */
    CHECK_NUM(reset(client(w), reset_token(w, ANN), PASSWORD)->status, 200);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
}

TEST_IN_WORLD(
    PW_06_a_hash_moved_to_another_account_is_no_login_there_unless_it_is_ones_own_password)
{
    person(w, ANN, PASSWORD);
    person(w, BEN, "a chair of cherry wood");
    tamper(w, "UPDATE account SET password = $1 WHERE email_key = $2",
           V(text(password_of(w, ANN)), text(BEN)));
    CHECK_NUM(login(client(w), BEN, "a chair of cherry wood")->status, 401);
}

/* --- renewing hashes --- */

TEST_IN_WORLD(CRY_06_a_sign_in_renews_a_hash_of_another_cost)
{
    person(w, ANN, PASSWORD);
    const char *old = password_of(w, ANN);
    CHECK(strstr(old, "m=64,t=1,p=1") != NULL);
    CHECK_OK(setting_override(SETTING_PASSWORD_HASH, "m=128,t=2,p=1"));
    CHECK_OK(hashing_configure());
    CHECK_NUM(login(client(w), ANN, "a quite wrong walnut desk")->status, 401);
    CHECK_TEXT(password_of(w, ANN), old); /* a wrong password renews nothing */
    tamper(w, "UPDATE account SET locked_at = 1", V_NONE);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 401);
    CHECK_TEXT(password_of(w, ANN), old); /* nor does a locked account */
    tamper(w, "UPDATE account SET locked_at = NULL", V_NONE);
    CHECK(!has_audit(w, "password.rehashed"));

    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
    const char *renewed = password_of(w, ANN);
    CHECK(strstr(renewed, "m=128,t=2,p=1") != NULL);
    CHECK(has_audit(w, "password.rehashed"));
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
    CHECK_TEXT(password_of(w, ANN), renewed); /* once is enough */
    CHECK_NUM(login(client(w), ANN, "a quite wrong walnut desk")->status, 401);

    /* A cheaper setting likewise: what an operator chooses is what is stored. */
    CHECK_OK(setting_override(SETTING_PASSWORD_HASH, "m=64,t=1,p=1"));
    CHECK_OK(hashing_configure());
    CHECK_NUM(login_page(client(w), ANN, PASSWORD)->status, 303);
    CHECK(strstr(password_of(w, ANN), "m=64,t=1,p=1") != NULL);
}

TEST_IN_WORLD(CRY_06_renewing_a_hash_is_not_a_change_of_password)
{
    struct client *ann = signed_in(w, ANN);
    const char *token = reset_token(w, ANN);
    CHECK_OK(setting_override(SETTING_PASSWORD_HASH, "m=128,t=2,p=1"));
    CHECK_OK(hashing_configure());
    wait_for(MINUTE);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
    CHECK_NUM(mail_count(w, ANN, "password_changed"), 0);
    CHECK_NUM(reset(client(w), token, "a chair of cherry wood")->status, 200);
}
