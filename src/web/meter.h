/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Meters: what the limits of the route table count. A meter is a door and whom it counts by ("login
 * ip"); routes that name the same door share it. Its figures are those of the route table, or of
 * SETTING_LIMITS, which may change while requests run:
 *
 *     LIMITS = login ip 10/1m 100/1h; register ip 5/1h
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "web/route.h"

#include <stddef.h>
#include <stdint.h>

enum { METER_WINDOWS = 4, METERS_MAX = 96 };

struct meter;

/* Makes the meters of all routes; the router calls it. Asserts that routes that share a door say
   the same of it. */
void meters_open(void);

/* Takes over SETTING_LIMITS, which was checked when it was read. */
void meters_configure(void);

/* NULL when the text makes sense, else why not, in words for an operator. */
const char *meters_check(struct arena *arena, const char *text);

/* The meters of the route with this index: *ret_count of them. */
const struct meter *const *meters_of(size_t route, size_t *ret_count);

/* NULL when no route has it. */
const struct meter *meter_named(const char *door, enum limit_by by);

const char *meter_door(const struct meter *m);
enum limit_by meter_by(const struct meter *m);
/* "ip", "account", "session", "email", "failures" */
const char *meter_by_name(const struct meter *m);
/* limit_name() of the two together. */
uint64_t meter_name(const struct meter *m);

/* The n-th window; false when there are no more. */
bool meter_window(const struct meter *m, size_t n, int64_t *ret_count, int64_t *ret_span);

/* docs/reference/limits.md, without the ranges of addresses. */
void meters_write_reference(struct buf *out);
