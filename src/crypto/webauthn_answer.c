/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The browser's JSON: see webauthn_answer.h.
 */
#include "crypto/webauthn_answer.h"

#include "base/text.h"
#include "crypto/client_data.h"

#include <string.h>

/* A DER signature takes 72 bytes, one of RSA with 4096 bits 512. */
enum { SIGNATURE_MAX = 1024, AUTHENTICATOR_DATA_MAX = 16 * 1024 };

static enum err decode(struct arena *arena, const char *text, size_t max, struct mem *ret)
{
    size_t n = text ? strlen(text) : 0, written;
    if (!text || n > base64url_size(max))
        return E_INVALID;
    uint8_t *bytes = arena_alloc(arena, n * 3 / 4 + 1);
    if (!base64url_parse(text, n, bytes, &written))
        return E_INVALID;
    *ret = MEM(bytes, written);
    return OK;
}

static enum err read_bytes(struct arena *arena, const struct json_value *object, const char *key,
                           size_t max, struct mem *ret)
{
    return decode(arena, json_find_text(object, key), max, ret);
}

/* What both kinds of answer have around their response. */
static enum err read_frame(struct arena *arena, const struct json_value *json, struct mem *ret_id)
{
    const char *id = json_find_text(json, "id");
    const struct json_value *extensions = json_find(json, "clientExtensionResults");
    if (!text_equal(json_find_text(json, "type"), "public-key"))
        return E_INVALID;
    if (!extensions || extensions->kind != JSON_IS_OBJECT)
        return E_INVALID;
    if (!id || !text_equal(id, json_find_text(json, "rawId")))
        return E_INVALID;
    TRY(decode(arena, id, WEBAUTHN_ID_MAX, ret_id));
    return ret_id->n ? OK : E_INVALID;
}

/* --- transports --- */

static bool has_item(const struct json_value *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (text_equal(list->items[i].text, text))
            return true;
    return false;
}

/* Only for the browser's comfort at the next sign-in, so what is strange is left out. */
static const char *read_transports(struct arena *arena, const struct json_value *list)
{
    static const char *const known[] = { "ble", "hybrid", "internal", "nfc", "smart-card", "usb" };
    struct buf words;
    buf_init(&words, arena, 64);
    for (size_t i = 0; list && list->kind == JSON_IS_ARRAY && i < COUNT(known); i++)
        if (has_item(list, known[i]))
            buf_format(&words, "%s%s", words.n ? " " : "", known[i]);
    return words.p;
}

/* --- the two answers --- */

enum err webauthn_read_attestation(struct arena *arena, const struct json_value *json,
                                   struct webauthn_attestation *ret)
{
    const struct json_value *response = json_find(json, "response");
    *ret = (struct webauthn_attestation){ .transports = read_transports(
                                              arena, json_find(response, "transports")) };
    TRY(read_frame(arena, json, &ret->id));
    TRY(read_bytes(arena, response, "clientDataJSON", WEBAUTHN_CLIENT_DATA_MAX, &ret->client_data));
    return read_bytes(arena, response, "attestationObject", WEBAUTHN_ATTESTATION_MAX,
                      &ret->attestation_object);
}

/* null stands for "none" in what some browsers and libraries write. */
static enum err read_user_handle(struct arena *arena, const struct json_value *value,
                                 struct webauthn_assertion *ret)
{
    ret->user_handle = MEM_NONE;
    if (!value || value->kind == JSON_IS_NULL)
        return OK;
    ret->has_user_handle = true;
    TRY(decode(arena, value->text, WEBAUTHN_USER_HANDLE_MAX, &ret->user_handle));
    return ret->user_handle.n ? OK : E_INVALID;
}

enum err webauthn_read_assertion(struct arena *arena, const struct json_value *json,
                                 struct webauthn_assertion *ret)
{
    const struct json_value *response = json_find(json, "response");
    *ret = (struct webauthn_assertion){ 0 };
    TRY(read_frame(arena, json, &ret->id));
    TRY(read_bytes(arena, response, "clientDataJSON", WEBAUTHN_CLIENT_DATA_MAX, &ret->client_data));
    TRY(read_bytes(arena, response, "authenticatorData", AUTHENTICATOR_DATA_MAX,
                   &ret->authenticator_data));
    TRY(read_bytes(arena, response, "signature", SIGNATURE_MAX, &ret->signature));
    return read_user_handle(arena, json_find(response, "userHandle"), ret);
}

enum err webauthn_client_challenge(struct arena *arena, struct mem client_data, const char **ret)
{
    struct client_data data;
    struct mem bytes;
    TRY(client_data_read(arena, client_data, &data));
    TRY(decode(arena, data.challenge, WEBAUTHN_CLIENT_DATA_MAX, &bytes));
    if (!text_is_utf8(bytes))
        return E_INVALID;
    *ret = bytes.p; /* decode left a NUL behind it */
    return OK;
}
