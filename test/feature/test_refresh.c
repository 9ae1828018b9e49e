/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RT: a refresh token works once. A lost reply is repeated, a fork never made; an old token ends
 * the session for its thief and its owner alike.
 */
#include "attack.h"

#include "base/clock.h"
#include "service/setting.h"

#include <stdatomic.h>
#include <string.h>

#define FRESH "a chair of cherry wood"

static const char *next_of(const struct reply *r)
{
    CHECK_NUM(r->status, 200);
    const char *next = text_of(r, "refresh_token");
    return next ? next : "";
}

static void check_dead(struct world *w, const char *token)
{
    struct reply *r = refresh(client(w), token);
    CHECK_NUM(r->status, 401);
    CHECK_TEXT(text_of(r, "code"), "refresh_token_invalid");
}

TEST_IN_WORLD(RT_01_an_old_token_ends_the_whole_session)
{
    struct client *ann = signed_in(w, ANN), *other = client(w);
    CHECK_NUM(login(other, ANN, PASSWORD)->status, 200);
    const char *first = ann->refresh;
    struct reply *r = refresh(ann, first);
    const char *second = next_of(r);
    ann->bearer = text_of(r, "access_token");
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
    const char *third = next_of(refresh(ann, second));

    check_dead(w, first); /* the thief, or the owner: nobody knows */
    CHECK(has_audit(w, "session.refresh_reuse"));
    check_dead(w, third);
    check_dead(w, second);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 401);   /* the access token is worth nothing too */
    CHECK_NUM(get(other, "/v1/auth/me")->status, 200); /* other sessions live on */
    CHECK_NUM(refresh(other, other->refresh)->status, 200);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 1);
}

TEST_IN_WORLD(RT_01_the_predecessor_after_the_grace_is_reuse)
{
    struct client *ann = signed_in(w, ANN);
    const char *first = ann->refresh, *second = next_of(refresh(ann, first));
    wait_for(10 * SECOND + 1);
    check_dead(w, first);
    check_dead(w, second);
    CHECK(has_audit(w, "session.refresh_reuse"));
}

TEST_IN_WORLD(RT_02_a_lost_reply_is_repeated)
{
    struct client *ann = signed_in(w, ANN);
    const char *first = ann->refresh, *second = next_of(refresh(ann, first));
    for (int i = 0; i < 5; i++) {
        wait_for(2 * SECOND);
        CHECK_TEXT(next_of(refresh(ann, first)), second); /* the fifth at exactly 10 s */
    }
    CHECK_NUM(count_of(w, "SELECT generation FROM session"), 1);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM audit WHERE event = 'session.refreshed'"), 1);
    CHECK(!has_audit(w, "session.refresh_reuse"));
    CHECK_NUM(refresh(ann, second)->status, 200);
}

/* Asking for the repeat does not prolong the grace, nor does it make a second successor. */
TEST_IN_WORLD(RT_02_repeats_do_not_prolong_the_grace)
{
    struct client *ann = signed_in(w, ANN);
    const char *first = ann->refresh;
    (void)next_of(refresh(ann, first));
    wait_for(9 * SECOND);
    CHECK_NUM(refresh(ann, first)->status, 200);
    wait_for(2 * SECOND);
    check_dead(w, first);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
}

/* A clock that is set back must not open the grace again for long. */
TEST_IN_WORLD(RT_02_a_clock_set_back_does_not_prolong_the_grace)
{
    struct client *ann = signed_in(w, ANN);
    const char *first = ann->refresh;
    (void)next_of(refresh(ann, first));
    wait_for(-HOUR);
    check_dead(w, first);
}

TEST_IN_WORLD(RT_04_two_generations_old_is_reuse_also_within_the_grace)
{
    struct client *ann = signed_in(w, ANN);
    const char *first = ann->refresh, *second = next_of(refresh(ann, first)),
               *third = next_of(refresh(ann, second));
    CHECK_TEXT(next_of(refresh(ann, second)), third);
    check_dead(w, first);
    check_dead(w, third);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
    CHECK(has_audit(w, "session.refresh_reuse"));
}

