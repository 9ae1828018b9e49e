/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking a request in: header, body, handler. The input buffer holds what has arrived and is not
 * yet used; a body leaves it for the arena at once, so that it never holds more than a header.
 */
#include "http/step.h"

#include <errno.h>
#include <sys/socket.h>

/* Everything that arrived has been looked at. */
static enum step rest(struct connection *c)
{
    if (c->at == AT_HEAD && c->work && c->work->in_n == 0)
        work_give(c);
    return STEP_WAIT;
}

static enum step fetch(struct connection *c)
{
    if (!c->readable)
        return rest(c);
    struct work *w = c->work ? c->work : work_take(c);
    work_make_room(w, connection_limits(c)->header_bytes + HTTP_INPUT_INLINE);
    ssize_t n = connection_read(c, w->in + w->in_n, w->in_capacity - w->in_n);
    if (n < 0 && errno == EAGAIN)
        return rest(c);
    if (n <= 0)
        return connection_end(c);
    if (w->in_n == 0 && c->at == AT_HEAD) {
        w->exchange.request.received_ns = c->loop->now_ns;
        connection_expire_in(c, c->loop->now_ns, connection_limits(c)->header_time);
    }
    w->in_n += (size_t)n;
    return STEP_ON;
}

static struct mem unread(const struct work *w)
{
    return MEM(w->in + w->in_at, w->in_n - w->in_at);
}

static void consume(struct work *w, size_t n)
{
    w->in_at += n;
    if (w->in_at < w->in_n)
        return;
    mem_wipe(w->in, w->in_n);
    w->in_at = w->in_n = 0;
}

static enum step dispatch(struct connection *c)
{
    struct http_server_options *options = &c->loop->server->options;
    struct http_exchange *x = &c->work->exchange;
    x->request.peer = c->peer;
    x->request.is_unix = c->is_unix;
    x->request.is_unnamed = c->is_unnamed;
    x->request.tls = c->tls != NULL;
    atomic_fetch_add_explicit(&c->loop->requests, 1, memory_order_relaxed);
    atomic_store_explicit(&c->turn, TURN_AWAY, memory_order_release);
    if (options->handler(x, options->arg) == HTTP_LATER)
        return STEP_GONE; /* it may be answered already */
    atomic_store_explicit(&c->turn, 0, memory_order_relaxed);
    return answer_begin(c, c->loop->now_ns) ? STEP_ON : connection_end(c);
}

static int take_length(struct connection *c)
{
    struct work *w = c->work;
    struct mem bytes = unread(w);
    size_t need = w->head.length - w->body.n;
    size_t n = bytes.n < need ? bytes.n : need;
    buf_add(&w->body, bytes.p, n);
    consume(w, n);
    return 0;
}

static int take_chunks(struct connection *c)
{
    struct work *w = c->work;
    size_t used;
    switch (chunk_read(&w->chunk, unread(w), &w->body, &used)) {
    case CHUNK_MALFORMED: return 400;
    case CHUNK_TOO_LARGE: return 413;
    case CHUNK_END: w->head.framing = HTTP_BODY_NONE; break;
    case CHUNK_MORE: break;
    }
    consume(w, used);
    return 0;
}

static bool has_body(const struct work *w)
{
    return w->head.framing == HTTP_BODY_NONE ||
           (w->head.framing == HTTP_BODY_LENGTH && w->body.n == w->head.length);
}

enum step receive_body(struct connection *c)
{
    struct work *w = c->work;
    if (w->in_n == 0)
        return fetch(c);
    int status =
        connection_guard(c, w->head.framing == HTTP_BODY_LENGTH ? take_length : take_chunks);
    if (status)
        return answer_refuse(c, status, status == 400 ? "malformed body" : "body too large");
    if (!has_body(w))
        return STEP_ON;
    w->exchange.request.body = buf_mem(&w->body);
    return dispatch(c);
}

/* RFC 9110 10.1.1: only when the client has not begun to send, and we do want it. */
static bool invite_body(struct connection *c)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    ssize_t n = sizeof text - 1;
    if (!c->work->head.wants_continue || c->work->in_n)
        return true;
    return (c->tls ? tls_write(c->tls, text, (size_t)n)
                   : send(c->fd, text, (size_t)n, MSG_NOSIGNAL)) == n;
}

static enum step begin_body(struct connection *c)
{
    struct work *w = c->work;
    w->exchange.request.body = MEM_NONE;
    if (w->head.framing == HTTP_BODY_NONE ||
        (w->head.framing == HTTP_BODY_LENGTH && !w->head.length))
        return dispatch(c);
    buf_init(&w->body, &w->exchange.arena, connection_limits(c)->body_bytes);
    w->chunk = (struct chunk_reader){ 0 };
    c->at = AT_BODY;
    connection_expire_in(c, c->loop->now_ns, connection_limits(c)->body_time);
    return invite_body(c) ? STEP_ON : connection_end(c);
}

static int parse_head(struct connection *c)
{
    struct work *w = c->work;
    w->head = (struct http_head){ .request = &w->exchange.request,
                                  .arena = &w->exchange.arena,
                                  .limits = connection_limits(c),
                                  .why = "out of memory" };
    return http_head_parse(&w->head, MEM(w->in + w->in_at, w->scanned));
}

enum step receive_head(struct connection *c)
{
    struct work *w = c->work;
    size_t length;
    const char *why;
    if (!w || w->in_n == 0)
        return fetch(c);
    int status = http_head_find(unread(w), connection_limits(c), &w->scanned, &length, &why);
    if (status)
        return answer_refuse(c, status, why);
    if (!length)
        return fetch(c);
    status = connection_guard(c, parse_head);
    if (status)
        return answer_refuse(c, status, w->head.why);
    consume(w, length);
    return begin_body(c);
}
