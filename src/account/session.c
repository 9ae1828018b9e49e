/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions: see session.h. Refreshing stands in refresh.c, what a session is bound to in origin.c.
 */
#include "account/session.h"

#include "account/personal.h"
#include "account/refresh_token.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"
#include "crypto/token.h"
#include "service/keyring.h"
#include "service/setting.h"

#define PREFIX "ses"
#define PURPOSE "session-cookie"

/* Beyond the limit, those used longest ago give way. */
static enum err make_room(struct tx *tx, const char *account_id)
{
    return db_run(tx,
                  "DELETE FROM session WHERE account_id = $1 AND id NOT IN"
                  " (SELECT id FROM session WHERE account_id = $1"
                  "   ORDER BY last_seen_at DESC, id DESC LIMIT $2)",
                  V(text(account_id), num(setting_num(SETTING_SESSIONS_PER_USER) - 1)));
}

enum err session_start(struct tx *tx, const char *account_id, const char *amr,
                       const struct origin *from, struct session *ret,
                       struct session_tokens *ret_tokens)
{
    struct token cookie = token_new(tx->arena, PREFIX, PURPOSE);
    const char *key_id = keyring_seal_id();
    int64_t now = clock_now();
    *ret = (struct session){
        .id = cookie.id,
        .account_id = account_id,
        .created_at = now,
        .last_seen_at = now,
        .auth_at = now,
        .expires_at = now + setting_span(SETTING_SESSION_ABSOLUTE),
        .amr = amr,
        .ip = from->ip,
        .network = from->network,
        .user_agent = from->user_agent,
        .agent_key = from->agent_key,
    };
    ret_tokens->cookie = cookie.text;
    TRY(refresh_format(tx->arena, key_id, cookie.id, 0, &ret_tokens->refresh));
    TRY(make_room(tx, account_id));
    return db_run(tx,
                  "INSERT INTO session (id, account_id, secret_hash, generation, rotated_at,"
                  "                     key_id, created_at, last_seen_at, expires_at, auth_at,"
                  "                     amr, ip, network, user_agent, agent_key)"
                  "     VALUES ($1, $2, $3, 0, $4, $5, $4, $4, $6, $4, $7, $8, $9, $10, $11)",
                  V(text(ret->id), text(account_id), blob(MEM(cookie.hash, sizeof cookie.hash)),
                    num(now), text(key_id), num(ret->expires_at), text(amr), text(from->ip),
                    text(from->network), text(from->user_agent), text(from->agent_key)));
}

enum err session_find(struct tx *tx, const char *id, struct session *ret)
{
    int64_t now = clock_now();
    *ret = (struct session){ 0 };
    return db_one(
        tx,
        "SELECT s.id, s.account_id, s.created_at, s.last_seen_at, s.expires_at, s.auth_at, s.amr,"
        "       s.ip, s.network, s.user_agent, s.agent_key, s.secret_hash, a.email, a.name,"
        "       a.locale, a.roles, a.email_verified_at, a.created_at, a.mfa_at,"
        "       a.deletion_due_at"
        "  FROM session s JOIN account a ON a.id = s.account_id"
        " WHERE s.id = $1 AND s.expires_at > $2 AND s.last_seen_at > $3 AND a.locked_at IS NULL",
        V(text(id), num(now), num(now - setting_span(SETTING_SESSION_IDLE))),
        INTO(to_text(&ret->id), to_text(&ret->account_id), to_num(&ret->created_at),
             to_num(&ret->last_seen_at), to_num(&ret->expires_at), to_num(&ret->auth_at),
             to_text(&ret->amr), to_text(&ret->ip), to_text(&ret->network),
             to_text(&ret->user_agent), to_text(&ret->agent_key), to_blob(&ret->secret_hash),
             to_text(&ret->email), to_text(&ret->name), to_text(&ret->locale), to_num(&ret->roles),
             to_num(&ret->verified_at), to_num(&ret->account_created_at), to_num(&ret->mfa_at),
             to_num(&ret->deletion_due_at)));
}

bool session_parse_cookie(struct arena *arena, const char *cookie, const char **ret_id)
{
    struct token token;
    if (!token_parse(arena, cookie, PREFIX, PURPOSE, &token))
        return false;
    *ret_id = token.id;
    return true;
}

bool session_cookie_fits(struct arena *arena, const char *cookie, const struct session *session)
{
    struct token token;
    return token_parse(arena, cookie, PREFIX, PURPOSE, &token) &&
           text_equal(token.id, session->id) && token_matches(&token, session->secret_hash);
}

enum err session_end(struct tx *tx, const char *account_id, const char *id)
{
    int64_t rows = 0;
    TRY(db_change(tx, "DELETE FROM session WHERE id = $1 AND account_id = $2",
                  V(text(id), text(account_id)), &rows));
    return rows ? OK : E_NOT_FOUND;
}

