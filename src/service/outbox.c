/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outbox's table: see outbox.h. A claim moves due_at to the end of a lease longer than any
 * exchange with a mail server; the mail server is talked to between transactions, never inside one.
 */
#include "service/outbox.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "net/smtp.h"
#include "service/keyring.h"
#include "service/outbox_parts.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define ROUND_NS INT64_C(5'000'000'000)
enum { BATCH = 20, VARS_MAX = 16 * 1024, DELIVERY_ARENA = 16 << 20, MARK_TRIES = 5 };

static const int64_t lease = 3 * MINUTE; /* a mail server gets 60 s at most, see net/smtp.c */
static const int64_t patience = 2 * DAY;
static const int64_t keep_sent = 7 * DAY, keep_dead = 30 * DAY;

static _Atomic int64_t sent_total, failed_total;

/* --- owing --- */

static bool is_kind(const char *kind)
{
    return *kind && strspn(kind, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(kind);
}

/* A mail that is owed. to_address is '' in the row of a last one: its recipient is sealed with the
   variables. */
struct owed {
    const char *kind, *to, *locale, *account_id;
    const struct outbox_var *vars;
    bool is_last;
};

static struct mem write_vars(struct buf *out, const struct owed *owed)
{
    struct json_writer j;
    const struct outbox_var *vars = owed->vars;
    json_write(&j, out);
    json_begin_object(&j, NULL);
    if (owed->is_last)
        json_put_text(&j, "to", owed->to);
    for (; vars && vars->name; vars++)
        json_put_text(&j, vars->name, vars->value);
    json_end(&j);
    return buf_mem(out);
}

static int64_t give_up_at(const struct outbox_var *vars, int64_t now)
{
    int64_t at = 0;
    for (; vars && vars->name; vars++)
        if (text_equal(vars->name, "expires_at") && vars->value &&
            text_parse_int(vars->value, 1, INT64_MAX, &at))
            return at;
    return now + patience;
}

static enum err add(struct tx *tx, const struct owed *owed)
{
    assert(is_kind(owed->kind));
    if (!smtp_is_address(owed->to))
        return E_INVALID;
    struct buf json;
    int64_t now = clock_now();
    const char *id = id_new(tx->arena, "out");
    buf_init(&json, tx->arena, VARS_MAX);
    struct mem plain = write_vars(&json, owed);
    if (json.overflow)
        return E_TOO_LARGE;
    struct mem sealed =
        seal(keyring_seals(), tx->arena, (struct seal_place){ "outbox", "vars", id }, plain);
    return db_run(tx,
                  "INSERT INTO outbox (id, kind, to_address, locale, account_id, vars, created_at,"
                  "                    give_up_at, due_at, attempts)"
                  " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7, 0)",
                  V(text(id), text(owed->kind), text(owed->is_last ? "" : owed->to),
                    text(owed->locale ? owed->locale : ""), text(owed->account_id), blob(sealed),
                    num(now), num(give_up_at(owed->vars, now))));
}

enum err outbox_add(struct tx *tx, const char *kind, const char *to, const char *locale,
                    const char *account_id, const struct outbox_var *vars)
{
    return add(
        tx, &(struct owed){
                .kind = kind, .to = to, .locale = locale, .account_id = account_id, .vars = vars });
}

enum err outbox_add_last(struct tx *tx, const char *kind, const char *to, const char *locale,
                         const struct outbox_var *vars)
{
    return add(tx, &(struct owed){
                       .kind = kind, .to = to, .locale = locale, .vars = vars, .is_last = true });
}

/* --- delivering --- */

/* One mail on its way. Everything outlives the arena that is its text. */
struct delivery {
    struct db *db;
    struct arena arena;
    struct tx tx;
    struct outbox_message message;
    const char *locale;
    struct mem sealed;
    char id[ID_MAX + 1];
    int64_t attempts, give_up_at;
    bool is_there; /* there was one to take */
    enum err outcome;
    char why[200];
};

/* Runs step with the arena trapped; a transaction that did not end well is rolled back. */
static enum err guard(enum err (*step)(struct delivery *d), struct delivery *d)
{
    jmp_buf jump;
    db_begin(&d->tx, d->db, DB_PEEK, &d->arena);
    enum err result = ARENA_TRAP(&d->arena, &jump) ? E_FAULT : step(d);
    d->arena.trap = NULL;
    if (result)
        db_rollback(&d->tx);
    return result;
}

static enum err take(struct delivery *d)
{
    int64_t now = clock_now();
    struct outbox_message *m = &d->message;
    TRY(db_one(&d->tx, "SELECT id FROM outbox WHERE due_at <= $1 LIMIT 1", V(num(now)),
               INTO(to_text(&m->id))));
    TRY(db_commit(&d->tx));

    d->is_there = true;
    db_begin(&d->tx, d->db, DB_WRITE, &d->arena);
    TRY(db_one(&d->tx,
               "UPDATE outbox SET due_at = $2, attempts = attempts + 1, taken_by = $3"
               " WHERE id = (SELECT id FROM outbox WHERE due_at <= $1 ORDER BY due_at, id LIMIT 1)"
               "   AND due_at <= $1"
               " RETURNING id, kind, to_address, locale, vars, created_at, give_up_at, attempts",
               V(num(now), num(now + lease), text(id_new(&d->arena, "run"))),
               INTO(to_text(&m->id), to_text(&m->kind), to_text(&m->to), to_text(&d->locale),
                    to_blob(&d->sealed), to_num(&m->created_at), to_num(&d->give_up_at),
                    to_num(&d->attempts))));
    TRY(db_commit(&d->tx));
    (void)snprintf(d->id, sizeof d->id, "%s", m->id);
    return OK;
}

static enum err give(struct delivery *d, enum err outcome, const char *why)
{
    (void)snprintf(d->why, sizeof d->why, "%s", why);
    return outcome;
}

static enum err send(struct delivery *d)
{
    struct mem vars;
    const char *why = "";
    if (clock_now() >= d->give_up_at)
        return give(d, E_INVALID, "it expired before it could be sent");
    struct seal_place place = { "outbox", "vars", d->id };
    if (seal_open(keyring_seals(), &d->arena, place, d->sealed, &vars))
        return give(d, E_INVALID, "the variables cannot be opened: is the encryption key gone?");
    if (outbox_render(&d->arena, vars, d->locale, &d->message))
        return give(d, E_INVALID, "the templates cannot be rendered");
    enum err e = outbox_hand_over(&d->arena, &d->message, &why);
    return give(d, e, why);
}

/* A last mail leaves nothing. */
static enum err drop_last(struct delivery *d)
{
    return db_run(&d->tx, "DELETE FROM outbox WHERE id = $1 AND to_address = ''", V(text(d->id)));
}

static enum err mark_sent(struct delivery *d)
{
    int64_t now = clock_now();
    db_begin(&d->tx, d->db, DB_WRITE, &d->arena);
    TRY(drop_last(d));
    TRY(db_run(&d->tx,
               "UPDATE outbox SET sent_at = $2, purge_at = $3, due_at = NULL, dead_at = NULL,"
               "       taken_by = NULL, vars = NULL, last_error = NULL"
               " WHERE id = $1 AND sent_at IS NULL",
               V(text(d->id), num(now), num(now + keep_sent))));
    return db_commit(&d->tx);
}

/* Up to a fifth more or less, so that mails held up together do not come back together. */
static int64_t backoff(int64_t attempts)
{
    static const int64_t spans[] = { 15 * SECOND, MINUTE,   5 * MINUTE, 15 * MINUTE,
                                     HOUR,        3 * HOUR, 6 * HOUR };
    size_t last = COUNT(spans) - 1;
    size_t i = attempts < 1 ? 0 : (size_t)(attempts - 1);
    int64_t span = spans[i < last ? i : last];
    return span - span / 5 + random_below((uint32_t)(span * 2 / 5));
}

static enum err mark_failed(struct delivery *d)
{
    int64_t now = clock_now(), next = now + backoff(d->attempts);
    bool is_dead = d->outcome == E_INVALID || next >= d->give_up_at;
    LOG(is_dead ? LOG_ERROR : LOG_WARN, is_dead ? "mail.dead" : "mail.failed",
        LOG_TEXT("id", d->id), LOG_TEXT("error", err_name(d->outcome)),
        LOG_NUM("attempts", d->attempts));
    db_begin(&d->tx, d->db, DB_WRITE, &d->arena);
    if (is_dead)
        TRY(drop_last(d));
    TRY(db_run(&d->tx,
               "UPDATE outbox SET due_at = $3, dead_at = $4, purge_at = $5, last_error = $6,"
               "       taken_by = NULL"
               " WHERE id = $1 AND attempts = $2 AND sent_at IS NULL",
               V(text(d->id), num(d->attempts), num_or_null(is_dead ? 0 : next),
                 num_or_null(is_dead ? now : 0), num_or_null(is_dead ? now + keep_dead : 0),
                 text(d->why))));
    return db_commit(&d->tx);
}

static enum err mark(struct delivery *d)
{
    enum err e = E_CONFLICT;
    for (int i = 0; i < MARK_TRIES && e == E_CONFLICT; i++) {
        arena_reset(&d->arena);
        e = guard(d->outcome == OK ? mark_sent : mark_failed, d);
    }
    return e;
}

static enum err deliver_one(struct delivery *d)
{
    enum err e = guard(take, d);
    if (e == E_CONFLICT || (e == E_NOT_FOUND && d->is_there))
        return OK; /* another worker was faster; there may be more */
    TRY(e);
    d->outcome = guard(send, d);
    if (d->outcome == OK)
        sent_total++;
    else
        failed_total++;
    return mark(d);
}

enum err outbox_deliver(struct db *db, struct arena *, int *ret_handled)
{
    enum err e = OK;
    int64_t until = clock_monotonic_ns() + ROUND_NS; /* job_stop waits for us */
    *ret_handled = 0;
    while (*ret_handled < BATCH && clock_monotonic_ns() < until && !job_is_stopping() &&
           outbox_can_send()) {
        struct delivery d = { .db = db };
        arena_init(&d.arena, DELIVERY_ARENA);
        e = deliver_one(&d);
        arena_done(&d.arena);
        if (e)
            break;
        ++*ret_handled;
    }
    if (*ret_handled < BATCH)
        outbox_rest();
    return e == E_NOT_FOUND ? OK : e;
}

/* --- looking after it --- */

static enum err deliver(struct job *job)
{
    int handled;
    TRY(outbox_deliver(job->db, job->arena, &handled));
    job->more = handled == BATCH;
    return OK;
}

static enum err purge(struct job *job)
{
    enum { ROUND = 500 };
    int64_t rows;
    TRY(db_change(job->tx,
                  "DELETE FROM outbox WHERE id IN"
                  " (SELECT id FROM outbox WHERE purge_at <= $1 LIMIT 500)",
                  V(num(job->now)), &rows));
    job->more = rows == ROUND;
    return OK;
}

const struct job_kind outbox_jobs[] = {
    { "mail.deliver", deliver, JOB_ON_WAKE, "sends the mail that is due" },
    { "mail.purge", purge, 6 * HOUR, "removes mail sent a week or given up a month ago",
      .removes = true },
    { 0 },
};

enum err outbox_write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    struct db_rows rows;
    TRY(db_each(tx,
                "SELECT id, kind, to_address, created_at, sent_at FROM outbox"
                " WHERE account_id = $1 ORDER BY id LIMIT 5000",
                V(text(account_id)), &rows));
    for (size_t i = 0; i < rows.count; i++) {
        json_begin_object(j, NULL);
        json_put_text(j, "id", db_at(&rows, i, 0)->text);
        json_put_text(j, "kind", db_at(&rows, i, 1)->text);
        json_put_text(j, "to", db_at(&rows, i, 2)->text);
        json_put_time(j, "created_at", db_at(&rows, i, 3)->num);
        json_put_time(j, "sent_at", db_at(&rows, i, 4)->num);
        json_end(j);
    }
    return OK;
}

