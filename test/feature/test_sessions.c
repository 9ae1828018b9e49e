/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SESS: a session is one row, known by an unguessable cookie, bound to its network and program, and
 * over when it is said to be over.
 */
#include "attack.h"
#include "sample.h"

#include "account/session_cache.h"
#include "base/clock.h"
#include "base/id.h"
#include "service/setting.h"

#include <stdio.h>
#include <string.h>

#define FRESH "a chair of cherry wood"

static struct client *by_page(struct world *w, const char *email, const char *password)
{
    struct client *c = client(w);
    struct reply *r = login_page(c, email, password);
    CHECK_NUM(r->status, 303);
    return c;
}

static int status_of_me(struct client *c)
{
    return get(c, "/v1/auth/me")->status;
}

static void put_cookie(struct client *c, const char *value)
{
    memset(c->cookie_names, 0, sizeof c->cookie_names);
    c->cookie_names[0] = "cardea";
    c->cookie_values[0] = value;
}

/* --- forging --- */

TEST_IN_WORLD(SESS_01_nothing_but_the_cookie_itself_is_a_session)
{
    struct client *ann = signed_in(w, ANN), *thief = client(w);
    struct client *page = by_page(w, ANN, PASSWORD);
    const char *good = cookie_of(page, "cardea");
    const char *forged[] = {
        ann->session_id,
        account_id_of(w, ANN),
        text_format(test_arena(), "%s.%s", ann->session_id, account_id_of(w, ANN)),
        text_format(test_arena(), "%.30s%s", ann->session_id, good + 30),
        text_format(test_arena(), "%.60s", good),
        text_format(test_arena(), "%sx", good),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.",
        "%7B%22user%22%3A1%7D",
        "remember-me",
        "null",
        "0",
    };
    for (size_t i = 0; i < COUNT(forged); i++) {
        put_cookie(thief, forged[i]);
        struct reply *r = get(thief, "/v1/auth/me");
        if (r->status != 401)
            test_fail(__FILE__, __LINE__, "%s gives %d", forged[i], r->status);
        CHECK(header_of(r, "www-authenticate") != NULL);
        CHECK_NUM(get(thief, "/account/security")->status, 303);
    }
    put_cookie(thief, good); /* the thing itself is one */
    CHECK_NUM(status_of_me(thief), 200);
    with_header(thief, text_format(test_arena(), "X-User-Id: %s", account_id_of(w, ANN)));
    put_cookie(thief, "null");
    CHECK_NUM(status_of_me(thief), 401);
}

/* A wrong Authorization is not rescued by a good cookie, nor the other way round. */
TEST_IN_WORLD(SESS_01_one_credential_speaks)
{
    struct client *ann = by_page(w, (person(w, ANN, PASSWORD), ANN), PASSWORD);
    CHECK_NUM(status_of_me(ann), 200);
    ann->bearer = "nonsense";
    CHECK_NUM(status_of_me(ann), 401);
    ann->bearer = NULL;
    with_header(ann, "Authorization: Basic YWRtaW46YWRtaW4=");
    CHECK_NUM(status_of_me(ann), 401);
}

TEST_IN_WORLD(SESS_02_signing_in_makes_a_new_session_and_ends_the_one_it_replaces)
{
    struct client *ann = by_page(w, (person(w, ANN, PASSWORD), ANN), PASSWORD), *kept = client(w);
    const char *first = cookie_of(ann, "cardea");
    put_cookie(kept, first);
    CHECK_NUM(status_of_me(kept), 200);
    /* The page sends home whoever is signed in; the form of an older page is posted all the same.
     */
    const char *form = "email=ann%40example.org&password=a+brand+new+walnut+desk";
    CHECK_NUM(get(ann, "/login")->status, 303);
    struct reply *r = post_form(ann, "/login", form);
    CHECK_NUM(r->status, 303);
    const char *second = cookie_of(ann, "cardea");
    CHECK(second && !text_equal(first, second));
    CHECK(second && strncmp(first, second, 30) != 0); /* another id, not only another secret */
    CHECK_NUM(status_of_me(ann), 200);
    CHECK_NUM(status_of_me(kept), 401);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 1);
    CHECK(has_audit(w, "session.ended"));
}

