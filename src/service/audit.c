/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log: see audit.h. A row's hash covers the hash before it and all its columns, each with
 * its length, so no two rows give the same input; of address, program and request it covers a
 * salted commitment, so that they can be erased while the chain stays whole. The head row is
 * updated first, which also makes writers of one chain take turns.
 *
 * The chains need no key: who can rewrite a whole chain with its head is found by the checkpoints,
 * which stand in the log, outside the store.
 */
#include "service/audit.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "crypto/digest.h"

#include <string.h>

enum {
    CHAINS = 16,
    SALT_BYTES = 16,
    VERIFY_BATCH = 500,
    RETAIN_BATCH = 1000,
    WRITE_MAX = 2000,
    WRITE_ROOM = 64 << 10,
    BATCH_ARENA = 256 << 20
};

const struct audit_by audit_by_system = { .actor = "system" };
const struct audit_by audit_by_operator = { .actor = "operator" };

static const struct {
    const char *name, *help;
} events[] = {
#define AUDIT(symbol, name, help) { name, help },
#include "service/audit_list.h"
#undef AUDIT
};

const char *audit_event_name(enum audit_event event)
{
    return events[event].name;
}

const char *audit_event_help(enum audit_event event)
{
    return events[event].help;
}

/* Always the same chain for an account, on every node: no process key. Events about none go to any
   chain: were it always the same one, failed sign-ins of unknown addresses would queue up there and
   take longer than those of known ones (ENUM-02). */
static int64_t chain_of(const char *account_id, const char *row_id)
{
    static const uint8_t fixed_key[16];
    return (int64_t)(hash_siphash(fixed_key, mem_text(account_id ? account_id : row_id)) % CHAINS);
}

/* No text can hold a NUL, so this is none of them. */
static struct mem piece(const char *text)
{
    return text ? mem_text(text) : MEM("", 1);
}

/* Without the salt nobody finds out by trying which of all addresses it was. */
static void commit_to(const struct audit_row *row, struct mem salt, uint8_t out[SHA256_BYTES])
{
    struct mem pieces[] = { salt, piece(row->ip), piece(row->user_agent), piece(row->request_id) };
    sha256_pieces(pieces, COUNT(pieces), out);
}

static void hash_row(const struct audit_row *row, struct mem commitment, struct mem previous,
                     uint8_t out[SHA256_BYTES])
{
    struct mem pieces[] = {
        previous,
        MEM(&row->chain, sizeof row->chain),
        MEM(&row->seq, sizeof row->seq),
        MEM(&row->at, sizeof row->at),
        piece(row->id),
        piece(row->event),
        piece(row->account_id),
        piece(row->actor),
        commitment,
        piece(row->detail),
    };
    sha256_pieces(pieces, COUNT(pieces), out);
}

/* Rows from before there were commitments. */
static void hash_old_row(const struct audit_row *row, struct mem previous,
                         uint8_t out[SHA256_BYTES])
{
    struct mem pieces[] = {
        previous,
        MEM(&row->chain, sizeof row->chain),
        MEM(&row->seq, sizeof row->seq),
        MEM(&row->at, sizeof row->at),
        piece(row->id),
        piece(row->event),
        piece(row->account_id),
        piece(row->actor),
        piece(row->ip),
        piece(row->user_agent),
        piece(row->request_id),
        piece(row->detail),
    };
    sha256_pieces(pieces, COUNT(pieces), out);
}

/* Moves the head one on and gives the hash of the row before. The first row of a chain makes it. */
static enum err take_place(struct tx *tx, int64_t chain, int64_t *ret_seq, struct mem *ret_previous)
{
    enum err e = db_one(tx,
                        "UPDATE audit_head SET seq = seq + 1 WHERE chain = $1"
                        " RETURNING seq, hash",
                        V(num(chain)), INTO(to_num(ret_seq), to_blob(ret_previous)));
    if (e != E_NOT_FOUND)
        return e;
    return db_one(tx,
                  "INSERT INTO audit_head (chain, seq, hash, first_seq, first_link)"
                  "     VALUES ($1, 1, $2, 1, $2)"
                  " ON CONFLICT (chain) DO UPDATE SET seq = audit_head.seq + 1"
                  " RETURNING seq, hash",
                  V(num(chain), blob(MEM_NONE)), INTO(to_num(ret_seq), to_blob(ret_previous)));
}

