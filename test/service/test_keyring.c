/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of the house: made once, rotated once, never lost.
 */
#include "service/keyring.h"

#include "../store.h"
#include "../test.h"
#include "base/buf.h"
#include "base/clock.h"
#include "db/fault.h"
#include "db/migrate.h"
#include "service/keyring_file.h"
#include "service/setting.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_A "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_B "k2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="

static void set_keys(const char *keys)
{
    CHECK_OK(setting_override(SETTING_ENCRYPTION_KEYS, keys));
}

static bool ready(struct db *db, const char *keys)
{
    set_keys(keys);
    CHECK_OK(migrate_up(db, test_arena()));
    enum err e = keyring_open(db, test_arena());
    CHECK_OK(e);
    return e == OK;
}

static void done(void)
{
    keyring_close();
    set_keys(NULL);
    CHECK_OK(setting_override(SETTING_KEY_FILE, NULL));
    CHECK_OK(setting_override(SETTING_DATABASE_URL, NULL));
}

/* How many keys are in a state. */
static int count(struct db *db, const char *state)
{
    struct keyring_entry *list;
    size_t n;
    int found = 0;
    CHECK_OK(keyring_list(db, test_arena(), &list, &n));
    for (size_t i = 0; i < n; i++)
        found += text_equal(list[i].state, state);
    return found;
}

static const char *signing_kid(void)
{
    return text_copy(test_arena(), mem_text(jws_key_id(keyring_signing())));
}

static struct json_value jwks(void)
{
    struct buf out;
    struct json_writer j;
    struct json_value root = { 0 };
    buf_init(&out, test_arena(), 1 << 16);
    json_write(&j, &out);
    keyring_put_jwks(&j);
    CHECK_OK(json_read(test_arena(), buf_mem(&out), &root, NULL));
    return root;
}

static bool is_published(const char *kid)
{
    struct json_value root = jwks();
    const struct json_value *keys = json_find(&root, "keys");
    for (size_t i = 0; keys && i < keys->count; i++)
        if (text_equal(json_find_text(&keys->items[i], "kid"), kid))
            return true;
    return false;
}

static const char *token(void)
{
    return jws_sign(keyring_signing(), test_arena(), "at+jwt", mem_text("{\"sub\":\"usr_1\"}"));
}

static enum err verify(const char *text)
{
    struct json_value claims;
    return jws_verify(test_arena(), text, "at+jwt", keyring_find, NULL, &claims);
}

TEST_ON_READY_STORES(keyring_first_start_makes_an_active_and_a_next_key)
{
    if (!ready(db, KEY_A))
        return;
    CHECK_NUM(count(db, "active"), 1);
    CHECK_NUM(count(db, "next"), 1);
    const char *kid = signing_kid();
    CHECK_OK(verify(token()));
    CHECK(!keyring_find(NULL, "unknown"));
    keyring_close();
    CHECK_OK(keyring_open(db, test_arena()));
    CHECK_TEXT(signing_kid(), kid);
    CHECK_NUM(count(db, "active") + count(db, "next"), 2);
    done();
}

TEST_ON_READY_STORES(SEC_05_the_jwks_holds_no_private_half)
{
    static const char *const members[] = { "kty", "crv", "x", "y", "kid", "use", "alg" };
    if (!ready(db, KEY_A))
        return;
    CHECK_OK(keyring_rotate(db, test_arena()));
    struct json_value root = jwks();
    const struct json_value *keys = json_find(&root, "keys");
    REQUIRE(keys && keys->count == 3 && root.count == 1);
    for (size_t i = 0; i < keys->count; i++) {
        CHECK_NUM(keys->items[i].count, COUNT(members));
        for (size_t m = 0; m < COUNT(members); m++)
            CHECK(json_find_text(&keys->items[i], members[m]));
        CHECK(!json_find(&keys->items[i], "d"));
    }
    done();
}

/* A private key is in the store only sealed. */
TEST_ON_READY_STORES(SEC_05_the_store_holds_only_sealed_keys)
{
    struct tx tx;
    struct mem sealed;
    if (!ready(db, KEY_A))
        return;
    db_begin(&tx, db, DB_PEEK, test_arena());
    CHECK_OK(db_one(&tx, "SELECT private_jwk FROM signing_key WHERE state = 'active'", V_NONE,
                    INTO(to_blob(&sealed))));
    db_rollback(&tx);
    CHECK_TEXT(seal_key_id(test_arena(), sealed), "k1");
    CHECK(!memmem(sealed.p, sealed.n, "crv", 3));
    done();
}

