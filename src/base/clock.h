/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one source of time. Wall-clock times are int64 milliseconds since 1970 UTC, in names ending
 * in _at; spans are milliseconds too, written with the constants below. Tests and the development
 * fixture move the clock.
 */
#pragma once

#include "base/arena.h"

#include <stdint.h>

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* Wall-clock time in milliseconds since 1970 UTC, plus what clock_shift added. Thread safe. */
int64_t clock_now(void);

/* From now on clock_now never goes back, and is not before a time; 0 ends that. When the machine's
 * clock is set back, time stands still until it has come as far again: what was to end at a time
 * ends no later for it. A server holds on; tests and commands do not. */
void clock_hold(int64_t at);

/* What the machine's clock says, be it wrong; and how far it is behind what is held, or 0. */
int64_t clock_machine(void);
int64_t clock_lag(void);

/* Nanoseconds from a fixed point; never goes back, never shifted: for durations and deadlines. */
int64_t clock_monotonic_ns(void);

/* Moves the wall clock by a span (may be negative); clock_reset_shift undoes all moves. For tests.
 */
void clock_shift(int64_t span);
void clock_reset_shift(void);

/* Stops the wall clock at a time (tests); 0 lets it run again. clock_creep: each reading then moves
   it on by so much, so that no two readings are the same and their order is seen. */
void clock_freeze(int64_t at);
void clock_creep(int64_t span);

/* "2026-11-21T05:03:01.123Z" (RFC 3339, UTC). */
char *clock_format(struct arena *arena, int64_t at);

/* The date as HTTP has it: "Sat, 21 Nov 2026 05:03:01 GMT" (RFC 9110 5.6.7); out holds 30 bytes. */
void clock_format_http(int64_t at, char out[30]);

/* Parses RFC 3339 with 'Z' or an offset, fraction optional. False when malformed or out of range.
 */
bool clock_parse(const char *text, int64_t *ret_at);

/* "90s", "10m", "24h", "14d"; a plain number counts seconds. False when it is none of these. */
bool clock_parse_span(const char *text, int64_t *ret_span);
