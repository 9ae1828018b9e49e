/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing what proves somebody's identity. All consequences are in one place, so that no caller
 * forgets one: sessions end, pending links are void, the owner is told, the audit log knows.
 */
#pragma once

#include "account/account.h"
#include "base/err.h"
#include "db/db.h"
#include "service/audit.h"

#include <stdbool.h>

struct credential_change {
    const struct account *account; /* as it was when the change was found to be allowed */
    const char *phc;               /* the new password's hash */
    const char *keep_session;      /* survives; NULL: none does */
    bool proves_mailbox;           /* it came by a mailed link */
    enum audit_event event;        /* AUDIT_PASSWORD_RESET or AUDIT_PASSWORD_CHANGED */
    const struct audit_by *by;
};

/* Sets a password with all that follows from it. E_CONFLICT when the password is not the account's
 * any more: of changes that race each other one wins. E_DENIED: it would be the first proof of the
 * mailbox, and sign-up is not open to them (sign_up.h). */
enum err credential_set_password(struct tx *tx, const struct credential_change *change);

/* An authenticator app was bound or removed: a second step is asked for from now on, or not any
   more. All sessions but keep (NULL: none is kept) end; sign-ins that wait for a second step and
   trusted devices are void. The caller holds the account, and tells the owner and the log. */
enum err credential_set_second_step(struct tx *tx, const char *account_id, bool is_on,
                                    const char *keep_session);

/* A passkey was added or removed. */
struct credential_passkey {
    const struct account *account;
    const char *id, *name;  /* the passkey's */
    const char *session_id; /* whose owner did it */
    int64_t created_at;     /* the passkey */
    const struct audit_by *by;
};

/* The log knows and the owner is told, with a link that takes it back: a passkey outlives a reset
   of the password (RST-05). Nobody loses anything by it, so sessions stay. */
enum err credential_add_passkey(struct tx *tx, const struct credential_passkey *passkey);

/* Besides, all other sessions end, sign-ins that wait for a second step and trusted devices are
   void: who used it may be who it was taken from. The caller holds the account. */
enum err credential_remove_passkey(struct tx *tx, const struct credential_passkey *passkey);

/* Removes the app and all recovery codes, with all that follows: a second step is not asked for any
   more. The caller holds the account, and tells the owner and the log. */
enum err credential_remove_second_step(struct tx *tx, const char *account_id,
                                       const char *keep_session);
