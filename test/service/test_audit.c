/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log: whatever is done to its rows behind its back is found and named, also after
 * retention has cut the chains.
 */
#include "service/audit.h"

#include "../store.h"
#include "../test.h"
#include "base/clock.h"
#include "crypto/digest.h"
#include "db/migrate.h"

#include <string.h>

#define ANN "usr_01234567890123456789012345"

enum { ROWS = 9 };

static const int64_t start = INT64_C(1795237200000);

static void run(struct db *db, const char *sql, struct db_values values)
{
    struct tx tx;
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(db_run(&tx, sql, values));
    CHECK_OK(db_commit(&tx));
}

static void add_in(struct tx *tx, const char *account_id, const char *ip)
{
    const struct audit_by by = { "anonymous", ip, "curl/8", "req_1" };
    CHECK_OK(audit_add(tx, &by, AUDIT_LOGIN_FAILED, account_id, "{\"reason\":\"test\"}"));
}

static void add(struct db *db, const char *account_id, const char *ip)
{
    struct tx tx;
    db_begin(&tx, db, DB_WRITE, test_arena());
    add_in(&tx, account_id, ip);
    CHECK_OK(db_commit(&tx));
}

/* One account's nine rows, a minute apart: one chain. */
static void refill(struct db *db)
{
    struct tx tx;
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(db_run(&tx, "DELETE FROM audit", V_NONE));
    CHECK_OK(db_run(&tx, "DELETE FROM audit_head", V_NONE));
    for (int i = 0; i < ROWS; i++) {
        clock_freeze(start + i * MINUTE);
        add_in(&tx, ANN, "192.0.2.1");
    }
    CHECK_OK(db_commit(&tx));
}

static void fill(struct db *db)
{
    CHECK_OK(migrate_up(db, test_arena()));
    refill(db);
}

static struct audit_verdict verdict_of(struct db *db)
{
    struct audit_verdict v = { 0 };
    CHECK_OK(audit_verify(db, test_arena(), &v));
    return v;
}

static void check_bad(struct db *db, const char *what, int64_t seq)
{
    struct audit_verdict v = verdict_of(db);
    if (v.is_good || v.bad_seq != seq)
        test_fail(__FILE__, __LINE__, "%s: %s at %lld, not at %lld", what,
                  v.is_good ? "good" : v.what, (long long)v.bad_seq, (long long)seq);
}

static bool retain(struct db *db, int64_t older_than)
{
    struct tx tx;
    bool more = false;
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(audit_retain(&tx, older_than, &more));
    CHECK_OK(db_commit(&tx));
    return more;
}

TEST_ON_READY_STORES(an_untouched_audit_log_is_whole)
{
    fill(db);
    for (int i = 0; i < 40; i++)
        add(db, i % 2 ? NULL : text_format(test_arena(), "usr_%026d", i), NULL);
    struct audit_verdict v = verdict_of(db);
    CHECK(v.is_good);
    CHECK_NUM(v.rows, ROWS + 40);
}

