/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The durable outbox of mail. A row is written in the transaction that owes the mail, its variables
 * sealed (they hold tokens) and deleted once it is sent. Delivery is a job: retries with backoff
 * and jitter, the same Message-ID every time, then a dead-letter state.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "db/db.h"

#include <stddef.h>
#include <stdint.h>

struct outbox_var {
    const char *name, *value;
};

#define VARS(...) ((const struct outbox_var[]){ __VA_ARGS__ __VA_OPT__(, ){ NULL, NULL } })

/* Owes a mail of a kind ("reset_password": templates mails/reset_password.{html,txt}, subject key
   "mail.reset_password.subject") to an address in a language. account_id may be NULL. */
enum err outbox_add(struct tx *tx, const char *kind, const char *to, const char *locale,
                    const char *account_id, const struct outbox_var *vars);

/* Delivers what is due, at most a batch; gives how many were handled. Several nodes and threads may
 * do it at once. */
enum err outbox_deliver(struct db *db, struct arena *arena, int *ret_handled);

/* How old the oldest mail that waits is, in milliseconds, 0 when none waits; and counts by state.
 */
struct outbox_figures {
    int64_t oldest_age, waiting, dead, sent_total, failed_total; /* totals since start */
};
enum err outbox_figures(struct db *db, struct arena *arena, struct outbox_figures *ret);

/* Tries a dead or waiting mail again now. E_NOT_FOUND. */
enum err outbox_retry(struct tx *tx, const char *id);

/* How mails leave. Chosen by settings: smtp, folder, development store, or none (they wait). Tests
 * put their own. */
struct outbox_message {
    const char *id, *kind, *to, *subject, *text, *html, *message_id;
    int64_t created_at;
};
typedef enum err (*outbox_send)(const struct outbox_message *message,
                                void *arg);          /* OK sent; E_BUSY later; E_INVALID never */
void outbox_set_sender(outbox_send send, void *arg); /* NULL restores the one settings choose */

/* The last 200 mails of development mode, newest first (kept in memory, only there). The array is
 * in the arena. */
size_t outbox_dev_list(struct arena *arena, struct outbox_message **ret);