enum err outbox_mend(struct tx *tx, int64_t now)
{
    TRY(db_run(tx,
               "UPDATE outbox SET due_at = $1, dead_at = NULL, purge_at = NULL"
               " WHERE dead_at > $1 AND sent_at IS NULL AND vars IS NOT NULL",
               V(num(now))));
    return db_run(tx, "UPDATE outbox SET due_at = $1 WHERE due_at > $2",
                  V(num(now), num(now + DAY)));
}

enum err outbox_forget(struct tx *tx, const char *account_id)
{
    return db_run(tx, "DELETE FROM outbox WHERE account_id = $1", V(text(account_id)));
}

enum err outbox_retry(struct tx *tx, const char *id)
{
    int64_t rows, now = clock_now();
    TRY(db_change(tx,
                  "UPDATE outbox SET due_at = $2, give_up_at = $3, dead_at = NULL, purge_at = NULL"
                  " WHERE id = $1 AND sent_at IS NULL AND taken_by IS NULL",
                  V(text(id), num(now), num(now + patience)), &rows));
    if (rows)
        return OK;
    /* Taken: it is being tried just now, which is what was asked for. */
    return db_one(tx, "SELECT id FROM outbox WHERE id = $1 AND sent_at IS NULL", V(text(id)),
                  INTO(to_text(&id)));
}

