/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record behind a refusal: staff can open it, nobody can forge it, and it holds nothing that
 * must not be there.
 */
#include "attack.h"
#include "sample.h"

#include "base/clock.h"
#include "service/keyring.h"
#include "service/setting.h"
#include "web/decision.h"

#include <string.h>

/* Somebody of the staff, by API. */
static struct client *staff(struct world *w, int64_t roles)
{
    struct client *c = signed_in(w, BEN);
    tamper(w, "UPDATE account SET roles = CAST($1 AS BIGINT) WHERE email_key = $2",
           V(num(roles), text(BEN)));
    CHECK_NUM(login(c, BEN, PASSWORD)->status, 200);
    return c;
}

/* Forgets a password until that is too much. */
static struct reply *be_refused(struct world *w, const char *email)
{
    struct client *c = client(w);
    struct reply *r = NULL;
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    for (int i = 0; i < 30 && (!r || r->status != 429); i++)
        r = post(c, "/v1/auth/password/forgot", json("email", email, NULL));
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "off"));
    return r;
}

static const char *refused_id(struct world *w)
{
    struct reply *r = be_refused(w, ANN);
    check_problem(r, 429, "rate_limited");
    const char *id = text_of(r, "decision_id");
    CHECK(id && text_starts(id, "dec_"));
    return id ? id : "";
}

static struct reply *open_id(struct client *c, const char *id)
{
    return get(c, text_format(test_arena(), "/v1/admin/decisions/%s", id));
}

TEST_IN_WORLD(a_refusal_can_be_looked_up)
{
    const char *id = refused_id(w);
    struct reply *r = open_id(staff(w, ROLE_SUPPORT), id);
    CHECK_NUM(r->status, 200);
    CHECK_TEXT(text_of(r, "id"), id);
    CHECK(text_starts(text_of(r, "rule"), "limit "));
    CHECK_TEXT(text_of(r, "explanation"), "Too many requests of this kind came in a short time.");
    CHECK(num_of(r, "threshold") > 0 && num_of(r, "value") >= num_of(r, "threshold"));
    CHECK_TEXT(text_of(r, "at"), clock_format(test_arena(), clock_now()));
    CHECK(text_of(r, "until") && strcmp(text_of(r, "until"), text_of(r, "at")) > 0);
    CHECK_TEXT(text_of(r, "route"), "/v1/auth/password/forgot");
    CHECK_TEXT(text_of(r, "method"), "POST");
    CHECK_TEXT(text_of(r, "client_network"), "192.0.2.0/24");
}

TEST_IN_WORLD(a_record_is_no_row)
{
    (void)be_refused(w, ANN);
    const char *before = store_print(w);
    for (int i = 0; i < 20; i++)
        (void)be_refused(w, ANN);
    CHECK_TEXT(store_print(w), before);
}

TEST_IN_WORLD(a_page_shows_its_reference_and_staff_reads_it)
{
    struct client *c = client(w), *ben = client(w);
    struct reply *r = NULL;
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    for (int i = 0; i < 30 && (!r || r->status != 429); i++) {
        (void)get(c, "/forgot-password");
        r = post_form(c, "/forgot-password", "email=ann%40example.org");
    }
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "off"));
    CHECK_NUM(r->status, 429);
    const char *at = strstr(r->body, "dec_");
    REQUIRE(at != NULL);
    const char *id = text_copy(test_arena(), MEM(at, strcspn(at, "<")));
    (void)staff(w, ROLE_SUPPORT);
    CHECK_NUM(login_page(ben, BEN, PASSWORD)->status, 303);
    struct reply *page = get(ben, text_format(test_arena(), "/admin/decisions/%s", id));
    CHECK_NUM(page->status, 200);
    CHECK(strstr(page->body, "Too many requests of this kind"));
    CHECK(strstr(page->body, "192.0.2.0/24") && strstr(page->body, "/forgot-password"));
}

