/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lockout: see lockout.h. The same statements for two tables, by the form of whose attempts are
 * counted.
 */
#include "account/lockout.h"

#include "account/account.h"
#include "account/personal.h"
#include "base/clock.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "service/keyring.h"
#include "service/setting.h"

#define ADDRESS_PREFIX "adr_"

enum { FORGOTTEN_AFTER_DAYS = 400 };

/* One conditional statement: while locked it changes no row. */
#define COUNT_SQL(table, whose)                                                      \
    "INSERT INTO " table " (" whose ", authenticator, failures, failed_at)"          \
    "     VALUES ($1, $2, 1, $3)"                                                    \
    " ON CONFLICT (" whose ", authenticator) DO UPDATE"                              \
    "        SET failures = " table ".failures + 1, failed_at = excluded.failed_at," \
    "            locked_until = CASE WHEN (" table ".failures + 1) % 5 = 0"          \
    "                                THEN CAST($4 AS BIGINT) ELSE NULL END"          \
    "      WHERE " table ".failures < $5"                                            \
    "        AND (" table ".locked_until IS NULL OR " table ".locked_until <= $3)"   \
    "  RETURNING failures"

#define LOOK_SQL(table, whose) \
    "SELECT failures, locked_until FROM " table " WHERE " whose " = $1 AND authenticator = $2"

#define CLEAR_SQL(table, whose) "DELETE FROM " table " WHERE " whose " = $1 AND authenticator = $2"

static bool is_address(const char *whose)
{
    return text_starts(whose, ADDRESS_PREFIX);
}

enum err lockout_address(struct arena *arena, const char *email_key, const char **ret_whose)
{
    uint8_t key[32], mac[SHA256_BYTES];
    char digits[44];
    TRY(keyring_derive(NULL, "lockout-address", key));
    hmac_sha256(MEM(key, sizeof key), mem_text(email_key), mac);
    mem_wipe(key, sizeof key);
    base64url_format(MEM(mac, sizeof mac), digits);
    *ret_whose = text_format(arena, ADDRESS_PREFIX "%s", digits);
    return OK;
}

static enum err count(struct tx *tx, const char *whose, const char *authenticator,
                      int64_t *ret_failures)
{
    int64_t now = clock_now();
    return db_one(tx,
                  is_address(whose) ? COUNT_SQL("lockout_address", "address")
                                    : COUNT_SQL("lockout", "account_id"),
                  V(text(whose), text(authenticator), num(now),
                    num(now + setting_span(SETTING_LOCKOUT)), num(LOCKOUT_FOREVER)),
                  INTO(to_num(ret_failures)));
}

enum err lockout_look(struct tx *tx, const char *whose, const char *authenticator,
                      struct lockout *ret)
{
    int64_t until = 0;
    *ret = (struct lockout){ 0 };
    enum err e =
        db_one(tx,
               is_address(whose) ? LOOK_SQL("lockout_address", "address")
                                 : LOOK_SQL("lockout", "account_id"),
               V(text(whose), text(authenticator)), INTO(to_num(&ret->failures), to_num(&until)));
    if (e == E_NOT_FOUND)
        return OK;
    TRY(e);
    ret->locked_until = until > clock_now() ? until : 0;
    ret->is_forever = ret->failures >= LOCKOUT_FOREVER;
    ret->asks_captcha = ret->failures >= LOCKOUT_EVERY;
    return OK;
}

enum err lockout_try(struct tx *tx, const char *whose, const char *authenticator,
                     struct lockout *ret)
{
    int64_t failures = 0;
    enum err e = count(tx, whose, authenticator, &failures);
    if (e == E_NOT_FOUND) {
        TRY(lockout_look(tx, whose, authenticator, ret));
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

enum err lockout_clear(struct tx *tx, const char *whose, const char *authenticator)
{
    return db_run(tx,
                  is_address(whose) ? CLEAR_SQL("lockout_address", "address")
                                    : CLEAR_SQL("lockout", "account_id"),
                  V(text(whose), text(authenticator)));
}

enum err lockout_purge(struct tx *tx, int64_t now, bool *ret_more)
{
    return db_purge(tx,
                    "DELETE FROM lockout_address WHERE address IN"
                    " (SELECT address FROM lockout_address WHERE failed_at < $1"
                    "   ORDER BY failed_at LIMIT 500) AND failed_at < $1",
                    V(num(now - FORGOTTEN_AFTER_DAYS * DAY)), ret_more);
}

/* --- about a person --- */

static enum err address_of(struct tx *tx, const char *account_id, const char **ret_whose)
{
    struct account who;
    TRY(account_find(tx, account_id, &who));
    return lockout_address(tx->arena, who.email_key, ret_whose);
}

/* Of the account and of its address. */
static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    const char *whose;
    TRY(address_of(tx, account_id, &whose));
    return personal_write_rows(tx, "authenticator failures failed_at locked_until",
                               "SELECT authenticator, failures, failed_at, locked_until"
                               "  FROM lockout WHERE account_id = $1"
                               " UNION ALL SELECT authenticator, failures, failed_at, locked_until"
                               "  FROM lockout_address WHERE address = $2 ORDER BY authenticator",
                               V(text(account_id), text(whose)), j);
}

/* The account's own rows go with it. */
static enum err remove_address(struct tx *tx, const char *account_id)
{
    const char *whose;
    TRY(address_of(tx, account_id, &whose));
    return db_run(tx, "DELETE FROM lockout_address WHERE address = $1", V(text(whose)));
}

const struct personal_table lockout_personal[] = {
    { "lockout", write, remove_address },
    { 0 },
};
