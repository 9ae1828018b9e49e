/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts: see account.h. Conditions that guard against races stand inside the statements.
 */
#include "account/account.h"

#include "account/lockout.h"
#include "account/mailbox.h"
#include "account/personal.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"

#include <string.h>

#define COLUMNS                                                                              \
    "id, email, email_key, name, locale, password, roles, email_verified_at, locked_at,"     \
    " last_sign_in_at, created_at, password_changed_at, mfa_at, deletion_due_at, time_zone," \
    " picture_url, metadata, email_changed_at, unlocked_at"

#define INTO_ACCOUNT(a)                                                                          \
    INTO(to_text(&(a)->id), to_text(&(a)->email), to_text(&(a)->email_key), to_text(&(a)->name), \
         to_text(&(a)->locale), to_text(&(a)->password), to_num(&(a)->roles),                    \
         to_num(&(a)->verified_at), to_num(&(a)->locked_at), to_num(&(a)->last_sign_in_at),      \
         to_num(&(a)->created_at), to_num(&(a)->password_changed_at), to_num(&(a)->mfa_at),      \
         to_num(&(a)->deletion_due_at), to_text(&(a)->time_zone), to_text(&(a)->picture_url),    \
         to_text(&(a)->metadata), to_num(&(a)->email_changed_at), to_num(&(a)->unlocked_at))

enum err account_find_email(struct tx *tx, const char *email_key, struct account *ret)
{
    return db_one(tx, "SELECT " COLUMNS " FROM account WHERE email_key = $1", V(text(email_key)),
                  INTO_ACCOUNT(ret));
}

/* There is a row to read in any case. */
enum err account_find_id(struct tx *tx, const char *email_key, const char **ret_id)
{
    return db_one(tx, "SELECT max(id) FROM account WHERE email_key = $1", V(text(email_key)),
                  INTO(to_text(ret_id)));
}

enum err account_find(struct tx *tx, const char *id, struct account *ret)
{
    return db_one(tx, "SELECT " COLUMNS " FROM account WHERE id = $1", V(text(id)),
                  INTO_ACCOUNT(ret));
}

/* The same statement for a known and for an unknown address (ENUM-04). */
enum err account_add(struct tx *tx, const char *email, const char *email_key, const char *locale,
                     struct account *ret, bool *ret_is_new)
{
    const char *id = id_new(tx->arena, "usr");
    TRY(db_one(
        tx,
        "INSERT INTO account (id, email, email_key, locale, roles, created_at, updated_at)"
        "     VALUES ($1, $2, $3, $4, $5, $6, $6)"
        " ON CONFLICT (email_key) DO UPDATE SET roles = account.roles"
        "  RETURNING " COLUMNS,
        V(text(id), text(email), text(email_key), text(locale), num(ROLE_USER), num(clock_now())),
        INTO_ACCOUNT(ret)));
    *ret_is_new = text_equal(ret->id, id);
    return OK;
}

enum err account_hold(struct tx *tx, const char *id)
{
    return db_run(tx, "UPDATE account SET roles = roles WHERE id = $1", V(text(id)));
}

/* A conditional update that found no row: the answer is not_changed. */
static enum err changed(enum err e, int64_t rows, enum err not_changed)
{
    TRY(e);
    return rows ? OK : not_changed;
}

enum err account_verify(struct tx *tx, const char *id, const char *password, const char *name)
{
    int64_t rows = 0;
    enum err e = db_change(tx,
                           "UPDATE account SET email_verified_at = $2, password = $3, name = $4,"
                           "       password_changed_at = $2, updated_at = $2"
                           " WHERE id = $1 AND email_verified_at IS NULL",
                           V(text(id), num(clock_now()), text(password), text(name)), &rows);
    return changed(e, rows, E_CONFLICT);
}

enum err account_set_password(struct tx *tx, const struct account *old, const char *phc,
                              bool proves_mailbox)
{
    int64_t rows = 0, now = clock_now(), before = old->password_changed_at;
    enum err e = db_change(tx,
                           "UPDATE account SET password = $2, password_changed_at = $3,"
                           "       updated_at = $4,"
                           "       email_verified_at = coalesce(email_verified_at, $5)"
                           " WHERE id = $1 AND coalesce(password_changed_at, 0) = $6",
                           V(text(old->id), text(phc), num(now > before ? now : before + 1),
                             num(now), num_or_null(proves_mailbox ? now : 0), num(before)),
                           &rows);
    return changed(e, rows, E_CONFLICT);
}

