/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lockout: failures in a row, counted for each authenticator of each account in the store, so that
 * neither another address, session or path, nor a restart, buys more guesses (NIST SP 800-63B-4
 * 3.2.2; MFA-02, RATE-03, RATE-06). Every fifth failure locks the authenticator for five minutes;
 * from 100 on it stays locked until it is bound anew. Only a success starts the count afresh:
 * asking for a new code does not (RATE-05).
 *
 * Who says only an address is counted by it, whether or not it has an account: a count that began
 * with the account would tell strangers when it did (ENUM-06).
 *
 * An attempt is counted before it is judged, under the row's lock, so of a thousand at once no more
 * are judged than one after the other would be (RATE-09). The caller clears the count on success
 * and commits in both cases (refuse_and_keep).
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
    int64_t locked_until; /* no attempt is judged before; 0: open */
    bool is_forever;      /* the authenticator must be bound anew */
    bool has_just_locked; /* if this attempt fails, the lock begins: tell the owner */
    bool asks_captcha;    /* it was locked before: the next attempts should cost something */
};

/* Whose attempts those at an address are: takes the place of an account's id below. */
enum err lockout_address(struct arena *arena, const char *email_key, const char **ret_whose);

/* Counts an attempt. OK: judge it. E_DENIED: locked, nothing was counted; *ret says until when. */
enum err lockout_try(struct tx *tx, const char *whose, const char *authenticator,
                     struct lockout *ret);

/* The attempt succeeded, or the authenticator was bound anew: starts afresh. */
enum err lockout_clear(struct tx *tx, const char *whose, const char *authenticator);

/* How things stand, without counting. */
enum err lockout_look(struct tx *tx, const char *whose, const char *authenticator,
                      struct lockout *ret);

/* Forgets addresses that nobody tried for 400 days, at most a batch. */
enum err lockout_purge(struct tx *tx, int64_t now, bool *ret_more);
