/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of refresh tokens: see refresh_token.h.
 */
#include "account/refresh_token.h"

#include "base/id.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "service/keyring.h"

#include <string.h>

#define PREFIX "crt_"

enum {
    PREFIX_CHARS = sizeof PREFIX - 1,
    GENERATION_CHARS = 7, /* 35 bits */
    SECRET_CHARS = 43,
    TOKEN_CHARS = PREFIX_CHARS + ID_CHARS + GENERATION_CHARS + SECRET_CHARS,
};

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

enum err refresh_format(struct arena *arena, const char *key_id, const char *session_id,
                        int64_t generation, const char **ret)
{
    uint8_t key[32], secret[SHA256_BYTES];
    char number[GENERATION_CHARS + 1] = "", tail[SECRET_CHARS + 1];
    TRY(keyring_derive(key_id, "refresh-token", key));
    for (int i = GENERATION_CHARS - 1; i >= 0; i--, generation >>= 5)
        number[i] = digits[generation & 31];
    const char *signed_part = text_format(arena, "%s%s", session_id, number);
    hmac_sha256(MEM(key, sizeof key), mem_text(signed_part), secret);
    mem_wipe(key, sizeof key);
    base64url_format(MEM(secret, sizeof secret), tail);
    *ret = text_format(arena, PREFIX "%s%s%s", session_id + strlen("ses_"), number, tail);
    return OK;
}

bool refresh_parse(struct arena *arena, const char *token, struct refresh_parts *ret)
{
    if (strlen(token) != TOKEN_CHARS || strncmp(token, PREFIX, PREFIX_CHARS) != 0)
        return false;
    const char *id = text_copy(arena, MEM(token + PREFIX_CHARS, ID_CHARS));
    ret->session_id = text_format(arena, "ses_%s", id);
    ret->generation = 0;
    const char *p = token + PREFIX_CHARS + ID_CHARS;
    for (int i = 0; i < GENERATION_CHARS; i++) {
        const char *digit = strchr(digits, p[i]);
        if (!digit)
            return false;
        ret->generation = ret->generation << 5 | (digit - digits);
    }
    return id_is(ret->session_id, "ses");
}
