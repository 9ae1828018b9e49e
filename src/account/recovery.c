/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recovery codes: see recovery.h.
 */
#include "account/recovery.h"

#include "account/personal.h"
#include "base/clock.h"
#include "crypto/recovery_code.h"

static enum err add(struct tx *tx, const char *account_id, const char *code)
{
    uint8_t hash[SHA256_BYTES];
    if (!recovery_code_hash(code, account_id, hash))
        return fault("a new recovery code is not one");
    return db_run(tx,
                  "INSERT INTO recovery_code (account_id, code_hash, created_at)"
                  "     VALUES ($1, $2, $3)",
                  V(text(account_id), blob(MEM(hash, sizeof hash)), num(clock_now())));
}

enum err recovery_renew(struct tx *tx, const char *account_id,
                        const char *ret_codes[RECOVERY_CODES])
{
    TRY(recovery_remove(tx, account_id));
    for (int i = 0; i < RECOVERY_CODES; i++) {
        ret_codes[i] = recovery_code_new(tx->arena);
        TRY(add(tx, account_id, ret_codes[i]));
    }
    return OK;
}

enum err recovery_use(struct tx *tx, const char *account_id, const char *typed)
{
    uint8_t hash[SHA256_BYTES];
    int64_t rows = 0;
    if (!recovery_code_hash(typed, account_id, hash))
        return E_INVALID;
    TRY(db_change(tx, "DELETE FROM recovery_code WHERE account_id = $1 AND code_hash = $2",
                  V(text(account_id), blob(MEM(hash, sizeof hash))), &rows));
    return rows ? OK : E_INVALID;
}

enum err recovery_count(struct tx *tx, const char *account_id, int64_t *ret)
{
    return db_one(tx, "SELECT count(*) FROM recovery_code WHERE account_id = $1",
                  V(text(account_id)), INTO(to_num(ret)));
}

enum err recovery_remove(struct tx *tx, const char *account_id)
{
    return db_run(tx, "DELETE FROM recovery_code WHERE account_id = $1", V(text(account_id)));
}

enum err recovery_remove_since(struct tx *tx, const char *account_id, int64_t since)
{
    return db_run(tx, "DELETE FROM recovery_code WHERE account_id = $1 AND created_at >= $2",
                  V(text(account_id), num(since)));
}

static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(tx, "created_at",
                               "SELECT created_at FROM recovery_code WHERE account_id = $1"
                               " ORDER BY created_at",
                               V(text(account_id)), j);
}

const struct personal_table recovery_personal[] = {
    { "recovery_code", write, NULL },
    { 0 },
};
