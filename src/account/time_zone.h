/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of time zones ("Europe/Berlin", IANA tz database). What exists is asked of the system's own
 * tables, so that it is as new as they are; a system without them takes whatever has the form.
 */
#pragma once

#include <stdbool.h>

bool time_zone_is_good(const char *name);
