/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The new password in a request: judged, then hashed.
 */
#pragma once

#include "web/req.h"

/* Judges the field "password" for somebody with this address and name (NULL: none). Refuses the
   field with the reason. */
enum err new_password_judge(struct req *rq, const char *email, const char *name);

/* Judges and hashes it. Slow: call before the first statement of rq->tx. */
enum err new_password_hash(struct req *rq, const char *email, const char *name,
                           const char **ret_phc);