enum err session_end_all(struct tx *tx, const char *account_id, const char *keep,
                         int64_t *ret_count)
{
    int64_t rows = 0;
    TRY(db_change(tx, "DELETE FROM session WHERE account_id = $1 AND id <> $2",
                  V(text(account_id), text(keep ? keep : "")), &rows));
    if (ret_count)
        *ret_count = rows;
    return OK;
}

enum err session_end_since(struct tx *tx, const char *account_id, int64_t since)
{
    return db_run(tx, "DELETE FROM session WHERE account_id = $1 AND created_at >= $2",
                  V(text(account_id), num(since)));
}

enum err session_list(struct tx *tx, const char *account_id, struct session **ret,
                      size_t *ret_count)
{
    struct db_rows rows;
    int64_t now = clock_now();
    TRY(db_each(tx,
                "SELECT id, created_at, last_seen_at, ip, user_agent, amr FROM session"
                " WHERE account_id = $1 AND expires_at > $2 AND last_seen_at > $3"
                " ORDER BY last_seen_at DESC, id DESC LIMIT 1000",
                V(text(account_id), num(now), num(now - setting_span(SETTING_SESSION_IDLE))),
                &rows));
    *ret_count = rows.count;
    *ret = arena_array(tx->arena, rows.count, sizeof **ret);
    for (size_t i = 0; i < rows.count; i++)
        (*ret)[i] = (struct session){
            .id = db_at(&rows, i, 0)->text,
            .created_at = db_at(&rows, i, 1)->num,
            .last_seen_at = db_at(&rows, i, 2)->num,
            .ip = db_at(&rows, i, 3)->text,
            .user_agent = db_at(&rows, i, 4)->text,
            .amr = db_at(&rows, i, 5)->text,
        };
    return OK;
}

enum err session_touch(struct tx *tx, const char *id, int64_t seen_at)
{
    return db_run(tx, "UPDATE session SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2",
                  V(text(id), num(seen_at)));
}

enum err session_purge(struct tx *tx, int64_t now, bool *ret_more)
{
    TRY(db_purge(tx,
                 "DELETE FROM session WHERE id IN"
                 " (SELECT id FROM session WHERE expires_at < $1 ORDER BY expires_at LIMIT 500)",
                 V(num(now)), ret_more));
    return db_purge(tx,
                    "DELETE FROM session WHERE id IN"
                    " (SELECT id FROM session WHERE last_seen_at < $1 LIMIT 500)",
                    V(num(now - setting_span(SETTING_SESSION_IDLE))), ret_more);
}

enum err session_count(struct tx *tx, int64_t *ret)
{
    return db_one(tx, "SELECT count(*) FROM session WHERE expires_at > $1", V(num(clock_now())),
                  INTO(to_num(ret)));
}

enum err session_is_known_network(struct tx *tx, const char *network, int64_t before, bool *ret)
{
    int64_t one;
    enum err e = db_one(tx,
                        "SELECT 1 FROM session WHERE network = $1 AND created_at < $2"
                        "   AND expires_at > $3 LIMIT 1",
                        V(text(network), num(before), num(clock_now())), INTO(to_num(&one)));
    *ret = e == OK;
    return e == E_NOT_FOUND ? OK : e;
}

enum err session_renew_cookie(struct tx *tx, const char *id, const char **ret_cookie)
{
    int64_t rows = 0;
    struct token fresh = token_renew(tx->arena, id, PURPOSE);
    TRY(db_change(tx, "UPDATE session SET secret_hash = $2 WHERE id = $1",
                  V(text(id), blob(MEM(fresh.hash, sizeof fresh.hash))), &rows));
    *ret_cookie = fresh.text;
    return rows ? OK : E_NOT_FOUND;
}

enum err session_raise(struct tx *tx, const char *id, const char *amr, const char **ret_cookie)
{
    int64_t rows = 0;
    struct token fresh = token_renew(tx->arena, id, PURPOSE);
    TRY(db_change(
        tx, "UPDATE session SET secret_hash = $2, amr = $3, auth_at = $4 WHERE id = $1",
        V(text(id), blob(MEM(fresh.hash, sizeof fresh.hash)), text(amr), num(clock_now())), &rows));
    *ret_cookie = fresh.text;
    return rows ? OK : E_NOT_FOUND;
}

static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(
        tx, "id created_at last_seen_at expires_at auth_at amr ip network user_agent",
        "SELECT id, created_at, last_seen_at, expires_at, auth_at, amr, ip, network, user_agent "
        "FROM session WHERE account_id = $1 ORDER BY id",
        V(text(account_id)), j);
}

static enum err remove_all(struct tx *tx, const char *account_id)
{
    return session_end_all(tx, account_id, NULL, NULL);
}

const struct personal_table session_personal[] = {
    { "session", write, remove_all,
      .mend = "DELETE FROM session WHERE created_at > $1 OR last_seen_at > $1 OR auth_at > $1" },
    { 0 },
};
