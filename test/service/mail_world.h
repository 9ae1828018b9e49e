/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the outbox and the jobs stand on: settings, keys, tables, and a kind of mail named "hello",
 * whose text is "Hello NAME", from a UI folder of the test's own.
 */
#pragma once

#include "db/db.h"

#include <stdbool.h>

/* Readies all that on db; false, with the test failed, when something does not open. */
bool mail_world_open(struct db *db);
void mail_world_close(void);

/* Owes one "hello" to an address and commits; gives its id. */
const char *mail_world_owe(struct db *db, const char *to, const char *name);

/* A column of an outbox row as a number, NULL being 0; a text column, NULL being NULL. */
int64_t mail_world_num(struct db *db, const char *id, const char *column);
const char *mail_world_text(struct db *db, const char *id, const char *column);
