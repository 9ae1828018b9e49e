/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An authenticator app (RFC 6238) as second factor. Its secret is sealed at rest and shown only
 * while it is being set up; it asks nobody for a code before it has shown one (MFA-10). Each step
 * is accepted once, by one conditional statement in the store, so neither a restart, another node
 * nor a clock set back makes a code good again (MFA-03).
 *
 * Guesses at sign-in are not counted here: the caller asks account/lockout.h first.
 */
#pragma once

#include "base/err.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

struct totp_setup {
    const char *secret; /* base32, for typing */
    const char *uri;    /* otpauth://totp/... */
};

/* Who sets an app up: the account, and the session that began it and alone may finish it. */
struct totp_owner {
    const char *account_id, *email, *session_id;
};

/* Begins to set an app up; replaces what was begun earlier, not the app in use. */
enum err totp_setup_begin(struct tx *tx, const struct totp_owner *who, struct totp_setup *ret);

/* What was begun, to be shown again. E_NOT_FOUND when nothing was, or it is half an hour old. */
enum err totp_setup_find(struct tx *tx, const struct totp_owner *who, struct totp_setup *ret);

/* Binds the app if it shows its present code; it takes the place of the one in use. E_INVALID: a
 * wrong code; the attempt is counted, so the caller commits. E_NOT_FOUND as above, or there were
 * ten wrong ones: it must be begun anew. The caller holds the account. */
enum err totp_setup_confirm(struct tx *tx, const struct totp_owner *who, const char *typed);

/* Uses a code up: at most one caller ever gets OK for a step. E_INVALID: wrong, or no app is in
 * use. E_GONE: right, but its step or a later one was used. */
enum err totp_accept(struct tx *tx, const char *account_id, const char *typed);

/* Whether an app is in use (1 or 0), and since when (0: none is). */
enum err totp_count(struct tx *tx, const char *account_id, int64_t *ret);
enum err totp_bound_at(struct tx *tx, const char *account_id, int64_t *ret);

/* Removes the app in use and any that is being set up. */
enum err totp_remove(struct tx *tx, const char *account_id);

/* Seals secrets anew that are under another key than the first of ENCRYPTION_KEYS, at most a batch;
 * *ret_more says that some may be left (CRY-06). */
enum err totp_reseal(struct tx *tx, bool *ret_more);

/* Removes set-ups that were not finished, at most a batch. */
enum err totp_setup_purge(struct tx *tx, int64_t now, bool *ret_more);
