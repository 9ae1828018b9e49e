/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second factors of an account: which of them are open to somebody who is asked for one.
 */
#pragma once

#include "base/err.h"
#include "db/db.h"

#include <stdint.h>

/* Their names separated by spaces, as product contract and pages know them: "totp",
   "recovery_code", "passkey"; "" when there is none. */
enum err factor_methods(struct tx *tx, const char *account_id, const char **ret);

/* Removes what was bound at a time or later by somebody who was not the owner: passkeys, recovery
   codes for an app that was there before, and an app, which would ask its owner for a code that
   only the thief has. But whoever reads the mailbox must not be able to take off a second step
   (RST-05): an app only for a day. */
enum err factor_remove_since(struct tx *tx, const char *account_id, int64_t since);

/* Removes all of them, and passkeys that open the account alone; no second step is asked for any
   more. */
enum err factor_remove_all(struct tx *tx, const char *account_id);
