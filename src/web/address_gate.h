/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outermost gate: whoever an address rule keeps out gets no further, before a field is read or
 * a password hashed. Health checks (PROBE) and the operations listener are not asked; static files
 * are the same for everybody and do not come by here.
 */
#pragma once

#include "web/req.h"

/* Refuses with address_denied. rq->route may be NULL: nothing is there. */
enum err address_gate_check(struct req *rq);
