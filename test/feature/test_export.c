/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy of all data about somebody: complete, without a secret in it, and only its owner's.
 */
#include "account/personal.h"
#include "app.h"
#include "base/buf.h"
#include "sample.h"
#include "service/setting.h"
#include "two_step.h"

#include <string.h>

#define PATH "/v1/account/export"

static const char *asked(struct client *c)
{
    struct reply *r = post(c, PATH, NULL);
    CHECK_NUM(r->status, 202);
    CHECK_TEXT(text_of(r, "status"), "pending");
    return text_format(test_arena(), PATH "/%s", text_of(r, "id"));
}

TEST_IN_WORLD(a_copy_of_all_data_is_made_and_mailed)
{
    struct client *ann = signed_in(w, ANN);
    const char *path = asked(ann);
    struct reply *r = get(ann, path);
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "status"), "pending");
    CHECK(json_find(&r->json, "data") == NULL);

    const struct mail *mail = mailed(w, ANN, "export_ready");
    REQUIRE(mail);
    const char *id = path + strlen(PATH "/");
    CHECK(strstr(mail->text, text_format(test_arena(), "/settings/export?id=%s", id)) != NULL);
    r = get(ann, path);
    CHECK_TEXT(text_of(r, "status"), "ready");
    const struct json_value *data = json_find(&r->json, "data");
    REQUIRE(data);
    CHECK_TEXT(json_find_text(&json_find(data, "account")->items[0], "email"), ANN);
    CHECK_TEXT(json_find_text(&json_find(data, "session")->items[0], "id"), ann->session_id);
    CHECK(json_find(data, "audit")->count > 2);
    CHECK(!strstr(r->body, BEN));
    CHECK_NUM(mail_count(w, ANN, "export_ready"), 1);
    CHECK(has_audit(w, "export.asked"));
}

TEST_IN_WORLD(IDOR_03_a_copy_is_fetched_by_its_owner_only)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    const char *path = asked(ann);
    with_header(ben, "X-Request-Id: one-for-all");
    struct reply *never = get(ben, PATH "/exp_00000000000000000000000000");
    check_problem(never, 404, "not_found");
    check_alike("another's waiting copy and none", get(ben, path), never);
    run_jobs(w);
    check_alike("another's copy and none", get(ben, path), never);
    CHECK_NUM(get(client(w), path)->status, 401);
    struct client *page = client(w);
    CHECK_NUM(login_page(page, BEN, PASSWORD)->status, 303);
    const char *file =
        text_format(test_arena(), "/settings/export/%s/download", path + strlen(PATH "/"));
    CHECK_NUM(get(page, file)->status, 404);
    CHECK(!strstr(get(page, "/settings/export")->body, path + strlen(PATH "/")));
    CHECK_NUM(get(ann, path)->status, 200);
}

TEST_IN_WORLD(IDOR_03_a_copy_ends)
{
    struct client *ann = signed_in(w, ANN);
    const char *path = asked(ann);
    run_jobs(w);
    wait_for(setting_span(SETTING_EXPORT_TTL) - SECOND);
    ann = client(w);
    CHECK_NUM(login(ann, ANN, PASSWORD)->status, 200);
    CHECK_NUM(get(ann, path)->status, 200);
    wait_for(SECOND);
    check_problem(get(ann, path), 404, "not_found");
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM export"), 0);
}

