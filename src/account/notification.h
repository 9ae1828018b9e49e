/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices in the app: what the owner is told by mail stands in the account too, until it is old;
 * and which of it they want mailed. Written by notice_tell (account/notice.h) alone, together with
 * the mail: one of the two never goes without the other.
 */
#pragma once

#include "base/err.h"
#include "db/db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct notification {
    const char *id, *kind;
    const char *ip, *user_agent; /* of who did it, NULL: not known */
    int64_t at, read_at;
};

/* Of an account: adds one. id and times of `of` are not read. */
enum err notification_add(struct tx *tx, const char *account_id, const struct notification *of);

/* An account's, newest first, older than the one with id before (NULL: from the newest). */
struct notifications {
    struct notification *list;
    size_t count;
};
enum err notification_list(struct tx *tx, const char *account_id, const char *before, int64_t limit,
                           struct notifications *ret);

/* How many are not read yet: one look into an index. */
enum err notification_count_unread(struct tx *tx, const char *account_id, int64_t *ret);

/* Whether one of a kind was added at a time or later. */
enum err notification_has_since(struct tx *tx, const char *account_id, const char *kind,
                                int64_t since, bool *ret);

/* The owner has seen one (E_NOT_FOUND when it is not theirs; twice is fine), or all. */
enum err notification_read(struct tx *tx, const char *account_id, const char *id);
enum err notification_read_all(struct tx *tx, const char *account_id);

/* Removes those read 90 days ago, and any older than 400 days; at most a batch. */
enum err notification_purge(struct tx *tx, int64_t now, bool *ret_more);

/* --- what is mailed besides --- */

struct notification_kind {
    const char *name;
    bool is_always; /* mailed whatever the owner wishes */
};

/* The nth kind (notice_list.h), NULL after the last; and one by name, NULL when unknown. */
const struct notification_kind *notification_kind_nth(size_t i);
const struct notification_kind *notification_kind_find(const char *name);

/* Whether an account's notices of a kind are mailed. A kind nobody listed is. */
enum err notification_is_mailed(struct tx *tx, const char *account_id, const char *kind, bool *ret);

/* The owner's wish. E_DENIED for a kind that is always mailed, or unknown. */
enum err notification_set_mailed(struct tx *tx, const char *account_id, const char *kind,
                                 bool is_mailed);
