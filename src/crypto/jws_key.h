/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What jws.c needs of a key: signing and verifying a digest. Features see jws.h only.
 */
#pragma once

#include "crypto/digest.h"
#include "crypto/jws.h"

#include <stdint.h>

enum { JWS_SIGNATURE_BYTES = 64 };

/* ECDSA over P-256; the signature is r and s, 32 bytes each (RFC 7518 3.4). The key must have its
 * private half. */
void jws_key_sign(const struct jws_key *key, const uint8_t digest[SHA256_BYTES],
                  uint8_t out[JWS_SIGNATURE_BYTES]);
bool jws_key_verify(const struct jws_key *key, const uint8_t digest[SHA256_BYTES],
                    const uint8_t signature[JWS_SIGNATURE_BYTES]);