/* An attacker's cookie in the victim's browser never becomes the victim's session. */
TEST_IN_WORLD(SESS_02_a_planted_cookie_is_thrown_away)
{
    person(w, ANN, PASSWORD);
    person(w, BEN, PASSWORD);
    struct client *ben = by_page(w, BEN, PASSWORD), *ann = client(w), *attacker = client(w);
    const char *planted[] = { cookie_of(ben, "cardea"), "ses_00000000000000000000000000", "x" };
    for (size_t i = 0; i < COUNT(planted); i++) {
        ann = client(w);
        (void)get(ann, "/login");
        ann->cookie_names[CLIENT_COOKIES - 1] = "cardea";
        ann->cookie_values[CLIENT_COOKIES - 1] = planted[i];
        CHECK_NUM(
            post_form(ann, "/login", "email=ann%40example.org&password=a+brand+new+walnut+desk")
                ->status,
            303);
        CHECK(!text_equal(cookie_of(ann, "cardea"), planted[i]));
        CHECK_TEXT(text_of(get(ann, "/v1/auth/me"), "user.email"), ANN);
        put_cookie(attacker, planted[i]);
        CHECK_NUM(status_of_me(attacker), 401);
    }
}

TEST_IN_WORLD(SESS_02_a_wrong_cookie_ends_nobodys_session)
{
    struct client *ann = by_page(w, (person(w, ANN, PASSWORD), ANN), PASSWORD),
                  *mallory = client(w);
    person(w, BEN, PASSWORD);
    (void)get(mallory, "/login");
    mallory->cookie_names[CLIENT_COOKIES - 1] = "cardea"; /* the id, but not the secret */
    mallory->cookie_values[CLIENT_COOKIES - 1] = text_format(
        test_arena(), "%.30sAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", cookie_of(ann, "cardea"));
    CHECK_NUM(
        post_form(mallory, "/login", "email=ben%40example.org&password=a+brand+new+walnut+desk")
            ->status,
        303);
    CHECK_NUM(status_of_me(ann), 200);
}

/* An API sign-in that asks for no cookie leaves the browser's session alone. */
TEST_IN_WORLD(SESS_02_tokens_replace_no_cookie)
{
    struct client *ann = by_page(w, (person(w, ANN, PASSWORD), ANN), PASSWORD);
    with_header(ann, "Sec-Fetch-Site: same-origin");
    CHECK_NUM(login(ann, ANN, PASSWORD)->status, 200);
    ann->bearer = NULL;
    CHECK_NUM(status_of_me(ann), 200);
    const char *body = "{\"email\":\"" ANN "\",\"password\":\"" PASSWORD "\",\"cookie\":true}";
    const char *before = cookie_of(ann, "cardea");
    CHECK_NUM(post(ann, "/v1/auth/login", body)->status, 200);
    CHECK(!text_equal(cookie_of(ann, "cardea"), before));
    CHECK_NUM(status_of_me(ann), 200);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 2);
}

/* --- signing out --- */

TEST_IN_WORLD(SESS_03_signing_out_ends_the_row_and_empties_the_browser)
{
    struct client *ann = by_page(w, (person(w, ANN, PASSWORD), ANN), PASSWORD), *kept = client(w);
    put_cookie(kept, cookie_of(ann, "cardea"));
    struct reply *r = get(ann, "/account/security");
    CHECK_TEXT(header_of(r, "cache-control"), "no-store");
    CHECK_NUM(status_of_me(kept), 200);
    r = post_form(ann, "/logout", "");
    CHECK_NUM(r->status, 303);
    CHECK(strstr(header_of(r, "clear-site-data"), "\"cache\"") != NULL);
    CHECK(strstr(header_of(r, "set-cookie"), "Max-Age=0") != NULL);
    CHECK(cookie_of(ann, "cardea") == NULL);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
    CHECK_NUM(status_of_me(kept), 401);
    CHECK_NUM(get(kept, "/account/security")->status, 303);
}

