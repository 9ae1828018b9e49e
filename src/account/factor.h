/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second factors of an account: which of them are open to somebody who is asked for one.
 */
#pragma once

#include "base/err.h"
#include "db/db.h"

/* Their names separated by spaces, as product contract and pages know them: "totp",
   "recovery_code", "passkey"; "" when there is none. */
enum err factor_methods(struct tx *tx, const char *account_id, const char **ret);

/* Removes all of them, and passkeys that open the account alone; no second step is asked for any
   more. */
enum err factor_remove_all(struct tx *tx, const char *account_id);
