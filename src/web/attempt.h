/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attempt at an authenticator, with all that belongs to it: it is counted before it is judged
 * (account/lockout.h), a wrong one stands in the audit log and, when it locks the authenticator,
 * its owner is told. Where an address is named by somebody who has shown nothing yet, the attempt
 * is counted by the address, and a task tells the owner: there is no difference to an address
 * without account.
 *
 *     struct attempt a = { .account_id = id, .authenticator = LOCKOUT_TOTP };
 *     TRY(attempt_begin(rq, &a));
 *     if (!is_right)
 *         return attempt_fail(rq, &a, PROBLEM_CODE_WRONG);
 *     TRY(attempt_pass(rq, &a));
 */
#pragma once

#include "account/lockout.h"
#include "service/job.h"
#include "web/req.h"

struct attempt {
    const char *account_id;    /* NULL: the address has none */
    const char *email_key;     /* the address, when the attempt is counted by it; else NULL */
    const char *authenticator; /* LOCKOUT_TOTP, ... */
    const char *whose;         /* filled in by attempt_begin, like what follows */
    struct lockout lockout;
};

/* Counts it. Refuses with locked or authenticator_disabled. The caller holds the account. */
enum err attempt_begin(struct req *rq, struct attempt *a);

/* It was wrong: refuses with the problem; the count stays. */
enum err attempt_fail(struct req *rq, const struct attempt *a, enum problem problem);

/* It was right: the count starts afresh. */
enum err attempt_pass(struct req *rq, const struct attempt *a);

/* The task that tells the owner of a locked address. */
extern const struct job_kind attempt_jobs[];