enum err account_void_password(struct tx *tx, const char *id)
{
    int64_t now = clock_now();
    return db_run(tx,
                  "UPDATE account SET password = NULL, updated_at = $2, password_changed_at ="
                  "       CASE WHEN coalesce(password_changed_at, 0) < $2 THEN $2"
                  "            ELSE password_changed_at + 1 END"
                  " WHERE id = $1",
                  V(text(id), num(now)));
}

enum err account_set_email(struct tx *tx, const char *id, const char *old_key,
                           const struct email *email)
{
    int64_t rows = 0;
    enum err e = db_change(
        tx,
        "UPDATE account SET email = $3, email_key = $4, email_verified_at = $5,"
        "       email_changed_at = $5, updated_at = $5"
        " WHERE id = $1 AND email_key = $2 AND NOT EXISTS"
        " (SELECT 1 FROM account o WHERE o.email_key = $4 AND o.id <> $1)",
        V(text(id), text(old_key), text(email->address), text(email->key), num(clock_now())),
        &rows);
    TRY(changed(e, rows, E_CONFLICT));
    TRY(lockout_clear_address(tx, email->key));
    return mailbox_void(tx, id);
}

enum err account_rehash(struct tx *tx, const struct account *old, const char *phc)
{
    int64_t rows = 0;
    enum err e = db_change(tx, "UPDATE account SET password = $3 WHERE id = $1 AND password = $2",
                           V(text(old->id), text(old->password), text(phc)), &rows);
    return changed(e, rows, E_CONFLICT);
}

enum err account_set_profile(struct tx *tx, const char *id, const struct account_profile *p)
{
    int64_t rows = 0;
    enum err e = db_change(tx,
                           "UPDATE account SET name = $2, locale = $3, time_zone = $4,"
                           "       picture_url = $5, metadata = $6, updated_at = $7"
                           " WHERE id = $1",
                           V(text(id), text(p->name), text(p->locale), text(p->time_zone),
                             text(p->picture_url), text(p->metadata), num(clock_now())),
                           &rows);
    return changed(e, rows, E_NOT_FOUND);
}

enum err account_sign_in(struct tx *tx, const struct account *who,
                         const struct account_proof *proof, bool *ret_asks_second)
{
    int64_t mfa_at = 0;
    enum err e = db_one(tx,
                        "UPDATE account SET last_sign_in_at = CASE WHEN mfa_at IS NULL OR $5 = 1"
                        "                                          THEN $2 ELSE last_sign_in_at END"
                        " WHERE id = $1 AND email_verified_at IS NOT NULL"
                        "   AND locked_at IS NULL"
                        "   AND ($3 = 0 OR coalesce(password_changed_at, 0) = $4)"
                        " RETURNING mfa_at",
                        V(text(who->id), num(clock_now()), num(proof->by_password),
                          num(who->password_changed_at), num(proof->is_enough)),
                        INTO(to_num(&mfa_at)));
    if (e == E_NOT_FOUND)
        return E_DENIED;
    TRY(e);
    *ret_asks_second = mfa_at && !proof->is_enough;
    return OK;
}

enum err account_set_mfa(struct tx *tx, const char *id, bool is_on)
{
    return db_run(tx, "UPDATE account SET mfa_at = $2, updated_at = $3 WHERE id = $1",
                  V(text(id), num_or_null(is_on ? clock_now() : 0), num(clock_now())));
}

enum err account_count_admins(struct tx *tx, int64_t *ret)
{
    return db_one(tx,
                  "SELECT count(*) FROM account WHERE roles >= $1 AND locked_at IS NULL"
                  " AND email_verified_at IS NOT NULL",
                  V(num(ROLE_ADMIN)), INTO(to_num(ret)));
}

/* One after the other: an UPDATE of them all takes the rows in the order in which it meets them,
   whatever a subquery says, and PostgreSQL then ends one of two that wait for each other. */
static enum err hold_admins(struct tx *tx)
{
    struct db_rows rows;
    TRY(db_each(tx, "SELECT id FROM account WHERE roles >= $1 ORDER BY id", V(num(ROLE_ADMIN)),
                &rows));
    for (size_t i = 0; i < rows.count; i++)
        TRY(account_hold(tx, db_at(&rows, i, 0)->text));
    return OK;
}

