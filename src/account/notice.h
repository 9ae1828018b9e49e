/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mails that tell an account's owner what happened to it.
 */
#pragma once

#include "account/account.h"
#include "account/session.h"
#include "base/err.h"
#include "db/db.h"

/* The session left its network or program and was ended. */
enum err session_tell_moved(struct tx *tx, const struct session *session,
                            const struct origin *from);

/* The password was changed, from this address with this program (either may be NULL). */
enum err password_tell_changed(struct tx *tx, const struct account *account, const char *ip,
                               const char *user_agent);
