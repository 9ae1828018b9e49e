/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebAuthn level 3, the relying party's checks (7.1 registration, 7.2 authentication): pure
 * functions over what a browser sent and what we remember. No I/O, no store: the caller takes the
 * challenge out of its row (once, WA-03), holds the stored credential, and writes what comes out.
 *
 * Success is a value that only this file's functions can make: whoever signs somebody in, or stores
 * a key, asks for that value, so a forgotten or swapped error code opens no door (WA-01).
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "crypto/webauthn_answer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* COSE names of algorithms, in the order of preference in which we offer them: for
 * pubKeyCredParams and for struct webauthn_ceremony. */
enum { WEBAUTHN_ES256 = -7, WEBAUTHN_EDDSA = -8, WEBAUTHN_RS256 = -257 };
enum { WEBAUTHN_ALGORITHMS = 3 };
extern const int webauthn_algorithms[WEBAUTHN_ALGORITHMS];

/* Why something was refused: for the log, the audit record, metrics and tests. Clients learn only
 * that it did not work. */
enum webauthn_refusal {
    WEBAUTHN_NOT_REFUSED,
    WEBAUTHN_BAD_CLIENT_DATA, /* not UTF-8, not JSON, a member of the wrong kind */
    WEBAUTHN_BAD_TYPE,
    WEBAUTHN_BAD_CHALLENGE,
    WEBAUTHN_BAD_ORIGIN,
    WEBAUTHN_BAD_CROSS_ORIGIN, /* asked for from inside another site's page */
    WEBAUTHN_BAD_ATTESTATION,  /* the object's CBOR, format or statement */
    WEBAUTHN_BAD_AUTHENTICATOR_DATA,
    WEBAUTHN_BAD_RP_ID,
    WEBAUTHN_NO_USER_PRESENCE,
    WEBAUTHN_NO_USER_VERIFICATION,
    WEBAUTHN_BAD_BACKUP,    /* backed up though not eligible; eligibility changed */
    WEBAUTHN_BAD_ALGORITHM, /* not one of those offered */
    WEBAUTHN_BAD_KEY,
    WEBAUTHN_BAD_CREDENTIAL_ID, /* too long, not the stored one, not one of those allowed */
    WEBAUTHN_BAD_USER_HANDLE,   /* names another user, or nobody where it must */
    WEBAUTHN_BAD_SIGNATURE,
    WEBAUTHN_BAD_SIGN_COUNT, /* all else was right, but the counter did not rise: perhaps a copy.
                                Flag the credential and tell its owner (WA-06) */
};

/* "origin", "sign_count", ...: a word per refusal, never NULL. */
const char *webauthn_refusal_name(enum webauthn_refusal why);

/* --- what we asked for --- */

struct webauthn_ceremony {
    const char *rp_id;          /* the host of PUBLIC_URL, as given in the options */
    const char *const *origins; /* compared exactly: "https://example.org", "...:8443" (WA-02) */
    size_t origin_count;
    struct mem challenge; /* the bytes given in the options, of a row that still existed */
    bool needs_user_verification;

    /* Registration: the algorithms offered, usually webauthn_algorithms. None: all are refused. */
    const int *algorithms;
    size_t algorithm_count;

    /* Assertion: the credential ids offered in allowCredentials; none when the list was empty.
     * names_user: nobody was identified before (the list was empty), so the authenticator has to
     * say who it is: the user handle must be there (7.2 step 6). */
    const struct mem *allowed;
    size_t allowed_count;
    bool names_user;
};

/* --- registration --- */

/* What is to be stored. The id must be unique over all users (7.1 step 26): the caller's insert
 * sees to that, against races too. */
struct webauthn_credential {
    struct mem id;         /* 1 to WEBAUTHN_ID_MAX bytes */
    struct mem public_key; /* the COSE_Key as it came, canonical; hand it back on each assertion */
    int algorithm;
    int64_t sign_count; /* 0 to 2^32 - 1 */
    bool is_user_verified;
    bool is_backup_eligible; /* a passkey that may be synchronised; never changes */
    bool is_backed_up;       /* is synchronised now */
    const char *transports;
    uint8_t aaguid[16]; /* the authenticator's model; unattested, often zero: for a name only */
};

struct webauthn_registered; /* proof that a registration was verified */

/* Every check of 7.1. E_INVALID, *ret is NULL then and *ret_why says why. Everything lives in the
 * arena. */
enum err webauthn_register(struct arena *arena, const struct webauthn_ceremony *ceremony,
                           const struct webauthn_attestation *answer,
                           const struct webauthn_registered **ret, enum webauthn_refusal *ret_why);

/* What was verified. Ends the process when proof is NULL or not made by webauthn_register. */
const struct webauthn_credential *webauthn_credential(const struct webauthn_registered *proof);

/* --- assertion --- */

/* What the caller remembers of the credential that has the assertion's id. */
struct webauthn_stored {
    struct mem id, public_key;
    struct mem user_handle; /* user.id of the options with which its owner registered it */
    int64_t sign_count;
    bool is_backup_eligible;
};

/* What is to be written back into the credential's row. */
struct webauthn_facts {
    struct mem id; /* of the credential that signed */
    int64_t sign_count;
    bool is_user_verified, is_backed_up;
};

struct webauthn_verified; /* proof that the holder of a stored credential answered a challenge */

/* Every check of 7.2. Whether the credential's owner is the account that is signing in, and may
 * sign in, is the caller's to know. E_INVALID as above. */
enum err webauthn_assert(struct arena *arena, const struct webauthn_ceremony *ceremony,
                         const struct webauthn_stored *stored,
                         const struct webauthn_assertion *answer,
                         const struct webauthn_verified **ret, enum webauthn_refusal *ret_why);

/* What was verified. Ends the process when proof is NULL or not made by webauthn_assert. */
const struct webauthn_facts *webauthn_facts(const struct webauthn_verified *proof);