TEST_IN_WORLD(SESS_03_signing_out_without_or_with_half_a_cookie)
{
    struct client *ann = by_page(w, (person(w, ANN, PASSWORD), ANN), PASSWORD), *c = client(w);
    CHECK_NUM(post(c, "/v1/auth/logout", NULL)->status, 401);
    CHECK_NUM(call(c, "POST", "/logout", "csrf=x")->status, 403);
    put_cookie(c, text_format(test_arena(), "%.30s", cookie_of(ann, "cardea")));
    CHECK_NUM(call(c, "POST", "/logout", "csrf=x")->status, 403);
    put_cookie(c, "half");
    with_header(c, "Sec-Fetch-Site: same-origin");
    CHECK_NUM(post(c, "/v1/auth/logout", NULL)->status, 401);
    CHECK_NUM(status_of_me(ann), 200); /* nobody else was signed out */
    struct client *again = client(w);
    (void)get(again, "/login");
    struct reply *r = post_form(again, "/logout", ""); /* signed in nowhere: nothing to end */
    CHECK_NUM(r->status, 303);
    CHECK_NUM(status_of_me(ann), 200);
}

TEST_IN_WORLD(SESS_03_nobody_ends_somebody_elses_session)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    struct reply *theirs = call(
        ben, "DELETE", text_format(test_arena(), "/v1/account/sessions/%s", ann->session_id), NULL);
    struct reply *nobodys = call(
        ben, "DELETE",
        text_format(test_arena(), "/v1/account/sessions/%s", id_new(test_arena(), "ses")), NULL);
    CHECK_NUM(theirs->status, 404);
    CHECK_NUM(nobodys->status, 404);
    CHECK_NUM(status_of_me(ann), 200);
    struct client *page = by_page(w, BEN, PASSWORD);
    (void)get(page, "/account/security");
    (void)post_form(page, "/account/sessions/end",
                    text_format(test_arena(), "id=%s", ann->session_id));
    CHECK_NUM(status_of_me(ann), 200);
    CHECK_NUM(refresh(ann, ann->refresh)->status, 200);
}

/* --- the cookie --- */

TEST_IN_WORLD(SESS_04_the_cookie_has_every_protection)
{
    CHECK_OK(setting_override(SETTING_PUBLIC_URL, "https://localhost:8080"));
    struct client *c = client(w);
    person(w, ANN, PASSWORD);
    struct reply *r = get(c, "/login");
    const char *form = header_of(r, "set-cookie");
    REQUIRE(form);
    CHECK(strncmp(form, "__Host-", 7) == 0);
    r = login_page(c, ANN, PASSWORD);
    CHECK_NUM(r->status, 303);
    const char *line = header_of(r, "set-cookie");
    REQUIRE(line);
    const char *lines[] = { form, line };
    for (size_t i = 0; i < COUNT(lines); i++) {
        CHECK(strstr(lines[i], "; Path=/;") != NULL);
        CHECK(strstr(lines[i], "; HttpOnly") != NULL);
        CHECK(strstr(lines[i], "; Secure") != NULL);
        CHECK(strstr(lines[i], "; SameSite=Lax") || strstr(lines[i], "; SameSite=Strict"));
        CHECK(strstr(lines[i], "Domain") == NULL);
        CHECK(strlen(lines[i]) < 512);
        CHECK(strchr(lines[i], '@') == NULL && strstr(lines[i], "usr_") == NULL);
    }
    CHECK(strncmp(line, "__Host-cardea=", 14) == 0);
    CHECK(header_of(r, "strict-transport-security") != NULL);
    CHECK_NUM(status_of_me(c), 200);
    /* Under its plain name the same value is nothing. */
    struct client *plain = client(w);
    put_cookie(plain, cookie_of(c, "__Host-cardea"));
    CHECK_NUM(status_of_me(plain), 401);
}

