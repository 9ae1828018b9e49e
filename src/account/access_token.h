/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access tokens: ES256 JWTs of ten minutes (RFC 9068: typ at+jwt), verified offline by anybody with
 * the JWKS. Cardea itself also asks whether the session still lives, so signing out works at once
 * here.
 */
#pragma once

#include "account/session.h"
#include "base/arena.h"
#include "base/err.h"

#include <stdint.h>

/* A token for a session; claims iss, sub, aud, sid, jti, iat, nbf, exp, auth_time, amr, acr, roles.
 */
const char *access_token_make(struct arena *arena, const struct session *session);

/* Its lifetime in seconds, for expires_in. */
int64_t access_token_seconds(void);

/* Verifies a presented token; *ret_session_id is its session. E_UNAUTHENTICATED for everything that
   is not good. A token verified before costs one digest. */
enum err access_token_check(struct arena *arena, const char *token, const char **ret_session_id);

/* Forgets which tokens were verified: tests, and when a key is withdrawn. */
void access_token_forget(void);
