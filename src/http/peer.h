/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many connections each peer has: an IPv4 address or an IPv6 /64, which one client owns whole.
 */
#pragma once

#include "base/ip.h"

struct peer_table;

struct peer_table *peer_table_new(void);
void peer_table_free(struct peer_table *table); /* NULL is allowed */

/* Counts one more connection; false, and nothing counted, when it would be more than max. */
bool peer_add(struct peer_table *table, struct ip ip, int max);
void peer_remove(struct peer_table *table, struct ip ip);