TEST_ON_READY_STORES(JWT_14_rotation_refuses_no_token)
{
    clock_freeze(1'800'000'000'000);
    if (!ready(db, KEY_A))
        return;
    const char *first = signing_kid(), *old = token();
    int64_t every = setting_span(SETTING_KEY_ROTATE_EVERY);

    clock_shift(every - 1);
    CHECK_OK(keyring_tend(db, test_arena()));
    CHECK_TEXT(signing_kid(), first);
    struct json_value before = jwks();

    clock_shift(1);
    CHECK_OK(keyring_tend(db, test_arena()));
    const char *second = signing_kid();
    CHECK(!text_equal(second, first));
    /* The new one was in the JWKS before it signed. */
    const struct json_value *keys = json_find(&before, "keys");
    CHECK(text_equal(json_find_text(&keys->items[0], "kid"), second) ||
          text_equal(json_find_text(&keys->items[1], "kid"), second));
    CHECK_NUM(keyring_age(), 0);
    CHECK_OK(verify(old));
    CHECK_OK(verify(token()));
    CHECK(is_published(first) && is_published(second));

    int64_t span = setting_span(SETTING_ACCESS_TOKEN_TTL) + 10 * MINUTE;
    clock_shift(span - 1);
    CHECK_OK(keyring_tend(db, test_arena()));
    CHECK_OK(verify(old));
    clock_shift(1);
    CHECK_OK(keyring_tend(db, test_arena()));
    CHECK_ERR(verify(old), E_UNAUTHENTICATED);
    CHECK(!is_published(first) && is_published(second));
    CHECK_NUM(count(db, "retired"), 1);
    CHECK_NUM(count(db, "retiring"), 0);

    struct tx tx;
    int64_t left;
    db_begin(&tx, db, DB_PEEK, test_arena());
    CHECK_OK(db_one(&tx, "SELECT COUNT(*) FROM signing_key WHERE private_jwk IS NOT NULL", V_NONE,
                    INTO(to_num(&left))));
    db_rollback(&tx);
    CHECK_NUM(left, 2);
    done();
}

/* Even where rotation is set to be quick, a key is published for an hour before it signs. */
TEST_ON_READY_STORES(JWT_14_the_next_key_is_published_before_it_signs)
{
    clock_freeze(1'800'000'000'000);
    if (!ready(db, KEY_A))
        return;
    CHECK_OK(setting_override(SETTING_KEY_ROTATE_EVERY, "2h"));
    clock_shift(2 * HOUR);
    CHECK_OK(keyring_tend(db, test_arena())); /* the next key is two hours old */
    const char *second = signing_kid();
    CHECK_OK(setting_override(SETTING_KEY_ROTATE_EVERY, "30d"));
    clock_shift(59 * MINUTE);
    CHECK_OK(keyring_rotate(db, test_arena())); /* by hand, early */
    const char *third = signing_kid();
    CHECK(!text_equal(second, third));
    CHECK_OK(setting_override(SETTING_KEY_ROTATE_EVERY, "2h"));
    clock_shift(59 * MINUTE);
    CHECK_OK(keyring_tend(db, test_arena()));
    CHECK_TEXT(signing_kid(), third);
    CHECK_OK(setting_override(SETTING_KEY_ROTATE_EVERY, NULL));
    done();
}

/* What another node does in the store. */
static void rotate_elsewhere(struct db *db)
{
    struct tx tx;
    struct jws_key *key = jws_key_new();
    const char *kid = jws_key_id(key);
    struct mem sealed = seal(keyring_seals(), test_arena(),
                             (struct seal_place){ "signing_key", "private_jwk", kid },
                             jws_key_export(key, test_arena()));
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(db_run(&tx,
                    "UPDATE signing_key SET state = 'retiring', retiring_at = $1"
                    " WHERE state = 'active'",
                    V(num(clock_now()))));
    CHECK_OK(db_run(&tx,
                    "UPDATE signing_key SET state = 'active', active_at = $1 WHERE state = 'next'",
                    V(num(clock_now()))));
    CHECK_OK(db_run(&tx,
                    "INSERT INTO signing_key (kid, state, private_jwk, created_at)"
                    " VALUES ($1, 'next', $2, $3)",
                    V(text(kid), blob(sealed), num(clock_now()))));
    CHECK_OK(db_commit(&tx));
    jws_key_free(key);
}

TEST_ON_READY_STORES(keyring_takes_over_what_other_nodes_did)
{
    clock_freeze(1'800'000'000'000);
    if (!ready(db, KEY_A))
        return;
    const char *first = signing_kid(), *old = token();
    const struct jws_key *held = keyring_signing();
    clock_shift(setting_span(SETTING_KEY_ROTATE_EVERY));
    rotate_elsewhere(db);
    CHECK_OK(keyring_tend(db, test_arena())); /* due here too, but it has happened */
    CHECK(!text_equal(signing_kid(), first));
    CHECK_NUM(count(db, "retiring"), 1);
    CHECK_NUM(count(db, "active") + count(db, "next"), 2);
    CHECK_OK(verify(old));
    /* A request that got the old key just before may still sign with it. */
    CHECK_OK(verify(jws_sign(held, test_arena(), "at+jwt", mem_text("{}"))));
    done();
}

