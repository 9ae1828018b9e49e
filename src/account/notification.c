/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notices in the app: see notification.h.
 */
#include "account/notification.h"

#include "account/personal.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/json.h"
#include "base/text.h"

enum { DETAIL_MAX = 2000, WRITE_MAX = 1000 };

/* --- notices --- */

static const char *write_detail(struct arena *arena, const struct notification *of)
{
    struct buf out;
    struct json_writer j;
    buf_init(&out, arena, DETAIL_MAX);
    json_write(&j, &out);
    json_begin_object(&j, NULL);
    json_put_text(&j, "ip", of->ip);
    json_put_text(&j, "user_agent", of->user_agent);
    json_end(&j);
    return out.overflow ? "{}" : text_copy(arena, buf_mem(&out));
}

enum err notification_add(struct tx *tx, const char *account_id, const struct notification *of)
{
    return db_run(tx,
                  "INSERT INTO notification (id, account_id, kind, detail, at)"
                  "     VALUES ($1, $2, $3, $4, $5)",
                  V(text(id_new(tx->arena, "ntf")), text(account_id), text(of->kind),
                    text(write_detail(tx->arena, of)), num(clock_now())));
}

static struct notification read_row(struct arena *arena, const struct db_rows *rows, size_t i)
{
    struct json_value detail = { 0 };
    struct notification n = {
        .id = db_at(rows, i, 0)->text,
        .kind = db_at(rows, i, 1)->text,
        .at = db_at(rows, i, 3)->num,
        .read_at = db_at(rows, i, 4)->num,
    };
    if (json_read(arena, mem_text(db_at(rows, i, 2)->text), &detail, NULL) == OK) {
        n.ip = json_find_text(&detail, "ip");
        n.user_agent = json_find_text(&detail, "user_agent");
    }
    return n;
}

enum err notification_list(struct tx *tx, const char *account_id, const char *before, int64_t limit,
                           struct notifications *ret)
{
    struct db_rows rows;
    /* Ids begin with a digit; in every collation of a database a letter comes after those. */
    TRY(db_each(tx,
                "SELECT id, kind, detail, at, read_at FROM notification"
                " WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
                V(text(account_id), text(before ? before : "ntf_z"), num(limit)), &rows));
    ret->count = rows.count;
    ret->list = arena_array(tx->arena, rows.count, sizeof *ret->list);
    for (size_t i = 0; i < rows.count; i++)
        ret->list[i] = read_row(tx->arena, &rows, i);
    return OK;
}

enum err notification_count_unread(struct tx *tx, const char *account_id, int64_t *ret)
{
    return db_one(tx, "SELECT count(*) FROM notification WHERE account_id = $1 AND read_at IS NULL",
                  V(text(account_id)), INTO(to_num(ret)));
}

enum err notification_has_since(struct tx *tx, const char *account_id, const char *kind,
                                int64_t since, bool *ret)
{
    int64_t count = 0;
    TRY(db_one(tx,
               "SELECT count(*) FROM notification WHERE account_id = $1 AND kind = $2 AND at >= $3",
               V(text(account_id), text(kind), num(since)), INTO(to_num(&count))));
    *ret = count > 0;
    return OK;
}

enum err notification_read(struct tx *tx, const char *account_id, const char *id)
{
    int64_t rows = 0;
    TRY(db_change(tx,
                  "UPDATE notification SET read_at = coalesce(read_at, $3)"
                  " WHERE id = $2 AND account_id = $1",
                  V(text(account_id), text(id), num(clock_now())), &rows));
    return rows ? OK : E_NOT_FOUND;
}

enum err notification_read_all(struct tx *tx, const char *account_id)
{
    return db_run(tx,
                  "UPDATE notification SET read_at = $2 WHERE account_id = $1 AND read_at IS NULL",
                  V(text(account_id), num(clock_now())));
}

enum err notification_purge(struct tx *tx, int64_t now, bool *ret_more)
{
    TRY(db_purge(tx,
                 "DELETE FROM notification WHERE id IN"
                 " (SELECT id FROM notification WHERE read_at < $1 ORDER BY read_at LIMIT 500)",
                 V(num(now - 90 * DAY)), ret_more));
    return db_purge(tx,
                    "DELETE FROM notification WHERE id IN"
                    " (SELECT id FROM notification WHERE at < $1 ORDER BY at LIMIT 500)",
                    V(num(now - 400 * DAY)), ret_more);
}

/* --- what is mailed besides --- */

static const struct notification_kind kinds[] = {
#define NOTICE(name, is_always) { name, is_always },
#include "account/notice_list.h"
#undef NOTICE
};

const struct notification_kind *notification_kind_nth(size_t i)
{
    return i < COUNT(kinds) ? &kinds[i] : NULL;
}

const struct notification_kind *notification_kind_find(const char *name)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (text_equal(kinds[i].name, name))
            return &kinds[i];
    return NULL;
}

static bool is_optional(const char *kind)
{
    const struct notification_kind *known = notification_kind_find(kind);
    return known && !known->is_always;
}

enum err notification_is_mailed(struct tx *tx, const char *account_id, const char *kind, bool *ret)
{
    int64_t muted = 0;
    *ret = true;
    if (!is_optional(kind))
        return OK;
    TRY(db_one(tx, "SELECT count(*) FROM notification_mute WHERE account_id = $1 AND kind = $2",
               V(text(account_id), text(kind)), INTO(to_num(&muted))));
    *ret = muted == 0;
    return OK;
}

enum err notification_set_mailed(struct tx *tx, const char *account_id, const char *kind,
                                 bool is_mailed)
{
    if (!is_optional(kind))
        return E_DENIED;
    if (is_mailed)
        return db_run(tx, "DELETE FROM notification_mute WHERE account_id = $1 AND kind = $2",
                      V(text(account_id), text(kind)));
    return db_run(tx,
                  "INSERT INTO notification_mute (account_id, kind, created_at)"
                  "     VALUES ($1, $2, $3) ON CONFLICT (account_id, kind) DO NOTHING",
                  V(text(account_id), text(kind), num(clock_now())));
}

/* --- exports --- */

static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    struct notifications all;
    TRY(notification_list(tx, account_id, NULL, WRITE_MAX, &all));
    for (size_t i = 0; i < all.count; i++) {
        const struct notification *n = &all.list[i];
        json_begin_object(j, NULL);
        json_put_text(j, "id", n->id);
        json_put_text(j, "kind", n->kind);
        json_put_time(j, "at", n->at);
        json_put_time(j, "read_at", n->read_at);
        json_put_text(j, "ip", n->ip);
        json_put_text(j, "user_agent", n->user_agent);
        json_end(j);
    }
    return OK;
}

static enum err write_mutes(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(tx, "kind created_at",
                               "SELECT kind, created_at FROM notification_mute"
                               " WHERE account_id = $1 ORDER BY kind",
                               V(text(account_id)), j);
}

const struct personal_table notification_personal[] = {
    { "notification", write, NULL },
    { "notification_mute", write_mutes, NULL },
    { 0 },
};
