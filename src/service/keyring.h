/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of this house. Sealing keys come from ENCRYPTION_KEYS or a 0600 file; signing keys live
 * in the store, sealed. A signing key's life: next (published, does not sign yet), active (signs),
 * retiring (verifies until the last token it signed has expired), retired (gone from the JWKS).
 * There is always a next, published at least an hour before it signs.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "crypto/jws.h"
#include "crypto/seal.h"
#include "db/db.h"

#include <stdint.h>

/* Reads or makes all keys (SETTING_ENCRYPTION_KEYS, SETTING_KEY_FILE; the file is beside a SQLite
 * database, or ./cardea.keys). E_INVALID, logged: the keys do not open what the store holds, or a
 * file that others may read. */
enum err keyring_open(struct db *db, struct arena *arena);
void keyring_close(void);

/* The keys for secrets at rest. */
const struct seal_ring *keyring_seals(void);

/* A 32-byte key for a purpose ("refresh-token", "csrf"), derived from the sealing key with this id;
   NULL means the first. E_NOT_FOUND for an id that the ring no longer has. keyring_seal_id gives
   the first one's id. */
enum err keyring_derive(const char *key_id, const char *purpose, uint8_t out[32]);
const char *keyring_seal_id(void);

/* The key that signs now; and the one with a kid among those that verify, NULL for unknown (fits
 * jws_verify; arg is ignored). */
const struct jws_key *keyring_signing(void);
const struct jws_key *keyring_find(void *arg, const char *kid);

/* The JWKS document {"keys":[...]}: next, active and retiring. */
void keyring_put_jwks(struct json_writer *j);

struct keyring_entry {
    const char *kid, *state; /* "next", "active", "retiring", "retired" */
    int64_t created_at, active_at, retiring_at, retired_at;
};
enum err keyring_list(struct db *db, struct arena *arena, struct keyring_entry **ret,
                      size_t *ret_count);

/* Makes next active, active retiring and a new next, in one transaction. */
enum err keyring_rotate(struct db *db, struct arena *arena);
/* What the job does: rotates when due, retires what no token can need, and takes over what other
 * nodes did. */
enum err keyring_tend(struct db *db, struct arena *arena);
/* The machine's clock was ahead of a time and is right now: no key is dated after it. Servers take
   it over at their next start. */
enum err keyring_mend(struct tx *tx, int64_t now);
/* Age of the active key in milliseconds, for the metric. */
int64_t keyring_age(void);
