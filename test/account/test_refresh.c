/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of refresh tokens: what is written is read back, and nothing else is a token.
 */
#include "account/refresh_token.h"

#include "../store.h"
#include "../test.h"
#include "db/migrate.h"
#include "service/keyring.h"
#include "service/setting.h"

#include <string.h>

#define ID "ses_01m7yehw9xfnn9gk4fqqp2j35r"

static bool open_keys(struct db *db)
{
    const char *file = text_format(test_arena(), "%s/keys", test_folder());
    return CHECK_OK(setting_override(SETTING_KEY_FILE, file)) &&
           CHECK_OK(migrate_up(db, test_arena())) && CHECK_OK(keyring_open(db, test_arena()));
}

static const char *format(int64_t generation)
{
    const char *token = "";
    CHECK_OK(refresh_format(test_arena(), keyring_seal_id(), ID, generation, &token));
    return token;
}

TEST_ON_READY_STORES(a_refresh_token_names_its_session_and_generation)
{
    static const int64_t generations[] = { 0, 1, 31, 32, 1'000'000, (INT64_C(1) << 35) - 1 };
    REQUIRE(open_keys(db));
    for (size_t i = 0; i < COUNT(generations); i++) {
        struct refresh_parts parts = { 0 };
        const char *token = format(generations[i]);
        CHECK_NUM(strlen(token), 80);
        REQUIRE(refresh_parse(test_arena(), token, &parts));
        CHECK_TEXT(parts.session_id, ID);
        CHECK_NUM(parts.generation, generations[i]);
    }
    CHECK_TEXT(format(7), format(7));
    CHECK(strcmp(format(7) + 37, format(8) + 37) != 0); /* the secrets differ */
    keyring_close();
}

TEST_ON_READY_STORES(a_refresh_token_needs_a_key_that_is_there)
{
    const char *token;
    REQUIRE(open_keys(db));
    CHECK_ERR(refresh_format(test_arena(), "no-such-key", ID, 0, &token), E_NOT_FOUND);
    keyring_close();
}

TEST_ON_READY_STORES(TOK_03_what_is_almost_a_refresh_token_is_none)
{
    struct refresh_parts parts;
    REQUIRE(open_keys(db));
    const char *good = format(5);
    CHECK(refresh_parse(test_arena(), good, &parts));
    CHECK(!refresh_parse(test_arena(), "", &parts));
    CHECK(!refresh_parse(test_arena(), text_format(test_arena(), "%s=", good), &parts));
    CHECK(!refresh_parse(test_arena(), text_format(test_arena(), " %.79s", good), &parts));
    CHECK(!refresh_parse(test_arena(), text_format(test_arena(), "%.79s", good), &parts));
    CHECK(!refresh_parse(test_arena(), text_format(test_arena(), "ses%s", good + 3), &parts));
    char *odd = text_copy(test_arena(), mem_text(good));
    odd[33] = 'u'; /* no digit of this base 32 */
    CHECK(!refresh_parse(test_arena(), odd, &parts));
    keyring_close();
}
