/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lockout: see lockout.h.
 */
#include "account/lockout.h"

#include "account/personal.h"
#include "base/clock.h"
#include "service/setting.h"

/* One conditional statement: while locked it changes no row. */
static enum err count(struct tx *tx, const char *account_id, const char *authenticator,
                      int64_t *ret_failures)
{
    int64_t now = clock_now();
    return db_one(tx,
                  "INSERT INTO lockout (account_id, authenticator, failures, failed_at)"
                  "     VALUES ($1, $2, 1, $3)"
                  " ON CONFLICT (account_id, authenticator) DO UPDATE"
                  "        SET failures = lockout.failures + 1, failed_at = excluded.failed_at,"
                  "            locked_until = CASE WHEN (lockout.failures + 1) % 5 = 0"
                  "                                THEN CAST($4 AS BIGINT) ELSE NULL END"
                  "      WHERE lockout.failures < $5"
                  "        AND (lockout.locked_until IS NULL OR lockout.locked_until <= $3)"
                  "  RETURNING failures",
                  V(text(account_id), text(authenticator), num(now),
                    num(now + setting_span(SETTING_LOCKOUT)), num(LOCKOUT_FOREVER)),
                  INTO(to_num(ret_failures)));
}

enum err lockout_look(struct tx *tx, const char *account_id, const char *authenticator,
                      struct lockout *ret)
{
    int64_t until = 0;
    *ret = (struct lockout){ 0 };
    enum err e = db_one(tx,
                        "SELECT failures, locked_until FROM lockout"
                        " WHERE account_id = $1 AND authenticator = $2",
                        V(text(account_id), text(authenticator)),
                        INTO(to_num(&ret->failures), to_num(&until)));
    if (e == E_NOT_FOUND)
        return OK;
    TRY(e);
    ret->locked_until = until > clock_now() ? until : 0;
    ret->is_forever = ret->failures >= LOCKOUT_FOREVER;
    ret->asks_captcha = ret->failures >= LOCKOUT_EVERY;
    return OK;
}

enum err lockout_try(struct tx *tx, const char *account_id, const char *authenticator,
                     struct lockout *ret)
{
    int64_t failures = 0;
    enum err e = count(tx, account_id, authenticator, &failures);
    if (e == E_NOT_FOUND) {
        TRY(lockout_look(tx, account_id, authenticator, ret));
        return E_DENIED;
    }
    TRY(e);
    *ret = (struct lockout){
        .failures = failures,
        .is_forever = failures >= LOCKOUT_FOREVER,
        .has_just_locked = failures % LOCKOUT_EVERY == 0,
        .asks_captcha = failures >= LOCKOUT_EVERY,
    };
    return OK;
}

enum err lockout_clear(struct tx *tx, const char *account_id, const char *authenticator)
{
    return db_run(tx, "DELETE FROM lockout WHERE account_id = $1 AND authenticator = $2",
                  V(text(account_id), text(authenticator)));
}

static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(tx, "authenticator failures failed_at locked_until",
                               "SELECT authenticator, failures, failed_at, locked_until FROM "
                               "lockout WHERE account_id = $1 ORDER BY authenticator",
                               V(text(account_id)), j);
}

const struct personal_table lockout_personal[] = {
    { "lockout", write, NULL },
    { 0 },
};
