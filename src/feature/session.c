/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staying signed in: who am I, refreshing tokens, the list of sessions and ending them.
 *
 * A refresh token works once. When an old one comes back, either its thief or its owner is late:
 * the session ends for both. A lost reply within ten seconds gets the same successor, so a race
 * signs nobody out.
 */
#include "feature/features.h"

#include "account/access_token.h"
#include "account/account.h"
#include "account/level.h"
#include "account/notice.h"
#include "account/session.h"
#include "account/session_cache.h"
#include "base/id.h"
#include "base/text.h"
#include "service/metric.h"
#include "web/cursor.h"
#include "web/limits.h"
#include "web/req.h"
#include "web/sign_in.h"

static enum err me(struct req *rq)
{
    const struct session *s = &rq->session;
    struct json_writer *j = answer(rq, 200);
    put_user(j, "user", s);
    json_begin_object(j, "session");
    json_put_text(j, "id", s->id);
    json_put_time(j, "auth_time", s->auth_at);
    json_put_words(j, "amr", s->amr);
    json_put_text(j, "acr", level_name(s->amr));
    json_put_time(j, "expires_at", s->expires_at);
    json_end(j);
    return OK;
}

/* --- refreshing --- */

/* The session was ended in this transaction; that stays, though the answer is a refusal. */
static enum err report_end(struct req *rq, const struct refreshed *r)
{
    const char *account_id = r->session.account_id;
    metric_count(METRIC_TOKEN_REFRESHES, r->is_reuse ? "reuse" : "moved", "");
    metric_count(METRIC_SESSIONS_REVOKED, r->is_reuse ? "refresh_reuse" : "moved", "");
    TRY(audit_add(&rq->tx, &rq->by, r->is_reuse ? AUDIT_SESSION_REUSED : AUDIT_SESSION_MOVED,
                  account_id, text_format(rq->arena, "{\"session\":\"%s\"}", r->session.id)));
    if (r->is_moved)
        TRY(session_tell_moved(&rq->tx, &r->session, &rq->from));
    touch_account(rq, account_id);
    rq->wakes_jobs = true;
    return refuse_and_keep(rq, PROBLEM_REFRESH_INVALID);
}

static enum err refuse_refresh(struct req *rq)
{
    metric_count(METRIC_TOKEN_REFRESHES, "invalid", "");
    TRY(limits_take_failure(rq));
    return refuse(rq, PROBLEM_REFRESH_INVALID);
}

static enum err refresh(struct req *rq)
{
    struct refreshed r;
    enum err e = session_refresh_find(&rq->peek, field(rq, "refresh_token"), &rq->from, &r);
    if (e == E_UNAUTHENTICATED)
        return refuse_refresh(rq);
    TRY(e);
    rq->by.actor = r.session.account_id;
    /* Before the write takes the lock: signing takes longer than all that is written. */
    const char *access = r.is_moved ? NULL : access_token_make(rq->arena, &r.session);

    e = session_refresh(&rq->tx, &r);
    if (e == E_UNAUTHENTICATED)
        return refuse_refresh(rq);
    if (e == E_GONE)
        return report_end(rq, &r);
    TRY(e);
    if (!r.is_repeat)
        TRY(audit_add(&rq->tx, &rq->by, AUDIT_SESSION_REFRESHED, r.session.account_id,
                      text_format(rq->arena, "{\"session\":\"%s\"}", r.session.id)));
    metric_count(METRIC_TOKEN_REFRESHES, r.is_repeat ? "repeated" : "ok", "");

    struct json_writer *j = answer(rq, 200);
    json_put_text(j, "access_token", access);
    json_put_text(j, "token_type", "Bearer");
    json_put_num(j, "expires_in", access_token_seconds());
    json_put_text(j, "refresh_token", r.token);
    return OK;
}

/* --- my sessions --- */

static enum err list(struct req *rq)
{
    struct session *sessions;
    size_t count;
    TRY(session_list(&rq->tx, rq->session.account_id, &sessions, &count));
    struct list_part part;
    TRY(list_part(rq, "sessions", &(struct list_rows){ sessions, sizeof *sessions, count }, &part));
    struct json_writer *j = answer(rq, 200);
    json_begin_array(j, "data");
    for (size_t i = part.from; i < part.to; i++) {
        json_begin_object(j, NULL);
        json_put_text(j, "id", sessions[i].id);
        json_put_bool(j, "current", text_equal(sessions[i].id, rq->session.id));
        json_put_time(j, "created_at", sessions[i].created_at);
        json_put_time(j, "last_seen_at", sessions[i].last_seen_at);
        json_put_text(j, "ip", sessions[i].ip);
        json_put_text(j, "user_agent", sessions[i].user_agent);
        json_put_words(j, "amr", sessions[i].amr);
        json_end(j);
    }
    json_end(j);
    return put_next_cursor(rq, &part.page, part.last);
}

