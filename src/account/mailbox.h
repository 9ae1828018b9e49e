/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proving a mailbox. Whoever reads an account's mail owns it; until the first such proof anybody
 * may have begun the account, so that proof voids all that was there before: registrations with
 * their passwords, sign-ins that wait, sessions, devices, factors, links and codes (PRE-01 to
 * PRE-03).
 */
#pragma once

#include "base/err.h"
#include "db/db.h"
#include "service/audit.h"

#include <stdbool.h>

struct mailbox_proof {
    const char *account_id;
    const char *password, *name; /* what the account gets; NULL: none */
    bool is_by_link;             /* of a registration, which was taken */
    const char *invite_id;       /* that it came by; NULL: none */
    const struct audit_by *by;
};

/* The first proof: the account counts as verified from now on. The caller holds it. E_CONFLICT: it
   was verified before, nothing was changed. E_DENIED: sign-up is not open to them, see sign_up.h.
 */
enum err mailbox_prove(struct tx *tx, const struct mailbox_proof *proof);

/* Removes all that was there before the first proof, by whichever way that came. */
enum err mailbox_throw_out(struct tx *tx, const char *account_id);

/* Voids the links and codes that wait in the mailbox to sign somebody in: they were used, or what
   they were asked under has changed (RST-06). */
enum err mailbox_void(struct tx *tx, const char *account_id);

/* A link proved the mailbox: codes mailed to it may be tried again, however often they were wrong
   (RATE-03). */
enum err mailbox_bind_anew(struct tx *tx, const char *email_key);
