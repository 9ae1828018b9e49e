/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authenticator apps in the store: URIs, steps, and secrets under changing keys.
 */
#include "account/totp_factor.h"

#include "../store.h"
#include "../test.h"
#include "account/account.h"
#include "base/base32.h"
#include "base/clock.h"
#include "crypto/totp.h"
#include "db/migrate.h"
#include "service/keyring.h"
#include "service/setting.h"

#include <string.h>

#define KEY_A "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_B "k2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define NOW INT64_C(1795237200000)

static struct tx *begin(struct db *db, struct tx *tx)
{
    db_begin(tx, db, DB_WRITE, test_arena());
    return tx;
}

static bool ready(struct db *db, const char *keys)
{
    CHECK_OK(setting_override(SETTING_ENCRYPTION_KEYS, keys));
    CHECK_OK(migrate_up(db, test_arena()));
    clock_freeze(NOW);
    return CHECK_OK(keyring_open(db, test_arena()));
}

static void reopen(struct db *db, const char *keys)
{
    keyring_close();
    CHECK_OK(setting_override(SETTING_ENCRYPTION_KEYS, keys));
    CHECK_OK(keyring_open(db, test_arena()));
}

static void done(void)
{
    keyring_close();
    CHECK_OK(setting_override(SETTING_ENCRYPTION_KEYS, NULL));
    CHECK_OK(setting_override(SETTING_SERVICE_NAME, NULL));
    clock_freeze(0);
}

static const char *add_account(struct tx *tx, const char *email)
{
    struct account account = { 0 };
    bool is_new;
    CHECK_OK(account_add(tx, email, email, "en", &account, &is_new));
    return account.id;
}

static const char *code_of(const char *base32, int64_t steps)
{
    uint8_t secret[TOTP_SECRET_BYTES];
    size_t n = 0;
    char *code = arena_alloc(test_arena(), TOTP_DIGITS_MAX + 1);
    CHECK(base32_parse(base32, secret, sizeof secret, &n));
    struct totp totp = { DIGEST_SHA1, TOTP_DIGITS, MEM(secret, n) };
    totp_code(&totp, totp_step(clock_now()) + steps, code);
    return code;
}

/* Binds an app, confirmed by the code before the present one; gives its secret. */
static const char *bind(struct tx *tx, const char *account_id)
{
    struct totp_owner who = { account_id, "ann@example.org", "ses_x" };
    struct totp_setup setup = { "", "" };
    CHECK_OK(totp_setup_begin(tx, &who, &setup));
    CHECK_OK(totp_setup_confirm(tx, &who, code_of(setup.secret, -1)));
    return setup.secret;
}

TEST_ON_READY_STORES(totp_uri_is_what_apps_read)
{
    struct tx tx;
    struct totp_setup setup, again;
    REQUIRE(ready(db, KEY_A));
    CHECK_OK(setting_override(SETTING_SERVICE_NAME, "Tea: & Co\u00e9"));
    begin(db, &tx);
    struct totp_owner who = { add_account(&tx, "a+b@example.org"), "a+b@example.org", "ses_x" };
    CHECK_OK(totp_setup_begin(&tx, &who, &setup));
    CHECK_TEXT(setup.uri,
               text_format(test_arena(),
                           "otpauth://totp/Tea%%20%%20%%26%%20Co%%C3%%A9:a%%2Bb%%40example.org"
                           "?secret=%s&issuer=Tea%%20%%20%%26%%20Co%%C3%%A9&algorithm=SHA1&digits=6"
                           "&period=30",
                           setup.secret));
    CHECK_OK(totp_setup_find(&tx, &who, &again));
    CHECK_TEXT(again.uri, setup.uri);
    who.session_id = "ses_y";
    CHECK_ERR(totp_setup_find(&tx, &who, &again), E_NOT_FOUND);
    db_rollback(&tx);
    done();
}

TEST_ON_READY_STORES(totp_steps_only_rise)
{
    struct tx tx;
    int64_t count = 0, at = 0;
    REQUIRE(ready(db, KEY_A));
    begin(db, &tx);
    const char *id = add_account(&tx, "ann@example.org"), *secret = bind(&tx, id);
    CHECK_ERR(totp_accept(&tx, id, code_of(secret, -1)), E_GONE);
    CHECK_ERR(totp_accept(&tx, id, code_of(secret, 1)), E_INVALID);
    CHECK_OK(totp_accept(&tx, id, code_of(secret, 0)));
    CHECK_ERR(totp_accept(&tx, id, code_of(secret, 0)), E_GONE);
    CHECK_ERR(totp_accept(&tx, "usr_nobody", code_of(secret, 0)), E_INVALID);
    CHECK_OK(totp_count(&tx, id, &count));
    CHECK_OK(totp_bound_at(&tx, id, &at));
    CHECK_NUM(count, 1);
    CHECK_NUM(at, NOW);
    CHECK_OK(totp_remove(&tx, id));
    clock_freeze(NOW + MINUTE);
    CHECK_ERR(totp_accept(&tx, id, code_of(secret, 0)), E_INVALID);
    CHECK_OK(totp_bound_at(&tx, id, &at));
    CHECK_NUM(at, 0);
    db_rollback(&tx);
    done();
}

/* After a change of ENCRYPTION_KEYS and one run, the old key may go. */
TEST_ON_READY_STORES(CRY_06_secrets_of_apps_are_sealed_anew)
{
    struct tx tx;
    bool more = true;
    REQUIRE(ready(db, KEY_A));
    begin(db, &tx);
    const char *ann = add_account(&tx, "ann@example.org"), *secret = bind(&tx, ann);
    const char *ben = add_account(&tx, "ben@example.org");
    (void)bind(&tx, ben);
    CHECK_OK(db_run(&tx, "UPDATE totp SET secret = $1 WHERE account_id = $2",
                    V(blob(mem_text("spoiled")), text(ben))));
    CHECK_OK(db_commit(&tx));

    reopen(db, KEY_B "," KEY_A);
    begin(db, &tx);
    CHECK_OK(totp_reseal(&tx, &more));
    CHECK(!more);
    CHECK_OK(db_commit(&tx));

    reopen(db, KEY_B);
    begin(db, &tx);
    CHECK_OK(totp_accept(&tx, ann, code_of(secret, 0)));
    CHECK_ERR(totp_accept(&tx, ben, code_of(secret, 0)), E_FAULT); /* nothing opens that one */
    CHECK_OK(totp_reseal(&tx, &more));
    CHECK(!more);
    db_rollback(&tx);
    done();
}