enum err audit_add(struct tx *tx, const struct audit_by *by, enum audit_event event,
                   const char *account_id, const char *detail)
{
    struct mem previous;
    uint8_t hash[SHA256_BYTES], commitment[SHA256_BYTES], salt[SALT_BYTES];
    struct audit_row row = {
        .id = id_new(tx->arena, "aud"),
        .at = clock_now(),
        .event = events[event].name,
        .account_id = account_id,
        .actor = by->actor,
        .ip = by->ip,
        .user_agent = by->user_agent,
        .request_id = by->request_id,
        .detail = detail ? detail : "{}",
    };
    row.chain = chain_of(account_id, row.id);
    random_bytes(salt, sizeof salt);
    commit_to(&row, MEM(salt, sizeof salt), commitment);
    TRY(take_place(tx, row.chain, &row.seq, &previous));
    hash_row(&row, MEM(commitment, sizeof commitment), previous, hash);
    TRY(db_run(tx,
               "INSERT INTO audit (chain, seq, id, at, event, account_id, actor, ip, user_agent,"
               "                   request_id, detail, hash, salt, commitment)"
               "     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
               V(num(row.chain), num(row.seq), text(row.id), num(row.at), text(row.event),
                 text(row.account_id), text(row.actor), text(row.ip), text(row.user_agent),
                 text(row.request_id), text(row.detail), blob(MEM(hash, sizeof hash)),
                 blob(MEM(salt, sizeof salt)), blob(MEM(commitment, sizeof commitment)))));
    return db_run(tx, "UPDATE audit_head SET hash = $1 WHERE chain = $2",
                  V(blob(MEM(hash, sizeof hash)), num(row.chain)));
}

/* Columns in the order of every SELECT below. */
static struct audit_row read_row(const struct db_rows *rows, size_t i)
{
    return (struct audit_row){
        .chain = db_at(rows, i, 0)->num,
        .seq = db_at(rows, i, 1)->num,
        .id = db_at(rows, i, 2)->text,
        .at = db_at(rows, i, 3)->num,
        .event = db_at(rows, i, 4)->text,
        .account_id = db_at(rows, i, 5)->text,
        .actor = db_at(rows, i, 6)->text,
        .ip = db_at(rows, i, 7)->text,
        .user_agent = db_at(rows, i, 8)->text,
        .request_id = db_at(rows, i, 9)->text,
        .detail = db_at(rows, i, 10)->text,
    };
}

#define COLUMNS "chain, seq, id, at, event, account_id, actor, ip, user_agent, request_id, detail"

enum err audit_tail(struct tx *tx, const char *account_id, const char *before, int64_t limit,
                    struct audit_row **ret, size_t *ret_count)
{
    struct db_rows rows;
    /* Ids begin with a digit; in every collation of a database a letter comes after those. */
    const char *older_than = before ? before : "aud_z";
    if (account_id)
        TRY(db_each(tx,
                    "SELECT " COLUMNS " FROM audit WHERE account_id = $1 AND id < $2"
                    " ORDER BY id DESC LIMIT $3",
                    V(text(account_id), text(older_than), num(limit)), &rows));
    if (!account_id)
        TRY(db_each(tx, "SELECT " COLUMNS " FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2",
                    V(text(older_than), num(limit)), &rows));
    *ret = arena_array(tx->arena, rows.count, sizeof **ret);
    *ret_count = rows.count;
    for (size_t i = 0; i < rows.count; i++)
        (*ret)[i] = read_row(&rows, i);
    return OK;
}

