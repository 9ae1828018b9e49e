/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opaque tokens: what is accepted is the one spelling of its bytes, and carries their hash.
 */
#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/token.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Takes the text apart and puts it together again by other means. */
static void compare(struct arena *arena, const char *text, const struct token *token)
{
    unsigned char id[16];
    char digits[ID_CHARS + 1], encoded[44];
    uint8_t secret[33], hash[SHA256_BYTES];
    size_t n = 0;
    must(strlen(text) == 73 && text_starts(text, token->id));
    must(id_decode(token->id + 4, id));
    id_encode(id, digits);
    must(base64url_parse(text + 30, 43, secret, &n) && n == 32);
    base64url_format(MEM(secret, n), encoded);
    must(text_equal(text, text_format(arena, "vrf_%s%s", digits, encoded)));
    sha256_pieces((const struct mem[]){ mem_text("verify-email"), MEM(secret, n) }, 2, hash);
    must(token_matches(token, MEM(hash, sizeof hash)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct token token, other;
    arena_init(&arena, 1 << 20);
    if (size < 4096) {
        const char *text = text_copy(&arena, MEM(data, size));
        if (token_parse(&arena, text, "vrf", "verify-email", &token)) {
            compare(&arena, text, &token);
            must(token_parse(&arena, text, "vrf", "reset", &other));
            must(!token_matches(&other, MEM(token.hash, sizeof token.hash)));
            must(!token_parse(&arena, text, "rst", "verify-email", &other));
        }
    }
    arena_done(&arena);
    return 0;
}
