/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is owed to the files: see scrub.h.
 */
#include "account/scrub.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"
#include "service/keyring.h"

#include <string.h>

enum { BATCH = 50, TEXTS_MAX = 40, TEXT_BYTES = 501 };

enum err scrub_owe(struct tx *tx, const char *const *texts, size_t count)
{
    struct buf lines;
    const char *id = id_new(tx->arena, "scr");
    buf_init(&lines, tx->arena, TEXTS_MAX * TEXT_BYTES);
    for (size_t i = 0; i < count; i++)
        buf_format(&lines, "%s\n", texts[i]);
    if (lines.overflow)
        return E_TOO_LARGE;
    struct mem sealed = seal(keyring_seals(), tx->arena,
                             (struct seal_place){ "scrub", "texts", id }, buf_mem(&lines));
    return db_run(tx, "INSERT INTO scrub (id, texts, created_at) VALUES ($1, $2, $3)",
                  V(text(id), blob(sealed), num(clock_now())));
}

struct debts {
    struct db_rows rows;
    const char *texts[BATCH * TEXTS_MAX];
    size_t count;
};

static void take_lines(struct arena *arena, struct mem lines, struct debts *ret)
{
    char *p = text_copy(arena, lines);
    for (char *end = strchr(p, '\n'); end; p = end + 1, end = strchr(p, '\n')) {
        *end = 0;
        if (*p && ret->count < COUNT(ret->texts))
            ret->texts[ret->count++] = p;
    }
}

static enum err read_debts(struct tx *tx, struct debts *ret)
{
    struct mem lines;
    TRY(db_each(tx, "SELECT id, texts FROM scrub ORDER BY id LIMIT $1", V(num(BATCH)), &ret->rows));
    for (size_t i = 0; i < ret->rows.count; i++) {
        const char *id = db_at(&ret->rows, i, 0)->text;
        struct seal_place place = { "scrub", "texts", id };
        if (seal_open(keyring_seals(), tx->arena, place, db_at(&ret->rows, i, 1)->blob, &lines))
            LOG(LOG_WARN, "scrub.unreadable", LOG_TEXT("do", "the log is emptied all the same"));
        else
            take_lines(tx->arena, lines, ret);
    }
    return OK;
}

static enum err forget(struct tx *tx, const struct debts *debts)
{
    for (size_t i = 0; i < debts->rows.count; i++)
        TRY(db_run(tx, "DELETE FROM scrub WHERE id = $1",
                   V(text(db_at(&debts->rows, i, 0)->text))));
    return OK;
}

enum err scrub_pay(struct db *db, struct tx *tx, struct arena *arena, bool *ret_more)
{
    struct debts *debts = arena_alloc(arena, sizeof *debts);
    *debts = (struct debts){ 0 };
    *ret_more = false;
    db_begin(tx, db, DB_PEEK, arena);
    TRY(read_debts(tx, debts));
    TRY(db_commit(tx));
    if (!debts->rows.count)
        return OK;
    TRY(db_scrub(db, &(struct db_gone){ debts->texts, debts->count }));
    db_begin(tx, db, DB_WRITE, arena);
    TRY(forget(tx, debts));
    TRY(db_commit(tx));
    *ret_more = debts->rows.count == BATCH;
    return OK;
}
