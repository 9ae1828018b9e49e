/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dispatcher: the life of a request from the parsed bytes to the answer after the commit.
 */
#pragma once

#include "db/db.h"
#include "http/http.h"
#include "web/route.h"

#include <stdbool.h>

struct web_options {
    struct db *db;
    bool is_synchronous; /* tests: everything runs on the calling thread */
};

/* Starts the lanes. The router, the settings and all services are open already. */
enum err web_open(const struct web_options *options);
void web_close(void);

/* An http_handler; arg tells the listener: NULL the public one, web_operations the operations one.
 */
enum http_turn web_handle(struct http_exchange *x, void *arg);
extern const char web_operations[];

/* Fills in the response for a request that could not be parsed: for http_server_options.refuse. */
void web_refuse(struct http_response *response, struct arena *arena, int status, const char *why,
                void *arg);

/* SIGHUP: takes over the settings that may change. */
void web_configure(void);

/* The peer is one of TRUSTED_PROXIES: for http_server_options.trusts_proxy. */
bool web_trusts_proxy(struct ip peer);

/* Requests that wait for a hash, for the metric. */
int web_hash_queue_depth(void);
