/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQLite engine: one writer, a few readers. DB_WRITE borrows the writer, DB_READ a reader for
 * as long as its snapshot lasts, DB_PEEK a reader for each statement. tx->state is the borrowed
 * connection. Readers are opened read-only, so a GET cannot write even through a wrong statement.
 */
#include "db/sqlite.h"

#include "base/log.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READERS = 8 };

struct sqlite {
    struct db db;
    char *path;
    bool is_scratch;
    struct writer writer;
    struct pool readers;
};

static struct sqlite *sqlite_of(struct db *db)
{
    return (struct sqlite *)db;
}

/* --- readers
 * -----------------------------------------------------------------------------------------------
 */

static enum err open_reader(struct sqlite *s, struct connection **ret)
{
    struct connection *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    enum err e = connection_open(c, s->path, CONNECTION_READER, false);
    if (e) {
        free(c);
        return e;
    }
    *ret = c;
    return OK;
}

static enum err take_reader(struct sqlite *s, struct connection **ret)
{
    void *found;
    TRY(pool_take(&s->readers, DB_WAIT_SECONDS, &found));
    *ret = found;
    if (found)
        return OK;
    enum err e = open_reader(s, ret);
    if (e)
        pool_drop(&s->readers);
    return e;
}

/* --- opening and closing --- */

/* A log of no more than this holds nothing yet (SQLite's file format, 4.1): the power went while
   the database was made. */
enum { LOG_HEADER = 32 };

/* SQLite would let everybody on the machine read a new file; log and index take over its mode. When
   it cannot be made, SQLite says why. Its name is on the disk before anything is in it. */
static void make_file(const char *path)
{
    char copy[4096];
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    (void)close(fd);
    (void)snprintf(copy, sizeof copy, "%s", path);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    (void)close(fd);
}

/* Says what is about to happen to a file that is not there or empty. A log without its database
 * means that somebody moved one of them: writing a new database over it would destroy both. */
static enum err look_at(const char *path, bool must_exist)
{
    struct stat file, log;
    char log_path[4096];
    (void)snprintf(log_path, sizeof log_path, "%s-wal", path);
    bool has_file = stat(path, &file) == 0 && file.st_size > 0;
    bool has_log = stat(log_path, &log) == 0 && log.st_size > LOG_HEADER;
    if (has_file)
        return OK;
    if (has_log)
        return fault("database %s is missing, but its log %s is there: put the database back, or "
                     "move the log away to start anew",
                     path, log_path);
    if (must_exist)
        return fault("there is no database %s: is DATABASE_URL right?", path);
    LOG(LOG_WARN, "db.created", LOG_TEXT("path", path));
    make_file(path);
    return OK;
}

/* Removes the files of a store in memory, and its folder. */
static void remove_scratch(const char *path)
{
    static const char *const suffixes[] = { "", "-wal", "-shm" };
    char name[128];
    for (size_t i = 0; i < COUNT(suffixes); i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        (void)unlink(name);
    }
    (void)snprintf(name, sizeof name, "%s", path);
    (void)rmdir(dirname(name));
}

static struct sqlite *new_store(const char *path, const struct db_options *options)
{
    int readers = options->readers > 0 ? options->readers : READERS;
    struct sqlite *s = calloc(1, sizeof *s);
    char *copy = strdup(path);
    if (!s || !copy)
        abort();
    s->db.engine = &sqlite_engine;
    s->path = copy;
    pool_init(&s->readers, readers < POOL_MAX ? readers : POOL_MAX);
    return s;
}

static void free_store(struct sqlite *s)
{
    pool_done(&s->readers);
    if (s->is_scratch)
        remove_scratch(s->path);
    free(s->path);
    free(s);
}

static void close_readers(struct sqlite *s)
{
    for (struct connection *c = pool_drain(&s->readers); c; c = pool_drain(&s->readers)) {
        sqlite_close_connection(c);
        free(c);
    }
}

static void close_store(struct db *db)
{
    struct sqlite *s = sqlite_of(db);
    close_readers(s);
    writer_close(&s->writer);
    free_store(s);
}

static enum err open_file(struct db **ret, const char *path, const struct db_options *options)
{
    if (text_is_empty(path))
        return E_INVALID;
    TRY(look_at(path, options->must_exist));
    struct sqlite *s = new_store(path, options);
    enum err e = writer_open(&s->writer, path, options->is_tool, false);
    if (e) {
        free_store(s);
        return e;
    }
    *ret = &s->db;
    return OK;
}

/* --- stores in memory --- */

/* What a killed process left: folders are called after the process that made them. */
static void sweep(const char *parent)
{
    static const char prefix[] = "cardea-db-";
    DIR *list = opendir(parent);
    for (struct dirent *e = list ? readdir(list) : NULL; e; e = readdir(list)) {
        char path[128];
        if (strncmp(e->d_name, prefix, sizeof prefix - 1) != 0)
            continue;
        long pid = strtol(e->d_name + sizeof prefix - 1, NULL, 10);
        if (pid <= 0 || kill((pid_t)pid, 0) == 0 || errno != ESRCH)
            continue;
        if (snprintf(path, sizeof path, "%s/%s/db", parent, e->d_name) < (int)sizeof path)
            remove_scratch(path);
    }
    if (list)
        closedir(list);
}

