/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebAuthn: see webauthn.h. The checks stand in the order of WebAuthn level 3, each with its step;
 * attestation is asked for as "none", so a statement gives no trust and is never looked into.
 */
#include "crypto/webauthn.h"

#include "base/text.h"
#include "crypto/authenticator_data.h"
#include "crypto/cbor.h"
#include "crypto/client_data.h"
#include "crypto/cose.h"
#include "crypto/digest.h"

#include <assert.h>
#include <string.h>

const int webauthn_algorithms[WEBAUTHN_ALGORITHMS] = { WEBAUTHN_ES256, WEBAUTHN_EDDSA,
                                                       WEBAUTHN_RS256 };
static_assert((int)WEBAUTHN_ES256 == COSE_ES256 && (int)WEBAUTHN_EDDSA == COSE_EDDSA &&
              (int)WEBAUTHN_RS256 == COSE_RS256);

/* A proof points to its maker's seal, whose address nobody else has. */
struct seal {
    char unused;
};
static const struct seal registered_seal, verified_seal;

struct webauthn_registered {
    const struct seal *seal;
    struct webauthn_credential credential;
};

struct webauthn_verified {
    const struct seal *seal;
    struct webauthn_facts facts;
};

const char *webauthn_refusal_name(enum webauthn_refusal why)
{
    static const char *const names[] = {
        [WEBAUTHN_NOT_REFUSED] = "none",
        [WEBAUTHN_BAD_CLIENT_DATA] = "client_data",
        [WEBAUTHN_BAD_TYPE] = "type",
        [WEBAUTHN_BAD_CHALLENGE] = "challenge",
        [WEBAUTHN_BAD_ORIGIN] = "origin",
        [WEBAUTHN_BAD_CROSS_ORIGIN] = "cross_origin",
        [WEBAUTHN_BAD_ATTESTATION] = "attestation",
        [WEBAUTHN_BAD_AUTHENTICATOR_DATA] = "authenticator_data",
        [WEBAUTHN_BAD_RP_ID] = "rp_id",
        [WEBAUTHN_NO_USER_PRESENCE] = "user_presence",
        [WEBAUTHN_NO_USER_VERIFICATION] = "user_verification",
        [WEBAUTHN_BAD_BACKUP] = "backup",
        [WEBAUTHN_BAD_ALGORITHM] = "algorithm",
        [WEBAUTHN_BAD_KEY] = "key",
        [WEBAUTHN_BAD_CREDENTIAL_ID] = "credential_id",
        [WEBAUTHN_BAD_USER_HANDLE] = "user_handle",
        [WEBAUTHN_BAD_SIGNATURE] = "signature",
        [WEBAUTHN_BAD_SIGN_COUNT] = "sign_count",
    };
    return names[why];
}

/* --- what both ceremonies check --- */

/* 7.1 step 8, 7.2 step 11: the one spelling of the bytes that were given out. */
static bool is_challenge(struct arena *arena, struct mem expected, const char *text)
{
    char *spelled = arena_alloc(arena, base64url_size(expected.n) + 1);
    base64url_format(expected, spelled);
    return expected.n && mem_equal(mem_text(spelled), mem_text(text));
}

static bool is_origin(const struct webauthn_ceremony *ceremony, const char *origin)
{
    for (size_t i = 0; i < ceremony->origin_count; i++)
        if (text_equal(ceremony->origins[i], origin))
            return true;
    return false;
}

/* 7.1 steps 5 to 11, 7.2 steps 8 to 14. A page of ours is never inside another site's. */
static enum webauthn_refusal judge_client_data(struct arena *arena,
                                               const struct webauthn_ceremony *ceremony,
                                               struct mem bytes, const char *type)
{
    struct client_data data;
    if (client_data_read(arena, bytes, &data))
        return WEBAUTHN_BAD_CLIENT_DATA;
    if (!text_equal(data.type, type))
        return WEBAUTHN_BAD_TYPE;
    if (!is_challenge(arena, ceremony->challenge, data.challenge))
        return WEBAUTHN_BAD_CHALLENGE;
    if (!is_origin(ceremony, data.origin))
        return WEBAUTHN_BAD_ORIGIN;
    if (data.is_cross_origin || data.has_top_origin)
        return WEBAUTHN_BAD_CROSS_ORIGIN;
    return WEBAUTHN_NOT_REFUSED;
}

/* 7.1 steps 14 to 17, 7.2 steps 15 to 18. */
static enum webauthn_refusal judge_authenticator(const struct webauthn_ceremony *ceremony,
                                                 const struct authenticator_data *data)
{
    uint8_t rp_id_hash[SHA256_BYTES];
    sha256(mem_text(ceremony->rp_id), rp_id_hash);
    if (!mem_equal(data->rp_id_hash, MEM(rp_id_hash, sizeof rp_id_hash)))
        return WEBAUTHN_BAD_RP_ID;
    if (!(data->flags & AUTHENTICATOR_USER_PRESENT))
        return WEBAUTHN_NO_USER_PRESENCE;
    if (ceremony->needs_user_verification && !(data->flags & AUTHENTICATOR_USER_VERIFIED))
        return WEBAUTHN_NO_USER_VERIFICATION;
    if (data->flags & AUTHENTICATOR_BACKED_UP && !(data->flags & AUTHENTICATOR_BACKUP_ELIGIBLE))
        return WEBAUTHN_BAD_BACKUP;
    return WEBAUTHN_NOT_REFUSED;
}

