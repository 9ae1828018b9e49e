/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Periodic jobs and pollers: see job.h. The lease of a node that died ends by itself after a
 * minute; a node that was only slow finds another lease in the row when it commits, and rolls back.
 */
#include "service/job_parts.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"
#include "service/house_time.h"

#include <stdio.h>
#include <string.h>

static const int64_t lease = 60 * SECOND;

static enum err add_rows(struct job_run *run)
{
    const struct job_kind *kind;
    int64_t now = clock_now();
    for (size_t i = 0; (kind = job_nth_kind(i)); i++) {
        if (kind->every <= 0)
            continue;
        const char *name;
        db_begin(&run->tx, run->db, DB_PEEK, &run->arena);
        enum err e = db_one(&run->tx, "SELECT name FROM job WHERE name = $1", V(text(kind->name)),
                            INTO(to_text(&name)));
        db_rollback(&run->tx);
        if (e == OK)
            continue;
        if (e != E_NOT_FOUND)
            return e;
        db_begin(&run->tx, run->db, DB_WRITE, &run->arena);
        TRY(db_run(&run->tx,
                   "INSERT INTO job (name, next_run_at) VALUES ($1, $2)"
                   " ON CONFLICT (name) DO NOTHING",
                   V(text(kind->name), num(now))));
        TRY(db_commit(&run->tx));
    }
    return OK;
}

enum err job_ready(struct db *db)
{
    struct job_run run = { .db = db };
    return job_guard(add_rows, &run);
}

static enum err find_due(struct job_run *run)
{
    struct db_rows rows;
    int64_t now = clock_now();
    db_begin(&run->tx, run->db, DB_PEEK, &run->arena);
    TRY(db_each(&run->tx,
                "SELECT name FROM job WHERE next_run_at <= $1"
                "   AND (leased_until IS NULL OR leased_until <= $1)"
                " ORDER BY next_run_at LIMIT 100",
                V(num(now)), &rows));
    TRY(db_commit(&run->tx));
    for (size_t i = 0; i < rows.count; i++) {
        run->kind = job_find_kind(db_at(&rows, i, 0)->text);
        if (run->kind && run->kind->every > 0)
            return OK;
    }
    return E_NOT_FOUND; /* a row without a kind belongs to a newer or older version */
}

static enum err lease_it(struct job_run *run)
{
    int64_t now = clock_now();
    const char *name;
    (void)snprintf(run->id, sizeof run->id, "%s", id_new(&run->arena, "run"));
    db_begin(&run->tx, run->db, DB_WRITE, &run->arena);
    TRY(db_one(&run->tx,
               "UPDATE job SET leased_until = $3, leased_by = $4, last_run_at = $2"
               " WHERE name = $1 AND next_run_at <= $5"
               "   AND (leased_until IS NULL OR leased_until <= $2)"
               " RETURNING name",
               V(text(run->kind->name), num(now), num(now + lease), text(run->id),
                 num(run->is_by_hand ? INT64_MAX : now)),
               INTO(to_text(&name))));
    TRY(db_commit(&run->tx));
    run->claimed = true;
    return OK;
}

/* In the store each time: also a command beside the servers must know. The job finds its
 * transaction unopened: some do their work in others. */
static enum err look_at_clock(struct job_run *run, bool *ret_may_run)
{
    *ret_may_run = true;
    if (!run->kind->removes)
        return OK;
    db_begin(&run->tx, run->db, DB_PEEK, &run->arena);
    TRY(house_time_is_settled(&run->tx, ret_may_run));
    return db_commit(&run->tx);
}

static enum err put_off(struct job_run *run)
{
    LOG(LOG_WARN, "job.put_off", LOG_TEXT("job", run->kind->name),
        LOG_TEXT("why", "the clock has leapt; see cardea clock"));
    run->is_put_off = true;
    TRY(db_run(&run->tx,
               "UPDATE job SET next_run_at = $3, leased_until = NULL, leased_by = NULL"
               " WHERE name = $1 AND leased_by = $2",
               V(text(run->kind->name), text(run->id), num(clock_now() + HOUR))));
    return db_commit(&run->tx);
}

static enum err work(struct job_run *run)
{
    bool may_run;
    TRY(look_at_clock(run, &may_run));
    db_begin(&run->tx, run->db, DB_WRITE, &run->arena);
    if (!may_run)
        return put_off(run);
    struct job job = {
        .db = run->db, .arena = &run->arena, .tx = &run->tx, .arg = "", .now = clock_now()
    };
    TRY(run->kind->run(&job));
    run->more = job.more;
    if (!run->claimed)
        return db_commit(&run->tx);
    int64_t rows, now = clock_now();
    TRY(db_change(&run->tx,
                  "UPDATE job SET last_success_at = $3, next_run_at = $4, last_error = NULL,"
                  "       leased_until = NULL, leased_by = NULL"
                  " WHERE name = $1 AND leased_by = $2",
                  V(text(run->kind->name), text(run->id), num(now),
                    num(job.more ? now : now + run->kind->every)),
                  &rows));
    if (rows != 1)
        return E_GONE; /* another node has the lease now: its writes count */
    return db_commit(&run->tx);
}

