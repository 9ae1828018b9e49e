/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identifiers: a UUIDv7 (RFC 9562 5.7) written as 26 characters of lower-case Crockford base32,
 * whose text order is time order, behind a short prefix that tells the kind: "usr_01jd...". Rows
 * that are written often use them as primary keys.
 */
#pragma once

#include "base/arena.h"

#include <stdbool.h>

enum { ID_CHARS = 26, ID_MAX = 40 };

/* A new id, "<prefix>_<26 characters>"; prefix is 2 to 8 lower-case letters. */
char *id_new(struct arena *arena, const char *prefix);

/* True when text is exactly "<prefix>_" and 26 characters of the alphabet. */
bool id_is(const char *text, const char *prefix);

/* Writes 26 characters for 16 bytes, and reads them back (false unless canonical). */
void id_encode(const unsigned char bytes[16], char out[ID_CHARS + 1]);
bool id_decode(const char *text, unsigned char ret[16]);