/* The task may die: nobody waits for ever. */
TEST_IN_WORLD(a_copy_that_could_not_be_made_is_forgotten)
{
    struct client *ann = signed_in(w, ANN);
    const char *path = asked(ann);
    run_sql(w, "DELETE FROM task");
    wait_for(DAY - SECOND);
    CHECK_NUM(login(ann, ANN, PASSWORD)->status, 200);
    CHECK_TEXT(text_of(get(ann, path), "status"), "pending");
    wait_for(SECOND);
    check_problem(get(ann, path), 404, "not_found");
    run_jobs(w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM export"), 0);
}

TEST_IN_WORLD(MFA_07_a_session_alone_does_not_fetch_a_copy)
{
    struct client *ann = signed_in(w, ANN);
    const char *path = asked(ann);
    run_jobs(w);
    wait_for(setting_span(SETTING_FRESH_PROOF) + SECOND);
    struct reply *r = refresh(ann, ann->refresh);
    REQUIRE(r->status == 200);
    ann->bearer = text_of(r, "access_token");
    check_problem(post(ann, PATH, NULL), 401, "insufficient_user_authentication");
    check_problem(get(ann, path), 401, "insufficient_user_authentication");
}

TEST_IN_WORLD(three_copies_a_day)
{
    struct client *ann = signed_in(w, ANN);
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    for (int i = 0; i < 3; i++)
        (void)asked(ann);
    check_problem(post(ann, PATH, NULL), 429, "rate_limited");
    wait_for(DAY);
    ann = client(w);
    CHECK_NUM(login(ann, ANN, PASSWORD)->status, 200);
    (void)asked(ann);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM export"), 3); /* the oldest gave way */
    CHECK_NUM(mail_count(w, ANN, "export_ready"), 3);
}

TEST_IN_WORLD(a_copy_is_sealed_in_the_store)
{
    struct client *ann = signed_in(w, ANN);
    ann->user_agent = "Canary/7777";
    CHECK_NUM(login(ann, ANN, PASSWORD)->status, 200);
    const char *path = asked(ann);
    run_jobs(w);
    CHECK(strstr(get(ann, path)->body, "\"data\":{\"") != NULL);
    CHECK(!dump_has(w, dump_of(w), mem_text("\"data\":{\"")));
}

TEST_IN_WORLD(a_copy_by_the_pages)
{
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    CHECK_NUM(login_page(c, ANN, PASSWORD)->status, 303);
    (void)get(c, "/settings/export");
    struct reply *r = post_form(c, "/settings/export", "");
    CHECK_TEXT(header_of(r, "location"), "/settings/export?done=export_asked");
    CHECK(strstr(get(c, "/settings/export?done=export_asked")->body, "/download\"") == NULL);
    run_jobs(w);
    r = get(c, "/settings/export");
    const char *link = strstr(r->body, "/settings/export/exp_");
    REQUIRE(link);
    const char *file = text_copy(test_arena(), MEM(link, strcspn(link, "\"")));
    r = get(c, file);
    CHECK_NUM(r->status, 200);
    CHECK(text_starts(header_of(r, "content-disposition"), "attachment; filename=\"my-data-"));
    CHECK_TEXT(text_of(r, "status"), "ready");
    wait_for(setting_span(SETTING_FRESH_PROOF) + SECOND);
    r = get(c, file);
    CHECK_NUM(r->status, 303);
    CHECK(text_starts(header_of(r, "location"), "/reauth?next=/settings/export/exp_"));
}

/* --- large --- */

/* A stranger fails to sign in as long as it takes, with a User-Agent that JSON makes twice as long:
   the owner gets a copy all the same. */
TEST_IN_WORLD(DOS_nobody_makes_somebodys_copy_too_large)
{
    enum { AGENT = 512 };
    struct client *ann = signed_in(w, ANN);
    char agent[AGENT + 1] = "";
    memset(agent, '"', AGENT);
    run_sql(w, text_format(test_arena(),
                           "INSERT INTO audit (chain, seq, id, at, event, account_id, actor, ip,"
                           "                   user_agent, request_id, detail, hash)"
                           " WITH RECURSIVE n(i) AS"
                           "   (SELECT 100000 UNION ALL SELECT i + 1 FROM n WHERE i < 102200)"
                           " SELECT a.chain, a.seq + n.i, 'aud_8' || n.i, a.at, a.event,"
                           "        a.account_id, a.actor, a.ip, '%s', a.request_id, a.detail,"
                           "        a.hash"
                           "   FROM n, (SELECT * FROM audit WHERE event = 'session.started') a",
                           agent));
    char *escaped = text_format(test_arena(), "%s%s", agent, agent);
    for (int i = 0; i < 2 * AGENT; i += 2)
        escaped[i] = '\\';
    run_sql(w, text_format(test_arena(),
                           "INSERT INTO notification (id, account_id, kind, detail, at)"
                           " WITH RECURSIVE n(i) AS"
                           "   (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 2100)"
                           " SELECT 'ntf_8' || n.i, a.id, 'new_device',"
                           "        '{\"user_agent\":\"%s\"}', a.created_at FROM n, account a",
                           escaped));
    const char *path = asked(ann);
    run_jobs(w);
    struct reply *r = get(ann, path);
    CHECK_NUM(r->status, 200);
    int events = 0; /* more values than our own reader takes at once */
    for (const char *p = r->body; (p = strstr(p, "\"id\":\"aud_")); p++)
        events++;
    CHECK(events > 1000 && events < 2000);
    CHECK(text_starts(r->body, "{\"id\":\"exp_") && text_ends(r->body, "]}}"));
    CHECK(strstr(r->body, "\"account\":[{\"id\":\"usr_") != NULL);
    CHECK_NUM(get(ann, "/v1/account/activity?limit=200")->status, 200);
}

/* --- many at once --- */

static void ask_once(void *arg, int)
{
    struct client c = *(struct client *)arg;
    CHECK_NUM(post(&c, PATH, NULL)->status, 202);
}

TEST_IN_WORLD(RACE_01_copies_asked_for_at_once_stay_three)
{
    struct client *ann = signed_in(w, ANN);
    crowd(24, ask_once, ann);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM export"), 3);
    CHECK_NUM(mail_count(w, ANN, "export_ready"), 3);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM export WHERE ready_at IS NOT NULL"), 3);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM task"), 0);
}