TEST_IN_WORLD(staff_paste_a_reference)
{
    const char *id = refused_id(w);
    struct client *ben = client(w);
    (void)staff(w, ROLE_SUPPORT);
    CHECK_NUM(login_page(ben, BEN, PASSWORD)->status, 303);
    struct reply *form = get(ben, "/admin/decisions");
    CHECK_NUM(form->status, 200);
    CHECK(strstr(form->body, "name=\"reference\"") && !strstr(form->body, "reference-error"));
    struct reply *r = get(ben, text_format(test_arena(), "/admin/decisions?reference=%s", id));
    CHECK(strstr(r->body, "Too many requests of this kind") != NULL);
    /* As it comes out of a mail, broken in two. */
    r = get(ben,
            text_format(test_arena(), "/admin/decisions?reference=+%.20s%%0D%%0A%s+", id, id + 20));
    CHECK(strstr(r->body, "Too many requests of this kind") != NULL);
    r = get(ben, "/admin/decisions?reference=dec_x%22%3E%3Cb%3E");
    CHECK_NUM(r->status, 200);
    CHECK(strstr(r->body, "reference-error") && !strstr(r->body, "<b>"));
    wait_for(8 * DAY);
    r = get(ben, text_format(test_arena(), "/admin/decisions?reference=%s", id));
    CHECK(strstr(r->body, "too old") != NULL);
}

TEST_IN_WORLD(RBAC_01_only_staff_opens_a_record)
{
    const char *id = refused_id(w);
    check_problem(open_id(client(w), id), 401, "unauthenticated");
    check_problem(open_id(signed_in(w, ANN), id), 403, "forbidden");
    CHECK_NUM(open_id(staff(w, ROLE_ADMIN), id)->status, 200);
}

TEST_IN_WORLD(INT_02_a_forged_record_does_not_open)
{
    const char *id = refused_id(w);
    struct client *c = staff(w, ROLE_SUPPORT);
    size_t n = strlen(id);
    for (size_t i = 4; i < n; i += 7) { /* each bit that stands for something counts */
        char *edited = text_copy(test_arena(), mem_text(id));
        edited[i] = edited[i] == 'A' ? 'B' : 'A';
        if (open_id(c, edited)->status != 404)
            test_fail(__FILE__, __LINE__, "edited at %zu it opens", i);
    }
    const char *const forged[] = {
        "x",
        "dec_",
        "dec_AAAA",
        text_format(test_arena(), "%s=", id),
        text_format(test_arena(), "%sA", id),
        text_format(test_arena(), "%s%s", id, id),
        text_format(test_arena(), "dcc_%s", id + 4),
        text_format(test_arena(), "%s", id + 4),
        text_format(test_arena(), "DEC_%s", id + 4),
        text_copy(test_arena(), MEM(id, n - 1)),
        text_copy(test_arena(), MEM(id, n / 2)),
        text_copy(test_arena(), MEM(id, 40)),
        "dec_%20",
    };
    for (size_t i = 0; i < COUNT(forged); i++)
        if (open_id(c, forged[i])->status != 404)
            test_fail(__FILE__, __LINE__, "%s gives %d", forged[i], open_id(c, forged[i])->status);
}

/* Sealed by this house, but as something else: the place is under the tag. */
TEST_IN_WORLD(INT_02_what_was_sealed_for_another_place_is_no_record)
{
    struct seal_place place = { "task", "arg", "" };
    struct mem sealed = seal(keyring_seals(), test_arena(), place, mem_text("x"));
    char *text = arena_alloc(test_arena(), base64url_size(sealed.n) + 1);
    base64url_format(sealed, text);
    CHECK_NUM(open_id(staff(w, ROLE_SUPPORT), text_format(test_arena(), "dec_%s", text))->status,
              404);
}

static int opens(struct client *c, const char *id)
{
    CHECK_NUM(login(c, BEN, PASSWORD)->status, 200);
    return open_id(c, id)->status;
}

TEST_IN_WORLD(a_record_is_gone_after_its_time)
{
    const char *id = refused_id(w);
    struct client *c = staff(w, ROLE_SUPPORT);
    wait_for(7 * DAY);
    CHECK_NUM(opens(c, id), 200);
    wait_for(1);
    CHECK_NUM(opens(c, id), 410);
    CHECK_OK(setting_override(SETTING_DECISION_KEEP, "8d"));
    CHECK_NUM(opens(c, id), 200);
    wait_for(-30 * DAY); /* a clock set back takes nothing away */
    CHECK_NUM(opens(c, id), 200);
}

#define KEY_OLD "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
#define KEY_NEW "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY="

