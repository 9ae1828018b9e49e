/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one writer of an SQLite store, and its group commit. Transactions take turns on the one
 * connection; each works under a savepoint inside a batch (BEGIN IMMEDIATE ... COMMIT), and one
 * sync makes the whole batch durable. Nobody in it is told "done" before that, so a crash can only
 * lose what was never acknowledged.
 *
 * Who commits: whoever ends a turn and finds nobody waiting. When experience says that more would
 * come within the time of a sync (target), the batch is left to the committer thread for a moment.
 * A transaction that does not wait (commit_then) always leaves the sync to the committer, so that
 * an I/O thread never sits in one that is not its own.
 */
#include "db/sqlite.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"

#include <assert.h>
#include <semaphore.h>

enum { PASS_OVER_MAX = 16, SPINS = 400 };

#define BATCH_NS INT64_C(3'000'000)  /* nobody's commit is put off longer than this for others */
#define LINGER_NS INT64_C(1'000'000) /* nor for others who do not come */

/* --- the queue --- */

/*
 * The turn is not handed over to a sleeping thread: between the wake-up and its first instruction
 * the connection would lie idle, which costs more than the work itself. Who comes by meanwhile may
 * go first, a bounded number of times.
 */
struct turn {
    pthread_cond_t cond;
    struct turn *next;
    bool is_woken, is_mine;
};

static void leave_queue(struct writer *w, struct turn *turn)
{
    struct turn *before = NULL;
    for (struct turn *t = w->first; t != turn; t = t->next)
        before = t;
    *(before ? &before->next : &w->first) = turn->next;
    if (w->last == turn)
        w->last = before;
}

/* Lock held. The connection is free, or the first in the queue has it when it was passed over too
 * often. */
static void pass_on(struct writer *w)
{
    struct turn *turn = w->first;
    w->is_busy = false;
    if (!turn)
        return;
    if (w->passed_over >= PASS_OVER_MAX) {
        w->is_busy = true;
        turn->is_mine = true;
        leave_queue(w, turn);
    }
    if (!turn->is_woken)
        pthread_cond_signal(&turn->cond);
    turn->is_woken = true;
}

static void release(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    pass_on(w);
    pthread_mutex_unlock(&w->lock);
}

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Lock held. True when the connection came free in a moment's waiting; one thread at a time may
 * hope for that, and only while a statement runs, not a sync. */
static bool spin(struct writer *w)
{
    if (w->is_spun_on || w->is_syncing || !w->may_spin)
        return false;
    w->is_spun_on = true;
    pthread_mutex_unlock(&w->lock);
    for (int i = 0; i < SPINS && w->is_busy; i++)
        relax();
    pthread_mutex_lock(&w->lock);
    w->is_spun_on = false;
    return !w->is_busy;
}

