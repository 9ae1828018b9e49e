/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attempts: see attempt.h.
 */
#include "web/attempt.h"

#include "account/account.h"
#include "account/notice.h"
#include "base/text.h"
#include "service/metric.h"
#include "service/setting.h"

enum err attempt_begin(struct req *rq, struct attempt *a)
{
    enum err e = lockout_try(&rq->tx, a->account_id, a->authenticator, &a->lockout);
    if (e != E_DENIED)
        return e;
    metric_count(METRIC_AUTH_ATTEMPTS, a->authenticator, "locked");
    if (a->lockout.is_forever)
        return refuse(rq, PROBLEM_LOCKED_FOREVER);
    rq->retry_after = (a->lockout.locked_until - rq->now + SECOND - 1) / SECOND;
    return refuse(rq, PROBLEM_LOCKED);
}

static enum err tell_owner(struct req *rq, const struct attempt *a)
{
    struct account who;
    int64_t minutes = (setting_span(SETTING_LOCKOUT) + MINUTE - 1) / MINUTE;
    TRY(audit_add(&rq->tx, &rq->by, AUDIT_AUTHENTICATOR_LOCKED, a->account_id,
                  text_format(rq->arena, "{\"authenticator\":\"%s\"}", a->authenticator)));
    TRY(account_find(&rq->tx, a->account_id, &who));
    rq->wakes_jobs = true;
    return notice_tell(
        &rq->tx,
        &(struct notice){
            .kind = "account_locked",
            .account = &who,
            .ip = rq->from.ip,
            .user_agent = rq->from.user_agent,
            .vars = VARS({ "minutes", text_format(rq->arena, "%lld", (long long)minutes) }),
        });
}

enum err attempt_fail(struct req *rq, const struct attempt *a, enum problem problem)
{
    metric_count(METRIC_AUTH_ATTEMPTS, a->authenticator, "refused");
    TRY(audit_add(&rq->tx, &rq->by, AUDIT_PROOF_REFUSED, a->account_id,
                  text_format(rq->arena, "{\"authenticator\":\"%s\",\"failures\":%lld}",
                              a->authenticator, (long long)a->lockout.failures)));
    if (a->lockout.has_just_locked)
        TRY(tell_owner(rq, a));
    return refuse_and_keep(rq, problem);
}

enum err attempt_pass(struct req *rq, const struct attempt *a)
{
    metric_count(METRIC_AUTH_ATTEMPTS, a->authenticator, "ok");
    return lockout_clear(&rq->tx, a->account_id, a->authenticator);
}