enum err audit_history(struct tx *tx, const char *account_id, const char *before, int64_t limit,
                       struct audit_rows *ret)
{
    struct db_rows rows;
    TRY(db_each(tx,
                "SELECT " COLUMNS " FROM audit WHERE account_id = $1 AND id < $2 AND event <> $4"
                " ORDER BY id DESC LIMIT $3",
                V(text(account_id), text(before ? before : "aud_z"), num(limit),
                  text(audit_event_name(AUDIT_SESSION_REFRESHED))),
                &rows));
    ret->list = arena_array(tx->arena, rows.count, sizeof *ret->list);
    ret->count = rows.count;
    for (size_t i = 0; i < rows.count; i++)
        ret->list[i] = read_row(&rows, i);
    return OK;
}

const char *audit_doer(const struct audit_row *row)
{
    if (text_equal(row->actor, row->account_id))
        return "you";
    bool is_known = text_equal(row->actor, "anonymous") || text_equal(row->actor, "system");
    return is_known ? row->actor : "staff";
}

bool audit_is_by_staff(const struct audit_row *row)
{
    return text_equal(audit_doer(row), "staff");
}

static void write_row(struct json_writer *j, const struct audit_row *row)
{
    json_begin_object(j, NULL);
    json_put_text(j, "id", row->id);
    json_put_time(j, "at", row->at);
    json_put_text(j, "event", row->event);
    json_put_text(j, "by", audit_doer(row));
    json_put_text(j, "ip", audit_is_by_staff(row) ? NULL : row->ip);
    json_put_text(j, "user_agent", audit_is_by_staff(row) ? NULL : row->user_agent);
    json_put_text(j, "request_id", row->request_id);
    json_put_raw(j, "detail", mem_text(row->detail));
    json_end(j);
}

enum err audit_write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    struct audit_row *rows;
    size_t count;
    TRY(audit_tail(tx, account_id, NULL, WRITE_MAX, &rows, &count));
    for (size_t i = 0; i < count && j->out->n + WRITE_ROOM < j->out->max; i++)
        write_row(j, &rows[i]);
    return OK;
}

struct walk {
    int64_t chain, next_seq, last_seq;
    struct mem head_hash;
    uint8_t link[SHA256_BYTES]; /* the hash of the row before next_seq */
    size_t link_n;              /* 0 before the first row of all */
};

static struct mem link_of(const struct walk *w)
{
    return MEM(w->link, w->link_n);
}

static void blame(struct audit_verdict *v, int64_t chain, int64_t seq, const char *what)
{
    v->is_good = false;
    v->bad_chain = chain;
    v->bad_seq = seq;
    v->what = what;
}

/* Columns after those of read_row. */
enum { AT_HASH = 11, AT_SALT, AT_COMMITMENT };

/* The removal of an account is an event, in the chain of its other events and after seq. */
static enum err is_removed(struct tx *tx, const char *account_id, int64_t seq, bool *ret)
{
    int64_t count = 0;
    TRY(db_one(tx,
               "SELECT count(*) FROM audit"
               " WHERE account_id = $1 AND event = 'account.removed' AND seq > $2",
               V(text(account_id), num(seq)), INTO(to_num(&count))));
    *ret = count > 0;
    return OK;
}

/* A row may have lost its person only when the chains say that the account was removed later, or
   that of who acted on another's account. */
static enum err check_erased(struct tx *tx, const struct audit_row *row, bool *ret_is_good)
{
    *ret_is_good = false;
    if (row->ip || row->user_agent || row->request_id)
        return OK;
    TRY(is_removed(tx, row->account_id, row->seq, ret_is_good));
    if (*ret_is_good || text_equal(row->actor, row->account_id))
        return OK;
    return is_removed(tx, row->actor, 0, ret_is_good);
}

static enum err check_person(struct tx *tx, const struct audit_row *row, const struct db_rows *rows,
                             size_t i, bool *ret_is_good)
{
    uint8_t commitment[SHA256_BYTES];
    struct mem salt = db_at(rows, i, AT_SALT)->blob;
    if (db_at(rows, i, AT_SALT)->kind == DB_NULL)
        return check_erased(tx, row, ret_is_good);
    commit_to(row, salt, commitment);
    *ret_is_good =
        mem_equal(db_at(rows, i, AT_COMMITMENT)->blob, MEM(commitment, sizeof commitment));
    return OK;
}

