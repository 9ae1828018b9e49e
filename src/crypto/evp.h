/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of crypto/ share of OpenSSL: algorithms fetched once per process, contexts made
 * once per thread and freed when the thread ends. Measured: an implicit fetch costs three times the
 * SHA-256 of a token. Only files of crypto/ include this.
 */
#pragma once

#include <openssl/evp.h>
#include <stdbool.h>

struct evp_algorithms {
    EVP_MD *sha256;
    EVP_CIPHER *aes_256_gcm;
};

/* Contexts of the calling thread. Nothing of one call may be expected by the next. */
struct evp_contexts {
    EVP_MD_CTX *digest;
    EVP_CIPHER_CTX *cipher;
};

const struct evp_algorithms *evp_algorithms(void);
const struct evp_contexts *evp_contexts(void);

/* Ends the process unless condition holds: a library without SHA-256 cannot be worked around, and
 * going on would store or accept nonsense. */
void evp_must(bool condition, const char *what);
