/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a connection's life and what they share: receive.c takes a request in, answer.c
 * sends the response, connection.c is the frame around them.
 */
#pragma once

#include "http/connection.h"

#include <sys/types.h>

/* Go on with the next step, wait for epoll, or hands off: the connection is freed or somebody
 * else's. */
enum step { STEP_ON, STEP_WAIT, STEP_GONE };

/* --- connection.c */
const struct http_limits *connection_limits(const struct connection *c);
void connection_expire_in(struct connection *c, int64_t now_ns, int64_t ms);
enum step connection_end(struct connection *c); /* closes; STEP_GONE */
/* As recv. Edge-triggered epoll tells only once, so an incomplete read is remembered. */
ssize_t connection_read(struct connection *c, void *p, size_t n);
/* Runs with a trap for a full arena: gives what run gives, or 503. */
int connection_guard(struct connection *c, int (*run)(struct connection *c));

/* --- proxy.c */
enum step proxy_receive(struct connection *c);

/* --- receive.c */
enum step receive_head(struct connection *c);
enum step receive_body(struct connection *c);

/* --- answer.c */
/* Renders the response that is in the exchange; false when there is no memory for it. */
bool answer_begin(struct connection *c, int64_t now_ns);
enum step answer_send(struct connection *c);
enum step answer_linger(struct connection *c);
/* Answers a request that cannot be handled; the connection ends with it. */
enum step answer_refuse(struct connection *c, int status, const char *why);
