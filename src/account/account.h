/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts: who people are. Everything here runs in the caller's transaction.
 */
#pragma once

#include "account/email.h"
#include "account/role.h"
#include "base/arena.h"
#include "base/err.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

struct account {
    const char *id, *email, *email_key;
    const char *name; /* NULL when none was given */
    const char *locale;
    const char *password; /* PHC string, NULL when there is none */
    int64_t roles;
    int64_t verified_at, locked_at, last_sign_in_at, created_at, password_changed_at;
    int64_t mfa_at; /* a second step is asked for since then */
    int64_t
        email_changed_at; /* links that were mailed before are void; 0: still the first address */
    int64_t unlocked_at;  /* links that were mailed before are void; 0: it never was locked */
    int64_t deletion_due_at; /* removed from then on; 0: nobody asked for that */
    const char *time_zone, *picture_url, *metadata; /* NULL when not given */
};

/* By unique key or id. E_NOT_FOUND. */
enum err account_find_email(struct tx *tx, const char *email_key, struct account *ret);
enum err account_find(struct tx *tx, const char *id, struct account *ret);
/* Only who has an address, NULL when nobody: the same work for a known and an unknown one
   (ENUM-02). */
enum err account_find_id(struct tx *tx, const char *email_key, const char **ret_id);

/*
 * Makes an account that is not verified and has no password. E_CONFLICT-free: when the address is
 * taken, *ret_is_new is false and *ret is the account that has it. Holds it, as account_hold does.
 */
enum err account_add(struct tx *tx, const char *email, const char *email_key, const char *locale,
                     struct account *ret, bool *ret_is_new);

/* Takes the account's row lock until the tx ends: what belongs to an account is changed by one
   after the other. Locks are taken in the order account, links and sessions, audit, so that two
   never wait for each other. */
enum err account_hold(struct tx *tx, const char *id);

/* The mailbox is proved: sets password, name (kept when NULL) and the time, unless it was verified
   already (E_CONFLICT as an answer: nothing was changed). */
enum err account_verify(struct tx *tx, const char *id, const char *password, const char *name);

/* Replaces the password that old was read with, unless it changed meanwhile (E_CONFLICT). The
   mailbox counts as proved when proves_mailbox. password_changed_at differs from what it was in any
   case, wherever the clock stands: links remember it. */
enum err account_set_password(struct tx *tx, const struct account *old, const char *phc,
                              bool proves_mailbox);

/* No password is right any more, until a reset sets one. */
enum err account_void_password(struct tx *tx, const char *id);

/* Another address, which was proved. E_CONFLICT: the account's address is not old_key any more, or
   another account has the new one (then, in a race, also as a failure of the tx). */
enum err account_set_email(struct tx *tx, const char *id, const char *old_key,
                           const struct email *email);

/* Replaces a password's hash by one with another cost, unless it changed meanwhile (E_CONFLICT). */
enum err account_rehash(struct tx *tx, const struct account *old, const char *phc);

/* What its owner says about an account; NULL: nothing, but for the locale. */
struct account_profile {
    const char *name, *locale;
    const char *time_zone;   /* account/time_zone.h */
    const char *picture_url; /* account_picture_is_good */
    const char *metadata;    /* a JSON object, for applications */
};
enum err account_set_profile(struct tx *tx, const char *id, const struct account_profile *profile);

/* What somebody who signs in has shown. */
struct account_proof {
    bool by_password; /* the account's password must still be the one that it was read with */
    bool is_enough;   /* no second step is needed, even if the account asks for one */
};

/* May they come in? E_DENIED unless the account is verified and open and the proof still holds.
   Notes the sign-in, unless *ret_asks_second: the account asks for a second step, which is not
   shown yet. Takes the row's lock, so that it cannot race a lock or a password change. */
enum err account_sign_in(struct tx *tx, const struct account *who,
                         const struct account_proof *proof, bool *ret_asks_second);

/* A second step is asked for from now on, or not any more. */
enum err account_set_mfa(struct tx *tx, const char *id, bool is_on);

/* Locks or unlocks. E_NOT_FOUND; E_DENIED for the last ADMIN that is not locked. */
enum err account_lock(struct tx *tx, const char *id);
enum err account_unlock(struct tx *tx, const char *id);

/* The end of an account. May it go? E_DENIED for the last ADMIN who stays, is verified and open. */
enum err account_may_go(struct tx *tx, const struct account *who);
/* It is removed from due_at on, or when that was set before: *ret_due_at. E_NOT_FOUND. */
enum err account_end_at(struct tx *tx, const char *id, int64_t due_at, int64_t *ret_due_at);
/* It is not removed. E_NOT_FOUND when it was not going to be. */
enum err account_keep(struct tx *tx, const char *id);
/* The ids of those whose time has come, after a given id ("" for the first). */
enum err account_list_due(struct tx *tx, int64_t now, const char *after, int64_t limit,
                          struct db_rows *ret);

/* Sets the roles. E_NOT_FOUND; E_DENIED when no open, verified ADMIN would remain. */
enum err account_set_roles(struct tx *tx, const char *id, int64_t roles);

/* How many accounts hold ADMIN, are verified and not locked. */
enum err account_count_admins(struct tx *tx, int64_t *ret);

/* Removes accounts that were made before a time and never verified, and have no link that could
   still verify them; at most a batch. */
enum err account_purge_unverified(struct tx *tx, int64_t made_before, bool *ret_more);

/* A page of accounts in id order after a given id ("" for the first page). */
enum err account_list(struct tx *tx, const char *after, int64_t limit, struct account **ret,
                      size_t *ret_count);

/* The time zone that mails to an account tell times in, NULL: none was chosen. */
enum err account_time_zone(struct tx *tx, const char *id, const char **ret);

/* The name to greet with: the name, or the address. */
const char *account_label(const struct account *account);

/* The address of a picture: https, a host, no user name, visible ASCII that needs no quoting. */
bool account_picture_is_good(const char *url);

/* Display names: 1 to 100 code points, no control characters, not only spaces. */
bool account_name_is_good(const char *name);
