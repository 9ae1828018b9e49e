/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pending sign-ins: somebody has shown a first factor of an account that asks for a second one. A
 * row and a type of their own, so that no door for who is signed in can take one for a session
 * (MFA-01). The handle is opaque, works where it was given out, for ten minutes, once.
 */
#pragma once

#include "account/account.h"
#include "account/session.h"
#include "base/err.h"
#include "db/db.h"

struct pending {
    const char *id, *account_id;
    const char *amr; /* what was shown */
    int64_t expires_at;
};

/* Starts one after a proof by the methods amr; *ret_token is the handle. An account has at most
   ten: older ones give way. */
enum err pending_start(struct tx *tx, const struct account *who, const char *amr,
                       const struct origin *from, const char **ret_token);

/* What a handle stands for; changes nothing. E_GONE for anything but a live handle of this place.
 */
enum err pending_look(struct tx *tx, const char *token, const struct origin *from,
                      struct pending *ret);

/* Uses one up: at most one caller gets OK for it. E_GONE otherwise. */
enum err pending_take(struct tx *tx, const struct pending *pending);

/* Voids all of an account: what they were begun with has changed. */
enum err pending_drop_all(struct tx *tx, const char *account_id);

/* Removes expired ones, at most a batch. */
enum err pending_purge(struct tx *tx, int64_t now, bool *ret_more);
