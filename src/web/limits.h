/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts a request against its route's limits.
 */
#pragma once

#include "web/req.h"

/* Limits by address and by e-mail field. Refuses with rate_limited; adds RateLimit-* headers. */
enum err limits_take_early(struct req *rq);

/* Limits by session and account, once they are known. */
enum err limits_take_late(struct req *rq);
