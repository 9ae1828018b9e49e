/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tallies of this process, in one table of fixed size: whatever keys arrive, memory is bounded.
 * When a set of places is full, a tally that has ended makes room, else the one that is furthest
 * below its limit: a flood of new keys cannot reset what stands against somebody (RATE-10).
 */
#pragma once

#include "kv/tally.h"

#include <stdbool.h>
#include <stddef.h>

/* Takes one use of each, or of none: gives n, or the index of the tally that refuses (of several
   the one that lasts longest). Fills in used and resets_in. Thread safe. */
size_t memory_take(struct tally *tallies, size_t n);

/* Takes one use back. */
void memory_give_back(const struct tally *tally);

/* What others know: this tally stands at least at used and its window ends in resets_in. */
void memory_learn(const struct tally *tally);

/* Forgets everything: tests. */
void memory_reset(void);