static bool is_allowed(const struct mem *list, size_t count, struct mem id)
{
    for (size_t i = 0; i < count; i++)
        if (mem_equal(list[i], id))
            return true;
    return count == 0;
}

/* --- registration --- */

/* The registered names (RFC 8809, IANA "WebAuthn Attestation Statement Format Identifiers"),
 * compared with their case (7.1 step 21). */
static bool is_format(struct mem name)
{
    static const char *const names[] = { "none",     "packed", "tpm",     "android-key",
                                         "fido-u2f", "apple",  "compound" };
    for (size_t i = 0; i < COUNT(names); i++)
        if (mem_equal(name, mem_text(names[i])))
            return true;
    return mem_equal(name, mem_text("android-safetynet"));
}

/* 7.1 steps 21 to 24: no statement at all for "none" (8.7); any other would have to be verified
 * before it gave trust, and we trust none, so it is only bounded CBOR. */
static bool is_good_statement(const struct cbor_item *object)
{
    struct cbor_item format, statement;
    if (!cbor_find(object, "fmt", &format) || !cbor_find(object, "attStmt", &statement))
        return false;
    if (format.kind != CBOR_TEXT || !is_format(format.bytes))
        return false;
    if (mem_equal(format.bytes, mem_text("compound"))) /* 8.9: a list of statements */
        return statement.kind == CBOR_ARRAY;
    if (mem_equal(format.bytes, mem_text("none")))
        return statement.kind == CBOR_MAP && statement.num == 0;
    return statement.kind == CBOR_MAP;
}

/* 7.1 step 13. */
static enum webauthn_refusal open_object(struct mem bytes, struct authenticator_data *ret)
{
    struct cbor_item object, data;
    if (bytes.n > WEBAUTHN_ATTESTATION_MAX || !cbor_read(bytes, &object) ||
        !cbor_find(&object, "authData", &data) || data.kind != CBOR_BYTES)
        return WEBAUTHN_BAD_ATTESTATION;
    if (!authenticator_data_parse(data.bytes, ret) || !(ret->flags & AUTHENTICATOR_HAS_CREDENTIAL))
        return WEBAUTHN_BAD_AUTHENTICATOR_DATA;
    return is_good_statement(&object) ? WEBAUTHN_NOT_REFUSED : WEBAUTHN_BAD_ATTESTATION;
}

/* 7.1 step 20: the algorithm is one of those offered, and the key one of this algorithm. */
static enum webauthn_refusal judge_key(const struct webauthn_ceremony *ceremony, struct mem bytes)
{
    struct cose_key key;
    int algorithm = cose_key_algorithm(bytes);
    bool offered = false;
    for (size_t i = 0; i < ceremony->algorithm_count; i++)
        offered |= ceremony->algorithms[i] == algorithm;
    if (!offered)
        return WEBAUTHN_BAD_ALGORITHM;
    bool good = cose_key_parse(bytes, &key) && cose_key_is_sound(&key);
    return good ? WEBAUTHN_NOT_REFUSED : WEBAUTHN_BAD_KEY;
}

static enum webauthn_refusal judge_registration(struct arena *arena,
                                                const struct webauthn_ceremony *ceremony,
                                                const struct webauthn_attestation *answer,
                                                struct authenticator_data *ret)
{
    enum webauthn_refusal why =
        judge_client_data(arena, ceremony, answer->client_data, "webauthn.create");
    if (!why)
        why = open_object(answer->attestation_object, ret);
    if (!why)
        why = judge_authenticator(ceremony, ret);
    if (!why)
        why = judge_key(ceremony, ret->public_key);
    if (why)
        return why;
    /* 7.1 step 25; and what was signed for is what the page said (WA-08). */
    if (ret->credential_id.n == 0 || ret->credential_id.n > WEBAUTHN_ID_MAX ||
        !mem_equal(ret->credential_id, answer->id))
        return WEBAUTHN_BAD_CREDENTIAL_ID;
    return WEBAUTHN_NOT_REFUSED;
}

/* 7.1 step 27. */
static void fill_credential(struct arena *arena, const struct authenticator_data *data,
                            const struct webauthn_attestation *answer,
                            struct webauthn_credential *ret)
{
    *ret = (struct webauthn_credential){
        .id = arena_copy(arena, data->credential_id),
        .public_key = arena_copy(arena, data->public_key),
        .algorithm = cose_key_algorithm(data->public_key),
        .sign_count = data->sign_count,
        .is_user_verified = data->flags & AUTHENTICATOR_USER_VERIFIED,
        .is_backup_eligible = data->flags & AUTHENTICATOR_BACKUP_ELIGIBLE,
        .is_backed_up = data->flags & AUTHENTICATOR_BACKED_UP,
        .transports = answer->transports ? answer->transports : "",
    };
    memcpy(ret->aaguid, data->aaguid.p, sizeof ret->aaguid);
}

