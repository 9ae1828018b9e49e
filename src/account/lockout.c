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

/* What follows it is the device's id. */
#define ON_DEVICE "password dev_"
#define IS_ON_DEVICE "substr(authenticator, 1, 13) = '" ON_DEVICE "'"

enum { FORGOTTEN_AFTER_DAYS = 400 };

/* One conditional statement: while locked it changes no row. */
#define COUNT_SQL(table, whose)                                                      \
    "INSERT INTO " table " (" whose ", authenticator, failures, failed_at)"          \
    "     VALUES ($1, $2, 1, $3)"                                                    \
    " ON CONFLICT (" whose ", authenticator) DO UPDATE"                              \
    "        SET failures = " table ".failures + 1, failed_at = excluded.failed_at," \
    "            locked_until = CASE WHEN (" table ".failures + 1) % 5 <> 0"         \
    "                                THEN NULL"                                      \
    "                                WHEN " table ".failures + 1 <= 10"              \
    "                                THEN CAST($4 AS BIGINT)"                        \
    "                                WHEN " table ".failures + 1 = 15"               \
    "                                THEN CAST($5 AS BIGINT)"                        \
    "                                WHEN " table ".failures + 1 = 20"               \
    "                                THEN CAST($6 AS BIGINT)"                        \
    "                                WHEN " table ".failures + 1 = 25"               \
    "                                THEN CAST($7 AS BIGINT)"                        \
    "                                ELSE CAST($8 AS BIGINT) END"                    \
    "      WHERE " table ".failures < $9"                                            \
    "        AND (" table ".locked_until IS NULL OR " table ".locked_until <= $3)"   \
    "  RETURNING failures, locked_until"

#define LOOK_SQL(table, whose) \
    "SELECT failures, locked_until FROM " table " WHERE " whose " = $1 AND authenticator = $2"

/* Waits for attempts under way, and keeps others waiting. */
#define HOLD_SQL(table, whose)                                                             \
    "UPDATE " table " SET failures = failures WHERE " whose " = $1 AND authenticator = $2" \
    " RETURNING failures, locked_until"

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

const char *lockout_on_device(struct arena *arena, const char *device_id)
{
    return text_format(arena, LOCKOUT_PASSWORD " %s", device_id);
}

/* The nth lock in a row (SP 800-63B-4 3.2.2: a wait that grows, up to an hour): 5, 5, 10, 20, 40
   and 60 minutes, as long as SETTING_LOCKOUT is five. */
static int64_t span_of(int nth)
{
    int64_t span = setting_span(SETTING_LOCKOUT), longest = span > HOUR ? span : HOUR;
    for (int i = 2; i < nth && span < longest; i++)
        span *= 2;
    return span < longest ? span : longest;
}

static enum err count(struct tx *tx, const char *whose, const char *authenticator,
                      int64_t *ret_failures, int64_t *ret_until)
{
    int64_t now = clock_now();
    return db_one(tx,
                  is_address(whose) ? COUNT_SQL("lockout_address", "address")
                                    : COUNT_SQL("lockout", "account_id"),
                  V(text(whose), text(authenticator), num(now), num(now + span_of(1)),
                    num(now + span_of(3)), num(now + span_of(4)), num(now + span_of(5)),
                    num(now + span_of(6)), num(LOCKOUT_FOREVER)),
                  INTO(to_num(ret_failures), to_num(ret_until)));
}

static struct lockout state_of(int64_t failures, int64_t until)
{
    return (struct lockout){
        .failures = failures,
        .locked_until = until > clock_now() ? until : 0,
        .is_forever = failures >= LOCKOUT_FOREVER,
        .asks_captcha = failures >= LOCKOUT_EVERY,
    };
}

/* E_NOT_FOUND: nothing is counted, and *ret says so. */
static enum err read_state(struct tx *tx, const char *whose, const char *authenticator, bool holds,
                           struct lockout *ret)
{
    int64_t failures = 0, until = 0;
    enum err e =
        db_one(tx,
               is_address(whose) ? (holds ? HOLD_SQL("lockout_address", "address")
                                          : LOOK_SQL("lockout_address", "address"))
                                 : (holds ? HOLD_SQL("lockout", "account_id")
                                          : LOOK_SQL("lockout", "account_id")),
               V(text(whose), text(authenticator)), INTO(to_num(&failures), to_num(&until)));
    *ret = state_of(failures, until);
    return e;
}

