/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding the header, the request line and the field lines (RFC 9112 2 to 5): see parse.h. The
 * header is copied into the arena once and cut up there; every length is known, so a NUL cannot
 * hide what follows it.
 */
#include "http/parse.h"

#include "base/clock.h"
#include "base/text.h"

#include <string.h>

static const char *const methods[HTTP_METHODS] = {
    [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
    [HTTP_OPTIONS] = "OPTIONS",
};

const char *http_method_name(enum http_method method)
{
    return methods[method];
}

struct http_limits http_limits_fill(const struct http_limits *limits)
{
    struct http_limits l = limits ? *limits : (struct http_limits){ 0 };
    l.header_bytes = l.header_bytes ? l.header_bytes : 16 << 10;
    l.header_fields = l.header_fields ? l.header_fields : 100;
    l.target_bytes = l.target_bytes ? l.target_bytes : 8 << 10;
    l.body_bytes = l.body_bytes ? l.body_bytes : 64 << 10;
    l.header_time = l.header_time ? l.header_time : 10 * SECOND;
    l.body_time = l.body_time ? l.body_time : 30 * SECOND;
    l.idle_time = l.idle_time ? l.idle_time : 60 * SECOND;
    l.write_time = l.write_time ? l.write_time : 30 * SECOND;
    l.drain_time = l.drain_time ? l.drain_time : 10 * SECOND;
    l.connections = l.connections ? l.connections : 20'000;
    l.per_peer = l.per_peer ? l.per_peer : 10'000;
    return l;
}

int http_head_refuse(struct http_head *head, int status, const char *why)
{
    head->why = why;
    return status;
}

bool http_is_token(unsigned char c)
{
    static const uint32_t set[8] = {
        [1] = 0x03FF6CFA, /* ! # $ % & ' * + - . 0-9 */
        [2] = 0xC7FFFFFE, /* A-Z ^ _ */
        [3] = 0x57FFFFFF, /* ` a-z | ~ */
    };
    return set[c >> 5] >> (c & 31) & 1;
}

/* The request line did not end within what a target may have. */
static bool is_long_line(struct mem bytes, const struct http_limits *limits)
{
    enum { AROUND_TARGET = sizeof "OPTIONS  HTTP/1.1\r\n" };
    size_t most = limits->target_bytes + AROUND_TARGET;
    return bytes.n > most && !memchr(bytes.p, '\n', most);
}

int http_head_find(struct mem bytes, const struct http_limits *limits, size_t *scanned,
                   size_t *ret_length, const char **ret_why)
{
    const char *p = bytes.p, *lf;
    *ret_length = 0;
    *ret_why = "malformed header";
    if (bytes.n && !http_is_token((unsigned char)p[0]))
        return 400; /* TLS or noise on a plain port, or an empty line in front */
    while ((lf = memchr(p + *scanned, '\n', bytes.n - *scanned))) {
        size_t at = (size_t)(lf - p);
        if (p[at - 1] != '\r')
            return 400; /* a bare LF (HTTP-05) */
        *scanned = at + 1;
        if (at >= limits->header_bytes)
            break;
        if (p[at - 2] == '\n') {
            *ret_length = at + 1;
            return 0;
        }
    }
    if (is_long_line(bytes, limits)) {
        *ret_why = "target too long";
        return 414;
    }
    *ret_why = "header too large";
    if (!lf)
        *scanned = bytes.n;
    return lf || bytes.n >= limits->header_bytes ? 431 : 0;
}

/* The next line without its CRLF, which becomes a NUL. There is one: the caller counted them. */
static char *take_line(char **cursor, size_t *ret_n)
{
    char *line = *cursor, *lf = rawmemchr(line, '\n');
    lf[-1] = 0;
    *cursor = lf + 1;
    *ret_n = (size_t)(lf - 1 - line);
    return line;
}

static int parse_method(struct http_head *h, const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!http_is_token((unsigned char)line[i]))
            return http_head_refuse(h, 400, "malformed method");
    for (size_t i = 0; i < HTTP_METHODS; i++) {
        if (strlen(methods[i]) == n && strncmp(methods[i], line, n) == 0) {
            h->request->method = (enum http_method)i;
            return 0;
        }
    }
    return http_head_refuse(h, 501, "method not implemented");
}

