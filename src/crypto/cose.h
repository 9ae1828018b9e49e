/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COSE_Key (RFC 9052 7, RFC 9053, RFC 8230) as an authenticator writes it into its data: exactly
 * the members that the algorithm needs, in the CTAP2 canonical order, and nothing behind them. So
 * a key has one spelling, and a private part, a compressed point or a second algorithm has no
 * place to hide (WA-07).
 */
#pragma once

#include "base/mem.h"

#include <stdbool.h>

enum { COSE_ES256 = -7, COSE_EDDSA = -8, COSE_RS256 = -257 };

struct cose_key {
    int algorithm;
    struct mem x, y;     /* ES256: a point on P-256, 32 bytes each; EdDSA: x is the Ed25519 key */
    struct mem modulus;  /* RS256: 2048 to 4096 bits, no leading zeros */
    struct mem exponent; /* RS256: odd, from 65537 to 2^32 - 1 (FIPS 186-5 A.1.1) */
};

/* The algorithm that a key claims, whatever else is wrong with it; 0 when it claims none. */
int cose_key_algorithm(struct mem bytes);

/* Whether the bytes are one key of one of the three algorithms, in form; the slices point into
 * them.
 */
bool cose_key_parse(struct mem bytes, struct cose_key *ret);

/* Whether the key's numbers are such as its algorithm makes: a point on the curve, which is not of
 * small order; an RSA modulus of a fit size. To be asked once, before a key is stored. */
bool cose_key_is_sound(const struct cose_key *key);

/* The signature over the message is this key's: ECDSA in strict DER with SHA-256, Ed25519, or
 * RSASSA-PKCS1-v1_5 with SHA-256. */
bool cose_key_verify(const struct cose_key *key, struct mem message, struct mem signature);