static void use_keys(struct world *w, const char *keys)
{
    keyring_close();
    CHECK_OK(setting_override(SETTING_ENCRYPTION_KEYS, keys));
    REQUIRE(keyring_open(w->real_db, &w->arena) == OK); /* the test's own act: no fault in it */
}

static const char *record_under(struct world *w, const char *keys)
{
    use_keys(w, keys);
    return refused_id(w);
}

TEST_IN_WORLD(an_old_key_still_opens_and_a_lost_one_does_not)
{
    struct decision_record record;
    /* The signing keys are sealed too, so that a lost key needs a store without any. */
    run_sql(w, "DELETE FROM signing_key");
    const char *id = record_under(w, "old:" KEY_OLD);
    CHECK_OK(decision_open(test_arena(), id, clock_now(), &record));
    use_keys(w, "new:" KEY_NEW ",old:" KEY_OLD);
    CHECK_OK(decision_open(test_arena(), id, clock_now(), &record));
    CHECK(text_starts(record.what.rule, "limit "));
    run_sql(w, "DELETE FROM signing_key");
    use_keys(w, "new:" KEY_NEW);
    CHECK_ERR(decision_open(test_arena(), id, clock_now(), &record), E_NOT_FOUND);
    run_sql(w, "DELETE FROM signing_key");
    use_keys(w, "old:" KEY_NEW); /* another house that gave its key the same name */
    CHECK_ERR(decision_open(test_arena(), id, clock_now(), &record), E_NOT_FOUND);
    CHECK_OK(setting_override(SETTING_ENCRYPTION_KEYS, ""));
}

/* --- what it holds --- */

TEST_IN_WORLD(LOG_02_a_record_names_no_address_and_no_secret)
{
    struct client *c = client(w);
    struct reply *r = NULL;
    with_header(c, "X-Request-Id: canary-request");
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "on"));
    for (int i = 0; i < 60 && (!r || r->status != 429); i++)
        r = post(c, "/v1/auth/login",
                 json("email", "canary@example.org", "password", "a canary sings here", NULL));
    CHECK_OK(setting_override(SETTING_RATE_LIMITS, "off"));
    CHECK_NUM(r->status, 429);
    CHECK(!strstr(r->body, "canary@") && !strstr(r->body, "sings"));
    struct reply *shown = open_id(staff(w, ROLE_SUPPORT), text_of(r, "decision_id"));
    CHECK_NUM(shown->status, 200);
    CHECK_TEXT(text_of(shown, "request_id"), "canary-request");
    CHECK(!strstr(shown->body, "canary@") && !strstr(shown->body, "sings"));
}

TEST_IN_WORLD(ENUM_06_a_record_is_as_long_for_known_and_unknown)
{
    person(w, ANN, PASSWORD);
    struct reply *known = be_refused(w, ANN);
    wait_for(DAY);
    struct reply *unknown = be_refused(w, "nobody-at-all@example.org");
    CHECK_NUM(strlen(text_of(known, "decision_id")), strlen(text_of(unknown, "decision_id")));
}

TEST_IN_WORLD(a_long_rule_and_request_id_fit)
{
    struct decision_record record;
    struct http_exchange x = { .request.method = HTTP_GET };
    const char *long_text = text_format(test_arena(), "other %0200d", 7);
    struct req rq = { .x = &x, .arena = test_arena(), .now = clock_now(), .request_id = long_text };
    (void)ip_parse("2001:db8:1:2:3::4", &rq.client);
    CHECK_ERR(refuse_by_rule_and_keep(&rq, PROBLEM_FORBIDDEN,
                                      &(struct decision){ .rule = long_text,
                                                          .counter = long_text,
                                                          .value = INT64_MAX,
                                                          .threshold = INT64_MIN }),
              E_REFUSED);
    CHECK(rq.is_kept);
    CHECK_OK(decision_open(test_arena(), rq.decision_id, rq.now, &record));
    CHECK_NUM(record.what.value, INT64_MAX);
    CHECK_NUM(record.what.threshold, INT64_MIN);
    CHECK_TEXT(record.network, "2001:db8:1:2::/64");
    CHECK_TEXT(record.path, "");
    CHECK_TEXT(record.explanation, "decision.other");
    (void)!refuse(&rq, PROBLEM_FORBIDDEN); /* a later refusal is another one */
    CHECK(rq.decision_id == NULL);
}
