/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Suspension: see suspension.h. Locks in the order account, counts, sessions, audit.
 */
#include "account/suspension.h"

#include "account/lockout.h"
#include "account/pending.h"
#include "account/session.h"

enum err suspension_begin(struct tx *tx, const struct account *who, const struct audit_by *by)
{
    TRY(account_lock(tx, who->id));
    TRY(session_end_all(tx, who->id, NULL, NULL));
    TRY(pending_drop_all(tx, who->id));
    return audit_add(tx, by, AUDIT_ACCOUNT_LOCKED, who->id, NULL);
}

enum err suspension_end(struct tx *tx, const struct account *who, const struct audit_by *by)
{
    TRY(account_unlock(tx, who->id));
    TRY(lockout_clear_all(tx, who->id, who->email_key));
    return audit_add(tx, by, AUDIT_ACCOUNT_UNLOCKED, who->id, NULL);
}
