/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recovery codes: "xxxxx-xxxxx-xxxxx-xxxxx-xxxxx", 125 random bits in Crockford's base32. So many
 * bits that one plain digest hides a code (NIST SP 800-63B 3.1.2.2 asks for 112), and checking one
 * costs a look-up, not ten slow hashes. What it opens and whose it is are part of the digest.
 */
#pragma once

#include "base/arena.h"
#include "crypto/digest.h"

#include <stdbool.h>
#include <stdint.h>

enum { RECOVERY_CODE_CHARS = 25, RECOVERY_CODE_GROUP = 5 };

/* A new code as the holder gets it; never stored. */
const char *recovery_code_new(struct arena *arena);

/* The digest by which an account's code is found. Case, spaces and hyphens do not matter, and o, i
 * and l count as 0, 1 and 1. False when the text cannot be a code. */
bool recovery_code_hash(const char *typed, const char *account_id, uint8_t ret[SHA256_BYTES]);
