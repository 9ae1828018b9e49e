/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign-in codes: see email_code.h.
 */
#include "account/email_code.h"

#include "account/personal.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/random.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "service/keyring.h"
#include "service/setting.h"

#include <string.h>

#define PURPOSE "email-code"

static const uint32_t codes = 100'000'000;

/* The row's id is part of it: equal codes of two accounts have different hashes, and a hash that is
   copied to another row is worth nothing. */
static enum err hash(struct arena *arena, const char *key_id, const char *id, const char *code,
                     uint8_t out[SHA256_BYTES])
{
    uint8_t key[32];
    TRY(keyring_derive(key_id, PURPOSE, key));
    hmac_sha256(MEM(key, sizeof key), mem_text(text_format(arena, "%s:%s", id, code)), out);
    mem_wipe(key, sizeof key);
    return OK;
}

enum err email_code_add(struct tx *tx, const struct account *who, const char *ip,
                        const char *user_agent, const char **ret_code)
{
    int64_t now = clock_now();
    uint8_t mac[SHA256_BYTES];
    const char *id = id_new(tx->arena, "cod");
    *ret_code = text_format(tx->arena, "%0*u", EMAIL_CODE_DIGITS, (unsigned)random_below(codes));
    TRY(hash(tx->arena, NULL, id, *ret_code, mac));
    return db_run(tx,
                  "INSERT INTO email_code (account_id, id, code_hash, key_id, email_key,"
                  "                        password_changed_at, ip, user_agent, created_at,"
                  "                        expires_at)"
                  "     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
                  " ON CONFLICT (account_id) DO UPDATE"
                  "        SET id = excluded.id, code_hash = excluded.code_hash,"
                  "            key_id = excluded.key_id, email_key = excluded.email_key,"
                  "            password_changed_at = excluded.password_changed_at,"
                  "            ip = excluded.ip, user_agent = excluded.user_agent,"
                  "            created_at = excluded.created_at, expires_at = excluded.expires_at",
                  V(text(who->id), text(id), blob(MEM(mac, sizeof mac)), text(keyring_seal_id()),
                    text(who->email_key), num(who->password_changed_at), text(ip), text(user_agent),
                    num(now), num(now + setting_span(SETTING_EMAIL_CODE_TTL))));
}

/* People copy "1234 5678" as they see it. */
static const char *bare(struct arena *arena, const char *typed)
{
    char *out = text_copy(arena, mem_text(typed)), *to = out;
    for (const char *p = typed; *p; p++)
        if (*p != ' ' && *p != '-')
            *to++ = *p;
    *to = 0;
    return out;
}

/* *ret_id is the row whose code was typed. */
static enum err find(struct tx *tx, const struct email_code_try *attempt, const char **ret_id)
{
    static const uint8_t none[SHA256_BYTES];
    uint8_t mac[SHA256_BYTES];
    const char *key_id = NULL;
    struct mem stored = MEM(none, sizeof none);
    *ret_id = "cod_none";
    enum err found = db_one(tx,
                            "SELECT c.id, c.code_hash, c.key_id"
                            "  FROM email_code c JOIN account a ON a.id = c.account_id"
                            " WHERE c.account_id = $1 AND c.expires_at > $2 AND a.locked_at IS NULL"
                            "   AND c.email_key = a.email_key AND c.email_key = $3"
                            "   AND c.password_changed_at = coalesce(a.password_changed_at, 0)",
                            V(text(attempt->account_id ? attempt->account_id : ""),
                              num(clock_now()), text(attempt->email_key)),
                            INTO(to_text(ret_id), to_blob(&stored), to_text(&key_id)));
    if (found != E_NOT_FOUND)
        TRY(found);
    enum err e = hash(tx->arena, key_id, *ret_id, bare(tx->arena, attempt->typed), mac);
    if (e == E_NOT_FOUND)
        return E_GONE; /* its key has been taken out of the ring */
    TRY(e);
    return mem_equal(MEM(mac, sizeof mac), stored) && !found ? OK : E_GONE;
}

enum err email_code_look(struct tx *tx, const struct email_code_try *attempt)
{
    const char *id;
    return find(tx, attempt, &id);
}

enum err email_code_take(struct tx *tx, const struct email_code_try *attempt)
{
    const char *id;
    int64_t rows = 0;
    TRY(find(tx, attempt, &id));
    TRY(db_change(tx, "DELETE FROM email_code WHERE account_id = $1 AND id = $2",
                  V(text(attempt->account_id), text(id)), &rows));
    return rows ? OK : E_GONE;
}

enum err email_code_drop(struct tx *tx, const char *account_id)
{
    return db_run(tx, "DELETE FROM email_code WHERE account_id = $1", V(text(account_id)));
}

enum err email_code_purge(struct tx *tx, int64_t now, bool *ret_more)
{
    return db_purge(tx,
                    "DELETE FROM email_code WHERE account_id IN"
                    " (SELECT account_id FROM email_code WHERE expires_at < $1 ORDER BY expires_at"
                    "   LIMIT 500)",
                    V(num(now)), ret_more);
}

static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(tx, "id ip user_agent created_at expires_at",
                               "SELECT id, ip, user_agent, created_at, expires_at"
                               "  FROM email_code WHERE account_id = $1",
                               V(text(account_id)), j);
}

const struct personal_table email_code_personal[] = {
    { "email_code", write, NULL, .mend = "DELETE FROM email_code WHERE created_at > $1" },
    { 0 },
};
