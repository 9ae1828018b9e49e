/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that were looked up a moment ago, so that a session check costs no query. An entry is
 * believed for at most one second (what other nodes and commands did shows by then); what this
 * process does shows at once: session_cache_expire after each commit that changed an account or its
 * sessions. An entry read before such a commit is never published after it.
 */
#pragma once

#include "account/session.h"
#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

/* A believed copy of a session, texts in the arena, and notes its use. False: ask the store. */
bool session_cache_find(struct arena *arena, const char *id, struct session *ret);

/* Call before reading the store, pass the number on to session_cache_put after it. */
uint64_t session_cache_epoch(void);
void session_cache_put(const struct session *session, uint64_t epoch);

/* Nothing about this account is believed any more. */
void session_cache_expire(const char *account_id);
void session_cache_clear(void);

/* Uses that the store does not know yet: calls note(id, seen_at) for each session used since it was
   last noted, at most max of them; gives how many. */
int session_cache_drain_uses(int max, void (*note)(void *arg, const char *id, int64_t seen_at),
                             void *arg);

/* For metrics. */
void session_cache_figures(int64_t *ret_hits, int64_t *ret_misses);
