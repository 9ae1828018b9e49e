/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole ceremonies. The first byte says which ceremony, the second which one thing of it the rest
 * of the input replaces; all else is right, and rightly signed, so that the fuzzer gets past the
 * signature. Whatever is accepted must hold everything that a signature in there is worth.
 */
#include "../soft_authenticator.h"
#include "base/buf.h"
#include "base/text.h"
#include "crypto/cbor.h"
#include "crypto/digest.h"
#include "crypto/webauthn.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    WHOLE_JSON,
    CLIENT_DATA,
    AUTHENTICATOR_DATA,
    ATTESTATION_OBJECT,
    PUBLIC_KEY,
    STATEMENT,
    SIGNATURE,
    ORIGIN,
    CHALLENGE,
    TYPE,
    RP_ID,
    FLAGS,
    MEMBERS,
    PLACES
};

#define OUR_ORIGIN "https://example.org"
#define OUR_CHALLENGE "a challenge of ours"

static struct soft_credential *keys[3];

static void must(bool holds)
{
    if (!holds)
        abort();
}

static struct webauthn_ceremony asked(void)
{
    static const char *const origins[] = { OUR_ORIGIN };
    return (struct webauthn_ceremony){ .rp_id = "example.org",
                                       .origins = origins,
                                       .origin_count = 1,
                                       .challenge = mem_text(OUR_CHALLENGE),
                                       .needs_user_verification = true,
                                       .algorithms = webauthn_algorithms,
                                       .algorithm_count = WEBAUTHN_ALGORITHMS,
                                       .names_user = true };
}

static struct soft_answer said(struct arena *arena, int place, struct mem with)
{
    const char *text = text_copy(arena, with);
    char challenge[64];
    base64url_format(mem_text(OUR_CHALLENGE), challenge);
    struct soft_answer a =
        soft_answer(OUR_ORIGIN, "example.org", text_copy(arena, mem_text(challenge)));
    switch (place) {
    case CLIENT_DATA: a.client_data = with; break;
    case AUTHENTICATOR_DATA: a.authenticator_data = with; break;
    case ATTESTATION_OBJECT: a.attestation_object = with; break;
    case PUBLIC_KEY: a.public_key = with; break;
    case STATEMENT:
        a.format = "packed";
        a.statement = with;
        break;
    case SIGNATURE: a.signature = with; break;
    case ORIGIN: a.origin = text; break;
    case CHALLENGE: a.challenge = text; break;
    case TYPE: a.type = text; break;
    case RP_ID: a.rp_id = text; break;
    case FLAGS: a.flags = with.n ? *(const uint8_t *)with.p : 0; break;
    case MEMBERS: a.extra_members = text; break;
    }
    return a;
}

/* --- what an accepted answer holds --- */

static void check_client_data(struct arena *arena, struct mem bytes, const char *type)
{
    struct json_value root;
    char challenge[64];
    if (bytes.n >= 3 && memcmp(bytes.p, "\xEF\xBB\xBF", 3) == 0)
        bytes = MEM((const char *)bytes.p + 3, bytes.n - 3);
    base64url_format(mem_text(OUR_CHALLENGE), challenge);
    must(json_read(arena, bytes, &root, NULL) == OK);
    must(text_equal(json_find_text(&root, "type"), type));
    must(text_equal(json_find_text(&root, "challenge"), challenge));
    must(text_equal(json_find_text(&root, "origin"), OUR_ORIGIN));
    must(!json_find(&root, "topOrigin"));
    must(!json_find(&root, "crossOrigin") ||
         json_find(&root, "crossOrigin")->kind == JSON_IS_FALSE);
}

static void check_data(struct mem data)
{
    uint8_t hash[SHA256_BYTES];
    sha256(mem_text("example.org"), hash);
    must(data.n >= 37 && mem_equal(MEM(data.p, 32), MEM(hash, 32)));
    int flags = ((const uint8_t *)data.p)[32];
    must(flags & SOFT_UP && flags & SOFT_UV && (flags & SOFT_BE || !(flags & SOFT_BS)));
}

