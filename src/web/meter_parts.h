/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of web/meter share; nobody else includes it. meter.c keeps the table,
 * meter_setting.c reads SETTING_LIMITS.
 */
#pragma once

#include "web/meter.h"

struct meter_figure {
    int64_t count, span; /* count 0: unused */
};

size_t meters_count(void);
struct meter *meters_nth(size_t i);
/* METER_WINDOWS figures: those of the route table. */
const struct meter_figure *meter_initial(const struct meter *m);
void meter_set(struct meter *m, const struct meter_figure *figures);
