/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices to the owner: see notice.h.
 */
#include "account/notice.h"

#include "account/notification.h"
#include "base/clock.h"
#include "base/text.h"
#include "service/setting.h"

#include <assert.h>

enum { OWN_VARS = 6, MORE_VARS = 8 };

static const char *link_to(struct tx *tx, const char *path)
{
    return text_format(tx->arena, "%s%s", setting_public_origin(), path);
}

/* The values that every notice has, then the caller's, then the end. */
static const struct outbox_var *all_vars(struct tx *tx, const struct notice *n,
                                         const char *time_zone)
{
    const char *agent = n->user_agent ? session_device(tx->arena, n->user_agent) : NULL;
    const struct outbox_var own[OWN_VARS] = {
        { "at", clock_format(tx->arena, clock_now()) },
        { "time_zone", time_zone },
        { "ip", n->ip },
        { "agent", agent },
        { "reset_link", link_to(tx, "/forgot-password") },
        { "security_link", link_to(tx, "/account/security") },
    };
    struct outbox_var *all = arena_array(tx->arena, OWN_VARS + MORE_VARS + 1, sizeof *all);
    size_t count = 0;
    for (; count < OWN_VARS; count++)
        all[count] = own[count];
    for (const struct outbox_var *v = n->vars; v && v->name; v++) {
        assert(count < OWN_VARS + MORE_VARS);
        all[count++] = *v;
    }
    all[count] = (struct outbox_var){ NULL, NULL };
    return all;
}

enum err notice_tell(struct tx *tx, const struct notice *n)
{
    const struct account *to = n->account;
    bool is_mailed = true;
    const char *time_zone;
    if (!n->is_copy)
        TRY(notification_add(
            tx, to->id,
            &(struct notification){ .kind = n->kind, .ip = n->ip, .user_agent = n->user_agent }));
    TRY(notification_is_mailed(tx, to->id, n->kind, &is_mailed));
    if (!is_mailed)
        return OK;
    TRY(account_time_zone(tx, to->id, &time_zone));
    return outbox_add(tx, n->kind, to->email, to->locale, to->id, all_vars(tx, n, time_zone));
}

enum err session_tell_moved(struct tx *tx, const struct session *s, const struct origin *from)
{
    struct account owner = { .id = s->account_id, .email = s->email, .locale = s->locale };
    return notice_tell(tx, &(struct notice){ .kind = "session_moved",
                                             .account = &owner,
                                             .ip = from->ip,
                                             .user_agent = from->user_agent });
}

enum err password_tell_changed(struct tx *tx, const struct account *account, const char *ip,
                               const char *user_agent)
{
    return notice_tell(tx, &(struct notice){ .kind = "password_changed",
                                             .account = account,
                                             .ip = ip,
                                             .user_agent = user_agent });
}
