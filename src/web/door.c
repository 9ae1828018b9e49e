/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door: see door.h.
 */
#include "web/door.h"

#include "account/access_token.h"
#include "account/notice.h"
#include "account/session_cache.h"
#include "base/text.h"
#include "http/cookie.h"
#include "service/setting.h"

#include <string.h>

/* "Bearer <token>", the scheme in any case (RFC 9110 11.1). */
static const char *bearer(const struct http_request *request)
{
    const char *value = http_header_find(request, "authorization");
    if (!value || strlen(value) < 8 || strncasecmp(value, "bearer ", 7) != 0)
        return NULL;
    return value + 7 + strspn(value + 7, " ");
}

enum err door_read_credentials(struct req *rq)
{
    const char *header = http_header_find(&rq->x->request, "cookie");
    enum err e = cookie_find(rq->arena, header, session_cookie_name(), &rq->cookie);
    if (e == E_INVALID)
        return refuse(rq, PROBLEM_DUPLICATE_COOKIE);
    if (e)
        rq->cookie = NULL;
    return OK;
}

/* Which session the credential names; E_NOT_FOUND when there is no usable one. A bearer token, when
   there is one, speaks alone. */
static enum err name_session(struct req *rq, const char **ret_id)
{
    const char *token = bearer(&rq->x->request);
    rq->came_by_cookie = !http_header_find(&rq->x->request, "authorization") && rq->cookie;
    if (token) {
        enum err e = access_token_check(rq->arena, token, ret_id);
        return e == E_UNAUTHENTICATED ? E_NOT_FOUND : e;
    }
    if (!rq->came_by_cookie || !session_parse_cookie(rq->arena, rq->cookie, ret_id))
        return E_NOT_FOUND;
    return OK;
}

static bool is_usable(struct req *rq, const struct session *session)
{
    return !rq->came_by_cookie || session_cookie_fits(rq->arena, rq->cookie, session);
}

static void let_in(struct req *rq, const struct session *session)
{
    rq->session = *session;
    rq->is_signed_in = true;
    rq->by.actor = session->account_id;
}

enum err door_find_cached(struct req *rq)
{
    const char *id;
    struct session session;
    enum err e = name_session(rq, &id);
    if (e == E_NOT_FOUND)
        return OK;
    TRY(e);
    if (!session_cache_find(rq->arena, id, &session))
        return E_BUSY;
    if (!is_usable(rq, &session))
        return OK;
    if (!session_is_at_home(&session, &rq->from))
        return E_BUSY; /* it will be ended, which takes the store */
    let_in(rq, &session);
    return OK;
}

/* The session shows up elsewhere: whoever holds it is a thief or has moved. Both sign in again. */
static enum err end_moved(struct req *rq, const struct session *session)
{
    struct audit_by by = rq->by;
    by.actor = session->account_id;
    enum err e = session_end(&rq->tx, session->account_id, session->id);
    if (e == E_NOT_FOUND)
        return OK; /* somebody else ended it this moment */
    TRY(e);
    TRY(audit_add(&rq->tx, &by, AUDIT_SESSION_MOVED, session->account_id, NULL));
    return session_tell_moved(&rq->tx, session, &rq->from);
}

static enum err turn_away(struct req *rq, const struct session *session)
{
    struct tx tx = rq->tx;
    db_begin(&rq->tx, rq->tx.db, DB_WRITE, rq->arena);
    enum err e = end_moved(rq, session);
    if (e == OK)
        e = db_commit(&rq->tx);
    if (e)
        db_rollback(&rq->tx);
    rq->tx = tx;
    TRY(e);
    session_cache_expire(session->account_id);
    return OK;
}

enum err door_find_session(struct req *rq)
{
    const char *id;
    struct session session;
    enum err e = name_session(rq, &id);
    if (e == E_NOT_FOUND)
        return OK;
    TRY(e);
    uint64_t epoch = session_cache_epoch();
    e = session_find(&rq->peek, id, &session);
    if (e == E_NOT_FOUND)
        return OK;
    TRY(e);
    if (!is_usable(rq, &session))
        return OK;
    if (!session_is_at_home(&session, &rq->from)) {
        TRY(turn_away(rq, &session));
        return route_is_api(rq->route) ? refuse(rq, PROBLEM_SESSION_MOVED) : OK;
    }
    session_cache_put(&session, epoch);
    let_in(rq, &session);
    return OK;
}

enum err door_check_still(struct req *rq)
{
    struct session session;
    if (!rq->is_signed_in || route_is_safe(rq->route) || rq->route->proof == PROOF_ANY)
        return OK;
    enum err e = session_find(&rq->tx, rq->session.id, &session);
    return e == E_NOT_FOUND ? refuse(rq, PROBLEM_UNAUTHENTICATED) : e;
}

static int64_t wanted_role(enum access access)
{
    switch (access) {
    case SUPPORT: return ROLE_SUPPORT;
    case BILLING: return ROLE_BILLING_ADMIN;
    case ADMIN: return ROLE_ADMIN;
    default: return 0;
    }
}

enum err door_check_access(struct req *rq)
{
    enum access access = rq->route->access;
    if (!route_exists(rq->route))
        return refuse(rq, PROBLEM_NOT_FOUND); /* the router found it: never */
    if (access <= VISITOR || access > ADMIN)
        return OK;
    if (!rq->is_signed_in)
        return refuse(rq, PROBLEM_UNAUTHENTICATED);
    return rq->session.roles >= wanted_role(access) ? OK : refuse(rq, PROBLEM_FORBIDDEN);
}
