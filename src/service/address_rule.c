/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address rules: see address_rule.h. Readers share one list under a lock for reading; while there
 * is no rule at all they do not even take that.
 */
#include "service/address_rule.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"
#include "service/job.h"
#include "service/setting.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { RANGES_MAX = 512, RULES_MAX = 5000, BLOCKS_MAX = 1000, LOADED_MAX = 9000 };

/* Automatic rules are remembered for so long after their end, so that the next one is longer. */
#define MEMORY (7 * DAY)
/* What staff took back is not made again for so long. */
#define AMNESTY DAY

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct address_list current;
static atomic_bool is_empty = true; /* of current: most houses have no rule */
static atomic_bool is_stale;        /* this node has just changed something */
static _Atomic int64_t looked_at;

/* What the list was made of. Texts of settings live for ever. */
static struct {
    int64_t version;
    const char *texts[3];
} made_of;

static const struct {
    enum setting setting;
    enum address_action action;
    enum address_scope scope;
} lists[] = {
    { SETTING_ADDRESS_ALLOW, ADDRESS_ALLOW, ADDRESS_ALL },
    { SETTING_ADDRESS_DENY, ADDRESS_DENY, ADDRESS_ALL },
    { SETTING_ADMIN_ADDRESS_ALLOW, ADDRESS_ALLOW, ADDRESS_ADMIN },
};

/* --- the settings --- */

/* Who names the addresses of staff keeps all others from these doors. */
static const struct address_entry nobody_else = { .range = { .bits = 0 },
                                                  .action = ADDRESS_DENY,
                                                  .scope = ADDRESS_ADMIN,
                                                  .source = ADDRESS_BY_SETTING };

void address_rule_of_settings(struct arena *arena, struct address_entry **ret, size_t *ret_count)
{
    size_t n = 0;
    struct ip_range *ranges = arena_alloc(arena, RANGES_MAX * sizeof *ranges);
    struct address_entry *entries =
        arena_alloc(arena, (COUNT(lists) * RANGES_MAX + 1) * sizeof *entries);
    for (size_t i = 0; i < COUNT(lists); i++) {
        size_t count = ip_ranges_parse(setting_text(lists[i].setting), ranges, RANGES_MAX);
        for (size_t k = 0; k < count; k++)
            entries[n++] = (struct address_entry){ .range = ranges[k],
                                                   .action = lists[i].action,
                                                   .scope = lists[i].scope,
                                                   .source = ADDRESS_BY_SETTING };
    }
    if (!text_is_empty(setting_text(SETTING_ADMIN_ADDRESS_ALLOW)))
        entries[n++] = nobody_else;
    *ret = entries;
    *ret_count = n;
}

static bool settings_changed(void)
{
    for (size_t i = 0; i < COUNT(lists); i++)
        if (!text_equal(made_of.texts[i], setting_text(lists[i].setting)))
            return true;
    return false;
}

/* --- rows --- */

#define COLUMNS "id, network, bits, action, scope, source, note, created_at, expires_at"

/* A row that makes no sense was written by somebody else: the safe reading is that it denies. */
static struct address_rule read_row(const struct db_rows *rows, size_t i)
{
    struct address_rule rule = { .id = db_at(rows, i, 0)->text, .note = db_at(rows, i, 6)->text };
    struct address_entry *e = &rule.entry;
    struct mem network = db_at(rows, i, 1)->blob;
    if (network.n == sizeof e->range.ip.bytes)
        memcpy(e->range.ip.bytes, network.p, network.n);
    int64_t bits = db_at(rows, i, 2)->num;
    e->range.bits =
        bits >= 0 && bits <= 128 && network.n == sizeof e->range.ip.bytes ? (int)bits : 128;
    (void)address_action_parse(db_at(rows, i, 3)->text, &e->action);
    (void)address_scope_parse(db_at(rows, i, 4)->text, &e->scope);
    (void)address_source_parse(db_at(rows, i, 5)->text, &e->source);
    rule.created_at = db_at(rows, i, 7)->num;
    e->expires_at = db_at(rows, i, 8)->num;
    return rule;
}

static enum err find_version(struct tx *tx, int64_t *ret)
{
    *ret = 0;
    enum err e = db_one(tx, "SELECT version FROM address_rule_version WHERE id = 1", V_NONE,
                        INTO(to_num(ret)));
    return e == E_NOT_FOUND ? OK : e;
}

static enum err note_change(struct tx *tx)
{
    atomic_store(&is_stale, true);
    return db_run(tx,
                  "INSERT INTO address_rule_version (id, version) VALUES (1, 1)"
                  " ON CONFLICT (id) DO UPDATE SET version = address_rule_version.version + 1",
                  V_NONE);
}

