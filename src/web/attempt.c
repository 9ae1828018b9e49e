/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attempts: see attempt.h.
 */
#include "web/attempt.h"

#include "account/account.h"
#include "account/device.h"
#include "account/notice.h"
#include "base/text.h"
#include "service/metric.h"
#include "service/pressure.h"
#include "web/decision.h"
#include "web/limits.h"
#include "web/mail_task.h"
#include "web/new_device.h"

/* --- whose count --- */

/* Only passwords are counted by device; any other code a device's cookie makes no exception for. */
static enum err find_device(struct req *rq, struct attempt *a, const char **ret_id)
{
    *ret_id = NULL;
    if (!a->email_key)
        return OK;
    if (text_equal(a->authenticator, LOCKOUT_PASSWORD))
        TRY(device_known(&rq->peek, a->account_id, device_cookie(rq), &rq->from, ret_id));
    return *ret_id ? OK : limits_take_stranger(rq);
}

static enum err find_counter(struct req *rq, struct attempt *a)
{
    const char *device_id;
    TRY(find_device(rq, a, &device_id));
    a->whose = a->account_id;
    a->what = device_id ? lockout_on_device(rq->arena, device_id) : a->authenticator;
    if (a->email_key && !device_id)
        TRY(lockout_address(rq->arena, a->email_key, &a->whose));
    return OK;
}

/* --- counting --- */

/* In seconds; the lock began a moment after the request did. */
static int64_t wait_of(const struct attempt *a)
{
    return (a->lockout.locked_until - clock_now() + SECOND - 1) / SECOND;
}

static enum err refuse_locked(struct req *rq, const struct attempt *a)
{
    const struct decision why = {
        .rule = text_format(rq->arena, "lockout %s", a->authenticator),
        .counter = a->what != a->authenticator ? "device"
                   : a->email_key              ? "address"
                                               : "account",
        .value = a->lockout.failures,
        .threshold = a->lockout.is_forever ? LOCKOUT_FOREVER : LOCKOUT_EVERY,
        .until = a->lockout.is_forever ? 0 : a->lockout.locked_until,
    };
    metric_count(METRIC_AUTH_ATTEMPTS, a->authenticator, "locked");
    if (a->lockout.is_forever)
        return refuse_by_rule(rq, PROBLEM_LOCKED_FOREVER, &why);
    rq->retry_after = wait_of(a);
    return refuse_by_rule(rq, PROBLEM_LOCKED, &why);
}

enum err attempt_begin(struct req *rq, struct attempt *a)
{
    if (!a->whose)
        TRY(find_counter(rq, a));
    enum err e = lockout_try(&rq->tx, a->whose, a->what, &a->lockout);
    return e == E_DENIED ? refuse_locked(rq, a) : e;
}

enum err attempt_look(struct req *rq, struct attempt *a)
{
    TRY(find_counter(rq, a));
    TRY(lockout_look(&rq->peek, a->whose, a->what, &a->lockout));
    return a->lockout.is_forever || a->lockout.locked_until ? refuse_locked(rq, a) : OK;
}

/* --- telling the owner --- */

/* minutes: NULL, until it is bound anew. */
static enum err tell(struct tx *tx, const struct account *who, const struct audit_by *by,
                     const char *minutes)
{
    return notice_tell(tx, &(struct notice){
                               .kind = "account_locked",
                               .account = who,
                               .ip = by->ip,
                               .user_agent = by->user_agent,
                               .vars = VARS({ "minutes", minutes }),
                           });
}

/* One of the mails that an address may get, with or without account (DOS-07): after too many of
   others it waits, but is not left out. */
static enum err tell_by_task(struct job *job)
{
    struct mail_task asked;
    struct account who;
    int64_t wait;
    TRY(mail_task_read(job, &asked));
    job->more = !limits_take_mail(job->arena, asked.email_key, &wait);
    job->again_at = job->now + wait;
    if (job->more)
        return OK;
    enum err e = account_find_email(job->tx, asked.email_key, &who);
    if (e == E_NOT_FOUND || (e == OK && (who.locked_at || !who.verified_at)))
        return OK;
    TRY(e);
    return tell(job->tx, &who, &asked.by, json_find_text(&asked.json, "minutes"));
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
    const char *minutes = a->lockout.is_forever
                              ? NULL
                              : text_format(rq->arena, "%lld", (long long)(wait_of(a) + 59) / 60);
    if (a->email_key) /* with or without account */
        return mail_task_add(rq, "attempt.tell", a->email_key, VARS({ "minutes", minutes }));
    rq->wakes_jobs = true;
    TRY(account_find(&rq->tx, a->account_id, &who));
    return tell(&rq->tx, &who, &rq->by, minutes);
}

/* --- the verdict --- */

/* One row, whatever was wrong. */
static enum err log_failure(struct req *rq, const struct attempt *a, enum problem problem)
{
    enum audit_event event = problem == PROBLEM_CODE_USED ? AUDIT_CODE_REUSED : AUDIT_PROOF_REFUSED;
    long long failures = a->lockout.failures;
    if (a->reason)
        return audit_add(
            &rq->tx, &rq->by, AUDIT_LOGIN_FAILED, a->account_id,
            text_format(rq->arena, "{\"reason\":\"%s\",\"failures\":%lld}", a->reason, failures));
    return audit_add(&rq->tx, &rq->by, event, a->account_id,
                     text_format(rq->arena, "{\"authenticator\":\"%s\",\"failures\":%lld}",
                                 a->authenticator, failures));
}

enum err attempt_fail(struct req *rq, const struct attempt *a, enum problem problem)
{
    metric_count(METRIC_AUTH_ATTEMPTS, a->authenticator, "refused");
    pressure_note(rq->client, 1);
    TRY(log_failure(rq, a, problem));
    if (!a->lockout.has_just_locked)
        return refuse_and_keep(rq, problem);
    TRY(tell_owner(rq, a));
    if (!a->lockout.is_forever)
        rq->retry_after = wait_of(a); /* the next attempt would be for nothing */
    return refuse_and_keep(rq, problem);
}

enum err attempt_pass(struct req *rq, const struct attempt *a)
{
    metric_count(METRIC_AUTH_ATTEMPTS, a->authenticator, "ok");
    return lockout_clear(&rq->tx, a->whose, a->what);
}

/* In the order of locks, account and then count; a wrong one holds no account, which an unknown
   address does not have. */
static enum err end_right(struct req *rq, struct attempt *a)
{
    TRY(account_hold(&rq->tx, a->account_id));
    enum err e = lockout_pass(&rq->tx, a->whose, a->what, &a->lockout);
    if (e == E_DENIED)
        return refuse_locked(rq, a);
    TRY(e);
    metric_count(METRIC_AUTH_ATTEMPTS, a->authenticator, "ok");
    return OK;
}

enum err attempt_end(struct req *rq, struct attempt *a, enum problem problem)
{
    if (!problem)
        return end_right(rq, a);
    TRY(attempt_begin(rq, a));
    return attempt_fail(rq, a, problem);
}
