/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip: see compress.h. Level 1 with a small window: bodies are pages and lists of some kilobytes.
 */
#include "http/compress.h"

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

bool compress_is_accepted(const char *accept_encoding)
{
    bool any = false;
    for (const char *p = accept_encoding; p && *p;) {
        p += strspn(p, ", \t");
        size_t n = strcspn(p, ","), name = strcspn(p, ",; \t");
        bool refused = is_refused(p + name, n - name);
        if ((name == 4 && strncasecmp(p, "gzip", 4) == 0) ||
            (name == 6 && strncasecmp(p, "x-gzip", 6) == 0))
            return !refused;
        if (name == 1 && *p == '*')
            any = !refused;
        p += n;
    }
    return any;
}

void *compress_gzip(struct mem body, size_t *ret_n)
{
    z_stream z = { 0 };
    if (body.n < WORTH_IT || body.n > UINT32_MAX / 2)
        return NULL;
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
