/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of crypto/ share of OpenSSL: algorithms fetched once per process, contexts made
 * once per thread and freed when the thread ends. Measured: an implicit fetch costs three times the
 * SHA-256 of a token. Only files of crypto/ include this.
 */
#pragma once

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

struct evp_algorithms {
    EVP_MD *sha1, *sha256, *sha512;
    EVP_CIPHER *aes_256_gcm;
};

/* A context bound to one key, named by a number that no other key of this process ever has. */
struct evp_bound {
    uint64_t serial; /* 0: none */
    EVP_PKEY_CTX *context;
};

enum { EVP_VERIFIERS = 4 }; /* the keys of one JWKS: next, active, retiring */

/* Contexts of the calling thread. Of digest and cipher nothing may be expected by the next call;
 * the bound ones stay ready for their key. */
struct evp_contexts {
    EVP_MD_CTX *digest;
    EVP_CIPHER_CTX *cipher;
    struct evp_bound sign, verify[EVP_VERIFIERS];
};

const struct evp_algorithms *evp_algorithms(void);
struct evp_contexts *evp_contexts(void);

/* Forgets the library's notes about a failure that was expected: TLS would take them for its own.
 */
void evp_forget_errors(void);

/* Ends the process unless condition holds: a library without SHA-256 cannot be worked around, and
 * going on would store or accept nonsense. */
void evp_must(bool condition, const char *what);
