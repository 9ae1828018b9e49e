/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "This wasn't me": the link in the mail about a new device, or about an authenticator app or a
 * passkey that was bound. It takes back what one session did: ends it and those begun since,
 * forgets its device, and removes authenticators bound since. A week old it is worth nothing. It
 * never opens the account: it only closes what it names, and the way back in is a reset link of its
 * own, mailed anew.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

struct disavowal {
    const char *id, *account_id, *session_id;
    const char *device_id; /* NULL: none is forgotten */
    int64_t created_at, expires_at;
};

/* Adds one for a session and gives the link to mail. What it takes back began at created_at; 0:
   now. */
enum err disavowal_add(struct tx *tx, struct disavowal *of, const char **ret_link);

/* What a link would take back; changes nothing. E_GONE for anything but a live link. */
enum err disavowal_look(struct tx *tx, const char *token, struct disavowal *ret);

/* Uses a link up: at most one caller gets OK. E_GONE otherwise. */
enum err disavowal_take(struct tx *tx, const struct disavowal *of);

/* Takes back what it names, and what whoever came in there may have done since to stay. The
   password is void: a thief who knows it would come in again, and by changing it void the reset
   link. Sessions that began since, the device, sign-ins under way, a change of address that waits
   for its link, passkeys, recovery codes and an authenticator app that were bound since. The caller
   holds the account. */
enum err disavowal_apply(struct tx *tx, const struct disavowal *of);

/* Voids those that were mailed at a time or later: to a mailbox that is not the account's any more.
 */
enum err disavowal_drop_since(struct tx *tx, const char *account_id, int64_t since);

/* Removes expired ones, at most a batch. */
enum err disavowal_purge(struct tx *tx, int64_t now, bool *ret_more);
