/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An account's recovery codes: ten, each good once, for the day the second factor is lost. New ones
 * void the old. Only digests are kept.
 */
#pragma once

#include "base/err.h"
#include "db/db.h"

#include <stdint.h>

enum { RECOVERY_CODES = 10 };

/* Makes ten new ones; the old are worth nothing from then on. The caller holds the account and
 * shows them once. */
enum err recovery_renew(struct tx *tx, const char *account_id,
                        const char *ret_codes[RECOVERY_CODES]);

/* Uses a code up: at most one caller ever gets OK for it. E_INVALID: not one of this account's. */
enum err recovery_use(struct tx *tx, const char *account_id, const char *typed);

/* How many are left. */
enum err recovery_count(struct tx *tx, const char *account_id, int64_t *ret);

/* Removes all; or those made at a time or later. */
enum err recovery_remove(struct tx *tx, const char *account_id);
enum err recovery_remove_since(struct tx *tx, const char *account_id, int64_t since);
