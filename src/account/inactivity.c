/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inactive accounts: see inactivity.h. Each question is one statement over the account and its
 * sessions, so that nobody who signs in meanwhile is warned or closed.
 */
#include "account/inactivity.h"

#include "account/account.h"
#include "account/personal.h"
#include "base/clock.h"

enum err inactivity_find_silent(struct tx *tx, int64_t since, const char **ret_id)
{
    return db_one(
        tx,
        "SELECT a.id FROM account a"
        " WHERE a.email_verified_at IS NOT NULL AND a.locked_at IS NULL AND a.roles = $2"
        "   AND a.deletion_due_at IS NULL AND coalesce(a.last_sign_in_at, a.created_at) < $1"
        "   AND NOT EXISTS (SELECT 1 FROM session s"
        "                    WHERE s.account_id = a.id AND s.last_seen_at >= $1)"
        "   AND NOT EXISTS (SELECT 1 FROM inactivity i"
        "                    WHERE i.account_id = a.id"
        "                      AND (i.warned_at IS NOT NULL OR i.counts_from >= $1))"
        " ORDER BY a.id LIMIT 1",
        V(num(since), num(ROLE_USER)), INTO(to_text(ret_id)));
}

/* sql changes the row of account $1 at time $2, if it is still to be changed. */
static enum err mark(struct tx *tx, const char *account_id, const char *sql, bool *ret_did)
{
    int64_t rows = 0;
    TRY(account_hold(tx, account_id));
    TRY(db_change(tx, sql, /* allowed: a literal below */
                  V(text(account_id), num(clock_now())), &rows));
    *ret_did = rows == 1;
    return OK;
}

enum err inactivity_warn(struct tx *tx, const char *account_id, bool *ret_did)
{
    return mark(tx, account_id,
                "INSERT INTO inactivity (account_id, warned_at, counts_from) VALUES ($1, $2, $2)"
                " ON CONFLICT (account_id) DO UPDATE"
                "        SET warned_at = excluded.warned_at, counts_from = excluded.counts_from"
                "      WHERE inactivity.warned_at IS NULL",
                ret_did);
}

enum err inactivity_find_warned(struct tx *tx, int64_t before, const char **ret_id)
{
    return db_one(tx,
                  "SELECT i.account_id FROM inactivity i JOIN account a ON a.id = i.account_id"
                  " WHERE i.warned_at <= $1 AND a.locked_at IS NULL AND a.roles = $2"
                  "   AND a.deletion_due_at IS NULL"
                  "   AND coalesce(a.last_sign_in_at, 0) < i.warned_at"
                  "   AND NOT EXISTS (SELECT 1 FROM session s WHERE s.account_id = a.id"
                  "                      AND s.last_seen_at >= i.warned_at)"
                  " ORDER BY i.warned_at, i.account_id LIMIT 1",
                  V(num(before), num(ROLE_USER)), INTO(to_text(ret_id)));
}

enum err inactivity_close(struct tx *tx, const char *account_id, bool *ret_did)
{
    return mark(tx, account_id,
                "UPDATE inactivity SET warned_at = NULL, counts_from = $2"
                " WHERE account_id = $1 AND warned_at IS NOT NULL"
                "   AND EXISTS (SELECT 1 FROM account a WHERE a.id = $1"
                "                  AND coalesce(a.last_sign_in_at, 0) < inactivity.warned_at)",
                ret_did);
}

enum err inactivity_forgive(struct tx *tx, bool *ret_more)
{
    return db_purge(tx,
                    "DELETE FROM inactivity WHERE account_id IN"
                    " (SELECT i.account_id FROM inactivity i JOIN account a ON a.id = i.account_id"
                    "   WHERE a.last_sign_in_at >= i.counts_from"
                    "      OR EXISTS (SELECT 1 FROM session s WHERE s.account_id = i.account_id"
                    "                    AND s.last_seen_at >= i.counts_from)"
                    "   LIMIT 500)",
                    V_NONE, ret_more);
}

static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(
        tx, "warned_at counts_from",
        "SELECT warned_at, counts_from FROM inactivity WHERE account_id = $1", V(text(account_id)),
        j);
}

const struct personal_table inactivity_personal[] = {
    { "inactivity", write, NULL },
    { 0 },
};
