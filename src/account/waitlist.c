/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The waiting list: see waitlist.h. Locks are taken in the order gate, waiting list, invitation.
 */
#include "account/waitlist.h"

#include "account/invite.h"
#include "account/personal.h"
#include "account/role.h"
#include "base/base32.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "service/outbox.h"
#include "service/setting.h"

#define PREFIX "wtl"
#define PURPOSE "waitlist"

enum { REFERRALS_THAT_COUNT = 10 };

static const int64_t confirm_within = 7 * DAY, mail_again_after = DAY, referral_worth = DAY;

/* Who has not confirmed stands behind everybody who has. */
static const int64_t behind_all = 100 * 365 * DAY;

#define COLUMNS                                                                              \
    "id, email, email_key, name, locale, status, referral_code, invite_id, place, referred," \
    " created_at, joined_at, decided_at"

static void read_row(const struct db_rows *rows, size_t row, struct waitlist_entry *ret)
{
    *ret = (struct waitlist_entry){
        .id = db_at(rows, row, 0)->text,
        .email = db_at(rows, row, 1)->text,
        .email_key = db_at(rows, row, 2)->text,
        .name = db_at(rows, row, 3)->text,
        .locale = db_at(rows, row, 4)->text,
        .status = db_at(rows, row, 5)->text,
        .referral_code = db_at(rows, row, 6)->text,
        .invite_id = db_at(rows, row, 7)->text,
        .place = db_at(rows, row, 8)->num,
        .referred = db_at(rows, row, 9)->num,
        .created_at = db_at(rows, row, 10)->num,
        .joined_at = db_at(rows, row, 11)->num,
        .decided_at = db_at(rows, row, 12)->num,
    };
}

static enum err first(enum err e, const struct db_rows *rows, struct waitlist_entry *ret)
{
    TRY(e);
    if (!rows->count)
        return E_NOT_FOUND;
    read_row(rows, 0, ret);
    return OK;
}

static enum err find(struct tx *tx, const char *id, struct waitlist_entry *ret)
{
    struct db_rows rows;
    enum err e = db_each(tx, "SELECT " COLUMNS " FROM waitlist WHERE id = $1", V(text(id)), &rows);
    return first(e, &rows, ret);
}

static bool is(const struct waitlist_entry *who, const char *status)
{
    return text_equal(who->status, status);
}

/* --- joining --- */

static enum err mail_handle(struct tx *tx, const struct waitlist_entry *who,
                            const struct token *token)
{
    return outbox_add(
        tx, "waitlist_joined", who->email, who->locale, NULL,
        VARS({ "link", text_format(tx->arena, "%s/waitlist?token=%s", setting_public_origin(),
                                   token->text) },
             { "referral_link", text_format(tx->arena, "%s/waitlist?referral=%s",
                                            setting_public_origin(), who->referral_code) },
             { "unconfirmed", is(who, "unconfirmed") ? "yes" : NULL },
             { "expires_at",
               text_format(tx->arena, "%lld", (long long)(clock_now() + confirm_within)) }));
}

/* Ten letters: nobody guesses one, and it can be read out. */
static const char *new_code(struct arena *arena)
{
    uint8_t bytes[6];
    random_bytes(bytes, sizeof bytes);
    return text_lower_ascii(arena, base32_format(arena, MEM(bytes, sizeof bytes)));
}

static enum err add(struct tx *tx, const struct waitlist_wish *of, struct waitlist_entry *ret,
                    struct token *ret_token)
{
    int64_t now = clock_now();
    const struct email *email = of->email;
    *ret_token = token_new(tx->arena, PREFIX, PURPOSE);
    *ret = (struct waitlist_entry){ .id = ret_token->id,
                                    .email = email->address,
                                    .email_key = email->key,
                                    .locale = of->locale,
                                    .status = "unconfirmed",
                                    .referral_code = new_code(tx->arena) };
    return db_run(
        tx,
        "INSERT INTO waitlist (id, secret_hash, email, email_key, person_key, name, locale, status,"
        "                      place, referral_code, referred_by, referred, ip, mailed_at,"
        "                      created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, 'unconfirmed', $12, $9,"
        "         (SELECT id FROM waitlist WHERE referral_code = $10), 0, $11, $8, $8)",
        V(text(ret->id), blob(MEM(ret_token->hash, sizeof ret_token->hash)), text(email->address),
          text(email->key), text(email_limit_key(tx->arena, email->key)), text(of->name),
          text(of->locale), num(now), text(ret->referral_code),
          text(of->referral ? of->referral : ""), text(of->ip), num(now + behind_all)));
}

