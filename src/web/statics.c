/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Static files: see statics.h. Names are flat ("cardea.css"), so no path can lead elsewhere.
 */
#include "web/statics.h"

#include "base/asset.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "http/compress.h"
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

/* The packed form that this client takes, NULL when there is none. */
static const char *choose_form(const struct http_request *rq, const struct asset *asset,
                               struct mem *ret)
{
    int accepted = compress_accepted(http_header_find(rq, "accept-encoding"));
    if (asset && asset->brotli.n && accepted & CODING_BROTLI)
        return *ret = asset->brotli, "br";
    if (asset && asset->gzip.n && accepted & CODING_GZIP)
        return *ret = asset->gzip, "gzip";
    return NULL;
}

static void send_file(struct http_exchange *x, const char *name, struct mem plain,
                      const struct asset *asset)
{
    uint8_t digest[SHA256_BYTES];
    struct http_response *response = &x->response;
    const char *known = http_header_find(&x->request, "if-none-match");
    struct mem packed;
    const char *coding = choose_form(&x->request, asset, &packed);
    sha256(plain, digest);
    const char *etag = text_format(&x->arena, "\"%s%s%s\"", hex_format(&x->arena, MEM(digest, 8)),
                                   coding ? "-" : "", coding ? coding : "");
    http_header_add(response, "ETag", etag);
    http_header_add(response, "Cache-Control", "public, no-cache");
    http_header_add(response, "Vary", "Accept-Encoding");
    response->status = 200;
    if (known && strstr(known, etag)) {
        response->status = 304;
        return;
    }
    response->content_type = type_of(name);
    response->body = coding ? packed : plain;
    if (coding)
        http_header_add(response, "Content-Encoding", coding);
}

bool statics_answer(struct http_exchange *x)
{
    struct mem plain;
    const struct http_request *rq = &x->request;
    bool is_get = rq->method == HTTP_GET || rq->method == HTTP_HEAD;
    if (!is_get || !text_starts(rq->path, PREFIX))
        return false;
    const char *name = rq->path + strlen(PREFIX);
    if (!is_flat(name) || !type_of(name))
        return false;
    const struct asset *asset = asset_find(text_format(&x->arena, "ui/static/%s", name));
    bool is_ours = !read_override(x, name, &plain);
    if (is_ours && !asset)
        return false;
    if (is_ours)
        plain = asset->plain;
    send_file(x, name, plain, is_ours ? asset : NULL);
    headers_add_security(&x->response, NULL);
    return true;
}
