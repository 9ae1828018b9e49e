/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What header fields mean to the server itself: which may be repeated, how the body is framed,
 * whether the Host is one. Framing is where request smuggling lives, so each rule is the strictest
 * that honest clients keep (RFC 9112 6, RFC 9110 8.6).
 */
#include "http/parse.h"

#include "base/text.h"

#include <string.h>

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

static bool is_singleton(const char *name)
{
    for (size_t i = 0; i < COUNT(singletons); i++)
        if (text_equal(singletons[i], name))
            return true;
    return false;
}

/* RFC 9110 5.3: repeated list fields are one list; empty elements do not count (5.6.1.2). */
int http_field_add(struct http_head *h, const char *name, const char *value)
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

int http_fields_check(struct http_head *h)
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