static void check_registered(struct arena *arena, const struct webauthn_attestation *answer,
                             const struct webauthn_credential *c)
{
    struct cbor_item object, data;
    check_client_data(arena, answer->client_data, "webauthn.create");
    must(cbor_read(answer->attestation_object, &object) && cbor_find(&object, "authData", &data));
    check_data(data.bytes);
    const uint8_t *p = data.bytes.p;
    size_t id_n = (size_t)(p[53] << 8 | p[54]);
    must(p[32] & SOFT_AT && id_n == c->id.n && id_n >= 1 && id_n <= WEBAUTHN_ID_MAX);
    must(mem_equal(MEM(p + 55, id_n), answer->id) && mem_equal(c->id, answer->id));
    must(mem_equal(MEM(p + 55 + id_n, c->public_key.n), c->public_key));
    must(c->algorithm == WEBAUTHN_ES256 || c->algorithm == WEBAUTHN_EDDSA ||
         c->algorithm == WEBAUTHN_RS256);
}

static void check_verified(struct arena *arena, const struct soft_credential *key,
                           const struct webauthn_assertion *answer,
                           const struct webauthn_facts *facts)
{
    check_client_data(arena, answer->client_data, "webauthn.get");
    check_data(answer->authenticator_data);
    must(mem_equal(answer->id, soft_credential_id(key)) && mem_equal(facts->id, answer->id));
    must(answer->has_user_handle && mem_equal(answer->user_handle, mem_text("user")));
    must(facts->sign_count >= 0 && facts->sign_count <= UINT32_MAX);
}

/* --- the two ceremonies --- */

static void try_registration(struct arena *arena, const char *text)
{
    struct webauthn_ceremony ceremony = asked();
    struct webauthn_attestation answer;
    const struct webauthn_registered *proof;
    enum webauthn_refusal why;
    struct json_value json;
    if (json_read(arena, mem_text(text), &json, NULL) ||
        webauthn_read_attestation(arena, &json, &answer))
        return;
    enum err e = webauthn_register(arena, &ceremony, &answer, &proof, &why);
    must((e == OK) == (why == WEBAUTHN_NOT_REFUSED) && (e == OK) == (proof != NULL));
    must(*webauthn_refusal_name(why));
    if (e == OK)
        check_registered(arena, &answer, webauthn_credential(proof));
}

static void try_assertion(struct arena *arena, const struct soft_credential *key, const char *text)
{
    struct webauthn_ceremony ceremony = asked();
    struct webauthn_stored stored = { .id = soft_credential_id(key),
                                      .public_key = soft_public_key(arena, key),
                                      .user_handle = mem_text("user") };
    struct webauthn_assertion answer;
    const struct webauthn_verified *proof;
    enum webauthn_refusal why;
    struct json_value json;
    if (json_read(arena, mem_text(text), &json, NULL) ||
        webauthn_read_assertion(arena, &json, &answer))
        return;
    enum err e = webauthn_assert(arena, &ceremony, &stored, &answer, &proof, &why);
    must((e == OK) == (why == WEBAUTHN_NOT_REFUSED) && (e == OK) == (proof != NULL));
    if (e == OK)
        check_verified(arena, key, &answer, webauthn_facts(proof));
}

static void start(void)
{
    for (int i = 0; i < 3; i++) {
        keys[i] = soft_credential_new(webauthn_algorithms[i]);
        memcpy(keys[i]->user_handle, "user", 4);
        keys[i]->user_handle_n = 4;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    if (!keys[0])
        start();
    if (size < 2)
        return 0;
    int place = data[1] % PLACES;
    struct soft_credential *key = keys[(data[0] >> 1) % 3];
    struct mem with = MEM(data + 2, size - 2);
    arena_init(&arena, 32 << 20);
    struct soft_answer answer = said(&arena, place, with);
    const char *whole = place == WHOLE_JSON ? text_copy(&arena, with) : NULL;
    if (data[0] & 1)
        try_assertion(&arena, key, whole ? whole : soft_assertion(&arena, key, &answer));
    else
        try_registration(&arena, whole ? whole : soft_registration(&arena, key, &answer));
    arena_done(&arena);
    return 0;
}
