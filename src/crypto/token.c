/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opaque tokens: see token.h.
 */
#include "crypto/token.h"

#include "base/random.h"
#include "base/text.h"
#include "crypto/digest.h"

#include <string.h>

enum { SECRET_CHARS = 43 };

static void hash_secret(const char *purpose, const uint8_t secret[TOKEN_SECRET_BYTES],
                        uint8_t out[TOKEN_HASH_BYTES])
{
    sha256_pieces((const struct mem[]){ mem_text(purpose), MEM(secret, TOKEN_SECRET_BYTES) }, 2,
                  out);
}

struct token token_new(struct arena *arena, const char *prefix, const char *purpose)
{
    return token_renew(arena, id_new(arena, prefix), purpose);
}

struct token token_renew(struct arena *arena, const char *id, const char *purpose)
{
    uint8_t secret[TOKEN_SECRET_BYTES];
    char digits[SECRET_CHARS + 1];
    struct token token = { .id = id };
    random_bytes(secret, sizeof secret);
    hash_secret(purpose, secret, token.hash);
    base64url_format(MEM(secret, sizeof secret), digits);
    token.text = text_format(arena, "%s%s", token.id, digits);
    mem_wipe(secret, sizeof secret);
    mem_wipe(digits, sizeof digits);
    return token;
}

bool token_parse(struct arena *arena, const char *text, const char *prefix, const char *purpose,
                 struct token *ret)
{
    uint8_t secret[TOKEN_SECRET_BYTES];
    size_t id_n = strlen(prefix) + 1 + ID_CHARS, secret_n;
    if (!text || strnlen(text, id_n + SECRET_CHARS + 1) != id_n + SECRET_CHARS)
        return false;
    const char *id = text_copy(arena, MEM(text, id_n));
    if (!id_is(id, prefix) || !base64url_parse(text + id_n, SECRET_CHARS, secret, &secret_n))
        return false;
    *ret = (struct token){ .text = text, .id = id };
    hash_secret(purpose, secret, ret->hash);
    mem_wipe(secret, sizeof secret);
    return true;
}

bool token_matches(const struct token *token, struct mem stored_hash)
{
    return mem_equal(MEM(token->hash, sizeof token->hash), stored_hash);
}
