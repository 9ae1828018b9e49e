/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts that nobody uses any more: warned, then closed. Off unless INACTIVE_WARN_AFTER and
 * INACTIVE_CLOSE_AFTER are set. Everybody has the same time between warning and closing, also when
 * the settings, or the clock, made many of them silent at once. One account a transaction: a run
 * that is cut short has warned nobody twice.
 */
#include "feature/features.h"

#include "account/account.h"
#include "account/deletion.h"
#include "account/inactivity.h"
#include "account/notice.h"
#include "base/text.h"
#include "service/audit.h"
#include "service/setting.h"

static enum err tell(struct job *job, const struct account *who, int64_t closes_at)
{
    const struct outbox_var vars[] = {
        { "link", text_format(job->arena, "%s/login", setting_public_origin()) },
        { "closes_at", clock_format(job->arena, closes_at) },
        { NULL, NULL },
    };
    return notice_tell(
        job->tx, &(struct notice){ .kind = "inactive_warning", .account = who, .vars = vars });
}

static enum err warn(struct job *job, const char *id, int64_t notice_span)
{
    struct account who;
    bool did = false;
    TRY(inactivity_warn(job->tx, id, &did));
    if (!did)
        return OK;
    TRY(account_find(job->tx, id, &who));
    TRY(audit_add(job->tx, &audit_by_system, AUDIT_INACTIVE_WARNED, id, NULL));
    return tell(job, &who, job->now + notice_span);
}

static enum err end(struct job *job, const char *id)
{
    struct account who;
    int64_t due_at;
    bool did = false;
    TRY(inactivity_close(job->tx, id, &did));
    if (!did)
        return OK;
    TRY(account_find(job->tx, id, &who));
    return deletion_start(job->tx, &who,
                          &(struct deletion_wish){ .by = &audit_by_system,
                                                   .reason = "inactive",
                                                   .mail = "inactive_closing",
                                                   .grace = setting_span(SETTING_DELETION_GRACE) },
                          &due_at);
}

/* One step; there may be more. E_NOT_FOUND: nothing is left. */
static enum err step(struct job *job, int64_t warn_after, int64_t close_after)
{
    const char *id;
    int64_t notice_span = close_after - warn_after;
    enum err e = inactivity_find_warned(job->tx, job->now - notice_span, &id);
    if (e == OK)
        return end(job, id);
    if (e != E_NOT_FOUND)
        return e;
    TRY(inactivity_find_silent(job->tx, job->now - warn_after, &id));
    return warn(job, id, notice_span);
}

static enum err tend(struct job *job)
{
    int64_t warn_after = setting_span(SETTING_INACTIVE_WARN_AFTER);
    int64_t close_after = setting_span(SETTING_INACTIVE_CLOSE_AFTER);
    if (!warn_after || !close_after)
        return OK;
    TRY(inactivity_forgive(job->tx, &job->more));
    if (job->more)
        return OK; /* before anybody who came back is looked at */
    enum err e = step(job, warn_after, close_after);
    job->more = e == OK;
    return e == E_NOT_FOUND ? OK : e;
}

const struct job_kind inactive_jobs[] = {
    { "account.inactive", tend, DAY,
      "warns, then closes accounts that nobody uses, when INACTIVE_WARN_AFTER is set",
      .removes = true },
    { 0 },
};
