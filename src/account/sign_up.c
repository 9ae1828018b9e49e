/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may register: see sign_up.h. Locks are taken in the order account, waiting list, invitation.
 */
#include "account/sign_up.h"

#include "account/account.h"
#include "account/registration.h"
#include "account/role.h"
#include "account/waitlist.h"
#include "base/text.h"
#include "service/setting.h"

enum sign_up sign_up_mode(void)
{
    static const char *const names[] = { "open", "waitlist", "invite", "closed" };
    for (size_t i = 0; i < COUNT(names); i++)
        if (text_equal(setting_text(SETTING_SIGN_UP), names[i]))
            return (enum sign_up)i;
    return SIGN_UP_CLOSED;
}

enum err sign_up_ask(struct tx *tx, const char *token, const char *email_key,
                     const char **ret_invite_id)
{
    struct invite invite;
    enum sign_up mode = sign_up_mode();
    *ret_invite_id = NULL;
    if (mode == SIGN_UP_CLOSED)
        return E_DENIED;
    if (text_is_empty(token))
        return mode == SIGN_UP_OPEN ? OK : E_DENIED;
    TRY(invite_look(tx, token, &invite));
    if (invite.email_key && !text_equal(invite.email_key, email_key))
        return E_GONE;
    *ret_invite_id = invite.id;
    return OK;
}

static enum err use(struct tx *tx, const struct newcomer *who, const char *invite_id)
{
    int64_t role = 0;
    TRY(invite_use(tx, invite_id, &role));
    if (role > ROLE_USER)
        TRY(account_set_roles(tx, who->account_id, ROLE_USER | role));
    return audit_add(tx, who->by, AUDIT_INVITE_USED, who->account_id,
                     text_format(tx->arena, "{\"invite\":\"%s\",\"role\":\"%s\"}", invite_id,
                                 role_format(tx->arena, role)));
}

/* Of several registrations, whose links nobody opened, the one that asks least lets them in. */
static enum err use_any(struct tx *tx, const struct newcomer *who)
{
    struct db_rows rows;
    TRY(registration_list_invites(tx, who->account_id, &rows));
    for (size_t i = 0; i < rows.count; i++)
        if (!db_at(&rows, i, 0)->text)
            return OK;
    for (size_t i = 0; i < rows.count; i++) {
        enum err e = use(tx, who, db_at(&rows, i, 0)->text);
        if (e != E_GONE)
            return e;
    }
    return E_GONE;
}

enum err sign_up_admit(struct tx *tx, const struct newcomer *who)
{
    TRY(waitlist_forget(tx, who->account_id));
    enum err e = !who->is_by_link ? use_any(tx, who)
                 : who->invite_id ? use(tx, who, who->invite_id)
                                  : OK;
    if (e != E_GONE)
        return e;
    return sign_up_mode() == SIGN_UP_OPEN ? OK : E_DENIED;
}
