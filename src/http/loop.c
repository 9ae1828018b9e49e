/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One I/O thread: its epoll, its connections, their deadlines. Edge-triggered and never re-armed,
 * so that a request on a warm connection costs one read and one write. Deadlines are found by
 * walking the list of connections a few times a second: no timer to set for each request.
 *
 * When the process is out of descriptors or at its limit of connections, accepting pauses for a
 * moment instead of spinning on a listener that stays ready (DOS-06), and connections that only sit
 * there make room.
 */
#include "http/connection.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 64, ACCEPT_BATCH = 16 };

static const int64_t ns_per_ms = 1'000'000;
static const int64_t pause_ns = 100 * ns_per_ms, drain_tick_ns = 5 * ns_per_ms;
static const int64_t quiet_ns = 10'000 * ns_per_ms, shed_ns = 1000 * ns_per_ms;

/* --- the inbox */

void loop_wake(struct loop *loop)
{
    uint64_t one = 1;
    if (write(loop->wake_fd, &one, sizeof one) < 0 && errno != EAGAIN)
        abort();
}

void loop_give(struct loop *loop, struct connection *c)
{
    pthread_mutex_lock(&loop->lock);
    c->next_inbox = loop->inbox;
    loop->inbox = c;
    if (!c->next_inbox)
        loop_wake(loop); /* inside the lock: afterwards the loop may be gone */
    pthread_mutex_unlock(&loop->lock);
}

static void link_new(struct loop *loop, struct connection *c)
{
    struct epoll_event event = { EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, { .ptr = c } };
    c->next = loop->connections;
    if (c->next)
        c->next->previous = c;
    loop->connections = c;
    c->is_linked = true;
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
        connection_close(c);
}

/* A connection that comes back, or a new one. What happened meanwhile is not known, so it reads
   until the socket is empty. */
static void take_back(struct loop *loop, struct connection *c)
{
    bool is_new = !c->is_linked;
    c->readable = c->hung_up = true;
    atomic_store_explicit(&c->turn, 0, memory_order_relaxed);
    if (is_new)
        link_new(loop, c);
    else if (c->at == AT_ANSWER && !c->work->out.head)
        connection_close(c); /* its response could not even be begun */
    else
        connection_run(c);
}

static void empty_inbox(struct loop *loop)
{
    uint64_t count;
    (void)!read(loop->wake_fd, &count, sizeof count);
    pthread_mutex_lock(&loop->lock);
    struct connection *c = loop->inbox;
    loop->inbox = NULL;
    pthread_mutex_unlock(&loop->lock);
    while (c) {
        struct connection *next = c->next_inbox;
        take_back(loop, c);
        c = next;
    }
}

/* --- accepting */

