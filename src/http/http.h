/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 requests and responses as the rest of the program sees them, and the server that carries
 * them. This layer knows no product.
 *
 * An exchange is one request and its response with their arena. The server parses a request, fills
 * in an exchange and calls the handler on its I/O thread. The handler either fills in the response
 * and returns HTTP_ANSWERED, or hands the exchange to another thread and returns HTTP_LATER; that
 * thread then calls http_answer, exactly once, and must not touch the exchange afterwards.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_METHODS,
};

struct http_header {
    const char *name;  /* lower case in requests; as to be sent in responses */
    const char *value; /* without surrounding white space */
};

struct http_request {
    enum http_method method;
    const char *target; /* as received, for logs: path and query */
    /* Percent-decoded once, valid UTF-8, begins with '/'; no control characters, no "." or ".."
       segment, no empty segment but perhaps the last, no encoded '/' or '\': those were refused. */
    const char *path;
    const char *query; /* after '?', not decoded; "" when there is none */
    const char *host;  /* the Host header as received, "" for HTTP/1.0 without one */
    struct http_header *headers;
    size_t header_count;
    struct mem body;          /* whole; no bytes when there is none */
    struct ip peer;           /* the other end of the connection; ::1 for a unix socket */
    bool is_unix, is_unnamed; /* from a proxy on this machine; its PROXY header names nobody */
    bool tls;                 /* received over TLS that this server ended */
    int64_t received_ns;      /* clock_monotonic_ns when the request line began */
};

enum { HTTP_RESPONSE_HEADERS = 24 };

struct http_response {
    int status;
    const char *content_type;                          /* NULL when there is no body */
    struct mem body;                                   /* in the exchange's arena, or static */
    struct http_header headers[HTTP_RESPONSE_HEADERS]; /* beside Content-Type, Content-Length, Date,
                                                          Connection, which the server writes */
    size_t header_count;
    bool is_static; /* body and headers outlive the exchange (embedded files): not copied */
    bool compress;  /* the server may pack the body when the client accepts it and it is worth it */
    bool close;     /* close the connection afterwards */
};

struct http_exchange {
    struct http_request request;
    struct http_response response;
    struct arena arena; /* HTTP_ARENA_MAX; wiped when the response has left */
    void *user;         /* the handler's */
};

enum { HTTP_ARENA_MAX = 8 << 20 };

enum http_turn { HTTP_ANSWERED, HTTP_LATER };

typedef enum http_turn (*http_handler)(struct http_exchange *x, void *arg);

/* --- what a handler uses */

/* A request header's value by lower-case name, NULL when absent. Repeated list headers were joined
   with ", "; repeated singletons (Host, Authorization, Cookie, Content-Type, Content-Length, Origin
   ...) were refused. */
const char *http_header_find(const struct http_request *rq, const char *lower_case_name);

/* Adds a response header. name and value must live until the response has left (arena or static).
 * The value must hold no CR, LF or NUL: asserted. A full table asserts too. */
void http_header_add(struct http_response *response, const char *name, const char *value);

/* Sends the response of an exchange for which the handler returned HTTP_LATER. Any thread. */
void http_answer(struct http_exchange *x);

/* True when the client of an exchange that is LATER has hung up: its answer would be read by
 * nobody. A client that only said it will send no more looks the same. Any thread, before
 * http_answer. */
bool http_is_left(const struct http_exchange *x);

/* "GET"; "Not Found" (the reason phrase; "" when unknown). */
const char *http_method_name(enum http_method method);
const char *http_reason(int status);

/* --- the server */

struct http_limits {      /* zero members take the defaults named here */
    size_t header_bytes;  /* 16 KiB, request line and fields together: 431 beyond */
    size_t header_fields; /* 100: 431 */
    size_t target_bytes;  /* 8 KiB: 414 */
    size_t body_bytes;    /* 64 KiB: 413 */
    int64_t header_time;  /* 10 s from the first byte to the end of the header, in ms: 408, close */
    int64_t body_time;    /* 30 s for the body: 408 */
    int64_t idle_time;    /* 60 s between requests: close */
    int64_t write_time;   /* 30 s to take the response, and at least 1 KiB/s after that */
    int64_t drain_time;   /* 10 s from http_server_stop to the end of the last exchange */
    int connections;      /* 20,000; beyond it accepting pauses */
    int per_peer;         /* connections of one IPv4 address or IPv6 /64: 10,000 */
};

struct http_server_options {
    /* Comma-separated: "127.0.0.1:8080", "[::1]:8080", "localhost:8080" (127.0.0.1 and ::1),
       ":8080" or "*:8080" or "8080" (all addresses, both families), "unix:/run/cardea.sock". Other
       names are not resolved. */
    const char *listen;
    const char *tls_cert_file; /* PEM chain, or NULL for plain HTTP */
    const char *tls_key_file;
    int threads; /* I/O threads; 0: one per processor */
    /* Given: connections begin with a PROXY header and come from these, or by a unix socket. */
    bool (*trusts_proxy)(struct ip peer);
    struct http_limits limits;
    http_handler handler;
    void *arg;
    /* Fills in the response for a request that could not be parsed (400, 408, 413, 414, 415, 417,
       431, 501, 503 when the arena is full, 505). The server closes the connection after it. NULL:
       an empty body. */
    void (*refuse)(struct http_response *response, struct arena *arena, int status, const char *why,
                   void *arg);
};

struct http_server;

/* Binds and listens, so that errors show at start (logged with the address): E_INVALID for a
   malformed setting, E_FAULT when the system refuses. Serves from http_server_start on. */
enum err http_server_open(struct http_server **ret, const struct http_server_options *options);
enum err http_server_start(struct http_server *server);

/* The port actually bound for the i-th TCP address (for ":0" in tests), 0 when there is none. */
int http_server_port(const struct http_server *server, int i);

/* Stops accepting, closes idle connections, lets running exchanges finish, ends the threads. After
   drain_time slow clients are cut off; exchanges that are LATER are waited for, however long. */
void http_server_stop(struct http_server *server);
void http_server_close(struct http_server *server); /* after stop; NULL is allowed */

/* Re-reads the certificate and key; on failure the old ones stay and E_FAULT is given. */
enum err http_server_reload_tls(struct http_server *server);

struct http_figures {
    int64_t connections, accepted, requests, refused;
};
void http_server_figures(const struct http_server *server, struct http_figures *ret);

/* --- for tests and fuzzing */

/* Parses one complete request from bytes into x (whose arena is initialised here) exactly as the
   server does. Gives 0, or the status with which the server would refuse it; *ret_used is how many
   bytes it took. */
int http_parse_request(struct mem bytes, const struct http_limits *limits, struct http_exchange *x,
                       size_t *ret_used);
