/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attempt at an authenticator, with all that belongs to it: it is counted, a wrong one stands in
 * the audit log and, when it locks the authenticator, its owner is told. Where an address is named
 * by somebody who has shown nothing yet, the attempt is counted by the address, and a task tells
 * the owner: there is no difference to an address without account.
 *
 * A code is judged in the transaction, after it was counted:
 *
 *     struct attempt a = { .account_id = id, .authenticator = LOCKOUT_TOTP };
 *     TRY(attempt_begin(rq, &a));
 *     if (!is_right)
 *         return attempt_fail(rq, &a, PROBLEM_CODE_WRONG);
 *     TRY(attempt_pass(rq, &a));
 *
 * A password is hashed before the transaction. While it is locked no hash is spent on it, for any
 * address; the verdict is counted and told in one (attempt_end).
 *
 *     struct attempt a = { .account_id = id, .email_key = key, .authenticator = LOCKOUT_PASSWORD };
 *     TRY(attempt_look(rq, &a));
 *     TRY(hashing_verify(...));
 *     TRY(attempt_end(rq, &a, matches ? PROBLEM_NONE : PROBLEM_PASSWORD_WRONG));
 */
#pragma once

#include "account/lockout.h"
#include "service/job.h"
#include "web/req.h"

struct attempt {
    const char *account_id;    /* NULL: the address has none */
    const char *email_key;     /* the address, when the attempt is counted by it; else NULL */
    const char *authenticator; /* LOCKOUT_TOTP, ... */
    const char *reason;        /* why a sign-in is refused, for the audit log; NULL: it was another
                                  proof */
    const char *whose, *what;  /* the counter, found by attempt_begin or attempt_look */
    struct lockout lockout;    /* likewise */
};

/* Counts it. Refuses with locked or authenticator_disabled. The caller holds the account, if it has
   one to hold. */
enum err attempt_begin(struct req *rq, struct attempt *a);

/* It was wrong: refuses with the problem; the count stays. */
enum err attempt_fail(struct req *rq, const struct attempt *a, enum problem problem);

/* It was right: the count starts afresh. */
enum err attempt_pass(struct req *rq, const struct attempt *a);

/* Refuses likewise before anything is judged; counts nothing, writes nothing. A password has a
   count of its own on a device that the account knows: strangers cannot lock its owner out there
   (RATE-04). */
enum err attempt_look(struct req *rq, struct attempt *a);

/* It was judged before the transaction, after attempt_look: wrong, which is counted and refused
   with the problem, or right (PROBLEM_NONE), which is still refused when it was locked meanwhile.
 */
enum err attempt_end(struct req *rq, struct attempt *a, enum problem problem);

/* The task that tells the owner of a locked address. */
extern const struct job_kind attempt_jobs[];
