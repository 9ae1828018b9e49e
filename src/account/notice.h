/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling an account's owner what happened to it: the one way, so that every event that concerns
 * the safety of an account is told exactly once, wherever it came from (NOTE-01). Each says when,
 * from where and with what, and how to take the account back.
 */
#pragma once

#include "account/account.h"
#include "account/session.h"
#include "base/err.h"
#include "db/db.h"
#include "service/outbox.h"

#include <stdbool.h>

struct notice {
    const char *kind;              /* the mail's template: "password_changed" */
    const struct account *account; /* id, email and locale are read */
    const char *ip, *user_agent;   /* of who did it; NULL: not known */
    const struct outbox_var *vars; /* more for the mail; NULL: none. At most 8 */
    bool is_copy; /* the same goes to another address too: only the mail, no second notice in the
                     app */
};

/* Owes the mail in tx, and writes the notice that the owner finds in the app; a mail that the owner
   does not want (account/notification.h) is not sent. Templates get, besides vars: at, ip, agent
   (the device in words), reset_link, security_link. */
enum err notice_tell(struct tx *tx, const struct notice *notice);

/* The session left its network or program and was ended. */
enum err session_tell_moved(struct tx *tx, const struct session *session,
                            const struct origin *from);

/* The password was changed, from this address with this program (either may be NULL). */
enum err password_tell_changed(struct tx *tx, const struct account *account, const char *ip,
                               const char *user_agent);
