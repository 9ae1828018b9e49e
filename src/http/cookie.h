/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cookies (RFC 6265bis).
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#include <stdint.h>

/* The value of one cookie in a Cookie header (NULL header allowed). E_NOT_FOUND when absent;
   E_INVALID when the name occurs twice: somebody planted one. Malformed neighbours are skipped. */
enum err cookie_find(struct arena *arena, const char *header, const char *name, const char **ret);

/* A Set-Cookie value: HttpOnly, SameSite=Lax, Path=/, Secure when secure, and Max-Age (0: a session
   cookie; negative: deletes it). name and value are ours and need no escaping; asserted. */
char *cookie_format(struct arena *arena, const char *name, const char *value,
                    int64_t max_age_seconds, bool secure);
