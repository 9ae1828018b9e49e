/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step-up: sensitive actions ask for a proof that is fresh, and as strong as the account can give
 * (RFC 9470, MFA-07). Whoever is signed in shows one anew; the session then counts as proved now,
 * and gets a new cookie.
 */
#pragma once

#include "web/req.h"

/* Whoever is signed in was proved so well and so lately. */
bool step_up_is_met(const struct req *rq, enum proof_wanted wanted);

/* Refuses with insufficient_user_authentication unless it is met. */
enum err step_up_check(struct req *rq, enum proof_wanted wanted);

/* The signed-in session's owner has just shown method ("pwd", "otp", "swk"). The caller holds the
   account. Refuses with insufficient_user_authentication when that is not enough for an account
   that asks for second steps, and with unauthenticated when the session ended meanwhile. */
enum err step_up(struct req *rq, const char *method);

/* What proves the owner has changed: the session that did it stays, with a new cookie (SESS-07).
   The caller holds the account. Refuses with unauthenticated when the session ended meanwhile. */
enum err step_up_renew(struct req *rq);

/* Says so: {"status":"proved","access_token",...,"acr"}. */
enum err answer_step_up(struct req *rq);

/* The value of a WWW-Authenticate header that says what is missing. */
const char *step_up_challenge(struct req *rq);
