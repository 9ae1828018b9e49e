/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebAuthn level 3, 7.1: one test for each of the 29 steps. Each changes one thing of a
 * registration that is otherwise right. Where a step is the browser's or the store's, the test
 * checks what of it can be seen in the answer.
 */
#include "ceremony.h"

#include "../test.h"
#include "base/buf.h"

#include <string.h>

#define BROKEN "\"x\":\"\xC3\x28\""

static struct scene right(void)
{
    return scene_new(WEBAUTHN_ES256);
}

static int with_members(const char *members)
{
    struct scene s = right();
    s.said.extra_members = members;
    return scene_register(&s);
}

static int with_json(const char *from, const char *to)
{
    struct scene s = right();
    const char *json = soft_registration(test_arena(), s.key, &s.said);
    return scene_register_json(&s, swapped(json, from, to));
}

static int with_client_data(const char *before, const char *after)
{
    struct scene s = right();
    struct mem bytes = soft_client_data(test_arena(), &s.said, "webauthn.create");
    s.said.client_data = mem_text(
        text_format(test_arena(), "%s%.*s%s", before, (int)bytes.n, (const char *)bytes.p, after));
    return scene_register(&s);
}

static int with_flags(int flags)
{
    struct scene s = right();
    s.said.flags = flags;
    return scene_register(&s);
}

static int with_statement(const char *format, struct mem statement)
{
    struct scene s = right();
    s.said.format = format;
    s.said.statement = statement;
    return scene_register(&s);
}

TEST(WA_71_01_options_carry_a_challenge)
{
    struct scene s = right();
    s.asked.challenge = MEM_NONE;
    CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_CHALLENGE);
    s.said.challenge = "";
    CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_CHALLENGE);
}

TEST(WA_71_02_create_gave_a_credential)
{
    struct scene s = right();
    static const char *const failures[] = { "{}", "null", "[]", "\"NotAllowedError\"",
                                            "{\"name\":\"NotAllowedError\"}" };
    for (size_t i = 0; i < COUNT(failures); i++)
        CHECK_NUM(scene_register_json(&s, failures[i]), SCENE_UNREADABLE);
}

TEST(WA_71_03_response_is_an_attestation)
{
    struct scene s = right();
    CHECK_NUM(scene_register_json(&s, soft_assertion(test_arena(), s.key, &s.said)),
              SCENE_UNREADABLE);
    CHECK_NUM(with_json("\"type\":\"public-key\"", "\"type\":\"password\""), SCENE_UNREADABLE);
    CHECK_NUM(with_json("\"response\":{", "\"response\":[{"), SCENE_UNREADABLE);
    CHECK_NUM(with_json("\"response\":", "\"Response\":"), SCENE_UNREADABLE);
}

TEST(WA_71_04_extension_results_are_an_object)
{
    CHECK_NUM(with_json("\"clientExtensionResults\":{}", "\"clientExtensionResults\":[]"),
              SCENE_UNREADABLE);
    CHECK_NUM(with_json("\"clientExtensionResults\":{},", ""), SCENE_UNREADABLE);
    CHECK_NUM(with_json("\"clientExtensionResults\":{}",
                        "\"clientExtensionResults\":{\"credProps\":{\"rk\":true}}"),
              0);
}

TEST(WA_71_05_client_data_is_utf8)
{
    CHECK_NUM(with_members("," BROKEN), WEBAUTHN_BAD_CLIENT_DATA);
    CHECK_NUM(with_client_data("\xEF\xBB\xBF", ""), 0);
    CHECK_NUM(with_client_data("\xEF\xBB\xBF\xEF\xBB\xBF", ""), WEBAUTHN_BAD_CLIENT_DATA);
    CHECK_NUM(with_client_data("\xFE\xFF", ""), WEBAUTHN_BAD_CLIENT_DATA);
    CHECK_NUM(with_client_data("", "\xEF\xBB\xBF"), WEBAUTHN_BAD_CLIENT_DATA);
}

TEST(WA_71_06_client_data_is_json)
{
    CHECK_NUM(with_client_data("", "}"), WEBAUTHN_BAD_CLIENT_DATA);
    CHECK_NUM(with_client_data("[", "]"), WEBAUTHN_BAD_CLIENT_DATA);
    CHECK_NUM(with_client_data(")]}'\n", ""), WEBAUTHN_BAD_CLIENT_DATA);
    CHECK_NUM(with_client_data(" \r\n\t", " \n"), 0);
    struct scene s = right();
    s.said.client_data = MEM("", 0);
    CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_CLIENT_DATA);
}

TEST(WA_71_07_type_is_create)
{
    static const char *const types[] = { "webauthn.get",     "",
                                         "webauthn.create ", "Webauthn.create",
                                         "payment.get",      "webauthn.createx",
                                         "webauthn.creat" };
    for (size_t i = 0; i < COUNT(types); i++) {
        struct scene s = right();
        s.said.type = types[i];
        CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_TYPE);
    }
}

