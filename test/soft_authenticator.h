/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A passkey and the browser in front of it, in software: answers WebAuthn options with the JSON
 * that PublicKeyCredential.toJSON() gives. Everything that is said can be changed first, so that a
 * test flips exactly one thing of a ceremony that is otherwise right and rightly signed:
 *
 *     struct soft_credential *key = soft_credential_new(-7);
 *     struct soft_answer a = soft_answer_options(arena, key, &public_key_options, origin);
 *     a.origin = "https://evil.example";
 *     post(w, "/...", soft_registration(arena, key, &a));
 */
#pragma once

#include "base/arena.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdint.h>

/* Flags of authenticator data, under the names of WebAuthn 6.1. */
enum { SOFT_UP = 1, SOFT_UV = 4, SOFT_BE = 8, SOFT_BS = 16, SOFT_AT = 64, SOFT_ED = 128 };

/* One credential; lives as long as the process. Keys of one algorithm may be used again, ids are
 * new each time. */
struct soft_credential {
    int algorithm; /* -7, -8, -257; anything else has an ES256 key */
    void *key;
    uint8_t id[32];
    uint8_t user_handle[64]; /* taken from the creation options */
    size_t user_handle_n;
};

struct soft_credential *soft_credential_new(int algorithm);
struct mem soft_credential_id(const struct soft_credential *credential);
struct mem soft_public_key(struct arena *arena,
                           const struct soft_credential *credential); /* COSE */

/* What is said. A field that is NULL, or bytes with a NULL pointer, mean "as it should be"; the
 * first group always stands there. */
struct soft_answer {
    const char *challenge; /* base64url, as it stands in the options */
    const char *origin, *rp_id;
    int flags; /* SOFT_UP | SOFT_UV; SOFT_AT is added for a registration */
    uint32_t sign_count;

    /* Client data. */
    const char *type;          /* "webauthn.create" or "webauthn.get" */
    const char *extra_members; /* JSON put before the closing brace: ",\"topOrigin\":\"x\"" */
    const char *cross_origin;  /* JSON: "false"; "" leaves the member out */
    struct mem client_data;    /* the whole */

    /* Authenticator data. */
    struct mem aaguid, id, public_key; /* the attested credential's */
    int id_length;                     /* what is written for it; 0: the true one */
    struct mem extensions;             /* CBOR; set SOFT_ED too */
    struct mem tail;                   /* stray bytes at the end */
    struct mem authenticator_data;     /* the whole */

    /* Registration: the attestation object. */
    const char *format;   /* "none" */
    struct mem statement; /* CBOR: an empty map */
    struct mem attestation_object;

    /* Assertion. */
    struct mem signature;
    const char *user_handle; /* base64url: the credential's own; "" leaves the member out */

    /* The JSON around it. */
    const char *json_id, *json_raw_id, *json_type; /* id in base64url; "public-key" */
    const char *transports;                        /* JSON: ["hybrid","internal"] */
    const char *json_extra;                        /* members before the last brace: ",\"x\":1" */
};

/* An answer to these, right in everything: challenge in base64url. */
struct soft_answer soft_answer(const char *origin, const char *rp_id, const char *challenge);

/* An answer to options as parseCreationOptionsFromJSON() and parseRequestOptionsFromJSON() take
 * them ({"challenge":...,"rp":{"id"},"user":{"id"}} or {"challenge":...,"rpId":...}). The
 * credential learns its user handle from the first kind. */
struct soft_answer soft_answer_options(struct soft_credential *credential,
                                       const struct json_value *options, const char *origin);

/* The browser's JSON. */
const char *soft_registration(struct arena *arena, const struct soft_credential *credential,
                              const struct soft_answer *answer);
const char *soft_assertion(struct arena *arena, const struct soft_credential *credential,
                           const struct soft_answer *answer);

/* --- pieces, for tests of the pieces --- */

struct mem soft_authenticator_data(struct arena *arena, const struct soft_credential *credential,
                                   const struct soft_answer *answer, bool is_registration);
struct mem soft_client_data(struct arena *arena, const struct soft_answer *answer,
                            const char *type);
struct mem soft_sign(struct arena *arena, const struct soft_credential *credential,
                     struct mem message);

/* CBOR, appended: a head (major type and argument in its shortest form), and what follows from it.
 */
struct buf;
void soft_cbor_head(struct buf *out, int major, uint64_t argument);
void soft_cbor_num(struct buf *out, int64_t num);
void soft_cbor_bytes(struct buf *out, struct mem bytes);
void soft_cbor_text(struct buf *out, const char *text);
