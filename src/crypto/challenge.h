/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Challenges: what somebody unknown must spend before a door listens, made and judged without
 * keeping anything. Work is spent in hashes: a number is sought with which the SHA-256 of
 * "CHALLENGE.NUMBER" begins with enough zero bits. Patience is spent in seconds: a ticket counts
 * once it is old enough, for browsers without script.
 *
 * Text: "pow1" or "tkt1", then base64url of cost (1 byte), flags (1), time (6), random bytes (12)
 * and the first 24 bytes of an HMAC over all that and what the challenge is about. All 63
 * characters and the dot fill one block of SHA-256, so a solver computes one block a try.
 */
#pragma once

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

enum challenge_kind { CHALLENGE_WORK, CHALLENGE_TICKET };

enum {
    CHALLENGE_CHARS = 63,
    CHALLENGE_ID_BYTES = 24,
    CHALLENGE_NUMBER_MAX = 20, /* digits */
};

struct challenge {
    enum challenge_kind kind;
    uint8_t cost;      /* zero bits, or units of time */
    uint8_t flags;     /* the caller's */
    int64_t issued_at; /* unix ms, 48 bits */
    char text[CHALLENGE_CHARS + 1];
    uint8_t id[CHALLENGE_ID_BYTES]; /* of this one challenge; filled in like text */
};

/* Makes one: kind, cost, flags and issued_at are given. about is whatever it must be bound to. */
void challenge_make(struct mem key, struct mem about, struct challenge *c);

/* Reads "CHALLENGE.NUMBER" or a ticket. E_INVALID: malformed, made under another key, or about
 * something else. Whether it is fresh, paid for and unused is still to be asked. */
enum err challenge_read(struct mem key, struct mem about, const char *answer,
                        struct challenge *ret);

/* It looks like one of ours, whatever it is worth. */
bool challenge_is_shaped(const char *answer);

/* How many zero bits the SHA-256 of an answer begins with. */
int challenge_zero_bits(const char *answer);
