/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request asks of servers outside before its handler runs. Handlers never wait for a
 * network: a request that needs one goes first through a lane of its own, of few threads, and then
 * to the lane of its route with what was found. When that lane is full or slow, or the server
 * outside does not answer, the request goes on without: then a captcha of a provider counts for
 * nothing, and passwords are judged by the local lists alone.
 * docs/decisions/0046-outbound-requests.md.
 */
#pragma once

#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>

struct req;

enum { OUTSIDE_THREADS = 4, OUTSIDE_QUEUE = 256 };
#define OUTSIDE_WAIT (2 * SECOND)

/* In struct req: what was found. */
struct outside {
    bool has_asked;
    enum err captcha;   /* of the provider */
    const char *action; /* the captcha's */
    bool is_breached;   /* the new password */
};

/* Anything outside is set up at all. */
bool outside_is_set(void);
/* Something is to be asked for this one: its captcha, or its new password (route.h). */
bool outside_is_wanted(const struct req *rq);
/* Asks; slow. Before the handler, never on the loop. */
void outside_ask(struct req *rq);
/* Gives back what is kept between requests: for a lane that is quiet. */
void outside_rest(void);

/* For captchas: the answer in the field "captcha" is meant for the provider that is set. */
bool outside_has_captcha(const struct req *rq);
/* What came of it: OK, a human's; E_DENIED, not, or not for this action; E_BUSY, nobody knows:
   demand the embedded proof of work. */
enum err outside_captcha(struct req *rq, const char *action);
