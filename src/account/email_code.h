/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign-in codes that wait in a mailbox: eight digits, good once, for minutes, for the account as it
 * was when the code was asked for. So few digits are guessed by whoever may try often enough, so
 * attempts are counted (web/attempt.h, LOCKOUT_EMAIL_CODE), and what is stored is an HMAC under a
 * key that is not in the store: a plain hash of eight digits is undone in a second.
 */
#pragma once

#include "account/account.h"
#include "base/err.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

enum { EMAIL_CODE_DIGITS = 8 };

/* Makes one for an account, in place of an older one; *ret_code is what to mail. */
enum err email_code_add(struct tx *tx, const struct account *who, const char *ip,
                        const char *user_agent, const char **ret_code);

struct email_code_try {
    const char *account_id; /* NULL: the address has no account */
    const char *email_key;  /* the address that was given with the code */
    const char *typed;      /* spaces and hyphens do not count */
};

/* Whether the code is the one typed; changes nothing. E_GONE: it is not. The same work when there
   is none. */
enum err email_code_look(struct tx *tx, const struct email_code_try *attempt);

/* As that, and uses the code up: at most one caller gets OK. The caller holds the account. */
enum err email_code_take(struct tx *tx, const struct email_code_try *attempt);

/* Voids an account's code. */
enum err email_code_drop(struct tx *tx, const char *account_id);

/* Removes expired ones, at most a batch. */
enum err email_code_purge(struct tx *tx, int64_t now, bool *ret_more);
