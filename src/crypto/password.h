/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stored passwords: Argon2id in PHC string form,
 * "$argon2id$v=19$m=65536,t=3,p=2[,keyid=ID]$salt$tag" (standard base64 without padding), with an
 * optional pepper by key id.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "crypto/argon2.h"

#include <stdbool.h>

enum { PASSWORD_PHC_MAX = 256, PASSWORD_SALT_BYTES = 16, PASSWORD_TAG_BYTES = 32 };

/* The highest cost that a stored string may ask for (PW-06): a tampered row must not eat the
 * machine. */
struct password_policy {
    struct argon2_cost cost;    /* for new hashes */
    struct argon2_cost ceiling; /* zero members: memory 1 GiB, passes 16, lanes 16 */
    struct mem pepper;          /* secret for new hashes, or empty */
    const char *pepper_id;      /* key id written into the string, or NULL */
};

/* "m=65536,t=3,p=2" into a cost; E_INVALID when malformed, below RFC 9106's minimum or above the
 * ceiling. */
enum err password_cost_parse(const char *setting, struct argon2_cost *ret);

/* Hashes password into a PHC string in the arena. Slow on purpose. */
enum err password_hash(struct argon2_memory *memory, struct arena *arena,
                       const struct password_policy *policy, struct mem password,
                       const char **ret_phc);

/*
 * Compares password with a stored string. OK and *ret_matches; *ret_outdated (may be NULL) says
 * that the string was made with other parameters than the policy's and should be made anew.
 * E_INVALID: the string is malformed or above the ceiling; nothing was allocated.
 */
enum err password_verify(struct argon2_memory *memory, const struct password_policy *policy,
                         const char *phc, struct mem password, bool *ret_matches,
                         bool *ret_outdated);