/* --- the list --- */

static void publish(const struct address_entry *entries, size_t count)
{
    struct address_list next = { .count = count };
    if (count) {
        next.entries = malloc(count * sizeof *entries);
        if (!next.entries)
            abort();
        memcpy(next.entries, entries, count * sizeof *entries);
    }
    address_list_sort(&next);
    pthread_rwlock_wrlock(&lock);
    struct address_entry *old = current.entries;
    current = next;
    atomic_store(&is_empty, count == 0);
    pthread_rwlock_unlock(&lock);
    free(old);
}

/* The version is read first: what changes after that is loaded once more. */
static enum err load(struct tx *tx, int64_t now)
{
    struct db_rows rows;
    struct address_entry *entries, *all;
    size_t count;
    int64_t version;
    TRY(find_version(tx, &version));
    TRY(db_each(tx,
                "SELECT " COLUMNS " FROM address_rule WHERE revoked_at IS NULL"
                "   AND (expires_at IS NULL OR expires_at > $1) ORDER BY id LIMIT $2",
                V(num(now), num(LOADED_MAX)), &rows));
    for (size_t i = 0; i < COUNT(lists); i++)
        made_of.texts[i] = setting_text(lists[i].setting);
    address_rule_of_settings(tx->arena, &entries, &count);
    all = arena_alloc(tx->arena, (count + rows.count + 1) * sizeof *all);
    memcpy(all, entries, count * sizeof *all);
    for (size_t i = 0; i < rows.count; i++)
        all[count++] = read_row(&rows, i).entry;
    publish(all, count);
    made_of.version = version;
    return OK;
}

/* With memory of its own: whoever runs short of theirs must not leave a connection open here. */
static enum err read_with(struct db *db, int64_t now, enum err (*read)(struct tx *tx, int64_t now))
{
    struct arena arena;
    struct tx tx;
    arena_init(&arena, 16 << 20);
    db_begin(&tx, db, DB_PEEK, &arena);
    enum err e = read(&tx, now);
    db_rollback(&tx);
    arena_done(&arena);
    return e;
}

enum err address_rule_open(struct db *db)
{
    enum err e = read_with(db, clock_now(), load);
    atomic_store(&is_stale, false);
    return e;
}

void address_rule_close(void)
{
    publish(NULL, 0);
    made_of.version = 0;
}

static enum err look(struct tx *tx, int64_t now)
{
    int64_t version;
    TRY(find_version(tx, &version));
    return version != made_of.version || settings_changed() ? load(tx, now) : OK;
}

enum err address_rule_refresh(struct db *db, int64_t now)
{
    bool has_to = atomic_exchange(&is_stale, false);
    if (!job_is_due(&looked_at, now, SECOND / 2) && !has_to && !settings_changed())
        return OK;
    return read_with(db, now, look);
}

/* --- judging --- */

bool address_rule_denies(struct ip ip, enum address_scope scope, int64_t now,
                         struct address_entry *ret)
{
    if (atomic_load_explicit(&is_empty, memory_order_relaxed))
        return false;
    pthread_rwlock_rdlock(&lock);
    const struct address_entry *found = address_list_find(&current, scope, ip, now);
    bool denies = found && found->action == ADDRESS_DENY;
    if (denies)
        *ret = *found;
    pthread_rwlock_unlock(&lock);
    return denies;
}

static bool is_same(const struct address_entry *a, const struct address_entry *b)
{
    return a->scope == b->scope && a->source == b->source && a->range.bits == b->range.bits &&
           ip_equal(a->range.ip, b->range.ip);
}

/* The list as it would be; entries from malloc. */
static struct address_list imagine(const struct address_entry *added,
                                   const struct address_entry *left_out)
{
    struct address_list list = { 0 };
    pthread_rwlock_rdlock(&lock);
    list.entries = malloc((current.count + 1) * sizeof *list.entries);
    if (!list.entries)
        abort();
    for (size_t i = 0; i < current.count; i++)
        if (!left_out || !is_same(&current.entries[i], left_out))
            list.entries[list.count++] = current.entries[i];
    pthread_rwlock_unlock(&lock);
    if (added)
        list.entries[list.count++] = *added;
    address_list_sort(&list);
    return list;
}

bool address_rule_would_deny(struct ip ip, const struct address_entry *added,
                             const struct address_entry *left_out, int64_t now)
{
    struct address_list list = imagine(added, left_out);
    enum address_scope scope = added ? added->scope : left_out->scope;
    const struct address_entry *found = address_list_find(&list, scope, ip, now);
    bool denies = found && found->action == ADDRESS_DENY;
    free(list.entries);
    return denies;
}

