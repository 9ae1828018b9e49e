/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request line and header fields (RFC 9112 2 to 6): see parse.h. The header is copied into the
 * arena once and cut up there; every length is known, so a NUL cannot hide what follows it.
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

/* Fields that have one value; a second one is refused instead of chosen from (HTTP-06). */
static const char *const singletons[] = {
    "authorization",
    "content-encoding",
    "content-length",
    "content-location",
    "content-type",
    "cookie",
    "date",
    "expect",
    "from",
    "host",
    "idempotency-key",
    "if-modified-since",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "origin",
    "range",
    "referer",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "traceparent",
    "transfer-encoding",
    "user-agent",
    "x-csrf-token",
    "x-request-id",
    "proxy-authorization",
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
    bool wide = false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return false;
        wide |= c >= 0x80;
    }
    return !wide || text_is_utf8(MEM(p, n));
}

static bool is_singleton(const char *name)
{
    for (size_t i = 0; i < COUNT(singletons); i++)
        if (text_equal(singletons[i], name))
            return true;
    return false;
}

/* RFC 9110 5.3: repeated list fields are one list; empty elements do not count (5.6.1.2). */
static int add_field(struct http_head *h, const char *name, const char *value)
{
    struct http_request *rq = h->request;
    for (size_t i = 0; i < rq->header_count; i++) {
        struct http_header *old = &rq->headers[i];
        if (!text_equal(old->name, name))
            continue;
        if (is_singleton(name))
            return http_head_refuse(h, 400, "repeated header");
        if (*value)
            old->value = *old->value ? text_format(h->arena, "%s, %s", old->value, value) : value;
        return 0;
    }
    rq->headers[rq->header_count++] = (struct http_header){ name, value };
    return 0;
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
    return add_field(h, line, value);
}

/* Strict decimal. Signs, spaces, lists, hex, leading zeros and anything near 2^64 are refused: each
   is read differently somewhere (HTTP-02). */
static int check_content_length(struct http_head *h, const char *value)
{
    int64_t length;
    if (*value == '-' || !text_parse_int(value, 0, 999'999'999'999'999'999, &length))
        return http_head_refuse(h, 400, "malformed Content-Length");
    h->framing = HTTP_BODY_LENGTH;
    h->length = (size_t)length;
    return 0;
}

/* Exactly "chunked" (HTTP-03). HTTP/1.0 has no transfer codings: RFC 9112 6.1. */
static int check_transfer_encoding(struct http_head *h, const char *value)
{
    if (h->is_1_0)
        return http_head_refuse(h, 400, "Transfer-Encoding in HTTP/1.0");
    if (!text_equal(value, "chunked"))
        return http_head_refuse(h, 501, "unknown Transfer-Encoding");
    if (http_header_find(h->request, "content-length"))
        return http_head_refuse(h, 400, "Content-Length and Transfer-Encoding");
    h->framing = HTTP_BODY_CHUNKED;
    return 0;
}

/* Only the whole body is inflated nowhere: decompression bombs are impossible (DOS-05). */
static int check_content_encoding(struct http_head *h, const char *value)
{
    if (!text_equal_ascii_case(value, "identity"))
        return http_head_refuse(h, 415, "Content-Encoding is not supported");
    return 0;
}

static int check_expect(struct http_head *h, const char *value)
{
    if (!text_equal_ascii_case(value, "100-continue"))
        return http_head_refuse(h, 417, "unknown expectation");
    h->wants_continue = !h->is_1_0; /* RFC 9110 10.1.1 */
    return 0;
}

static int check_connection(struct http_head *h, const char *value)
{
    while (*value) {
        size_t n = strcspn(value, ", \t");
        if (n == 5 && strncasecmp(value, "close", 5) == 0)
            h->close = true;
        value += n;
        value += strspn(value, ", \t");
    }
    return 0;
}

static bool is_port(const char *p)
{
    int64_t port;
    return text_parse_int(p, 0, 65535, &port) && *p != '-';
}

/* RFC 9112 3.2: a name or address and perhaps a port; nothing that a URL could be broken with. */
static int check_host(struct http_head *h, const char *value)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    static const char address[] = "0123456789abcdefABCDEF:.";
    size_t n = *value == '[' ? 1 + strspn(value + 1, address) : strspn(value, name);
    if (*value == '[' && value[n] == ']' && n > 2)
        n++;
    else if (*value == '[')
        n = 0;
    if (n == 0 || (value[n] && (value[n] != ':' || !is_port(value + n + 1))))
        return http_head_refuse(h, 400, "malformed Host");
    h->request->host = value;
    return 0;
}

static const struct {
    const char *name;
    int (*check)(struct http_head *h, const char *value);
} checks[] = {
    { "host", check_host },
    { "connection", check_connection },
    { "content-length", check_content_length },
    { "transfer-encoding", check_transfer_encoding },
    { "content-encoding", check_content_encoding },
    { "expect", check_expect },
};

static int check_field(struct http_head *h, const struct http_header *field)
{
    for (size_t i = 0; i < COUNT(checks); i++)
        if (field->name[0] == checks[i].name[0] && text_equal(field->name, checks[i].name))
            return checks[i].check(h, field->value);
    return 0;
}

static int check_fields(struct http_head *h)
{
    struct http_request *rq = h->request;
    rq->host = "";
    int status = 0;
    for (size_t i = 0; i < rq->header_count && !status; i++)
        status = check_field(h, &rq->headers[i]);
    if (status)
        return status;
    if (!h->is_1_0 && !*rq->host)
        return http_head_refuse(h, 400, "Host is missing");
    if (h->length > h->limits->body_bytes)
        return http_head_refuse(h, 413, "body too large");
    return 0;
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
        status = check_fields(h);
    return status ? status : http_target_parse(h, target);
}