TEST_IN_WORLD(RT_01_a_generation_from_the_future_is_no_token)
{
    struct client *ann = signed_in(w, ANN);
    char *next = text_copy(test_arena(), mem_text(ann->refresh));
    next[4 + 26 + 6]++; /* generation 0 -> 1, the secret of 0 */
    check_dead(w, next);
    CHECK_NUM(refresh(ann, ann->refresh)->status, 200); /* a forgery harms nobody */
}

TEST_IN_WORLD(RT_01_a_forged_old_token_ends_nobodys_session)
{
    struct client *ann = signed_in(w, ANN), *ben = signed_in(w, BEN);
    const char *mixed = text_format(test_arena(), "%.37s%s", ann->refresh, ben->refresh + 37);
    (void)next_of(refresh(ann, ann->refresh));
    for (int i = 0; i < 3; i++)
        check_dead(w, mixed);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
    CHECK(!has_audit(w, "session.refresh_reuse"));
}

/* --- 64 at once --- */

enum { CROWD = 64, ROUNDS = 8 };

struct race {
    struct world *w;
    const char *token;
    struct reply *replies[CROWD];
};

static void refresh_once(void *arg, int i)
{
    struct race *race = arg;
    struct client *c = client(race->w);
    race->replies[i] = refresh(c, race->token);
}

TEST_IN_WORLD(RT_03_many_at_once_make_one_leaf)
{
    struct client *ann = signed_in(w, ANN);
    struct race race = { .w = w, .token = ann->refresh };
    for (int round = 0; round < ROUNDS; round++) {
        crowd(CROWD, refresh_once, &race);
        const char *leaf = next_of(race.replies[0]);
        for (int i = 1; i < CROWD; i++)
            CHECK_TEXT(next_of(race.replies[i]), leaf);
        CHECK_NUM(count_of(w, "SELECT generation FROM session"), round + 1);
        CHECK(!text_equal(leaf, race.token));
        race.token = leaf;
        wait_for(MINUTE);
    }
    CHECK_NUM(count_of(w, "SELECT count(*) FROM audit WHERE event = 'session.refreshed'"), ROUNDS);
    CHECK(!has_audit(w, "session.refresh_reuse"));
    CHECK_NUM(refresh(ann, race.token)->status, 200);
}

/* After the grace 64 thieves at once end one session, once, and no answer is a fault. */
TEST_IN_WORLD(RT_03_many_thieves_at_once_end_it_once)
{
    struct client *ann = signed_in(w, ANN);
    struct race race = { .w = w, .token = ann->refresh };
    (void)next_of(refresh(ann, ann->refresh));
    wait_for(MINUTE);
    crowd(CROWD, refresh_once, &race);
    for (int i = 0; i < CROWD; i++)
        CHECK_NUM(race.replies[i]->status, 401);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM session"), 0);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM audit WHERE event = 'session.refresh_reuse'"), 1);
}

/* Half come with the token, half with its predecessor. */
static void refresh_either(void *arg, int i)
{
    struct race *race = arg;
    race[i % 2].replies[i] = refresh(client(race->w), race[i % 2].token);
}

TEST_IN_WORLD(RT_03_old_and_new_at_once_never_fork)
{
    for (int round = 0; round < 4; round++) {
        struct client *c = client(w);
        if (round == 0)
            person(w, ANN, PASSWORD);
        CHECK_NUM(login(c, ANN, PASSWORD)->status, 200);
        struct race race[2] = { { .w = w, .token = c->refresh }, { .w = w } };
        race[1].token = next_of(refresh(c, c->refresh));
        crowd(CROWD, refresh_either, race);
        /* Whoever came first: either all had the same successor, or the session ended. */
        int64_t left = count_of(w, "SELECT count(*) FROM session");
        CHECK(left == 0 || left == 1);
        const char *leaf = NULL;
        for (int i = 0; i < CROWD; i++) {
            struct reply *r = race[i % 2].replies[i];
            CHECK(r->status == 200 || r->status == 401);
            if (r->status != 200)
                continue;
            if (i % 2 == 0)
                CHECK_TEXT(text_of(r, "refresh_token"), race[1].token);
            else if (leaf)
                CHECK_TEXT(text_of(r, "refresh_token"), leaf);
            else
                leaf = text_of(r, "refresh_token");
        }
        tamper(w, "DELETE FROM session WHERE generation >= 0", V_NONE);
    }
}

