/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A passkey in software: see soft_authenticator.h.
 */
#include "soft_authenticator.h"

#include "base/buf.h"
#include "base/random.h"
#include "base/text.h"
#include "crypto/digest.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* --- keys --- */

static EVP_PKEY *make_key(int algorithm)
{
    static EVP_PKEY *rsa; /* making one takes long */
    if (algorithm == -257)
        return rsa = rsa ? rsa : EVP_RSA_gen(2048U);
    return algorithm == -8 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") : EVP_EC_gen("P-256");
}

/* Chained, so that at the end they are still reachable. */
struct keeper {
    struct soft_credential credential;
    struct keeper *older;
};

struct soft_credential *soft_credential_new(int algorithm)
{
    static struct keeper *newest;
    struct keeper *keeper = calloc(1, sizeof *keeper);
    must(keeper != NULL);
    keeper->older = newest;
    newest = keeper;
    keeper->credential.algorithm = algorithm;
    keeper->credential.key = make_key(algorithm);
    must(keeper->credential.key != NULL);
    random_bytes(keeper->credential.id, sizeof keeper->credential.id);
    return &keeper->credential;
}

struct mem soft_credential_id(const struct soft_credential *credential)
{
    return MEM(credential->id, sizeof credential->id);
}

struct mem soft_sign(struct arena *arena, const struct soft_credential *credential,
                     struct mem message)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t n = 0;
    const EVP_MD *md = credential->algorithm == -8 ? NULL : EVP_sha256();
    must(EVP_DigestSignInit(context, NULL, md, NULL, credential->key) == 1 &&
         EVP_DigestSign(context, NULL, &n, message.p, message.n) == 1);
    uint8_t *signature = arena_alloc(arena, n);
    must(EVP_DigestSign(context, signature, &n, message.p, message.n) == 1);
    EVP_MD_CTX_free(context);
    return MEM(signature, n);
}

/* --- CBOR --- */

void soft_cbor_head(struct buf *out, int major, uint64_t argument)
{
    int length = argument < 24            ? 0
                 : argument <= UINT8_MAX  ? 1
                 : argument <= UINT16_MAX ? 2
                 : argument <= UINT32_MAX ? 4
                                          : 8;
    int info = length == 0   ? (int)argument
               : length == 1 ? 24
               : length == 2 ? 25
               : length == 4 ? 26
                             : 27;
    buf_char(out, (char)(major << 5 | info));
    while (length--)
        buf_char(out, (char)(argument >> 8 * length));
}

void soft_cbor_num(struct buf *out, int64_t num)
{
    if (num < 0)
        soft_cbor_head(out, 1, (uint64_t)(-1 - num));
    else
        soft_cbor_head(out, 0, (uint64_t)num);
}

void soft_cbor_bytes(struct buf *out, struct mem bytes)
{
    soft_cbor_head(out, 2, bytes.n);
    buf_add(out, bytes.p, bytes.n);
}

void soft_cbor_text(struct buf *out, const char *text)
{
    soft_cbor_head(out, 3, strlen(text));
    buf_text(out, text);
}

static void put_number(struct buf *out, const EVP_PKEY *key, const char *name, int size)
{
    BIGNUM *number = NULL;
    uint8_t bytes[512];
    must(EVP_PKEY_get_bn_param(key, name, &number) == 1);
    int n = size ? size : BN_num_bytes(number);
    must(BN_bn2binpad(number, bytes, n) == n);
    soft_cbor_bytes(out, MEM(bytes, (size_t)n));
    BN_free(number);
}

static void put_members(struct buf *out, const int *members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        soft_cbor_num(out, members[i]);
}

