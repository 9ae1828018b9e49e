/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proving a mailbox: see mailbox.h.
 */
#include "account/mailbox.h"

#include "account/account.h"
#include "account/device.h"
#include "account/email_code.h"
#include "account/factor.h"
#include "account/lockout.h"
#include "account/magic_link.h"
#include "account/pending.h"
#include "account/registration.h"
#include "account/session.h"
#include "account/sign_up.h"

/* Strangers may have worn the address's count out before there was a password. */
static enum err open_password(struct tx *tx, const char *account_id)
{
    struct account who;
    TRY(account_find(tx, account_id, &who));
    return lockout_clear_password(tx, who.id, who.email_key);
}

enum err mailbox_prove(struct tx *tx, const struct mailbox_proof *proof)
{
    const char *id = proof->account_id;
    TRY(account_verify(tx, id, proof->password, proof->name));
    if (proof->password)
        TRY(open_password(tx, id));
    TRY(sign_up_admit(tx, &(struct newcomer){ .account_id = id,
                                              .is_by_link = proof->is_by_link,
                                              .invite_id = proof->invite_id,
                                              .by = proof->by }));
    TRY(mailbox_throw_out(tx, id));
    return audit_add(tx, proof->by, AUDIT_ACCOUNT_VERIFIED, id, NULL);
}

enum err mailbox_throw_out(struct tx *tx, const char *account_id)
{
    TRY(registration_drop_all(tx, account_id));
    TRY(session_end_all(tx, account_id, NULL, NULL));
    TRY(pending_drop_all(tx, account_id));
    TRY(device_forget_all(tx, account_id));
    TRY(factor_remove_all(tx, account_id));
    return mailbox_void(tx, account_id);
}

enum err mailbox_void(struct tx *tx, const char *account_id)
{
    TRY(magic_link_drop(tx, account_id));
    return email_code_drop(tx, account_id);
}

enum err mailbox_bind_anew(struct tx *tx, const char *email_key)
{
    const char *whose;
    TRY(lockout_address(tx->arena, email_key, &whose));
    return lockout_clear(tx, whose, LOCKOUT_EMAIL_CODE);
}
