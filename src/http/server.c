/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server as a whole: opening, starting, draining. See docs/decisions/0002-http-server-shape.md.
 */
#include "http/connection.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

#include <stdlib.h>
#include <string.h>

/* A deadline is seen late by a quarter of the shortest span at most, and never looked for more than
   a hundred times a second. */
static int64_t choose_tick(const struct http_limits *l)
{
    int64_t shortest = l->header_time;
    shortest = l->body_time < shortest ? l->body_time : shortest;
    shortest = l->idle_time < shortest ? l->idle_time : shortest;
    shortest = l->write_time < shortest ? l->write_time : shortest;
    int64_t tick = shortest / 4;
    tick = tick < 10 ? 10 : tick > 500 ? 500 : tick;
    return tick * 1'000'000;
}

static enum err open_parts(struct http_server *server)
{
    const struct http_server_options *o = &server->options;
    if (o->tls_cert_file)
        TRY(tls_open(&server->tls, o->tls_cert_file, o->tls_key_file));
    TRY(listen_open(o->listen, server->listeners, &server->listener_count));
    for (size_t i = 0; i < server->listener_count; i++)
        server->ports[i] = server->listeners[i].port;
    for (int i = 0; i < server->loop_count; i++)
        TRY(loop_open(&server->loops[i], server));
    return OK;
}

enum err http_server_open(struct http_server **ret, const struct http_server_options *options)
{
    if (!options->listen || !options->tls_cert_file != !options->tls_key_file)
        return E_INVALID;
    struct http_server *server = calloc(1, sizeof *server);
    int count = options->threads > 0 ? options->threads : thread_processors();
    struct loop *loops = calloc((size_t)count, sizeof *loops);
    if (!server || !loops)
        abort();
    server->options = *options;
    server->options.limits = http_limits_fill(&options->limits);
    server->tick_ns = choose_tick(&server->options.limits);
    server->loops = loops;
    server->loop_count = count;
    server->accepting = count;
    server->peers = peer_table_new();
    for (int i = 0; i < count; i++)
        loops[i].epoll = loops[i].wake_fd = -1;
    enum err e = open_parts(server);
    if (e)
        http_server_close(server);
    else
        *ret = server;
    return e;
}

enum err http_server_start(struct http_server *server)
{
    enum err e = OK;
    while (!e && server->running < server->loop_count) {
        struct loop *loop = &server->loops[server->running];
        e = thread_start(&loop->thread, "http", loop_run, loop);
        server->running += !e;
    }
    if (!e)
        return OK;
    server->accepting = server->running;
    http_server_stop(server);
    return e;
}

int http_server_port(const struct http_server *server, int i)
{
    for (int at = 0; at < LISTENERS_MAX; at++)
        if (server->ports[at] && i-- == 0)
            return server->ports[at];
    return 0;
}

void http_server_stop(struct http_server *server)
{
    server->drain_ns = clock_monotonic_ns() + server->options.limits.drain_time * 1'000'000;
    server->stopping = true;
    for (int i = 0; i < server->running; i++)
        loop_wake(&server->loops[i]);
    for (int i = 0; i < server->running; i++)
        pthread_join(server->loops[i].thread, NULL);
    server->running = 0;
}

void http_server_close(struct http_server *server)
{
    if (!server)
        return;
    if (server->running)
        http_server_stop(server);
    listen_close(server->listeners, server->listener_count);
    for (int i = 0; i < server->loop_count; i++)
        loop_close(&server->loops[i]);
    peer_table_free(server->peers);
    tls_close(server->tls);
    free(server->loops);
    free(server);
}

enum err http_server_reload_tls(struct http_server *server)
{
    return server->tls ? tls_reload(server->tls) : OK;
}

void http_server_figures(const struct http_server *server, struct http_figures *ret)
{
    *ret = (struct http_figures){ .connections = server->count, .accepted = server->accepted };
    for (int i = 0; i < server->loop_count; i++) {
        ret->requests += server->loops[i].requests;
        ret->refused += server->loops[i].refused;
    }
}
