/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cross-site request forgery. Two walls: what the browser says of itself (Sec-Fetch-Site, else
 * Origin), and a token in every form that only our page knew, bound to the session, or before
 * sign-in to a cookie of its own.
 */
#pragma once

#include "web/req.h"

/* The first wall, for every request that may write. Refuses with csrf_failed; notes in
   rq->is_source_proved what the browser vouched for. */
enum err csrf_check_source(struct req *rq);

/* The second wall, once the session is known. */
enum err csrf_check_token(struct req *rq);

/* The token for forms on the page that is being rendered; sets the cookie it is bound to when
 * needed. */
const char *csrf_token(struct req *rq);

/* The token for a session that was just started by cookie: for programs that send no Origin. */
enum err csrf_token_of_session(struct req *rq, const char *session_id, const char **ret);

/* Origin is on the CORS_ORIGINS list. */
bool csrf_is_allowed_origin(const char *origin);
