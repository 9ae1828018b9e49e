/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request target (RFC 9112 3.2): decoded exactly once, here, and refused when a proxy, a router
 * or a file system could take it for another path: dot segments, encoded separators, empty
 * segments, overlong UTF-8, control characters (HTTP-08, HTTP-09).
 */
#include "http/parse.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

/* RFC 3986 3.3 pchar and '/', without '%'. */
static bool is_path_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~!$&'()*+,;=:@/", c));
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte of an escape, or -1 when malformed or one that must not be hidden by escaping. */
static int decode_escape(const char *p)
{
    int high = hex_digit(p[1]);
    int low = high < 0 ? -1 : hex_digit(p[2]);
    int byte = low < 0 ? -1 : high << 4 | low;
    if (byte < 0x20 || byte == 0x7F || byte == '/' || byte == '\\')
        return -1;
    return byte;
}

/* Gives the decoded length, or -1. */
static ssize_t decode(const char *p, size_t n, char *out)
{
    ssize_t written = 0;
    for (size_t i = 0; i < n; i++) {
        int byte = (unsigned char)p[i];
        if (p[i] == '%') {
            byte = n - i > 2 ? decode_escape(p + i) : -1;
            i += 2;
        } else if (!is_path_char(p[i])) {
            byte = -1;
        }
        if (byte < 0)
            return -1;
        out[written++] = (char)byte;
    }
    return written;
}

/* Dot segments, also with what some servers strip behind ';', and empty segments but the last. */
static bool is_bad_segment(const char *segment, size_t n, bool last)
{
    const char *semicolon = memchr(segment, ';', n);
    size_t stem = semicolon ? (size_t)(semicolon - segment) : n;
    if (n == 0)
        return !last;
    return (stem == 1 && segment[0] == '.') ||
           (stem == 2 && segment[0] == '.' && segment[1] == '.');
}

static bool has_bad_segment(const char *path)
{
    const char *segment = path + 1;
    for (;;) {
        const char *end = strchrnul(segment, '/');
        if (is_bad_segment(segment, (size_t)(end - segment), !*end))
            return true;
        if (!*end)
            return false;
        segment = end + 1;
    }
}

/* Not decoded here; only what is never sent raw is refused. */
static bool is_query(const char *p)
{
    for (; *p; p++)
        if (*p <= ' ' || *p == 0x7F || strchr("\"#<>\\", *p))
            return false; /* *p <= ' ' covers bytes above ASCII: char is signed here */
    return true;
}

/* Absolute form: the authority has to be the Host header, or two parsers could see two sites. Gives
   the path, NULL when it differs. */
static char *skip_authority(struct http_head *h, char *target)
{
    size_t scheme = strncasecmp(target, "http://", 7) == 0    ? 7
                    : strncasecmp(target, "https://", 8) == 0 ? 8
                                                              : 0;
    char *authority = target + scheme;
    size_t n = strcspn(authority, "/?");
    const char *host = h->request->host;
    if (!scheme || n == 0 || strlen(host) != n || strncasecmp(host, authority, n) != 0)
        return NULL;
    if (authority[n] == '/')
        return authority + n;
    char *path = arena_alloc(h->arena, strlen(authority + n) + 2);
    *path = '/';
    memcpy(path + 1, authority + n, strlen(authority + n));
    return path;
}

int http_target_parse(struct http_head *h, char *target)
{
    struct http_request *rq = h->request;
    if (*target != '/')
        target = skip_authority(h, target);
    if (!target)
        return http_head_refuse(h, 400, "malformed target");
    size_t n = strcspn(target, "?");
    char *path = arena_alloc(h->arena, n + 1);
    ssize_t decoded = decode(target, n, path);
    if (decoded < 0 || !text_is_utf8(MEM(path, (size_t)decoded)) || has_bad_segment(path))
        return http_head_refuse(h, 400, "malformed path");
    rq->target = target;
    rq->path = path;
    rq->query = target[n] ? target + n + 1 : "";
    if (!is_query(rq->query))
        return http_head_refuse(h, 400, "malformed query");
    return 0;
}