bool address_rule_is_settled(struct ip ip, int64_t now)
{
    pthread_rwlock_rdlock(&lock);
    const struct address_entry *found = address_list_find(&current, ADDRESS_ALL, ip, now);
    bool is_settled = found && found->source != ADDRESS_AUTOMATIC;
    pthread_rwlock_unlock(&lock);
    return is_settled;
}

/* --- changing --- */

static enum err check_room(struct tx *tx)
{
    int64_t count;
    TRY(db_one(tx, "SELECT count(*) FROM address_rule WHERE source = 'staff'", V_NONE,
               INTO(to_num(&count))));
    return count < RULES_MAX ? OK : E_LIMITED;
}

/* A rule that has ended makes room for the next one of its range. */
static enum err check_free(struct tx *tx, const struct address_entry *e, int64_t now)
{
    int64_t found;
    const struct db_value network = blob(MEM(e->range.ip.bytes, sizeof e->range.ip.bytes));
    TRY(db_run(tx,
               "DELETE FROM address_rule WHERE network = $1 AND bits = $2 AND scope = $3"
               "   AND source = 'staff' AND expires_at <= $4",
               V(network, num(e->range.bits), text(address_scope_name(e->scope)), num(now))));
    TRY(db_one(tx,
               "SELECT count(*) FROM address_rule WHERE network = $1 AND bits = $2"
               "   AND scope = $3 AND source = 'staff'",
               V(network, num(e->range.bits), text(address_scope_name(e->scope))),
               INTO(to_num(&found))));
    return found ? E_CONFLICT : OK;
}

/* The version's row is written first: writers wait for each other there, so the checks hold. */
enum err address_rule_add(struct tx *tx, struct address_rule *rule)
{
    struct address_entry *e = &rule->entry;
    rule->id = id_new(tx->arena, "adr");
    rule->created_at = clock_now();
    e->source = ADDRESS_BY_STAFF;
    TRY(note_change(tx));
    TRY(check_free(tx, e, rule->created_at));
    TRY(check_room(tx));
    return db_run(tx,
                  "INSERT INTO address_rule (id, network, bits, action, scope, source, note,"
                  "                          strikes, created_at, expires_at)"
                  " VALUES ($1, $2, $3, $4, $5, 'staff', $6, 0, $7, $8)",
                  V(text(rule->id), blob(MEM(e->range.ip.bytes, sizeof e->range.ip.bytes)),
                    num(e->range.bits), text(address_action_name(e->action)),
                    text(address_scope_name(e->scope)), text(rule->note), num(rule->created_at),
                    num_or_null(e->expires_at)));
}

enum err address_rule_find(struct tx *tx, const char *id, struct address_rule *ret)
{
    struct db_rows rows;
    if (!id_is(id, "adr"))
        return E_NOT_FOUND;
    TRY(db_each(tx,
                "SELECT " COLUMNS " FROM address_rule WHERE id = $1 AND revoked_at IS NULL"
                "   AND (expires_at IS NULL OR expires_at > $2)",
                V(text(id), num(clock_now())), &rows));
    if (!rows.count)
        return E_NOT_FOUND;
    *ret = read_row(&rows, 0);
    return OK;
}

enum err address_rule_remove(struct tx *tx, const struct address_rule *rule)
{
    int64_t changed;
    TRY(note_change(tx));
    if (rule->entry.source == ADDRESS_AUTOMATIC)
        TRY(db_change(tx,
                      "UPDATE address_rule SET revoked_at = $2, strikes = 0"
                      " WHERE id = $1 AND revoked_at IS NULL",
                      V(text(rule->id), num(clock_now())), &changed));
    else
        TRY(db_change(tx, "DELETE FROM address_rule WHERE id = $1", V(text(rule->id)), &changed));
    return changed ? OK : E_NOT_FOUND;
}

enum err address_rule_list(struct tx *tx, const char *before, int64_t limit,
                           struct address_rule **ret, size_t *ret_count)
{
    struct db_rows rows;
    TRY(db_each(tx,
                "SELECT " COLUMNS " FROM address_rule WHERE revoked_at IS NULL"
                "   AND (expires_at IS NULL OR expires_at > $1)"
                "   AND (CAST($2 AS TEXT) IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
                V(num(clock_now()), text(before), num(limit)), &rows));
    struct address_rule *rules = arena_alloc(tx->arena, (rows.count + 1) * sizeof *rules);
    for (size_t i = 0; i < rows.count; i++)
        rules[i] = read_row(&rows, i);
    *ret = rules;
    *ret_count = rows.count;
    return OK;
}