enum err outbox_figures(struct db *db, struct arena *arena, struct outbox_figures *ret)
{
    struct tx tx;
    int64_t oldest = 0, now = clock_now();
    *ret = (struct outbox_figures){ .sent_total = sent_total, .failed_total = failed_total };
    db_begin(&tx, db, DB_READ, arena);
    enum err e =
        db_one(&tx, "SELECT COUNT(*), MIN(created_at) FROM outbox WHERE due_at IS NOT NULL", V_NONE,
               INTO(to_num(&ret->waiting), to_num(&oldest)));
    if (e == OK)
        e = db_one(&tx, "SELECT COUNT(*) FROM outbox WHERE dead_at IS NOT NULL", V_NONE,
                   INTO(to_num(&ret->dead)));
    db_rollback(&tx);
    ret->oldest_age = oldest && now > oldest ? now - oldest : 0;
    return e;
}

static struct outbox_entry read_entry(const struct db_rows *rows, size_t i)
{
    return (struct outbox_entry){
        .id = db_at(rows, i, 0)->text,
        .kind = db_at(rows, i, 1)->text,
        .to = db_at(rows, i, 2)->text,
        .account_id = db_at(rows, i, 3)->text,
        .last_error = db_at(rows, i, 4)->text,
        .created_at = db_at(rows, i, 5)->num,
        .due_at = db_at(rows, i, 6)->num,
        .sent_at = db_at(rows, i, 7)->num,
        .dead_at = db_at(rows, i, 8)->num,
        .attempts = db_at(rows, i, 9)->num,
    };
}

enum err outbox_list(struct db *db, struct arena *arena, const char *before, int64_t limit,
                     struct outbox_entries *ret)
{
    struct tx tx;
    struct db_rows rows;
    db_begin(&tx, db, DB_PEEK, arena);
    enum err e = db_each(&tx,
                         "SELECT id, kind, to_address, account_id, last_error, created_at, due_at,"
                         "       sent_at, dead_at, attempts"
                         "  FROM outbox WHERE id < $1 ORDER BY id DESC LIMIT $2",
                         V(text(before ? before : "out_~"), num(limit)), &rows);
    db_rollback(&tx);
    TRY(e);
    ret->list = arena_array(arena, rows.count, sizeof *ret->list);
    ret->count = rows.count;
    for (size_t i = 0; i < rows.count; i++)
        ret->list[i] = read_entry(&rows, i);
    return OK;
}