/* RFC 9053 7.1, 7.2; RFC 8230 4. */
struct mem soft_public_key(struct arena *arena, const struct soft_credential *credential)
{
    struct buf out;
    uint8_t raw[32];
    size_t n = sizeof raw;
    int alg = credential->algorithm;
    buf_init(&out, arena, 2048);
    soft_cbor_head(&out, 5, alg == -257 || alg == -8 ? 4 : 5);
    if (alg == -257) {
        put_members(&out, (const int[]){ 1, 3, 3, alg, -1 }, 5);
        put_number(&out, credential->key, OSSL_PKEY_PARAM_RSA_N, 0);
        soft_cbor_num(&out, -2);
        put_number(&out, credential->key, OSSL_PKEY_PARAM_RSA_E, 0);
    } else if (alg == -8) {
        put_members(&out, (const int[]){ 1, 1, 3, alg, -1, 6, -2 }, 7);
        must(EVP_PKEY_get_raw_public_key(credential->key, raw, &n) == 1);
        soft_cbor_bytes(&out, MEM(raw, n));
    } else {
        put_members(&out, (const int[]){ 1, 2, 3, alg, -1, 1, -2 }, 7);
        put_number(&out, credential->key, OSSL_PKEY_PARAM_EC_PUB_X, 32);
        soft_cbor_num(&out, -3);
        put_number(&out, credential->key, OSSL_PKEY_PARAM_EC_PUB_Y, 32);
    }
    return buf_mem(&out);
}

/* --- what is said --- */

struct soft_answer soft_answer(const char *origin, const char *rp_id, const char *challenge)
{
    return (struct soft_answer){
        .challenge = challenge,
        .origin = origin,
        .rp_id = rp_id,
        .flags = SOFT_UP | SOFT_UV,
    };
}

struct soft_answer soft_answer_options(struct soft_credential *credential,
                                       const struct json_value *options, const char *origin)
{
    const char *rp_id = json_find_text(options, "rpId");
    const char *user = json_find_text(json_find(options, "user"), "id");
    const char *challenge = json_find_text(options, "challenge");
    if (!rp_id)
        rp_id = json_find_text(json_find(options, "rp"), "id");
    must(rp_id && challenge);
    if (user)
        must(strlen(user) <= base64url_size(sizeof credential->user_handle) &&
             base64url_parse(user, strlen(user), credential->user_handle,
                             &credential->user_handle_n));
    return soft_answer(origin, rp_id, challenge);
}

struct mem soft_client_data(struct arena *arena, const struct soft_answer *answer, const char *type)
{
    const char *cross = answer->cross_origin ? answer->cross_origin : "false";
    if (answer->client_data.p)
        return answer->client_data;
    return mem_text(text_format(arena,
                                "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"%s\"%s%s%s}",
                                answer->type ? answer->type : type, answer->challenge,
                                answer->origin, *cross ? ",\"crossOrigin\":" : "", cross,
                                answer->extra_members ? answer->extra_members : ""));
}

static void add(struct buf *out, struct mem bytes)
{
    buf_add(out, bytes.p, bytes.n);
}

static struct mem either(struct mem given, struct mem usual)
{
    return given.p ? given : usual;
}

static void put_credential(struct buf *out, const struct soft_credential *credential,
                           const struct soft_answer *answer)
{
    static const uint8_t no_model[16];
    struct mem id = either(answer->id, soft_credential_id(credential));
    size_t length = answer->id_length ? (size_t)answer->id_length : id.n;
    add(out, either(answer->aaguid, MEM(no_model, sizeof no_model)));
    buf_char(out, (char)(length >> 8));
    buf_char(out, (char)length);
    add(out, id);
    add(out, either(answer->public_key, soft_public_key(out->arena, credential)));
}

struct mem soft_authenticator_data(struct arena *arena, const struct soft_credential *credential,
                                   const struct soft_answer *answer, bool is_registration)
{
    struct buf out;
    uint8_t hash[SHA256_BYTES];
    int flags = answer->flags | (is_registration ? SOFT_AT : 0);
    if (answer->authenticator_data.p)
        return answer->authenticator_data;
    buf_init(&out, arena, 1 << 20);
    sha256(mem_text(answer->rp_id), hash);
    add(&out, MEM(hash, sizeof hash));
    buf_char(&out, (char)flags);
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_char(&out, (char)(answer->sign_count >> shift));
    if (is_registration)
        put_credential(&out, credential, answer);
    if (answer->extensions.p)
        add(&out, answer->extensions);
    if (answer->tail.p)
        add(&out, answer->tail);
    return buf_mem(&out);
}

