/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to somebody else's server: https, by the address policy, with a bound on everything.
 * No redirect is followed, no proxy of the environment used, no cookie kept, nothing decompressed;
 * each request looks its name up anew and makes a connection of its own, to an address that was
 * checked. Blocking: for threads that may wait, never for the loop (SSRF-01 to SSRF-05, SSRF-07).
 */
#pragma once

#include "net/address_policy.h"

#include <stdint.h>

enum { FETCH_BYTES_MAX = 64 * 1024, FETCH_HEADERS_MAX = 8 };
#define FETCH_TIMEOUT (10 * SECOND)

struct fetch {
    const char *url;
    const struct address_policy *policy;
    const char *type; /* of the body, which is then posted; NULL: GET */
    struct mem body;
    const char *headers[FETCH_HEADERS_MAX]; /* "Name: value" */
    size_t max;                             /* of the answer; 0: FETCH_BYTES_MAX */
    int64_t timeout;                        /* from looking up to the last byte; 0: 10 s */
    int at_once;                            /* requests to this place at a time; 0: 4 */
    const char *ca_file;                    /* NULL or "": the system's */
    const char *resolve; /* for tests: "name:port:address[,address]", what a resolver answers */
};

struct fetched {
    bool was_asked; /* else the breaker, or the policy, kept us from it */
    int status;     /* any, also a redirect or an error: the caller judges */
    struct mem body;
    const char *why; /* in words for an operator when there was no answer; else NULL */
};

/*
 * OK: an answer came. E_INVALID and E_DENIED: the URL, or every address behind its name, breaks the
 * policy; asking again is no use. E_BUSY: no answer (no such name, nobody there, TLS, time out), or
 * the place failed lately, or too many ask it already. E_TOO_LARGE: the answer is. E_FAULT: libcurl
 * is missing. Answers of 500 and above count as failures of the place, see breaker.h.
 */
enum err fetch(const struct fetch *what, struct arena *arena, struct fetched *ret);

/* Gives back what is kept between requests. Called when quiet. */
void fetch_rest(void);
