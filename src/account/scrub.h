/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was removed is owed to be gone from the store's files too (db_scrub). The debt is a row of
 * the transaction that removes, sealed, so it outlives a crash; and whoever removes need not be
 * able to pay: a command beside the server must not touch the write-ahead log.
 */
#pragma once

#include "base/err.h"
#include "db/db.h"

#include <stdbool.h>
#include <stddef.h>

/* Each text at most 500 bytes, without a line feed. */
enum err scrub_owe(struct tx *tx, const char *const *texts, size_t count);

/* Pays the oldest debts, at most a batch; *ret_more: there are others. E_BUSY: not now, or not by
   this process; they stay owed. tx is for its use: roll it back should the arena's trap be sprung.
 */
enum err scrub_pay(struct db *db, struct tx *tx, struct arena *arena, bool *ret_more);