/* --- complete: every column of every personal table --- */

/* What stays out of a copy, and why. table "" means every table. */
static const struct {
    const char *table, *column, *why;
} left_out[] = {
    { "", "account_id", "whose it is: the whole copy is theirs" },
    { "", "secret_hash", "secret" },
    { "", "agent_key", "made from user_agent, which is there" },
    { "account", "email_key", "made from email, which is there" },
    { "account", "password", "secret" },
    { "session", "generation", "how often a token was rotated: part of a secret" },
    { "session", "rotated_at", "likewise" },
    { "session", "key_id", "which of our keys: not about them" },
    { "registration", "password", "secret" },
    { "reset", "password_changed_at", "the account's, which is there" },
    { "pending", "password_changed_at", "likewise" },
    { "totp", "secret", "secret" },
    { "totp", "last_step", "which code was used last: guards a secret" },
    { "totp_setup", "secret", "secret" },
    { "totp_setup", "session_id", "the session's, which is there" },
    { "totp_setup", "attempts", "guards a secret" },
    { "recovery_code", "code_hash", "secret" },
    { "magic_link", "browser_hash", "secret" },
    { "magic_link", "email_key", "the account's, which is there" },
    { "magic_link", "password_changed_at", "likewise" },
    { "email_code", "code_hash", "secret" },
    { "email_code", "key_id", "which of our keys: not about them" },
    { "email_code", "email_key", "the account's, which is there" },
    { "email_code", "password_changed_at", "likewise" },
    { "magic_link", "browser_hash", "secret" },
    { "magic_link", "email_key", "the account's, whose address is there" },
    { "magic_link", "password_changed_at", "the account's, which is there" },
    { "email_code", "code_hash", "secret" },
    { "email_code", "key_id", "which of our keys: not about them" },
    { "email_code", "email_key", "the account's, whose address is there" },
    { "email_code", "password_changed_at", "the account's, which is there" },
    { "passkey", "credential_id", "the authenticator's own bytes, of no use elsewhere" },
    { "passkey", "public_key", "likewise" },
    { "passkey", "sign_count", "guards against copies" },
    { "passkey", "discoverable", "what the browser said of its own" },
    { "email_change", "confirm_hash", "secret" },
    { "email_change", "revoke_hash", "secret" },
    { "email_change", "undo_hash", "secret" },
    { "email_change", "old_key", "made from old_email, which is there" },
    { "email_change", "new_key", "made from new_email, which is there" },
    { "outbox", "to_address", "there as \"to\"" },
    { "outbox", "locale", "the account's, which is there" },
    { "outbox", "vars", "secret: holds links" },
    { "outbox", "give_up_at", "our own upkeep" },
    { "outbox", "due_at", "likewise" },
    { "outbox", "taken_by", "likewise" },
    { "outbox", "attempts", "likewise" },
    { "outbox", "last_error", "likewise" },
    { "outbox", "dead_at", "likewise" },
    { "outbox", "purge_at", "likewise" },
    { "audit", "chain", "the chain it is linked into: not about them" },
    { "audit", "seq", "likewise" },
    { "audit", "hash", "likewise" },
    { "audit", "salt", "likewise" },
    { "audit", "commitment", "likewise" },
    { "audit", "actor", "there as \"by\": staff have no name in it" },
    { "notification", "detail", "there as ip and user_agent" },
    { "export", "data", "this copy itself" },
    { "invite", "email_key", "made from email, which is there" },
    { "invite", "uses", "how many it was for: not about them" },
    { "invite", "used", "likewise" },
    { "invite", "created_by", "staff have no name in it" },
    { "waitlist", "email_key", "made from email, which is there" },
    { "waitlist", "person_key", "likewise" },
    { "waitlist", "referred_by", "who brought them: another person" },
    { "waitlist", "invite_id", "there as invite" },
};

