/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebAuthn level 3, 7.2: one test for each of the 25 steps. Each changes one thing of an assertion
 * that is otherwise right, and rightly signed.
 */
#include "ceremony.h"

#include "../test.h"
#include "base/buf.h"

#include <string.h>

static struct scene right(void)
{
    return scene_new(WEBAUTHN_ES256);
}

static int with_members(const char *members)
{
    struct scene s = right();
    s.said.extra_members = members;
    return scene_assert(&s);
}

static int with_json(const char *from, const char *to)
{
    struct scene s = right();
    const char *json = soft_assertion(test_arena(), s.key, &s.said);
    return scene_assert_json(&s, swapped(json, from, to));
}

static int with_client_data(const char *before, const char *after)
{
    struct scene s = right();
    struct mem bytes = soft_client_data(test_arena(), &s.said, "webauthn.get");
    s.said.client_data = mem_text(
        text_format(test_arena(), "%s%.*s%s", before, (int)bytes.n, (const char *)bytes.p, after));
    return scene_assert(&s);
}

static int with_flags(int flags)
{
    struct scene s = right();
    s.said.flags = flags;
    return scene_assert(&s);
}

static struct mem flipped(struct mem bytes, size_t at)
{
    struct mem copy = arena_copy(test_arena(), bytes);
    ((uint8_t *)copy.p)[at] ^= 1;
    return copy;
}

TEST(WA_72_01_options_carry_a_challenge)
{
    struct scene s = right();
    s.asked.challenge = MEM_NONE;
    s.said.challenge = "";
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_CHALLENGE);
}

TEST(WA_72_02_get_gave_a_credential)
{
    struct scene s = right();
    static const char *const failures[] = { "{}", "null", "[]", "\"NotAllowedError\"" };
    for (size_t i = 0; i < COUNT(failures); i++)
        CHECK_NUM(scene_assert_json(&s, failures[i]), SCENE_UNREADABLE);
}

TEST(WA_72_03_response_is_an_assertion)
{
    struct scene s = right();
    CHECK_NUM(scene_assert_json(&s, soft_registration(test_arena(), s.key, &s.said)),
              SCENE_UNREADABLE);
    CHECK_NUM(with_json("\"type\":\"public-key\"", "\"type\":\"federated\""), SCENE_UNREADABLE);
}

TEST(WA_72_04_extension_results_are_an_object)
{
    CHECK_NUM(with_json("\"clientExtensionResults\":{}", "\"clientExtensionResults\":null"),
              SCENE_UNREADABLE);
    CHECK_NUM(with_json("\"clientExtensionResults\":{},", ""), SCENE_UNREADABLE);
}

TEST(WA_72_05_credential_is_one_of_those_allowed)
{
    struct scene s = right(), other = right();
    struct mem allowed[] = { soft_credential_id(other.key), soft_credential_id(s.key) };
    s.asked.allowed = allowed;
    s.asked.allowed_count = 2;
    CHECK_NUM(scene_assert(&s), 0);
    s.asked.allowed_count = 1;
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_CREDENTIAL_ID);
}

TEST(WA_72_06_user_handle_names_the_owner)
{
    struct scene s = right();
    s.said.user_handle = "dXNyX290aGVy";
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_USER_HANDLE);
    s.said.user_handle = "";
    CHECK_NUM(scene_assert(&s), 0);
    s.asked.names_user = true;
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_USER_HANDLE);
    s.said.user_handle = NULL;
    CHECK_NUM(scene_assert(&s), 0);
}

TEST(WA_72_07_all_three_parts_are_there)
{
    static const char *const parts[] = { "\"clientDataJSON\":", "\"authenticatorData\":",
                                         "\"signature\":" };
    for (size_t i = 0; i < COUNT(parts); i++) {
        CHECK_NUM(with_json(parts[i], "\"other\":"), SCENE_UNREADABLE);
        CHECK_NUM(with_json(parts[i], text_format(test_arena(), "%snull,\"x\":", parts[i])),
                  SCENE_UNREADABLE);
        CHECK_NUM(with_json(parts[i], text_format(test_arena(), "%s{},\"x\":", parts[i])),
                  SCENE_UNREADABLE);
    }
}

