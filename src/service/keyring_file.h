/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of sealing keys, one "id:base64key" a line, for houses without ENCRYPTION_KEYS. It is a
 * file of its own so that a stolen database alone gives no secrets away. Only service/keyring.c
 * includes this.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "crypto/seal.h"

/* Where the keys are: KEY_FILE, "<database>.keys" for SQLite, else "cardea.keys". NULL for a
 * database in memory, whose keys live no longer than it does. */
const char *keyring_file_path(struct arena *arena);

/* Reads the file. E_NOT_FOUND when there is none; E_INVALID, logged, when others may read it or it
 * holds no keys. */
enum err keyring_file_read(const char *path, struct seal_ring *ret);

/* A ring of one new key. */
void keyring_file_draw(struct seal_ring *ret);

/* Writes a ring to a new file that only its owner may read, complete and durable or not at all.
 * E_CONFLICT when the file exists by now: somebody else was faster. */
enum err keyring_file_make(const char *path, const struct seal_ring *ring);
