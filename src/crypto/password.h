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

/* PASSWORD_PHC_MAX counts the NUL. */
enum { PASSWORD_PHC_MAX = 256, PASSWORD_SALT_BYTES = 16, PASSWORD_TAG_BYTES = 32 };

/* The highest cost that a stored string may ask for (PW-06): a tampered row must not eat the
 * machine. */
struct password_policy {
    struct argon2_cost cost;    /* for new hashes */
    struct argon2_cost ceiling; /* zero members: memory 1 GiB, passes 16, lanes 16 */
    struct mem pepper;          /* secret for new hashes, or empty */
    const char *pepper_id;      /* its key id, written into the string: 1 to 16 letters, digits,
                                   '-', '_'; NULL when pepper is empty */
};

/* "m=65536,t=3,p=2" into a cost; E_INVALID when malformed, below RFC 9106's minimum or above the
 * ceiling. */
enum err password_cost_parse(const char *setting, struct argon2_cost *ret);

/* Hashes password into a PHC string in the arena. Slow on purpose. */
enum err password_hash(struct argon2_memory *memory, struct arena *arena,
                       const struct password_policy *policy, struct mem password,
                       const char **ret_phc);

struct password_verdict {
    bool matches;
    bool outdated; /* made with other parameters than the policy's: make it anew */
};

/*
 * Compares password with a stored string. E_INVALID: the string is malformed, above the ceiling or
 * made with a pepper that is not the policy's; nothing was allocated or computed.
 */
enum err password_verify(struct argon2_memory *memory, const struct password_policy *policy,
                         const char *phc, struct mem password, struct password_verdict *ret);

/* The cost that a stored string asks for, ceiling or not. E_INVALID when it is malformed. */
enum err password_cost(const char *phc, struct argon2_cost *ret);

/* A well-formed string with the policy's cost, random salt and random tag: nobody's password.
   Verifying against it takes as long as against a real one (ENUM-02). Costs nothing to make. */
const char *password_decoy(struct arena *arena, const struct password_policy *policy);
