/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebAuthn ceremonies that are right, and what comes out of them.
 */
#include "ceremony.h"

#include "../test.h"

#include <string.h>

static const int algorithms[] = { WEBAUTHN_ES256, WEBAUTHN_EDDSA, WEBAUTHN_RS256 };

TEST(webauthn_registration_gives_the_credential)
{
    for (size_t i = 0; i < COUNT(algorithms); i++) {
        struct scene s = scene_new(algorithms[i]);
        s.said.flags |= SOFT_BE | SOFT_BS;
        s.said.sign_count = 0xFFFFFFFF;
        s.said.aaguid = MEM("0123456789abcdef", 16);
        REQUIRE(CHECK_NUM(scene_register(&s), 0));
        const struct webauthn_credential *c = webauthn_credential(s.registered);
        CHECK(mem_equal(c->id, soft_credential_id(s.key)));
        CHECK(mem_equal(c->public_key, soft_public_key(test_arena(), s.key)));
        CHECK_NUM(c->algorithm, algorithms[i]);
        CHECK_NUM(c->sign_count, 0xFFFFFFFF);
        CHECK(c->is_user_verified && c->is_backup_eligible && c->is_backed_up);
        CHECK_TEXT(c->transports, "hybrid internal");
        CHECK(mem_equal(MEM(c->aaguid, 16), MEM("0123456789abcdef", 16)));
    }
}

TEST(webauthn_assertion_gives_the_facts)
{
    for (size_t i = 0; i < COUNT(algorithms); i++) {
        struct scene s = scene_new(algorithms[i]);
        s.stored.sign_count = 7;
        s.stored.is_backup_eligible = true;
        s.said.flags |= SOFT_BE | SOFT_BS;
        s.said.sign_count = 8;
        REQUIRE(CHECK_NUM(scene_assert(&s), 0));
        const struct webauthn_facts *facts = webauthn_facts(s.verified);
        CHECK(mem_equal(facts->id, soft_credential_id(s.key)));
        CHECK_NUM(facts->sign_count, 8);
        CHECK(facts->is_user_verified && facts->is_backed_up);
    }
}

TEST(webauthn_flags_come_out_as_they_are)
{
    struct scene s = scene_new(WEBAUTHN_ES256);
    s.asked.needs_user_verification = false;
    s.said.flags = SOFT_UP;
    REQUIRE(CHECK_NUM(scene_register(&s), 0) && CHECK_NUM(scene_assert(&s), 0));
    const struct webauthn_credential *c = webauthn_credential(s.registered);
    CHECK(!c->is_user_verified && !c->is_backup_eligible && !c->is_backed_up);
    CHECK(!webauthn_facts(s.verified)->is_user_verified);
    CHECK(!webauthn_facts(s.verified)->is_backed_up);
}

TEST(webauthn_challenge_is_found_in_the_client_data)
{
    struct scene s = scene_new(WEBAUTHN_ES256);
    const char *challenge = NULL;
    CHECK_OK(
        webauthn_client_challenge(test_arena(), scene_attestation(&s).client_data, &challenge));
    CHECK_TEXT(challenge, SCENE_CHALLENGE);
    CHECK_OK(webauthn_client_challenge(test_arena(), scene_assertion(&s).client_data, &challenge));
    CHECK_TEXT(challenge, SCENE_CHALLENGE);
}

TEST(webauthn_refusals_have_names_of_their_own)
{
    for (int i = WEBAUTHN_NOT_REFUSED; i <= WEBAUTHN_BAD_SIGN_COUNT; i++) {
        const char *name = webauthn_refusal_name((enum webauthn_refusal)i);
        CHECK(!text_is_empty(name));
        for (int k = WEBAUTHN_NOT_REFUSED; k < i; k++)
            CHECK(!text_equal(name, webauthn_refusal_name((enum webauthn_refusal)k)));
    }
}
