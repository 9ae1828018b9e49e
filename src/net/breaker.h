/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A circuit breaker for each place that is called: five failures in a row, and for half a minute
 * nobody waits for it any more; then one goes ahead to look. Also a bulkhead: only so many at a
 * time, so that one slow place never holds all threads. In memory, for the last 64 places.
 */
#pragma once

#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>

enum { BREAKER_FAILURES = 5, BREAKER_PLACES = 64, BREAKER_AT_ONCE = 4 };
#define BREAKER_REST (30 * SECOND)

/* OK: go ahead, and then leave. E_BUSY: not now. place is "host:port", at most 260 bytes; at_once 0
   means BREAKER_AT_ONCE. */
enum err breaker_enter(const char *place, int at_once);
void breaker_leave(const char *place, bool went_well);

/* Forgets all (tests). */
void breaker_reset(void);
