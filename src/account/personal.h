/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Personal data: which rows of which table are about a person. Whoever owns a table with an account
 * in it says so once, and from that follow what somebody's own export holds and what closing an
 * account removes. A test walks the schema and fails for a table that nobody listed.
 */
#pragma once

#include "base/json.h"
#include "db/db.h"

struct personal_table {
    const char *name; /* of the table; also of the member in an export */
    /* Puts the account's rows into an array that was begun; secrets (hashes, seeds) stay out. NULL:
       the rows hold nothing that somebody could read. */
    enum err (*write)(struct tx *tx, const char *account_id, struct json_writer *j);
    /* Removes the account's rows. NULL: they go with the account's row (ON DELETE CASCADE). */
    enum err (*remove)(struct tx *tx, const char *account_id);
    /* Run with a time as $1 when the machine's clock was ahead of it and is right now: ends what is
       dated after it and would live too long, and what would wait too long. NULL: nothing does. */
    const char *mend;
};

/* Lists ended by an entry without a name, themselves ended by NULL; in the order of removal: what
   refers to a row goes before it. app.c gives them. */
void personal_set_tables(const struct personal_table *const *lists);

/* Writes every table as a member of the object that was begun. */
enum err personal_write(struct tx *tx, const char *account_id, struct json_writer *j);

/* Removes every row; the account's own comes last. */
enum err personal_remove(struct tx *tx, const char *account_id);

/* Runs the mend of every table. */
enum err personal_mend(struct tx *tx, int64_t now);

/* The nth table, NULL after the last: for tests and reference. */
const struct personal_table *personal_nth(size_t i);

/* The tables of this layer and the layer below; account_personal comes last of all. */
extern const struct personal_table registration_personal[], session_personal[], pending_personal[],
    lockout_personal[], device_personal[], disavowal_personal[], inactivity_personal[],
    deletion_personal[], email_change_personal[], service_personal[], account_personal[],
    totp_personal[], recovery_personal[], notification_personal[], magic_link_personal[],
    email_code_personal[], passkey_personal[], ceremony_personal[], invite_personal[],
    waitlist_personal[];

/* For write(): the rows of one statement, each an object of the columns named, in order, separated
   by spaces. A name that ends in _at or _until is written as a time. */
enum err personal_write_rows(struct tx *tx, const char *columns, const char *sql,
                             struct db_values values, struct json_writer *j);