/* SQLite's own memory databases have neither a log nor snapshots, so tests would see other locking
 * than production has: a file in memory has both. */
static enum err open_scratch(struct db **ret, const struct db_options *options)
{
    char folder[64], path[80];
    const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    sweep(parent);
    (void)snprintf(folder, sizeof folder, "%s/cardea-db-%d-XXXXXX", parent, (int)getpid());
    if (!mkdtemp(folder))
        return fault("no folder for a store in memory under %s", parent);
    (void)snprintf(path, sizeof path, "%s/db", folder);
    struct sqlite *s = new_store(path, options);
    s->is_scratch = true;
    enum err e = writer_open(&s->writer, path, false, true);
    if (e) {
        free_store(s);
        return e;
    }
    *ret = &s->db;
    return OK;
}

static pthread_once_t configured = PTHREAD_ONCE_INIT;

/* Before the first connection: every connection is used by one thread at a time, so SQLite's own
 * locks and counters would only cost time. A page is allocated when it is read, not twenty of them
 * with each connection. */
static void configure(void)
{
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
}

static enum err open_store(struct db **ret, const char *url, const struct db_options *options)
{
    pthread_once(&configured, configure);
    const char *path = url + sizeof "sqlite:" - 1;
    if (text_equal(path, ":memory:"))
        return open_scratch(ret, options);
    return open_file(ret, path, options);
}

/* --- transactions --- */

static enum err ping(struct db *db)
{
    struct writer *w = &sqlite_of(db)->writer;
    pthread_mutex_lock(&w->lock);
    bool broken = w->is_broken;
    pthread_mutex_unlock(&w->lock);
    return broken ? E_FAULT : OK;
}

/* Borrows what the mode asks for, unless it is there already. */
static enum err take(struct sqlite *s, struct tx *tx)
{
    struct connection *c;
    if (tx->state)
        return OK;
    if (tx->mode == DB_WRITE) {
        TRY(writer_take(&s->writer));
        tx->state = &s->writer.connection;
        return OK;
    }
    TRY(take_reader(s, &c));
    tx->state = c;
    if (tx->mode == DB_PEEK)
        return OK;
    int rc = connection_do(c, "BEGIN");
    return rc == SQLITE_OK ? OK : connection_fault(c, rc, "BEGIN");
}

static void give_back(struct sqlite *s, struct tx *tx)
{
    struct connection *c = tx->state;
    tx->state = NULL;
    connection_stop(c);
    if (!sqlite3_get_autocommit(c->handle))
        (void)connection_do(c, "ROLLBACK");
    pool_put(&s->readers, c);
}

static enum err finish_statement(struct sqlite *s, struct tx *tx, enum err e)
{
    if (tx->mode == DB_PEEK)
        give_back(s, tx);
    if (e && tx->mode == DB_WRITE)
        writer_check(&s->writer);
    return e;
}

static enum err run(struct db *db, struct tx *tx, const char *sql, struct db_values values,
                    struct db_result *result)
{
    struct sqlite *s = sqlite_of(db);
    TRY(take(s, tx));
    return finish_statement(s, tx, sqlite_run_plain(tx->state, tx, sql, values, result));
}

static enum err script(struct db *db, struct tx *tx, const char *sql)
{
    struct sqlite *s = sqlite_of(db);
    TRY(take(s, tx));
    return finish_statement(s, tx, connection_script(tx->state, sql));
}

static enum err commit(struct db *db, struct tx *tx)
{
    struct sqlite *s = sqlite_of(db);
    if (tx->mode != DB_WRITE) {
        give_back(s, tx);
        return OK;
    }
    tx->state = NULL;
    return writer_commit(&s->writer);
}

static void commit_then(struct db *db, struct tx *tx, void (*done)(void *, enum err), void *arg)
{
    struct sqlite *s = sqlite_of(db);
    if (tx->mode != DB_WRITE) {
        give_back(s, tx);
        return done(arg, OK);
    }
    tx->state = NULL;
    writer_commit_then(&s->writer, (struct member){ done, arg });
}

static void rollback(struct db *db, struct tx *tx)
{
    struct sqlite *s = sqlite_of(db);
    if (tx->mode != DB_WRITE)
        return give_back(s, tx);
    tx->state = NULL;
    writer_rollback(&s->writer);
}

static enum err scrub(struct db *db, const struct db_gone *gone)
{
    return writer_do_alone(&sqlite_of(db)->writer, scrub_run, gone);
}

const struct db_engine sqlite_engine = {
    .name = "sqlite",
    .open = open_store,
    .close = close_store,
    .ping = ping,
    .run = run,
    .script = script,
    .commit = commit,
    .commit_then = commit_then,
    .rollback = rollback,
    .scrub = scrub,
};
