/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign-in links that wait in a mailbox. A link is a first factor, good once, for minutes, for the
 * account as it was when the link was asked for: another address or password voids it, as does a
 * newer link. It remembers the browser that asked by the hash of a cookie, so that the page behind
 * it can tell the owner's click from a link that was passed on, or asked for by a stranger.
 */
#pragma once

#include "account/account.h"
#include "base/arena.h"
#include "base/err.h"
#include "crypto/token.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

struct magic_link {
    const char *id, *account_id;
    const char *email;           /* of the account */
    struct mem browser_hash;     /* of who asked */
    const char *next_path;       /* where the browser goes on; NULL: the start page */
    const char *ip, *user_agent; /* of who asked */
    int64_t created_at, expires_at;
};

/* What the browser that asks is known by: the text goes into a cookie, the hash into the link. */
struct token magic_link_browser(struct arena *arena);

/* The cookie is that of the browser which asked (NULL: none came). */
bool magic_link_is_at_home(struct arena *arena, const struct magic_link *link, const char *cookie);

/* Adds one for an account, in place of an older one, and gives the token to mail. Reads
   browser_hash, next_path, ip and user_agent. */
enum err magic_link_add(struct tx *tx, const struct account *who, const struct magic_link *of,
                        struct token *ret);

/* What a link stands for. E_GONE for anything that is not a live link. Changes nothing. */
enum err magic_link_look(struct tx *tx, const char *token, struct magic_link *ret);

/* Uses a link up: at most one caller gets OK for it. E_GONE otherwise. The caller holds the
   account. */
enum err magic_link_take(struct tx *tx, const struct magic_link *link);

/* Voids an account's link. */
enum err magic_link_drop(struct tx *tx, const char *account_id);

/* Removes expired ones, at most a batch. */
enum err magic_link_purge(struct tx *tx, int64_t now, bool *ret_more);
