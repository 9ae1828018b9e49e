/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Response heads (RFC 9112 4, RFC 9110 6.6.1): see response.h. The length is computed first, so
 * that writing needs no checks; a CR or LF in a value stops the process instead of splitting the
 * response (HTTP-11).
 */
#include "http/response.h"

#include "base/clock.h"
#include "base/text.h"
#include "http/compress.h"
#include "http/parse.h"

#include <assert.h>

struct reason {
    int status;
    const char *text;
};

static const struct reason reasons[] = {
    { 200, "OK" },
    { 201, "Created" },
    { 202, "Accepted" },
    { 204, "No Content" },
    { 301, "Moved Permanently" },
    { 302, "Found" },
    { 303, "See Other" },
    { 304, "Not Modified" },
    { 307, "Temporary Redirect" },
    { 308, "Permanent Redirect" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 402, "Payment Required" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 408, "Request Timeout" },
    { 409, "Conflict" },
    { 410, "Gone" },
    { 411, "Length Required" },
    { 412, "Precondition Failed" },
    { 413, "Content Too Large" },
    { 414, "URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 417, "Expectation Failed" },
    { 421, "Misdirected Request" },
    { 422, "Unprocessable Content" },
    { 425, "Too Early" },
    { 428, "Precondition Required" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
    { 505, "HTTP Version Not Supported" },
};

const char *http_reason(int status)
{
    for (size_t i = 0; i < COUNT(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "";
}

static bool is_one_line(const char *text)
{
    return strpbrk(text, "\r\n") == NULL;
}

void http_header_add(struct http_response *response, const char *name, const char *value)
{
    assert(response->header_count < HTTP_RESPONSE_HEADERS);
    assert(*name && is_one_line(name) && is_one_line(value));
    response->headers[response->header_count++] = (struct http_header){ name, value };
}

struct writer {
    char *p;
};

static void put(struct writer *w, const char *text, size_t n)
{
    memcpy(w->p, text, n);
    w->p += n;
}

static void put_header(struct writer *w, const char *name, const char *value)
{
    put(w, name, strlen(name));
    put(w, ": ", 2);
    put(w, value, strlen(value));
    put(w, "\r\n", 2);
}

static void put_num(struct writer *w, size_t number)
{
    char digits[24], *end = digits + sizeof digits, *p = end;
    do {
        *--p = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    put(w, p, (size_t)(end - p));
}

/* The date changes once a second; each thread keeps the text of its last one. */
static const char *date(void)
{
    static _Thread_local char text[30];
    static _Thread_local int64_t written_at = -1;
    int64_t second = clock_now() / SECOND;
    if (second != written_at) {
        clock_format_http(second * SECOND, text);
        written_at = second;
    }
    return text;
}

/* RFC 9110 6.4.1 */
static bool has_body(int status)
{
    return status != 204 && status != 304;
}

/* Room for the status line and the headers that the server writes itself. */
enum { FIXED = 320 };

static size_t measure(const struct http_response *r)
{
    size_t n = FIXED + (r->content_type ? strlen(r->content_type) : 0);
    for (size_t i = 0; i < r->header_count; i++)
        n += strlen(r->headers[i].name) + strlen(r->headers[i].value) + 4;
    return n;
}

static void put_status_line(struct writer *w, int status)
{
    assert(status >= 200 && status <= 599);
    put(w, "HTTP/1.1 ", 9);
    put_num(w, (size_t)status);
    put(w, " ", 1);
    const char *reason = http_reason(status);
    put(w, reason, strlen(reason));
    put(w, "\r\n", 2);
}

static void put_length(struct writer *w, size_t length)
{
    put(w, "Content-Length: ", 16);
    put_num(w, length);
    put(w, "\r\n", 2);
}

static void render(struct http_output *out, const struct http_response *r, bool close)
{
    struct writer w = { out->head };
    put_status_line(&w, r->status);
    put_header(&w, "Date", date());
    if (r->content_type && has_body(r->status))
        put_header(&w, "Content-Type", r->content_type);
    if (has_body(r->status))
        put_length(&w, out->body.n);
    if (out->packed)
        put_header(&w, "Content-Encoding", out->coding);
    if (r->compress)
        put_header(&w, "Vary", "Accept-Encoding");
    if (close)
        put_header(&w, "Connection", "close");
    for (size_t i = 0; i < r->header_count; i++)
        put_header(&w, r->headers[i].name, r->headers[i].value);
    put(&w, "\r\n", 2);
    out->head_n = (size_t)(w.p - out->head);
}

static void check(const struct http_response *r)
{
    assert(!r->content_type || is_one_line(r->content_type));
    assert(r->header_count <= HTTP_RESPONSE_HEADERS);
    for (size_t i = 0; i < r->header_count; i++)
        assert(is_one_line(r->headers[i].name) && is_one_line(r->headers[i].value));
}

/* A compressed body takes the plain one's place when that is allowed and saves something. */
static void choose_body(struct http_output *out, const struct http_exchange *x)
{
    const struct http_response *r = &x->response;
    out->body = r->body;
    if (!r->compress)
        return;
    int codings = compress_accepted(http_header_find(&x->request, "accept-encoding"));
    if (codings)
        out->packed = compress_body(codings, r->body, &out->packed_n, &out->coding);
    if (out->packed)
        out->body = MEM(out->packed, out->packed_n);
}

/* A small body joins the head: one piece is cheaper to send, and under TLS one record, not two. */
static void join(struct http_output *out)
{
    memcpy(out->head + out->head_n, out->body.p, out->body.n);
    out->head_n += out->body.n;
    out->body = MEM_NONE;
}

bool http_output_init(struct http_output *out, const struct http_exchange *x, bool close)
{
    const struct http_response *r = &x->response;
    check(r);
    out->sent = out->head_n = 0;
    out->packed = NULL;
    out->body = MEM_NONE;
    size_t most = measure(r);
    out->head = most <= sizeof out->first ? out->first : malloc(most);
    if (!out->head)
        return false;
    if (has_body(r->status))
        choose_body(out, x);
    render(out, r, close);
    if (x->request.method == HTTP_HEAD)
        out->body = MEM_NONE;
    if (out->body.n && out->head == out->first && out->body.n <= sizeof out->first - out->head_n)
        join(out);
    return true;
}

size_t http_output_left(const struct http_output *out)
{
    return out->head_n + out->body.n - out->sent;
}

void http_output_done(struct http_output *out)
{
    if (out->head)
        mem_wipe(out->head, out->head_n);
    if (out->head != out->first)
        free(out->head);
    if (out->packed) {
        mem_wipe(out->packed, out->packed_n);
        free(out->packed);
    }
    out->head = NULL;
    out->packed = NULL;
    out->head_n = out->sent = 0;
    out->body = MEM_NONE;
}
