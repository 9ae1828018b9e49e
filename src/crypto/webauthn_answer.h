/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a browser sends at the end of a WebAuthn ceremony, as bytes: the JSON of
 * PublicKeyCredential.toJSON() (WebAuthn level 3, 5.1) taken apart, and the client data inside it.
 * Nothing here is verified, only read strictly and within bounds: see webauthn.h.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdbool.h>

/* Bounds of what is read at all; beyond them E_INVALID. The specification has only the first. */
enum {
    WEBAUTHN_ID_MAX = 1023, /* WebAuthn 7.1 step 25 */
    WEBAUTHN_CLIENT_DATA_MAX = 16 * 1024,
    WEBAUTHN_ATTESTATION_MAX = 128 * 1024,
    WEBAUTHN_USER_HANDLE_MAX = 64, /* WebAuthn 5.4.3 */
};

/* The bytes of a registration or an assertion. Made by the two functions below; all are to be
 * taken as hostile. */
struct webauthn_attestation {
    struct mem id; /* rawId */
    struct mem client_data, attestation_object;
    const char *transports; /* words that WebAuthn 5.8.4 knows, each once: "hybrid internal" */
};

struct webauthn_assertion {
    struct mem id; /* rawId: find the stored credential by it */
    struct mem client_data, authenticator_data, signature;
    bool has_user_handle;
    struct mem user_handle; /* no bytes when there is none */
};

/* Takes apart the object that PublicKeyCredential.toJSON() gives: id, rawId, type, response {...},
 * clientExtensionResults. Everything binary is base64url without padding, in its one spelling, and
 * id equals rawId (WA-08). Unknown members are ignored; those that only repeat what the signed
 * bytes say (publicKey, publicKeyAlgorithm, the registration's authenticatorData) are never
 * looked at. E_INVALID. */
enum err webauthn_read_attestation(struct arena *arena, const struct json_value *json,
                                   struct webauthn_attestation *ret);
enum err webauthn_read_assertion(struct arena *arena, const struct json_value *json,
                                 struct webauthn_assertion *ret);

/* The challenge that a client data JSON names, decoded, when it is a text (ours carry the text of
 * a token): by it the caller finds its row. Nothing is verified yet. E_INVALID. */
enum err webauthn_client_challenge(struct arena *arena, struct mem client_data, const char **ret);
