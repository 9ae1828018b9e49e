/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attempts: see attempt.h.
 */
#include "web/attempt.h"
#include "web/mail_task.h"

#include "account/account.h"
#include "account/notice.h"
#include "base/text.h"
#include "service/metric.h"
#include "service/setting.h"

enum err attempt_begin(struct req *rq, struct attempt *a)
{
    a->whose = a->account_id;
    if (a->email_key)
        TRY(lockout_address(rq->arena, a->email_key, &a->whose));
    enum err e = lockout_try(&rq->tx, a->whose, a->authenticator, &a->lockout);
    if (e != E_DENIED)
        return e;
    metric_count(METRIC_AUTH_ATTEMPTS, a->authenticator, "locked");
    if (a->lockout.is_forever)
        return refuse(rq, PROBLEM_LOCKED_FOREVER);
    rq->retry_after = (a->lockout.locked_until - rq->now + SECOND - 1) / SECOND;
    return refuse(rq, PROBLEM_LOCKED);
}

/* --- telling the owner --- */

static enum err tell(struct tx *tx, const struct account *who, const char *ip,
                     const char *user_agent)
{
    int64_t minutes = (setting_span(SETTING_LOCKOUT) + MINUTE - 1) / MINUTE;
    return notice_tell(
        tx, &(struct notice){
                .kind = "account_locked",
                .account = who,
                .ip = ip,
                .user_agent = user_agent,
                .vars = VARS({ "minutes", text_format(tx->arena, "%lld", (long long)minutes) }),
            });
}

static enum err tell_by_task(struct job *job)
{
    struct mail_task asked;
    struct account who;
    TRY(mail_task_read(job, &asked));
    enum err e = account_find_email(job->tx, asked.email_key, &who);
    if (e == E_NOT_FOUND || (e == OK && (who.locked_at || !who.verified_at)))
        return OK;
    TRY(e);
    return tell(job->tx, &who, asked.by.ip, asked.by.user_agent);
}

const struct job_kind attempt_jobs[] = {
    { "attempt.tell", tell_by_task, 0, "tells the owner of an address that it was locked" },
    { 0 },
};

/* Whoever goes on guessing must not fill the owner's mailbox (DOS-07): of the twenty locks up to
   the last, five are told. */
static bool is_news(int64_t failures)
{
    return failures <= 2 * LOCKOUT_EVERY || failures == 25 || failures == 50 ||
           failures >= LOCKOUT_FOREVER;
}

static enum err tell_owner(struct req *rq, const struct attempt *a)
{
    struct account who;
    TRY(audit_add(&rq->tx, &rq->by, AUDIT_AUTHENTICATOR_LOCKED, a->account_id,
                  text_format(rq->arena, "{\"authenticator\":\"%s\"}", a->authenticator)));
    if (!is_news(a->lockout.failures))
        return OK;
    if (a->email_key) /* with or without account */
        return mail_task_add(rq, "attempt.tell", a->email_key, NULL);
    rq->wakes_jobs = true;
    TRY(account_find(&rq->tx, a->account_id, &who));
    return tell(&rq->tx, &who, rq->from.ip, rq->from.user_agent);
}

/* --- the verdict --- */

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
    return lockout_clear(&rq->tx, a->whose, a->authenticator);
}