/* At most one mail a day: whoever gets true may send it. */
static enum err may_mail(struct tx *tx, const char *id, bool *ret)
{
    int64_t rows = 0, now = clock_now();
    TRY(db_change(tx, "UPDATE waitlist SET mailed_at = $2 WHERE id = $1 AND mailed_at <= $3",
                  V(text(id), num(now), num(now - mail_again_after)), &rows));
    *ret = rows > 0;
    return OK;
}

static enum err renew_handle(struct tx *tx, const struct waitlist_entry *who)
{
    struct token token = token_renew(tx->arena, who->id, PURPOSE);
    TRY(db_run(tx, "UPDATE waitlist SET secret_hash = $2 WHERE id = $1",
               V(text(who->id), blob(MEM(token.hash, sizeof token.hash)))));
    return mail_handle(tx, who, &token);
}

static enum err renew_invite(struct tx *tx, const struct waitlist_entry *who)
{
    struct token token;
    struct invite invite = { .email = who->email, .locale = who->locale };
    invite.expires_at = clock_now() + setting_span(SETTING_INVITE_TTL);
    enum err e = invite_renew(tx, who->invite_id, invite.expires_at, &token);
    if (e == E_GONE)
        return OK; /* taken back */
    TRY(e);
    return invite_mail(tx, "waitlist_approved", &invite, &token);
}

enum err waitlist_join(struct tx *tx, const struct waitlist_wish *of)
{
    struct db_rows rows;
    struct waitlist_entry who;
    struct token token;
    bool may;
    enum err e = db_each(tx, "SELECT " COLUMNS " FROM waitlist WHERE email_key = $1",
                         V(text(of->email->key)), &rows);
    e = first(e, &rows, &who);
    if (e == E_NOT_FOUND) {
        TRY(add(tx, of, &who, &token));
        return mail_handle(tx, &who, &token);
    }
    TRY(e);
    TRY(may_mail(tx, who.id, &may));
    if (!may || is(&who, "rejected"))
        return OK;
    return is(&who, "approved") ? renew_invite(tx, &who) : renew_handle(tx, &who);
}

/* --- with the handle --- */

enum err waitlist_look(struct tx *tx, const char *handle, struct waitlist_entry *ret)
{
    struct token token;
    struct mem hash;
    if (!token_parse(tx->arena, handle, PREFIX, PURPOSE, &token))
        return E_GONE;
    enum err e = db_one(tx, "SELECT secret_hash FROM waitlist WHERE id = $1", V(text(token.id)),
                        INTO(to_blob(&hash)));
    if (e == E_NOT_FOUND || (e == OK && !token_matches(&token, hash)))
        return E_GONE;
    TRY(e);
    e = find(tx, token.id, ret);
    return e == E_NOT_FOUND ? E_GONE : e;
}

/* Nothing for a second address of somebody who counted already, or of the one who referred. */
static enum err credit(struct tx *tx, const char *id)
{
    return db_run(
        tx,
        "UPDATE waitlist SET place = place - CASE WHEN joined_at IS NOT NULL AND referred < $2"
        "                                         THEN CAST($3 AS BIGINT) ELSE 0 END,"
        "       referred = referred + 1"
        " WHERE id = (SELECT referred_by FROM waitlist WHERE id = $1)"
        "   AND person_key <> (SELECT person_key FROM waitlist WHERE id = $1)"
        "   AND NOT EXISTS (SELECT 1 FROM waitlist o JOIN waitlist me ON me.id = $1"
        "                    WHERE o.person_key = me.person_key AND o.id <> $1"
        "                      AND o.joined_at IS NOT NULL)",
        V(text(id), num(REFERRALS_THAT_COUNT), num(referral_worth)));
}

