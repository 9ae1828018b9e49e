/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of breached passwords: a compact file that answers "was this password seen in a breach?"
 * locally, so that no request waits for a network and no password leaves the machine. It keeps
 * pieces of SHA-1 hashes, the form in which such lists are published; it is no way to store
 * passwords. Read with pread, never mapped: a file cut short under a running server gives an error
 * and not a signal. docs/decisions/0041-lists-of-breached-passwords.md.
 *
 * The file, numbers little-endian: "CARDEAPW", u32 version 1, u32 bits (1 to 32), u64 count, u64 0,
 * 32 bytes of checksum; an index of 2^bits + 1 u32; count entries of 3 bytes. A key is the first 8
 * bytes of a SHA-1, big-endian; its first `bits` bits name a bucket, the next 24 are its entry,
 * which stands among those from index[bucket] up to index[bucket + 1]. The checksum is
 * h = SHA-256(pieces h, block) over blocks of 64 KiB of what follows the header, h first all zero.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct password_list {
    int fd;              /* -1: in memory */
    const uint8_t *copy; /* the file's bytes, when in memory */
    uint64_t bytes, count;
    unsigned bits;
};

enum { PASSWORD_LIST_HEADER = 64, PASSWORD_LIST_ENTRY = 3, PASSWORD_LIST_BUCKET_MAX = 4096 };

/* Opens and checks all of it. E_NOT_FOUND: no such file; E_INVALID: damaged, or something else. */
enum err password_list_open(const char *path, struct password_list *ret);
/* The same over bytes that outlive the list. */
enum err password_list_read(struct mem bytes, struct password_list *ret);
void password_list_close(struct password_list *list);

/* E_FAULT when the file changed under us. */
enum err password_list_find(const struct password_list *list, uint64_t key, bool *ret_is_listed);
uint64_t password_list_key(struct mem password);

/* The keys of the password itself, of its lower-case and of its Capitalised spelling. */
enum { PASSWORD_SPELLINGS = 3 };
void password_list_keys(struct arena *arena, const char *password,
                        uint64_t ret[PASSWORD_SPELLINGS]);

/* --- the list that is built in (data/README.md) --- */

void password_list_builtin(struct password_list *ret);
/* In one of its spellings. */
bool password_is_common(struct arena *arena, const char *password);

/* --- the list of this process --- */

/* Takes over the file that PASSWORD_LIST names, or none; on failure, logged, the earlier one stays.
 */
enum err password_list_configure(void);
/* False also when there is none. */
bool password_is_listed(struct arena *arena, const char *password);

/* --- building --- */

struct password_list_built {
    uint64_t lines, skipped, count, bytes;
};

/* Reads lines, each a password or SHA1[:count], and replaces the file at path when all went well.
   Memory stays bounded: keys wait in an unlinked file beside it, 8 bytes each. */
enum err password_list_build(FILE *from, const char *path, struct password_list_built *ret);
/* The checksum of what follows the header. */
enum err password_list_sum(const struct password_list *list, uint8_t ret[32]);
