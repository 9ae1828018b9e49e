/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a time zone's clocks show: reads the files of the tz database (RFC 8536). Our own reader,
 * because the C library's knows one zone per process. Every read is within the bytes given.
 */
#pragma once

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

/* How many seconds a zone's clocks are ahead of UTC at a time (seconds since 1970). False when the
   file is not sound. */
bool tzif_offset(struct mem file, int64_t at, int64_t *ret);

/* The same by a rule as POSIX TZ has it ("CET-1CEST,M3.5.0,M10.5.0/3"), which files give for the
   years to come. */
bool tzif_rule_offset(const char *rule, int64_t at, int64_t *ret);