static enum err end_one(struct req *rq, const char *id)
{
    if (!id_is(id, "ses"))
        return E_NOT_FOUND;
    TRY(session_end(&rq->tx, rq->session.account_id, id));
    metric_count(METRIC_SESSIONS_REVOKED, "ended_by_owner", "");
    touch_account(rq, rq->session.account_id);
    return audit_add(
        &rq->tx, &rq->by, AUDIT_SESSION_ENDED, rq->session.account_id,
        text_format(rq->arena, "{\"reason\":\"ended by owner\",\"session\":\"%s\"}", id));
}

static enum err end_others(struct req *rq)
{
    int64_t count = 0;
    TRY(account_hold(&rq->tx, rq->session.account_id));
    TRY(session_end_all(&rq->tx, rq->session.account_id, rq->session.id, &count));
    touch_account(rq, rq->session.account_id);
    return audit_add(&rq->tx, &rq->by, AUDIT_SESSION_ENDED, rq->session.account_id,
                     text_format(rq->arena,
                                 "{\"reason\":\"all others ended by owner\",\"count\":%lld}",
                                 (long long)count));
}

static enum err end_one_api(struct req *rq)
{
    TRY(end_one(rq, param(rq, "id")));
    return answer_empty(rq, 204);
}

static enum err end_others_api(struct req *rq)
{
    TRY(end_others(rq));
    return answer_empty(rq, 204);
}

static enum err end_one_page(struct req *rq)
{
    enum err e = end_one(rq, field(rq, "id"));
    if (e != E_NOT_FOUND)
        TRY(e);
    return see_other(rq, "/account/security?done=session_ended");
}

static enum err end_others_page(struct req *rq)
{
    TRY(end_others(rq));
    return see_other(rq, "/account/security?done=sessions_ended");
}

/* --- upkeep --- */

enum { TOUCHES = 500 }; /* in one transaction */

struct touches {
    struct tx *tx;
    enum err e;
};

static void note_use(void *arg, const char *id, int64_t seen_at)
{
    struct touches *t = arg;
    if (t->e == OK)
        t->e = session_touch(t->tx, id, seen_at);
}

/* Reads do not write; what the cache saw is noted here. On every node, which each have a cache; so
   it is no leased job. */
static enum err touch(struct job *job)
{
    static _Atomic int64_t noted_at;
    struct touches t = { job->tx, OK };
    if (!job_is_due(&noted_at, job->now, 30 * SECOND))
        return OK;
    job->more = session_cache_drain_uses(TOUCHES, note_use, &t) == TOUCHES;
    if (job->more)
        noted_at = 0;
    return t.e;
}

static enum err purge(struct job *job)
{
    return session_purge(job->tx, job->now, &job->more);
}

const struct route session_routes[] = {
    ROUTE(GET, "/v1/auth/me", SIGNED_IN, me, .lane = LANE_INLINE,
          .gives = { { 200, "{\"user\":{" USER_MEMBERS "},\"session\":{\"id\",\"auth_time\","
                            "\"amr\",\"acr\",\"expires_at\"}}" } },
          .help = "Who is signed in, and how."),
    ROUTE(POST, "/v1/auth/refresh", ANYONE, refresh, .fields = { { "refresh_token", FIELD_TOKEN } },
          .limits = { { BY_REFRESH_FIELD, 60, MINUTE, "refresh" },
                      { BY_FAILURES, 300, MINUTE, "refresh" } },
          .gives = { { 200, "{\"access_token\",\"token_type\",\"expires_in\",\"refresh_token\"}" },
                     { 401, "refresh_token_invalid" } },
          .help = "New tokens for an old refresh token, which is used up."),
    ROUTE(GET, "/v1/account/sessions", SIGNED_IN, list, .fields = { LIST_FIELDS },
          .gives = { { 200, "{\"data\":[{\"id\",\"current\",\"created_at\",\"last_seen_at\",\"ip\","
                            "\"user_agent\",\"amr\"}],\"next_cursor\"}" } },
          .help = "My sessions, the latest used first."),
    ROUTE(DELETE, "/v1/account/sessions/{id}", SIGNED_IN, end_one_api,
          .gives = { { 204, "ended" } }, .help = "Ends one of my sessions."),
    ROUTE(DELETE, "/v1/account/sessions", SIGNED_IN, end_others_api, .gives = { { 204, "ended" } },
          .help = "Ends all my sessions but this one."),
    ROUTE(POST, "/account/sessions/end", SIGNED_IN, end_one_page,
          .fields = { { "id", FIELD_TOKEN } }, .help = "Ends one of my sessions by form."),
    ROUTE(POST, "/account/sessions/end-others", SIGNED_IN, end_others_page,
          .help = "Ends all my sessions but this one by form."),
    ROUTES_END,
};

const struct job_kind session_jobs[] = {
    { "session.touch", touch, JOB_ON_WAKE, "notes when sessions were last used" },
    { "session.purge", purge, 10 * MINUTE, "removes sessions that are over", .removes = true },
    { 0 },
};