/* The row that follows seq - 1 must be seq, and its hash must follow from the one before. */
static enum err check_row(struct tx *tx, struct walk *w, const struct db_rows *rows, size_t i,
                          struct audit_verdict *v)
{
    uint8_t hash[SHA256_BYTES];
    bool is_old = db_at(rows, i, AT_COMMITMENT)->kind == DB_NULL, is_good = true;
    struct audit_row row = read_row(rows, i);
    if (is_old)
        hash_old_row(&row, link_of(w), hash);
    else
        hash_row(&row, db_at(rows, i, AT_COMMITMENT)->blob, link_of(w), hash);
    if (row.seq != w->next_seq) {
        blame(v, w->chain, w->next_seq, "a row is missing");
        return OK;
    }
    if (!is_old)
        TRY(check_person(tx, &row, rows, i, &is_good));
    if (!is_good || !mem_equal(db_at(rows, i, AT_HASH)->blob, MEM(hash, sizeof hash))) {
        blame(v, w->chain, w->next_seq, "the row was changed or moved");
        return OK;
    }
    memcpy(w->link, hash, sizeof hash);
    w->link_n = sizeof hash;
    w->next_seq++;
    v->rows++;
    return OK;
}

static enum err check_batch(struct tx *tx, struct walk *w, struct audit_verdict *v)
{
    struct db_rows rows;
    TRY(db_each(tx,
                "SELECT " COLUMNS ", hash, salt, commitment FROM audit"
                " WHERE chain = $1 AND seq >= $2 AND seq <= $3 ORDER BY seq LIMIT $4",
                V(num(w->chain), num(w->next_seq), num(w->last_seq), num(VERIFY_BATCH)), &rows));
    if (!rows.count)
        blame(v, w->chain, w->next_seq, "the end of the chain is missing");
    for (size_t i = 0; i < rows.count && v->is_good; i++)
        TRY(check_row(tx, w, &rows, i, v));
    return OK;
}

/* Everything a batch reads goes into an arena of its own, wiped before the next one. */
static enum err check_rows(struct tx *tx, struct walk *w, struct audit_verdict *v)
{
    struct arena batch, *whole = tx->arena;
    enum err e = OK;
    arena_init(&batch, BATCH_ARENA);
    tx->arena = &batch;
    while (e == OK && v->is_good && w->next_seq <= w->last_seq) {
        e = check_batch(tx, w, v);
        arena_reset(&batch);
    }
    tx->arena = whole;
    arena_done(&batch);
    return e;
}

static enum err check_chain(struct tx *tx, struct walk *w, struct audit_verdict *v)
{
    int64_t beyond = 0, first_seq = w->next_seq;
    TRY(check_rows(tx, w, v));
    if (!v->is_good)
        return OK;
    TRY(db_one(tx, "SELECT count(*) FROM audit WHERE chain = $1 AND (seq > $2 OR seq < $3)",
               V(num(w->chain), num(w->last_seq), num(first_seq)), INTO(to_num(&beyond))));
    if (beyond)
        blame(v, w->chain, w->last_seq + 1, "a row outside the chain");
    else if (!mem_equal(link_of(w), w->head_hash))
        blame(v, w->chain, w->last_seq, "the head does not belong to the last row");
    return OK;
}

static struct walk begin_walk(const struct db_rows *heads, size_t i)
{
    struct mem link = db_at(heads, i, 4)->blob;
    struct walk w = { .chain = db_at(heads, i, 0)->num,
                      .last_seq = db_at(heads, i, 1)->num,
                      .head_hash = db_at(heads, i, 2)->blob,
                      .next_seq = db_at(heads, i, 3)->num,
                      .link_n = link.n <= SHA256_BYTES ? link.n : 0 };
    memcpy(w.link, link.p, w.link_n);
    return w;
}

