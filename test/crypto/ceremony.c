/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A WebAuthn ceremony for tests: see ceremony.h.
 */
#include "ceremony.h"

#include "../test.h"

#include <stdlib.h>
#include <string.h>

static const char *const origins[] = { SCENE_ORIGIN };

static const char *encoded(struct mem bytes)
{
    char *out = arena_alloc(test_arena(), base64url_size(bytes.n) + 1);
    base64url_format(bytes, out);
    return out;
}

struct scene scene_new(int algorithm)
{
    struct soft_credential *key = soft_credential_new(algorithm);
    struct mem challenge = mem_text(SCENE_CHALLENGE), user = mem_text(SCENE_USER);
    memcpy(key->user_handle, user.p, user.n);
    key->user_handle_n = user.n;
    struct scene s = {
        .key = key,
        .asked = { .rp_id = SCENE_RP_ID,
                   .origins = origins,
                   .origin_count = 1,
                   .challenge = challenge,
                   .needs_user_verification = true,
                   .algorithms = webauthn_algorithms,
                   .algorithm_count = WEBAUTHN_ALGORITHMS },
        .said = soft_answer(SCENE_ORIGIN, SCENE_RP_ID, encoded(challenge)),
        .stored = { .id = soft_credential_id(key),
                    .public_key = soft_public_key(test_arena(), key),
                    .user_handle = user },
    };
    return s;
}

static void check_outcome(enum err e, enum webauthn_refusal why, bool has_proof)
{
    CHECK_ERR(e, why ? E_INVALID : OK);
    CHECK(has_proof == !why);
}

int scene_judge_registration(struct scene *s, const struct webauthn_attestation *answer)
{
    enum webauthn_refusal why = WEBAUTHN_BAD_KEY;
    s->registered = (const struct webauthn_registered *)"left over";
    enum err e = webauthn_register(test_arena(), &s->asked, answer, &s->registered, &why);
    check_outcome(e, why, s->registered != NULL);
    return (int)why;
}

int scene_judge_assertion(struct scene *s, const struct webauthn_assertion *answer)
{
    enum webauthn_refusal why = WEBAUTHN_BAD_KEY;
    s->verified = (const struct webauthn_verified *)"left over";
    enum err e = webauthn_assert(test_arena(), &s->asked, &s->stored, answer, &s->verified, &why);
    check_outcome(e, why, s->verified != NULL);
    return (int)why;
}

static bool read_json(const char *text, struct json_value *ret)
{
    return json_read(test_arena(), mem_text(text), ret, NULL) == OK;
}

int scene_register_json(struct scene *s, const char *text)
{
    struct webauthn_attestation answer;
    struct json_value json;
    if (!read_json(text, &json) || webauthn_read_attestation(test_arena(), &json, &answer))
        return SCENE_UNREADABLE;
    return scene_judge_registration(s, &answer);
}

int scene_assert_json(struct scene *s, const char *text)
{
    struct webauthn_assertion answer;
    struct json_value json;
    if (!read_json(text, &json) || webauthn_read_assertion(test_arena(), &json, &answer))
        return SCENE_UNREADABLE;
    return scene_judge_assertion(s, &answer);
}

int scene_register(struct scene *s)
{
    return scene_register_json(s, soft_registration(test_arena(), s->key, &s->said));
}

int scene_assert(struct scene *s)
{
    return scene_assert_json(s, soft_assertion(test_arena(), s->key, &s->said));
}

const char *swapped(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    if (!at)
        abort();
    return text_format(test_arena(), "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

struct webauthn_attestation scene_attestation(struct scene *s)
{
    struct webauthn_attestation answer = { 0 };
    struct json_value json = { 0 };
    CHECK(read_json(soft_registration(test_arena(), s->key, &s->said), &json));
    CHECK_OK(webauthn_read_attestation(test_arena(), &json, &answer));
    return answer;
}

struct webauthn_assertion scene_assertion(struct scene *s)
{
    struct webauthn_assertion answer = { 0 };
    struct json_value json = { 0 };
    CHECK(read_json(soft_assertion(test_arena(), s->key, &s->said), &json));
    CHECK_OK(webauthn_read_assertion(test_arena(), &json, &answer));
    return answer;
}
