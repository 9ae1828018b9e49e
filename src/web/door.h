/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who stands at the door: finds the session of a request, and decides whether it may pass. The one
 * place where "signed in" is decided.
 */
#pragma once

#include "web/req.h"

/* Notes the credentials that came (a bearer token, else the cookie). Refuses a cookie that came
 * twice. */
enum err door_read_credentials(struct req *rq);

/* Finds the session without the store. E_BUSY: it takes the store. Otherwise as door_find_session.
 */
enum err door_find_cached(struct req *rq);

/* Finds the session: rq->is_signed_in. A credential that is not good is like none, except at an API
   route, where a bad bearer token is refused. A session that left its network or program is ended,
   its owner told. */
enum err door_find_session(struct req *rq);

/* What is sensitive was done; it stays done only if the session is there still. It may have ended
   on another node, of which this one hears within a second, or while the handler waited for the
   account: a reset leaves nothing behind that a thief began at the same moment (RACE-07). Refuses
   with unauthenticated. */
enum err door_check_still(struct req *rq);

/* May whoever it is pass? Refuses with unauthenticated, forbidden or not_found. */
enum err door_check_access(struct req *rq);
