/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log: append-only rows, written in the transaction of what they tell about, linked into
 * hash chains, so that a changed, removed or reordered row is found. Sixteen chains, so that
 * writers on several nodes rarely wait for each other; an account's events are always in one chain.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

enum audit_event {
#define AUDIT(symbol, name, help) AUDIT_##symbol,
#include "service/audit_list.h"
#undef AUDIT
    AUDIT_EVENTS,
};

/* Who does something, from where. Texts may be NULL. */
struct audit_by {
    const char *actor; /* an account id, or one of "anonymous", "system", "operator" */
    const char *ip, *user_agent, *request_id;
};

extern const struct audit_by audit_by_system, audit_by_operator;

/* Writes an event about an account (NULL: about none). detail is a JSON object text without secrets
   or NULL. Answers nothing but faults and E_CONFLICT of the store. */
enum err audit_add(struct tx *tx, const struct audit_by *by, enum audit_event event,
                   const char *account_id, const char *detail);

/* The name and meaning of an event. */
const char *audit_event_name(enum audit_event event);
const char *audit_event_help(enum audit_event event);

struct audit_row {
    const char *id, *event, *account_id, *actor, *ip, *user_agent, *request_id, *detail;
    int64_t chain, seq, at;
};

/* The newest rows, newest first; of one account unless account_id is NULL; older than the row with
   id before unless that is NULL. */
enum err audit_tail(struct tx *tx, const char *account_id, const char *before, int64_t limit,
                    struct audit_row **ret, size_t *ret_count);

/* What the owner of an account sees of it: as audit_tail, but for tokens that were refreshed, which
   happens every ten minutes by itself. */
struct audit_rows {
    struct audit_row *list;
    size_t count;
};
enum err audit_history(struct tx *tx, const char *account_id, const char *before, int64_t limit,
                       struct audit_rows *ret);

/* Whose doing a row is to the owner of the account: "you", "anonymous" (nobody was signed in),
   "system" or "staff". Where staff sat, and who it was, is not the owner's to know. */
const char *audit_doer(const struct audit_row *row);
bool audit_is_by_staff(const struct audit_row *row);

/* Puts the newest 2000 rows about an account, newest first, into an array that was begun, or fewer
   when the writer's buffer is nearly full: a copy that is fetched in one answer has to end
   somewhere, strangers who fail to sign in must not make it overflow, and what is older can be
   paged through. */
enum err audit_write(struct tx *tx, const char *account_id, struct json_writer *j);

/* The account is removed, says an event; in all before it about the account, or by its owner,
   address, program and request are gone. They stay verifiable. */
enum err audit_erase(struct tx *tx, const char *account_id);

struct audit_verdict {
    int64_t rows; /* checked */
    bool is_good;
    int64_t bad_chain, bad_seq; /* the first broken row, when not good */
    const char *what;           /* in words, when not good */
};

/* Walks every chain from its first row to its head. What it reads is given back batch by batch: any
   log fits. */
enum err audit_verify(struct db *db, struct arena *arena, struct audit_verdict *ret);

/* Removes rows older than a time from the front of each chain, a bounded number at once; *ret_more
   says that some are left. The heads remember where each chain now begins, and what its first row
   follows from. */
enum err audit_retain(struct tx *tx, int64_t older_than, bool *ret_more);

/* Writes the end of each chain to the log, so that it is also kept outside the store. */
enum err audit_checkpoint(struct tx *tx);
