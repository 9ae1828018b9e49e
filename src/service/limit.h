/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often doors may be used. A window starts with its first use and ends after its span; within
 * it a fixed number passes. Every node counts in its own bounded memory (kv/memory.h); where there
 * is Redis (SETTING_REDIS_URL) the nodes count together, and when it is away each goes on with what
 * it knows: never without limits. See docs/decisions/0042-limits.md.
 */
#pragma once

#include "base/err.h"
#include "base/mem.h"
#include "kv/tally.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limit_state {
    bool is_allowed;
    int64_t limit, remaining;
    int64_t resets_in; /* milliseconds until the window ends */
};

/* Starts to connect to Redis, where there is one. The key under which tallies are hashed; the same
   on every node, as the sealing keys are. The keyring is open. */
enum err limit_open(void);
void limit_close(void);

/* What a counter is called, "login ip", as a number that is the same on every node. */
uint64_t limit_name(const char *name);

/* The tally of one key (any bytes; only a keyed hash is kept) under a name. */
struct tally limit_tally(uint64_t name, struct mem key, int64_t count, int64_t span);

/* Takes one use of each in this process's memory, or of none: gives n, or the index of the one that
   refuses. While limits are off (SETTING_RATE_LIMITS) all pass. */
size_t limit_take_all(struct tally *tallies, size_t n);

/* The nodes count together at the moment. */
bool limit_is_shared(void);

/* Takes one use of each at Redis, for what limit_take_all took here; in one round trip, so never on
   a thread that serves connections (may_wait). Gives as limit_take_all, and has given back
   everything when one refuses. While Redis is away all pass: this node's own count has decided. */
size_t limit_share(struct tally *tallies, size_t n, bool may_wait);

/* Takes one use back of each, here and (is_shared) at Redis: what was asked for was refused before
   it did anything. */
void limit_give_back_all(const struct tally *tallies, size_t n, bool is_shared);

/* How a tally stands after it was taken. */
struct limit_state limit_state_of(const struct tally *tally);

/* One tally alone, for what is no door. */
struct limit_state limit_take(const char *name, struct mem key, int64_t count, int64_t span);

/* Forgets everything: tests. */
void limit_reset(void);
