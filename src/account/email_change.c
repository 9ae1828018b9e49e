/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another address: see email_change.h. Callers hold the account.
 */
#include "account/email_change.h"

#include "account/account.h"
#include "account/address.h"
#include "account/personal.h"
#include "account/single_use.h"
#include "base/clock.h"
#include "base/text.h"
#include "crypto/token.h"
#include "service/setting.h"

#define PREFIX "emc"
#define CONFIRM "confirm-email"
#define REVOKE "revoke-email"

static const int64_t REVOKE_TTL = 7 * DAY;

#define COLUMNS                                                                           \
    "id, account_id, old_email, old_key, new_email, new_key, ip, user_agent, created_at," \
    " expires_at, confirmed_at, revoke_until"

#define INTO_CHANGE(c)                                                            \
    to_text(&(c)->id), to_text(&(c)->account_id), to_text(&(c)->old_email),       \
        to_text(&(c)->old_key), to_text(&(c)->new_email), to_text(&(c)->new_key), \
        to_text(&(c)->ip), to_text(&(c)->user_agent), to_num(&(c)->created_at),   \
        to_num(&(c)->expires_at), to_num(&(c)->confirmed_at), to_num(&(c)->revoke_until)

static struct db_value hash_of(const struct token *token)
{
    return blob(MEM(token->hash, sizeof token->hash));
}

enum err email_change_add(struct tx *tx, struct email_change *of, struct email_change_links *ret)
{
    struct token *confirm = arena_alloc(tx->arena, sizeof *confirm),
                 *revoke = arena_alloc(tx->arena, sizeof *revoke);
    int64_t now = clock_now();
    *confirm = token_new(tx->arena, PREFIX, CONFIRM);
    *revoke = token_renew(tx->arena, confirm->id, REVOKE);
    *ret = (struct email_change_links){ confirm->text, revoke->text };
    of->id = confirm->id;
    of->created_at = now;
    of->expires_at = now + setting_span(SETTING_EMAIL_CHANGE_TTL);
    of->revoke_until = now + REVOKE_TTL;
    TRY(email_change_drop(tx, of->account_id, NULL));
    return db_run(tx,
                  "INSERT INTO email_change (id, account_id, confirm_hash, revoke_hash, old_email,"
                  "                          old_key, new_email, new_key, ip, user_agent,"
                  "                          created_at, expires_at, revoke_until)"
                  "     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
                  V(text(of->id), text(of->account_id), hash_of(confirm), hash_of(revoke),
                    text(of->old_email), text(of->old_key), text(of->new_email), text(of->new_key),
                    text(of->ip), text(of->user_agent), num(now), num(of->expires_at),
                    num(of->revoke_until)));
}

static const struct single_use to_confirm = {
    .prefix = PREFIX,
    .purpose = CONFIRM,
    .look = "SELECT confirm_hash, " COLUMNS " FROM email_change"
            " WHERE id = $1 AND expires_at > $2 AND confirm_hash IS NOT NULL",
};

enum err email_change_look(struct tx *tx, const char *presented, struct email_change *ret)
{
    const char *id;
    *ret = (struct email_change){ 0 };
    return single_use_look(tx, &to_confirm, presented, &id, INTO(INTO_CHANGE(ret)));
}

enum err email_change_take(struct tx *tx, const struct email_change *of, const char **ret_undo)
{
    int64_t rows = 0, now = clock_now();
    struct token undo = token_renew(tx->arena, of->id, REVOKE);
    *ret_undo = undo.text;
    TRY(db_change(tx,
                  "UPDATE email_change SET confirm_hash = NULL, confirmed_at = $2, undo_hash = $3,"
                  "       revoke_until = $4"
                  " WHERE id = $1 AND expires_at > $2 AND confirm_hash IS NOT NULL",
                  V(text(of->id), num(now), hash_of(&undo), num(now + REVOKE_TTL)), &rows));
    return rows ? OK : E_GONE;
}

enum err email_change_look_back(struct tx *tx, const char *presented, struct email_change *ret)
{
    struct token token;
    struct mem revoke, undo;
    if (!token_parse(tx->arena, presented, PREFIX, REVOKE, &token))
        return E_GONE;
    *ret = (struct email_change){ 0 };
    enum err e = db_one(tx,
                        "SELECT " COLUMNS ", revoke_hash, undo_hash FROM email_change"
                        " WHERE id = $1 AND revoke_until > $2",
                        V(text(token.id), num(clock_now())),
                        INTO(INTO_CHANGE(ret), to_blob(&revoke), to_blob(&undo)));
    if (e == E_NOT_FOUND)
        return E_GONE;
    TRY(e);
    return token_matches(&token, revoke) || token_matches(&token, undo) ? OK : E_GONE;
}