static struct db *racing;

static void *tend(void *ret)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    *(enum err *)ret = keyring_tend(racing, &arena);
    arena_done(&arena);
    return NULL;
}

TEST_ON_READY_STORES(JWT_14_racing_nodes_rotate_once)
{
    pthread_t threads[6];
    enum err results[COUNT(threads)];
    clock_freeze(1'800'000'000'000);
    if (!ready(db, KEY_A))
        return;
    clock_shift(setting_span(SETTING_KEY_ROTATE_EVERY));
    racing = db;
    for (size_t i = 0; i < COUNT(threads); i++)
        REQUIRE(pthread_create(&threads[i], NULL, tend, &results[i]) == 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        pthread_join(threads[i], NULL);
        CHECK_OK(results[i]);
    }
    CHECK_NUM(count(db, "retiring"), 1);
    CHECK_NUM(count(db, "active"), 1);
    CHECK_NUM(count(db, "next"), 1);
    done();
}

TEST_ON_READY_STORES(keyring_refuses_keys_that_do_not_fit_the_store)
{
    if (!ready(db, KEY_A))
        return;
    const char *kid = signing_kid();
    keyring_close();
    set_keys(KEY_B);
    CHECK_ERR(keyring_open(db, test_arena()), E_INVALID);
    keyring_close();
    CHECK_NUM(count(db, "active") + count(db, "next"), 2);
    set_keys(KEY_A);
    CHECK_OK(keyring_open(db, test_arena()));
    CHECK_TEXT(signing_kid(), kid);
    done();
}

/* The key file was lost: new keys must not be made silently. */
TEST_ON_READY_STORES(keyring_never_makes_new_keys_for_a_store_that_is_used)
{
    if (!ready(db, KEY_A))
        return;
    keyring_close();
    set_keys(NULL);
    const char *path = text_format(test_arena(), "%s/gone.keys", test_folder());
    CHECK_OK(setting_override(SETTING_KEY_FILE, path));
    CHECK_ERR(keyring_open(db, test_arena()), E_INVALID);
    CHECK(access(path, F_OK) != 0);
    done();
}

TEST_ON_READY_STORES(CRY_06_sealing_keys_are_exchanged_without_loss)
{
    uint8_t before[32], after[32], now[32];
    if (!ready(db, KEY_A))
        return;
    const char *kid = signing_kid();
    CHECK_OK(keyring_derive(NULL, "refresh-token", before));
    CHECK_TEXT(keyring_seal_id(), "k1");
    keyring_close();
    set_keys(KEY_B "," KEY_A);
    CHECK_OK(keyring_open(db, test_arena()));
    CHECK_TEXT(keyring_seal_id(), "k2");
    CHECK_OK(keyring_derive("k1", "refresh-token", after));
    CHECK_OK(keyring_derive(NULL, "refresh-token", now));
    CHECK(mem_equal(MEM(before, 32), MEM(after, 32)) && !mem_equal(MEM(before, 32), MEM(now, 32)));
    keyring_close();
    set_keys(KEY_B); /* the old one is not needed any more */
    CHECK_OK(keyring_open(db, test_arena()));
    CHECK_TEXT(signing_kid(), kid);
    CHECK_ERR(keyring_derive("k1", "refresh-token", after), E_NOT_FOUND);
    done();
}

TEST(CRY_05_derived_keys_differ_by_purpose)
{
    uint8_t a[32], b[32];
    struct db *db = test_store_ready("sqlite");
    if (!db || !ready(db, KEY_A))
        return;
    CHECK_OK(keyring_derive(NULL, "csrf", a));
    CHECK_OK(keyring_derive(NULL, "refresh-token", b));
    CHECK(!mem_equal(MEM(a, 32), MEM(b, 32)));
    CHECK(!mem_equal(MEM(a, 32), MEM(keyring_seals()->keys[0].key, 32)));
    done();
    test_store_close(db);
}

