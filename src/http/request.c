/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request that is already in memory, parsed as the server does it: for tests, fuzzing and the
 * loopback. Also the look-up of header fields.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "http/chunk.h"
#include "http/parse.h"

const char *http_header_find(const struct http_request *rq, const char *lower_case_name)
{
    for (size_t i = 0; i < rq->header_count; i++)
        if (text_equal(rq->headers[i].name, lower_case_name))
            return rq->headers[i].value;
    return NULL;
}

static int take_chunks(struct http_head *h, struct mem bytes, size_t *ret_used)
{
    struct chunk_reader reader = { 0 };
    struct buf body;
    buf_init(&body, h->arena, h->limits->body_bytes);
    enum chunk_turn turn = chunk_read(&reader, bytes, &body, ret_used);
    h->request->body = buf_mem(&body);
    return turn == CHUNK_END ? 0 : turn == CHUNK_TOO_LARGE ? 413 : 400;
}

static int take_body(struct http_head *h, struct mem bytes, size_t *ret_used)
{
    *ret_used = 0;
    h->request->body = MEM_NONE;
    if (h->framing == HTTP_BODY_CHUNKED)
        return take_chunks(h, bytes, ret_used);
    if (h->length > bytes.n)
        return 400;
    if (h->length)
        h->request->body = arena_copy(h->arena, MEM(bytes.p, h->length));
    *ret_used = h->length;
    return 0;
}

int http_parse_request(struct mem bytes, const struct http_limits *limits, struct http_exchange *x,
                       size_t *ret_used)
{
    struct http_limits filled = http_limits_fill(limits);
    size_t scanned = 0, length = 0, body = 0;
    const char *why;
    *x = (struct http_exchange){ 0 };
    *ret_used = 0;
    arena_init(&x->arena, HTTP_ARENA_MAX);
    x->request.received_ns = clock_monotonic_ns();

    int status = http_head_find(bytes, &filled, &scanned, &length, &why);
    if (status || !length)
        return status ? status : 400;
    struct http_head head = { .request = &x->request, .arena = &x->arena, .limits = &filled };
    status = http_head_parse(&head, MEM(bytes.p, length));
    if (!status)
        status = take_body(&head, MEM((const char *)bytes.p + length, bytes.n - length), &body);
    if (!status)
        *ret_used = length + body;
    return status;
}
