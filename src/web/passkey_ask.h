/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebAuthn as it goes over the wire: the options that browsers take with
 * parseCreationOptionsFromJSON() and parseRequestOptionsFromJSON(), and their answers, as
 * PublicKeyCredential.toJSON() writes them, out of a route's fields.
 */
#pragma once

#include "account/ceremony.h"
#include "account/passkey.h"
#include "web/req.h"

/* The fields of an answer: put at the head of a route's list. */
#define PASSKEY_ANSWER_FIELDS                                                                   \
    { "id", FIELD_TEXT, .max = 1400, .help = "PublicKeyCredential.toJSON(), this and below" },  \
        { "rawId", FIELD_TEXT, .max = 1400 }, { "type", FIELD_TEXT, .max = 40 },                \
        { "response", FIELD_JSON }, { "clientExtensionResults", FIELD_JSON, .optional = true }, \
    {                                                                                           \
        "authenticatorAttachment", FIELD_TEXT, .optional = true, .max = 40                      \
    }

/* --- options --- */

/* The host of PUBLIC_URL. */
const char *passkey_rp_id(void);

/* "challenge", "rpId" or "rp", "timeout": what both kinds have. */
void passkey_put_challenge(struct req *rq, struct json_writer *j, const char *challenge);

/* [{"type":"public-key","id":...,"transports":[...]}] as member key. */
struct passkeys {
    const struct passkey *list;
    size_t count;
};
void passkey_put_list(struct req *rq, struct json_writer *j, const char *key, struct passkeys of);

/* Bytes as WebAuthn writes them in JSON: base64url without padding. */
const char *passkey_text(struct arena *arena, struct mem bytes);

/* --- answers --- */

struct passkey_answer {
    struct json_value json;   /* the whole */
    struct ceremony ceremony; /* what it answers, still alive */
    const char *challenge;
};

/* Reads an answer and finds what was asked. Refuses with challenge_expired. Whether the answer is
   good, and given where it was asked for, is to be judged; then the ceremony is used up in any
   case. */
enum err passkey_read_answer(struct req *rq, struct passkey_answer *ret);

/* What is asked of an answer. */
struct webauthn_ceremony passkey_ceremony(struct req *rq, const struct passkey_answer *answer);