/* What somebody with the store in their hands does to nine rows; where it is found. */
static const struct {
    const char *name, *sql;
    int64_t bad_seq;
} attacks[] = {
    { "time", "UPDATE audit SET at = at + 1 WHERE seq = 4", 4 },
    { "event", "UPDATE audit SET event = 'session.started' WHERE seq = 4", 4 },
    { "account", "UPDATE audit SET account_id = 'usr_1' WHERE seq = 4", 4 },
    { "no account", "UPDATE audit SET account_id = NULL WHERE seq = 4", 4 },
    { "actor", "UPDATE audit SET actor = 'operator' WHERE seq = 4", 4 },
    { "address", "UPDATE audit SET ip = '192.0.2.2' WHERE seq = 4", 4 },
    { "no address", "UPDATE audit SET ip = NULL WHERE seq = 4", 4 },
    { "program", "UPDATE audit SET user_agent = '' WHERE seq = 4", 4 },
    { "request", "UPDATE audit SET request_id = NULL WHERE seq = 4", 4 },
    { "detail", "UPDATE audit SET detail = '{}' WHERE seq = 4", 4 },
    { "id", "UPDATE audit SET id = 'aud_1' WHERE seq = 4", 4 },
    { "hash", "UPDATE audit SET hash = (SELECT hash FROM audit_head) WHERE seq = 4", 4 },
    { "erased",
      "UPDATE audit SET salt = NULL, ip = NULL, user_agent = NULL, request_id = NULL WHERE seq = 4",
      4 },
    { "salt", "UPDATE audit SET salt = commitment WHERE seq = 4", 4 },
    { "no salt", "UPDATE audit SET salt = NULL WHERE seq = 4", 4 },
    { "commitment", "UPDATE audit SET commitment = hash WHERE seq = 4", 4 },
    { "no commitment", "UPDATE audit SET commitment = NULL, salt = NULL WHERE seq = 4", 4 },
    { "first", "UPDATE audit SET ip = 'x' WHERE seq = 1", 1 },
    { "last", "UPDATE audit SET ip = 'x' WHERE seq = 9", 9 },
    { "removed", "DELETE FROM audit WHERE seq = 4", 4 },
    { "removed first", "DELETE FROM audit WHERE seq = 1", 1 },
    { "cut at the end", "DELETE FROM audit WHERE seq > 7", 8 },
    { "all removed", "DELETE FROM audit", 1 },
    { "cut with its head", "UPDATE audit_head SET seq = 7", 8 },
    { "another chain", "UPDATE audit SET chain = chain + 100 WHERE seq = 4", 4 },
    { "another head", "UPDATE audit_head SET chain = chain + 100", 1 },
    { "front hidden", "UPDATE audit_head SET first_seq = 3", 3 },
    { "copied",
      "INSERT INTO audit SELECT chain, 10, id, at, event, account_id, actor, ip,"
      " user_agent, request_id, detail, hash, salt, commitment FROM audit WHERE seq = 9",
      10 },
};

TEST_ON_READY_STORES(LOG_03_a_row_that_was_tampered_with_is_named)
{
    fill(db);
    for (size_t i = 0; i < COUNT(attacks); i++) {
        run(db, attacks[i].sql, V_NONE);
        check_bad(db, attacks[i].name, attacks[i].bad_seq);
        refill(db);
    }
    CHECK(verdict_of(db).is_good);
}

TEST_ON_READY_STORES(LOG_03_swapped_rows_are_found)
{
    fill(db);
    run(db, "UPDATE audit SET seq = 100 WHERE seq = 4", V_NONE);
    run(db, "UPDATE audit SET seq = 4 WHERE seq = 5", V_NONE);
    run(db, "UPDATE audit SET seq = 5 WHERE seq = 100", V_NONE);
    check_bad(db, "swapped", 4);
}

TEST_ON_READY_STORES(LOG_03_retention_keeps_the_chain_verifiable)
{
    fill(db);
    CHECK(!retain(db, start + 4 * MINUTE));
    struct audit_verdict v = verdict_of(db);
    CHECK(v.is_good);
    CHECK_NUM(v.rows, ROWS - 4);
    add(db, ANN, "192.0.2.1");
    CHECK(verdict_of(db).is_good);

    run(db, "UPDATE audit SET ip = 'x' WHERE seq = 5", V_NONE);
    check_bad(db, "the first row kept", 5);
}

TEST_ON_READY_STORES(LOG_03_the_first_row_after_retention_cannot_be_removed)
{
    fill(db);
    retain(db, start + 4 * MINUTE);
    run(db, "DELETE FROM audit WHERE seq = 5", V_NONE);
    run(db, "UPDATE audit_head SET first_seq = 6", V_NONE);
    check_bad(db, "cut further", 6);
}

/* Nothing old stays, not even in a chain that got no newer row. */
TEST_ON_READY_STORES(retention_empties_a_chain_that_is_all_old)
{
    fill(db);
    CHECK(!retain(db, start + HOUR));
    struct audit_verdict v = verdict_of(db);
    CHECK(v.is_good);
    CHECK_NUM(v.rows, 0);
    add(db, ANN, NULL);
    v = verdict_of(db);
    CHECK(v.is_good);
    CHECK_NUM(v.rows, 1);
}