TEST(WA_71_08_challenge_is_ours)
{
    struct scene s = right();
    const char *challenge = s.said.challenge;
    const char *const others[] = {
        "",
        "AAAA",
        text_format(test_arena(), "%s=", challenge),
        text_format(test_arena(), "%sA", challenge),
        text_format(test_arena(), " %s", challenge),
        text_copy(test_arena(), MEM(challenge, strlen(challenge) - 1)),
        text_lower_ascii(test_arena(), challenge),
        SCENE_CHALLENGE,
    };
    for (size_t i = 0; i < COUNT(others); i++) {
        s.said.challenge = others[i];
        CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_CHALLENGE);
    }
}

TEST(WA_71_09_origin_is_ours)
{
    struct scene s = right();
    s.said.origin = "https://evil.example";
    CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_ORIGIN);
    s = right();
    s.asked.origin_count = 0;
    CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_ORIGIN);
}

TEST(WA_71_10_not_inside_another_site)
{
    struct scene s = right();
    s.said.cross_origin = "true";
    CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_CROSS_ORIGIN);
    s.said.cross_origin = "\"false\"";
    CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_CLIENT_DATA);
    s.said.cross_origin = ""; /* level 1 browsers do not say */
    CHECK_NUM(scene_register(&s), 0);
}

TEST(WA_71_11_no_page_above_ours)
{
    CHECK_NUM(with_members(",\"topOrigin\":\"https://evil.example\""), WEBAUTHN_BAD_CROSS_ORIGIN);
    CHECK_NUM(with_members(",\"topOrigin\":\"" SCENE_ORIGIN "\""), WEBAUTHN_BAD_CROSS_ORIGIN);
    CHECK_NUM(with_members(",\"topOrigin\":null"), WEBAUTHN_BAD_CROSS_ORIGIN);
}

/* Only a statement signs the hash, and none is asked for: another spelling of the same client data
 * is another hash, and changes nothing. */
TEST(WA_71_12_hash_of_the_client_data_signs_nothing_here)
{
    CHECK_NUM(with_client_data("\n", ""), 0);
    CHECK_NUM(with_members(",\"other\":1"), 0);
}

TEST(WA_71_13_attestation_object_is_cbor)
{
    struct scene s = right();
    struct webauthn_attestation answer = scene_attestation(&s);
    struct mem whole = answer.attestation_object;
    for (size_t n = 0; n < whole.n; n++) {
        answer.attestation_object.n = n;
        CHECK_NUM(scene_judge_registration(&s, &answer), WEBAUTHN_BAD_ATTESTATION);
    }
    struct buf longer;
    buf_init(&longer, test_arena(), whole.n + 1);
    buf_add(&longer, whole.p, whole.n);
    buf_char(&longer, '\0');
    answer.attestation_object = buf_mem(&longer);
    CHECK_NUM(scene_judge_registration(&s, &answer), WEBAUTHN_BAD_ATTESTATION);
    s.said.tail = MEM("\0", 1);
    CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_AUTHENTICATOR_DATA);
    s = right();
    s.said.authenticator_data = soft_authenticator_data(test_arena(), s.key, &s.said, false);
    CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_AUTHENTICATOR_DATA);
}

TEST(WA_71_14_relying_party_is_us)
{
    struct scene s = right();
    s.said.rp_id = "example.com";
    CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_RP_ID);
}

TEST(WA_71_15_somebody_was_present)
{
    CHECK_NUM(with_flags(SOFT_UV), WEBAUTHN_NO_USER_PRESENCE);
}

TEST(WA_71_16_user_was_verified_where_that_is_asked)
{
    CHECK_NUM(with_flags(SOFT_UP), WEBAUTHN_NO_USER_VERIFICATION);
    struct scene s = right();
    s.asked.needs_user_verification = false;
    s.said.flags = SOFT_UP;
    CHECK_NUM(scene_register(&s), 0);
}

TEST(WA_71_17_backed_up_only_if_eligible)
{
    CHECK_NUM(with_flags(SOFT_UP | SOFT_UV | SOFT_BS), WEBAUTHN_BAD_BACKUP);
}

TEST(WA_71_18_backup_eligibility_is_reported)
{
    struct scene s = right();
    s.said.flags |= SOFT_BE;
    REQUIRE(CHECK_NUM(scene_register(&s), 0));
    CHECK(webauthn_credential(s.registered)->is_backup_eligible);
    CHECK(!webauthn_credential(s.registered)->is_backed_up);
}

TEST(WA_71_19_backup_state_is_reported)
{
    struct scene s = right();
    s.said.flags |= SOFT_BE | SOFT_BS;
    REQUIRE(CHECK_NUM(scene_register(&s), 0));
    CHECK(webauthn_credential(s.registered)->is_backed_up);
}

TEST(WA_71_20_algorithm_was_offered)
{
    static const int only_es256[] = { WEBAUTHN_ES256 };
    static const int all[] = { WEBAUTHN_ES256, WEBAUTHN_EDDSA, WEBAUTHN_RS256 };
    for (size_t i = 0; i < COUNT(all); i++) {
        struct scene s = scene_new(all[i]);
        CHECK_NUM(scene_register(&s), 0);
        s.asked.algorithms = only_es256;
        s.asked.algorithm_count = 1;
        CHECK_NUM(scene_register(&s), i ? WEBAUTHN_BAD_ALGORITHM : 0);
        s.asked.algorithm_count = 0;
        CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_ALGORITHM);
    }
}