enum err lockout_look(struct tx *tx, const char *whose, const char *authenticator,
                      struct lockout *ret)
{
    enum err e = read_state(tx, whose, authenticator, false, ret);
    return e == E_NOT_FOUND ? OK : e;
}

enum err lockout_try(struct tx *tx, const char *whose, const char *authenticator,
                     struct lockout *ret)
{
    int64_t failures = 0, until = 0;
    enum err e = count(tx, whose, authenticator, &failures, &until);
    if (e == E_NOT_FOUND) {
        TRY(lockout_look(tx, whose, authenticator, ret));
        return E_DENIED;
    }
    TRY(e);
    *ret = state_of(failures, until);
    ret->has_just_locked = failures % LOCKOUT_EVERY == 0;
    return OK;
}

enum err lockout_clear(struct tx *tx, const char *whose, const char *authenticator)
{
    return db_run(tx,
                  is_address(whose) ? CLEAR_SQL("lockout_address", "address")
                                    : CLEAR_SQL("lockout", "account_id"),
                  V(text(whose), text(authenticator)));
}

/* Without a row there is nobody to wait for: this attempt comes as if it were the first. */
enum err lockout_pass(struct tx *tx, const char *whose, const char *authenticator,
                      struct lockout *ret)
{
    enum err e = read_state(tx, whose, authenticator, true, ret);
    if (e == E_NOT_FOUND)
        return OK;
    TRY(e);
    if (ret->is_forever || ret->locked_until)
        return E_DENIED;
    return lockout_clear(tx, whose, authenticator);
}

enum err lockout_clear_password(struct tx *tx, const char *account_id, const char *email_key)
{
    const char *whose;
    TRY(lockout_address(tx->arena, email_key, &whose));
    TRY(lockout_clear(tx, whose, LOCKOUT_PASSWORD));
    return db_run(tx, "DELETE FROM lockout WHERE account_id = $1 AND " IS_ON_DEVICE,
                  V(text(account_id)));
}

enum err lockout_clear_address(struct tx *tx, const char *email_key)
{
    const char *whose;
    TRY(lockout_address(tx->arena, email_key, &whose));
    return db_run(tx, "DELETE FROM lockout_address WHERE address = $1", V(text(whose)));
}

enum err lockout_clear_all(struct tx *tx, const char *account_id, const char *email_key)
{
    TRY(lockout_clear_address(tx, email_key));
    return db_run(tx, "DELETE FROM lockout WHERE account_id = $1", V(text(account_id)));
}

/* What an account counts is its own, but for devices, which come and go. */
static enum err purge_devices(struct tx *tx, int64_t before, bool *ret_more)
{
    return db_purge(tx,
                    "DELETE FROM lockout WHERE failed_at < $1 AND " IS_ON_DEVICE
                    " AND account_id IN"
                    " (SELECT account_id FROM lockout WHERE failed_at < $1 AND " IS_ON_DEVICE
                    "   ORDER BY account_id LIMIT 500)",
                    V(num(before)), ret_more);
}

enum err lockout_purge(struct tx *tx, int64_t now, bool *ret_more)
{
    int64_t before = now - FORGOTTEN_AFTER_DAYS * DAY;
    TRY(purge_devices(tx, before, ret_more));
    return db_purge(tx,
                    "DELETE FROM lockout_address WHERE address IN"
                    " (SELECT address FROM lockout_address WHERE failed_at < $1"
                    "   ORDER BY failed_at LIMIT 500) AND failed_at < $1",
                    V(num(before)), ret_more);
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
    { "lockout", write, remove_address,
      .mend = "UPDATE lockout SET locked_until = $1 WHERE locked_until - 86400000 > $1" },
    { "lockout_address", NULL, NULL,
      .mend = "UPDATE lockout_address SET locked_until = $1 WHERE locked_until - 86400000 > $1" },
    { 0 },
};
