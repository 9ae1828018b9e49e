/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The passwords that everybody makes up: one or two of the favourite words or walks over the
 * keyboard, or one up to three times, and an ending such as 123 or 2024!. Made by ourselves, from
 * no list of anybody; a grammar rather than a filter, so it takes no room and never errs. It says
 * yes to some 25 million passwords, fewer than the 10^8 guesses at which zxcvbn's score 3 begins:
 * what it refuses was always too easy, the estimate did not see it.
 */
#pragma once

#include "base/arena.h"

#include <stdbool.h>

/* Whatever its case, and with 4 or @ for a, 3 for e, 1 or ! for i, 0 for o, 5 or $ for s, 7 for t.
 */
bool password_is_pattern(struct arena *arena, const char *password);
