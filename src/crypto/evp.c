/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL's algorithms and per-thread contexts: see evp.h.
 */
#include "crypto/evp.h"

#include "base/err.h"

#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>

static struct evp_algorithms algorithms;
static pthread_once_t algorithms_once = PTHREAD_ONCE_INIT;
static pthread_key_t contexts_key;
static _Thread_local struct evp_contexts contexts;

void evp_must(bool condition, const char *what)
{
    if (condition)
        return;
    (void)fault("crypto: %s failed", what);
    abort();
}

void evp_forget_errors(void)
{
    ERR_clear_error();
}

static void free_contexts(void *p)
{
    struct evp_contexts *mine = p;
    EVP_MD_CTX_free(mine->digest);
    EVP_CIPHER_CTX_free(mine->cipher);
    EVP_PKEY_CTX_free(mine->sign.context);
    for (int i = 0; i < EVP_VERIFIERS; i++)
        EVP_PKEY_CTX_free(mine->verify[i].context);
    *mine = (struct evp_contexts){ 0 };
}

static void fetch_algorithms(void)
{
    algorithms.sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    algorithms.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    algorithms.sha512 = EVP_MD_fetch(NULL, "SHA512", NULL);
    algorithms.aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    evp_must(algorithms.sha1 && algorithms.sha256 && algorithms.sha512 && algorithms.aes_256_gcm,
             "fetching the algorithms");
    evp_must(pthread_key_create(&contexts_key, free_contexts) == 0, "making the thread key");
}

const struct evp_algorithms *evp_algorithms(void)
{
    pthread_once(&algorithms_once, fetch_algorithms);
    return &algorithms;
}

struct evp_contexts *evp_contexts(void)
{
    if (contexts.digest)
        return &contexts;
    pthread_once(&algorithms_once, fetch_algorithms);
    contexts.digest = EVP_MD_CTX_new();
    contexts.cipher = EVP_CIPHER_CTX_new();
    evp_must(contexts.digest && contexts.cipher, "making the contexts");
    evp_must(pthread_setspecific(contexts_key, &contexts) == 0, "keeping the contexts");
    return &contexts;
}
