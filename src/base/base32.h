/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base32 as authenticator apps have it: RFC 4648 6, upper case, no padding. Row ids and recovery
 * codes use another alphabet (base/id.h, crypto/recovery_code.h).
 */
#pragma once

#include "base/arena.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The text of bytes: eight characters for five of them, rounded up. */
char *base32_format(struct arena *arena, struct mem bytes);

/* Decodes a whole text in either case into at most max bytes; false on any other character, an
 * impossible length, non-zero trailing bits, or when it does not fit. */
bool base32_parse(const char *text, uint8_t *ret, size_t max, size_t *ret_n);
