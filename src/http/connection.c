/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame of a connection's life: closing, deadlines, and the table of steps, one for each place
 * where it can be. See connection.h for who owns it when.
 */
#include "http/connection.h"

#include "http/step.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

const struct http_limits *connection_limits(const struct connection *c)
{
    return &c->loop->server->options.limits;
}

void connection_expire_in(struct connection *c, int64_t now_ns, int64_t ms)
{
    c->deadline_ns = now_ns + ms * 1'000'000;
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
    if (c->is_counted)
        peer_remove(loop->server->peers, c->peer);
    loop->count--;
    loop->server->count--;
    loop->discarded++;
    free(c);
}

enum step connection_end(struct connection *c)
{
    connection_close(c);
    return STEP_GONE;
}

ssize_t connection_read(struct connection *c, void *p, size_t n)
{
    ssize_t got = c->tls ? tls_read(c->tls, p, n) : recv(c->fd, p, n, 0);
    if (got < 0 && errno == EAGAIN)
        c->readable = c->hung_up = false;
    else if (got > 0 && (size_t)got < n && !c->tls && !c->hung_up)
        c->readable = false;
    return got;
}

int connection_guard(struct connection *c, int (*run)(struct connection *c))
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

static enum step shake_hands(struct connection *c)
{
    int done = tls_handshake(c->tls);
    if (done < 0 && errno == EAGAIN)
        return STEP_WAIT;
    if (done <= 0)
        return connection_end(c);
    c->at = AT_HEAD;
    connection_expire_in(c, c->loop->now_ns, connection_limits(c)->idle_time);
    return STEP_ON;
}

static enum step (*const steps[])(struct connection *c) = {
    [AT_PROXY] = proxy_receive, [AT_HANDSHAKE] = shake_hands, [AT_HEAD] = receive_head,
    [AT_BODY] = receive_body,   [AT_ANSWER] = answer_send,    [AT_LINGER] = answer_linger,
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
    if (has_begun && answer_refuse(c, 408, "too slow") == STEP_GONE)
        return;
    if (has_begun)
        connection_run(c);
    else
        connection_close(c);
}
