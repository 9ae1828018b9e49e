/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attempt at an authenticator, with all that belongs to it: it is counted before it is judged
 * (account/lockout.h), a wrong one stands in the audit log and, when it locks the authenticator,
 * its owner is told.
 *
 *     struct attempt a = { .account_id = id, .authenticator = LOCKOUT_TOTP };
 *     TRY(attempt_begin(rq, &a));
 *     if (!is_right)
 *         return attempt_fail(rq, &a, PROBLEM_CODE_WRONG);
 *     TRY(attempt_pass(rq, &a));
 */
#pragma once

#include "account/lockout.h"
#include "web/req.h"

struct attempt {
    const char *account_id;
    const char *authenticator; /* LOCKOUT_TOTP, ... */
    struct lockout lockout;    /* filled in by attempt_begin */
};

/* Counts it. Refuses with locked or authenticator_disabled. The caller holds the account. */
enum err attempt_begin(struct req *rq, struct attempt *a);

/* It was wrong: refuses with the problem; the count stays. */
enum err attempt_fail(struct req *rq, const struct attempt *a, enum problem problem);

/* It was right: the count starts afresh. */
enum err attempt_pass(struct req *rq, const struct attempt *a);