TEST_IN_WORLD(SESS_04_two_session_cookies_are_refused)
{
    person(w, ANN, PASSWORD);
    person(w, BEN, PASSWORD);
    const char *anns = cookie_of(by_page(w, ANN, PASSWORD), "cardea");
    const char *bens = cookie_of(by_page(w, BEN, PASSWORD), "cardea");
    const char *pairs[][2] = { { anns, bens }, { anns, anns }, { anns, "" }, { "x", anns } };
    static const char *const joins[] = { "; ", ";", ";  ", "; other=1; " };
    for (size_t i = 0; i < COUNT(pairs); i++)
        for (size_t j = 0; j < COUNT(joins); j++) {
            struct client *c = client(w);
            with_header(c, text_format(test_arena(), "Cookie: cardea=%s%scardea=%s", pairs[i][0],
                                       joins[j], pairs[i][1]));
            struct reply *r = get(c, "/v1/auth/me");
            CHECK_NUM(r->status, 400);
            CHECK_TEXT(text_of(r, "code"), "duplicate_cookie");
            CHECK_NUM(get(c, "/account/security")->status, 400);
        }
    struct client *c = client(w); /* nor as two header lines */
    with_header(c, text_format(test_arena(), "Cookie: cardea=%s", anns));
    with_header(c, text_format(test_arena(), "Cookie: cardea=%s", bens));
    CHECK(status_of_me(c) == 400);
}

/* --- time --- */

TEST_IN_WORLD(SESS_06_an_unused_session_dies_on_time)
{
    person(w, ANN, PASSWORD);
    struct client *before = by_page(w, ANN, PASSWORD), *after = by_page(w, ANN, PASSWORD);
    run_jobs(w);
    wait_for(14 * DAY - SECOND);
    CHECK_NUM(status_of_me(before), 200);
    wait_for(SECOND);
    CHECK_NUM(status_of_me(after), 401);
    CHECK_NUM(get(after, "/account/security")->status, 303);
}

TEST_IN_WORLD(SESS_06_a_used_session_lives_on)
{
    struct client *ann = by_page(w, (person(w, ANN, PASSWORD), ANN), PASSWORD);
    for (int i = 0; i < 5; i++) {
        wait_for(10 * DAY);
        session_cache_clear(); /* what other requests would have pushed out */
        CHECK_NUM(status_of_me(ann), 200);
        run_jobs(w); /* notes the use */
    }
    wait_for(14 * DAY);
    session_cache_clear();
    CHECK_NUM(status_of_me(ann), 401);
}

/* However often it is used; also while the cache still believes in it. */
TEST_IN_WORLD(SESS_06_every_session_dies_on_time)
{
    struct client *ann = by_page(w, (person(w, ANN, PASSWORD), ANN), PASSWORD);
    for (int i = 0; i < 8; i++) {
        wait_for(10 * DAY);
        CHECK_NUM(status_of_me(ann), 200);
        run_jobs(w);
    }
    wait_for(10 * DAY - SECOND);
    CHECK_NUM(status_of_me(ann), 200);
    wait_for(SECOND);
    CHECK_NUM(status_of_me(ann), 401);
    CHECK_NUM(get(ann, "/account/security")->status, 303);
    wait_for(HOUR);
    run_jobs(w); /* and its row goes */
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
}

TEST_IN_WORLD(SESS_06_a_shorter_setting_counts_at_once)
{
    struct client *ann = by_page(w, (person(w, ANN, PASSWORD), ANN), PASSWORD);
    wait_for(2 * HOUR);
    CHECK_OK(setting_override(SETTING_SESSION_IDLE, "1h"));
    CHECK_NUM(status_of_me(ann), 401);
}

/* --- changes of the password --- */

TEST_IN_WORLD(SESS_07_a_new_password_ends_the_others_and_renews_the_own_cookie)
{
    struct client *ann = by_page(w, (person(w, ANN, PASSWORD), ANN), PASSWORD);
    struct client *other = by_page(w, ANN, PASSWORD), *api = client(w), *stolen = client(w);
    CHECK_NUM(login(api, ANN, PASSWORD)->status, 200);
    put_cookie(stolen, cookie_of(ann, "cardea"));
    CHECK_NUM(status_of_me(stolen), 200);
    CHECK_NUM(status_of_me(other), 200);
    (void)get(ann, "/account/security");
    CHECK_NUM(post_form(ann, "/account/password",
                        "current_password=a+brand+new+walnut+desk&password=a+chair+of+cherry+wood")
                  ->status,
              303);
    CHECK_NUM(status_of_me(ann), 200);
    CHECK_NUM(status_of_me(stolen), 401);
    CHECK_NUM(status_of_me(other), 401);
    CHECK_NUM(status_of_me(api), 401);
    CHECK_NUM(refresh(api, api->refresh)->status, 401);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 1);
    CHECK_NUM(mail_count(w, ANN, "password_changed"), 1);
    CHECK(has_audit(w, "password.changed"));
}

