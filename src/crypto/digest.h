/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests and keys derived from keys, over OpenSSL, with the algorithm fetched once and contexts
 * reused per thread. None of them can fail short of a broken library, which ends the process.
 */
#pragma once

#include "base/mem.h"

#include <stdint.h>

enum { SHA1_BYTES = 20, SHA256_BYTES = 32, DIGEST_BYTES_MAX = 64 };

enum digest { DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA512 };

void sha256(struct mem bytes, uint8_t out[SHA256_BYTES]);

/* Only for lists that others publish as SHA-1: it resists no collisions. */
void sha1(struct mem bytes, uint8_t out[SHA1_BYTES]);

/* SHA-256 over several pieces, each preceded by its length as 8 bytes big-endian, so no two lists
 * of pieces give the same input. */
void sha256_pieces(const struct mem *pieces, size_t count, uint8_t out[SHA256_BYTES]);

/* RFC 2104. */
void hmac_sha256(struct mem key, struct mem bytes, uint8_t out[SHA256_BYTES]);

/* The same over any of them, for one-time codes (RFC 6238 1.2); gives how many bytes it wrote. A
 * MAC does not ask that SHA-1 resist collisions. */
size_t hmac(enum digest digest, struct mem key, struct mem bytes, uint8_t out[DIGEST_BYTES_MAX]);

/* RFC 5869, extract with an empty salt and expand with info = label; n at most 255 * 32. A label
   per purpose keeps keys apart. */
void hkdf_sha256(struct mem key, const char *label, uint8_t *out, size_t n);
