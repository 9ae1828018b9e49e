/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domains that give throw-away mailboxes to anybody. Accounts there cost nothing to make by the
 * thousand and nobody can be reached at them, so they cannot register. A list of well-known ones is
 * built in; DISPOSABLE_DOMAINS names a file that adds to it, or with a leading "!" allows one of
 * them. Looked up in place, in sorted text: as little memory as the file has bytes.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>

/* The address (its key, account/email.h) is at a listed domain, or below one. */
bool disposable_is(const char *email_key);

/* Takes over the file that DISPOSABLE_DOMAINS names, or none; on failure, logged, the earlier one
   stays. */
enum err disposable_configure(void);

/* The rule of DISPOSABLE_DOMAINS (setting_set_check): NULL, or what is wrong with the file. */
const char *disposable_check(struct arena *arena, const char *path);

/* One domain a line; "#" begins a comment. There is room for one byte more. Puts the lines in
   order, in place and in lower case, and gives how many bytes are left. E_INVALID: a line is no
   domain, and *ret_n its number. For configure and tests. */
enum err disposable_sort(char *lines, size_t n, size_t *ret_n);
/* A line is there, in sorted text. */
bool disposable_find(struct mem sorted, const char *line);
/* What is built in, sorted. */
struct mem disposable_builtin(void);
