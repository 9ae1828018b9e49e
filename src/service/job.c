/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds of jobs, queueing, and running tasks: see job.h. A claim moves run_at to the end of a lease
 * and counts attempts; that count is the claim's token, so a worker that lost its lease cannot end
 * somebody else's run.
 */
#include "service/job_parts.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "service/keyring.h"

#include <stdio.h>
#include <string.h>

enum { ARG_MAX = 4096, ATTEMPTS_MAX = 10 };
static const int64_t lease = 60 * SECOND;

static const struct job_kind *const *kind_lists;

void job_set_kinds(const struct job_kind *const *lists)
{
    kind_lists = lists;
}

const struct job_kind *job_nth_kind(size_t i)
{
    for (size_t list = 0; kind_lists && kind_lists[list]; list++)
        for (const struct job_kind *kind = kind_lists[list]; kind->name; kind++)
            if (i-- == 0)
                return kind;
    return NULL;
}

const struct job_kind *job_find_kind(const char *name)
{
    const struct job_kind *kind;
    for (size_t i = 0; (kind = job_nth_kind(i)); i++)
        if (text_equal(kind->name, name))
            return kind;
    return NULL;
}

bool job_is_due(_Atomic int64_t *last_at, int64_t now, int64_t span)
{
    if (now >= *last_at && now < *last_at + span)
        return false;
    *last_at = now;
    return true;
}

enum err job_add(struct tx *tx, const char *name, const char *arg)
{
    if (strlen(arg) > ARG_MAX)
        return E_TOO_LARGE;
    int64_t now = clock_now();
    const char *id = id_new(tx->arena, "tsk");
    struct seal_place place = { "task", "arg", id };
    struct mem sealed = seal(keyring_seals(), tx->arena, place, mem_text(arg));
    return db_run(tx,
                  "INSERT INTO task (id, kind, arg, created_at, run_at, attempts)"
                  " VALUES ($1, $2, $3, $4, $4, 0)",
                  V(text(id), text(name), blob(sealed), num(now)));
}

static enum err trap(enum err (*step)(struct job_run *run), struct job_run *run)
{
    jmp_buf jump;
    enum err result = ARENA_TRAP(&run->arena, &jump) ? E_FAULT : step(run);
    run->arena.trap = NULL;
    return result;
}

enum err job_guard(enum err (*step)(struct job_run *run), struct job_run *run)
{
    arena_init(&run->arena, JOB_ARENA);
    db_begin(&run->tx, run->db, DB_PEEK, &run->arena);
    enum err result = trap(step, run);
    if (result)
        db_rollback(&run->tx);
    arena_done(&run->arena);
    return result;
}

/* --- tasks --- */

static enum err take(struct job_run *run)
{
    int64_t now = clock_now();
    const char *id, *name;
    struct mem sealed, plain;
    db_begin(&run->tx, run->db, DB_PEEK, &run->arena);
    TRY(db_one(&run->tx, "SELECT id FROM task WHERE run_at <= $1 LIMIT 1", V(num(now)),
               INTO(to_text(&id))));
    TRY(db_commit(&run->tx));

    run->more = true;
    db_begin(&run->tx, run->db, DB_WRITE, &run->arena);
    TRY(db_one(&run->tx,
               "UPDATE task SET run_at = $2, attempts = attempts + 1, taken_by = $3"
               " WHERE id = (SELECT id FROM task WHERE run_at <= $1 ORDER BY run_at, id LIMIT 1)"
               "   AND run_at <= $1"
               " RETURNING id, kind, arg, attempts",
               V(num(now), num(now + lease), text(id_new(&run->arena, "run"))),
               INTO(to_text(&id), to_text(&name), to_blob(&sealed), to_num(&run->attempts))));
    TRY(db_commit(&run->tx));
    (void)snprintf(run->id, sizeof run->id, "%s", id);
    run->claimed = true;
    run->kind = job_find_kind(name);
    if (!run->kind)
        return fault("job: no task is called %s", name);
    TRY(seal_open(keyring_seals(), &run->arena, (struct seal_place){ "task", "arg", id }, sealed,
                  &plain));
    run->arg = text_copy(&run->arena, plain);
    return OK;
}

