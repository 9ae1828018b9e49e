/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A clock that is wrong: see house_time.h. All here goes by the machine's clock: a test fixture
 * moves its time on purpose.
 */
#include "service/house_time.h"

#include "base/log.h"

#include <stdatomic.h>

enum err house_time_read(struct tx *tx, struct house_time *ret)
{
    *ret = (struct house_time){ 0 };
    enum err e = db_one(tx, "SELECT seen_at, settles_at FROM house_time WHERE id = 'house'", V_NONE,
                        INTO(to_num(&ret->seen_at), to_num(&ret->settles_at)));
    return e == E_NOT_FOUND ? OK : e;
}

/* --- noting --- */

enum err house_time_note(struct tx *tx)
{
    struct house_time old;
    int64_t now = clock_machine();
    TRY(house_time_read(tx, &old));
    if (now <= old.seen_at)
        return OK;
    if (old.seen_at && now - old.seen_at > HOUSE_TIME_LEAP)
        LOG(LOG_WARN, "clock.leapt", LOG_TEXT("from", clock_format(tx->arena, old.seen_at)),
            LOG_TEXT("to", clock_format(tx->arena, now)),
            LOG_TEXT("do", "nothing is removed for a day; if the clock is right, that is all"));
    return db_run(tx,
                  "INSERT INTO house_time (id, seen_at, settles_at) VALUES ('house', $1, 0)"
                  " ON CONFLICT (id) DO UPDATE"
                  "    SET settles_at = CASE WHEN excluded.seen_at - house_time.seen_at > $2"
                  "                          THEN excluded.seen_at + $2"
                  "                          ELSE house_time.settles_at END,"
                  "        seen_at = excluded.seen_at"
                  "  WHERE house_time.seen_at < excluded.seen_at",
                  V(num(now), num(HOUSE_TIME_LEAP)));
}

static enum err refuse(struct arena *arena, int64_t now, int64_t seen_at)
{
    LOG(LOG_ERROR, "clock.behind", LOG_TEXT("clock", clock_format(arena, now)),
        LOG_TEXT("last_seen", clock_format(arena, seen_at)),
        LOG_TEXT("do", "set this machine's clock right and start again; if it is right and was "
                       "wrong before, stop all servers and run: cardea clock accept"));
    return E_DENIED;
}

enum err house_time_hold(struct db *db, struct arena *arena)
{
    struct tx tx;
    struct house_time seen;
    int64_t now = clock_machine();
    db_begin(&tx, db, DB_WRITE, arena);
    enum err e = house_time_read(&tx, &seen);
    if (e == OK && now < seen.seen_at - HOUSE_TIME_BEHIND)
        e = refuse(arena, now, seen.seen_at);
    if (e == OK)
        e = house_time_note(&tx);
    if (e) {
        db_rollback(&tx);
        return e;
    }
    clock_hold(seen.seen_at > now ? seen.seen_at : now);
    return db_commit(&tx);
}

/* --- a running server --- */

bool house_time_is_behind(void)
{
    return clock_lag() > HOUSE_TIME_BEHIND;
}

void house_time_watch(void)
{
    static atomic_bool was_behind;
    bool is_behind = house_time_is_behind();
    if (atomic_exchange(&was_behind, is_behind) == is_behind)
        return;
    if (is_behind)
        LOG(LOG_ERROR, "clock.set_back", LOG_NUM("seconds", clock_lag() / SECOND),
            LOG_TEXT("do", "requests are refused until the clock is right; if it is right and was "
                           "wrong before, stop all servers and run: cardea clock accept"));
    else
        LOG(LOG_INFO, "clock.is_right_again");
}

/* Ahead of the note by a leap: it has leapt this moment. A note far ahead of us is another node's
 * leap, not ours. */
enum err house_time_is_settled(struct tx *tx, bool *ret)
{
    struct house_time seen;
    int64_t now = clock_machine();
    TRY(house_time_read(tx, &seen));
    bool leaps = seen.seen_at && now - seen.seen_at > HOUSE_TIME_LEAP;
    bool has_leapt = now < seen.settles_at && seen.settles_at - now <= HOUSE_TIME_LEAP;
    *ret = !leaps && !has_leapt;
    return OK;
}

enum err house_time_accept(struct tx *tx)
{
    return db_run(tx,
                  "INSERT INTO house_time (id, seen_at, settles_at) VALUES ('house', $1, 0)"
                  " ON CONFLICT (id) DO UPDATE"
                  "    SET seen_at = excluded.seen_at, settles_at = excluded.settles_at",
                  V(num(clock_machine())));
}
