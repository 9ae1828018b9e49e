/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of an account: asked for, it comes after a time of grace in which signing in still works
 * and one click keeps the account. Then every row about the person goes, the account's own last,
 * and its address is free again. What stays are audit events under the id alone.
 */
#pragma once

#include "account/account.h"
#include "base/err.h"
#include "db/db.h"
#include "service/audit.h"

#include <stdbool.h>
#include <stdint.h>

struct deletion {
    const char *account_id, *ip, *user_agent; /* the latter two of who asked; may be NULL */
    int64_t asked_at, due_at;
    const char *email, *locale; /* of the account */
};

struct deletion_wish {
    const struct audit_by *by;
    const char *reason; /* for the audit log: "asked", "inactive" */
    const char *mail;   /* its kind; NULL: "deletion_asked". Gets link and due_at */
    int64_t grace;      /* the account is removed so long from now */
};

/* Schedules the end of an account and mails its owner a link that keeps it. Asking again changes
   the link, never the time. E_DENIED for the last ADMIN. Holds the account. */
enum err deletion_start(struct tx *tx, const struct account *who, const struct deletion_wish *wish,
                        int64_t *ret_due_at);

/* What a mailed link would cancel. E_GONE for anything but a live link. */
enum err deletion_look(struct tx *tx, const char *token, struct deletion *ret);

/* The account stays; its owner is told. E_GONE when nothing was scheduled (any more). Holds the
   account. */
enum err deletion_cancel(struct tx *tx, const char *account_id, const struct audit_by *by);

/* Removes an account whose time has come, with all that is about its owner, owes them a last mail,
   and owes it to the store's files that no address of theirs is left (account/scrub.h). Asks again
   under the account's lock whether it is still to go; else changes nothing and *ret_is_gone is
   false. E_DENIED for the last ADMIN. */
enum err deletion_finish(struct tx *tx, const char *account_id, bool *ret_is_gone);
