/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passkeys: see passkey.h.
 */
#include "account/passkey.h"

#include "account/personal.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"
#include "crypto/digest.h"

#include <assert.h>

static_assert((int)PASSKEY_HANDLE_BYTES == SHA256_BYTES);

/* Not the id itself, which applications know: authenticators and their vendors see this. */
struct mem passkey_user_handle(struct arena *arena, const char *account_id)
{
    uint8_t *handle = arena_alloc(arena, PASSKEY_HANDLE_BYTES);
    struct mem pieces[] = { mem_text("webauthn-user"), mem_text(account_id) };
    sha256_pieces(pieces, COUNT(pieces), handle);
    return MEM(handle, PASSKEY_HANDLE_BYTES);
}

enum err passkey_add(struct tx *tx, const char *account_id, const struct passkey_traits *traits,
                     const struct webauthn_registered *proof, struct passkey *ret)
{
    const struct webauthn_credential *c = webauthn_credential(proof);
    int64_t rows = 0;
    *ret = (struct passkey){
        .id = id_new(tx->arena, "pky"),
        .account_id = account_id,
        .name = traits->name,
        .transports = c->transports,
        .credential_id = c->id,
        .public_key = c->public_key,
        .sign_count = c->sign_count,
        .is_user_verified = c->is_user_verified,
        .is_discoverable = traits->is_discoverable,
        .is_backup_eligible = c->is_backup_eligible,
        .is_backed_up = c->is_backed_up,
        .created_at = clock_now(),
    };
    TRY(db_change(tx,
                  "INSERT INTO passkey (id, account_id, credential_id, public_key, algorithm,"
                  "                     sign_count, user_verified, discoverable, backup_eligible,"
                  "                     backed_up, transports, name, created_at)"
                  "     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
                  " ON CONFLICT (credential_id) DO NOTHING",
                  V(text(ret->id), text(account_id), blob(c->id), blob(c->public_key),
                    num(c->algorithm), num(c->sign_count), num(c->is_user_verified),
                    num(traits->is_discoverable), num(c->is_backup_eligible), num(c->is_backed_up),
                    text(c->transports), text(traits->name), num(ret->created_at)),
                  &rows));
    return rows ? OK : E_CONFLICT;
}

#define COLUMNS                                                                           \
    "id, account_id, credential_id, public_key, sign_count, user_verified, discoverable," \
    " backup_eligible, backed_up, transports, name, created_at, last_used_at, suspect_at"

static struct passkey read_row(const struct db_rows *rows, size_t i)
{
    return (struct passkey){
        .id = db_at(rows, i, 0)->text,
        .account_id = db_at(rows, i, 1)->text,
        .credential_id = db_at(rows, i, 2)->blob,
        .public_key = db_at(rows, i, 3)->blob,
        .sign_count = db_at(rows, i, 4)->num,
        .is_user_verified = db_at(rows, i, 5)->num,
        .is_discoverable = db_at(rows, i, 6)->num,
        .is_backup_eligible = db_at(rows, i, 7)->num,
        .is_backed_up = db_at(rows, i, 8)->num,
        .transports = db_at(rows, i, 9)->text,
        .name = db_at(rows, i, 10)->text,
        .created_at = db_at(rows, i, 11)->num,
        .last_used_at = db_at(rows, i, 12)->num,
        .suspect_at = db_at(rows, i, 13)->num,
    };
}

static enum err read_one(enum err e, const struct db_rows *rows, struct passkey *ret)
{
    TRY(e);
    if (!rows->count)
        return E_NOT_FOUND;
    *ret = read_row(rows, 0);
    return OK;
}

enum err passkey_find(struct tx *tx, struct mem credential_id, struct passkey *ret)
{
    struct db_rows rows;
    enum err e = db_each(tx, "SELECT " COLUMNS " FROM passkey WHERE credential_id = $1",
                         V(blob(credential_id)), &rows);
    return read_one(e, &rows, ret);
}

