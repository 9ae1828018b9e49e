/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending the response, from the loop or from the thread that did the work, and what follows it:
 * the next request, or a polite end.
 *
 * A request that was refused ends its connection: nothing behind it is parsed, because we and a
 * proxy in front of us may disagree on where the next request begins (HTTP-07).
 */
#include "http/step.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { BURST = 32, LINGER_BYTES = 1 << 20 };

static const int64_t linger_ms = 2000, last_linger_ms = 200;

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

bool answer_begin(struct connection *c, int64_t now_ns)
{
    struct work *w = c->work;
    c->at = AT_ANSWER;
    c->closing |= w->head.close || w->head.is_1_0 || w->exchange.response.close ||
                  atomic_load_explicit(&c->loop->server->stopping, memory_order_relaxed);
    if (!http_output_init(&w->out, &w->exchange, c->closing))
        return false;
    /* write_time, then at least 1 KiB a second */
    connection_expire_in(c, now_ns,
                         connection_limits(c)->write_time +
                             (int64_t)(http_output_left(&w->out) >> 10) * SECOND);
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
    connection_expire_in(c, c->loop->now_ns,
                         c->loop->server->stopping ? last_linger_ms : linger_ms);
    return STEP_ON;
}

enum step answer_linger(struct connection *c)
{
    char scratch[8192];
    ssize_t n = read(c->fd, scratch, sizeof scratch);
    if (n < 0 && errno == EAGAIN)
        return STEP_WAIT;
    c->lingered += n > 0 ? (size_t)n : 0;
    return n <= 0 || c->lingered > LINGER_BYTES ? connection_end(c) : STEP_ON;
}

/* The exchange is over: ready for the next one. */
static void turn_over(struct connection *c, int64_t now_ns)
{
    struct work *w = c->work;
    work_next(w);
    c->at = AT_HEAD;
    if (w->in_n) {
        w->exchange.request.received_ns = now_ns;
        connection_expire_in(c, now_ns, connection_limits(c)->header_time);
        return;
    }
    work_give(c);
    connection_expire_in(c, now_ns, connection_limits(c)->idle_time);
}

enum step answer_send(struct connection *c)
{
    int sent = flush(c);
    if (sent < 0)
        return connection_end(c);
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

static int render_refusal(struct connection *c)
{
    struct http_server_options *options = &c->loop->server->options;
    struct http_exchange *x = &c->work->exchange;
    if (options->refuse)
        options->refuse(&x->response, &x->arena, x->response.status, c->work->head.why,
                        options->arg);
    return 0;
}

enum step answer_refuse(struct connection *c, int status, const char *why)
{
    struct work *w = c->work;
    struct http_exchange *x = &w->exchange;
    arena_reset(&x->arena);
    enum http_method method = x->request.method;
    x->request = (struct http_request){ .method = method };
    x->response = (struct http_response){ .status = status };
    w->head.why = why;
    if (connection_guard(c, render_refusal))
        x->response = (struct http_response){ .status = status };
    c->closing = true;
    c->loop->refused++;
    return answer_begin(c, c->loop->now_ns) ? STEP_ON : connection_end(c);
}

static struct work *work_of(const struct http_exchange *x)
{
    return (struct work *)((char *)x - offsetof(struct work, exchange));
}

bool http_is_left(const struct http_exchange *x)
{
    struct pollfd line = { .fd = work_of(x)->connection->fd, .events = POLLRDHUP };
    return poll(&line, 1, 0) > 0;
}

void http_answer(struct http_exchange *x)
{
    struct work *w = work_of(x);
    struct connection *c = w->connection;
    int64_t now_ns = clock_monotonic_ns();
    if (answer_begin(c, now_ns) && flush(c) == 1 && !c->closing && !w->in_n && !c->readable) {
        unsigned away = TURN_AWAY;
        turn_over(c, now_ns);
        if (atomic_compare_exchange_strong(&c->turn, &away, 0))
            return; /* the loop's again, and perhaps gone already */
    }
    loop_give(c->loop, c);
}
