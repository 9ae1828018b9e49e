/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brotli: see brotli.h. Quality 1 is quicker than gzip's level 1 on our pages, and no larger.
 */
#include "http/brotli.h"

#include "base/log.h"

#include <brotli/encode.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { QUALITY = 1, WINDOW = 16 };

static typeof(BrotliEncoderCompress) *encode;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    void *library = dlopen("libbrotlienc.so.1", RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, "BrotliEncoderCompress") : NULL;
    memcpy(&encode, &symbol, sizeof symbol);
    if (!symbol)
        LOG(LOG_INFO, "http.no_brotli", LOG_TEXT("why", dlerror()));
}

void *brotli_compress(struct mem body, size_t *ret_n)
{
    pthread_once(&once, load);
    uint8_t *out = encode ? malloc(body.n) : NULL;
    size_t n = body.n;
    if (out && encode(QUALITY, WINDOW, BROTLI_MODE_TEXT, body.n, body.p, &n, out)) {
        *ret_n = n;
        return out;
    }
    free(out);
    return NULL;
}
