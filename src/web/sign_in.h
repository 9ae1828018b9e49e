/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way to become signed in, "at this level, by these methods, at this time". Whatever proved
 * the identity, it ends here: the account is open; its second step is asked for when the account
 * wants one and neither the proof nor a trusted device covers it; the session starts; the device is
 * noted; the audit log and the figures know.
 */
#pragma once

#include "account/account.h"
#include "account/pending.h"
#include "account/session.h"
#include "web/req.h"

struct signed_in {
    bool gives_cookie;  /* the caller's wish; the session that the browser had until now ends:
                           somebody may have planted it (SESS-02) */
    bool trusts_device; /* the caller's wish: this browser skips the second step from now on */
    struct session session;
    struct session_tokens tokens;
    const char *pending; /* instead of a session: the handle of the sign-in that waits for its
                            second step; NULL otherwise */
    const char *methods; /* those that may finish it */
};

/* Signs in who was proved by the methods amr (account/level.h), or begins a pending sign-in. When
   the account is locked or not verified, or the password of "pwd" was changed since who was read,
   refuses with invalid_credentials. */
enum err sign_in(struct req *rq, const struct account *who, const char *amr, struct signed_in *ret);

/* The pending sign-in that a handle, or when it is NULL the browser's cookie, stands for. Refuses
   with sign_in_expired. Changes nothing. */
enum err sign_in_look(struct req *rq, struct tx *tx, const char *handle, struct pending *ret);

/* The second step was shown by method ("otp", "swk"): uses the pending sign-in up and signs in. The
   caller has judged the proof in this transaction, under account_hold. */
enum err sign_in_finish(struct req *rq, const struct pending *pending, const char *method,
                        struct signed_in *ret);

/* Answers with tokens, or says that a second step is needed. */
enum err answer_sign_in(struct req *rq, const struct signed_in *in);

/* Leads a browser on: to next, or to the page that asks for the second step. */
enum err see_signed_in(struct req *rq, const struct signed_in *in, const char *next);

#define USER_MEMBERS                                                     \
    "\"id\",\"email\",\"email_verified\",\"name\",\"locale\",\"roles\"," \
    "\"mfa_enabled\",\"created_at\",\"deletion_due_at\""

/* Writes {"id","email",...} as member key; or only the members, into an object that was begun. */
void put_user(struct json_writer *j, const char *key, const struct session *session);
void put_user_members(struct json_writer *j, const struct session *session);
