/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opaque tokens: "<prefix>_<26 characters of row id><43 characters of secret>". The row is found by
 * its id; only a hash of the secret is stored, and it is compared in constant time. The purpose is
 * part of the hash, so a token of one purpose is worth nothing at another door even if the rows
 * were mixed up.
 */
#pragma once

#include "base/arena.h"
#include "base/id.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

enum { TOKEN_SECRET_BYTES = 32, TOKEN_HASH_BYTES = 32 };

struct token {
    const char *text; /* what the holder gets; never stored */
    const char *id;   /* the row's primary key, "<prefix>_<26>" */
    uint8_t hash[TOKEN_HASH_BYTES];
};

/* A new random token. prefix names the kind of row ("vrf"), purpose what it opens ("verify-email").
 */
struct token token_new(struct arena *arena, const char *prefix, const char *purpose);

/* A new secret for the row with this id, which token_new or token_parse gave. */
struct token token_renew(struct arena *arena, const char *id, const char *purpose);

/* Takes a presented text apart; false unless it has exactly this form, length and canonical
 * encoding (RST/TOK-03). */
bool token_parse(struct arena *arena, const char *text, const char *prefix, const char *purpose,
                 struct token *ret);

/* The stored hash belongs to this token. */
bool token_matches(const struct token *token, struct mem stored_hash);