/* --- who may not refresh any more --- */

TEST_IN_WORLD(RT_05_a_locked_account_does_not_refresh)
{
    struct client *ann = signed_in(w, ANN);
    tamper(w, "UPDATE account SET locked_at = 1", V_NONE);
    check_dead(w, ann->refresh);
}

TEST_IN_WORLD(RT_05_nobody_refreshes_after_a_change_of_password)
{
    struct client *ann = signed_in(w, ANN), *other = client(w);
    CHECK_NUM(login(other, ANN, PASSWORD)->status, 200);
    CHECK_NUM(post(ann, "/v1/auth/password/change",
                   json("current_password", PASSWORD, "password", FRESH, NULL))
                  ->status,
              200);
    check_dead(w, other->refresh);
    CHECK_NUM(get(other, "/v1/auth/me")->status, 401);
    CHECK_NUM(refresh(ann, ann->refresh)->status, 200); /* who changed it stays */
}

TEST_IN_WORLD(RT_05_nobody_refreshes_after_all_others_were_ended)
{
    struct client *ann = signed_in(w, ANN), *other = client(w), *ben = signed_in(w, BEN);
    CHECK_NUM(login(other, ANN, PASSWORD)->status, 200);
    CHECK_NUM(call(ann, "DELETE", "/v1/account/sessions", NULL)->status, 204);
    check_dead(w, other->refresh);
    CHECK_NUM(get(other, "/v1/auth/me")->status, 401);
    CHECK_NUM(refresh(ann, ann->refresh)->status, 200);
    CHECK_NUM(refresh(ben, ben->refresh)->status, 200);
}

TEST_IN_WORLD(RT_05_nobody_refreshes_after_signing_out)
{
    struct client *ann = signed_in(w, ANN);
    const char *first = ann->refresh, *second = next_of(refresh(ann, first));
    /* An older token of the session is enough to end it (RFC 7009), a forged one is not. */
    CHECK_NUM(post(client(w), "/v1/auth/logout",
                   json("refresh_token",
                        text_format(test_arena(), "%.79s%c", second, second[79] == 'A' ? 'E' : 'A'),
                        NULL))
                  ->status,
              204);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
    CHECK_NUM(post(client(w), "/v1/auth/logout", json("refresh_token", first, NULL))->status, 204);
    check_dead(w, second);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 401);
    CHECK(has_audit(w, "session.ended"));
}

TEST_IN_WORLD(RT_05_nobody_refreshes_for_an_account_that_is_gone)
{
    struct client *ann = signed_in(w, ANN);
    tamper(w, "DELETE FROM session WHERE generation >= 0", V_NONE);
    tamper(w, "DELETE FROM account WHERE email_key = $1", V(text(ANN)));
    check_dead(w, ann->refresh);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 401);
}

/* --- time --- */

TEST_IN_WORLD(RT_06_refreshing_does_not_go_beyond_the_absolute_end)
{
    struct client *ann = signed_in(w, ANN);
    const char *token = ann->refresh;
    for (int day = 10; day < 90; day += 10) {
        wait_for(10 * DAY);
        token = next_of(refresh(ann, token));
    }
    wait_for(10 * DAY - SECOND);
    token = next_of(refresh(ann, token));
    wait_for(SECOND);
    check_dead(w, token);
}

TEST_IN_WORLD(RT_06_an_idle_session_does_not_refresh)
{
    struct client *ann = signed_in(w, ANN), *other = client(w);
    CHECK_NUM(login(other, ANN, PASSWORD)->status, 200);
    wait_for(14 * DAY - SECOND);
    CHECK_NUM(refresh(ann, ann->refresh)->status, 200);
    wait_for(SECOND);
    check_dead(w, other->refresh);
}

TEST_IN_WORLD(RT_06_an_access_token_dies_on_time)
{
    struct client *ann = signed_in(w, ANN);
    wait_for(10 * MINUTE - SECOND);
    CHECK_NUM(get(ann, "/v1/auth/me")->status, 200);
    wait_for(SECOND);
    struct reply *r = get(ann, "/v1/auth/me");
    CHECK_NUM(r->status, 401);
    CHECK(header_of(r, "www-authenticate") != NULL);
}
