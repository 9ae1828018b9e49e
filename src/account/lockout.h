/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lockout: failures in a row, counted for each authenticator in the store, so that neither another
 * address, session or path, nor a restart, buys more guesses (NIST SP 800-63B-4 3.2.2; MFA-02,
 * RATE-03, RATE-06). Every fifth failure locks the authenticator, at first for five minutes and for
 * longer each time, up to an hour; from 100 on it stays locked until it is bound anew. Only a
 * success starts the count afresh: asking for a new code does not (RATE-05).
 *
 * Whose a count is: an account's; or an address's, where somebody only names one, with or without
 * an account, as a count that began with the account would tell strangers when it did (ENUM-06); or
 * for passwords that of a device the account knows, which strangers cannot lock out (RATE-04).
 *
 * Of a thousand attempts at once no more are judged than one after the other would be (RATE-09):
 * either an attempt is counted before it is judged, under the row's lock, and the caller clears the
 * count on success (try, clear); or it was judged before, and the verdict is only told when the
 * count allows one more (try for a wrong one, pass for a right one).
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

enum { LOCKOUT_EVERY = 5, LOCKOUT_FOREVER = 100 };

#define LOCKOUT_PASSWORD "password"
#define LOCKOUT_TOTP "totp"
#define LOCKOUT_RECOVERY_CODE "recovery_code"
#define LOCKOUT_EMAIL_CODE "email_code"

struct lockout {
    int64_t failures;     /* in a row, with this attempt */
    int64_t locked_until; /* no attempt is judged before; 0: open. With has_just_locked: once this
                             attempt has failed */
    bool is_forever;      /* the authenticator must be bound anew */
    bool has_just_locked; /* if this attempt fails, the lock begins: tell the owner */
    bool asks_captcha;    /* it was locked before: the next attempts should cost something */
};

/* Whose attempts those at an address are: takes the place of an account's id below. */
enum err lockout_address(struct arena *arena, const char *email_key, const char **ret_whose);

/* An account's password on a device that it knows: takes the place of an authenticator below, with
   the account's id. */
const char *lockout_on_device(struct arena *arena, const char *device_id);

/* How things stand, without counting. */
enum err lockout_look(struct tx *tx, const char *whose, const char *authenticator,
                      struct lockout *ret);

/* Counts an attempt. OK: judge it. E_DENIED: locked, nothing was counted; *ret says until when. */
enum err lockout_try(struct tx *tx, const char *whose, const char *authenticator,
                     struct lockout *ret);

/* The attempt succeeded, or the authenticator was bound anew: starts afresh. */
enum err lockout_clear(struct tx *tx, const char *whose, const char *authenticator);

/* An attempt that was judged before is right: starts afresh, which writes nothing where there were
   no failures. E_DENIED: locked meanwhile, nobody may be told. The caller holds the account. */
enum err lockout_pass(struct tx *tx, const char *whose, const char *authenticator,
                      struct lockout *ret);

/* A password was bound anew: it may be tried again from everywhere. */
enum err lockout_clear_password(struct tx *tx, const char *account_id, const char *email_key);

/* The address was proved to be an account's: what strangers tried at it before is no matter. */
enum err lockout_clear_address(struct tx *tx, const char *email_key);

/* Staff opens all that is locked. The caller holds the account. */
enum err lockout_clear_all(struct tx *tx, const char *account_id, const char *email_key);

/* Forgets what nobody tried for 400 days, at most a batch. */
enum err lockout_purge(struct tx *tx, int64_t now, bool *ret_more);
