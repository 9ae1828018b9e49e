/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of one connection, a function for each place where it can be: see connection.h. Every
 * step either goes on, waits for epoll, or says that the connection is no longer ours.
 *
 * A request that was refused ends its connection: nothing behind it is parsed, because we and a
 * proxy in front of us may disagree on where the next request begins (HTTP-07).
 */
#include "http/connection.h"

#include "base/clock.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { BURST = 32, LINGER_BYTES = 1 << 20 };

enum step { STEP_ON, STEP_WAIT, STEP_GONE };

static const int64_t ns_per_ms = 1'000'000, linger_ms = 2000, last_linger_ms = 200;

static const struct http_limits *limits(const struct connection *c)
{
    return &c->loop->server->options.limits;
}

static void expire_in(struct connection *c, int64_t now_ns, int64_t ms)
{
    c->deadline_ns = now_ns + ms * ns_per_ms;
}

bool connection_is_idle(const struct connection *c)
{
    return c->at == AT_HEAD && !c->work;
}

void connection_close(struct connection *c)
{
    struct loop *loop = c->loop;
    work_give(c);
    tls_end(c->tls);
    close(c->fd);
    if (c->previous)
        c->previous->next = c->next;
    else if (c->is_linked)
        loop->connections = c->next;
    if (c->next)
        c->next->previous = c->previous;
    peer_remove(loop->server->peers, c->peer);
    loop->count--;
    loop->server->count--;
    loop->discarded++;
    free(c);
}

static enum step end(struct connection *c)
{
    connection_close(c);
    return STEP_GONE;
}

/* As read(): edge-triggered epoll tells only once, so an incomplete read is remembered. */
static ssize_t read_some(struct connection *c, void *p, size_t n)
{
    ssize_t got = c->tls ? tls_read(c->tls, p, n) : recv(c->fd, p, n, 0);
    if (got < 0 && errno == EAGAIN)
        c->readable = c->hung_up = false;
    else if (got > 0 && (size_t)got < n && !c->tls && !c->hung_up)
        c->readable = false;
    return got;
}

/* --- answering */

static ssize_t write_some(struct connection *c, struct iovec *parts, size_t count)
{
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };
    if (c->tls)
        return tls_write(c->tls, parts->iov_base, parts->iov_len);
    if (count == 1)
        return send(c->fd, parts->iov_base, parts->iov_len, MSG_NOSIGNAL);
    return sendmsg(c->fd, &message, MSG_NOSIGNAL);
}

