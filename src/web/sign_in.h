/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way to become signed in. Whatever proved the identity, it ends here: the account is open,
 * the session starts, the audit log and the figures know.
 */
#pragma once

#include "account/account.h"
#include "account/session.h"
#include "web/req.h"

struct signed_in {
    bool gives_cookie; /* the caller's wish; the session that the browser had until now ends:
                          somebody may have planted it (SESS-02) */
    struct session session;
    struct session_tokens tokens;
};

/* Signs in who was proved by the methods amr. When the account is locked or not verified, or the
   password of "pwd" was changed since who was read, refuses with invalid_credentials. */
enum err sign_in(struct req *rq, const struct account *who, const char *amr, struct signed_in *ret);

/* Answers with tokens. */
enum err answer_tokens(struct req *rq, const struct signed_in *in);

/* Writes {"id","email",...} as member key. */
void put_user(struct json_writer *j, const char *key, const struct session *session);
