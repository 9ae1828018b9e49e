/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invitations: see invite.h. What makes one good stands inside each statement, so that of a
 * revocation and a use that race each other one wins.
 */
#include "account/invite.h"

#include "account/personal.h"
#include "account/role.h"
#include "account/single_use.h"
#include "base/clock.h"
#include "base/text.h"
#include "service/outbox.h"
#include "service/setting.h"

#define PREFIX "inv"
#define PURPOSE "invite"

#define COLUMNS                                                                           \
    "id, email, email_key, role, uses, used, locale, created_by, created_at, expires_at," \
    " revoked_at"

/* Whoever gave more than USER still holds it. */
#define GIVER_HOLDS_IT                                                             \
    " (role = 1 OR EXISTS (SELECT 1 FROM account a WHERE a.id = invite.created_by" \
    "   AND a.roles >= invite.role AND a.locked_at IS NULL))"

enum err invite_add(struct tx *tx, const struct invite *of, const char **ret_id, struct token *ret)
{
    *ret = token_new(tx->arena, PREFIX, PURPOSE);
    *ret_id = ret->id;
    return db_run(tx,
                  "INSERT INTO invite (id, secret_hash, email, email_key, role, uses, used, locale,"
                  "                    created_by, created_at, expires_at)"
                  "     VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10)",
                  V(text(ret->id), blob(MEM(ret->hash, sizeof ret->hash)), text(of->email),
                    text(of->email_key), num(of->role), num(of->uses), text(of->locale),
                    text(of->created_by), num(clock_now()), num(of->expires_at)));
}

enum err invite_mail(struct tx *tx, const char *kind, const struct invite *of,
                     const struct token *token)
{
    return outbox_add(
        tx, kind, of->email, of->locale, NULL,
        VARS({ "link", text_format(tx->arena, "%s/register?invite=%s", setting_public_origin(),
                                   token->text) },
             { "until", clock_format(tx->arena, of->expires_at) },
             { "expires_at", text_format(tx->arena, "%lld", (long long)of->expires_at) }));
}

/* --- reading --- */

static void read_row(const struct db_rows *rows, size_t row, struct invite *ret)
{
    *ret = (struct invite){
        .id = db_at(rows, row, 0)->text,
        .email = db_at(rows, row, 1)->text,
        .email_key = db_at(rows, row, 2)->text,
        .role = db_at(rows, row, 3)->num,
        .uses = db_at(rows, row, 4)->num,
        .used = db_at(rows, row, 5)->num,
        .locale = db_at(rows, row, 6)->text,
        .created_by = db_at(rows, row, 7)->text,
        .created_at = db_at(rows, row, 8)->num,
        .expires_at = db_at(rows, row, 9)->num,
        .revoked_at = db_at(rows, row, 10)->num,
    };
}

static const struct single_use kind = {
    .prefix = PREFIX,
    .purpose = PURPOSE,
    .look = "SELECT secret_hash, email, email_key, role, uses, used, expires_at FROM invite"
            " WHERE id = $1 AND expires_at > $2 AND used < uses AND revoked_at IS NULL"
            "   AND" GIVER_HOLDS_IT,
    .purge = "DELETE FROM invite WHERE id IN"
             " (SELECT id FROM invite WHERE expires_at < $1 ORDER BY expires_at LIMIT 500)",
};

enum err invite_look(struct tx *tx, const char *presented, struct invite *ret)
{
    *ret = (struct invite){ 0 };
    return single_use_look(tx, &kind, presented, &ret->id,
                           INTO(to_text(&ret->email), to_text(&ret->email_key), to_num(&ret->role),
                                to_num(&ret->uses), to_num(&ret->used), to_num(&ret->expires_at)));
}

enum err invite_find(struct tx *tx, const char *id, struct invite *ret)
{
    struct db_rows rows;
    TRY(db_each(tx, "SELECT " COLUMNS " FROM invite WHERE id = $1", V(text(id)), &rows));
    if (!rows.count)
        return E_NOT_FOUND;
    read_row(&rows, 0, ret);
    return OK;
}

enum err invite_list(struct tx *tx, const char *before, int64_t limit, struct invites *ret)
{
    struct db_rows rows;
    TRY(db_each(tx, "SELECT " COLUMNS " FROM invite WHERE id < $1 ORDER BY id DESC LIMIT $2",
                V(text(before ? before : "inw"), num(limit)), &rows));
    ret->count = rows.count;
    ret->list = arena_array(tx->arena, rows.count, sizeof *ret->list);
    for (size_t i = 0; i < rows.count; i++)
        read_row(&rows, i, &ret->list[i]);
    return OK;
}

/* --- changing --- */

enum err invite_use(struct tx *tx, const char *id, int64_t *ret_role)
{
    enum err e = db_one(tx,
                        "UPDATE invite SET used = used + 1"
                        " WHERE id = $1 AND used < uses AND revoked_at IS NULL AND" GIVER_HOLDS_IT
                        " RETURNING role",
                        V(text(id)), INTO(to_num(ret_role)));
    return e == E_NOT_FOUND ? E_GONE : e;
}

enum err invite_revoke(struct tx *tx, const char *id)
{
    int64_t rows = 0;
    TRY(db_change(tx,
                  "UPDATE invite SET revoked_at = $2"
                  " WHERE id = $1 AND used < uses AND revoked_at IS NULL",
                  V(text(id), num(clock_now())), &rows));
    return rows ? OK : E_GONE;
}

enum err invite_renew(struct tx *tx, const char *id, int64_t expires_at, struct token *ret)
{
    int64_t rows = 0;
    *ret = token_renew(tx->arena, id, PURPOSE);
    TRY(db_change(tx,
                  "UPDATE invite SET secret_hash = $2, expires_at = $3"
                  " WHERE id = $1 AND used < uses AND revoked_at IS NULL",
                  V(text(id), blob(MEM(ret->hash, sizeof ret->hash)), num(expires_at)), &rows));
    return rows ? OK : E_GONE;
}

enum err invite_purge(struct tx *tx, int64_t ended_before, bool *ret_more)
{
    return single_use_purge(tx, &kind, ended_before, ret_more);
}

/* --- about a person --- */

static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(tx, "id email role locale created_at expires_at revoked_at",
                               "SELECT id, email, role, locale, created_at, expires_at, revoked_at"
                               "  FROM invite WHERE email_key ="
                               " (SELECT email_key FROM account WHERE id = $1) ORDER BY id",
                               V(text(account_id)), j);
}

/* Those that were mailed to them. What they gave to others stays, without their name. */
static enum err forget(struct tx *tx, const char *account_id)
{
    return db_run(tx,
                  "DELETE FROM invite WHERE email_key ="
                  " (SELECT email_key FROM account WHERE id = $1)",
                  V(text(account_id)));
}

const struct personal_table invite_personal[] = {
    { "invite", write, forget, .mend = "UPDATE invite SET expires_at = $1 WHERE created_at > $1" },
    { 0 },
};
