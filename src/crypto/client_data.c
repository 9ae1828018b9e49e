/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client data: see client_data.h.
 */
#include "crypto/client_data.h"

#include "base/json.h"
#include "crypto/webauthn_answer.h"

#include <string.h>

/* "UTF-8 decode" (WebAuthn 7.1 step 5, Encoding standard 6): one mark is dropped, not two. */
static struct mem without_mark(struct mem bytes)
{
    static const char mark[] = "\xEF\xBB\xBF";
    if (bytes.n < 3 || memcmp(bytes.p, mark, 3) != 0)
        return bytes;
    return MEM((const char *)bytes.p + 3, bytes.n - 3);
}

static bool is_flag(const struct json_value *value)
{
    return !value || value->kind == JSON_IS_FALSE || value->kind == JSON_IS_TRUE;
}

enum err client_data_read(struct arena *arena, struct mem bytes, struct client_data *ret)
{
    struct json_value root;
    if (bytes.n > WEBAUTHN_CLIENT_DATA_MAX)
        return E_INVALID;
    TRY(json_read(arena, without_mark(bytes), &root, NULL));
    const struct json_value *cross = json_find(&root, "crossOrigin");
    *ret = (struct client_data){
        .type = json_find_text(&root, "type"),
        .challenge = json_find_text(&root, "challenge"),
        .origin = json_find_text(&root, "origin"),
        .is_cross_origin = cross && cross->kind == JSON_IS_TRUE,
        .has_top_origin = json_find(&root, "topOrigin") != NULL,
    };
    return ret->type && ret->challenge && ret->origin && is_flag(cross) ? OK : E_INVALID;
}
