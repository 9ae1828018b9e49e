/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking passwords up in a list that somebody else keeps, without telling which (k-anonymity, the
 * range protocol of Pwned Passwords): five hexadecimal digits of the SHA-1 leave the house, padded
 * answers of some hundred hashes come back and are compared here. Off by default (PW-04), see
 * docs/decisions/0046-outbound-requests.md.
 */
#pragma once

#include "base/arena.h"

#include <stdbool.h>

/* PASSWORD_RANGE_URL is given. */
bool password_range_is_set(void);

/* Whether a password is in the list: asks, at most 2 seconds, unless it was asked in the last hour.
   False also when nobody answers, which is logged and counted: the local lists decide then. Slow:
   see web/outside.h. */
bool password_range_look_up(struct arena *arena, const char *password);

/* Forgets what was found (tests). */
void password_range_forget(void);
