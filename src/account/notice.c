/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mails to the owner: see notice.h. Each names a way to take the account back.
 */
#include "account/notice.h"

#include "base/clock.h"
#include "base/text.h"
#include "service/outbox.h"
#include "service/setting.h"

static const char *reset_link(struct tx *tx)
{
    return text_format(tx->arena, "%s/forgot-password", setting_public_origin());
}

enum err session_tell_moved(struct tx *tx, const struct session *session, const struct origin *from)
{
    return outbox_add(tx, "session_moved", session->email, session->locale, session->account_id,
                      VARS({ "device", session_device(tx->arena, from->user_agent) },
                           { "ip", from->ip }, { "at", clock_format(tx->arena, clock_now()) },
                           { "reset_link", reset_link(tx) }));
}

enum err password_tell_changed(struct tx *tx, const struct account *account, const char *ip,
                               const char *user_agent)
{
    return outbox_add(tx, "password_changed", account->email, account->locale, account->id,
                      VARS({ "changed_at", clock_format(tx->arena, clock_now()) }, { "ip", ip },
                           { "agent", user_agent ? session_device(tx->arena, user_agent) : NULL },
                           { "reset_link", reset_link(tx) }));
}