/* A clock that was ahead for a while stops retention there rather than removing young rows. */
TEST_ON_READY_STORES(TIME_01_retention_stops_at_the_first_young_row)
{
    fill(db);
    clock_freeze(start + DAY);
    add(db, ANN, NULL);
    clock_freeze(start + 10 * MINUTE);
    add(db, ANN, NULL);
    retain(db, start + HOUR);
    struct audit_verdict v = verdict_of(db);
    CHECK(v.is_good);
    CHECK_NUM(v.rows, 2);
}

TEST_ON_READY_STORES(retention_says_when_more_is_left)
{
    struct tx tx;
    CHECK_OK(migrate_up(db, test_arena()));
    clock_freeze(start);
    db_begin(&tx, db, DB_WRITE, test_arena());
    for (int i = 0; i < 1001; i++)
        CHECK_OK(audit_add(&tx, &audit_by_system, AUDIT_KEY_ROTATED, ANN, NULL));
    CHECK_OK(db_commit(&tx));
    CHECK(retain(db, start + 1));
    CHECK_NUM(verdict_of(db).rows, 1);
    CHECK(!retain(db, start + 1));
    CHECK(verdict_of(db).is_good);
}

/* A log of any length is verified in the memory of one batch. */
TEST_ON_READY_STORES(verifying_a_long_log_takes_little_memory)
{
    struct tx tx;
    struct arena small;
    struct audit_verdict v;
    CHECK_OK(migrate_up(db, test_arena()));
    db_begin(&tx, db, DB_WRITE, test_arena());
    for (int i = 0; i < 2000; i++)
        CHECK_OK(audit_add(&tx, &audit_by_system, AUDIT_KEY_ROTATED, ANN, NULL));
    CHECK_OK(db_commit(&tx));
    arena_init(&small, 64 << 10);
    CHECK_OK(audit_verify(db, &small, &v));
    CHECK(v.is_good);
    CHECK_NUM(v.rows, 2000);
    arena_done(&small);
}

TEST_ON_READY_STORES(the_tail_is_newest_first_and_pages)
{
    struct tx tx;
    struct audit_row *rows;
    size_t count;
    fill(db);
    clock_freeze(start + HOUR);
    add(db, NULL, NULL);
    db_begin(&tx, db, DB_READ, test_arena());
    CHECK_OK(audit_tail(&tx, NULL, NULL, 4, &rows, &count));
    REQUIRE(count == 4);
    CHECK(!rows[0].account_id);
    CHECK_TEXT(rows[1].account_id, ANN);
    CHECK_NUM(rows[1].seq, 9);
    CHECK_OK(audit_tail(&tx, ANN, rows[1].id, 100, &rows, &count));
    CHECK_NUM(count, ROWS - 1);
    CHECK_NUM(rows[0].seq, 8);
    db_rollback(&tx);
}

static void erase(struct db *db, const char *account_id)
{
    struct tx tx;
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(audit_erase(&tx, account_id));
    CHECK_OK(db_commit(&tx));
}

TEST_ON_READY_STORES(a_person_leaves_the_log_and_the_chain_stays_whole)
{
    static const char staff[] = "usr_09876543210987654321098765";
    fill(db);
    struct tx tx;
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(audit_add(&tx, &(struct audit_by){ ANN, "192.0.2.7", "curl/8", "req_2" },
                       AUDIT_ACCOUNT_LOCKED, staff, NULL));
    CHECK_OK(audit_add(&tx, &(struct audit_by){ staff, "192.0.2.8", "curl/8", "req_3" },
                       AUDIT_LOGIN_FAILED, staff, NULL));
    CHECK_OK(db_commit(&tx));
    erase(db, ANN);
    CHECK_NUM(test_store_num(
                  db, "SELECT count(*) FROM audit WHERE ip IS NOT NULL OR user_agent IS NOT NULL"
                      " OR request_id IS NOT NULL"),
              1);
    CHECK_NUM(test_store_num(db, "SELECT count(*) FROM audit WHERE ip = '192.0.2.8'"), 1);
    CHECK_NUM(test_store_num(db, "SELECT count(*) FROM audit"), ROWS + 3);
    struct audit_verdict v = verdict_of(db);
    CHECK(v.is_good);
    CHECK_NUM(v.rows, ROWS + 3);
    retain(db, start + 4 * MINUTE);
    CHECK(verdict_of(db).is_good);
}

