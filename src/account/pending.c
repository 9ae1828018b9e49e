/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pending sign-ins: see pending.h.
 */
#include "account/pending.h"

#include "account/personal.h"
#include "base/clock.h"
#include "base/text.h"
#include "crypto/token.h"
#include "service/setting.h"

#define PREFIX "pnd"
#define PURPOSE "pending-sign-in"

enum { KEPT = 10 };

static enum err make_room(struct tx *tx, const char *account_id)
{
    return db_run(tx,
                  "DELETE FROM pending WHERE account_id = $1 AND id NOT IN"
                  " (SELECT id FROM pending WHERE account_id = $1 ORDER BY id DESC LIMIT $2)",
                  V(text(account_id), num(KEPT - 1)));
}

enum err pending_start(struct tx *tx, const struct account *who, const char *amr,
                       const struct origin *from, const char **ret_token)
{
    struct token token = token_new(tx->arena, PREFIX, PURPOSE);
    int64_t now = clock_now();
    TRY(make_room(tx, who->id));
    *ret_token = token.text;
    return db_run(tx,
                  "INSERT INTO pending (id, account_id, secret_hash, amr, network, agent_key,"
                  "                     password_changed_at, created_at, expires_at)"
                  "     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                  V(text(token.id), text(who->id), blob(MEM(token.hash, sizeof token.hash)),
                    text(amr), text(from->network), text(from->agent_key),
                    num(who->password_changed_at), num(now),
                    num(now + setting_span(SETTING_PENDING_TTL))));
}

/* Void as soon as the account is locked or its password another one. */
enum err pending_look(struct tx *tx, const char *presented, const struct origin *from,
                      struct pending *ret)
{
    struct token token;
    struct mem hash;
    const char *network, *agent_key;
    if (!token_parse(tx->arena, presented, PREFIX, PURPOSE, &token))
        return E_GONE;
    *ret = (struct pending){ .id = token.id };
    enum err e =
        db_one(tx,
               "SELECT p.account_id, p.secret_hash, p.amr, p.network, p.agent_key, p.expires_at"
               "  FROM pending p JOIN account a ON a.id = p.account_id"
               " WHERE p.id = $1 AND p.expires_at > $2 AND a.locked_at IS NULL"
               "   AND p.password_changed_at = coalesce(a.password_changed_at, 0)",
               V(text(token.id), num(clock_now())),
               INTO(to_text(&ret->account_id), to_blob(&hash), to_text(&ret->amr),
                    to_text(&network), to_text(&agent_key), to_num(&ret->expires_at)));
    if (e == E_NOT_FOUND)
        return E_GONE;
    TRY(e);
    bool is_at_home = text_equal(network, from->network) && text_equal(agent_key, from->agent_key);
    return is_at_home && token_matches(&token, hash) ? OK : E_GONE;
}

enum err pending_take(struct tx *tx, const struct pending *pending)
{
    int64_t rows = 0;
    TRY(db_change(tx, "DELETE FROM pending WHERE id = $1 AND expires_at > $2",
                  V(text(pending->id), num(clock_now())), &rows));
    return rows ? OK : E_GONE;
}

enum err pending_drop_all(struct tx *tx, const char *account_id)
{
    return db_run(tx, "DELETE FROM pending WHERE account_id = $1", V(text(account_id)));
}

enum err pending_purge(struct tx *tx, int64_t now, bool *ret_more)
{
    return db_purge(tx,
                    "DELETE FROM pending WHERE id IN"
                    " (SELECT id FROM pending WHERE expires_at < $1 ORDER BY expires_at LIMIT 500)",
                    V(num(now)), ret_more);
}

static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(tx, "id amr network created_at expires_at",
                               "SELECT id, amr, network, created_at, expires_at FROM pending WHERE "
                               "account_id = $1 ORDER BY id",
                               V(text(account_id)), j);
}

const struct personal_table pending_personal[] = {
    { "pending", write, NULL },
    { 0 },
};
