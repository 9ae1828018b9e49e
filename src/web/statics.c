/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Static files: see statics.h. Names are flat ("cardea.css"), so no path can lead elsewhere.
 */
#include "web/statics.h"

#include "base/asset.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "service/setting.h"
#include "web/headers.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "/static/"

enum { FILE_MAX = 1 << 20 };

static const char *type_of(const char *name)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
        { ".css", "text/css; charset=utf-8" },
        { ".js", "text/javascript; charset=utf-8" },
        { ".svg", "image/svg+xml" },
        { ".png", "image/png" },
        { ".ico", "image/x-icon" },
        { ".woff2", "font/woff2" },
        { ".json", "application/json" },
        { ".webp", "image/webp" },
    };
    for (size_t i = 0; i < COUNT(types); i++)
        if (text_ends(name, types[i].ending))
            return types[i].type;
    return NULL;
}

static bool is_flat(const char *name)
{
    return *name && *name != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
               strlen(name);
}

static bool accepts_gzip(const struct http_request *rq)
{
    const char *accepted = http_header_find(rq, "accept-encoding");
    const char *gzip = accepted ? strstr(accepted, "gzip") : NULL;
    return gzip && strncmp(gzip + 4, ";q=0", 4) != 0;
}

/* From the folder that overrides; false when it has no such file. */
static bool read_override(struct http_exchange *x, const char *name, struct mem *ret)
{
    const char *folder = setting_text(SETTING_UI_DIR);
    struct stat info;
    if (text_is_empty(folder))
        return false;
    int fd = open(text_format(&x->arena, "%s/static/%s", folder, name),
                  O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    bool ok = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size <= FILE_MAX;
    char *bytes = NULL;
    if (ok) {
        bytes = arena_alloc(&x->arena, (size_t)info.st_size + 1);
        ok = read(fd, bytes, (size_t)info.st_size) == info.st_size;
    }
    close(fd);
    if (ok)
        *ret = MEM(bytes, (size_t)info.st_size);
    return ok;
}

static void send_file(struct http_exchange *x, const char *name, struct mem plain, struct mem gzip)
{
    uint8_t digest[SHA256_BYTES];
    struct http_response *response = &x->response;
    const char *known = http_header_find(&x->request, "if-none-match");
    bool packed = gzip.n && accepts_gzip(&x->request);
    sha256(plain, digest);
    const char *etag = text_format(&x->arena, "\"%s%s\"", hex_format(&x->arena, MEM(digest, 8)),
                                   packed ? "-gz" : "");
    http_header_add(response, "ETag", etag);
    http_header_add(response, "Cache-Control", "public, no-cache");
    http_header_add(response, "Vary", "Accept-Encoding");
    response->status = 200;
    if (known && strstr(known, etag)) {
        response->status = 304;
        return;
    }
    response->content_type = type_of(name);
    response->body = packed ? gzip : plain;
    if (packed)
        http_header_add(response, "Content-Encoding", "gzip");
}

bool statics_answer(struct http_exchange *x)
{
    struct mem plain, gzip = MEM_NONE;
    const struct http_request *rq = &x->request;
    bool is_get = rq->method == HTTP_GET || rq->method == HTTP_HEAD;
    if (!is_get || !text_starts(rq->path, PREFIX))
        return false;
    const char *name = rq->path + strlen(PREFIX);
    if (!is_flat(name) || !type_of(name))
        return false;
    const struct asset *asset = asset_find(text_format(&x->arena, "ui/static/%s", name));
    if (!read_override(x, name, &plain)) {
        if (!asset)
            return false;
        plain = asset->plain;
        gzip = asset->gzip;
    }
    send_file(x, name, plain, gzip);
    headers_add_security(&x->response, NULL);
    return true;
}
