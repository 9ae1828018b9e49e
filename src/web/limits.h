/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts a request against its route's limits.
 */
#pragma once

#include "base/buf.h"
#include "web/req.h"

/* Limits by address and by e-mail field. Refuses with rate_limited, and has used nothing then; the
   tightest counter is kept in rq->limit. Neither waits nor leaves this process. */
enum err limits_take_early(struct req *rq);

/* Takes back what limits_take_early counted: a form whose fields were refused has used nothing.
   Within reason: judging a password takes time, so who does nothing else pays like everybody. */
void limits_give_back(struct req *rq);

/* What was asked for led nowhere, a token that is none: counted by the route's BY_FAILURES, and
   refused once there were too many. Whoever shares the address and has a good one is served; and
   nothing is counted against the session that it named, which access tokens tell. */
enum err limits_take_failure(struct req *rq);

/* Counts a mail to an address that nobody at its door asked for with the mails of the door "mail".
   False: there were enough for now; ret_wait is how long. */
bool limits_take_mail(struct arena *arena, const char *email_key, int64_t *ret_wait);

/* Decides whether this request is counted by all nodes together, over the network: its handler must
   not run on a thread that serves connections then. */
bool limits_must_wait(struct req *rq);

/* Limits by session and account, once they are known; then all of them with the other nodes. */
enum err limits_take_late(struct req *rq);

/* The limit by e-mail field, which waits for this when a sign-in brings the cookie of a device: the
   account does not know that device. */
enum err limits_take_stranger(struct req *rq);

/* Adds RateLimit-* headers, to refusals too. */
void limits_put_headers(struct req *rq);

/* docs/reference/limits.md */
void limits_write_reference(struct buf *out);
