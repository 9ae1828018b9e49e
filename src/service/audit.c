/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log: see audit.h. A row's hash covers the hash before it and all its columns, each with
 * its length, so no two rows give the same input. The head row is updated first, which also makes
 * writers of one chain take turns.
 */
#include "service/audit.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/digest.h"

#include <string.h>

enum { CHAINS = 16, VERIFY_BATCH = 500, RETAIN_BATCH = 1000 };

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

/* Always the same chain for an account, on every node: no process key. */
static int64_t chain_of(const char *account_id)
{
    static const uint8_t fixed_key[16];
    return account_id ? (int64_t)(hash_siphash(fixed_key, mem_text(account_id)) % CHAINS) : 0;
}

static void hash_row(const struct audit_row *row, struct mem previous, uint8_t out[SHA256_BYTES])
{
    struct mem pieces[] = {
        previous,
        MEM(&row->chain, sizeof row->chain),
        MEM(&row->seq, sizeof row->seq),
        MEM(&row->at, sizeof row->at),
        mem_text(row->id),
        mem_text(row->event),
        mem_text(row->account_id),
        mem_text(row->actor),
        mem_text(row->ip),
        mem_text(row->user_agent),
        mem_text(row->request_id),
        mem_text(row->detail),
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
                  "INSERT INTO audit_head (chain, seq, hash, first_seq) VALUES ($1, 1, $2, 1)"
                  " ON CONFLICT (chain) DO UPDATE SET seq = audit_head.seq + 1"
                  " RETURNING seq, hash",
                  V(num(chain), blob(MEM_NONE)), INTO(to_num(ret_seq), to_blob(ret_previous)));
}