static enum err work(struct job_run *run)
{
    db_begin(&run->tx, run->db, DB_WRITE, &run->arena);
    struct job job = {
        .db = run->db, .arena = &run->arena, .tx = &run->tx, .arg = run->arg, .now = clock_now()
    };
    TRY(run->kind->run(&job));
    int64_t rows;
    if (job.more)
        TRY(db_change(
            &run->tx,
            "UPDATE task SET run_at = $3, attempts = 0, taken_by = NULL"
            " WHERE id = $1 AND attempts = $2",
            V(text(run->id), num(run->attempts), num(job.again_at ? job.again_at : clock_now())),
            &rows));
    else
        TRY(db_change(&run->tx, "DELETE FROM task WHERE id = $1 AND attempts = $2",
                      V(text(run->id), num(run->attempts)), &rows));
    if (rows != 1)
        return E_GONE; /* the lease ended and somebody else has it: his writes count, not ours */
    return db_commit(&run->tx);
}

/* 1 s, 4 s, 16 s ... an hour, each up to a quarter longer so that nodes do not march in step. */
static int64_t backoff(int64_t attempts)
{
    int64_t span = SECOND;
    for (int64_t i = 1; i < attempts && span < HOUR; i++)
        span *= 4;
    span = span > HOUR ? HOUR : span;
    return span + random_below((uint32_t)(span / 4));
}

static enum err note_failure(struct job_run *run)
{
    enum err why = run->why;
    int64_t now = clock_now();
    bool is_dead = run->attempts >= ATTEMPTS_MAX;
    int64_t delay = why == E_CONFLICT ? 20 + random_below(100) : backoff(run->attempts);
    LOG(is_dead ? LOG_ERROR : LOG_WARN, is_dead ? "task.dead" : "task.failed",
        LOG_TEXT("kind", run->kind ? run->kind->name : "?"), LOG_TEXT("id", run->id),
        LOG_TEXT("error", err_name(why)), LOG_NUM("attempts", run->attempts));
    db_begin(&run->tx, run->db, DB_WRITE, &run->arena);
    TRY(db_run(&run->tx,
               "UPDATE task SET run_at = $3, dead_at = $4, last_error = $5, taken_by = NULL"
               " WHERE id = $1 AND attempts = $2",
               V(text(run->id), num(run->attempts), num_or_null(is_dead ? 0 : now + delay),
                 num_or_null(is_dead ? now : 0), text(err_name(why)))));
    return db_commit(&run->tx);
}

static enum err take_and_work(struct job_run *run)
{
    TRY(take(run));
    return work(run);
}

enum err job_purge_dead(struct tx *tx, int64_t before, bool *ret_more)
{
    return db_purge(tx,
                    "DELETE FROM task WHERE id IN"
                    " (SELECT id FROM task WHERE dead_at < $1 LIMIT 500)",
                    V(num(before)), ret_more);
}

enum err job_mend(struct tx *tx, int64_t now)
{
    TRY(job_mend_periodic(tx, now));
    TRY(db_run(tx, "UPDATE task SET run_at = $1, attempts = 0, dead_at = NULL WHERE dead_at > $1",
               V(num(now))));
    return db_run(tx, "UPDATE task SET run_at = $1 WHERE run_at > $2",
                  V(num(now), num(now + 2 * HOUR)));
}

enum err job_step_task(struct db *db, bool *ret_did)
{
    struct job_run run = { .db = db };
    run.why = job_guard(take_and_work, &run);
    *ret_did = run.more;
    if (run.claimed && run.why && run.why != E_GONE)
        return job_guard(note_failure, &run);
    if (run.claimed || run.why == E_NOT_FOUND || run.why == E_CONFLICT)
        return OK; /* done, taken over, nothing due, or somebody was faster */
    return run.why;
}
