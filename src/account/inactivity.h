/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts that nobody uses any more: their owner is warned once, and when that brings nobody back
 * the account is closed, with the grace that every deletion has. Used is an account that somebody
 * signed in to, or in which a session is alive. Staff and locked accounts are left alone.
 */
#pragma once

#include "base/err.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

/* One that nobody used since a time and whose owner was not warned. E_NOT_FOUND. */
enum err inactivity_find_silent(struct tx *tx, int64_t since, const char **ret_id);

/* Notes that the owner is warned now. Holds the account. False when somebody was faster. */
enum err inactivity_warn(struct tx *tx, const char *account_id, bool *ret_did);

/* One that was warned before a time and stayed silent. E_NOT_FOUND. */
enum err inactivity_find_warned(struct tx *tx, int64_t before, const char **ret_id);

/* Notes that it is to be closed: should its owner keep it, the time counts from now. Holds the
   account. False when they came back this moment. */
enum err inactivity_close(struct tx *tx, const char *account_id, bool *ret_did);

/* Takes back the warnings of those who came back, at most a batch. */
enum err inactivity_forgive(struct tx *tx, bool *ret_more);
