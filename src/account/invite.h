/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invitations: who has one may register while sign-up is not open, and becomes what it says. It is
 * good while it is not used up, revoked or expired, and, above USER, while who gave it still holds
 * that role and may sign in: nobody grants what they do not hold. A use counts when the newcomer's
 * mailbox is proved (account/sign_up.h), so that nobody burns one by typing it, and no role goes to
 * an address that is not theirs.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "crypto/token.h"
#include "db/db.h"

#include <stddef.h>
#include <stdint.h>

struct invite {
    const char *id;
    const char *email, *email_key; /* only for this address; NULL: whoever has the token */
    const char *locale;
    const char *created_by; /* an account, NULL: it was removed */
    int64_t role;           /* one bit, account/role.h */
    int64_t uses, used;
    int64_t created_at, expires_at, revoked_at;
};

/* Adds one and gives its token, which is stored nowhere. */
enum err invite_add(struct tx *tx, const struct invite *of, const char **ret_id, struct token *ret);

/* Owes the mail with its link: "invite" or "waitlist_approved". It has an address. */
enum err invite_mail(struct tx *tx, const char *kind, const struct invite *of,
                     const struct token *token);

/* What a token would open. E_GONE unless it is good. Changes nothing. */
enum err invite_look(struct tx *tx, const char *token, struct invite *ret);

/* Counts a use: of many at once as many get OK as there are uses. It may have expired since the
   newcomer began. E_GONE otherwise. */
enum err invite_use(struct tx *tx, const char *id, int64_t *ret_role);

/* For staff. E_NOT_FOUND. */
enum err invite_find(struct tx *tx, const char *id, struct invite *ret);

/* Newest first, those with an id before `before` (NULL: all). */
struct invites {
    struct invite *list;
    size_t count;
};
enum err invite_list(struct tx *tx, const char *before, int64_t limit, struct invites *ret);

/* Takes it back. E_GONE when it was over already. */
enum err invite_revoke(struct tx *tx, const char *id);

/* A new token, which voids the old one, and a new end. E_GONE when it was used up or revoked. */
enum err invite_renew(struct tx *tx, const char *id, int64_t expires_at, struct token *ret);

/* Removes those that ended before a time, at most a batch. */
enum err invite_purge(struct tx *tx, int64_t ended_before, bool *ret_more);
