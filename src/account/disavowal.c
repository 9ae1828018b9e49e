/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "This wasn't me": see disavowal.h.
 */
#include "account/disavowal.h"

#include "account/account.h"
#include "account/device.h"
#include "account/email_change.h"
#include "account/factor.h"
#include "account/pending.h"
#include "account/personal.h"
#include "account/session.h"
#include "account/single_use.h"
#include "base/clock.h"
#include "base/text.h"
#include "crypto/token.h"
#include "service/setting.h"

#define PREFIX "dis"
#define PURPOSE "disavow-sign-in"

enum { DAYS = 7 };

enum err disavowal_add(struct tx *tx, struct disavowal *of, const char **ret_link)
{
    struct token token = token_new(tx->arena, PREFIX, PURPOSE);
    int64_t now = clock_now();
    of->id = token.id;
    of->created_at = of->created_at ? of->created_at : now;
    of->expires_at = now + DAYS * DAY;
    *ret_link = text_format(tx->arena, "%s/not-me?token=%s", setting_public_origin(), token.text);
    return db_run(tx,
                  "INSERT INTO disavowal (id, account_id, secret_hash, session_id, device_id,"
                  "                       created_at, expires_at)"
                  "     VALUES ($1, $2, $3, $4, $5, $6, $7)",
                  V(text(of->id), text(of->account_id), blob(MEM(token.hash, sizeof token.hash)),
                    text(of->session_id), text(of->device_id), num(of->created_at),
                    num(of->expires_at)));
}

static const struct single_use kind = {
    .prefix = PREFIX,
    .purpose = PURPOSE,
    .look = "SELECT secret_hash, account_id, session_id, device_id, created_at, expires_at"
            "  FROM disavowal WHERE id = $1 AND expires_at > $2",
    .take = "DELETE FROM disavowal WHERE id = $1 AND expires_at > $2",
    .purge = "DELETE FROM disavowal WHERE id IN"
             " (SELECT id FROM disavowal WHERE expires_at < $1 ORDER BY expires_at LIMIT 500)",
};

enum err disavowal_look(struct tx *tx, const char *presented, struct disavowal *ret)
{
    *ret = (struct disavowal){ 0 };
    return single_use_look(tx, &kind, presented, &ret->id,
                           INTO(to_text(&ret->account_id), to_text(&ret->session_id),
                                to_text(&ret->device_id), to_num(&ret->created_at),
                                to_num(&ret->expires_at)));
}

enum err disavowal_take(struct tx *tx, const struct disavowal *of)
{
    return single_use_take(tx, &kind, of->id);
}

static enum err forget_device(struct tx *tx, const struct disavowal *of)
{
    if (!of->device_id)
        return OK;
    enum err e = device_forget(tx, of->account_id, of->device_id);
    return e == E_NOT_FOUND ? OK : e; /* forgotten before */
}

/* The one named began a moment before its mail was owed; those since may be anybody's. */
static enum err end_sessions(struct tx *tx, const struct disavowal *of)
{
    enum err e = session_end(tx, of->account_id, of->session_id);
    if (e != E_NOT_FOUND)
        TRY(e);
    return session_end_since(tx, of->account_id, of->created_at);
}

enum err disavowal_apply(struct tx *tx, const struct disavowal *of)
{
    TRY(account_void_password(tx, of->account_id));
    TRY(end_sessions(tx, of));
    TRY(forget_device(tx, of));
    TRY(pending_drop_all(tx, of->account_id));
    TRY(email_change_drop(tx, of->account_id, NULL));
    return factor_remove_since(tx, of->account_id, of->created_at);
}

enum err disavowal_drop_since(struct tx *tx, const char *account_id, int64_t since)
{
    return db_run(tx, "DELETE FROM disavowal WHERE account_id = $1 AND created_at >= $2",
                  V(text(account_id), num(since)));
}

enum err disavowal_purge(struct tx *tx, int64_t now, bool *ret_more)
{
    return single_use_purge(tx, &kind, now, ret_more);
}

static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(tx, "id session_id device_id created_at expires_at",
                               "SELECT id, session_id, device_id, created_at, expires_at FROM "
                               "disavowal WHERE account_id = $1 ORDER BY id",
                               V(text(account_id)), j);
}

const struct personal_table disavowal_personal[] = {
    { "disavowal", write, NULL, .mend = "DELETE FROM disavowal WHERE created_at > $1" },
    { 0 },
};
