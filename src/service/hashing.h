/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Password hashing slots. The threads that may hash each own one reused memory (crypto/argon2.h),
 * so memory is bounded by their number, whatever arrives; the queue in front of them is web/lane's.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

/* Takes SETTING_PASSWORD_HASH (again after a reload). */
enum err hashing_configure(void);

/* Hashes with the current cost on this thread. */
enum err hashing_hash(struct arena *arena, struct mem password, const char **ret_phc);

/*
 * Verifies on this thread. phc NULL (no such account, no password) spends the same time on a dummy
 * with the current cost and gives no match. A malformed or over-costly stored string counts as no
 * match too and is logged. ret_outdated may be NULL. Every refusal costs about one hash at the
 * current cost (ENUM-02), also where the stored string is cheaper.
 */
enum err hashing_verify(const char *phc, struct mem password, bool *ret_matches,
                        bool *ret_outdated);

/* From now on, a helper that gives way to everybody does the long part of this thread's hashes; see
   hashing_helper.h. It ends with this thread. */
void hashing_use_helper(void);

/* Gives this thread's memory back to the kernel; the next hash faults it in anew. Called when
 * quiet. */
void hashing_rest(void);

/* Figures since start for metrics: hashes done, and nanoseconds spent in them. */
void hashing_figures(int64_t *ret_count, int64_t *ret_ns);
