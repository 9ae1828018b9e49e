/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ES256 keys and compact JWS (RFC 7515, RFC 7518 3.4), directly over OpenSSL EVP. The only
 * algorithm is ES256: "alg" is compared, never used to choose. jku, jwk, x5u, x5c and crit are
 * refused; nothing is ever fetched.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

struct jws_key; /* one P-256 key pair, or only its public half; immutable, usable from every thread
                 */

/* A fresh key; kid is its RFC 7638 thumbprint. Owned by the caller. */
struct jws_key *jws_key_new(void);
/* The key that belongs to these 32 bytes, always the same one: for the test fixture only. */
struct jws_key *jws_key_of_seed(const uint8_t seed[32]);
void jws_key_free(struct jws_key *key); /* NULL is allowed */

/* The thumbprint (RFC 7638), 43 characters. Belongs to the key. */
const char *jws_key_id(const struct jws_key *key);

/* The private key as a JWK (RFC 7517) text for sealing, and back. Import gives E_INVALID for
   anything but a P-256 key with a point on the curve (and, when it has d, a matching one). */
struct mem jws_key_export(const struct jws_key *key, struct arena *arena);
enum err jws_key_import(struct mem jwk, struct jws_key **ret);

/* Writes the public JWK (kty, crv, x, y, kid, use, alg) as the next array item: never d. */
void jws_key_put_public(const struct jws_key *key, struct json_writer *j);

/* Signs claims (JSON text) with the header {"alg":"ES256","typ":typ,"kid":...}; the result is in
 * the arena. */
const char *jws_sign(const struct jws_key *key, struct arena *arena, const char *typ,
                     struct mem claims);

/*
 * Verifies a compact JWS of at most 8 KiB. find gives the key for a kid, or NULL. typ must be
 * equal. On OK, *ret_claims is the parsed payload object. Everything else is E_UNAUTHENTICATED:
 * malformed, other alg, unknown kid, bad signature.
 */
enum err jws_verify(struct arena *arena, const char *compact, const char *typ,
                    const struct jws_key *(*find)(void *arg, const char *kid), void *arg,
                    struct json_value *ret_claims);
