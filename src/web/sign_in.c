/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing in: see sign_in.h.
 */
#include "web/sign_in.h"

#include "account/access_token.h"
#include "account/device.h"
#include "account/factor.h"
#include "account/level.h"
#include "base/text.h"
#include "service/metric.h"
#include "service/setting.h"
#include "web/csrf.h"
#include "web/new_device.h"
#include "web/next.h"

#define PENDING_PAGE "/2fa/verify"

static const char *pending_cookie_name(void)
{
    return setting_is_secure() ? "__Host-cardea-pending" : "cardea-pending";
}

/* Somebody may have planted it (SESS-02). */
static enum err end_previous(struct req *rq)
{
    const char *id;
    struct session old;
    if (!rq->cookie || !session_parse_cookie(rq->arena, rq->cookie, &id))
        return OK;
    enum err e = session_find(&rq->tx, id, &old);
    if (e == OK && session_cookie_fits(rq->arena, rq->cookie, &old))
        e = session_end(&rq->tx, old.account_id, id);
    else if (e == OK)
        e = E_NOT_FOUND; /* not this browser's to end */
    if (e == E_NOT_FOUND)
        return OK;
    TRY(e);
    touch_account(rq, old.account_id);
    return audit_add(&rq->tx, &rq->by, AUDIT_SESSION_ENDED, old.account_id,
                     "{\"reason\":\"replaced by a new sign-in\"}");
}

static void fill_account(struct session *session, const struct account *who)
{
    session->email = who->email;
    session->name = who->name;
    session->locale = who->locale;
    session->roles = who->roles;
    session->verified_at = who->verified_at;
    session->account_created_at = who->created_at;
    session->mfa_at = who->mfa_at;
    session->deletion_due_at = who->deletion_due_at;
}

static enum err start_session(struct req *rq, const struct account *who, const char *amr,
                              struct signed_in *ret)
{
    if (ret->gives_cookie)
        TRY(end_previous(rq));
    TRY(session_start(&rq->tx, who->id, amr, &rq->from, &ret->session, &ret->tokens));
    fill_account(&ret->session, who);
    struct audit_by by = rq->by;
    by.actor = who->id;
    TRY(audit_add(
        &rq->tx, &by, AUDIT_SESSION_STARTED, who->id,
        text_format(rq->arena, "{\"session\":\"%s\",\"amr\":\"%s\"}", ret->session.id, amr)));
    metric_count(METRIC_SESSIONS_CREATED, "", "");
    if (ret->gives_cookie)
        set_session_cookie(rq, ret->tokens.cookie);
    touch_account(rq, who->id); /* an older session may have given way */
    return OK;
}

static enum err let_in(struct req *rq, const struct account *who, const char *amr,
                       const struct device_found *device, struct signed_in *ret)
{
    TRY(start_session(rq, who, amr, ret));
    return new_device_note(rq, &(struct new_device){
                                   .account = who,
                                   .found = device,
                                   .session_id = ret->session.id,
                                   .gives_cookie = ret->gives_cookie || ret->trusts_device,
                                   .trusts = ret->trusts_device && level_is_mfa(amr),
                               });
}

static enum err ask_for_second(struct req *rq, const struct account *who, const char *amr,
                               struct signed_in *ret)
{
    TRY(factor_methods(&rq->tx, who->id, &ret->methods));
    TRY(pending_start(&rq->tx, who, amr, &rq->from, &ret->pending));
    if (ret->gives_cookie)
        set_cookie(rq, pending_cookie_name(), ret->pending, setting_span(SETTING_PENDING_TTL));
    return audit_add(&rq->tx, &rq->by, AUDIT_LOGIN_PENDING, who->id,
                     text_format(rq->arena, "{\"amr\":\"%s\"}", amr));
}

