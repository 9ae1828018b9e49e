/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole requests. Oracles: what is accepted, written anew in the plainest form, is accepted again
 * and means the same; a header or a chunked body that arrives byte by byte is read as one that
 * arrives at once; an accepted path cannot be taken for another.
 */
#include "base/buf.h"
#include "base/text.h"
#include "http/chunk.h"
#include "http/parse.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { BODY_MAX = 512 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool is_framing(const char *name)
{
    return text_equal(name, "content-length") || text_equal(name, "transfer-encoding");
}

static struct mem write_anew(struct arena *arena, const struct http_request *rq)
{
    struct buf b;
    buf_init(&b, arena, 1 << 20);
    buf_format(&b, "%s %s HTTP/1.%d\r\n", http_method_name(rq->method), rq->target, *rq->host != 0);
    for (size_t i = 0; i < rq->header_count; i++)
        if (!is_framing(rq->headers[i].name))
            buf_format(&b, "%s:%s\r\n", rq->headers[i].name, rq->headers[i].value);
    buf_format(&b, "Content-Length: %zu\r\n\r\n", rq->body.n);
    buf_add(&b, rq->body.p, rq->body.n);
    return buf_mem(&b);
}

static void check_same(const struct http_request *a, const struct http_request *b)
{
    require(a->method == b->method && text_equal(a->path, b->path));
    require(text_equal(a->query, b->query) && text_equal(a->host, b->host));
    require(mem_equal(a->body, b->body));
    for (size_t i = 0; i < a->header_count; i++)
        if (!is_framing(a->headers[i].name))
            require(text_equal(http_header_find(b, a->headers[i].name), a->headers[i].value));
}

static void check_path(const char *path)
{
    require(path[0] == '/' && text_is_utf8(mem_text(path)));
    require(!strstr(path, "//") && !strstr(path, "/../") && !strstr(path, "/./"));
    require(!text_ends(path, "/..") && !text_ends(path, "/.") && !strchr(path, '\\'));
}

/* Feeds growing prefixes, as a slow client does. Gives the status; a request line that is too long
   may be refused earlier than at once, but only if it is refused in the end. */
static int check_head_find(const uint8_t *p, size_t n, const struct http_limits *limits)
{
    size_t scanned = 0, length = 0, once_scanned = 0, once_length;
    const char *why;
    int status = 0;
    for (size_t part = 1; part <= n && !status && !length; part++)
        status = http_head_find(MEM(p, part), limits, &scanned, &length, &why);
    int once = http_head_find(MEM(p, n), limits, &once_scanned, &once_length, &why);
    require(status == 414 || (length == once_length && (status != 0) == (once != 0)));
    return status;
}

static void check_chunks(const uint8_t *p, size_t n)
{
    struct arena arena;
    struct chunk_reader once = { 0 }, slow = { 0 };
    struct buf once_body, slow_body;
    size_t used = 0, slow_used = 0, one;
    arena_init(&arena, 1 << 20);
    buf_init(&once_body, &arena, BODY_MAX);
    buf_init(&slow_body, &arena, BODY_MAX);
    enum chunk_turn want = chunk_read(&once, MEM(p, n), &once_body, &used), got = CHUNK_MORE;
    for (; slow_used < n && got == CHUNK_MORE; slow_used += one)
        got = chunk_read(&slow, MEM(p + slow_used, 1), &slow_body, &one);
    require(got == want && mem_equal(buf_mem(&once_body), buf_mem(&slow_body)));
    require(got != CHUNK_END || used == slow_used);
    require(!once_body.overflow && !slow_body.overflow);
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    const struct http_limits limits = http_limits_fill(&(struct http_limits){
        .header_bytes = 1024, .target_bytes = 256, .header_fields = 20, .body_bytes = BODY_MAX });
    struct http_limits wide = limits;
    struct http_exchange x, again;
    size_t used, again_used;
    wide.header_bytes *= 2; /* written anew it may be longer */
    wide.target_bytes *= 2;
    wide.header_fields += 1; /* Content-Length */
    int slow_status = check_head_find(p, n < 2000 ? n : 2000, &limits);
    check_chunks(p, n < 2000 ? n : 2000);
    int status = http_parse_request(MEM(p, n), &limits, &x, &used);
    require(status == 0 || (status >= 400 && status <= 505));
    require(status != 0 || slow_status == 0);
    if (!status) {
        check_path(x.request.path);
        struct mem text = write_anew(&x.arena, &x.request);
        require(http_parse_request(text, &wide, &again, &again_used) == 0);
        require(again_used == text.n && used <= n);
        check_same(&x.request, &again.request);
        arena_done(&again.arena);
    }
    arena_done(&x.arena);
    return 0;
}
