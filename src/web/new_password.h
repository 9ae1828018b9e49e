/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The new password in a request: judged, then hashed.
 */
#pragma once

#include "account/password_rule.h"
#include "web/req.h"

/* The judgement of the field "password" for somebody with this address and name (NULL: none), with
   what a list outside said of it (outside.h). */
struct password_verdict new_password_weigh(struct req *rq, const char *email, const char *name);

/* Refuses the field with the reason, unless it is good. */
enum err new_password_judge(struct req *rq, const char *email, const char *name);

/* Judges and hashes it. Slow: call before the first statement of rq->tx. */
enum err new_password_hash(struct req *rq, const char *email, const char *name,
                           const char **ret_phc);