/* Lock held. False when the connection did not come free in time. */
static bool queue_up(struct writer *w)
{
    struct turn turn = { .next = NULL };
    struct timespec deadline = deadline_in(DB_WAIT_SECONDS * 1'000'000'000LL);
    int rc = 0;
    cond_init_monotonic(&turn.cond);
    *(w->last ? &w->last->next : &w->first) = &turn;
    w->last = &turn;
    while (w->is_busy && !turn.is_mine && rc == 0) {
        turn.is_woken = false;
        rc = pthread_cond_timedwait(&turn.cond, &w->lock, &deadline);
    }
    if (!turn.is_mine)
        leave_queue(w, &turn);
    pthread_cond_destroy(&turn.cond);
    w->passed_over = 0;
    return turn.is_mine || !w->is_busy;
}

/* --- ending a batch --- */

static void tell(const struct member *member, int count, enum err result)
{
    for (int i = 0; i < count; i++)
        member[i].done(member[i].arg, result);
}

/* SQLite has undone the batch or cannot go on: everyone in it failed. The writer stays taken. */
static void fail_batch(struct writer *w)
{
    struct member member[BATCH_MAX];
    if (!sqlite3_get_autocommit(w->connection.handle))
        (void)connection_do(&w->connection, "ROLLBACK");
    pthread_mutex_lock(&w->lock);
    int count = w->count;
    for (int i = 0; i < count; i++)
        member[i] = w->member[i];
    w->count = 0;
    w->is_open = w->is_armed = false;
    pthread_mutex_unlock(&w->lock);
    checkpoint_allow(w);
    if (count)
        LOG(LOG_ERROR, "db.batch_lost", LOG_NUM("transactions", count));
    tell(member, count, E_FAULT);
}

/* Lock held. What a batch must reach to be worth a sync at once: it grows while some had to wait
 * for the next one, and shrinks to what really came. One who comes alone never waits for others. */
static int next_target(const struct writer *w)
{
    if (!w->first || w->count < w->target)
        return w->count > 1 ? w->count : 1;
    int target = w->count + 1 + w->count / 4;
    return target < BATCH_MAX ? target : BATCH_MAX;
}

/* COMMIT itself. After a failed sync nobody knows what is on the disk (the kernel forgets what it
 * could not write), so nothing more is promised until a restart has read the log again. */
static enum err sync_batch(struct writer *w)
{
    int64_t start = clock_monotonic_ns();
    int rc = connection_do(&w->connection, w->count ? "COMMIT" : "ROLLBACK");
    if (rc != SQLITE_OK) {
        enum err e = connection_fault(&w->connection, rc, "COMMIT");
        if (rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC) {
            pthread_mutex_lock(&w->lock);
            w->is_broken = true;
            pthread_mutex_unlock(&w->lock);
            LOG(LOG_ERROR, "db.sync_failed", LOG_TEXT("do", "check the disk, then restart"));
        }
        return e == OK ? E_FAULT : e;
    }
    if (w->count)
        w->sync_ns = (w->sync_ns * 7 + clock_monotonic_ns() - start) / 8;
    return OK;
}

static void idle_checkpoint(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    bool mine = !w->is_busy && !w->is_open && w->wal_pages >= w->next_pages;
    w->is_busy |= mine;
    pthread_mutex_unlock(&w->lock);
    if (!mine)
        return;
    checkpoint_run(w, false);
    release(w);
}

/* Commits the batch, if one is open, and gives its members, who are to be told. The writer is
   taken, and stays so. */
static int close_batch(struct writer *w, struct member *member)
{
    w->is_syncing = true;
    if (w->is_open && sync_batch(w) != OK)
        fail_batch(w);
    pthread_mutex_lock(&w->lock);
    w->is_syncing = false;
    int count = w->count;
    for (int i = 0; i < count; i++)
        member[i] = w->member[i];
    w->target = next_target(w);
    w->count = 0;
    w->is_open = w->is_armed = false;
    pthread_mutex_unlock(&w->lock);
    checkpoint_allow(w);
    return count;
}

/* Commits the batch, passes the writer on and tells the members. The writer is taken. */
static void settle(struct writer *w)
{
    struct member member[BATCH_MAX];
    int count = close_batch(w, member);
    if (w->wal_pages >= w->next_pages + CHECKPOINT_PAGES_MUST)
        checkpoint_run(w, false);
    release(w);
    tell(member, count, OK);
    idle_checkpoint(w);
}

/* --- the committer --- */

/* A batch below its target waits for more as long as they keep coming. */
static int64_t linger_until(const struct writer *w)
{
    int64_t linger = w->sync_ns / 2 < LINGER_NS ? w->sync_ns / 2 : LINGER_NS;
    int64_t quiet = w->joined_ns + linger, full = w->opened_ns + BATCH_NS;
    return quiet < full ? quiet : full;
}

/* Lock held. True when the committer shall settle now; it has the writer then. */
static bool is_time(struct writer *w)
{
    if (w->is_due)
        return true;
    if (w->is_busy || !w->is_open) {
        w->is_armed = false;
        pthread_cond_wait(&w->wake, &w->lock);
        return false;
    }
    int64_t left = linger_until(w) - clock_monotonic_ns();
    if (left > 0) {
        struct timespec deadline = deadline_in(left);
        pthread_cond_timedwait(&w->wake, &w->lock, &deadline);
        return false;
    }
    w->is_busy = true;
    return true;
}

static void *run_committer(void *arg)
{
    struct writer *w = arg;
    pthread_mutex_lock(&w->lock);
    while (!w->is_stopping) {
        if (!is_time(w))
            continue;
        w->is_due = false;
        pthread_mutex_unlock(&w->lock);
        settle(w);
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* Lock held. The committer is started when it is first of use; false when it cannot be. */
static bool has_committer(struct writer *w)
{
    if (!w->has_committer)
        w->has_committer = thread_start(&w->committer, "committer", run_committer, w) == OK;
    return w->has_committer;
}

/* --- taking turns --- */

static enum err give_up(struct writer *w, enum err e)
{
    release(w);
    return e;
}

/* The writer is taken: a batch if there is none, then a savepoint. */
static enum err open_savepoint(struct writer *w)
{
    int rc = SQLITE_OK;
    if (!w->is_open) {
        checkpoint_hold_off(w);
        rc = connection_do(&w->connection, "BEGIN IMMEDIATE");
        if (rc != SQLITE_OK) {
            checkpoint_allow(w);
            return connection_fault(&w->connection, rc, "BEGIN IMMEDIATE");
        }
        pthread_mutex_lock(&w->lock);
        w->is_open = true;
        w->opened_ns = clock_monotonic_ns();
        pthread_mutex_unlock(&w->lock);
    }
    rc = connection_do(&w->connection, "SAVEPOINT turn");
    if (rc == SQLITE_OK)
        return OK;
    enum err e = connection_fault(&w->connection, rc, "SAVEPOINT");
    fail_batch(w);
    return e;
}

/* Lock held. True when the connection is this thread's now. */
static bool take(struct writer *w)
{
    if (w->is_busy && !spin(w))
        return queue_up(w);
    if (w->first)
        w->passed_over++;
    return true;
}

enum err writer_take(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    bool waits_for_itself = w->has_committer && pthread_equal(pthread_self(), w->committer);
    bool mine = !waits_for_itself && take(w);
    if (mine)
        w->is_busy = true;
    bool broken = w->is_broken;
    pthread_mutex_unlock(&w->lock);
    if (waits_for_itself)
        return fault("a write from the callback of a commit");
    if (!mine)
        return E_BUSY;
    if (broken)
        return give_up(w, fault("the database is not written to since a sync failed: restart"));
    enum err e = open_savepoint(w);
    return e == OK ? OK : give_up(w, e);
}

/* Lock held: the next in the queue may join this batch. */
static bool may_join(const struct writer *w)
{
    return w->first && w->is_open && w->count < BATCH_MAX &&
           clock_monotonic_ns() - w->opened_ns < BATCH_NS;
}

/* Lock held: the batch waits a moment for more, in the committer's care. */
static bool may_linger(struct writer *w)
{
    return w->is_open && w->count > 0 && w->count < w->target && !w->first && has_committer(w) &&
           clock_monotonic_ns() < linger_until(w);
}

static void join(struct writer *w, const struct member *member)
{
    w->member[w->count++] = *member;
    w->joined_ns = clock_monotonic_ns();
}

static void wake_committer(struct writer *w)
{
    if (!w->is_armed)
        pthread_cond_signal(&w->wake);
    w->is_armed = true;
}

/* Ends a turn. The thread commits the batch itself if nobody else will and if it may block. */
static void end_turn(struct writer *w, const struct member *member, bool may_block)
{
    pthread_mutex_lock(&w->lock);
    if (member)
        join(w, member);
    bool settles = false;
    if (may_join(w)) {
        pass_on(w);
    } else if (may_linger(w)) {
        w->is_busy = false;
        wake_committer(w);
    } else if (!may_block && w->count > 0 && has_committer(w)) {
        w->is_due = true; /* and stays taken */
        pthread_cond_signal(&w->wake);
    } else {
        settles = true;
    }
    pthread_mutex_unlock(&w->lock);
    if (settles)
        settle(w);
}

/* The savepoint becomes part of the batch. */
static enum err release_savepoint(struct writer *w)
{
    int rc = connection_do(&w->connection, "RELEASE turn");
    if (rc == SQLITE_OK)
        return OK;
    enum err e = connection_fault(&w->connection, rc, "RELEASE");
    fail_batch(w);
    end_turn(w, NULL, true);
    return e == E_CONFLICT ? E_CONFLICT : E_FAULT;
}

struct waiting {
    sem_t done;
    enum err result;
};

static void wake_up(void *arg, enum err result)
{
    struct waiting *waiting = arg;
    waiting->result = result;
    sem_post(&waiting->done);
}

enum err writer_commit(struct writer *w)
{
    struct waiting waiting = { .result = E_FAULT };
    TRY(release_savepoint(w));
    sem_init(&waiting.done, 0, 0);
    end_turn(w, &(struct member){ wake_up, &waiting }, true);
    while (sem_wait(&waiting.done) != 0)
        continue; /* a signal */
    sem_destroy(&waiting.done);
    return waiting.result;
}

void writer_commit_then(struct writer *w, struct member member)
{
    enum err e = release_savepoint(w);
    if (e)
        return member.done(member.arg, e);
    end_turn(w, &member, false);
}

enum err writer_do_alone(struct writer *w, enum err (*work)(struct writer *w, const void *arg),
                         const void *arg)
{
    struct member member[BATCH_MAX];
    TRY(writer_take(w));
    if (connection_do(&w->connection, "RELEASE turn") != SQLITE_OK) {
        fail_batch(w);
        release(w);
        return E_FAULT;
    }
    int count = close_batch(w, member);
    tell(member, count, OK);
    enum err e = work(w, arg);
    release(w);
    return e;
}

void writer_check(struct writer *w)
{
    if (w->is_open && sqlite3_get_autocommit(w->connection.handle))
        fail_batch(w);
}

void writer_rollback(struct writer *w)
{
    connection_stop(&w->connection);
    if (w->is_open && (connection_do(&w->connection, "ROLLBACK TO turn") != SQLITE_OK ||
                       connection_do(&w->connection, "RELEASE turn") != SQLITE_OK))
        fail_batch(w);
    end_turn(w, NULL, w->count == 0);
}

/* --- opening and closing --- */

static int note_log(void *arg, sqlite3 *, const char *, int pages)
{
    struct writer *w = arg;
    w->wal_pages = pages;
    return SQLITE_OK;
}

enum err writer_open(struct writer *w, const char *path, bool is_tool, bool is_scratch)
{
    *w = (struct writer){ .is_tool = is_tool, .target = 1, .folder = -1 };
    TRY(connection_open(&w->connection, path, CONNECTION_WRITER, is_scratch));
    pthread_mutex_init(&w->lock, NULL);
    cond_init_monotonic(&w->wake);
    w->next_pages = CHECKPOINT_PAGES;
    w->may_spin = thread_processors() > 1;
    sqlite3_wal_hook(w->connection.handle, note_log, w);
    if (!is_scratch)
        checkpoint_open(w, path);
    return OK;
}

/* The members of an open batch are still told. */
void writer_close(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    w->is_stopping = true;
    pthread_cond_signal(&w->wake);
    bool has = w->has_committer;
    pthread_mutex_unlock(&w->lock);
    if (has)
        pthread_join(w->committer, NULL);
    w->is_busy = true;
    settle(w);
    checkpoint_run(w, true);
    checkpoint_close(w);
    sqlite_close_connection(&w->connection);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
}