static struct ip peer_of(const struct sockaddr_storage *address)
{
    struct ip ip = { { [15] = 1 } }; /* a unix socket: this machine */
    if (address->ss_family == AF_INET6)
        memcpy(ip.bytes, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
    if (address->ss_family == AF_INET) {
        ip = (struct ip){ { [10] = 0xFF, [11] = 0xFF } };
        memcpy(ip.bytes + 12, &((const struct sockaddr_in *)address)->sin_addr, 4);
    }
    return ip;
}

static struct loop *least_loaded(struct loop *own)
{
    struct http_server *server = own->server;
    struct loop *best = own;
    for (int i = 0; i < server->loop_count; i++)
        if (server->loops[i].count < best->count)
            best = &server->loops[i];
    return best;
}

void loop_note_refused(struct loop *loop, const char *why)
{
    atomic_fetch_add_explicit(&loop->refused, 1, memory_order_relaxed);
    if (loop->now_ns - loop->refused_ns < quiet_ns)
        return;
    LOG(LOG_WARN, "http.connection_refused", LOG_TEXT("why", why));
    loop->refused_ns = loop->now_ns;
}

/* Whoever is behind a proxy is counted once its header is read. */
static bool may_connect(struct loop *loop, struct ip peer, bool is_unix, bool *ret_is_counted)
{
    const struct http_server_options *options = &loop->server->options;
    *ret_is_counted = !options->trusts_proxy;
    if (!options->trusts_proxy)
        return peer_add(loop->server->peers, peer, options->limits.per_peer);
    if (is_unix || options->trusts_proxy(peer))
        return true;
    loop_note_refused(loop, "PROXY header from a peer that is not in TRUSTED_PROXIES");
    return false;
}

/* Where a new connection begins: the places are in order. */
static enum place first_place(const struct http_server *server)
{
    if (server->options.trusts_proxy)
        return AT_PROXY;
    return server->tls ? AT_HANDSHAKE : AT_HEAD;
}

static void adopt(struct loop *own, int fd, const struct connection *made)
{
    struct http_server *server = own->server;
    struct connection *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    struct loop *loop = least_loaded(own);
    *c = *made;
    c->source = SOURCE_CONNECTION;
    c->fd = fd;
    c->loop = loop;
    c->at = first_place(server);
    const struct http_limits *limits = &server->options.limits;
    int64_t time = c->at == AT_HEAD ? limits->idle_time : limits->header_time;
    c->deadline_ns = own->now_ns + time * ns_per_ms;
    loop->count++;
    server->count++;
    server->accepted++;
    c->tls = server->tls ? tls_accept(server->tls, fd) : NULL;
    if (server->tls && !c->tls) {
        connection_close(c);
    } else if (loop == own) {
        link_new(loop, c);
    } else {
        atomic_store_explicit(&c->turn, TURN_AWAY, memory_order_relaxed);
        loop_give(loop, c);
    }
}

static void watch_listeners(struct loop *loop, int operation)
{
    for (size_t i = 0; i < loop->server->listener_count; i++) {
        struct listener_source *source = &loop->listeners[i];
        struct epoll_event event = { EPOLLIN | EPOLLEXCLUSIVE, { .ptr = source } };
        (void)epoll_ctl(loop->epoll, operation, source->fd, &event);
    }
}

static void pause_accepting(struct loop *loop, const char *why)
{
    if (loop->now_ns - loop->paused_ns > quiet_ns) {
        LOG(LOG_WARN, "http.accepting_paused", LOG_TEXT("why", why),
            LOG_NUM("connections", loop->server->count));
        loop->paused_ns = loop->now_ns;
    }
    watch_listeners(loop, EPOLL_CTL_DEL);
    loop->accept_again_ns = loop->now_ns + pause_ns;
}

static void accept_some(struct loop *loop, int listener)
{
    struct http_server *server = loop->server;
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        struct sockaddr_storage address = { 0 };
        socklen_t n = sizeof address;
        if (server->count >= server->options.limits.connections)
            return pause_accepting(loop, "limit of connections");
        int fd = accept4(listener, (struct sockaddr *)&address, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
            return pause_accepting(loop, strerrordesc_np(errno));
        if (fd < 0 && errno == EAGAIN)
            return;
        if (fd < 0)
            continue; /* the client went away while it waited */
        struct connection made = { .peer = peer_of(&address),
                                   .is_unix = address.ss_family == AF_UNIX };
        if (may_connect(loop, made.peer, made.is_unix, &made.is_counted))
            adopt(loop, fd, &made);
        else
            close(fd);
    }
}

/* --- deadlines and the end */

static void scan(struct loop *loop)
{
    bool stopping = loop->server->stopping;
    bool over = stopping && loop->now_ns >= loop->server->drain_ns;
    loop->scanned_ns = loop->now_ns;
    for (struct connection *c = loop->connections, *next; c; c = next) {
        next = c->next;
        if (atomic_load_explicit(&c->turn, memory_order_acquire) & TURN_AWAY)
            continue;
        if (over || (stopping && connection_is_idle(c)))
            connection_close(c);
        else if (c->deadline_ns <= loop->now_ns)
            connection_expire(c);
    }
}

/* There is no room for new clients: those that have been idle for a while give up theirs. */
static void shed_idle(struct loop *loop)
{
    int64_t idle_ns = loop->server->options.limits.idle_time * ns_per_ms;
    for (struct connection *c = loop->connections, *next; c; c = next) {
        next = c->next;
        bool ours = !(atomic_load_explicit(&c->turn, memory_order_acquire) & TURN_AWAY);
        if (ours && connection_is_idle(c) && c->deadline_ns - idle_ns + shed_ns < loop->now_ns)
            connection_close(c);
    }
}

static void run_due(struct loop *loop)
{
    int64_t tick = loop->server->stopping ? drain_tick_ns : loop->server->tick_ns;
    if (loop->now_ns - loop->scanned_ns >= tick) {
        scan(loop);
        work_trim(loop);
    }
    if (loop->accept_again_ns && loop->now_ns >= loop->accept_again_ns) {
        loop->accept_again_ns = 0;
        shed_idle(loop);
        watch_listeners(loop, EPOLL_CTL_ADD);
    }
}

static int wait_ms(const struct loop *loop)
{
    const struct http_server *server = loop->server;
    if (server->stopping)
        return (int)(drain_tick_ns / ns_per_ms);
    bool has_to_look = loop->connections || work_is_worth_trimming(loop);
    int64_t wait = has_to_look ? server->tick_ns : -ns_per_ms;
    if (loop->accept_again_ns && (wait < 0 || wait > pause_ns))
        wait = pause_ns;
    return (int)(wait / ns_per_ms);
}

static void take_event(struct loop *loop, const struct epoll_event *event)
{
    const enum source *source = event->data.ptr;
    if (*source == SOURCE_WAKE)
        return; /* the inbox is emptied after the batch: it may free what the batch points at */
    if (*source == SOURCE_LISTENER) {
        accept_some(loop, ((const struct listener_source *)event->data.ptr)->fd);
        return;
    }
    struct connection *c = event->data.ptr;
    if (atomic_load_explicit(&c->turn, memory_order_acquire) & TURN_AWAY &&
        atomic_fetch_or(&c->turn, TURN_EVENT) & TURN_AWAY)
        return;
    atomic_store_explicit(&c->turn, 0, memory_order_relaxed);
    if (event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        c->readable = true;
    if (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        c->hung_up = true;
    connection_run(c);
}

static void run_once(struct loop *loop)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(loop->epoll, events, EVENTS, wait_ms(loop));
    bool woken = false;
    loop->now_ns = clock_monotonic_ns();
    for (int i = 0; i < n; i++) {
        woken |= events[i].data.ptr == &loop->wake;
        take_event(loop, &events[i]);
    }
    if (woken)
        empty_inbox(loop);
    run_due(loop);
}

void *loop_run(void *arg)
{
    struct loop *loop = arg;
    struct http_server *server = loop->server;
    loop->now_ns = loop->scanned_ns = clock_monotonic_ns();
    loop->paused_ns = loop->refused_ns = loop->now_ns - 2 * quiet_ns;
    watch_listeners(loop, EPOLL_CTL_ADD);
    while (!server->stopping)
        run_once(loop);

    if (!loop->accept_again_ns)
        watch_listeners(loop, EPOLL_CTL_DEL);
    loop->accept_again_ns = 0;
    if (--server->accepting == 0) {
        listen_close(server->listeners, server->listener_count);
        server->listener_count = 0;
    }
    scan(loop);
    while (loop->count > 0 || server->accepting > 0) /* others may still give us some */
        run_once(loop);
    return NULL;
}

enum err loop_open(struct loop *loop, struct http_server *server)
{
    loop->server = server;
    loop->wake = SOURCE_WAKE;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    pthread_mutex_init(&loop->lock, NULL);
    struct epoll_event event = { EPOLLIN, { .ptr = &loop->wake } };
    if (loop->epoll < 0 || loop->wake_fd < 0 ||
        epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->wake_fd, &event) != 0)
        return fault("epoll: %s", strerrordesc_np(errno));
    loop->listeners = calloc(server->listener_count, sizeof *loop->listeners);
    if (!loop->listeners)
        abort();
    for (size_t i = 0; i < server->listener_count; i++)
        loop->listeners[i] = (struct listener_source){ SOURCE_LISTENER, server->listeners[i].fd };
    return OK;
}

void loop_close(struct loop *loop)
{
    work_free_pool(loop);
    free(loop->listeners);
    if (loop->epoll >= 0)
        close(loop->epoll);
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    pthread_mutex_destroy(&loop->lock);
}
