/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registrations: see registration.h.
 */
#include "account/registration.h"

#include "account/personal.h"
#include "account/single_use.h"
#include "base/clock.h"
#include "base/text.h"
#include "service/setting.h"

#define PREFIX "vrf"
#define PURPOSE "verify-email"

enum { KEEP = 10 };

/* The newest of an account's are kept. */
static enum err add(struct tx *tx, const struct registration *of, int64_t keep, struct token *ret)
{
    int64_t now = clock_now();
    *ret = token_new(tx->arena, PREFIX, PURPOSE);
    TRY(db_run(tx,
               "INSERT INTO registration (id, account_id, secret_hash, password, name, ip,"
               "                          user_agent, created_at, expires_at,"
               "                          invite_id)"
               "     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
               V(text(ret->id), text(of->account_id), blob(MEM(ret->hash, sizeof ret->hash)),
                 text(of->password), text(of->name), text(of->ip), text(of->user_agent), num(now),
                 num(now + setting_span(SETTING_VERIFY_EMAIL_TTL)), text(of->invite_id))));
    return db_run(tx,
                  "DELETE FROM registration WHERE account_id = $1 AND id NOT IN"
                  " (SELECT id FROM registration WHERE account_id = $1 ORDER BY id DESC LIMIT $2)",
                  V(text(of->account_id), num(keep)));
}

enum err registration_add(struct tx *tx, const struct registration *of, struct token *ret)
{
    return add(tx, of, KEEP, ret);
}

enum err registration_feign(struct tx *tx, const struct registration *of)
{
    struct token nobodys;
    return add(tx, of, 0, &nobodys);
}

enum err registration_meant(struct tx *tx, const char *account_id,
                            const struct registration_asker *asker, struct registration *ret)
{
    *ret = (struct registration){ .account_id = account_id };
    return db_one(tx,
                  "SELECT id, password, name, ip, user_agent, invite_id FROM registration"
                  " WHERE account_id = $1 AND expires_at > $2"
                  "   AND ((ip = $3 AND user_agent = $4) OR 1 = (SELECT count(*) FROM registration"
                  "         WHERE account_id = $1 AND expires_at > $2))"
                  " ORDER BY id DESC LIMIT 1",
                  V(text(account_id), num(clock_now()), text(asker->ip), text(asker->user_agent)),
                  INTO(to_text(&ret->id), to_text(&ret->password), to_text(&ret->name),
                       to_text(&ret->ip), to_text(&ret->user_agent), to_text(&ret->invite_id)));
}

enum err registration_renew(struct tx *tx, const struct registration *old, struct token *ret)
{
    int64_t rows = 0;
    TRY(db_change(tx, "DELETE FROM registration WHERE id = $1", V(text(old->id)), &rows));
    return rows ? registration_add(tx, old, ret) : E_GONE;
}

static const struct single_use kind = {
    .prefix = PREFIX,
    .purpose = PURPOSE,
    .look = "SELECT r.secret_hash, r.account_id, r.ip, r.user_agent, r.created_at, r.expires_at,"
            "       r.invite_id, a.email"
            "  FROM registration r JOIN account a ON a.id = r.account_id"
            " WHERE r.id = $1 AND r.expires_at > $2",
    .purge = "DELETE FROM registration WHERE id IN"
             " (SELECT id FROM registration WHERE expires_at < $1 ORDER BY expires_at LIMIT 500)",
};

enum err registration_look(struct tx *tx, const char *presented, struct registration *ret)
{
    return single_use_look(tx, &kind, presented, &ret->id,
                           INTO(to_text(&ret->account_id), to_text(&ret->ip),
                                to_text(&ret->user_agent), to_num(&ret->created_at),
                                to_num(&ret->expires_at), to_text(&ret->invite_id),
                                to_text(&ret->email)));
}

enum err registration_take(struct tx *tx, const char *presented, struct registration *ret)
{
    struct registration seen;
    TRY(registration_look(tx, presented, &seen));
    *ret = seen;
    enum err e = db_one(tx,
                        "DELETE FROM registration WHERE id = $1 AND expires_at > $2"
                        " RETURNING password, name",
                        V(text(seen.id), num(clock_now())),
                        INTO(to_text(&ret->password), to_text(&ret->name)));
    return e == E_NOT_FOUND ? E_GONE : e;
}

enum err registration_list_invites(struct tx *tx, const char *account_id, struct db_rows *ret)
{
    return db_each(tx,
                   "SELECT invite_id FROM registration WHERE account_id = $1 AND expires_at > $2"
                   " ORDER BY id DESC",
                   V(text(account_id), num(clock_now())), ret);
}

enum err registration_drop_all(struct tx *tx, const char *account_id)
{
    return db_run(tx, "DELETE FROM registration WHERE account_id = $1", V(text(account_id)));
}

enum err registration_purge(struct tx *tx, int64_t now, bool *ret_more)
{
    return single_use_purge(tx, &kind, now, ret_more);
}

static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(
        tx, "id invite_id name ip user_agent created_at expires_at",
        "SELECT id, invite_id, name, ip, user_agent, created_at, expires_at FROM "
        "registration WHERE account_id = $1 ORDER BY id",
        V(text(account_id)), j);
}

const struct personal_table registration_personal[] = {
    { "registration", write, registration_drop_all,
      .mend = "DELETE FROM registration WHERE created_at > $1" },
    { 0 },
};
