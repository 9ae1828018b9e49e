/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authenticator apps: see totp_factor.h.
 */
#include "account/totp_factor.h"

#include "account/personal.h"
#include "base/base32.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/random.h"
#include "base/text.h"
#include "crypto/totp.h"
#include "service/keyring.h"
#include "service/setting.h"

#include <ctype.h>

#define PREFIX "otp"

enum { SETUP_ATTEMPTS = 10, RESEAL_BATCH = 500 };

static const int64_t SETUP_TTL = 30 * MINUTE;

static struct seal_place in_use(const char *id)
{
    return (struct seal_place){ "totp", "secret", id };
}

static struct seal_place in_setup(const char *id)
{
    return (struct seal_place){ "totp_setup", "secret", id };
}

static struct totp totp_of(struct mem secret)
{
    return (struct totp){ DIGEST_SHA1, TOTP_DIGITS, secret };
}

/* --- setting up --- */

/* The form that apps know (Key Uri Format). Algorithm, digits and period are what they assume
 * anyway; a colon in the service's name would end the issuer. */
static void describe(struct tx *tx, const struct totp_owner *who, struct mem secret,
                     struct totp_setup *ret)
{
    struct arena *arena = tx->arena;
    char *name = text_copy(arena, mem_text(setting_text(SETTING_SERVICE_NAME)));
    for (char *p = name; *p; p++)
        if (*p == ':')
            *p = ' ';
    const char *issuer = text_percent(arena, name, NULL);
    ret->secret = base32_format(arena, secret);
    ret->uri = text_format(arena,
                           "otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=SHA1&digits=%d"
                           "&period=%d",
                           issuer, text_percent(arena, who->email, NULL), ret->secret, issuer,
                           TOTP_DIGITS, TOTP_STEP_SECONDS);
}

enum err totp_setup_begin(struct tx *tx, const struct totp_owner *who, struct totp_setup *ret)
{
    uint8_t *secret = arena_alloc(tx->arena, TOTP_SECRET_BYTES);
    const char *id = id_new(tx->arena, PREFIX);
    random_bytes(secret, TOTP_SECRET_BYTES);
    struct mem plain = MEM(secret, TOTP_SECRET_BYTES);
    describe(tx, who, plain, ret);
    return db_run(
        tx,
        "INSERT INTO totp_setup (account_id, id, session_id, secret, attempts, expires_at)"
        "     VALUES ($1, $2, $3, $4, 0, $5)"
        " ON CONFLICT (account_id) DO UPDATE"
        "        SET id = excluded.id, session_id = excluded.session_id,"
        "            secret = excluded.secret, attempts = 0,"
        "            expires_at = excluded.expires_at",
        V(text(who->account_id), text(id), text(who->session_id),
          blob(seal(keyring_seals(), tx->arena, in_setup(id), plain)),
          num(clock_now() + SETUP_TTL)));
}

/* The secret in the clear, in the arena. */
static enum err open_sealed(struct tx *tx, struct seal_place place, struct mem sealed,
                            struct mem *ret)
{
    if (seal_open(keyring_seals(), tx->arena, place, sealed, ret))
        return fault("a TOTP secret does not open: its key is not in the ring, or the row was "
                     "changed");
    return OK;
}

enum err totp_setup_find(struct tx *tx, const struct totp_owner *who, struct totp_setup *ret)
{
    const char *id;
    struct mem sealed, secret;
    TRY(db_one(
        tx,
        "SELECT id, secret FROM totp_setup"
        " WHERE account_id = $1 AND session_id = $2 AND attempts < $3 AND expires_at > $4",
        V(text(who->account_id), text(who->session_id), num(SETUP_ATTEMPTS), num(clock_now())),
        INTO(to_text(&id), to_blob(&sealed))));
    TRY(open_sealed(tx, in_setup(id), sealed, &secret));
    describe(tx, who, secret, ret);
    return OK;
}

/* Counts an attempt and gives what it is judged by. */
static enum err count_attempt(struct tx *tx, const struct totp_owner *who, const char **ret_id,
                              struct mem *ret_secret)
{
    struct mem sealed;
    TRY(db_one(
        tx,
        "UPDATE totp_setup SET attempts = attempts + 1"
        " WHERE account_id = $1 AND session_id = $2 AND attempts < $3 AND expires_at > $4"
        " RETURNING id, secret",
        V(text(who->account_id), text(who->session_id), num(SETUP_ATTEMPTS), num(clock_now())),
        INTO(to_text(ret_id), to_blob(&sealed))));
    return open_sealed(tx, in_setup(*ret_id), sealed, ret_secret);
}

/* The step a typed code belongs to, 0 when there is none after last_step. */
static int64_t find_step(struct mem secret, const char *typed, int64_t last_step)
{
    char code[TOTP_DIGITS_MAX + 1];
    struct totp totp = totp_of(secret);
    if (!totp_read(typed, TOTP_DIGITS, code))
        return 0;
    return totp_find_step(&totp, code, clock_now(), last_step);
}