/* Before the own row: in the order in which they are next, as whoever approves takes them. */
static enum err hold_referrer(struct tx *tx, const char *id)
{
    return db_run(tx,
                  "UPDATE waitlist SET referred = referred"
                  " WHERE id = (SELECT referred_by FROM waitlist WHERE id = $1)",
                  V(text(id)));
}

enum err waitlist_confirm(struct tx *tx, const struct waitlist_entry *who)
{
    int64_t rows = 0;
    TRY(hold_referrer(tx, who->id));
    TRY(db_change(
        tx,
        "UPDATE waitlist SET status = 'waiting', joined_at = $2,"
        "       place = CAST($2 AS BIGINT) - CAST($4 AS BIGINT)"
        "             * CASE WHEN referred < $3 THEN referred ELSE CAST($3 AS BIGINT) END"
        " WHERE id = $1 AND status = 'unconfirmed'",
        V(text(who->id), num(clock_now()), num(REFERRALS_THAT_COUNT), num(referral_worth)), &rows));
    return rows ? credit(tx, who->id) : OK;
}

enum err waitlist_position(struct tx *tx, const struct waitlist_entry *who, int64_t *ret)
{
    return db_one(tx,
                  "SELECT count(*) FROM waitlist WHERE status IN ('waiting', 'unconfirmed')"
                  " AND (place < $1 OR (place = $1 AND id <= $2))",
                  V(num(who->place), text(who->id)), INTO(to_num(ret)));
}

enum err waitlist_leave(struct tx *tx, const struct waitlist_entry *who)
{
    int64_t rows = 0;
    TRY(db_change(tx, "DELETE FROM waitlist WHERE id = $1 AND status IN ('unconfirmed', 'waiting')",
                  V(text(who->id)), &rows));
    return rows ? OK : E_GONE;
}

enum err waitlist_forget(struct tx *tx, const char *account_id)
{
    return db_run(tx,
                  "DELETE FROM waitlist WHERE email_key ="
                  " (SELECT email_key FROM account WHERE id = $1)",
                  V(text(account_id)));
}

/* --- staff --- */

static enum err pass_gate(struct tx *tx)
{
    return db_run(tx,
                  "INSERT INTO waitlist_gate (slot, approved_at) VALUES (1, $1)"
                  " ON CONFLICT (slot) DO UPDATE SET approved_at = excluded.approved_at",
                  V(num(clock_now())));
}

static enum err note(struct tx *tx, const struct waitlist_approver *by, enum audit_event event,
                     const char *id)
{
    return audit_add(tx, by->by, event, by->account_id,
                     text_format(tx->arena, "{\"waitlist\":\"%s\"}", id));
}

/* E_CONFLICT when they left this moment: nothing was changed. */
static enum err let_in(struct tx *tx, const struct waitlist_approver *by,
                       const struct waitlist_entry *who)
{
    struct token token;
    int64_t rows = 0, now = clock_now();
    struct invite invite = { .email = who->email,
                             .email_key = who->email_key,
                             .locale = who->locale,
                             .created_by = by->account_id,
                             .role = ROLE_USER,
                             .uses = 1,
                             .expires_at = now + setting_span(SETTING_INVITE_TTL) };
    TRY(db_change(tx,
                  "UPDATE waitlist SET status = 'approved', decided_at = $2, mailed_at = $2"
                  " WHERE id = $1 AND status IN ('waiting', 'unconfirmed')",
                  V(text(who->id), num(now)), &rows));
    if (!rows)
        return E_CONFLICT;
    TRY(invite_add(tx, &invite, &invite.id, &token));
    TRY(db_run(tx, "UPDATE waitlist SET invite_id = $2 WHERE id = $1",
               V(text(who->id), text(invite.id))));
    TRY(note(tx, by, AUDIT_WAITLIST_APPROVED, who->id));
    return invite_mail(tx, "waitlist_approved", &invite, &token);
}

