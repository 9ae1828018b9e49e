/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of time zones: see time_zone.h.
 */
#include "account/time_zone.h"

#include "base/clock.h"
#include "service/zone.h"

bool time_zone_is_good(const char *name)
{
    int64_t offset, now = clock_now();
    if (!zone_has_form(name))
        return false;
    bool has_tables = zone_offset("UTC", now, &offset);
    return !has_tables || zone_offset(name, now, &offset);
}