/* What somebody does to the rows of a person that was removed. */
static const struct {
    const char *name, *sql;
    int64_t bad_seq;
} erased_attacks[] = {
    { "another event", "UPDATE audit SET event = 'session.started' WHERE seq = 4", 4 },
    { "an address again", "UPDATE audit SET ip = '192.0.2.1' WHERE seq = 4", 4 },
    { "an address and a salt", "UPDATE audit SET ip = '192.0.2.1', salt = commitment WHERE seq = 4",
      4 },
    { "another commitment", "UPDATE audit SET commitment = hash WHERE seq = 4", 4 },
    { "the removal removed", "DELETE FROM audit WHERE event = 'account.removed'", 1 },
    { "the removal erased", "UPDATE audit SET salt = NULL WHERE event = 'account.removed'", 10 },
};

TEST_ON_READY_STORES(LOG_03_an_erased_row_is_still_guarded)
{
    fill(db);
    for (size_t i = 0; i < COUNT(erased_attacks); i++) {
        erase(db, ANN);
        CHECK(verdict_of(db).is_good);
        run(db, erased_attacks[i].sql, V_NONE);
        check_bad(db, erased_attacks[i].name, erased_attacks[i].bad_seq);
        refill(db);
    }
}

/* A row as versions before commitments wrote it. */
static void add_old_row(struct db *db)
{
    struct tx tx;
    uint8_t hash[SHA256_BYTES];
    const int64_t chain = 3, seq = 1, at = start;
    struct mem pieces[] = {
        MEM_NONE,
        MEM(&chain, sizeof chain),
        MEM(&seq, sizeof seq),
        MEM(&at, sizeof at),
        mem_text("aud_1"),
        mem_text("login.failed"),
        MEM("", 1),
        mem_text("anonymous"),
        mem_text("192.0.2.1"),
        mem_text("curl/8"),
        MEM("", 1),
        mem_text("{}"),
    };
    sha256_pieces(pieces, COUNT(pieces), hash);
    struct db_value value = blob(MEM(hash, sizeof hash));
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(db_run(&tx,
                    "INSERT INTO audit (chain, seq, id, at, event, actor, ip, user_agent, detail,"
                    "                   hash)"
                    "     VALUES (3, 1, 'aud_1', $1, 'login.failed', 'anonymous', '192.0.2.1',"
                    "             'curl/8', '{}', $2)",
                    V(num(at), value)));
    CHECK_OK(db_run(&tx,
                    "INSERT INTO audit_head (chain, seq, hash, first_seq, first_link)"
                    "     VALUES (3, 1, $1, 1, $2)",
                    V(value, blob(MEM_NONE))));
    CHECK_OK(db_commit(&tx));
}

TEST_ON_READY_STORES(LOG_03_rows_from_before_commitments_still_verify)
{
    CHECK_OK(migrate_up(db, test_arena()));
    add_old_row(db);
    CHECK(verdict_of(db).is_good);
    /* Until one follows in its chain: which of the sixteen it is, is drawn. */
    for (int i = 0;
         i < 1000 && test_store_num(db, "SELECT seq FROM audit_head WHERE chain = 3") == 1; i++)
        add(db, NULL, "192.0.2.1");
    CHECK(verdict_of(db).is_good);
    CHECK(test_store_num(db, "SELECT count(*) FROM audit WHERE chain = 3") > 1);
    run(db, "UPDATE audit SET ip = 'x' WHERE chain = 3 AND seq = 1", V_NONE);
    check_bad(db, "an old row", 1);
}