enum err passkey_find_own(struct tx *tx, const char *account_id, const char *id,
                          struct passkey *ret)
{
    struct db_rows rows;
    enum err e = db_each(tx, "SELECT " COLUMNS " FROM passkey WHERE id = $1 AND account_id = $2",
                         V(text(id), text(account_id)), &rows);
    return read_one(e, &rows, ret);
}

enum err passkey_list(struct tx *tx, const char *account_id, struct passkey **ret,
                      size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_each(tx, "SELECT " COLUMNS " FROM passkey WHERE account_id = $1 ORDER BY id LIMIT 100",
                V(text(account_id)), &rows));
    *ret_count = rows.count;
    *ret = arena_array(tx->arena, rows.count, sizeof **ret);
    for (size_t i = 0; i < rows.count; i++)
        (*ret)[i] = read_row(&rows, i);
    return OK;
}

enum err passkey_count(struct tx *tx, const char *account_id, int64_t *ret)
{
    return db_one(tx, "SELECT count(*) FROM passkey WHERE account_id = $1", V(text(account_id)),
                  INTO(to_num(ret)));
}

enum err passkey_count_alone(struct tx *tx, const char *account_id, int64_t *ret)
{
    return db_one(tx, "SELECT count(*) FROM passkey WHERE account_id = $1 AND user_verified = 1",
                  V(text(account_id)), INTO(to_num(ret)));
}

/* One statement, so that of two uses with the same counter one counts (WebAuthn 7.2 step 22). */
enum err passkey_use(struct tx *tx, const struct passkey *passkey,
                     const struct webauthn_verified *proof)
{
    const struct webauthn_facts *facts = webauthn_facts(proof);
    struct passkey now;
    int64_t rows = 0;
    assert(mem_equal(facts->id, passkey->credential_id));
    TRY(db_change(
        tx,
        "UPDATE passkey SET sign_count = $2, backed_up = $3, last_used_at = $4"
        " WHERE id = $1 AND (sign_count < $2 OR (sign_count = 0 AND $2 = 0))",
        V(text(passkey->id), num(facts->sign_count), num(facts->is_backed_up), num(clock_now())),
        &rows));
    if (rows)
        return OK;
    TRY(passkey_find_own(tx, passkey->account_id, passkey->id, &now));
    return E_CONFLICT;
}

enum err passkey_suspect(struct tx *tx, const char *id, bool *ret_is_news)
{
    int64_t rows = 0, now = clock_now();
    TRY(db_change(tx,
                  "UPDATE passkey SET suspect_at = $2"
                  " WHERE id = $1 AND (suspect_at IS NULL OR suspect_at <= $3)",
                  V(text(id), num(now), num(now - DAY)), &rows));
    *ret_is_news = rows;
    return OK;
}

enum err passkey_rename(struct tx *tx, const char *account_id, const char *id, const char *name)
{
    int64_t rows = 0;
    TRY(db_change(tx, "UPDATE passkey SET name = $3 WHERE id = $1 AND account_id = $2",
                  V(text(id), text(account_id), text(name)), &rows));
    return rows ? OK : E_NOT_FOUND;
}

enum err passkey_remove(struct tx *tx, const char *account_id, const char *id)
{
    int64_t rows = 0;
    TRY(db_change(tx, "DELETE FROM passkey WHERE id = $1 AND account_id = $2",
                  V(text(id), text(account_id)), &rows));
    return rows ? OK : E_NOT_FOUND;
}

enum err passkey_remove_since(struct tx *tx, const char *account_id, int64_t since)
{
    return db_run(tx, "DELETE FROM passkey WHERE account_id = $1 AND created_at >= $2",
                  V(text(account_id), num(since)));
}

/* Keys and the authenticator's own names stay out. */
static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(
        tx,
        "id name transports algorithm user_verified backup_eligible backed_up created_at"
        " last_used_at suspect_at",
        "SELECT id, name, transports, algorithm, user_verified, backup_eligible, backed_up,"
        "       created_at, last_used_at, suspect_at"
        "  FROM passkey WHERE account_id = $1 ORDER BY id",
        V(text(account_id)), j);
}

const struct personal_table passkey_personal[] = {
    { "passkey", write, NULL },
    { 0 },
};
