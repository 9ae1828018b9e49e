/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A WebAuthn ceremony for tests: a credential, what was asked, what is said, and what we remember,
 * all right to begin with. A test changes one thing and lets it be judged; everything goes through
 * the browser's JSON.
 */
#pragma once

#include "crypto/webauthn.h"

#include "../soft_authenticator.h"

#define SCENE_ORIGIN "https://example.org"
#define SCENE_RP_ID "example.org"
#define SCENE_CHALLENGE "pkc_0123456789abcdefghjkmnpqrsAnswerMeThisAnswerMeThisAnswerMeThisAnswer"
#define SCENE_USER "usr_01j0000000000000000000000"

struct scene {
    struct soft_credential *key;
    struct webauthn_ceremony asked;
    struct soft_answer said;
    struct webauthn_stored stored; /* as a registration with this key leaves it */
    const struct webauthn_registered *registered;
    const struct webauthn_verified *verified;
};

enum { SCENE_UNREADABLE = -1 }; /* beside the refusals: the JSON was refused */

struct scene scene_new(int algorithm);

/* The refusal, 0 when it was accepted. The proof is there exactly when it was. */
int scene_register(struct scene *s);
int scene_assert(struct scene *s);

/* The same of another JSON than the browser's; of other bytes than the JSON's. */
int scene_register_json(struct scene *s, const char *json);
int scene_assert_json(struct scene *s, const char *json);
int scene_judge_registration(struct scene *s, const struct webauthn_attestation *answer);
int scene_judge_assertion(struct scene *s, const struct webauthn_assertion *answer);

/* The text with the one place where from stands changed; ends the process when there is none. */
const char *swapped(const char *text, const char *from, const char *to);

/* The answers, read from the browser's JSON, to be changed before they are judged. */
struct webauthn_attestation scene_attestation(struct scene *s);
struct webauthn_assertion scene_assertion(struct scene *s);
