/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaving nothing in the files. Deleted cells are overwritten (secure_delete), but the write-ahead
 * log keeps old pages until it is emptied, and SQLite leaves a copy of a cell in the unused part of
 * a page when it moves it to another (seen in 1 to 3 of 1000 deleted rows). So the log is emptied,
 * and the file searched for what must be gone; only when something is found is it rebuilt.
 */
#include "db/sqlite.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 20, OVERLAP = 512, TRIES = 5 };

/* Rebuilding takes as much memory as the file is large, and holds up all writers. */
#define SEARCHED_MAX (INT64_C(256) << 20)

static bool has_any(const char *bytes, size_t n, const struct db_gone *gone)
{
    for (size_t i = 0; i < gone->count; i++)
        if (memmem(bytes, n, gone->texts[i], strlen(gone->texts[i])))
            return true;
    return false;
}

/* Reads through SQLite's own descriptor: closing another one would drop its locks. */
static bool is_in_file(sqlite3_file *file, int64_t size, const struct db_gone *gone)
{
    char *chunk = malloc(CHUNK);
    bool found = false;
    for (int64_t at = 0; chunk && at < size && !found; at += CHUNK - OVERLAP) {
        int n = (int)(size - at < CHUNK ? size - at : CHUNK);
        if (file->pMethods->xRead(file, chunk, n, at) != SQLITE_OK)
            break;
        found = has_any(chunk, (size_t)n, gone);
    }
    free(chunk);
    return found;
}

static bool is_left(struct writer *w, const struct db_gone *gone)
{
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    if (!gone->count)
        return false;
    if (sqlite3_file_control(w->connection.handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) !=
            SQLITE_OK ||
        !file || !file->pMethods || file->pMethods->xFileSize(file, &size) != SQLITE_OK)
        return false;
    if (size > SEARCHED_MAX) {
        LOG(LOG_INFO, "db.not_searched", LOG_NUM("bytes", size),
            LOG_TEXT("do", "run VACUUM now and then while the server is stopped"));
        return false;
    }
    return is_in_file(file, size, gone);
}

static enum err empty_log(struct writer *w)
{
    for (int i = 0; i < TRIES; i++) {
        checkpoint_run(w, true);
        if (!w->wal_pages)
            return OK;
    }
    return E_BUSY; /* somebody reads an old snapshot, or a tool writes */
}

enum err scrub_run(struct writer *w, const void *arg)
{
    const struct db_gone *gone = arg;
    w->wal_pages += !w->wal_pages; /* emptied and not truncated is not enough */
    TRY(empty_log(w));
    if (!is_left(w, gone))
        return OK;
    int rc = connection_do(&w->connection, "VACUUM");
    if (rc != SQLITE_OK)
        return connection_fault(&w->connection, rc, "VACUUM");
    LOG(LOG_INFO, "db.rebuilt", LOG_TEXT("why", "something deleted was left in it"));
    return empty_log(w);
}
