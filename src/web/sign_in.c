/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing in: see sign_in.h.
 */
#include "web/sign_in.h"

#include "account/access_token.h"
#include "base/text.h"
#include "service/metric.h"
#include "web/csrf.h"

#include <string.h>

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

enum err sign_in(struct req *rq, const struct account *who, const char *amr, struct signed_in *ret)
{
    enum err e = account_sign_in(&rq->tx, who, strstr(amr, "pwd"));
    if (e == E_DENIED)
        return refuse(rq, PROBLEM_INVALID_CREDENTIALS);
    TRY(e);
    if (ret->gives_cookie)
        TRY(end_previous(rq));
    TRY(session_start(&rq->tx, who->id, amr, &rq->from, &ret->session, &ret->tokens));
    ret->session.email = who->email;
    ret->session.name = who->name;
    ret->session.locale = who->locale;
    ret->session.roles = who->roles;
    ret->session.verified_at = who->verified_at;
    ret->session.account_created_at = who->created_at;

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

void put_user(struct json_writer *j, const char *key, const struct session *s)
{
    json_begin_object(j, key);
    json_put_text(j, "id", s->account_id);
    json_put_text(j, "email", s->email);
    json_put_bool(j, "email_verified", s->verified_at != 0);
    json_put_text(j, "name", s->name);
    json_put_text(j, "locale", s->locale);
    role_put(j, "roles", s->roles);
    json_put_bool(j, "mfa_enabled", false); /* no second factor can be bound in this version */
    json_put_time(j, "created_at", s->account_created_at);
    json_end(j);
}

enum err answer_tokens(struct req *rq, const struct signed_in *in)
{
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
