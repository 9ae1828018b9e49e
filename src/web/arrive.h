/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arrival of a request: what is known of it before anybody asks who sent it. Its id, its
 * source, its route, and what is refused already here. Neither waits nor asks the store.
 */
#pragma once

#include "web/req.h"

/* A new request of an exchange, in its arena. */
struct req *arrive(struct http_exchange *x, struct db *db);

/* Finds the route; checks Host, source, fields and the limits that need no session. Refuses; but
   refused fields of a route that asks for a session only stand in rq->problem, since who must sign
   in hears of that first, and a form that is shown again holds the session's token. */
enum err arrive_check(struct req *rq, bool is_operations);

/* The X-Request-Id of a request: its own, or one that is made. */
const char *arrive_request_id(struct http_exchange *x);

/* An id for a request that gets no further. */
const char *arrive_new_id(struct arena *arena);

/* Takes over the list of trusted proxies; while requests arrive, too. */
void arrive_configure(void);
/* A peer is in that list. */
bool arrive_trusts(struct ip peer);
