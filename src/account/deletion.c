/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of an account: see deletion.h. When it ends stands in the account's row, so that one lock
 * decides between keeping and removing it (RACE-04); here stands who asked, and the mailed link.
 */
#include "account/deletion.h"

#include "account/email_change.h"
#include "account/notice.h"
#include "account/personal.h"
#include "account/scrub.h"
#include "base/clock.h"
#include "base/text.h"
#include "crypto/token.h"
#include "service/outbox.h"
#include "service/setting.h"

#define PREFIX "del"
#define PURPOSE "keep-account"

enum { ADDRESSES_MAX = 12 };

static enum err note(struct tx *tx, const struct account *who, const struct audit_by *by,
                     const struct token *token)
{
    return db_run(tx,
                  "INSERT INTO deletion (id, account_id, secret_hash, ip, user_agent, created_at)"
                  "     VALUES ($1, $2, $3, $4, $5, $6)"
                  " ON CONFLICT (account_id) DO UPDATE"
                  "        SET id = excluded.id, secret_hash = excluded.secret_hash,"
                  "            ip = excluded.ip, user_agent = excluded.user_agent,"
                  "            created_at = excluded.created_at",
                  V(text(token->id), text(who->id), blob(MEM(token->hash, sizeof token->hash)),
                    text(by->ip), text(by->user_agent), num(clock_now())));
}

static enum err mail_link(struct tx *tx, const struct account *who,
                          const struct deletion_wish *wish, const struct token *token,
                          int64_t due_at)
{
    const struct outbox_var vars[] = {
        { "link", text_format(tx->arena, "%s/settings/deletion?token=%s", setting_public_origin(),
                              token->text) },
        { "due_at", clock_format(tx->arena, due_at) },
        { "expires_at", text_format(tx->arena, "%lld", (long long)due_at) },
        { NULL, NULL },
    };
    return notice_tell(tx, &(struct notice){ .kind = wish->mail ? wish->mail : "deletion_asked",
                                             .account = who,
                                             .ip = wish->by->ip,
                                             .user_agent = wish->by->user_agent,
                                             .vars = vars });
}

enum err deletion_start(struct tx *tx, const struct account *who, const struct deletion_wish *wish,
                        int64_t *ret_due_at)
{
    struct account now;
    struct token token = token_new(tx->arena, PREFIX, PURPOSE);
    /* It locks the administrators in their order: who held one of them before could wait for
       another who does the same. */
    TRY(account_may_go(tx, who));
    TRY(account_hold(tx, who->id));
    TRY(account_find(tx, who->id, &now));
    TRY(account_end_at(tx, now.id, clock_now() + wish->grace, ret_due_at));
    TRY(note(tx, &now, wish->by, &token));
    TRY(audit_add(tx, wish->by, AUDIT_DELETION_ASKED, now.id,
                  text_format(tx->arena, "{\"reason\":\"%s\"}", wish->reason)));
    return mail_link(tx, &now, wish, &token, *ret_due_at);
}

enum err deletion_look(struct tx *tx, const char *presented, struct deletion *ret)
{
    struct token token;
    struct mem hash;
    if (!token_parse(tx->arena, presented, PREFIX, PURPOSE, &token))
        return E_GONE;
    *ret = (struct deletion){ 0 };
    enum err e = db_one(tx,
                        "SELECT d.account_id, d.secret_hash, d.ip, d.user_agent, d.created_at,"
                        "       a.deletion_due_at, a.email, a.locale"
                        "  FROM deletion d JOIN account a ON a.id = d.account_id"
                        " WHERE d.id = $1 AND a.deletion_due_at IS NOT NULL",
                        V(text(token.id)),
                        INTO(to_text(&ret->account_id), to_blob(&hash), to_text(&ret->ip),
                             to_text(&ret->user_agent), to_num(&ret->asked_at),
                             to_num(&ret->due_at), to_text(&ret->email), to_text(&ret->locale)));
    if (e == E_NOT_FOUND)
        return E_GONE;
    TRY(e);
    return token_matches(&token, hash) ? OK : E_GONE;
}

enum err deletion_cancel(struct tx *tx, const char *account_id, const struct audit_by *by)
{
    struct account who;
    enum err e = account_keep(tx, account_id);
    if (e == E_NOT_FOUND)
        return E_GONE;
    TRY(e);
    TRY(account_find(tx, account_id, &who));
    TRY(db_run(tx, "DELETE FROM deletion WHERE account_id = $1", V(text(account_id))));
    TRY(audit_add(tx, by, AUDIT_DELETION_CANCELLED, account_id, NULL));
    return notice_tell(tx, &(struct notice){ .kind = "deletion_cancelled",
                                             .account = &who,
                                             .ip = by->ip,
                                             .user_agent = by->user_agent });
}

/* The last word: it needs no account any more. */
static enum err say_goodbye(struct tx *tx, const struct account *who)
{
    return outbox_add_last(
        tx, "deletion_done", who->email, who->locale,
        VARS({ "at", clock_format(tx->arena, clock_now()) }, { "time_zone", who->time_zone }));
}

/* The addresses that the account has and had. */
static enum err owe_scrub(struct tx *tx, const struct account *who)
{
    struct db_rows rows;
    const char *addresses[ADDRESSES_MAX] = { who->email, who->email_key };
    size_t count = 2;
    TRY(email_change_list_addresses(tx, who->id, &rows));
    for (size_t i = 0; i < rows.count && count < ADDRESSES_MAX; i++)
        addresses[count++] = db_at(&rows, i, 0)->text;
    return scrub_owe(tx, addresses, count);
}

/* E_NOT_FOUND: another node was faster, or its owner. */
static enum err find_due(struct tx *tx, const char *account_id, struct account *ret)
{
    TRY(account_find(tx, account_id, ret));
    bool is_due = ret->deletion_due_at && ret->deletion_due_at <= clock_now();
    return is_due ? OK : E_NOT_FOUND;
}

/* Administrators are held in their order before one of them is, as in deletion_start. */
static enum err hold_due(struct tx *tx, const char *account_id, struct account *ret)
{
    TRY(find_due(tx, account_id, ret));
    TRY(account_may_go(tx, ret));
    TRY(account_hold(tx, account_id));
    return find_due(tx, account_id, ret);
}

enum err deletion_finish(struct tx *tx, const char *account_id, bool *ret_is_gone)
{
    struct account who;
    *ret_is_gone = false;
    enum err e = hold_due(tx, account_id, &who);
    if (e == E_NOT_FOUND)
        return OK;
    TRY(e);
    TRY(owe_scrub(tx, &who));
    TRY(personal_remove(tx, who.id));
    *ret_is_gone = true;
    return say_goodbye(tx, &who);
}

static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(tx, "id ip user_agent created_at",
                               "SELECT id, ip, user_agent, created_at FROM deletion"
                               " WHERE account_id = $1",
                               V(text(account_id)), j);
}

const struct personal_table deletion_personal[] = {
    { "deletion", write, NULL },
    { 0 },
};
