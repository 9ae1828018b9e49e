/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How badly the range of an address has behaved lately: wrong passwords, codes and tokens, refusals
 * by limits. It is noted for the address's network, for the wider ranges around it and for
 * everybody together, and fades with time. Whoever sprays one guess at each of ten thousand
 * accounts is below every single limit, but not below this (RATE-08).
 */
#pragma once

#include "base/ip.h"

/* Something went wrong: 1 for a wrong password, code or token and for a request refused by a limit,
   2 for a wrong captcha. Bounded memory, whatever addresses come; thread safe. */
void pressure_note(struct ip client, int weight);

/* 0 (calm) to 100 (as bad as it gets), the worst of the address's ranges; a captcha is asked for
   from 50 on. What everybody does together gives no more than 60. 0 while limits are off
   (SETTING_RATE_LIMITS). */
int pressure_of(struct ip client);

/* Forgets everything: tests. */
void pressure_reset(void);
