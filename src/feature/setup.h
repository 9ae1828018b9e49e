/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making accounts without registration: the first administrator, and the command line's.
 */
#pragma once

#include "account/account.h"
#include "account/email.h"
#include "db/db.h"
#include "service/audit.h"

struct setup_account {
    const struct email *email;
    const char *phc, *name, *locale; /* name may be NULL */
    int64_t roles;
};

/* Makes an account that is verified at once. E_CONFLICT: the address has a verified account. */
enum err setup_add_account(struct tx *tx, const struct audit_by *by, const struct setup_account *of,
                           struct account *ret);

/* A new one-time link for the first administrator, which voids the one before; NULL when there is
 * an administrator. */
enum err setup_make_link(struct tx *tx, const char **ret_link);

/* Makes the administrator that ADMIN_EMAIL and ADMIN_PASSWORD name, when there is none yet. An
   address that has an account already is logged and left alone. */
enum err setup_add_configured(struct tx *tx);