/* --- one's place --- */

struct move {
    const char *from, *to;
    bool stays;
};

TEST_IN_WORLD(SESS_01_a_session_is_bound_to_its_network)
{
    static const struct move moves[] = {
        { "192.0.2.1", "192.0.2.200", true },
        { "192.0.2.1", "192.0.3.1", false },
        { "192.0.2.1", "::ffff:192.0.2.77", true },
        { "192.0.2.1", "2001:db8::1", false },
        { "2001:db8:1:2::3", "2001:db8:1:ffff::1", true },
        { "2001:db8:1::3", "2001:db8:2::3", false },
    };
    person(w, ANN, PASSWORD);
    for (size_t i = 0; i < COUNT(moves); i++) {
        struct client *api = client(w), *page = client(w), *late = client(w);
        wait_for(MINUTE);
        api->ip = page->ip = late->ip = moves[i].from;
        CHECK_NUM(login(api, ANN, PASSWORD)->status, 200);
        CHECK_NUM(login(late, ANN, PASSWORD)->status, 200);
        CHECK_NUM(login_page(page, ANN, PASSWORD)->status, 303);
        int mails = mail_count(w, ANN, "session_moved");
        CHECK_NUM(status_of_me(api), 200);
        api->ip = page->ip = late->ip = moves[i].to;
        CHECK_NUM(status_of_me(api), moves[i].stays ? 200 : 401);
        CHECK_NUM(get(page, "/account/security")->status, moves[i].stays ? 200 : 303);
        CHECK_NUM(refresh(late, late->refresh)->status, moves[i].stays ? 200 : 401);
        CHECK_NUM(mail_count(w, ANN, "session_moved") - mails, moves[i].stays ? 0 : 3);
        /* Back home it is over all the same. */
        api->ip = page->ip = moves[i].from;
        CHECK_NUM(status_of_me(api), moves[i].stays ? 200 : 401);
        CHECK_NUM(refresh(api, api->refresh)->status, moves[i].stays ? 200 : 401);
        CHECK_NUM(get(page, "/account/security")->status, moves[i].stays ? 200 : 303);
    }
    CHECK(has_audit(w, "session.moved"));
}

TEST_IN_WORLD(SESS_01_a_session_is_bound_to_its_program)
{
    static const struct move moves[] = {
        { "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
          "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0.1", true },
        { "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
          "Mozilla/5.0 (Windows NT 10.0; rv:132.0) Gecko/20100101 Firefox/132.0", false },
        { "App/1.2 (iPhone; iOS 18_1)", "App/1.3 (iPhone; iOS 18_2)", true },
        { "App/1.2 (iPhone; iOS 18_1)", "curl/8.5.0", false },
        { "App/1.2 (iPhone; iOS 18_1)", "", false },
        { "", "", true },
    };
    person(w, ANN, PASSWORD);
    for (size_t i = 0; i < COUNT(moves); i++) {
        struct client *c = client(w);
        c->user_agent = moves[i].from;
        CHECK_NUM(login(c, ANN, PASSWORD)->status, 200);
        CHECK_NUM(status_of_me(c), 200);
        int mails = mail_count(w, ANN, "session_moved");
        c->user_agent = moves[i].to;
        struct reply *r = get(c, "/v1/auth/me");
        CHECK_NUM(r->status, moves[i].stays ? 200 : 401);
        if (!moves[i].stays)
            CHECK_TEXT(text_of(r, "code"), "session_moved");
        CHECK_NUM(mail_count(w, ANN, "session_moved") - mails, moves[i].stays ? 0 : 1);
    }
}

