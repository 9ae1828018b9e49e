/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign-in links: see magic_link.h.
 */
#include "account/magic_link.h"

#include "account/personal.h"
#include "account/single_use.h"
#include "base/clock.h"
#include "base/text.h"
#include "service/setting.h"

#define PREFIX "lnk"
#define PURPOSE "magic-link"
#define BROWSER_PREFIX "brw"
#define BROWSER_PURPOSE "magic-link-browser"

struct token magic_link_browser(struct arena *arena)
{
    return token_new(arena, BROWSER_PREFIX, BROWSER_PURPOSE);
}

bool magic_link_is_at_home(struct arena *arena, const struct magic_link *link, const char *cookie)
{
    struct token token;
    return cookie && token_parse(arena, cookie, BROWSER_PREFIX, BROWSER_PURPOSE, &token) &&
           token_matches(&token, link->browser_hash);
}

enum err magic_link_add(struct tx *tx, const struct account *who, const struct magic_link *of,
                        struct token *ret)
{
    int64_t now = clock_now();
    *ret = token_new(tx->arena, PREFIX, PURPOSE);
    return db_run(tx,
                  "INSERT INTO magic_link (id, account_id, secret_hash, browser_hash, email_key,"
                  "                        password_changed_at, next_path, ip, user_agent,"
                  "                        created_at, expires_at)"
                  "     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
                  " ON CONFLICT (account_id) DO UPDATE"
                  "        SET id = excluded.id, secret_hash = excluded.secret_hash,"
                  "            browser_hash = excluded.browser_hash,"
                  "            email_key = excluded.email_key,"
                  "            password_changed_at = excluded.password_changed_at,"
                  "            next_path = excluded.next_path, ip = excluded.ip,"
                  "            user_agent = excluded.user_agent, created_at = excluded.created_at,"
                  "            expires_at = excluded.expires_at",
                  V(text(ret->id), text(who->id), blob(MEM(ret->hash, sizeof ret->hash)),
                    blob(of->browser_hash), text(who->email_key), num(who->password_changed_at),
                    text(of->next_path), text(of->ip), text(of->user_agent), num(now),
                    num(now + setting_span(SETTING_MAGIC_LINK_TTL))));
}

static const struct single_use kind = {
    .prefix = PREFIX,
    .purpose = PURPOSE,
    .look = "SELECT l.secret_hash, l.account_id, l.browser_hash, l.next_path, l.ip, l.user_agent,"
            "       l.created_at, l.expires_at, a.email"
            "  FROM magic_link l JOIN account a ON a.id = l.account_id"
            " WHERE l.id = $1 AND l.expires_at > $2 AND a.locked_at IS NULL"
            "   AND l.email_key = a.email_key"
            "   AND l.password_changed_at = coalesce(a.password_changed_at, 0)",
    .take = "DELETE FROM magic_link WHERE id = $1 AND expires_at > $2",
    .purge = "DELETE FROM magic_link WHERE id IN"
             " (SELECT id FROM magic_link WHERE expires_at < $1 ORDER BY expires_at LIMIT 500)",
};

enum err magic_link_look(struct tx *tx, const char *presented, struct magic_link *ret)
{
    *ret = (struct magic_link){ 0 };
    return single_use_look(tx, &kind, presented, &ret->id,
                           INTO(to_text(&ret->account_id), to_blob(&ret->browser_hash),
                                to_text(&ret->next_path), to_text(&ret->ip),
                                to_text(&ret->user_agent), to_num(&ret->created_at),
                                to_num(&ret->expires_at), to_text(&ret->email)));
}

enum err magic_link_take(struct tx *tx, const struct magic_link *link)
{
    return single_use_take(tx, &kind, link->id);
}

enum err magic_link_drop(struct tx *tx, const char *account_id)
{
    return db_run(tx, "DELETE FROM magic_link WHERE account_id = $1", V(text(account_id)));
}

enum err magic_link_purge(struct tx *tx, int64_t now, bool *ret_more)
{
    return single_use_purge(tx, &kind, now, ret_more);
}

static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(tx, "id next_path ip user_agent created_at expires_at",
                               "SELECT id, next_path, ip, user_agent, created_at, expires_at"
                               "  FROM magic_link WHERE account_id = $1",
                               V(text(account_id)), j);
}

const struct personal_table magic_link_personal[] = {
    { "magic_link", write, NULL, .mend = "DELETE FROM magic_link WHERE created_at > $1" },
    { 0 },
};