TEST(WA_72_08_client_data_is_utf8)
{
    CHECK_NUM(with_members(",\"x\":\"\xFF\""), WEBAUTHN_BAD_CLIENT_DATA);
    CHECK_NUM(with_client_data("\xEF\xBB\xBF", ""), 0);
    CHECK_NUM(with_client_data("\xEF\xBB\xBF\xEF\xBB\xBF", ""), WEBAUTHN_BAD_CLIENT_DATA);
}

TEST(WA_72_09_client_data_is_json)
{
    CHECK_NUM(with_client_data("", "]"), WEBAUTHN_BAD_CLIENT_DATA);
    CHECK_NUM(with_client_data("{", ""), WEBAUTHN_BAD_CLIENT_DATA);
}

TEST(WA_72_10_type_is_get)
{
    static const char *const types[] = { "webauthn.create", "", "webauthn.get ", "webauthn.Get",
                                         "payment.get" };
    for (size_t i = 0; i < COUNT(types); i++) {
        struct scene s = right();
        s.said.type = types[i];
        CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_TYPE);
    }
}

TEST(WA_72_11_challenge_is_ours)
{
    struct scene s = right();
    s.said.challenge = "c29tZSBvdGhlciBjaGFsbGVuZ2U";
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_CHALLENGE);
}

TEST(WA_72_12_origin_is_ours)
{
    struct scene s = right();
    s.said.origin = "https://evil.example";
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_ORIGIN);
}

TEST(WA_72_13_not_inside_another_site)
{
    struct scene s = right();
    s.said.cross_origin = "true";
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_CROSS_ORIGIN);
    s.said.cross_origin = "1";
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_CLIENT_DATA);
}

TEST(WA_72_14_no_page_above_ours)
{
    CHECK_NUM(with_members(",\"topOrigin\":\"https://evil.example\""), WEBAUTHN_BAD_CROSS_ORIGIN);
    CHECK_NUM(with_members(",\"topOrigin\":\"" SCENE_ORIGIN "\""), WEBAUTHN_BAD_CROSS_ORIGIN);
}

TEST(WA_72_15_relying_party_is_us)
{
    struct scene s = right();
    s.said.rp_id = "www.example.org";
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_RP_ID);
}

TEST(WA_72_16_somebody_was_present)
{
    CHECK_NUM(with_flags(SOFT_UV), WEBAUTHN_NO_USER_PRESENCE);
}

TEST(WA_72_17_user_was_verified_where_that_is_asked)
{
    CHECK_NUM(with_flags(SOFT_UP), WEBAUTHN_NO_USER_VERIFICATION);
    struct scene s = right();
    s.asked.needs_user_verification = false;
    s.said.flags = SOFT_UP;
    CHECK_NUM(scene_assert(&s), 0);
}

TEST(WA_72_18_backed_up_only_if_eligible)
{
    CHECK_NUM(with_flags(SOFT_UP | SOFT_UV | SOFT_BS), WEBAUTHN_BAD_BACKUP);
}

TEST(WA_72_19_eligibility_never_changes)
{
    CHECK_NUM(with_flags(SOFT_UP | SOFT_UV | SOFT_BE), WEBAUTHN_BAD_BACKUP);
    struct scene s = right();
    s.stored.is_backup_eligible = true;
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_BACKUP);
    s.said.flags |= SOFT_BE;
    CHECK_NUM(scene_assert(&s), 0);
    s.said.flags |= SOFT_BS;
    CHECK_NUM(scene_assert(&s), 0);
}

/* Another spelling of the same client data: all that it says is right, but not what was signed. */
TEST(WA_72_20_client_data_is_what_was_signed)
{
    struct scene s = right();
    struct webauthn_assertion answer = scene_assertion(&s);
    struct buf spelled;
    buf_init(&spelled, test_arena(), answer.client_data.n + 1);
    buf_add(&spelled, answer.client_data.p, answer.client_data.n);
    buf_char(&spelled, '\n');
    answer.client_data = buf_mem(&spelled);
    CHECK_NUM(scene_judge_assertion(&s, &answer), WEBAUTHN_BAD_SIGNATURE);
}

