/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the server: server > loops (one per I/O thread) > connections > work.
 *
 * Ownership. A connection belongs to one loop for life and is touched only by its thread, except
 * while turn has TURN_AWAY: then it belongs to whoever runs its exchange (the handler, or the
 * thread that will call http_answer), and the loop only leaves the note TURN_EVENT. Going back is
 * one compare-and-swap when nothing is left to do, else a trip through the loop's inbox.
 *
 * Work is all that a connection needs only while a request is in hand; an idle connection has none.
 */
#pragma once

#include "http/chunk.h"
#include "http/http.h"
#include "http/listen.h"
#include "http/parse.h"
#include "http/peer.h"
#include "http/response.h"
#include "http/tls.h"

#include <pthread.h>
#include <stdatomic.h>

enum { HTTP_INPUT_INLINE = 2048 };

/* What an epoll event points at. */
enum source { SOURCE_WAKE, SOURCE_LISTENER, SOURCE_CONNECTION };

struct work {
    struct work *next; /* in the pool */
    struct connection *connection;
    struct http_exchange exchange;
    struct http_head head;
    struct chunk_reader chunk;
    struct buf body;
    char *in; /* first, or from malloc: what was read, from in_at on not yet used */
    size_t in_capacity, in_at, in_n;
    size_t scanned; /* of the header, from in_at */
    struct http_output out;
    char first[HTTP_INPUT_INLINE];
};

/* The life of a connection. */
enum place { AT_PROXY, AT_HANDSHAKE, AT_HEAD, AT_BODY, AT_ANSWER, AT_LINGER };

enum { TURN_AWAY = 1, TURN_EVENT = 2 };

struct connection {
    enum source source;
    enum place at;
    int fd;
    atomic_uint turn;
    bool readable; /* the socket may have more: edge-triggered, so we have to remember */
    bool hung_up;  /* the other side sent its end: read until there */
    bool closing;  /* the response in hand is the last */
    int burst;     /* exchanges without returning to epoll */
    struct loop *loop;
    struct work *work; /* NULL while idle */
    struct tls_session *tls;
    struct connection *previous, *next; /* in the loop */
    struct connection *next_inbox;
    bool is_linked;
    size_t lingered; /* bytes thrown away at the end */
    int64_t deadline_ns;
    struct ip peer;
    bool is_counted; /* in the table of peers */
    bool is_unix;    /* the peer is on this machine and may open our socket */
    bool is_unnamed; /* a proxy brought it and did not say whose it is */
};

struct listener_source {
    enum source source;
    int fd;
};

struct loop {
    enum source wake; /* SOURCE_WAKE */
    struct http_server *server;
    pthread_t thread;
    int epoll, wake_fd;
    int64_t now_ns;
    int64_t scanned_ns;
    int64_t refused_ns; /* when a connection without a PROXY header was last logged */
    int64_t accept_again_ns, paused_ns; /* 0 unless accepting pauses; when that was last logged */
    struct connection *connections;
    atomic_int count;               /* connections given to this loop */
    atomic_llong requests, refused; /* written by the loop's thread */
    struct listener_source *listeners;

    pthread_mutex_t lock; /* over inbox and pool */
    struct connection *inbox;
    struct work *pool;
    int pool_count;
    int lent;             /* work that is out */
    atomic_int discarded; /* work and connections freed since the last trim */
    int64_t trimmed_ns;
};

struct http_server {
    struct http_server_options options; /* limits filled in */
    struct listener listeners[LISTENERS_MAX];
    size_t listener_count;
    int ports[LISTENERS_MAX];
    struct tls_context *tls; /* NULL: plain */
    struct peer_table *peers;
    struct loop *loops;
    int loop_count, running;
    atomic_int accepting; /* loops that still do; the last one closes the listeners */
    atomic_bool stopping;
    int64_t drain_ns; /* written before stopping */
    int64_t tick_ns;  /* how often deadlines are looked at */
    atomic_int count;
    atomic_llong accepted;
};

/* --- work.c */
struct work *work_take(struct connection *c);
void work_give(struct connection *c);             /* wipes; NULL work is allowed */
void work_next(struct work *w);                   /* wipes the exchange, keeps unread input */
void work_make_room(struct work *w, size_t most); /* for more input, up to most bytes in all */
void work_free_pool(struct loop *loop);
/* When a crowd has left, its memory goes back to the system. */
bool work_is_worth_trimming(const struct loop *loop);
void work_trim(struct loop *loop);

/* --- connection.c */
/* Goes on with a connection until it has to wait, is gone, or belongs to somebody else. */
void connection_run(struct connection *c);
void connection_close(struct connection *c);
void connection_expire(struct connection *c); /* its deadline has passed */
bool connection_is_idle(const struct connection *c);

/* --- loop.c */
void *loop_run(void *loop);
enum err loop_open(struct loop *loop, struct http_server *server);
void loop_close(struct loop *loop);
void loop_wake(struct loop *loop);
/* A connection was not let in: counted, and logged now and then. */
void loop_note_refused(struct loop *loop, const char *why);
/* Hands a connection (turn: TURN_AWAY) to the loop's thread. Any thread. */
void loop_give(struct loop *loop, struct connection *c);