enum err sign_in(struct req *rq, const struct account *who, const char *amr, struct signed_in *ret)
{
    struct device_found device;
    bool asks_second = false;
    TRY(device_find(&rq->tx, who->id, device_cookie(rq), &rq->from, &device));
    struct account_proof proof = {
        .by_password = level_has(amr, "pwd"),
        .is_enough = level_is_mfa(amr) || device.is_trusted,
    };
    enum err e = account_sign_in(&rq->tx, who, &proof, &asks_second);
    if (e == E_DENIED)
        return refuse(rq, PROBLEM_INVALID_CREDENTIALS);
    TRY(e);
    if (asks_second)
        return ask_for_second(rq, who, amr, ret);
    return let_in(rq, who, amr, &device, ret);
}

/* --- the second step --- */

enum err sign_in_look(struct req *rq, struct tx *tx, const char *handle, struct pending *ret)
{
    const char *presented = handle ? handle : find_cookie(rq, pending_cookie_name());
    enum err e = presented ? pending_look(tx, presented, &rq->from, ret) : E_GONE;
    return e == E_GONE ? refuse(rq, PROBLEM_SIGN_IN_EXPIRED) : e;
}

enum err sign_in_finish(struct req *rq, const struct pending *pending, const char *method,
                        struct signed_in *ret)
{
    struct account who;
    const char *amr = level_add(rq->arena, pending->amr, method);
    enum err e = pending_take(&rq->tx, pending);
    if (e == E_GONE)
        return refuse(rq, PROBLEM_SIGN_IN_EXPIRED);
    TRY(e);
    TRY(account_find(&rq->tx, pending->account_id, &who));
    TRY(sign_in(rq, &who, amr, ret));
    if (ret->gives_cookie)
        set_cookie(rq, pending_cookie_name(), "", -SECOND);
    return OK;
}

/* --- answers --- */

void put_user_members(struct json_writer *j, const struct session *s)
{
    json_put_text(j, "id", s->account_id);
    json_put_text(j, "email", s->email);
    json_put_bool(j, "email_verified", s->verified_at != 0);
    json_put_text(j, "name", s->name);
    json_put_text(j, "locale", s->locale);
    role_put(j, "roles", s->roles);
    json_put_bool(j, "mfa_enabled", s->mfa_at != 0);
    json_put_time(j, "created_at", s->account_created_at);
    json_put_time(j, "deletion_due_at", s->deletion_due_at);
}

void put_user(struct json_writer *j, const char *key, const struct session *s)
{
    json_begin_object(j, key);
    put_user_members(j, s);
    json_end(j);
}

static enum err answer_pending(struct req *rq, const struct signed_in *in)
{
    struct json_writer *j = answer(rq, 200);
    json_put_bool(j, "mfa_required", true);
    json_put_text(j, "pending_token", in->pending);
    json_put_words(j, "methods", in->methods);
    json_put_num(j, "expires_in", setting_span(SETTING_PENDING_TTL) / SECOND);
    return OK;
}

enum err answer_sign_in(struct req *rq, const struct signed_in *in)
{
    if (in->pending)
        return answer_pending(rq, in);
    struct json_writer *j = answer(rq, 200);
    json_put_text(j, "access_token", access_token_make(rq->arena, &in->session));
    json_put_text(j, "token_type", "Bearer");
    json_put_num(j, "expires_in", access_token_seconds());
    json_put_text(j, "refresh_token", in->tokens.refresh);
    json_put_text(j, "session_id", in->session.id);
    put_user(j, "user", &in->session);
    if (!in->gives_cookie)
        return OK;
    const char *csrf;
    TRY(csrf_token_of_session(rq, in->session.id, &csrf));
    json_put_text(j, "csrf_token", csrf);
    return OK;
}

enum err see_signed_in(struct req *rq, const struct signed_in *in, const char *next)
{
    const char *to = safe_next(next, "/");
    if (!in->pending)
        return see_other(rq, to);
    return see_other(rq, with_next(rq->arena, PENDING_PAGE, to));
}
