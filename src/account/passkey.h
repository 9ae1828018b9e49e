/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passkeys: the public keys with which accounts can be opened. Only a proof that crypto/webauthn
 * made stores one or counts as its use (WA-01).
 *
 * One that verified its user when it was registered opens an account alone. One that did not (a
 * plain security key) is a second step only, for good: whoever finds such a key could give it a
 * PIN of their own.
 */
#pragma once

#include "base/err.h"
#include "base/mem.h"
#include "crypto/webauthn.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

enum { PASSKEYS_MAX = 20, PASSKEY_HANDLE_BYTES = 32 };

struct passkey {
    const char *id, *account_id, *name;
    const char *transports; /* words separated by spaces */
    struct mem credential_id, public_key;
    int64_t sign_count;
    bool is_user_verified; /* opens the account alone */
    bool is_discoverable;  /* offered without a user name */
    bool is_backup_eligible, is_backed_up;
    int64_t created_at, last_used_at, suspect_at;
};

/* The user handle of an account (WebAuthn 5.4.3): says nothing about it, is always the same. */
struct mem passkey_user_handle(struct arena *arena, const char *account_id);

/* What an owner chose, or a browser told, of a new passkey. */
struct passkey_traits {
    const char *name;
    bool is_discoverable;
};

/* Stores a verified one. E_CONFLICT as an answer (the tx stays good): somebody has registered this
   credential. *ret is complete. */
enum err passkey_add(struct tx *tx, const char *account_id, const struct passkey_traits *traits,
                     const struct webauthn_registered *proof, struct passkey *ret);

/* By the authenticator's name for it; one of an account's by id. E_NOT_FOUND. */
enum err passkey_find(struct tx *tx, struct mem credential_id, struct passkey *ret);
enum err passkey_find_own(struct tx *tx, const char *account_id, const char *id,
                          struct passkey *ret);

/* All of an account, the oldest first. */
enum err passkey_list(struct tx *tx, const char *account_id, struct passkey **ret,
                      size_t *ret_count);
enum err passkey_count(struct tx *tx, const char *account_id, int64_t *ret);
/* Those that open the account alone, and so also prove its owner afresh. */
enum err passkey_count_alone(struct tx *tx, const char *account_id, int64_t *ret);

/* It was used: notes counter, backup state and time. E_NOT_FOUND: removed meanwhile. E_CONFLICT as
   an answer: its counter rose meanwhile to this use's or beyond. */
enum err passkey_use(struct tx *tx, const struct passkey *passkey,
                     const struct webauthn_verified *proof);

/* Its counter did not rise. *ret_is_news unless that was found within the last day. */
enum err passkey_suspect(struct tx *tx, const char *id, bool *ret_is_news);

/* E_NOT_FOUND when it is not this account's. */
enum err passkey_rename(struct tx *tx, const char *account_id, const char *id, const char *name);
enum err passkey_remove(struct tx *tx, const char *account_id, const char *id);

/* Removes those added at a time or later. */
enum err passkey_remove_since(struct tx *tx, const char *account_id, int64_t since);