/* 1 when all has left, 0 when the client has to take some first, -1 when it is gone. */
static int flush(struct connection *c)
{
    struct http_output *out = &c->work->out;
    while (http_output_left(out) > 0) {
        size_t head = out->sent < out->head_n ? out->head_n - out->sent : 0;
        size_t from = head ? 0 : out->sent - out->head_n;
        struct iovec parts[2] = {
            { out->head + out->sent, head },
            { (char *)out->body.p + from, out->body.n - from },
        };
        struct iovec *first = head ? &parts[0] : &parts[1];
        ssize_t n = write_some(c, first, head && out->body.n ? 2 : 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 && errno == EAGAIN ? 0 : -1;
        out->sent += (size_t)n;
    }
    return 1;
}

/* Renders the response that is in the exchange; false when there is no memory for it. */
static bool begin_answer(struct connection *c, int64_t now_ns)
{
    struct work *w = c->work;
    c->at = AT_ANSWER;
    c->closing |= w->head.close || w->head.is_1_0 || w->exchange.response.close ||
                  atomic_load_explicit(&c->loop->server->stopping, memory_order_relaxed);
    if (!http_output_init(&w->out, &w->exchange, c->closing))
        return false;
    /* write_time, then at least 1 KiB a second */
    expire_in(c, now_ns,
              limits(c)->write_time + (int64_t)(http_output_left(&w->out) >> 10) * SECOND);
    return true;
}

/* Says goodbye and waits until the client has read it: closing with unread input would reset the
   connection and could destroy the answer on its way (RFC 9112 9.6). */
static enum step begin_linger(struct connection *c)
{
    work_give(c);
    if (c->tls)
        tls_say_goodbye(c->tls);
    (void)shutdown(c->fd, SHUT_WR);
    c->at = AT_LINGER;
    expire_in(c, c->loop->now_ns, c->loop->server->stopping ? last_linger_ms : linger_ms);
    return STEP_ON;
}

static enum step linger(struct connection *c)
{
    char scratch[8192];
    ssize_t n = read(c->fd, scratch, sizeof scratch);
    if (n < 0 && errno == EAGAIN)
        return STEP_WAIT;
    c->lingered += n > 0 ? (size_t)n : 0;
    return n <= 0 || c->lingered > LINGER_BYTES ? end(c) : STEP_ON;
}

/* The exchange is over: ready for the next one. */
static void turn_over(struct connection *c, int64_t now_ns)
{
    struct work *w = c->work;
    work_next(w);
    c->at = AT_HEAD;
    if (w->in_n) {
        w->exchange.request.received_ns = now_ns;
        expire_in(c, now_ns, limits(c)->header_time);
        return;
    }
    work_give(c);
    expire_in(c, now_ns, limits(c)->idle_time);
}

static enum step send_answer(struct connection *c)
{
    int sent = flush(c);
    if (sent < 0)
        return end(c);
    if (sent == 0)
        return STEP_WAIT;
    if (c->closing)
        return begin_linger(c);
    turn_over(c, c->loop->now_ns);
    if (++c->burst < BURST)
        return STEP_ON;
    /* A client that pipelines without end does not starve the others. */
    atomic_store_explicit(&c->turn, TURN_AWAY, memory_order_relaxed);
    loop_give(c->loop, c);
    return STEP_GONE;
}

/* Runs with a trap: the arena may be full. */
static int guard(struct connection *c, int (*run)(struct connection *c))
{
    jmp_buf jump;
    struct arena *arena = &c->work->exchange.arena;
    if (ARENA_TRAP(arena, &jump)) {
        arena->trap = NULL;
        return 503;
    }
    int status = run(c);
    arena->trap = NULL;
    return status;
}

static int render_refusal(struct connection *c)
{
    struct http_server_options *options = &c->loop->server->options;
    struct http_exchange *x = &c->work->exchange;
    if (options->refuse)
        options->refuse(&x->response, &x->arena, x->response.status, c->work->head.why,
                        options->arg);
    return 0;
}

static enum step refuse(struct connection *c, int status, const char *why)
{
    struct work *w = c->work;
    struct http_exchange *x = &w->exchange;
    arena_reset(&x->arena);
    enum http_method method = x->request.method;
    x->request = (struct http_request){ .method = method };
    x->response = (struct http_response){ .status = status };
    w->head.why = why;
    if (guard(c, render_refusal))
        x->response = (struct http_response){ .status = status };
    c->closing = true;
    c->loop->refused++;
    return begin_answer(c, c->loop->now_ns) ? STEP_ON : end(c);
}

/* --- receiving */

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
    work_make_room(w, limits(c)->header_bytes + HTTP_INPUT_INLINE);
    ssize_t n = read_some(c, w->in + w->in_n, w->in_capacity - w->in_n);
    if (n < 0 && errno == EAGAIN)
        return rest(c);
    if (n <= 0)
        return end(c);
    if (w->in_n == 0 && c->at == AT_HEAD) {
        w->exchange.request.received_ns = c->loop->now_ns;
        expire_in(c, c->loop->now_ns, limits(c)->header_time);
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
    x->request.tls = c->tls != NULL;
    atomic_fetch_add_explicit(&c->loop->requests, 1, memory_order_relaxed);
    atomic_store_explicit(&c->turn, TURN_AWAY, memory_order_release);
    if (options->handler(x, options->arg) == HTTP_LATER)
        return STEP_GONE; /* it may be answered already */
    atomic_store_explicit(&c->turn, 0, memory_order_relaxed);
    return begin_answer(c, c->loop->now_ns) ? STEP_ON : end(c);
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

static enum step receive_body(struct connection *c)
{
    struct work *w = c->work;
    if (w->in_n == 0)
        return fetch(c);
    int status = guard(c, w->head.framing == HTTP_BODY_LENGTH ? take_length : take_chunks);
    if (status)
        return refuse(c, status, status == 400 ? "malformed body" : "body too large");
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
    buf_init(&w->body, &w->exchange.arena, limits(c)->body_bytes);
    w->chunk = (struct chunk_reader){ 0 };
    c->at = AT_BODY;
    expire_in(c, c->loop->now_ns, limits(c)->body_time);
    return invite_body(c) ? STEP_ON : end(c);
}

static int parse_head(struct connection *c)
{
    struct work *w = c->work;
    w->head = (struct http_head){ .request = &w->exchange.request,
                                  .arena = &w->exchange.arena,
                                  .limits = limits(c),
                                  .why = "out of memory" };
    return http_head_parse(&w->head, MEM(w->in + w->in_at, w->scanned));
}

static enum step receive_head(struct connection *c)
{
    struct work *w = c->work;
    size_t length;
    const char *why;
    if (!w || w->in_n == 0)
        return fetch(c);
    int status = http_head_find(unread(w), limits(c), &w->scanned, &length, &why);
    if (status)
        return refuse(c, status, why);
    if (!length)
        return fetch(c);
    status = guard(c, parse_head);
    if (status)
        return refuse(c, status, w->head.why);
    consume(w, length);
    return begin_body(c);
}

static enum step shake_hands(struct connection *c)
{
    int done = tls_handshake(c->tls);
    if (done < 0 && errno == EAGAIN)
        return STEP_WAIT;
    if (done <= 0)
        return end(c);
    c->at = AT_HEAD;
    expire_in(c, c->loop->now_ns, limits(c)->idle_time);
    return STEP_ON;
}

static enum step (*const steps[])(struct connection *c) = {
    [AT_HANDSHAKE] = shake_hands, [AT_HEAD] = receive_head, [AT_BODY] = receive_body,
    [AT_ANSWER] = send_answer,    [AT_LINGER] = linger,
};

void connection_run(struct connection *c)
{
    enum step step;
    c->burst = 0;
    do
        step = steps[c->at](c);
    while (step == STEP_ON);
}

void connection_expire(struct connection *c)
{
    bool has_begun = c->work && (c->at == AT_BODY || (c->at == AT_HEAD && c->work->in_n));
    if (has_begun && refuse(c, 408, "too slow") == STEP_GONE)
        return;
    if (has_begun)
        connection_run(c);
    else
        connection_close(c);
}

void http_answer(struct http_exchange *x)
{
    struct work *w = (struct work *)((char *)x - offsetof(struct work, exchange));
    struct connection *c = w->connection;
    int64_t now_ns = clock_monotonic_ns();
    if (begin_answer(c, now_ns) && flush(c) == 1 && !c->closing && !w->in_n && !c->readable) {
        unsigned away = TURN_AWAY;
        turn_over(c, now_ns);
        if (atomic_compare_exchange_strong(&c->turn, &away, 0))
            return; /* the loop's again, and perhaps gone already */
    }
    loop_give(c->loop, c);
}