static enum err verify(struct tx *tx, struct audit_verdict *ret)
{
    struct db_rows heads;
    int64_t stray = 0;
    TRY(db_each(tx, "SELECT chain, seq, hash, first_seq, first_link FROM audit_head ORDER BY chain",
                V_NONE, &heads));
    for (size_t i = 0; i < heads.count && ret->is_good; i++) {
        struct walk w = begin_walk(&heads, i);
        TRY(check_chain(tx, &w, ret));
    }
    TRY(db_one(tx, "SELECT count(*) FROM audit WHERE chain NOT IN (SELECT chain FROM audit_head)",
               V_NONE, INTO(to_num(&stray))));
    if (stray && ret->is_good)
        blame(ret, -1, 1, "rows of a chain that has no head");
    return OK;
}

enum err audit_verify(struct db *db, struct arena *arena, struct audit_verdict *ret)
{
    struct tx tx;
    *ret = (struct audit_verdict){ .is_good = true };
    db_begin(&tx, db, DB_READ, arena);
    enum err e = verify(&tx, ret);
    db_rollback(&tx);
    return e;
}

/* Rows without a commitment keep what they say until retention takes them: their hash covers it. */
static enum err erase_columns(struct tx *tx, const char *account_id)
{
    TRY(db_run(tx,
               "UPDATE audit SET salt = NULL, ip = NULL, user_agent = NULL, request_id = NULL"
               " WHERE account_id = $1 AND commitment IS NOT NULL",
               V(text(account_id))));
    return db_run(tx,
                  "UPDATE audit SET salt = NULL, ip = NULL, user_agent = NULL, request_id = NULL"
                  " WHERE actor = $1 AND actor <> account_id AND actor >= 'usr'"
                  "   AND commitment IS NOT NULL",
                  V(text(account_id)));
}

enum err audit_erase(struct tx *tx, const char *account_id)
{
    TRY(erase_columns(tx, account_id));
    return audit_add(tx, &audit_by_system, AUDIT_ACCOUNT_REMOVED, account_id, NULL);
}

/* The last of the rows that may go: before the first one young enough, and not beyond a batch. */
static enum err find_cut(struct tx *tx, int64_t chain, int64_t older_than, int64_t *ret_seq,
                         struct mem *ret_hash)
{
    return db_one(tx,
                  "WITH front AS"
                  " (SELECT seq, hash, at FROM audit WHERE chain = $1 ORDER BY seq LIMIT $3)"
                  " SELECT seq, hash FROM front"
                  "  WHERE seq < coalesce((SELECT min(seq) FROM front WHERE at >= $2), $4)"
                  "  ORDER BY seq DESC LIMIT 1",
                  V(num(chain), num(older_than), num(RETAIN_BATCH), num(INT64_MAX)),
                  INTO(to_num(ret_seq), to_blob(ret_hash)));
}

static enum err cut_chain(struct tx *tx, int64_t chain, int64_t older_than, int64_t *ret_removed)
{
    int64_t seq;
    struct mem hash;
    enum err e = find_cut(tx, chain, older_than, &seq, &hash);
    if (e == E_NOT_FOUND)
        return OK;
    TRY(e);
    TRY(db_change(tx, "DELETE FROM audit WHERE chain = $1 AND seq <= $2", V(num(chain), num(seq)),
                  ret_removed));
    return db_run(tx, "UPDATE audit_head SET first_seq = $2, first_link = $3 WHERE chain = $1",
                  V(num(chain), num(seq + 1), blob(hash)));
}

enum err audit_retain(struct tx *tx, int64_t older_than, bool *ret_more)
{
    *ret_more = false;
    for (int64_t chain = 0; chain < CHAINS; chain++) {
        int64_t removed = 0;
        TRY(cut_chain(tx, chain, older_than, &removed));
        *ret_more = *ret_more || removed == RETAIN_BATCH;
    }
    return OK;
}

enum err audit_checkpoint(struct tx *tx)
{
    struct db_rows heads;
    TRY(db_each(tx, "SELECT chain, seq, hash FROM audit_head ORDER BY chain", V_NONE, &heads));
    for (size_t i = 0; i < heads.count; i++)
        LOG(LOG_INFO, "audit.checkpoint", LOG_NUM("chain", db_at(&heads, i, 0)->num),
            LOG_NUM("seq", db_at(&heads, i, 1)->num),
            LOG_TEXT("hash", hex_format(tx->arena, db_at(&heads, i, 2)->blob)));
    return OK;
}
