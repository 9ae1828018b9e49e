/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens that are good once and for a while: mailed links, half sign-ins, challenges. Their rows
 * differ, what has to be right does not: found by the id, live, compared by the hash of the secret;
 * used up by one statement, of which at most one caller sees an effect (RACE-01); swept away later.
 */
#pragma once

#include "base/err.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

/* What a kind's owner says about its table. */
struct single_use {
    const char *prefix, *purpose; /* crypto/token.h */
    const char *look;  /* SELECT secret_hash, ...: the row with id $1 that is live at $2 */
    const char *take;  /* removes it, or makes it void; NULL: this kind has a way of its own */
    const char *purge; /* removes at most DB_BATCH that ended before $1; likewise */
};

/* What a token stands for: its row's id, and what look selects behind the hash. E_GONE for anything
   but a live token. Changes nothing. */
enum err single_use_look(struct tx *tx, const struct single_use *kind, const char *presented,
                         const char **ret_id, struct db_outs rest);

/* Uses a row up: at most one caller gets OK. E_GONE otherwise. */
enum err single_use_take(struct tx *tx, const struct single_use *kind, const char *id);

enum err single_use_purge(struct tx *tx, const struct single_use *kind, int64_t now,
                          bool *ret_more);
