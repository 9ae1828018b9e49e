/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known devices: see device.h.
 */
#include "account/device.h"

#include "account/personal.h"
#include "base/clock.h"
#include "base/text.h"
#include "crypto/token.h"

#define PREFIX "dev"
#define PURPOSE "known-device"

enum { KEPT = 50, HOUSEHOLD = 20 };

/* One row the cookie may stand for. */
static void judge(const struct db_rows *rows, size_t i, const char *account_id,
                  const struct origin *from, struct device_found *ret)
{
    bool is_mine = text_equal(db_at(rows, i, 0)->text, account_id);
    bool is_same_program = text_equal(db_at(rows, i, 2)->text, from->agent_key);
    if (!is_same_program)
        return; /* a copied cookie */
    ret->id = db_at(rows, i, 4)->text;
    if (!is_mine)
        return; /* another person of the household */
    ret->row_id = ret->id;
    ret->is_known = true;
    ret->is_trusted = db_at(rows, i, 3)->num > clock_now();
}

static enum err find_by_cookie(struct tx *tx, const char *account_id, const char *cookie,
                               const struct origin *from, struct device_found *ret)
{
    struct token token;
    struct db_rows rows;
    if (!cookie || !token_parse(tx->arena, cookie, PREFIX, PURPOSE, &token))
        return OK;
    TRY(db_each(tx,
                "SELECT account_id, secret_hash, agent_key, trusted_until, id FROM device"
                " WHERE id = $1 ORDER BY last_seen_at DESC LIMIT $2",
                V(text(token.id), num(HOUSEHOLD)), &rows));
    for (size_t i = 0; i < rows.count; i++)
        if (token_matches(&token, db_at(&rows, i, 1)->blob))
            judge(&rows, i, account_id, from, ret);
    return OK;
}

/* Programs that keep no cookie: the same program in the same network is no news. */
static enum err find_by_origin(struct tx *tx, const char *account_id, const struct origin *from,
                               struct device_found *ret)
{
    enum err e = db_one(tx,
                        "SELECT id FROM device"
                        " WHERE account_id = $1 AND agent_key = $2 AND network = $3"
                        " ORDER BY last_seen_at DESC LIMIT 1",
                        V(text(account_id), text(from->agent_key), text(from->network)),
                        INTO(to_text(&ret->row_id)));
    if (e == E_NOT_FOUND)
        return OK;
    TRY(e);
    ret->is_known = true;
    return OK;
}

enum err device_find(struct tx *tx, const char *account_id, const char *cookie,
                     const struct origin *from, struct device_found *ret)
{
    int64_t count = 0;
    *ret = (struct device_found){ 0 };
    TRY(find_by_cookie(tx, account_id, cookie, from, ret));
    if (!ret->is_known)
        TRY(find_by_origin(tx, account_id, from, ret));
    if (ret->is_known)
        return OK;
    TRY(db_one(tx, "SELECT count(*) FROM device WHERE account_id = $1", V(text(account_id)),
               INTO(to_num(&count))));
    ret->is_first = count == 0;
    return OK;
}

enum err device_known(struct tx *tx, const char *account_id, const char *cookie,
                      const struct origin *from, const char **ret_id)
{
    struct device_found found = { 0 };
    TRY(find_by_cookie(tx, account_id ? account_id : "", cookie, from, &found));
    *ret_id = found.row_id;
    return OK;
}

static enum err note_again(struct tx *tx, const struct device_visit *v, const char *id,
                           int64_t *ret_rows)
{
    int64_t now = clock_now();
    return db_change(tx,
                     "UPDATE device SET last_seen_at = $3, network = $4, user_agent = $5, ip = $6,"
                     "       trusted_until = CASE WHEN $7 = 0 THEN trusted_until ELSE $3 + $7 END"
                     " WHERE account_id = $1 AND id = $2",
                     V(text(v->account_id), text(id), num(now), text(v->from->network),
                       text(v->from->user_agent), text(v->from->ip), num(v->trust_for)),
                     ret_rows);
}

static enum err make_room(struct tx *tx, const char *account_id)
{
    return db_run(tx,
                  "DELETE FROM device WHERE account_id = $1 AND id NOT IN"
                  " (SELECT id FROM device WHERE account_id = $1"
                  "   ORDER BY last_seen_at DESC, id DESC LIMIT $2)",
                  V(text(account_id), num(KEPT - 1)));
}

