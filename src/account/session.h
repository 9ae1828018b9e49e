/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions: somebody is signed in, by these methods, since then. One row serves the browser's
 * cookie, the refresh token and the access tokens made from it; ending the row ends all three.
 *
 * Refresh tokens are not stored. The one of generation g is "crt_<id><g><secret>", its secret an
 * HMAC of id and g under a key that is not in the database. So an old token is told from an
 * invented one, a lost reply can be repeated with the same successor, and rotating is one UPDATE.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

struct session {
    const char *id, *account_id;
    int64_t created_at, last_seen_at, expires_at, auth_at;
    const char *amr;
    const char *ip, *network, *user_agent, *agent_key;
    struct mem secret_hash;
    /* of the account */
    const char *email, *name, *locale;
    int64_t roles, verified_at, account_created_at, locked_at, mfa_at, deletion_due_at;
};

/* Where somebody comes from. */
struct origin {
    const char *ip, *user_agent;
    const char *network, *agent_key; /* what a session is bound to */
};

/* Makes network (/24, /48) and agent_key (version numbers taken out) from address and User-Agent.
 */
struct origin session_origin(struct arena *arena, struct ip ip, const char *user_agent);

struct session_tokens {
    const char *cookie; /* "ses_<id><secret>" */
    const char *refresh;
};

/* Starts a session after a proof by the methods amr ("pwd"). Ends the account's sessions that were
   used longest ago beyond SETTING_SESSIONS_PER_USER. *ret is complete but for the account's part.
 */
enum err session_start(struct tx *tx, const char *account_id, const char *amr,
                       const struct origin *from, struct session *ret,
                       struct session_tokens *ret_tokens);

/* A live session with its account's part. E_NOT_FOUND when it ended, expired, was idle too long, or
 * its account is locked. */
enum err session_find(struct tx *tx, const char *id, struct session *ret);

/* The id in a cookie value, and whether the secret fits a session. */
bool session_parse_cookie(struct arena *arena, const char *cookie, const char **ret_id);
bool session_cookie_fits(struct arena *arena, const char *cookie, const struct session *session);

/* The same network and program as at sign-in. */
bool session_is_at_home(const struct session *session, const struct origin *from);

struct refreshed {
    const char *token;      /* the successor */
    int64_t generation;     /* of the token that came */
    struct session session; /* with the account's part */
    bool is_repeat; /* the immediate predecessor came again within the grace: nothing changed */
    bool is_reuse;  /* an old token came back: the session was deleted in this tx (answer E_GONE) */
    bool is_moved;  /* from another network or program: likewise */
};

/*
 * Refreshing in two steps, so that what needs no lock (the reads, checking the token, signing the
 * new access token) is done before the write: finds what a token stands for, then rotates.
 *
 * E_UNAUTHENTICATED: not a token of ours, or its session is over. E_GONE: see is_reuse and
 * is_moved; the caller must commit then, so that the session stays ended.
 */
enum err session_refresh_find(struct tx *peek, const char *token, const struct origin *from,
                              struct refreshed *ret);
enum err session_refresh(struct tx *tx, struct refreshed *r);

/* The session a genuine refresh token of any generation belongs to (logout). E_UNAUTHENTICATED. */
enum err session_of_refresh(struct tx *tx, const char *token, const char **ret_id);

/* Ends one of an account's sessions; E_NOT_FOUND when it is not this account's. Ends all but keep
 *(NULL: all); ret_count may be NULL. */
enum err session_end(struct tx *tx, const char *account_id, const char *id);
enum err session_end_all(struct tx *tx, const char *account_id, const char *keep,
                         int64_t *ret_count);

/* Ends those that began at a time or later. */
enum err session_end_since(struct tx *tx, const char *account_id, int64_t since);

/* An account's live sessions, the latest used first. */
enum err session_list(struct tx *tx, const char *account_id, struct session **ret,
                      size_t *ret_count);

/* Notes a use (to the minute; called by the session.touch job). */
enum err session_touch(struct tx *tx, const char *id, int64_t seen_at);

/* Somebody is signed in from a network (struct origin) since before a time. */
enum err session_is_known_network(struct tx *tx, const char *network, int64_t before, bool *ret);

/* Removes what expired or idled out, at most a batch; and counts the live ones. */
enum err session_purge(struct tx *tx, int64_t now, bool *ret_more);
enum err session_count(struct tx *tx, int64_t *ret);

/* "Firefox · Linux" from a User-Agent, for lists and mails. */
const char *session_device(struct arena *arena, const char *user_agent);

/* Gives a session a new cookie secret: the old cookie is worth nothing from then on (SESS-05). */
enum err session_renew_cookie(struct tx *tx, const char *id, const char **ret_cookie);

/* The owner was proved anew, now, by the methods amr in all: notes it, and gives the session a new
   cookie secret. E_NOT_FOUND when it has ended. */
enum err session_raise(struct tx *tx, const char *id, const char *amr, const char **ret_cookie);