static bool is_left_out(const char *table, const char *column)
{
    for (size_t i = 0; i < COUNT(left_out); i++)
        if (text_equal(left_out[i].column, column) &&
            (!*left_out[i].table || text_equal(left_out[i].table, table)))
            return true;
    return false;
}

static void read_columns(struct world *w, const char *table, struct db_rows *ret)
{
    struct tx tx;
    bool is_sqlite = text_equal(db_engine_name(w->real_db), "sqlite");
    db_begin(&tx, w->real_db, DB_READ, test_arena());
    if (is_sqlite)
        CHECK_OK(db_each(&tx, "SELECT name, upper(type) FROM pragma_table_info($1)", V(text(table)),
                         ret));
    else
        CHECK_OK(db_each(&tx,
                         "SELECT CAST(column_name AS TEXT), CASE data_type WHEN 'text' THEN 'TEXT'"
                         " WHEN 'bigint' THEN 'BIGINT' ELSE 'BLOB' END"
                         " FROM information_schema.columns"
                         " WHERE table_schema = current_schema() AND table_name = $1",
                         V(text(table)), ret));
    db_rollback(&tx);
    CHECK(ret->count > 1);
}

/* The value of a column in a row made up for the test; its text says where it stood. */
static const char *made_up(struct world *w, const char *table, const char *column, const char *type)
{
    bool is_sqlite = text_equal(db_engine_name(w->real_db), "sqlite");
    const char *canary = text_format(test_arena(), "canary-%s-%s", table, column);
    if (text_equal(column, "account_id"))
        return text_format(test_arena(), "'%s'", account_id_of(w, ANN));
    if (text_equal(column, "email_key")) /* of somebody who has no account yet: known by this */
        return "'" ANN "'";
    if (text_equal(column, "created_by"))
        return "NULL";
    if (!text_equal(type, "TEXT") && !text_equal(type, "BLOB"))
        return "1700000000000";
    if (text_equal(type, "TEXT"))
        return text_format(test_arena(), "'%s'", canary);
    const char *hex = hex_format(test_arena(), mem_text(canary));
    return text_format(test_arena(), is_sqlite ? "x'%s'" : "decode('%s', 'hex')", hex);
}

/* A table that no feature has filled gets a row. */
static void make_up_row(struct world *w, const char *table)
{
    struct db_rows columns;
    struct buf names, values;
    buf_init(&names, test_arena(), 4000);
    buf_init(&values, test_arena(), 4000);
    read_columns(w, table, &columns);
    for (size_t i = 0; i < columns.count; i++) {
        const char *column = db_at(&columns, i, 0)->text;
        buf_format(&names, "%s%s", i ? ", " : "", column);
        buf_format(&values, "%s%s", i ? ", " : "",
                   made_up(w, table, column, db_at(&columns, i, 1)->text));
    }
    run_sql(w,
            text_format(test_arena(), "INSERT INTO %s (%s) VALUES (%s)", table, names.p, values.p));
}

static void check_table(struct world *w, const struct personal_table *t,
                        const struct json_value *data)
{
    struct db_rows columns;
    const struct json_value *rows = json_find(data, t->name);
    if (!rows || rows->kind != JSON_IS_ARRAY || rows->count == 0)
        return test_fail(__FILE__, __LINE__, "no row of %s in the copy", t->name);
    read_columns(w, t->name, &columns);
    for (size_t i = 0; i < columns.count; i++) {
        const char *column = db_at(&columns, i, 0)->text;
        bool is_there = json_find(&rows->items[0], column) != NULL;
        if (is_there == is_left_out(t->name, column))
            test_fail(__FILE__, __LINE__, "%s.%s is %s the copy: see left_out", t->name, column,
                      is_there ? "in" : "not in");
    }
}