enum err address_rule_purge(struct tx *tx, int64_t now, bool *ret_more)
{
    return db_purge(tx,
                    "DELETE FROM address_rule WHERE id IN"
                    " (SELECT id FROM address_rule WHERE expires_at <= $1"
                    "     AND (source = 'staff' OR expires_at <= $2) LIMIT 500)",
                    V(num(now), num(now - MEMORY)), ret_more);
}

/* --- automatic ones --- */

static struct db_value network_value(const struct ip_range *range)
{
    return blob(MEM(range->ip.bytes, sizeof range->ip.bytes));
}

/* Staff took a block of it, or of more around it, back less than a day ago. */
static enum err check_amnesty(struct tx *tx, const struct ip_range *range, int64_t now)
{
    struct db_rows rows;
    TRY(db_each(tx,
                "SELECT network, bits FROM address_rule"
                " WHERE source = 'automatic' AND revoked_at > $1 LIMIT $2",
                V(num(now - AMNESTY), num(LOADED_MAX)), &rows));
    for (size_t i = 0; i < rows.count; i++) {
        struct mem network = db_at(&rows, i, 0)->blob;
        struct ip_range spared = { .bits = (int)db_at(&rows, i, 1)->num };
        if (network.n != sizeof spared.ip.bytes)
            continue;
        memcpy(spared.ip.bytes, network.p, network.n);
        if (ip_in_range(range->ip, &spared))
            return E_DENIED;
    }
    return OK;
}

static enum err check_blocks(struct tx *tx, int64_t now)
{
    int64_t count;
    TRY(db_one(tx,
               "SELECT count(*) FROM address_rule WHERE source = 'automatic'"
               "   AND revoked_at IS NULL AND expires_at > $1",
               V(num(now)), INTO(to_num(&count))));
    return count < BLOCKS_MAX ? OK : E_LIMITED;
}

/* How often in a row it was made, with this time. E_GONE: it is kept out already. */
static enum err count_strike(struct tx *tx, const struct ip_range *range, int64_t now,
                             int64_t *ret_strikes)
{
    int64_t strikes = 0, ends = 0;
    enum err e =
        db_one(tx,
               "SELECT strikes, expires_at FROM address_rule"
               " WHERE network = $1 AND bits = $2 AND scope = 'all'"
               "   AND source = 'automatic' AND revoked_at IS NULL",
               V(network_value(range), num(range->bits)), INTO(to_num(&strikes), to_num(&ends)));
    if (e != E_NOT_FOUND)
        TRY(e);
    *ret_strikes = strikes + 1;
    return ends > now ? E_GONE : OK;
}

static enum err put_block(struct tx *tx, const struct ip_range *range, int64_t now, int64_t strikes)
{
    static const int64_t spans[] = { 10 * MINUTE, HOUR, DAY };
    size_t nth = (size_t)strikes < COUNT(spans) ? (size_t)strikes - 1 : COUNT(spans) - 1;
    TRY(note_change(tx));
    return db_run(tx,
                  "INSERT INTO address_rule (id, network, bits, action, scope, source, strikes,"
                  "                          created_at, expires_at)"
                  " VALUES ($1, $2, $3, 'deny', 'all', 'automatic', $4, $5, $6)"
                  " ON CONFLICT (network, bits, scope, source) DO UPDATE"
                  " SET strikes = excluded.strikes, created_at = excluded.created_at,"
                  "     expires_at = excluded.expires_at, revoked_at = NULL",
                  V(text(id_new(tx->arena, "adr")), network_value(range), num(range->bits),
                    num(strikes), num(now), num(now + spans[nth])));
}

enum err address_rule_block(struct tx *tx, const struct ip_range *range, int64_t now,
                            int64_t *ret_until)
{
    int64_t strikes = 0;
    *ret_until = 0;
    enum err e = check_amnesty(tx, range, now);
    if (e == OK)
        e = check_blocks(tx, now);
    if (e == OK)
        e = count_strike(tx, range, now, &strikes);
    if (e == E_DENIED || e == E_LIMITED || e == E_GONE)
        return OK;
    TRY(e);
    TRY(put_block(tx, range, now, strikes));
    return db_one(tx,
                  "SELECT expires_at FROM address_rule WHERE network = $1 AND bits = $2"
                  "   AND scope = 'all' AND source = 'automatic'",
                  V(network_value(range), num(range->bits)), INTO(to_num(ret_until)));
}

const char *address_range_text(struct arena *arena, const struct ip_range *range)
{
    bool is_v4 = ip_is_v4(range->ip) && range->bits >= 96;
    return text_format(arena, "%s/%d", ip_format(arena, range->ip),
                       is_v4 ? range->bits - 96 : range->bits);
}
