/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registrations that wait for their mailed link. Each carries its own password, so that the link in
 * the owner's mailbox opens the account with the password chosen together with it: registering
 * somebody else's address plants nothing (Sudhodanan and Paverd, "Pre-hijacked accounts", 2022).
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "crypto/token.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

struct registration {
    const char *id, *account_id, *password, *name, *ip, *user_agent;
    const char *email;     /* of the account */
    const char *invite_id; /* the invitation it came by; NULL: none was needed then */
    int64_t created_at, expires_at;
};

/* Adds one and gives the token to mail. Of an account's registrations the newest ten are kept. */
enum err registration_add(struct tx *tx, const struct registration *of, struct token *ret);

/* Takes as long as adding one, and leaves none: for an address that somebody holds (ENUM-04). */
enum err registration_feign(struct tx *tx, const struct registration *of);

/* Where somebody asks from who wants their link again. */
struct registration_asker {
    const char *ip, *user_agent;
};

/*
 * The one whose link somebody wants again: the newest that was made from where they ask, or the
 * only one there is. E_NOT_FOUND otherwise: the newest may be a stranger's, whose password the
 * owner must not confirm by mistake.
 */
enum err registration_meant(struct tx *tx, const char *account_id,
                            const struct registration_asker *asker, struct registration *ret);

/* Gives one a new link, which voids its old one. E_GONE when that was used this moment. */
enum err registration_renew(struct tx *tx, const struct registration *old, struct token *ret);

/* What a link would confirm. E_GONE for anything that is not a live link. Changes nothing. */
enum err registration_look(struct tx *tx, const char *token, struct registration *ret);

/* Uses a link up: at most one caller ever gets OK for it. E_GONE otherwise. */
enum err registration_take(struct tx *tx, const char *token, struct registration *ret);

/* The invitations an account's live registrations came by, one column: NULL where none was needed.
   The newest first. */
enum err registration_list_invites(struct tx *tx, const char *account_id, struct db_rows *ret);

/* Voids all of an account: the mailbox was proved, or its owner chose a password. */
enum err registration_drop_all(struct tx *tx, const char *account_id);

/* Removes expired ones, at most a batch. */
enum err registration_purge(struct tx *tx, int64_t now, bool *ret_more);