enum err email_change_take_back(struct tx *tx, const struct email_change *of)
{
    int64_t rows = 0;
    TRY(db_change(tx, "DELETE FROM email_change WHERE id = $1 AND revoke_until > $2",
                  V(text(of->id), num(clock_now())), &rows));
    if (!rows)
        return E_GONE;
    TRY(email_change_drop(tx, of->account_id, NULL));
    return db_run(tx, "DELETE FROM email_change WHERE account_id = $1 AND created_at >= $2",
                  V(text(of->account_id), num(of->created_at)));
}

enum err email_change_find(struct tx *tx, const char *account_id, struct email_change *ret)
{
    *ret = (struct email_change){ 0 };
    return db_one(tx,
                  "SELECT " COLUMNS " FROM email_change"
                  " WHERE account_id = $1 AND expires_at > $2 AND confirm_hash IS NOT NULL",
                  V(text(account_id), num(clock_now())), INTO(INTO_CHANGE(ret)));
}

enum err email_change_find_left(struct tx *tx, const char *old_key, const char *own_id,
                                struct email_change *ret)
{
    *ret = (struct email_change){ 0 };
    return db_one(tx,
                  "SELECT " COLUMNS " FROM email_change"
                  " WHERE old_key = $1 AND confirmed_at IS NOT NULL AND revoke_until > $2"
                  "   AND new_key <> old_key AND account_id <> $3"
                  " ORDER BY revoke_until DESC LIMIT 1",
                  V(text(old_key), num(clock_now()), text(own_id ? own_id : "")),
                  INTO(INTO_CHANGE(ret)));
}

enum err email_change_drop(struct tx *tx, const char *account_id, int64_t *ret_count)
{
    int64_t rows = 0;
    TRY(db_change(tx,
                  "UPDATE email_change SET confirm_hash = NULL"
                  " WHERE account_id = $1 AND confirm_hash IS NOT NULL",
                  V(text(account_id)), &rows));
    if (ret_count)
        *ret_count = rows;
    return OK;
}

enum err email_change_list_addresses(struct tx *tx, const char *account_id, struct db_rows *ret)
{
    return db_each(tx,
                   "SELECT old_email FROM email_change WHERE account_id = $1"
                   " UNION SELECT new_email FROM email_change WHERE account_id = $1"
                   " UNION SELECT old_key FROM email_change WHERE account_id = $1"
                   " UNION SELECT new_key FROM email_change WHERE account_id = $1 LIMIT 100",
                   V(text(account_id)), ret);
}

enum err email_change_free_address(struct tx *tx, const char *email_key, const char *own_id)
{
    struct account other;
    struct address_holder holder;
    TRY(address_find_holder(tx, email_key, own_id, &holder));
    if (holder.account.id)
        return E_CONFLICT;
    enum err e = account_find_email(tx, email_key, &other);
    if (e == E_NOT_FOUND || (e == OK && text_equal(other.id, own_id)))
        return OK;
    TRY(e);
    TRY(account_hold(tx, other.id));
    TRY(account_find(tx, other.id, &other)); /* its link may have been used this moment */
    return other.verified_at ? E_CONFLICT : personal_remove(tx, other.id);
}

enum err email_change_purge(struct tx *tx, int64_t now)
{
    return db_run(tx,
                  "DELETE FROM email_change WHERE id IN"
                  " (SELECT id FROM email_change WHERE revoke_until < $1 AND expires_at < $1"
                  "   ORDER BY revoke_until LIMIT 500)",
                  V(num(now)));
}

static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(
        tx, "id old_email new_email ip user_agent created_at expires_at confirmed_at revoke_until",
        "SELECT id, old_email, new_email, ip, user_agent, created_at, expires_at, confirmed_at,"
        "       revoke_until"
        "  FROM email_change WHERE account_id = $1 ORDER BY id",
        V(text(account_id)), j);
}

const struct personal_table email_change_personal[] = {
    { "email_change", write, NULL,
      .mend = "DELETE FROM email_change WHERE created_at > $1 AND confirmed_at IS NULL" },
    { 0 },
};