/* Takes the row locks of all administrators, always in the same order, so that two of them cannot
   remove each other at once; then asks whether one besides id remains, who is not leaving too. */
static enum err check_admin_remains(struct tx *tx, const char *id)
{
    int64_t others = 0;
    TRY(hold_admins(tx));
    TRY(db_one(tx,
               "SELECT count(*) FROM account WHERE roles >= $1 AND locked_at IS NULL"
               " AND email_verified_at IS NOT NULL AND deletion_due_at IS NULL AND id <> $2",
               V(num(ROLE_ADMIN), text(id)), INTO(to_num(&others))));
    return others ? OK : E_DENIED;
}

enum err account_may_go(struct tx *tx, const struct account *who)
{
    return who->roles >= ROLE_ADMIN ? check_admin_remains(tx, who->id) : OK;
}

enum err account_end_at(struct tx *tx, const char *id, int64_t due_at, int64_t *ret_due_at)
{
    return db_one(tx,
                  "UPDATE account SET deletion_due_at = coalesce(deletion_due_at, $2)"
                  " WHERE id = $1 RETURNING deletion_due_at",
                  V(text(id), num(due_at)), INTO(to_num(ret_due_at)));
}

enum err account_keep(struct tx *tx, const char *id)
{
    int64_t rows = 0;
    enum err e = db_change(tx,
                           "UPDATE account SET deletion_due_at = NULL"
                           " WHERE id = $1 AND deletion_due_at IS NOT NULL",
                           V(text(id)), &rows);
    return changed(e, rows, E_NOT_FOUND);
}

enum err account_list_due(struct tx *tx, int64_t now, const char *after, int64_t limit,
                          struct db_rows *ret)
{
    return db_each(tx,
                   "SELECT id FROM account WHERE deletion_due_at <= $1 AND id > $2"
                   " ORDER BY id LIMIT $3",
                   V(num(now), text(after), num(limit)), ret);
}

enum err account_lock(struct tx *tx, const char *id)
{
    struct account account;
    int64_t rows = 0;
    TRY(account_find(tx, id, &account));
    if (account.roles >= ROLE_ADMIN)
        TRY(check_admin_remains(tx, id));
    enum err e =
        db_change(tx, "UPDATE account SET locked_at = coalesce(locked_at, $2) WHERE id = $1",
                  V(text(id), num(clock_now())), &rows);
    TRY(changed(e, rows, E_NOT_FOUND));
    return mailbox_void(tx, id);
}

enum err account_unlock(struct tx *tx, const char *id)
{
    int64_t rows = 0;
    enum err e = db_change(tx,
                           "UPDATE account SET locked_at = NULL,"
                           "       unlocked_at = CASE WHEN locked_at IS NULL THEN unlocked_at"
                           "                          ELSE CAST($2 AS BIGINT) END"
                           " WHERE id = $1",
                           V(text(id), num(clock_now())), &rows);
    return changed(e, rows, E_NOT_FOUND);
}

enum err account_set_roles(struct tx *tx, const char *id, int64_t roles)
{
    int64_t rows = 0;
    if (roles < ROLE_ADMIN) {
        struct account account;
        TRY(account_find(tx, id, &account));
        if (account.roles >= ROLE_ADMIN)
            TRY(check_admin_remains(tx, id));
    }
    enum err e = db_change(tx, "UPDATE account SET roles = $2 WHERE id = $1",
                           V(text(id), num(roles)), &rows);
    return changed(e, rows, E_NOT_FOUND);
}

enum err account_purge_unverified(struct tx *tx, int64_t made_before, bool *ret_more)
{
    return db_purge(tx,
                    "DELETE FROM account WHERE id IN"
                    " (SELECT a.id FROM account a WHERE a.email_verified_at IS NULL"
                    "     AND a.created_at < $1"
                    "     AND NOT EXISTS (SELECT 1 FROM registration r WHERE r.account_id = a.id)"
                    "     AND NOT EXISTS (SELECT 1 FROM reset x WHERE x.account_id = a.id)"
                    "     AND NOT EXISTS (SELECT 1 FROM magic_link l WHERE l.account_id = a.id)"
                    "     AND NOT EXISTS (SELECT 1 FROM email_code c WHERE c.account_id = a.id)"
                    "   ORDER BY a.created_at LIMIT 500)",
                    V(num(made_before)), ret_more);
}