TEST(keyring_file_is_made_beside_the_database)
{
    struct stat info;
    struct seal_ring ring;
    struct db *db = test_store_ready("sqlite");
    REQUIRE(db);
    CHECK_OK(setting_override(SETTING_DATABASE_URL, test_store_url()));
    if (!ready(db, NULL))
        return;
    const char *path = text_format(test_arena(), "%s.keys", test_store_url() + strlen("sqlite:"));
    CHECK_TEXT(keyring_file_path(test_arena()), path);
    REQUIRE(stat(path, &info) == 0);
    CHECK_NUM(info.st_mode & 07777, 0600);
    CHECK_OK(keyring_file_read(path, &ring));
    CHECK_TEXT(ring.keys[0].id, keyring_seal_id());
    const char *kid = signing_kid();
    keyring_close();
    CHECK_OK(keyring_open(db, test_arena()));
    CHECK_TEXT(signing_kid(), kid);
    keyring_close();

    static const mode_t modes[] = { 0640, 0604, 0620, 0666, 0610 };
    for (size_t i = 0; i < COUNT(modes); i++) {
        chmod(path, modes[i]);
        CHECK_ERR(keyring_open(db, test_arena()), E_INVALID);
    }
    chmod(path, 0400);
    CHECK_OK(keyring_open(db, test_arena()));
    done();
    test_store_close(db);
}

TEST(keyring_file_never_replaces_another)
{
    struct seal_ring first, second, read;
    const char *path = text_format(test_arena(), "%s/x.keys", test_folder());
    keyring_file_draw(&first);
    keyring_file_draw(&second);
    CHECK_ERR(keyring_file_read(path, &read), E_NOT_FOUND);
    CHECK_OK(keyring_file_make(path, &first));
    CHECK_ERR(keyring_file_make(path, &second), E_CONFLICT);
    CHECK_OK(keyring_file_read(path, &read));
    CHECK_TEXT(read.keys[0].id, first.keys[0].id);
    CHECK(mem_equal(MEM(read.keys[0].key, 32), MEM(first.keys[0].key, 32)));
    CHECK_ERR(keyring_file_make("/nowhere/x.keys", &first), E_FAULT);
}

TEST(keyring_file_refuses_what_holds_no_keys)
{
    static const struct {
        const char *content;
        enum err result;
    } cases[] = {
        { "", E_INVALID },
        { "# nothing\n", E_INVALID },
        { "k1\n", E_INVALID },
        { KEY_A "\n" KEY_A "\n", E_INVALID },
        { "  # two keys\r\n\n" KEY_A "\r\n  " KEY_B, OK },
    };
    struct seal_ring ring;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *path = text_format(test_arena(), "%s/%zu.keys", test_folder(), i);
        FILE *file = fopen(path, "w");
        REQUIRE(file);
        (void)fputs(cases[i].content, file);
        (void)fclose(file);
        chmod(path, 0600);
        CHECK_ERR(keyring_file_read(path, &ring), cases[i].result);
    }
    CHECK_NUM(ring.count, 2);
    CHECK_ERR(keyring_file_read(test_folder(), &ring), E_INVALID);
}

/* A store in memory gets keys in memory, and leaves no file behind. */
TEST(keyring_in_memory_leaves_no_file)
{
    struct db *db = test_store("memory");
    REQUIRE(db);
    CHECK_OK(setting_override(SETTING_DATABASE_URL, "sqlite::memory:"));
    CHECK(!keyring_file_path(test_arena()));
    if (ready(db, NULL))
        CHECK_OK(verify(token()));
    done();
    test_store_close(db);
}

/* Whatever statement fails, one key signs, one waits, and the next attempt succeeds. */
TEST(keyring_rotation_is_all_or_nothing)
{
    struct db *store = test_store_ready("sqlite");
    REQUIRE(store);
    struct db *db = db_fault_wrap(store);
    if (!ready(db, KEY_A))
        return;
    enum err e = E_FAULT;
    for (long n = 1; e && n < 50; n++) {
        const char *kid = signing_kid();
        db_fault_after(db, n);
        e = keyring_rotate(db, test_arena());
        db_fault_after(db, 0);
        CHECK(e == OK || e == E_FAULT);
        CHECK_NUM(count(db, "active"), 1);
        CHECK_NUM(count(db, "next"), 1);
        CHECK(e || !text_equal(signing_kid(), kid));
        CHECK_OK(verify(token()));
    }
    CHECK_OK(e);
    done();
    test_store_close(db);
}

/* The kids of the first two signing keys of a store. */
static const char *first_two(struct db *db)
{
    struct tx tx;
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(migrate_up(db, test_arena()));
    CHECK_OK(db_run(&tx, "DELETE FROM signing_key", V_NONE));
    CHECK_OK(db_commit(&tx));
    if (!ready(db, KEY_A))
        return "";
    const char *first = signing_kid();
    CHECK_OK(keyring_rotate(db, test_arena()));
    const char *both = text_format(test_arena(), "%s %s", first, signing_kid());
    done();
    return both;
}

TEST_ON_READY_STORES(keyring_of_a_test_fixture_is_the_same_at_every_start)
{
    setting_set_ephemeral(true);
    const char *once = first_two(db), *again = first_two(db);
    setting_set_ephemeral(false);
    CHECK_TEXT(once, again);
    CHECK(!text_equal(first_two(db), first_two(db)));
}
