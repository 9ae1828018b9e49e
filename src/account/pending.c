/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pending sign-ins: see pending.h.
 */
#include "account/pending.h"

#include "account/personal.h"
#include "account/single_use.h"
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
static const struct single_use kind = {
    .prefix = PREFIX,
    .purpose = PURPOSE,
    .look = "SELECT p.secret_hash, p.account_id, p.amr, p.network, p.agent_key, p.expires_at"
            "  FROM pending p JOIN account a ON a.id = p.account_id"
            " WHERE p.id = $1 AND p.expires_at > $2 AND a.locked_at IS NULL"
            "   AND p.password_changed_at = coalesce(a.password_changed_at, 0)",
    .take = "DELETE FROM pending WHERE id = $1 AND expires_at > $2",
    .purge = "DELETE FROM pending WHERE id IN"
             " (SELECT id FROM pending WHERE expires_at < $1 ORDER BY expires_at LIMIT 500)",
};

enum err pending_look(struct tx *tx, const char *presented, const struct origin *from,
                      struct pending *ret)
{
    const char *network, *agent_key;
    *ret = (struct pending){ 0 };
    TRY(single_use_look(tx, &kind, presented, &ret->id,
                        INTO(to_text(&ret->account_id), to_text(&ret->amr), to_text(&network),
                             to_text(&agent_key), to_num(&ret->expires_at))));
    bool is_at_home = text_equal(network, from->network) && text_equal(agent_key, from->agent_key);
    return is_at_home ? OK : E_GONE;
}

enum err pending_take(struct tx *tx, const struct pending *pending)
{
    return single_use_take(tx, &kind, pending->id);
}

enum err pending_drop_all(struct tx *tx, const char *account_id)
{
    return db_run(tx, "DELETE FROM pending WHERE account_id = $1", V(text(account_id)));
}

enum err pending_purge(struct tx *tx, int64_t now, bool *ret_more)
{
    return single_use_purge(tx, &kind, now, ret_more);
}

static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(tx, "id amr network created_at expires_at",
                               "SELECT id, amr, network, created_at, expires_at FROM pending WHERE "
                               "account_id = $1 ORDER BY id",
                               V(text(account_id)), j);
}

const struct personal_table pending_personal[] = {
    { "pending", write, NULL, .mend = "DELETE FROM pending WHERE created_at > $1" },
    { 0 },
};
