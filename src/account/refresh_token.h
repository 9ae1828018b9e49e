/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of refresh tokens: "crt_<26 characters of session id><7 characters of generation><43 of
 * secret>", the secret being HMAC-SHA-256 of id and generation under the key with an id.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* The token of a session's generation. E_NOT_FOUND when the key is gone. */
enum err refresh_format(struct arena *arena, const char *key_id, const char *session_id,
                        int64_t generation, const char **ret);

struct refresh_parts {
    const char *session_id;
    int64_t generation;
};

/* Takes a token apart without judging its secret; false unless it has exactly this form. */
bool refresh_parse(struct arena *arena, const char *token, struct refresh_parts *ret);
