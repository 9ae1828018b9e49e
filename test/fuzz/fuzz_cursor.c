/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursors of lists: what was made reads as what it was made from, for this list and this account
 * alone, and no other text is taken (INT-02).
 */
#include "base/text.h"
#include "db/migrate.h"
#include "service/keyring.h"
#include "service/setting.h"
#include "web/cursor.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PLACE_MAX = 100 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Keys in memory, once. */
static void begin(void)
{
    static struct arena arena;
    static struct db *db;
    const char *why;
    if (db)
        return;
    arena_init(&arena, 16 << 20);
    must(setting_open(NULL, true, &arena, &why) == OK);
    must(setting_override(SETTING_ENCRYPTION_KEYS,
                          "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=") == OK);
    must(db_open(&db, "sqlite::memory:", NULL) == OK);
    must(migrate_up(db, &arena) == OK);
    must(keyring_open(db, &arena) == OK);
}

static bool is_place(const char *text)
{
    size_t n = strlen(text);
    for (const char *p = text; *p; p++)
        if (*p <= ' ' || *p > '~')
            return false;
    return n && n <= PLACE_MAX;
}

/* Made, read, and spoiled in each way. */
static void walk(struct req *rq, const char *place, size_t where)
{
    const char *cursor, *back = NULL;
    must(cursor_make(rq, "activity", place, &cursor) == OK);
    must(cursor_read(rq, "activity", cursor, &back) == OK && text_equal(back, place));
    must(cursor_read(rq, "notifications", cursor, &back) == E_INVALID);
    must(cursor_read(rq, "activity2", cursor, &back) == E_INVALID);
    char *spoiled = text_copy(rq->arena, mem_text(cursor));
    spoiled[where % strlen(cursor)] ^= 1;
    must(cursor_read(rq, "activity", spoiled, &back) == E_INVALID);
    rq->session.account_id = "usr_2";
    must(cursor_read(rq, "activity", cursor, &back) == E_INVALID);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    const char *back;
    begin();
    arena_init(&arena, 1 << 20);
    struct req rq = { .arena = &arena, .session.account_id = "usr_1" };
    if (size > 0 && size < 4096) {
        const char *text = text_copy(&arena, MEM(data + 1, size - 1));
        must(cursor_read(&rq, "activity", text, &back) == E_INVALID);
        if (is_place(text))
            walk(&rq, text, data[0]);
    }
    arena_done(&arena);
    return 0;
}
