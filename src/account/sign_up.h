/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may register: everybody, or only who was invited, or nobody (SIGN_UP). Asked twice: when
 * somebody registers, before anything is done for them; and when a mailbox is proved for the first
 * time, whichever way that came, so that a reset or a sign-in link is no way round it. What was
 * allowed when it began stays allowed when the mode changes meanwhile.
 */
#pragma once

#include "account/invite.h"
#include "base/err.h"
#include "db/db.h"
#include "service/audit.h"

#include <stdbool.h>

enum sign_up {
    SIGN_UP_OPEN,     /* everybody; an invitation still gives its role */
    SIGN_UP_WAITLIST, /* whoever was invited; others may wait for an invitation */
    SIGN_UP_INVITE,   /* whoever was invited */
    SIGN_UP_CLOSED,   /* nobody, not even by invitation */
};
enum sign_up sign_up_mode(void);

/*
 * May somebody register this address with this invitation (NULL: none)? The answer is the same for
 * known and unknown addresses. E_DENIED: not without one, or not at all; E_GONE: the invitation is
 * no good, or another's. *ret_invite_id is NULL when none was given.
 */
enum err sign_up_ask(struct tx *tx, const char *invite, const char *email_key,
                     const char **ret_invite_id);

/* The mailbox of a new account is about to be proved for the first time. */
struct newcomer {
    const char *account_id;
    bool is_by_link;       /* by a registration's own link; false: by another mail */
    const char *invite_id; /* of that registration; NULL: it needed none */
    const struct audit_by *by;
};

/* Lets them in: uses their invitation up and gives them its role. The caller holds the account.
   E_DENIED: they were to come by an invitation, and it is over. */
enum err sign_up_admit(struct tx *tx, const struct newcomer *who);