/* What somebody else's copy, or a thief's, must never hold. */
static void check_secrets(const struct app *app, const char *copy, struct client *page)
{
    CHECK(!strstr(copy, "$argon2") && !strstr(copy, "secret_hash") && !strstr(copy, "token="));
    CHECK(!strstr(copy, app->base32) && !strstr(copy, hex_format(test_arena(), app->secret)));
    for (int i = 0; i < CODES; i++)
        CHECK(!strstr(copy, app->codes[i]));
    const char *cookie = cookie_of(page, "cardea"), *device = cookie_of(page, "cardea-device");
    REQUIRE(cookie && device);
    CHECK(!strstr(copy, cookie + strlen("ses_") + 26) && !strstr(copy, device + 4 + 26));
    CHECK(!strstr(copy, app->owner->refresh));
    for (size_t i = 0; i < COUNT(left_out); i++)
        if (text_starts(left_out[i].why, "secret") && *left_out[i].table)
            CHECK(!strstr(copy, text_format(test_arena(), "canary-%s-%s", left_out[i].table,
                                            left_out[i].column)));
}

TEST_IN_WORLD(MFA_06_a_copy_holds_every_column_and_no_secret)
{
    struct app app = two_step(w, ANN);
    struct client *page = client(w);
    const struct personal_table *t;
    CHECK_NUM(login_page(page, ANN, PASSWORD)->status, 303);
    (void)get(page, "/2fa/verify");
    CHECK_NUM(post_form(page, "/2fa/verify", text_format(test_arena(), "code=%s", code_at(&app, 0)))
                  ->status,
              303);
    (void)asked(app.owner);
    run_jobs(w);
    for (size_t i = 0; (t = personal_nth(i)); i++)
        if (t->write &&
            count_of(w, text_format(test_arena(), "SELECT count(*) FROM %s", t->name)) == 0)
            make_up_row(w, t->name);

    const char *path = asked(app.owner);
    run_jobs(w);
    struct reply *r = get(app.owner, path);
    CHECK_NUM(r->status, 200);
    const struct json_value *data = json_find(&r->json, "data");
    REQUIRE(data);
    for (size_t i = 0; (t = personal_nth(i)); i++)
        if (t->write)
            check_table(w, t, data);
    check_secrets(&app, r->body, page);
    CHECK(strstr(r->body, "canary-") != NULL); /* the check above can fail */
}

/* A table without a copy would hide from the walk above. */
static const char *const without_copy[] = {
    "ceremony",        /* challenges of ten minutes, which name nobody */
    "lockout_address", /* by an HMAC of any address: nobody can say whose */
};

TEST(MFA_06_every_personal_table_has_a_copy)
{
    const struct personal_table *t;
    app_register();
    for (size_t i = 0; (t = personal_nth(i)); i++) {
        bool is_agreed = t->write != NULL;
        for (size_t k = 0; k < COUNT(without_copy); k++)
            is_agreed = is_agreed || text_equal(without_copy[k], t->name);
        if (!is_agreed)
            test_fail(__FILE__, __LINE__, "%s is not in a copy", t->name);
    }
}

/* A copy is all there is to steal: its owner sees when one was fetched. */
TEST_IN_WORLD(fetching_a_copy_leaves_a_mark)
{
    struct client *ann = signed_in(w, ANN);
    const char *id = text_of(post(ann, "/v1/account/export", "{}"), "id");
    const char *path = text_format(test_arena(), "/v1/account/export/%s", id);
    CHECK_TEXT(text_of(get(ann, path), "status"), "pending");
    CHECK(!has_audit(w, "export.fetched"));
    run_jobs(w);
    CHECK_TEXT(text_of(get(ann, path), "status"), "ready");
    CHECK(has_audit(w, "export.fetched"));
    CHECK_NUM(get(ann, "/v1/account/export/exp_00000000000000000000000000")->status, 404);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM audit WHERE event = 'export.fetched'"), 1);
}
