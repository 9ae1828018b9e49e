/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The durable outbox of mail. A row is written in the transaction that owes the mail, its variables
 * sealed (they hold tokens) and deleted once it is sent. Delivery is a job: retries with backoff
 * and jitter, the same Message-ID every time, then a dead-letter state. At least once: a crash
 * between the mail server's yes and our note of it sends the mail again, with the same Message-ID.
 *
 * How a mail leaves: register outbox_jobs with job_set_kinds; after a commit that owed mail call
 * job_wake, and a poller takes the row at once. Without the call it leaves within a second. See
 * docs/decisions/0008-outbox.md.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "db/db.h"
#include "service/job.h"

#include <stddef.h>
#include <stdint.h>

struct outbox_var {
    const char *name, *value;
};

#define VARS(...) ((const struct outbox_var[]){ __VA_ARGS__ __VA_OPT__(, ){ NULL, NULL } })

/* Owes a mail of a kind ("reset_password": templates mails/reset_password.{html,txt}, subject key
   "mail.reset_password.subject") to an address in a language. locale and account_id may be NULL.
   Templates also get service_name, support_address, public_url and to. A variable "time_zone" is
   the one that times are told in (UTC when there is none). A variable "expires_at" (milliseconds,
   decimal) says when the mail's link ends: it is not sent after that; two days when there is none.
   E_INVALID: `to` is not one bare address. E_TOO_LARGE: variables over 16 KiB. */
enum err outbox_add(struct tx *tx, const char *kind, const char *to, const char *locale,
                    const char *account_id, const struct outbox_var *vars);

/* The last word to somebody whose data was removed: the address is in the row only sealed, and the
   row goes as soon as the mail is sent or given up. Otherwise as outbox_add. */
enum err outbox_add_last(struct tx *tx, const char *kind, const char *to, const char *locale,
                         const struct outbox_var *vars);

/* Delivers what is due, at most a batch; gives how many were handled. Several nodes and threads may
 * do it at once. */
enum err outbox_deliver(struct db *db, struct arena *arena, int *ret_handled);

/* The poller "mail.deliver" and the periodic "mail.purge": sent rows go after a week, dead ones
 * after a month. */
extern const struct job_kind outbox_jobs[];

/* Puts what was mailed about an account into an array that was begun, without the texts: they hold
   links. */
enum err outbox_write(struct tx *tx, const char *account_id, struct json_writer *j);

/* The machine's clock was ahead of a time and is right now: what was given up after it, or put off
   for too long, is tried again. */
enum err outbox_mend(struct tx *tx, int64_t now);

/* Removes all mail about an account, sent or not: part of closing it. */
enum err outbox_forget(struct tx *tx, const char *account_id);

/* How old the oldest mail that waits is, in milliseconds, 0 when none waits; and counts by state.
 */
struct outbox_figures {
    int64_t oldest_age, waiting, dead, sent_total, failed_total; /* totals since start */
};
enum err outbox_figures(struct db *db, struct arena *arena, struct outbox_figures *ret);

/* Tries a dead or waiting mail again now, for another two days. E_NOT_FOUND: no such mail, or it is
 * sent. */
enum err outbox_retry(struct tx *tx, const char *id);

/* How mails leave. Chosen by settings: smtp, folder, development store, or none (they wait). Tests
 * put their own. */
struct outbox_message {
    const char *id, *kind, *to, *subject, *text, *html;
    const char *message_id; /* "<out_...@example.org>" */
    int64_t created_at;
};
typedef enum err (*outbox_send)(const struct outbox_message *message,
                                void *arg);          /* OK sent; E_BUSY later; E_INVALID never */
void outbox_set_sender(outbox_send send, void *arg); /* NULL restores the one settings choose; call
                                                        it while nothing delivers */

/* The last 200 mails of development mode, newest first (kept in memory, only there). The array is
 * in the arena. */
size_t outbox_dev_list(struct arena *arena, struct outbox_message **ret);

/* Newest first, at most limit (1 to 1000), those with an id before `before` (NULL: all): for
 * administrators. */
struct outbox_entry {
    const char *id, *kind, *to, *account_id, *last_error;
    int64_t created_at, due_at, sent_at, dead_at, attempts;
};
struct outbox_entries {
    struct outbox_entry *list;
    size_t count;
};
enum err outbox_list(struct db *db, struct arena *arena, const char *before, int64_t limit,
                     struct outbox_entries *ret);
