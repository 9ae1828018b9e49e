/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of kv/redis share; nobody else includes it. redis.c speaks over one connection,
 * redis_pool.c keeps connections and knows whether Redis is there.
 */
#pragma once

#include "kv/redis.h"

#include <stdint.h>

enum { REDIS_WHY = 96, REDIS_ADDRESS = 64 };

struct redis_link;

enum redis_move { REDIS_TAKE, REDIS_GIVE_BACK };

/* Opens libhiredis once. E_FAULT, logged with what to install. */
enum err redis_load(void);

/* Connects to host (a name or an address), within timeout_ms for each step, and signs in. NULL, and
   why (never a secret), when it does not work. */
struct redis_link *redis_connect(const struct redis_url *url, const char *host, int timeout_ms,
                                 char why[REDIS_WHY]);
void redis_disconnect(struct redis_link *link);

/* The address it is connected to, so that nobody needs to look up the name again. */
void redis_address(const struct redis_link *link, char ret[REDIS_ADDRESS]);

/* One round trip. False, and why: the link is of no more use, the tallies are unchanged. */
bool redis_count(struct redis_link *link, struct tally *tallies, size_t n, enum redis_move move,
                 char why[REDIS_WHY]);
