/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time zones of the system by name ("Europe/Berlin", IANA tz database), so that they are as new as
 * the system is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* "Area/Location" or "Area/Region/Location" or "UTC", whether there is one or not. */
bool zone_has_form(const char *name);

/* How many milliseconds a zone's clocks are ahead of UTC at a time. False when the system does not
   know it. */
bool zone_offset(const char *name, int64_t at, int64_t *ret);