static struct mem attestation(struct arena *arena, const struct soft_credential *credential,
                              const struct soft_answer *answer)
{
    struct buf out;
    if (answer->attestation_object.p)
        return answer->attestation_object;
    buf_init(&out, arena, 1 << 20);
    soft_cbor_head(&out, 5, 3);
    soft_cbor_text(&out, "fmt");
    soft_cbor_text(&out, answer->format ? answer->format : "none");
    soft_cbor_text(&out, "attStmt");
    add(&out, either(answer->statement, MEM("\xA0", 1)));
    soft_cbor_text(&out, "authData");
    soft_cbor_bytes(&out, soft_authenticator_data(arena, credential, answer, true));
    return buf_mem(&out);
}

/* --- the browser's JSON --- */

static const char *encoded(struct arena *arena, struct mem bytes)
{
    char *out = arena_alloc(arena, base64url_size(bytes.n) + 1);
    base64url_format(bytes, out);
    return out;
}

static const char *frame(struct arena *arena, const struct soft_credential *credential,
                         const struct soft_answer *answer, const char *response)
{
    const char *id = encoded(arena, either(answer->id, soft_credential_id(credential)));
    return text_format(arena,
                       "{\"id\":\"%s\",\"rawId\":\"%s\",\"type\":\"%s\","
                       "\"authenticatorAttachment\":\"platform\","
                       "\"clientExtensionResults\":{},\"response\":{%s}%s}",
                       answer->json_id ? answer->json_id : id,
                       answer->json_raw_id ? answer->json_raw_id : id,
                       answer->json_type ? answer->json_type : "public-key", response,
                       answer->json_extra ? answer->json_extra : "");
}

const char *soft_registration(struct arena *arena, const struct soft_credential *credential,
                              const struct soft_answer *answer)
{
    struct mem client_data = soft_client_data(arena, answer, "webauthn.create");
    struct mem data = soft_authenticator_data(arena, credential, answer, true);
    const char *response = text_format(
        arena,
        "\"clientDataJSON\":\"%s\",\"attestationObject\":\"%s\","
        "\"authenticatorData\":\"%s\",\"publicKeyAlgorithm\":%d,\"transports\":%s",
        encoded(arena, client_data), encoded(arena, attestation(arena, credential, answer)),
        encoded(arena, data), credential->algorithm,
        answer->transports ? answer->transports : "[\"hybrid\",\"internal\"]");
    return frame(arena, credential, answer, response);
}

static struct mem sign(struct arena *arena, const struct soft_credential *credential,
                       struct mem client_data, struct mem data)
{
    uint8_t *message = arena_alloc(arena, data.n + SHA256_BYTES);
    memcpy(message, data.p, data.n);
    sha256(client_data, message + data.n);
    return soft_sign(arena, credential, MEM(message, data.n + SHA256_BYTES));
}

static const char *user_member(struct arena *arena, const struct soft_credential *credential,
                               const struct soft_answer *answer)
{
    struct mem own = MEM(credential->user_handle, credential->user_handle_n);
    const char *handle = answer->user_handle ? answer->user_handle : encoded(arena, own);
    return *handle ? text_format(arena, ",\"userHandle\":\"%s\"", handle) : "";
}

const char *soft_assertion(struct arena *arena, const struct soft_credential *credential,
                           const struct soft_answer *answer)
{
    struct mem client_data = soft_client_data(arena, answer, "webauthn.get");
    struct mem data = soft_authenticator_data(arena, credential, answer, false);
    struct mem signature = answer->signature;
    if (!signature.p)
        signature = sign(arena, credential, client_data, data);
    const char *response = text_format(
        arena, "\"clientDataJSON\":\"%s\",\"authenticatorData\":\"%s\",\"signature\":\"%s\"%s",
        encoded(arena, client_data), encoded(arena, data), encoded(arena, signature),
        user_member(arena, credential, answer));
    return frame(arena, credential, answer, response);
}
