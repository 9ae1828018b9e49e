/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody else's web server, on 127.0.0.1 and a free port, with all the ways in which those
 * misbehave. By path:
 *
 *     /echo      200, and the body is the request as it came
 *     /NNN       that status and a short body
 *     /redirect  302 to /echo, to http:, to file:, by turns
 *     /giant     a body without end      /headers  a header without end
 *     /never     takes the request and answers nothing
 *     /drip      a body, a byte every 100 ms
 *     /garbage   no HTTP at all          /cut      half of the body it promised
 *     /cookie    200 and Set-Cookie      /gzip     200 and a body that says it is gzipped
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

struct web_fixture {
    int port;
    const char *ca_file; /* with TLS: its certificate */
    const char *origin;  /* "http://127.0.0.1:1234", "https://name:1234" */
    const char *resolve; /* for struct fetch: name to 127.0.0.1 */
    struct web_fixture_inside *inside;
};

/* Plain when name is NULL, else TLS with a certificate for that name. */
struct web_fixture web_fixture_start(const char *name);
void web_fixture_stop(struct web_fixture *fixture);
/* Connections and requests so far. */
int web_fixture_connections(const struct web_fixture *fixture);
int web_fixture_requests(const struct web_fixture *fixture);
/* The last request as it came, "" when there was none; lives until the fixture ends. */
const char *web_fixture_last(const struct web_fixture *fixture);
/* What requests to / get from now on: a status and a body; it is not copied. */
void web_fixture_answer(struct web_fixture *fixture, int status, const char *body);
