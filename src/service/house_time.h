/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A clock that is wrong (TIME-01). The store remembers the latest time that any node saw. A server
 * whose clock is more than five minutes behind that does not serve: sessions, links and locks would
 * live longer than they may. A clock that leaps ahead ends what has a lifetime, as it must, but
 * removes nothing for a day: by then somebody has noticed, and all can be as it was. See
 * docs/decisions/0055.
 */
#pragma once

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

/* So far the clock may be behind, and so far it may leap ahead unnoticed. */
#define HOUSE_TIME_BEHIND (5 * MINUTE)
#define HOUSE_TIME_LEAP DAY

struct house_time {
    int64_t seen_at;    /* 0: none yet */
    int64_t settles_at; /* 0: nothing is in doubt */
};
enum err house_time_read(struct tx *tx, struct house_time *ret);

/* At the start of a server: from here on its time never goes back, and is not before what the store
   saw. E_DENIED, logged with both times and what to do: the clock is behind. */
enum err house_time_hold(struct db *db, struct arena *arena);

/* Notes what time it is, and that it leapt if it did. */
enum err house_time_note(struct tx *tx);

/* The machine's clock was set back while this server ran: it cannot serve just now. Cheap.
   house_time_watch says so in the log when it begins and ends. */
bool house_time_is_behind(void);
void house_time_watch(void);

/* Whether the clock is beyond doubt: it did not leap within the last day. */
enum err house_time_is_settled(struct tx *tx, bool *ret);

/* The operator says that the machine's clock is right, whatever was seen. What is dated after it is
   for the caller to mend. */
enum err house_time_accept(struct tx *tx);