static enum err add(struct tx *tx, const struct device_visit *v, const char *id, struct mem hash)
{
    int64_t now = clock_now();
    TRY(make_room(tx, v->account_id));
    return db_run(tx,
                  "INSERT INTO device (account_id, id, secret_hash, agent_key, network,"
                  "                    user_agent, ip, created_at, last_seen_at, trusted_until)"
                  "     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)",
                  V(text(v->account_id), text(id), blob(hash), text(v->from->agent_key),
                    text(v->from->network), text(v->from->user_agent), text(v->from->ip), num(now),
                    num_or_null(v->trust_for ? now + v->trust_for : 0)));
}

/* Another secret for a browser's cookie, in the rows of all who share it: whoever signed in there
   before may have kept a copy, which must neither be trusted nor pass for the browser (MFA-09). */
static enum err renew(struct tx *tx, const char *id, struct token *ret)
{
    *ret = token_renew(tx->arena, id, PURPOSE);
    return db_run(tx, "UPDATE device SET secret_hash = $2 WHERE id = $1",
                  V(text(id), blob(MEM(ret->hash, sizeof ret->hash))));
}

/* One the account does not know; the browser may have a cookie of another account of the household.
 */
static enum err note_new(struct tx *tx, const struct device_visit *v, struct token *ret)
{
    if (v->found->id && v->gives_cookie)
        TRY(renew(tx, v->found->id, ret));
    else
        *ret = token_new(tx->arena, PREFIX, PURPOSE);
    return add(tx, v, ret->id, MEM(ret->hash, sizeof ret->hash));
}

enum err device_note(struct tx *tx, const struct device_visit *v, const char **ret_id,
                     const char **ret_cookie)
{
    int64_t rows = 0;
    struct token token = { 0 };
    const struct device_found *found = v->found;
    /* What is told by network and program only gets a cookie, and a row, once it can keep one. */
    bool is_by_cookie = found->id && text_equal(found->id, found->row_id);
    if (found->row_id && (is_by_cookie || !v->gives_cookie))
        TRY(note_again(tx, v, found->row_id, &rows));
    if (!rows)
        TRY(note_new(tx, v, &token));
    else if (is_by_cookie && v->trust_for)
        TRY(renew(tx, found->id, &token));
    *ret_id = rows ? found->row_id : token.id;
    *ret_cookie = v->gives_cookie ? token.text : NULL;
    return OK;
}

enum err device_list(struct tx *tx, const char *account_id, struct device **ret, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_each(tx,
                "SELECT id, user_agent, ip, created_at, last_seen_at, trusted_until FROM device"
                " WHERE account_id = $1 ORDER BY last_seen_at DESC, id DESC LIMIT 100",
                V(text(account_id)), &rows));
    *ret_count = rows.count;
    *ret = arena_array(tx->arena, rows.count, sizeof **ret);
    for (size_t i = 0; i < rows.count; i++)
        (*ret)[i] = (struct device){
            .id = db_at(&rows, i, 0)->text,
            .user_agent = db_at(&rows, i, 1)->text,
            .ip = db_at(&rows, i, 2)->text,
            .created_at = db_at(&rows, i, 3)->num,
            .last_seen_at = db_at(&rows, i, 4)->num,
            .trusted_until = db_at(&rows, i, 5)->num,
        };
    return OK;
}

enum err device_forget(struct tx *tx, const char *account_id, const char *id)
{
    int64_t rows = 0;
    TRY(db_change(tx, "DELETE FROM device WHERE account_id = $1 AND id = $2",
                  V(text(account_id), text(id)), &rows));
    return rows ? OK : E_NOT_FOUND;
}

enum err device_distrust_all(struct tx *tx, const char *account_id)
{
    return db_run(tx,
                  "UPDATE device SET trusted_until = NULL"
                  " WHERE account_id = $1 AND trusted_until IS NOT NULL",
                  V(text(account_id)));
}

enum err device_forget_all(struct tx *tx, const char *account_id)
{
    return db_run(tx, "DELETE FROM device WHERE account_id = $1", V(text(account_id)));
}

enum err device_purge(struct tx *tx, int64_t now, bool *ret_more)
{
    return db_purge(
        tx,
        "DELETE FROM device WHERE last_seen_at < $1 AND id IN"
        " (SELECT id FROM device WHERE last_seen_at < $1 ORDER BY last_seen_at LIMIT 500)",
        V(num(now - 400 * DAY)), ret_more);
}

static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(tx, "id user_agent ip network created_at last_seen_at trusted_until",
                               "SELECT id, user_agent, ip, network, created_at, last_seen_at, "
                               "trusted_until FROM device WHERE account_id = $1 ORDER BY id",
                               V(text(account_id)), j);
}

const struct personal_table device_personal[] = {
    { "device", write, NULL,
      .mend = "UPDATE device SET trusted_until = NULL, last_seen_at = $1 WHERE last_seen_at > $1" },
    { 0 },
};