static enum err note_failure(struct job_run *run)
{
    enum err why = run->why;
    int64_t now = clock_now(), every = run->kind->every;
    LOG(LOG_ERROR, "job.failed", LOG_TEXT("job", run->kind->name),
        LOG_TEXT("error", err_name(why)));
    db_begin(&run->tx, run->db, DB_WRITE, &run->arena);
    TRY(db_run(&run->tx,
               "UPDATE job SET last_error = $3, next_run_at = $4, leased_until = NULL,"
               "       leased_by = NULL"
               " WHERE name = $1 AND leased_by = $2",
               V(text(run->kind->name), text(run->id), text(err_name(why)),
                 num(now + (every < MINUTE ? every : MINUTE)))));
    return db_commit(&run->tx);
}

static enum err lease_and_work(struct job_run *run)
{
    TRY(lease_it(run));
    return work(run);
}

/* The job's own result is left in run->why; the store's is given. */
static enum err run_periodic(struct job_run *run)
{
    run->why = job_guard(lease_and_work, run);
    if (run->claimed && run->why && run->why != E_GONE)
        return job_guard(note_failure, run);
    if (run->claimed || run->why == E_NOT_FOUND || run->why == E_CONFLICT)
        return OK;
    return run->why;
}

enum err job_step_periodic(struct db *db, bool *ret_did)
{
    struct job_run run = { .db = db };
    enum err e = job_guard(find_due, &run);
    *ret_did = e == OK;
    if (e)
        return e == E_NOT_FOUND ? OK : e;
    return run_periodic(&run);
}

static enum err run_poller(struct db *db, const struct job_kind *kind, bool *ret_more)
{
    struct job_run run = { .db = db, .kind = kind };
    enum err e = job_guard(work, &run);
    *ret_more = run.more && e == OK;
    return e;
}

enum err job_step_pollers(struct db *db, bool *ret_did)
{
    const struct job_kind *kind;
    enum err result = OK;
    *ret_did = false;
    for (size_t i = 0; (kind = job_nth_kind(i)); i++) {
        bool more = false;
        enum err e = kind->every == JOB_ON_WAKE ? run_poller(db, kind, &more) : OK;
        if (e)
            result = e;
        *ret_did |= more;
    }
    return result;
}

static enum err run_once(struct db *db, const struct job_kind *kind, bool *ret_more)
{
    *ret_more = false;
    if (kind->every == JOB_ON_WAKE)
        return run_poller(db, kind, ret_more);
    struct job_run run = { .db = db, .kind = kind, .is_by_hand = true };
    TRY(run_periodic(&run));
    *ret_more = run.more;
    if (run.is_put_off)
        return E_DENIED;
    return run.claimed ? run.why : E_BUSY;
}

enum err job_run(struct db *db, struct arena *, const char *name)
{
    enum { ROUNDS_MAX = 10'000 };
    const struct job_kind *kind = job_find_kind(name);
    bool more = true;
    if (!kind || !kind->every)
        return E_NOT_FOUND;
    TRY(job_ready(db));
    for (int i = 0; more && i < ROUNDS_MAX; i++)
        TRY(run_once(db, kind, &more));
    return OK;
}

/* The longest span between runs is a day. */
enum err job_mend_periodic(struct tx *tx, int64_t now)
{
    TRY(db_run(tx, "UPDATE job SET next_run_at = $1 WHERE next_run_at > $2",
               V(num(now), num(now + DAY))));
    return db_run(tx,
                  "UPDATE job SET leased_until = NULL, leased_by = NULL WHERE leased_until > $1",
                  V(num(now + lease)));
}

const char *job_nearest(const char *name)
{
    const struct job_kind *kind;
    const char *best = NULL;
    size_t least = strlen(name) / 2 + 1;
    for (size_t i = 0; (kind = job_nth_kind(i)); i++) {
        size_t distance = text_distance(name, kind->name);
        if (!kind->every || distance >= least)
            continue;
        least = distance;
        best = kind->name;
    }
    return best;
}

enum err job_list(struct db *db, struct arena *arena, struct job_entry **ret, size_t *ret_count)
{
    const struct job_kind *kind;
    size_t count = 0;
    while (job_nth_kind(count))
        count++;
    struct job_entry *list = arena_array(arena, count, sizeof *list);
    struct tx tx;
    db_begin(&tx, db, DB_READ, arena);
    *ret = list;
    *ret_count = 0;
    for (size_t i = 0; (kind = job_nth_kind(i)); i++) {
        if (kind->every <= 0)
            continue;
        struct job_entry *entry = &list[(*ret_count)++];
        *entry = (struct job_entry){ .name = kind->name, .help = kind->help, .every = kind->every };
        enum err e = db_one(&tx,
                            "SELECT last_error, last_run_at, last_success_at, next_run_at,"
                            "       leased_until FROM job WHERE name = $1",
                            V(text(kind->name)),
                            INTO(to_text(&entry->last_error), to_num(&entry->last_run_at),
                                 to_num(&entry->last_success_at), to_num(&entry->next_run_at),
                                 to_num(&entry->leased_until)));
        if (e && e != E_NOT_FOUND) {
            db_rollback(&tx);
            return e;
        }
    }
    return db_commit(&tx);
}
