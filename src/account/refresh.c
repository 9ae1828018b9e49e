/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rotating refresh tokens: see session.h (RFC 9700 4.14.2).
 */
#include "account/refresh_token.h"
#include "account/session.h"
#include "base/clock.h"
#include "base/text.h"
#include "service/setting.h"

/* A lost reply may be asked for again this long; a racing tab gets the same successor. */
static const int64_t GRACE = 10 * SECOND;

/* What is stored of the session that a token names. */
struct stored {
    int64_t generation, rotated_at;
    const char *key_id;
};

static enum err find_stored(struct tx *tx, const char *id, struct stored *ret)
{
    int64_t now = clock_now();
    enum err e =
        db_one(tx,
               "SELECT generation, rotated_at, key_id FROM session"
               " WHERE id = $1 AND expires_at > $2 AND last_seen_at > $3",
               V(text(id), num(now), num(now - setting_span(SETTING_SESSION_IDLE))),
               INTO(to_num(&ret->generation), to_num(&ret->rotated_at), to_text(&ret->key_id)));
    return e == E_NOT_FOUND ? E_UNAUTHENTICATED : e;
}

/* Only who holds the key could have made this token. */
static bool is_genuine(struct arena *arena, const char *token, const char *key_id,
                       const struct refresh_parts *parts)
{
    const char *expected;
    enum err e = refresh_format(arena, key_id, parts->session_id, parts->generation, &expected);
    return e == OK && mem_equal(mem_text(token), mem_text(expected));
}

enum err session_refresh_find(struct tx *peek, const char *token, const struct origin *from,
                              struct refreshed *ret)
{
    struct refresh_parts parts;
    struct stored stored;
    *ret = (struct refreshed){ 0 };
    if (!refresh_parse(peek->arena, token, &parts))
        return E_UNAUTHENTICATED;
    TRY(find_stored(peek, parts.session_id, &stored));
    if (!is_genuine(peek->arena, token, stored.key_id, &parts))
        return E_UNAUTHENTICATED;
    enum err e = session_find(peek, parts.session_id, &ret->session);
    if (e == E_NOT_FOUND)
        return E_UNAUTHENTICATED; /* its account is locked */
    TRY(e);
    ret->generation = parts.generation;
    ret->is_moved = !session_is_at_home(&ret->session, from);
    return refresh_format(peek->arena, stored.key_id, parts.session_id, parts.generation + 1,
                          &ret->token);
}

static enum err end_it(struct tx *tx, const struct refreshed *r)
{
    enum err e = session_end(tx, r->session.account_id, r->session.id);
    if (e == E_NOT_FOUND)
        return E_UNAUTHENTICATED; /* somebody else ended it this moment */
    TRY(e);
    return E_GONE;
}

/* One conditional statement: whatever was read before may have changed since. */
static enum err rotate(struct tx *tx, const struct refreshed *r, int64_t now, int64_t *ret_rows)
{
    return db_change(tx,
                     "UPDATE session SET generation = $3, rotated_at = $4, last_seen_at = $4"
                     " WHERE id = $1 AND generation = $2 AND expires_at > $4 AND last_seen_at > $5"
                     "   AND account_id IN (SELECT id FROM account"
                     "                       WHERE id = $6 AND locked_at IS NULL)",
                     V(text(r->session.id), num(r->generation), num(r->generation + 1), num(now),
                       num(now - setting_span(SETTING_SESSION_IDLE)), text(r->session.account_id)),
                     ret_rows);
}

enum err session_refresh(struct tx *tx, struct refreshed *r)
{
    struct stored stored;
    int64_t now = clock_now(), rows = 0;
    if (r->is_moved)
        return end_it(tx, r);
    TRY(rotate(tx, r, now, &rows));
    if (rows)
        return OK;

    /* Not the newest. Somebody rotated it, perhaps a moment ago: look again. */
    TRY(find_stored(tx, r->session.id, &stored));
    if (stored.generation == r->generation)
        return E_UNAUTHENTICATED; /* its account was locked this moment */
    /* Not for longer when the clock goes back, but another node's may be a little behind. */
    int64_t age = now - stored.rotated_at;
    r->is_repeat = stored.generation == r->generation + 1 && age <= GRACE && age >= -GRACE;
    if (r->is_repeat)
        return OK;
    r->is_reuse = true;
    return end_it(tx, r);
}

enum err session_of_refresh(struct tx *tx, const char *token, const char **ret_id)
{
    struct refresh_parts parts;
    struct stored stored;
    if (!refresh_parse(tx->arena, token, &parts))
        return E_UNAUTHENTICATED;
    TRY(find_stored(tx, parts.session_id, &stored));
    if (!is_genuine(tx->arena, token, stored.key_id, &parts))
        return E_UNAUTHENTICATED;
    *ret_id = parts.session_id;
    return OK;
}