enum err audit_add(struct tx *tx, const struct audit_by *by, enum audit_event event,
                   const char *account_id, const char *detail)
{
    struct mem previous;
    uint8_t hash[SHA256_BYTES];
    struct audit_row row = {
        .id = id_new(tx->arena, "aud"),
        .chain = chain_of(account_id),
        .at = clock_now(),
        .event = events[event].name,
        .account_id = account_id,
        .actor = by->actor,
        .ip = by->ip,
        .user_agent = by->user_agent,
        .request_id = by->request_id,
        .detail = detail ? detail : "{}",
    };
    TRY(take_place(tx, row.chain, &row.seq, &previous));
    hash_row(&row, previous, hash);
    TRY(db_run(tx,
               "INSERT INTO audit (chain, seq, id, at, event, account_id, actor, ip, user_agent,"
               "                   request_id, detail, hash)"
               "     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
               V(num(row.chain), num(row.seq), text(row.id), num(row.at), text(row.event),
                 text(row.account_id), text(row.actor), text(row.ip), text(row.user_agent),
                 text(row.request_id), text(row.detail), blob(MEM(hash, sizeof hash)))));
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
    const char *older_than = before ? before : "aud_~";
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

struct walk {
    int64_t chain, first_seq, last_seq;
    struct mem head_hash;
    uint8_t previous[SHA256_BYTES];
    bool has_previous;
};

static void blame(struct audit_verdict *v, int64_t chain, int64_t seq, const char *what)
{
    v->is_good = false;
    v->bad_chain = chain;
    v->bad_seq = seq;
    v->what = what;
}

/* The row that follows seq - 1 must be seq, and its hash must follow from the one before. The first
   row kept after retention has nobody before it to compare with: its own hash is taken as it is. */
static void check_row(struct walk *w, const struct db_rows *rows, size_t i, int64_t seq,
                      struct audit_verdict *v)
{
    uint8_t hash[SHA256_BYTES];
    struct audit_row row = read_row(rows, i);
    struct mem stored = db_at(rows, i, 11)->blob;
    bool is_cut = seq == w->first_seq && w->first_seq > 1;
    struct mem previous = w->has_previous ? MEM(w->previous, sizeof w->previous) : MEM_NONE;
    hash_row(&row, previous, hash);
    if (row.seq != seq)
        blame(v, w->chain, seq, "a row is missing");
    else if (stored.n != sizeof hash || (!is_cut && !mem_equal(stored, MEM(hash, sizeof hash))))
        blame(v, w->chain, seq, "the row was changed or moved");
    if (!v->is_good)
        return;
    memcpy(w->previous, stored.p, sizeof w->previous);
    w->has_previous = true;
    v->rows++;
}

static enum err check_batch(struct tx *tx, struct walk *w, int64_t *seq, struct audit_verdict *v)
{
    struct db_rows rows;
    TRY(db_each(tx,
                "SELECT " COLUMNS ", hash FROM audit WHERE chain = $1 AND seq >= $2 AND seq <= $3"
                " ORDER BY seq LIMIT $4",
                V(num(w->chain), num(*seq), num(w->last_seq), num(VERIFY_BATCH)), &rows));
    if (!rows.count)
        blame(v, w->chain, *seq, "the end of the chain is missing");
    for (size_t i = 0; i < rows.count && v->is_good; i++)
        check_row(w, &rows, i, (*seq)++, v);
    return OK;
}

static enum err check_chain(struct tx *tx, struct walk *w, struct audit_verdict *v)
{
    int64_t beyond = 0;
    for (int64_t seq = w->first_seq; seq <= w->last_seq && v->is_good;)
        TRY(check_batch(tx, w, &seq, v));
    if (!v->is_good)
        return OK;
    TRY(db_one(tx, "SELECT count(*) FROM audit WHERE chain = $1 AND (seq > $2 OR seq < $3)",
               V(num(w->chain), num(w->last_seq), num(w->first_seq)), INTO(to_num(&beyond))));
    struct mem last = w->has_previous ? MEM(w->previous, sizeof w->previous) : MEM_NONE;
    if (beyond)
        blame(v, w->chain, w->last_seq + 1, "a row outside the chain");
    else if (w->has_previous && !mem_equal(last, w->head_hash))
        blame(v, w->chain, w->last_seq, "the head does not belong to the last row");
    return OK;
}

static enum err verify(struct tx *tx, struct audit_verdict *ret)
{
    struct db_rows heads;
    int64_t stray = 0;
    TRY(db_each(tx, "SELECT chain, seq, hash, first_seq FROM audit_head ORDER BY chain", V_NONE,
                &heads));
    for (size_t i = 0; i < heads.count && ret->is_good; i++) {
        struct walk w = { .chain = db_at(&heads, i, 0)->num,
                          .last_seq = db_at(&heads, i, 1)->num,
                          .head_hash = db_at(&heads, i, 2)->blob,
                          .first_seq = db_at(&heads, i, 3)->num };
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

enum err audit_retain(struct tx *tx, int64_t older_than, bool *ret_more)
{
    *ret_more = false;
    for (int64_t chain = 0; chain < CHAINS; chain++) {
        int64_t keep_from = 0, removed = 0;
        enum err e = db_one(tx,
                            "SELECT min(seq) FROM (SELECT seq FROM audit WHERE chain = $1"
                            "   AND at >= $2 ORDER BY seq LIMIT 1) AS kept",
                            V(num(chain), num(older_than)), INTO(to_num(&keep_from)));
        TRY(e);
        if (!keep_from)
            continue; /* nothing newer: the last rows stay, so that the chain has an end to hold on
                         to */
        TRY(db_change(tx,
                      "DELETE FROM audit WHERE chain = $1 AND seq < $2 AND seq IN"
                      " (SELECT seq FROM audit WHERE chain = $1 ORDER BY seq LIMIT $3)",
                      V(num(chain), num(keep_from), num(RETAIN_BATCH)), &removed));
        if (removed)
            TRY(db_run(tx, "UPDATE audit_head SET first_seq = first_seq + $1 WHERE chain = $2",
                       V(num(removed), num(chain))));
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
