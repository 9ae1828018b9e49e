/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compression: see compress.h. The cheapest levels with a small window: bodies are pages and lists
 * of some kilobytes, and the thread that compresses serves others too.
 */
#include "http/compress.h"

#include "http/brotli.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

enum { WORTH_IT = 1024, LEVEL = 1, GZIP_WINDOW = 16 + 13, MEMORY = 7 };

/* "q=0", "q=0.", "q=0.000" refuse; anything else after q= is a weight above zero, RFC 9110 12.4.2.
 */
static bool is_refused(const char *parameters, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++) {
        bool starts = i == 0 || strchr("; \t", parameters[i - 1]);
        if (starts && (parameters[i] | 0x20) == 'q' && parameters[i + 1] == '=')
            return strspn(parameters + i + 2, "0.") >= strcspn(parameters + i + 2, ",; \t");
    }
    return false;
}

static bool is_name(const char *p, size_t n, const char *name)
{
    return n == strlen(name) && strncasecmp(p, name, n) == 0;
}

static int coding_of(const char *p, size_t n)
{
    bool is_gzip = is_name(p, n, "gzip") || is_name(p, n, "x-gzip");
    return is_gzip ? CODING_GZIP : is_name(p, n, "br") ? CODING_BROTLI : 0;
}

int compress_accepted(const char *accept_encoding)
{
    int named = 0, refused = 0, others = 0;
    for (const char *p = accept_encoding; p && *p;) {
        p += strspn(p, ", \t");
        size_t n = strcspn(p, ","), name = strcspn(p, ",; \t");
        bool is_no = is_refused(p + name, n - name);
        *(is_no ? &refused : &named) |= coding_of(p, name);
        if (is_name(p, name, "*") && !is_no)
            others = CODING_GZIP;
        p += n;
    }
    return named | (others & ~refused);
}

static void *compress_gzip(struct mem body, size_t *ret_n)
{
    z_stream z = { 0 };
    void *out = malloc(body.n);
    if (!out ||
        deflateInit2(&z, LEVEL, Z_DEFLATED, GZIP_WINDOW, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        return free(out), NULL;
    z.next_in = (Bytef *)body.p;
    z.avail_in = (uInt)body.n;
    z.next_out = out;
    z.avail_out = (uInt)body.n;
    int result = deflate(&z, Z_FINISH);
    *ret_n = body.n - z.avail_out;
    deflateEnd(&z);
    if (result == Z_STREAM_END)
        return out;
    free(out);
    return NULL;
}

void *compress_body(int codings, struct mem body, size_t *ret_n, const char **ret_name)
{
    if (body.n < WORTH_IT || body.n > UINT32_MAX / 2)
        return NULL;
    void *out = codings & CODING_BROTLI ? brotli_compress(body, ret_n) : NULL;
    *ret_name = out ? "br" : "gzip";
    return out || !(codings & CODING_GZIP) ? out : compress_gzip(body, ret_n);
}