/* Who only knows the id (it stands in access tokens and lists) ends nothing by coming from afar. */
TEST_IN_WORLD(SESS_01_a_wrong_secret_from_afar_ends_nothing)
{
    struct client *ann = signed_in(w, ANN), *afar = client(w);
    afar->ip = "203.0.113.66";
    put_cookie(afar, text_format(test_arena(), "%sAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                 ann->session_id));
    CHECK_NUM(status_of_me(afar), 401);
    CHECK_NUM(refresh(afar, text_format(test_arena(),
                                        "crt_%s0000000AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                        ann->session_id + 4))
                  ->status,
              401);
    CHECK_NUM(status_of_me(ann), 200);
    CHECK_NUM(mail_count(w, ANN, "session_moved"), 0);
}

/* --- how many --- */

TEST_IN_WORLD(SESS_01_there_are_at_most_ten_and_the_longest_unused_gives_way)
{
    struct client *all[14];
    person(w, ANN, PASSWORD);
    for (size_t i = 0; i < COUNT(all); i++) {
        all[i] = client(w);
        wait_for(SECOND);
        CHECK_NUM(login(all[i], ANN, PASSWORD)->status, 200);
        if (i == 9) { /* the first is used again */
            wait_for(SECOND);
            CHECK_NUM(refresh(all[0], all[0]->refresh)->status, 200);
        }
    }
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 10);
    for (size_t i = 0; i < COUNT(all); i++)
        CHECK_NUM(status_of_me(all[i]), i >= 1 && i <= 4 ? 401 : 200);
    struct reply *r = get(all[13], "/v1/account/sessions");
    const struct json_value *data = json_find(&r->json, "data");
    CHECK_NUM(data ? data->count : 0, 10);
}

static void sign_in_once(void *arg, int)
{
    (void)login(client(arg), ANN, PASSWORD);
}

TEST_IN_WORLD(SESS_01_there_are_at_most_ten_however_many_come_at_once)
{
    person(w, ANN, PASSWORD);
    crowd(32, sign_in_once, w);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 10);
}

/* --- the cache --- */

TEST_IN_WORLD(SESS_08_many_people_at_once_each_see_themselves)
{
    enum { PEOPLE = 24 };
    struct client *all[PEOPLE];
    for (int i = 0; i < PEOPLE; i++)
        all[i] = signed_in(w, text_format(test_arena(), "p%d@example.org", i));
    for (int round = 0; round < 20; round++)
        for (int i = 0; i < PEOPLE; i++) {
            int k = (i * 7 + round * 5) % PEOPLE;
            CHECK_TEXT(text_of(get(all[k], "/v1/auth/me"), "user.email"),
                       text_format(test_arena(), "p%d@example.org", k));
        }
}

/* --- short lists in pages, as the long ones --- */

static const char *second_page(const char *path, const char *cursor)
{
    return text_format(test_arena(), "%s?limit=2&cursor=%s", path, cursor);
}

TEST_IN_WORLD(my_sessions_come_in_pages_when_asked)
{
    static const char path[] = "/v1/account/sessions";
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN), *other = client(w);
    for (int i = 0; i < 2; i++) {
        wait_for(MINUTE);
        (void)login(other, ANN, PASSWORD);
    }
    struct reply *all = get(ann, path), *first = get(ann, "/v1/account/sessions?limit=2");
    CHECK_NUM(json_find(&all->json, "data")->count, 3);
    CHECK(json_find(&all->json, "next_cursor")->kind == JSON_IS_NULL);
    CHECK_NUM(json_find(&first->json, "data")->count, 2);
    CHECK_TEXT(text_of(first, "data.0.id"), text_of(all, "data.0.id"));
    const char *next = text_of(first, "next_cursor");
    REQUIRE(next != NULL);
    struct reply *rest = get(ann, second_page(path, next));
    CHECK_NUM(json_find(&rest->json, "data")->count, 1);
    CHECK_TEXT(text_of(rest, "data.0.id"), text_of(all, "data.2.id"));
    CHECK(json_find(&rest->json, "next_cursor")->kind == JSON_IS_NULL);
    CHECK_NUM(json_find(&get(ann, "/v1/account/sessions?limit=3")->json, "next_cursor")->kind,
              JSON_IS_NULL);

    check_problem(get(ben, second_page(path, next)), 400, "cursor_invalid");
    check_problem(get(ann, second_page("/v1/account/devices", next)), 400, "cursor_invalid");
    check_problem(get(ann, "/v1/account/sessions?limit=0"), 400, "bad_request");
    /* The row that the cursor stands at goes. */
    const char *gone = text_of(first, "data.1.id");
    (void)call(ann, "DELETE", text_format(test_arena(), "%s/%s", path, gone), NULL);
    check_problem(get(ann, second_page(path, next)), 400, "cursor_invalid");
}
