/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another address for an account. It comes true by a link at the new mailbox; the old one is told
 * at once, and for a week a link there takes the change back, also after it came true: whoever
 * steals a session must not get the account by moving it to a mailbox of theirs.
 *
 * A link of either sort begins with the id of the change; its purpose is in its hash, so that none
 * opens the other's door (TOK-02).
 */
#pragma once

#include "base/err.h"
#include "db/db.h"

#include <stdint.h>

struct email_change {
    const char *id, *account_id;
    const char *old_email, *old_key, *new_email, *new_key;
    const char *ip, *user_agent; /* who asked */
    int64_t created_at, expires_at;
    int64_t confirmed_at; /* 0: not yet, or never */
    int64_t revoke_until;
};

struct email_change_links {
    const char *confirm, *revoke; /* tokens */
};

/* Adds one and voids the link of the one that waited until now. Fills in id and times. */
enum err email_change_add(struct tx *tx, struct email_change *of, struct email_change_links *ret);

/* What a link would confirm. E_GONE for anything but a live link. Changes nothing. */
enum err email_change_look(struct tx *tx, const char *token, struct email_change *ret);

/* Uses the link up and gives the token of another one that takes the change back. E_GONE. */
enum err email_change_take(struct tx *tx, const struct email_change *of, const char **ret_undo);

/* What a link at the old address would take back. E_GONE. Changes nothing. */
enum err email_change_look_back(struct tx *tx, const char *token, struct email_change *ret);

/* Takes it back: this change and all later ones of the account are void with all their links, also
   those at addresses that the account had in between. E_GONE when another was faster. */
enum err email_change_take_back(struct tx *tx, const struct email_change *of);

/* The one that waits for its link. E_NOT_FOUND. */
enum err email_change_find(struct tx *tx, const char *account_id, struct email_change *ret);

/* Voids the link that waits (PRE-04). The links at old addresses still work. ret_count may be NULL.
 */
enum err email_change_drop(struct tx *tx, const char *account_id, int64_t *ret_count);

/* The change by which an account other than own_id (NULL: none) left an address that a link still
   takes it back to. E_NOT_FOUND. */
enum err email_change_find_left(struct tx *tx, const char *old_key, const char *own_id,
                                struct email_change *ret);

/* The addresses that an account had or was to have, of late. */
enum err email_change_list_addresses(struct tx *tx, const char *account_id, struct db_rows *ret);

/* Removes an account that holds an address without ever having proved it, with all that is about
   it. E_CONFLICT as an answer: another account than own_id holds the address
   (account/address.h). */
enum err email_change_free_address(struct tx *tx, const char *email_key, const char *own_id);

/* Removes what nothing can be done with any more, at most a batch. */
enum err email_change_purge(struct tx *tx, int64_t now);