enum err webauthn_register(struct arena *arena, const struct webauthn_ceremony *ceremony,
                           const struct webauthn_attestation *answer,
                           const struct webauthn_registered **ret, enum webauthn_refusal *ret_why)
{
    struct authenticator_data data;
    *ret = NULL;
    *ret_why = judge_registration(arena, ceremony, answer, &data);
    if (*ret_why)
        return E_INVALID;
    struct webauthn_registered *proof = arena_alloc(arena, sizeof *proof);
    fill_credential(arena, &data, answer, &proof->credential);
    proof->seal = &registered_seal;
    *ret = proof;
    return OK;
}

const struct webauthn_credential *webauthn_credential(const struct webauthn_registered *proof)
{
    assert(proof && proof->seal == &registered_seal);
    return &proof->credential;
}

/* --- assertion --- */

/* 7.2 steps 5 and 6. */
static enum webauthn_refusal judge_names(const struct webauthn_ceremony *ceremony,
                                         const struct webauthn_stored *stored,
                                         const struct webauthn_assertion *answer)
{
    if (!is_allowed(ceremony->allowed, ceremony->allowed_count, answer->id) ||
        !mem_equal(stored->id, answer->id))
        return WEBAUTHN_BAD_CREDENTIAL_ID;
    if (answer->has_user_handle ? !mem_equal(stored->user_handle, answer->user_handle)
                                : ceremony->names_user)
        return WEBAUTHN_BAD_USER_HANDLE;
    return WEBAUTHN_NOT_REFUSED;
}

/* 7.2 steps 20 and 21. */
static enum webauthn_refusal judge_signature(struct arena *arena, struct mem public_key,
                                             const struct webauthn_assertion *answer)
{
    struct cose_key key;
    struct mem data = answer->authenticator_data;
    if (!cose_key_parse(public_key, &key))
        return WEBAUTHN_BAD_KEY;
    uint8_t *message = arena_alloc(arena, data.n + SHA256_BYTES);
    memcpy(message, data.p, data.n);
    sha256(answer->client_data, message + data.n);
    bool good = cose_key_verify(&key, MEM(message, data.n + SHA256_BYTES), answer->signature);
    return good ? WEBAUTHN_NOT_REFUSED : WEBAUTHN_BAD_SIGNATURE;
}

/* 7.2 step 22: a counter that is used must rise. */
static bool is_rising(int64_t stored, int64_t now)
{
    return (stored == 0 && now == 0) || now > stored;
}

/* The counter comes last: that it did not rise is worth telling only of a genuine answer. */
static enum webauthn_refusal judge_assertion(struct arena *arena,
                                             const struct webauthn_ceremony *ceremony,
                                             const struct webauthn_stored *stored,
                                             const struct webauthn_assertion *answer,
                                             struct authenticator_data *ret)
{
    enum webauthn_refusal why = judge_names(ceremony, stored, answer);
    if (!why)
        why = judge_client_data(arena, ceremony, answer->client_data, "webauthn.get");
    if (!why && !authenticator_data_parse(answer->authenticator_data, ret))
        why = WEBAUTHN_BAD_AUTHENTICATOR_DATA;
    if (!why)
        why = judge_authenticator(ceremony, ret);
    if (!why && stored->is_backup_eligible != !!(ret->flags & AUTHENTICATOR_BACKUP_ELIGIBLE))
        why = WEBAUTHN_BAD_BACKUP; /* 7.2 step 19 */
    if (!why)
        why = judge_signature(arena, stored->public_key, answer);
    if (!why && !is_rising(stored->sign_count, ret->sign_count))
        why = WEBAUTHN_BAD_SIGN_COUNT;
    return why;
}

enum err webauthn_assert(struct arena *arena, const struct webauthn_ceremony *ceremony,
                         const struct webauthn_stored *stored,
                         const struct webauthn_assertion *answer,
                         const struct webauthn_verified **ret, enum webauthn_refusal *ret_why)
{
    struct authenticator_data data;
    *ret = NULL;
    *ret_why = judge_assertion(arena, ceremony, stored, answer, &data);
    if (*ret_why)
        return E_INVALID;
    struct webauthn_verified *proof = arena_alloc(arena, sizeof *proof);
    proof->facts = (struct webauthn_facts){
        .id = arena_copy(arena, stored->id),
        .sign_count = data.sign_count,
        .is_user_verified = data.flags & AUTHENTICATOR_USER_VERIFIED,
        .is_backed_up = data.flags & AUTHENTICATOR_BACKED_UP,
    };
    proof->seal = &verified_seal;
    *ret = proof;
    return OK;
}

const struct webauthn_facts *webauthn_facts(const struct webauthn_verified *proof)
{
    assert(proof && proof->seal == &verified_seal);
    return &proof->facts;
}
