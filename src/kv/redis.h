/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tallies that several nodes count together, in Redis. A request's tallies go there and back in one
 * round trip, in one transaction of plain commands (MULTI, SET NX PX, INCR, PTTL, EXEC): no
 * scripts, nothing that a hardened Redis refuses. Keys are keyed hashes and always expire.
 *
 * Redis is never needed: when it is away, stalls, or answers with anything else than counts, one
 * request of each thread waits for at most a fifth of a second, all others none, and a thread of
 * its own tries again in the background. Meanwhile every call gives E_BUSY and the node counts
 * alone.
 */
#pragma once

#include "base/err.h"
#include "kv/tally.h"

#include <stdbool.h>
#include <stddef.h>

/* A REDIS_URL taken apart: redis://[user:password@]host[:port][/database]; parts are decoded. */
struct redis_url {
    char host[254], user[256], password[512];
    int port, database;
};

/* NULL; or why it makes no sense, without repeating any of it. */
const char *redis_url_parse(const char *text, struct redis_url *ret);

/* Opens the library and starts to connect; does not wait for Redis. E_FAULT, logged, when the
   library is missing or the URL makes no sense. */
enum err redis_open(const char *url);
/* Ends it; nobody may be using it. Without redis_open: nothing. */
void redis_close(void);

/* Redis answers at the moment. Cheap. */
bool redis_is_up(void);

/* Counts one use of each and fills in used and resets_in, whether a limit is passed or not. E_BUSY:
   nothing is known, the tallies are unchanged. Waits: never on a thread that serves connections. */
enum err redis_take(struct tally *tallies, size_t n);

/* Takes one use of each back. E_BUSY as above. */
enum err redis_give_back(const struct tally *tallies, size_t n);

struct redis_figures {
    bool is_set, is_up;
    int64_t losses; /* how often it went away */
};
struct redis_figures redis_figures(void);