enum err totp_setup_confirm(struct tx *tx, const struct totp_owner *who, const char *typed)
{
    const char *id;
    struct mem secret;
    TRY(count_attempt(tx, who, &id, &secret));
    int64_t step = find_step(secret, typed, 0);
    if (!step)
        return E_INVALID;
    TRY(db_run(tx, "DELETE FROM totp_setup WHERE account_id = $1", V(text(who->account_id))));
    return db_run(tx,
                  "INSERT INTO totp (account_id, id, secret, last_step, confirmed_at)"
                  "     VALUES ($1, $2, $3, $4, $5)"
                  " ON CONFLICT (account_id) DO UPDATE"
                  "        SET id = excluded.id, secret = excluded.secret,"
                  "            last_step = excluded.last_step,"
                  "            confirmed_at = excluded.confirmed_at",
                  V(text(who->account_id), text(id),
                    blob(seal(keyring_seals(), tx->arena, in_use(id), secret)), num(step),
                    num(clock_now())));
}

enum err totp_setup_purge(struct tx *tx, int64_t now, bool *ret_more)
{
    return db_purge(tx,
                    "DELETE FROM totp_setup WHERE account_id IN"
                    " (SELECT account_id FROM totp_setup WHERE expires_at < $1 LIMIT 500)",
                    V(num(now)), ret_more);
}

/* --- in use --- */

enum err totp_accept(struct tx *tx, const char *account_id, const char *typed)
{
    const char *id;
    struct mem sealed, secret;
    int64_t last_step = 0, rows = 0;
    enum err e =
        db_one(tx, "SELECT id, secret, last_step FROM totp WHERE account_id = $1",
               V(text(account_id)), INTO(to_text(&id), to_blob(&sealed), to_num(&last_step)));
    if (e == E_NOT_FOUND)
        return E_INVALID;
    TRY(e);
    TRY(open_sealed(tx, in_use(id), sealed, &secret));
    int64_t step = find_step(secret, typed, last_step);
    if (!step)
        return find_step(secret, typed, 0) ? E_GONE : E_INVALID;
    TRY(db_change(tx,
                  "UPDATE totp SET last_step = $3"
                  " WHERE account_id = $1 AND id = $2 AND last_step < $3",
                  V(text(account_id), text(id), num(step)), &rows));
    return rows ? OK : E_GONE; /* somebody else used it this moment */
}

enum err totp_bound_at(struct tx *tx, const char *account_id, int64_t *ret)
{
    *ret = 0;
    enum err e = db_one(tx, "SELECT confirmed_at FROM totp WHERE account_id = $1",
                        V(text(account_id)), INTO(to_num(ret)));
    return e == E_NOT_FOUND ? OK : e;
}

enum err totp_count(struct tx *tx, const char *account_id, int64_t *ret)
{
    return db_one(tx, "SELECT count(*) FROM totp WHERE account_id = $1", V(text(account_id)),
                  INTO(to_num(ret)));
}

enum err totp_remove(struct tx *tx, const char *account_id)
{
    TRY(db_run(tx, "DELETE FROM totp_setup WHERE account_id = $1", V(text(account_id))));
    return db_run(tx, "DELETE FROM totp WHERE account_id = $1", V(text(account_id)));
}

/* --- another sealing key --- */

/* A secret whose key is gone stays as it is: whoever signs in hears of it, see open_sealed. */
static enum err reseal(struct tx *tx, const struct db_column *row, int *done)
{
    const char *account_id = row[0].text, *id = row[1].text;
    struct mem secret;
    if (seal_open(keyring_seals(), tx->arena, in_use(id), row[2].blob, &secret))
        return OK;
    ++*done;
    return db_run(
        tx, "UPDATE totp SET secret = $3 WHERE account_id = $1 AND id = $2",
        V(text(account_id), text(id), blob(seal(keyring_seals(), tx->arena, in_use(id), secret))));
}

enum err totp_reseal(struct tx *tx, bool *ret_more)
{
    struct db_rows rows;
    struct mem from, below;
    int done = 0;
    seal_range(keyring_seals(), tx->arena, &from, &below);
    TRY(db_each(tx,
                "SELECT account_id, id, secret FROM totp WHERE secret < $1 OR secret >= $2"
                " ORDER BY account_id LIMIT $3",
                V(blob(from), blob(below), num(RESEAL_BATCH)), &rows));
    for (size_t i = 0; i < rows.count; i++)
        TRY(reseal(tx, db_at(&rows, i, 0), &done));
    *ret_more = done && rows.count == RESEAL_BATCH;
    return OK;
}

/* --- what is about a person: that there is an app, never its secret (MFA-06) --- */

static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(tx, "id confirmed_at",
                               "SELECT id, confirmed_at FROM totp WHERE account_id = $1",
                               V(text(account_id)), j);
}

static enum err write_setup(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(tx, "id expires_at",
                               "SELECT id, expires_at FROM totp_setup WHERE account_id = $1",
                               V(text(account_id)), j);
}

const struct personal_table totp_personal[] = {
    { "totp", write, NULL },
    { "totp_setup", write_setup, NULL,
      .mend = "DELETE FROM totp_setup WHERE expires_at - 86400000 > $1" },
    { 0 },
};
