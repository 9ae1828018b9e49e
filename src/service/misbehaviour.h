/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who goes on misbehaving: hundreds of wrong passwords, codes, captchas and refused requests within
 * an hour. Pressure (pressure.h) makes such a range work for each try; this finds the ones that do
 * not mind, so that they are kept out for a while. Counted for what one customer has (an IPv4
 * address, an IPv6 /64) and for the /24 or /48 around it, in bounded memory.
 */
#pragma once

#include "base/ip.h"

#include <stddef.h>

/* Something went wrong, as pressure_note hears it. Thread safe. */
void misbehaviour_note(struct ip client, int weight);

/* Ranges that have crossed the line, at most max; each is named once and begins anew. Nothing to
   look for costs one load. */
size_t misbehaviour_take(struct ip_range *ret, size_t max);

/* Forgets everything: tests. */
void misbehaviour_reset(void);
