/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers that every answer carries, whatever it is.
 */
#pragma once

#include "http/http.h"
#include "web/route.h"

struct req;

/* The security headers, for answers of every kind. route may be NULL. */
void headers_add_security(struct http_response *response, const struct route *route);

/* Another Content-Security-Policy than the usual one, for this answer. */
void headers_set_policy(struct http_response *response, const char *policy);

/* Access-Control-* for a listed Origin; answers a preflight. False when the request is no
 * preflight. */
void headers_add_cors(struct req *rq);
bool headers_answer_preflight(struct req *rq);