TEST(WA_71_21_format_is_a_registered_one)
{
    static const char *const strange[] = { "", "None", "none ", "packed2", "direct", "\xC3\xA9" };
    for (size_t i = 0; i < COUNT(strange); i++)
        CHECK_NUM(with_statement(strange[i], MEM("\xA0", 1)), WEBAUTHN_BAD_ATTESTATION);
}

TEST(WA_71_22_statement_of_none_is_empty)
{
    CHECK_NUM(with_statement("none", MEM("\xA1\x63sig\x40", 6)), WEBAUTHN_BAD_ATTESTATION);
    CHECK_NUM(with_statement("none", MEM("\x80", 1)), WEBAUTHN_BAD_ATTESTATION);
    CHECK_NUM(with_statement("none", MEM("\xF6", 1)), WEBAUTHN_BAD_ATTESTATION);
    CHECK_NUM(with_statement("none", MEM("\x40", 1)), WEBAUTHN_BAD_ATTESTATION);
}

/* No statement gives trust, so none is verified: what it claims changes nothing. */
TEST(WA_71_23_statement_gives_no_trust)
{
    struct scene s = right();
    s.said.format = "packed";
    s.said.statement = MEM("\xA2\x63"
                           "alg\x26\x63sig\x44nope",
                           15);
    REQUIRE(CHECK_NUM(scene_register(&s), 0));
    CHECK(mem_equal(webauthn_credential(s.registered)->id, soft_credential_id(s.key)));
}

TEST(WA_71_24_no_attestation_is_acceptable)
{
    CHECK_NUM(with_statement("none", MEM("\xA0", 1)), 0);
}

TEST(WA_71_25_id_is_at_most_1023_bytes)
{
    uint8_t *id = arena_alloc(test_arena(), 1025);
    struct scene s = right();
    memset(id, 7, 1025);
    static const size_t good[] = { 1, 16, 1023 };
    for (size_t i = 0; i < COUNT(good); i++) {
        s.said.id = MEM(id, good[i]);
        CHECK_NUM(scene_register(&s), 0);
    }
    struct webauthn_attestation answer = scene_attestation(&s);
    s.said.id = MEM(id, 1024);
    CHECK_NUM(scene_register(&s), SCENE_UNREADABLE);
    s.said.json_id = s.said.json_raw_id = "AAAA";
    answer.attestation_object = scene_attestation(&s).attestation_object;
    answer.id = MEM(id, 1024);
    CHECK_NUM(scene_judge_registration(&s, &answer), WEBAUTHN_BAD_CREDENTIAL_ID);
    s.said.id = MEM("", 0);
    answer.attestation_object = scene_attestation(&s).attestation_object;
    answer.id = MEM_NONE;
    CHECK_NUM(scene_judge_registration(&s, &answer), WEBAUTHN_BAD_CREDENTIAL_ID);
}

/* The store keeps ids unique; it is given the one that the authenticator named, which the page
 * cannot name otherwise. */
TEST(WA_71_26_id_is_the_authenticators)
{
    struct scene s = right();
    s.said.json_id = s.said.json_raw_id = "AAAA";
    CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_CREDENTIAL_ID);
}

TEST(WA_71_27_record_is_complete)
{
    struct scene s = right();
    s.said.sign_count = 3;
    s.said.transports = "[\"usb\",\"nfc\",\"usb\",\"telepathy\",7,null]";
    REQUIRE(CHECK_NUM(scene_register(&s), 0));
    const struct webauthn_credential *c = webauthn_credential(s.registered);
    CHECK(mem_equal(c->public_key, s.stored.public_key));
    CHECK_NUM(c->sign_count, 3);
    CHECK_TEXT(c->transports, "nfc usb");
    CHECK_NUM(with_json(",\"transports\":[\"hybrid\",\"internal\"]", ""), 0);
    CHECK_NUM(with_json("[\"hybrid\",\"internal\"]", "\"usb\""), 0);
}

TEST(WA_71_28_extensions_nobody_asked_for_are_tolerated)
{
    struct scene s = right();
    s.said.flags |= SOFT_ED;
    s.said.extensions = MEM("\xA1\x6B"
                            "credProtect\x02",
                            14);
    CHECK_NUM(scene_register(&s), 0);
    s.said.extensions = MEM("\xA0", 1);
    CHECK_NUM(scene_register(&s), 0);
    s.said.extensions = MEM("\x80", 1);
    CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_AUTHENTICATOR_DATA);
    s.said.extensions = MEM("\xA1\x61x", 3);
    CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_AUTHENTICATOR_DATA);
    s.said.extensions = (struct mem){ 0 };
    CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_AUTHENTICATOR_DATA);
}

TEST(WA_71_29_only_success_can_be_stored)
{
    struct scene s = right();
    s.said.origin = "https://evil.example";
    CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_ORIGIN);
    CHECK(s.registered == NULL);
    s = right();
    CHECK_NUM(scene_register(&s), 0);
    CHECK(s.registered != NULL);
}
