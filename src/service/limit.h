/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often a door may be used. A window starts with its first use and ends after its span; within
 * it a fixed number passes. Counters live in one table of fixed size: whatever keys arrive, memory
 * is bounded, and the entry that ends soonest makes room.
 */
#pragma once

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

struct limit_state {
    bool is_allowed;
    int64_t limit, remaining;
    int64_t resets_in; /* milliseconds until the window ends */
};

/*
 * Counts one use of rule by key ("POST /v1/auth/login/ip", an address). rule is a literal's text;
 * key is any bytes and is only kept as a keyed hash. When rate limits are off
 * (SETTING_RATE_LIMITS), always allows.
 */
struct limit_state limit_take(const char *rule, struct mem key, int64_t count, int64_t span);

/* Takes one counted use back: what was asked for was refused before it did anything. */
void limit_give_back(const char *rule, struct mem key);

/* Forgets everything: tests. */
void limit_reset(void);