enum err account_list(struct tx *tx, const char *after, int64_t limit, struct account **ret,
                      size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_each(tx, "SELECT " COLUMNS " FROM account WHERE id > $1 ORDER BY id LIMIT $2",
                V(text(after), num(limit)), &rows));
    *ret_count = rows.count;
    *ret = arena_array(tx->arena, rows.count, sizeof **ret);
    for (size_t i = 0; i < rows.count; i++)
        (*ret)[i] = (struct account){
            .id = db_at(&rows, i, 0)->text,
            .email = db_at(&rows, i, 1)->text,
            .email_key = db_at(&rows, i, 2)->text,
            .name = db_at(&rows, i, 3)->text,
            .locale = db_at(&rows, i, 4)->text,
            .password = db_at(&rows, i, 5)->text,
            .roles = db_at(&rows, i, 6)->num,
            .verified_at = db_at(&rows, i, 7)->num,
            .locked_at = db_at(&rows, i, 8)->num,
            .last_sign_in_at = db_at(&rows, i, 9)->num,
            .created_at = db_at(&rows, i, 10)->num,
            .password_changed_at = db_at(&rows, i, 11)->num,
            .mfa_at = db_at(&rows, i, 12)->num,
            .deletion_due_at = db_at(&rows, i, 13)->num,
            .time_zone = db_at(&rows, i, 14)->text,
            .picture_url = db_at(&rows, i, 15)->text,
            .metadata = db_at(&rows, i, 16)->text,
            .email_changed_at = db_at(&rows, i, 17)->num,
            .unlocked_at = db_at(&rows, i, 18)->num,
        };
    return OK;
}

enum err account_time_zone(struct tx *tx, const char *id, const char **ret)
{
    *ret = NULL;
    enum err e =
        db_one(tx, "SELECT time_zone FROM account WHERE id = $1", V(text(id)), INTO(to_text(ret)));
    return e == E_NOT_FOUND ? OK : e;
}

const char *account_label(const struct account *account)
{
    return text_is_empty(account->name) ? account->email : account->name;
}

bool account_picture_is_good(const char *url)
{
    static const char scheme[] = "https://";
    if (!text_starts(url, scheme))
        return false;
    const char *host = url + strlen(scheme);
    size_t n = strcspn(host, "/?#");
    for (const char *p = url; *p; p++)
        if (*p <= ' ' || *p > '~' || strchr("\"'<>\\^`{|}", *p))
            return false;
    return n > 0 && host[0] != '.' && host[0] != ':' && !memchr(host, '@', n);
}

/* Controls could forge lines in mails and logs: C0, DEL, C1 (in UTF-8: C2 80..9F), U+2028 and 2029.
 * U+202A to 202E and U+2066 to 2069 turn the text after the name around. */
static bool is_control(const unsigned char *p)
{
    if (p[0] < 0x20 || p[0] == 0x7F)
        return true;
    if (p[0] == 0xC2)
        return p[1] < 0xA0;
    if (p[0] != 0xE2)
        return false;
    return (p[1] == 0x80 && p[2] >= 0xA8 && p[2] <= 0xAE) ||
           (p[1] == 0x81 && p[2] >= 0xA6 && p[2] <= 0xA9);
}

bool account_name_is_good(const char *name)
{
    bool has_more_than_spaces = false;
    for (const char *p = name; *p; p++) {
        if (is_control((const unsigned char *)p))
            return false;
        has_more_than_spaces = has_more_than_spaces || *p != ' ';
    }
    return has_more_than_spaces && text_code_points(name) <= 100;
}

static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(
        tx,
        "id email email_verified_at email_changed_at name locale time_zone picture_url metadata "
        "roles"
        " password_changed_at mfa_at locked_at unlocked_at last_sign_in_at deletion_due_at"
        " created_at updated_at",
        "SELECT id, email, email_verified_at, email_changed_at, name, locale, time_zone,"
        "       picture_url, metadata, roles, password_changed_at, mfa_at, locked_at, unlocked_at,"
        "       last_sign_in_at, deletion_due_at, created_at, updated_at"
        "  FROM account WHERE id = $1",
        V(text(account_id)), j);
}

static enum err remove_row(struct tx *tx, const char *id)
{
    return db_run(tx, "DELETE FROM account WHERE id = $1", V(text(id)));
}

const struct personal_table account_personal[] = {
    { "account", write, remove_row,
      .mend = "UPDATE account SET deletion_due_at = $1 + 2592000000 WHERE deletion_due_at - "
              "31536000000 > $1" },
    { 0 },
};
