/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints: moving the write-ahead log into the database. Only the server's writer does it,
 * between batches. SQLite before 3.51.3 can lose writes when a checkpoint resets the log while
 * another connection writes; inside the process there is only one writer, and a tool in another
 * process holds a shared lock on the folder while it writes, which the checkpoint respects. The
 * lock is on the folder because closing a second descriptor of the database file itself would drop
 * SQLite's own locks.
 */
#include "db/sqlite.h"

#include "base/log.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

void checkpoint_open(struct writer *w, const char *path)
{
    char *copy = strdup(path);
    if (!copy)
        abort();
    w->folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copy);
}

void checkpoint_close(struct writer *w)
{
    if (w->folder >= 0)
        close(w->folder);
}

void checkpoint_hold_off(struct writer *w)
{
    if (w->is_tool && w->folder >= 0)
        (void)flock(w->folder, LOCK_SH);
}

void checkpoint_allow(struct writer *w)
{
    if (w->is_tool && w->folder >= 0)
        (void)flock(w->folder, LOCK_UN);
}

void checkpoint_run(struct writer *w, bool is_last)
{
    int in_log = 0, moved = 0;
    if (w->is_tool || (w->folder >= 0 && flock(w->folder, LOCK_EX | LOCK_NB) != 0)) {
        w->next_pages = w->wal_pages + CHECKPOINT_PAGES / 2;
        return;
    }
    int mode = is_last || w->wal_pages > TRUNCATE_PAGES ? SQLITE_CHECKPOINT_TRUNCATE
                                                        : SQLITE_CHECKPOINT_FULL;
    sqlite3_busy_timeout(w->connection.handle,
                         20); /* readers of old snapshots are not waited for */
    int rc = sqlite3_wal_checkpoint_v2(w->connection.handle, NULL, mode, &in_log, &moved);
    sqlite3_busy_timeout(w->connection.handle, 5000);
    if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
        (void)connection_fault(&w->connection, rc, "checkpoint");
    bool is_complete = rc == SQLITE_OK && moved == in_log;
    w->next_pages = is_complete ? CHECKPOINT_PAGES : w->wal_pages + CHECKPOINT_PAGES / 2;
    if (is_complete)
        w->wal_pages = 0;
    if (w->folder >= 0)
        (void)flock(w->folder, LOCK_UN);
}
