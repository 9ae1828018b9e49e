/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locking and unlocking an account by staff or an operator, with all that follows. Unlocking also
 * opens what wrong attempts have locked: whoever helps an owner back in means all of it.
 */
#pragma once

#include "account/account.h"
#include "base/err.h"
#include "db/db.h"
#include "service/audit.h"

/* Nobody signs in any more; all sessions end, links and codes are void. E_DENIED for the last
   ADMIN. */
enum err suspension_begin(struct tx *tx, const struct account *who, const struct audit_by *by);

/* Open again, all counts of wrong attempts start afresh. */
enum err suspension_end(struct tx *tx, const struct account *who, const struct audit_by *by);