static int parse_version(struct http_head *h, const char *p, size_t n)
{
    if (n != 8 || strncmp(p, "HTTP/", 5) != 0 || p[5] < '0' || p[5] > '9' || p[6] != '.' ||
        p[7] < '0' || p[7] > '9')
        return http_head_refuse(h, 400, "malformed version");
    if (p[5] != '1' || p[7] > '1')
        return http_head_refuse(h, 505, "only HTTP/1.1 and HTTP/1.0");
    h->is_1_0 = p[7] == '0';
    return 0;
}

/* RFC 9112 3: method SP target SP version, one space each. *ret_target is checked later, because it
   may have to be compared with the Host header. */
static int parse_request_line(struct http_head *h, char *line, size_t n, char **ret_target)
{
    char *first = memchr(line, ' ', n);
    if (!first || first == line)
        return http_head_refuse(h, 400, "malformed request line");
    char *second = memchr(first + 1, ' ', n - (size_t)(first + 1 - line));
    if (!second || second == first + 1)
        return http_head_refuse(h, 400, "malformed request line");
    int status = parse_method(h, line, (size_t)(first - line));
    if (!status)
        status = parse_version(h, second + 1, n - (size_t)(second + 1 - line));
    if (status)
        return status;
    if ((size_t)(second - first - 1) > h->limits->target_bytes)
        return http_head_refuse(h, 414, "target too long");
    *second = 0;
    *ret_target = first + 1;
    /* A NUL inside would hide the rest of the target from everything that follows. */
    if (strlen(*ret_target) != (size_t)(second - first - 1))
        return http_head_refuse(h, 400, "malformed target");
    return 0;
}

/* RFC 9110 5.5: visible characters, space and tab; beyond ASCII only valid UTF-8, as all text. */
static bool is_value(const char *p, size_t n)
{
    unsigned char bad = 0, all = 0;
    for (size_t i = 0; i < n; i++) { /* to its end, so that it is done for many at once */
        unsigned char c = (unsigned char)p[i];
        bad |= ((c < 0x20) & (c != '\t')) | (c == 0x7F);
        all |= c;
    }
    return !bad && (all < 0x80 || text_is_utf8(MEM(p, n)));
}

/* No space before the colon, no folded lines (which begin with a space): RFC 9112 5.1, 5.2. */
static int parse_field(struct http_head *h, char *line, size_t n)
{
    size_t name = 0;
    for (; name < n && http_is_token((unsigned char)line[name]); name++)
        if (line[name] >= 'A' && line[name] <= 'Z')
            line[name] = (char)(line[name] | 0x20);
    if (name == 0 || name == n || line[name] != ':')
        return http_head_refuse(h, 400, "malformed header name");
    line[name] = 0;
    char *value = line + name + 1, *end = line + n;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (value < end && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if (!is_value(value, (size_t)(end - value)))
        return http_head_refuse(h, 400, "malformed header value");
    *end = 0;
    return http_field_add(h, line, value);
}

static size_t count_lines(struct mem bytes)
{
    const char *p = bytes.p, *end = p + bytes.n;
    size_t count = 0;
    while ((p = memchr(p, '\n', (size_t)(end - p)))) {
        count++;
        p++;
    }
    return count;
}

int http_head_parse(struct http_head *h, struct mem bytes)
{
    size_t n, fields = count_lines(bytes) - 2; /* beside the request line and the empty line */
    char *cursor = text_copy(h->arena, bytes), *target = NULL;
    char *line = take_line(&cursor, &n);
    int status = parse_request_line(h, line, n, &target);
    if (status)
        return status;
    if (fields > h->limits->header_fields)
        return http_head_refuse(h, 431, "too many headers");
    h->request->headers = arena_array(h->arena, fields + 1, sizeof *h->request->headers);
    for (size_t i = 0; i < fields && !status; i++) {
        line = take_line(&cursor, &n);
        status = parse_field(h, line, n);
    }
    if (!status)
        status = http_fields_check(h);
    return status ? status : http_target_parse(h, target);
}
