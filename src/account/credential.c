/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing credentials: see credential.h. Reset links stay good through a change, and are used up
 * by a reset (feature/reset.c).
 */
#include "account/credential.h"

#include "account/device.h"
#include "account/disavowal.h"
#include "account/email_change.h"
#include "account/lockout.h"
#include "account/mailbox.h"
#include "account/notice.h"
#include "account/pending.h"
#include "account/recovery.h"
#include "account/registration.h"
#include "account/session.h"
#include "account/sign_up.h"
#include "account/totp_factor.h"
#include "base/text.h"

/* Whoever wore out the recovery codes knew the old password, and so many bits cannot be guessed:
   the owner gets in by them again. An app's six digits can, so its count stays (MFA-02). */
static enum err let_back_in(struct tx *tx, const struct account *who)
{
    TRY(lockout_clear(tx, who->id, LOCKOUT_RECOVERY_CODE));
    return mailbox_bind_anew(tx, who->email_key);
}

enum err credential_set_password(struct tx *tx, const struct credential_change *change)
{
    const struct account *who = change->account;
    TRY(account_set_password(tx, who, change->phc, change->proves_mailbox));
    if (change->proves_mailbox && !who->verified_at)
        TRY(sign_up_admit(tx, &(struct newcomer){ .account_id = who->id, .by = change->by }));
    TRY(session_end_all(tx, who->id, change->keep_session, NULL));
    TRY(registration_drop_all(tx, who->id));
    TRY(email_change_drop(tx, who->id, NULL));
    TRY(pending_drop_all(tx, who->id));
    TRY(device_distrust_all(tx, who->id));
    TRY(mailbox_void(tx, who->id));
    TRY(lockout_clear_password(tx, who->id, who->email_key));
    if (change->proves_mailbox)
        TRY(let_back_in(tx, who));
    if (change->proves_mailbox && !who->verified_at)
        TRY(mailbox_throw_out(tx, who->id));
    TRY(audit_add(tx, change->by, change->event, who->id, NULL));
    return password_tell_changed(tx, who, change->by->ip, change->by->user_agent);
}

enum err credential_set_second_step(struct tx *tx, const char *account_id, bool is_on,
                                    const char *keep_session)
{
    TRY(account_set_mfa(tx, account_id, is_on));
    TRY(session_end_all(tx, account_id, keep_session, NULL));
    TRY(pending_drop_all(tx, account_id));
    return device_distrust_all(tx, account_id);
}

/* link: takes it back; NULL: none does. */
static enum err tell_of_passkey(struct tx *tx, const struct credential_passkey *passkey,
                                enum audit_event event, const char *link)
{
    TRY(audit_add(tx, passkey->by, event, passkey->account->id,
                  text_format(tx->arena, "{\"passkey\":\"%s\"}", passkey->id)));
    return notice_tell(
        tx, &(struct notice){ .kind = link ? "passkey_added" : "passkey_removed",
                              .account = passkey->account,
                              .ip = passkey->by->ip,
                              .user_agent = passkey->by->user_agent,
                              .vars = VARS({ "name", passkey->name }, { "link", link }) });
}

enum err credential_add_passkey(struct tx *tx, const struct credential_passkey *passkey)
{
    const char *link;
    struct disavowal way_back = { .account_id = passkey->account->id,
                                  .session_id = passkey->session_id,
                                  .created_at = passkey->created_at };
    TRY(disavowal_add(tx, &way_back, &link));
    return tell_of_passkey(tx, passkey, AUDIT_PASSKEY_ADDED, link);
}

enum err credential_remove_passkey(struct tx *tx, const struct credential_passkey *passkey)
{
    const char *account_id = passkey->account->id;
    TRY(session_end_all(tx, account_id, passkey->session_id, NULL));
    TRY(pending_drop_all(tx, account_id));
    TRY(device_distrust_all(tx, account_id));
    return tell_of_passkey(tx, passkey, AUDIT_PASSKEY_REMOVED, NULL);
}

enum err credential_remove_second_step(struct tx *tx, const char *account_id,
                                       const char *keep_session)
{
    TRY(totp_remove(tx, account_id));
    TRY(recovery_remove(tx, account_id));
    TRY(lockout_clear(tx, account_id, LOCKOUT_TOTP));
    TRY(lockout_clear(tx, account_id, LOCKOUT_RECOVERY_CODE));
    return credential_set_second_step(tx, account_id, false, keep_session);
}
