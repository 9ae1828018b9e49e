/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Periodic work that belongs to no single feature.
 */
#include "feature/features.h"

#include "account/account.h"
#include "account/registration.h"
#include "service/audit.h"
#include "service/house_time.h"
#include "service/keyring.h"
#include "service/setting.h"

/* On every node, which each hold the keys in memory; so it is no leased job. */
static enum err tend_keys(struct job *job)
{
    static _Atomic int64_t tended_at;
    return job_is_due(&tended_at, job->now, MINUTE) ? keyring_tend(job->db, job->arena) : OK;
}

static enum err note_time(struct job *job)
{
    static _Atomic int64_t noted_at;
    house_time_watch();
    return job_is_due(&noted_at, job->now, MINUTE) ? house_time_note(job->tx) : OK;
}

static enum err retain_audit(struct job *job)
{
    return audit_retain(job->tx, job->now - setting_span(SETTING_AUDIT_KEEP), &job->more);
}

/* Whoever can rewrite the store cannot rewrite what the log already carried away. */
static enum err write_checkpoint(struct job *job)
{
    return audit_checkpoint(job->tx);
}

static enum err purge_registrations(struct job *job)
{
    TRY(registration_purge(job->tx, job->now, &job->more));
    return account_purge_unverified(job->tx, job->now - 7 * DAY, &job->more);
}

static enum err purge_tasks(struct job *job)
{
    return job_purge_dead(job->tx, job->now - 30 * DAY, &job->more);
}

const struct job_kind upkeep_jobs[] = {
    { "key.tend", tend_keys, JOB_ON_WAKE,
      "rotates signing keys and takes over what other nodes did" },
    { "clock.note", note_time, JOB_ON_WAKE,
      "notes the time each minute, so that a clock that was set back is noticed" },
    { "audit.retain", retain_audit, DAY, "removes audit events older than AUDIT_KEEP",
      .removes = true },
    { "audit.checkpoint", write_checkpoint, HOUR,
      "writes the heads of the audit chains to the log" },
    { "registration.purge", purge_registrations, HOUR,
      "removes registrations that were never confirmed", .removes = true },
    { "task.purge", purge_tasks, DAY, "removes tasks that were given up a month ago",
      .removes = true },
    { 0 },
};