enum err waitlist_approve(struct tx *tx, const struct waitlist_approver *by, const char *id)
{
    struct waitlist_entry who;
    TRY(pass_gate(tx));
    TRY(find(tx, id, &who));
    return let_in(tx, by, &who);
}

enum err waitlist_approve_next(struct tx *tx, const struct waitlist_approver *by, int64_t count,
                               int64_t *ret_count)
{
    struct db_rows rows;
    struct waitlist_entry who;
    *ret_count = 0;
    TRY(pass_gate(tx));
    do { /* again for those who left between the two statements */
        TRY(db_each(tx,
                    "SELECT " COLUMNS " FROM waitlist WHERE status IN ('waiting', 'unconfirmed')"
                    " ORDER BY place, id LIMIT $1",
                    V(num(count - *ret_count)), &rows));
        for (size_t i = 0; i < rows.count; i++) {
            read_row(&rows, i, &who);
            enum err e = let_in(tx, by, &who);
            if (e != E_CONFLICT)
                TRY(e);
            *ret_count += e == OK;
        }
    } while (rows.count && *ret_count < count);
    return OK;
}

enum err waitlist_reject(struct tx *tx, const struct waitlist_approver *by, const char *id)
{
    struct waitlist_entry who;
    int64_t rows = 0;
    TRY(find(tx, id, &who));
    TRY(db_change(tx,
                  "UPDATE waitlist SET status = 'rejected', decided_at = $2"
                  " WHERE id = $1 AND status IN ('unconfirmed', 'waiting')",
                  V(text(id), num(clock_now())), &rows));
    return rows ? note(tx, by, AUDIT_WAITLIST_REJECTED, id) : E_CONFLICT;
}

enum err waitlist_list(struct tx *tx, const char *status, const struct waitlist_after *after,
                       int64_t limit, struct waitlist_entries *ret)
{
    struct db_rows rows;
    TRY(db_each(tx,
                "SELECT " COLUMNS " FROM waitlist"
                " WHERE (status = $1 OR ($1 = '' AND status IN ('waiting', 'unconfirmed')))"
                "   AND (place > $2 OR (place = $2 AND id > $3))"
                " ORDER BY place, id LIMIT $4",
                V(text(status ? status : ""), num(after->place), text(after->id), num(limit)),
                &rows));
    ret->count = rows.count;
    ret->list = arena_array(tx->arena, rows.count, sizeof *ret->list);
    for (size_t i = 0; i < rows.count; i++)
        read_row(&rows, i, &ret->list[i]);
    return OK;
}

enum err waitlist_count(struct tx *tx, const char *status, int64_t *ret)
{
    return db_one(tx, "SELECT count(*) FROM waitlist WHERE status = $1", V(text(status)),
                  INTO(to_num(ret)));
}

enum err waitlist_purge(struct tx *tx, int64_t now, int64_t decided_before, bool *ret_more)
{
    TRY(db_purge(tx,
                 "DELETE FROM waitlist WHERE id IN"
                 " (SELECT id FROM waitlist WHERE status = 'unconfirmed' AND created_at < $1"
                 "   ORDER BY id LIMIT 500)",
                 V(num(now - confirm_within)), ret_more));
    return db_purge(tx,
                    "DELETE FROM waitlist WHERE id IN"
                    " (SELECT id FROM waitlist WHERE decided_at < $1 ORDER BY id LIMIT 500)",
                    V(num(decided_before)), ret_more);
}

/* --- about a person --- */

static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(
        tx,
        "id place email name locale status referral_code referred ip created_at joined_at mailed_at"
        " decided_at",
        "SELECT id, place, email, name, locale, status, referral_code, referred, ip, created_at,"
        "       joined_at, mailed_at, decided_at"
        "  FROM waitlist WHERE email_key = (SELECT email_key FROM account WHERE id = $1)",
        V(text(account_id)), j);
}

const struct personal_table waitlist_personal[] = {
    { "waitlist", write, waitlist_forget },
    { 0 },
};
