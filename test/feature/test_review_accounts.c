/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts at their seams: an administrator from the settings, a link that is renewed while it is
 * used.
 */
#include "account/registration.h"
#include "attack.h"
#include "feature/setup.h"
#include "service/setting.h"

static enum err add_configured(struct world *w)
{
    struct tx tx;
    db_begin(&tx, w->db, DB_WRITE, test_arena());
    enum err e = setup_add_configured(&tx);
    if (e == OK)
        e = db_commit(&tx);
    db_rollback(&tx);
    return e;
}

TEST_IN_WORLD(the_configured_administrator_is_made_once)
{
    CHECK_OK(setting_override(SETTING_ADMIN_EMAIL, ANN));
    CHECK_OK(setting_override(SETTING_ADMIN_PASSWORD, PASSWORD));
    CHECK_OK(add_configured(w));
    CHECK_OK(add_configured(w));
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE roles = 9"), 1);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
}

/* The address is somebody's: they get no rights, and the server starts nevertheless. */
TEST_IN_WORLD(a_configured_administrator_takes_over_no_account)
{
    person(w, ANN, PASSWORD);
    CHECK_OK(setting_override(SETTING_ADMIN_EMAIL, ANN));
    CHECK_OK(setting_override(SETTING_ADMIN_PASSWORD, "another old oak chair"));
    CHECK_OK(add_configured(w));
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE roles > 1"), 0);
    CHECK_NUM(login(client(w), ANN, PASSWORD)->status, 200);
    CHECK_NUM(login(client(w), ANN, "another old oak chair")->status, 401);
}

/* The mail is asked for again in the moment in which the link is used: no second link comes of it.
 */
TEST_IN_WORLD(a_link_that_was_used_is_not_renewed)
{
    struct client *ann = client(w);
    struct registration meant;
    struct registration_asker asker = { "192.0.2.1", ann->user_agent };
    struct token token;
    struct tx tx;
    CHECK_NUM(
        post(ann, "/v1/auth/register", json("email", ANN, "password", PASSWORD, NULL))->status,
        202);
    const char *link = mailed_token(w, ANN, "verify_email");
    db_begin(&tx, w->db, DB_PEEK, test_arena());
    CHECK_OK(registration_meant(&tx, account_id_of(w, ANN), &asker, &meant));
    db_rollback(&tx);
    CHECK_NUM(verify(ann, link)->status, 200);
    db_begin(&tx, w->db, DB_WRITE, test_arena());
    CHECK_ERR(registration_renew(&tx, &meant, &token), E_GONE);
    db_rollback(&tx);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM registration"), 0);
}
