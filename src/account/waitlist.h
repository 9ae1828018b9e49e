/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The waiting list. Anybody may put an address on it, so an entry whose mailbox is not proved
 * stands behind all others, is nobody's referral, and goes after a week. Who is next is decided by
 * when they proved it; each friend who joins by their code and proves a mailbox of their own counts
 * as having come a day earlier, for ten friends at most, and one person's many addresses count
 * once. Approval mails an invitation (account/invite.h); the row goes once its owner has an
 * account.
 */
#pragma once

#include "account/email.h"
#include "base/err.h"
#include "crypto/token.h"
#include "db/db.h"
#include "service/audit.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct waitlist_entry {
    const char *id, *email, *email_key, *locale;
    const char *name;   /* NULL: not given */
    const char *status; /* "unconfirmed", "waiting", "approved", "rejected" */
    const char *referral_code, *invite_id;
    int64_t place, referred;
    int64_t created_at, joined_at, decided_at;
};

/* What somebody asks for. */
struct waitlist_wish {
    const struct email *email;
    const char *name, *locale; /* name NULL: not given */
    const char *referral;      /* a friend's code, NULL: none; one that does not exist is none */
    const char *ip;
};

/*
 * Puts an address on the list and owes it the mail with its handle. One that is on it already gets
 * that mail again, or its invitation, at most once a day; one that was rejected gets nothing.
 */
enum err waitlist_join(struct tx *tx, const struct waitlist_wish *of);

/* Whose a handle is. E_GONE when it is nobody's. Changes nothing. */
enum err waitlist_look(struct tx *tx, const char *handle, struct waitlist_entry *ret);

/* The mailbox is proved: from now on they wait, and whoever referred them moves up. OK when they
   were waiting already. */
enum err waitlist_confirm(struct tx *tx, const struct waitlist_entry *who);

/* How many are before them, and they. */
enum err waitlist_position(struct tx *tx, const struct waitlist_entry *who, int64_t *ret);

/* Takes them off the list, unless it was decided about them: E_GONE. */
enum err waitlist_leave(struct tx *tx, const struct waitlist_entry *who);

/* They have an account now. Before the locks on their invitations. */
enum err waitlist_forget(struct tx *tx, const char *account_id);

/* --- staff --- */

/* Lets the next ones in, or one of them (E_NOT_FOUND, or E_CONFLICT as an answer: not waiting), and
   mails each an invitation given by an account. Whoever does it is let through one by one: of many
   at once each approves others. *ret_count is as many as were asked for, or all. */
struct waitlist_approver {
    const char *account_id;
    const struct audit_by *by;
};
enum err waitlist_approve(struct tx *tx, const struct waitlist_approver *who, const char *id);
enum err waitlist_approve_next(struct tx *tx, const struct waitlist_approver *who, int64_t count,
                               int64_t *ret_count);

/* Turns one away, who is told nothing but by their own status page. E_NOT_FOUND, E_CONFLICT. */
enum err waitlist_reject(struct tx *tx, const struct waitlist_approver *who, const char *id);

/* Of one status, or with NULL all that nothing was decided about, whoever is next first; after a
 * place and id (0 and "": from the start). */
struct waitlist_after {
    int64_t place;
    const char *id;
};
struct waitlist_entries {
    struct waitlist_entry *list;
    size_t count;
};
enum err waitlist_list(struct tx *tx, const char *status, const struct waitlist_after *after,
                       int64_t limit, struct waitlist_entries *ret);

/* How many there are of a status. */
enum err waitlist_count(struct tx *tx, const char *status, int64_t *ret);

/* Removes what was not confirmed within a week, and what was decided before a time; at most a
   batch. */
enum err waitlist_purge(struct tx *tx, int64_t now, int64_t decided_before, bool *ret_more);
