/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The house as a whole.
 */
#pragma once

#include "command/console.h"
#include "db/db.h"

/* Tells the router and the jobs what there is. Before anything else. */
void app_register(void);

/* Opens every service above an open and migrated store: keys, hashing, languages, templates, the
   dispatcher. The settings are read already. is_synchronous is for tests. */
enum err app_open_services(struct db *db, struct arena *arena, bool is_synchronous);
void app_close_services(void);

/* cardea serve: until a signal asks to stop. Gives the exit code. */
int app_serve(struct console *c);
