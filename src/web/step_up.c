/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step-up: see step_up.h.
 */
#include "web/step_up.h"

#include "account/access_token.h"
#include "account/level.h"
#include "base/text.h"
#include "service/setting.h"

/* Other nodes' clocks may be a little ahead; a clock set back makes no proof fresh for longer. */
static const int64_t SKEW = 2 * MINUTE;

bool step_up_is_met(const struct req *rq, enum proof_wanted wanted)
{
    const struct session *s = &rq->session;
    int64_t age = rq->now - s->auth_at;
    bool is_fresh = age <= setting_span(SETTING_FRESH_PROOF) && age >= -SKEW;
    if (wanted == PROOF_ANY)
        return true;
    if (s->mfa_at && !level_is_mfa(s->amr))
        return false;
    return wanted == PROOF_LEVEL || is_fresh;
}

enum err step_up_check(struct req *rq, enum proof_wanted wanted)
{
    return step_up_is_met(rq, wanted) ? OK : refuse(rq, PROBLEM_REAUTH_REQUIRED);
}

enum err step_up(struct req *rq, const char *method)
{
    const char *cookie;
    struct session *s = &rq->session;
    const char *amr = level_add(rq->arena, s->amr, method);
    if (s->mfa_at && !level_is_mfa(amr))
        return refuse(rq, PROBLEM_REAUTH_REQUIRED);
    enum err e = session_raise(&rq->tx, s->id, amr, &cookie);
    if (e == E_NOT_FOUND)
        return refuse(rq, PROBLEM_UNAUTHENTICATED);
    TRY(e);
    s->amr = amr;
    s->auth_at = rq->now;
    if (rq->came_by_cookie)
        set_session_cookie(rq, cookie);
    touch_account(rq, s->account_id);
    return audit_add(
        &rq->tx, &rq->by, AUDIT_REAUTH, s->account_id,
        text_format(rq->arena, "{\"session\":\"%s\",\"method\":\"%s\"}", s->id, method));
}

enum err step_up_renew(struct req *rq)
{
    const char *cookie;
    enum err e = session_renew_cookie(&rq->tx, rq->session.id, &cookie);
    if (e == E_NOT_FOUND)
        return refuse(rq, PROBLEM_UNAUTHENTICATED);
    TRY(e);
    if (rq->came_by_cookie)
        set_session_cookie(rq, cookie);
    touch_account(rq, rq->session.account_id);
    return OK;
}

enum err answer_step_up(struct req *rq)
{
    const struct session *s = &rq->session;
    struct json_writer *j = answer(rq, 200);
    json_put_text(j, "status", "proved");
    json_put_text(j, "access_token", access_token_make(rq->arena, s));
    json_put_text(j, "token_type", "Bearer");
    json_put_num(j, "expires_in", access_token_seconds());
    json_put_time(j, "auth_time", s->auth_at);
    json_put_words(j, "amr", s->amr);
    json_put_text(j, "acr", level_name(s->amr));
    return OK;
}

/* RFC 9470, section 3. */
const char *step_up_challenge(struct req *rq)
{
    bool wants_mfa = rq->session.mfa_at != 0;
    return text_format(rq->arena,
                       "Bearer realm=\"cardea\", error=\"insufficient_user_authentication\","
                       " error_description=\"A fresh or stronger proof of identity is needed\","
                       " acr_values=\"%s\", max_age=\"%lld\"",
                       wants_mfa ? "aal2" : "aal1",
                       (long long)(setting_span(SETTING_FRESH_PROOF) / SECOND));
}
