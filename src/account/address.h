/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who holds a mail address, so that no other account can have it: who has proved it, and for a week
 * who had it until lately and may take it back (account/email_change.h). Somebody who asks for a
 * held address learns nothing; only its mailbox is told.
 */
#pragma once

#include "account/account.h"
#include "account/email.h"
#include "base/err.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

struct address_holder {
    struct account account; /* email is the address held; id is NULL when nobody holds it */
    int64_t kept_until;     /* it is not the account's any more, but kept until then; 0 otherwise */
};

/* own_id (NULL: none) is no stranger to itself. */
enum err address_find_holder(struct tx *tx, const char *email_key, const char *own_id,
                             struct address_holder *ret);

/* Finds or makes the account that waits for a first proof of its address, unless somebody holds
   that. Then *ret is that holder's account, and holder->account.id is not NULL. */
enum err address_claim(struct tx *tx, const struct email *email, const char *locale,
                       struct account *ret, struct address_holder *holder);

/* Owes the mail to the mailbox that somebody asked for from ip. */
enum err address_tell_holder(struct tx *tx, const struct address_holder *holder, const char *ip);