TEST(WA_72_21_signature_is_the_credentials)
{
    struct scene s = right(), other = right();
    struct webauthn_assertion answer = scene_assertion(&s);
    struct mem signature = answer.signature, data = answer.authenticator_data;
    CHECK_NUM(scene_judge_assertion(&s, &answer), 0);
    for (size_t at = 0; at < signature.n; at++) {
        answer.signature = flipped(signature, at);
        CHECK_NUM(scene_judge_assertion(&s, &answer), WEBAUTHN_BAD_SIGNATURE);
    }
    answer.signature = signature;
    answer.authenticator_data = flipped(data, data.n - 1); /* the counter */
    CHECK_NUM(scene_judge_assertion(&s, &answer), WEBAUTHN_BAD_SIGNATURE);
    answer.authenticator_data = data;
    s.stored.public_key = other.stored.public_key;
    CHECK_NUM(scene_judge_assertion(&s, &answer), WEBAUTHN_BAD_SIGNATURE);
}

/* Nothing verifies with a row that was spoiled. */
TEST(WA_72_21_stored_key_that_is_none_opens_nothing)
{
    struct scene s = right();
    struct mem whole = s.stored.public_key, spoiled = arena_copy(test_arena(), whole);
    ((uint8_t *)spoiled.p)[whole.n - 1] ^= 1; /* not on the curve */
    const struct mem keys[] = { MEM_NONE, MEM("\xA0", 1), MEM(whole.p, whole.n - 1) };
    for (size_t i = 0; i < COUNT(keys); i++) {
        s.stored.public_key = keys[i];
        CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_KEY);
    }
    s.stored.public_key = spoiled;
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_SIGNATURE);
}

TEST(WA_72_22_counter_rises)
{
    static const struct {
        int64_t stored;
        uint32_t now;
        int want;
    } cases[] = {
        { 0, 0, 0 },
        { 0, 1, 0 },
        { 5, 6, 0 },
        { 5, 0xFFFFFFFF, 0 },
        { 5, 5, WEBAUTHN_BAD_SIGN_COUNT },
        { 5, 4, WEBAUTHN_BAD_SIGN_COUNT },
        { 5, 0, WEBAUTHN_BAD_SIGN_COUNT },
        { 0xFFFFFFFF, 0, WEBAUTHN_BAD_SIGN_COUNT },
        { 0xFFFFFFFF, 0xFFFFFFFF, WEBAUTHN_BAD_SIGN_COUNT },
        { 0x80000000, 0x7FFFFFFF, WEBAUTHN_BAD_SIGN_COUNT },
        { 0x7FFFFFFF, 0x80000000, 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct scene s = right();
        s.stored.sign_count = cases[i].stored;
        s.said.sign_count = cases[i].now;
        CHECK_NUM(scene_assert(&s), cases[i].want);
    }
}

TEST(WA_72_23_extensions_nobody_asked_for_are_tolerated)
{
    struct scene s = right();
    s.said.flags |= SOFT_ED;
    s.said.extensions = MEM("\xA1\x61x\xF5", 4);
    CHECK_NUM(scene_assert(&s), 0);
    s.said.extensions = MEM("\xA1\x61x", 3);
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_AUTHENTICATOR_DATA);
    s.said.flags &= ~SOFT_ED;
    s.said.extensions = MEM("\xA0", 1);
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_AUTHENTICATOR_DATA);
}

TEST(WA_72_24_record_is_what_was_signed)
{
    struct scene s = right();
    s.stored.is_backup_eligible = true;
    s.stored.sign_count = 41;
    s.said.flags |= SOFT_BE;
    s.said.sign_count = 42;
    REQUIRE(CHECK_NUM(scene_assert(&s), 0));
    CHECK_NUM(webauthn_facts(s.verified)->sign_count, 42);
    CHECK(!webauthn_facts(s.verified)->is_backed_up);
    CHECK(webauthn_facts(s.verified)->is_user_verified);
}

TEST(WA_72_25_only_success_signs_in)
{
    struct scene s = right();
    s.said.signature = MEM("", 0);
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_SIGNATURE);
    CHECK(s.verified == NULL);
}
