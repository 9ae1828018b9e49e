/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a walk: see stateful.h. Each chooses who, where and with what, asks the model what
 * must come of it, calls, and tells the model what came of it.
 */
#include "stateful_choose.h"
#include "stateful_model.h"

#include "account/session_cache.h"
#include "base/clock.h"
#include "service/job.h"

#include <string.h>

/* --- coming to be --- */

static void register_there(struct walk *k, int person, int place, unsigned password)
{
    struct person *p = &k->people[person];
    size_t before = k->link_count;
    (void)walk_judge(
        k,
        walk_post_at(k, place, "/v1/auth/register",
                     json("email", p->email, "password", model_password(password), NULL)),
        MUST_PASS);
    walk_read_mail(k);
    if (p->is_verified && k->link_count > before)
        walk_fail(k, "an account that exists is mailed a link to confirm");
    if (k->link_count <= before || k->links[k->link_count - 1].kind != LINK_VERIFY)
        return;
    struct link *link = &k->links[k->link_count - 1];
    link->passwords = 1U << password;
    link->place = place;
}

static void do_register(struct walk *k)
{
    int person = walk_person(k), place = walk_place(k);
    register_there(k, person, place, walk_password(k));
}

/* Which of several it renews is the server's choice, but never one made elsewhere, unless there is
 * but one (decision 0021). */
static void do_resend(struct walk *k)
{
    int person = walk_person(k), place = walk_place(k), all = 0, mine = 0;
    unsigned of_all = 0, of_mine = 0;
    size_t before = k->link_count;
    for (size_t i = 0; i < before; i++) {
        struct link *link = &k->links[i];
        if (link->kind != LINK_VERIFY || link->person != person || link->life == OVER)
            continue;
        all++;
        of_all |= link->passwords;
        mine += link->place == place;
        of_mine |= link->place == place ? link->passwords : 0;
        link->life = UNSURE;
    }
    (void)walk_judge(k,
                     walk_post_at(k, place, "/v1/auth/resend-verification",
                                  json("email", k->people[person].email, NULL)),
                     MUST_PASS);
    walk_read_mail(k);
    if (k->link_count == before)
        return;
    struct link *link = &k->links[k->link_count - 1];
    if (k->people[person].is_verified || !all)
        walk_fail(k, "there was nothing to send again");
    link->passwords = mine ? of_mine : of_all;
    link->place = mine ? place : -1;
    link->life = UNSURE;
}

static void verify_by(struct walk *k, struct link *link, int place)
{
    int person = link->person;
    struct person *p = &k->people[person];
    size_t later = (size_t)(k->links + k->link_count - link);
    enum must must = p->is_verified || link->life == OVER ? MUST_NOT
                     : link->life == ALIVE && later < 8   ? MUST_PASS
                                                          : MAY_PASS;
    unsigned passwords = link->passwords;
    if (!walk_judge(
            k, walk_post_at(k, place, "/v1/auth/verify-email", json("token", link->token, NULL)),
            must)) {
        link->life = OVER;
        return;
    }
    p->is_verified = true;
    p->passwords = passwords;
    p->tries = 0;
    model_open(p);
    model_forget_all(p);
    model_end_links(k, person, LINK_VERIFY);
    model_end_sign_in_mail(k, person);
    model_end_halves(k, person);
    model_end_visits(k, person, NULL, 0);
}

static void do_verify(struct walk *k)
{
    struct link *link = walk_link(k, LINK_VERIFY);
    if (link)
        verify_by(k, link, walk_place(k));
}

/* --- coming in --- */

void walk_login(struct walk *k, int person, int place, unsigned password)
{
    struct person *p = &k->people[person];
    if (model_live_visits(k, person) >= LIVE_MAX)
        return; /* beyond ten the oldest ends: not modelled */
    enum must must = model_password_must(p, password);
    struct reply *r =
        walk_post_at(k, place, "/v1/auth/login",
                     json("email", p->email, "password", model_password(password), NULL));
    bool passed = walk_judge(k, r, must);
    model_password_said(k, p, place, r->status);
    if (p->is_verified)
        model_password_seen(p, password, passed);
    if (!passed)
        return;
    model_enter(k, person, place, r);
    walk_read_mail(k);
}

static void do_login(struct walk *k)
{
    int person = walk_person(k), place = walk_place(k);
    walk_login(k, person, place, walk_guess(k, &k->people[person]));
}

static void do_me(struct walk *k)
{
    struct visit *v = walk_visit(k);
    if (!v)
        return;
    enum must must = model_bearer(v);
    struct reply *r = walk_call_in(k, v, "GET /v1/auth/me", NULL);
    if (!walk_judge(k, r, must))
        return;
    if (!text_equal(text_of(r, "user.email"), k->people[v->person].email) ||
        !text_equal(text_of(r, "session.id"), v->id))
        walk_fail(k, "is somebody else: %s", r->body);
}

/* From another place: the session ends for both. */
static void do_steal(struct walk *k)
{
    struct visit *v = walk_visit(k);
    if (!v)
        return;
    int place = (v->place + 1 + (int)walk_choose(k, PLACES - 1)) % PLACES;
    enum must must = model_bearer(v);
    walk_tell(k, " from %d", place);
    bool by_refresh = walk_choose(k, 2);
    struct reply *r = by_refresh ? walk_post_at(k, place, "/v1/auth/refresh",
                                                json("refresh_token", v->refresh[0], NULL))
                                 : walk_call_as(k, place, v->bearer, "GET /v1/auth/me", NULL);
    (void)walk_judge(k, r, MUST_NOT);
    if (by_refresh || must == MUST_PASS)
        v->life = OVER;
    else if (must == MAY_PASS && v->life == ALIVE)
        v->life = UNSURE;
    walk_read_mail(k);
}

/* --- staying in --- */

static void take_tokens(struct walk *k, struct visit *v, const struct reply *r)
{
    int64_t now = clock_now();
    memmove(v->refresh + 1, v->refresh, sizeof *v->refresh * (TOKENS - 1));
    v->refresh[0] = text_of(r, "refresh_token");
    v->rotated_at = v->noted_at = v->used_at = now;
    v->bearer = text_of(r, "access_token");
    v->bearer_at = now;
    v->life = ALIVE;
    if (!v->refresh[0] || !v->bearer || text_equal(v->refresh[0], v->refresh[1]))
        walk_fail(k, "no new tokens: %s", r->body);
}

static void do_refresh(struct walk *k)
{
    struct visit *v = walk_visit(k);
    unsigned age = v ? walk_choose(k, 8) : 0; /* mostly the newest */
    if (!v)
        return;
    age = age < TOKENS && v->refresh[age] ? age : 0;
    walk_tell(k, " token %u", age);
    bool is_repeat = age == 1 && clock_now() - v->rotated_at <= 10 * SECOND;
    enum must must = v->life == OVER || age > 1 || (age == 1 && !is_repeat) ? MUST_NOT
                     : v->life == ALIVE                                     ? MUST_PASS
                                                                            : MAY_PASS;
    struct reply *r =
        walk_post_at(k, v->place, "/v1/auth/refresh", json("refresh_token", v->refresh[age], NULL));
    bool passed = walk_judge(k, r, must);
    if (passed && is_repeat && !text_equal(text_of(r, "refresh_token"), v->refresh[0]))
        walk_fail(k, "a repeat forks the chain");
    if (passed && !is_repeat)
        take_tokens(k, v, r);
    if (!passed)
        v->life = OVER;
}

static void do_list(struct walk *k)
{
    struct visit *v = walk_visit(k);
    if (!v)
        return;
    struct reply *r = walk_call_in(k, v, "GET /v1/account/sessions", NULL);
    if (!walk_judge(k, r, model_bearer(v)))
        return;
    for (size_t i = 0; i < k->visit_count; i++) {
        const struct visit *other = &k->visits[i];
        bool is_listed = strstr(r->body, other->id) != NULL;
        bool is_mine = other->person == v->person;
        if (is_listed && (!is_mine || other->life == OVER))
            walk_fail(k, "session %zu is listed: %s", i, r->body);
        if (!is_listed && is_mine && other->life == ALIVE)
            walk_fail(k, "session %zu is not listed: %s", i, r->body);
    }
}

static void do_profile(struct walk *k)
{
    struct visit *v = walk_visit(k);
    if (!v)
        return;
    enum must must = model_bearer(v);
    struct reply *r =
        walk_call_in(k, v, "PATCH /v1/account/profile", json("name", "Somebody Else", NULL));
    (void)walk_judge(k, r, must);
    r = walk_call_in(k, v, "GET /v1/account/profile", NULL);
    if (!walk_judge(k, r, must))
        return;
    for (int i = 0; i < PEOPLE; i++)
        if (i != v->person && strstr(r->body, k->people[i].email))
            walk_fail(k, "somebody else's profile: %s", r->body);
}

/* --- going --- */

static void do_logout(struct walk *k)
{
    struct visit *v = walk_visit(k);
    if (!v)
        return;
    bool by_refresh = walk_choose(k, 2);
    struct reply *r = by_refresh ? walk_post_at(k, v->place, "/v1/auth/logout",
                                                json("refresh_token", v->refresh[0], NULL))
                                 : walk_call_in(k, v, "POST /v1/auth/logout", NULL);
    bool passed = walk_judge(k, r, by_refresh ? MUST_PASS : model_bearer(v));
    if (passed)
        v->life = OVER;
}

static void do_end_one(struct walk *k)
{
    struct visit *v = walk_visit(k), *other = walk_visit(k);
    if (!v || !other)
        return;
    enum must must = model_bearer(v);
    if (other->person != v->person || other->life == OVER)
        must = MUST_NOT;
    else if (other->life == UNSURE && must == MUST_PASS)
        must = MAY_PASS;
    struct reply *r = walk_call_in(
        k, v, text_format(test_arena(), "DELETE /v1/account/sessions/%s", other->id), NULL);
    if (walk_judge(k, r, must))
        other->life = OVER;
}

static void do_end_others(struct walk *k)
{
    struct visit *v = walk_visit(k);
    if (!v)
        return;
    if (walk_judge(k, walk_call_in(k, v, "DELETE /v1/account/sessions", NULL), model_bearer(v)))
        model_end_visits(k, v->person, v, 0);
}

/* --- passwords --- */

static void do_forgot(struct walk *k)
{
    int person = walk_person(k), place = walk_place(k);
    size_t before = k->link_count;
    (void)walk_judge(k,
                     walk_post_at(k, place, "/v1/auth/password/forgot",
                                  json("email", k->people[person].email, NULL)),
                     MUST_PASS);
    walk_read_mail(k);
    if (k->people[person].is_verified && k->link_count == before && before < LINKS)
        walk_fail(k, "no link is mailed");
}

static void do_reset(struct walk *k)
{
    struct link *link = walk_link(k, LINK_RESET);
    if (!link)
        return;
    unsigned password = walk_password(k);
    int person = link->person, place = walk_place(k);
    struct person *p = &k->people[person];
    struct reply *r =
        walk_post_at(k, place, "/v1/auth/password/reset",
                     json("token", link->token, "password", model_password(password), NULL));
    enum must must = link->life == OVER ? MUST_NOT : p->is_verified ? MUST_PASS : MAY_PASS;
    if (!walk_judge(k, r, must))
        return;
    p->is_verified = true;
    p->passwords = 1U << password;
    p->tries = 0;
    model_open(p);
    model_end_halves(k, person);
    model_end_sign_in_mail(k, person);
    model_end_links(k, person, LINK_RESET);
    model_end_links(k, person, LINK_VERIFY);
    model_end_visits(k, person, NULL, 0);
    walk_read_mail(k);
}

static void do_change(struct walk *k)
{
    struct visit *v = walk_visit(k);
    if (!v)
        return;
    struct person *p = &k->people[v->person];
    unsigned old = walk_guess(k, p), new = walk_password(k);
    enum must must = model_bearer(v), by_password = model_password_must(p, old);
    enum must both = must > by_password ? must : by_password;
    if (both == MUST_PASS && (old == new || p->has_app)) /* it may ask for a stronger proof */
        both = MAY_PASS;
    struct reply *r = walk_call_in(
        k, v, "POST /v1/auth/password/change",
        json("current_password", model_password(old), "password", model_password(new), NULL));
    bool passed = walk_judge(k, r, both);
    if (r->status != 401 && r->status != 422) /* the session was refused, or the new password */
        model_password_said(k, p, v->place, r->status);
    if (!passed) {
        if (r->status == 403)
            p->tries++;
        return;
    }
    p->passwords = 1U << new;
    p->tries = 0;
    model_open(p);
    model_end_halves(k, v->person);
    model_end_sign_in_mail(k, v->person);
    model_end_visits(k, v->person, v, 0);
    walk_read_mail(k);
}

static void do_reauth(struct walk *k)
{
    struct visit *v = walk_visit(k);
    if (!v)
        return;
    struct person *p = &k->people[v->person];
    unsigned password = walk_guess(k, p);
    enum must must = model_bearer(v), by_password = model_password_must(p, password);
    struct reply *r = walk_call_in(k, v, "POST /v1/auth/reauth",
                                   json("password", model_password(password), NULL));
    must = must > by_password ? must : by_password;
    bool passed = walk_judge(k, r, must == MUST_PASS && p->has_app ? MAY_PASS : must);
    if (r->status != 401)
        model_password_said(k, p, v->place, r->status);
    if (passed || r->status == 403)
        model_password_seen(p, password, passed);
    if (!passed)
        return;
    v->bearer = text_of(r, "access_token");
    v->bearer_at = clock_now();
}

/* The app goes only within a day of what is taken back. */
static bool takes_app_off(const struct person *p, const struct link *link)
{
    bool is_bound_since = link->kind == LINK_NOT_MY_APP || p->app_since >= link->made_at;
    return is_bound_since && clock_now() <= link->made_at + DAY;
}

/* One device is forgotten; which one is not modelled. */
static void doubt_trust(struct person *p, const struct person *before)
{
    model_forget_one(p);
    memcpy(p->trusted_until, before->trusted_until, sizeof p->trusted_until);
    p->is_trust_unsure = true;
}

static void take_back(struct walk *k, enum link_kind kind)
{
    struct link *link = walk_link(k, kind);
    if (!link)
        return;
    int place = walk_place(k), person = link->person;
    struct person *p = &k->people[person], before = *p;
    struct reply *r = walk_post_at(k, place, "/v1/auth/not-me", json("token", link->token, NULL));
    bool passed = walk_judge(k, r, link->life == OVER ? MUST_NOT : MAY_PASS);
    link->life = OVER;
    if (!passed)
        return;
    /* When the app was bound all sessions ended but the one that bound it. */
    model_end_visits(k, person, NULL, kind == LINK_NOT_MY_APP ? 0 : link->made_at);
    model_end_halves(k, person);
    doubt_trust(p, &before);
    model_end_links(k, person, LINK_SIGN_IN);
    model_end_links(k, person, LINK_RESET);
    p->passwords = 0;
    if (p->key_since >= link->made_at)
        p->key_life = OVER;
    if (takes_app_off(p, link))
        p->has_app = false; /* whoever came in may have bound it */
    walk_read_mail(k);
}

static void do_not_me(struct walk *k)
{
    take_back(k, LINK_NOT_ME);
}

static void do_not_my_app(struct walk *k)
{
    take_back(k, LINK_NOT_MY_APP);
}

/* --- mischief and time --- */

/* A genuine token at a door that takes another kind. */
static void do_mix_up(struct walk *k)
{
    struct visit *v = walk_visit(k);
    struct link *link = k->link_count ? &k->links[walk_choose(k, (unsigned)k->link_count)] : NULL;
    if (!v || !link)
        return;
    unsigned how = walk_choose(k, 6);
    const char *password = model_password(0);
    struct reply *r;
    walk_tell(k, " way %u", how);
    switch (how) {
    case 0: r = walk_call_as(k, v->place, v->refresh[0], "GET /v1/auth/me", NULL); break;
    case 1: r = walk_call_as(k, v->place, link->token, "GET /v1/auth/me", NULL); break;
    case 2:
        r = walk_post_at(k, v->place, "/v1/auth/refresh", json("refresh_token", v->bearer, NULL));
        break;
    case 3:
        r = walk_post_at(k, v->place, "/v1/auth/verify-email", json("token", v->refresh[0], NULL));
        break;
    case 4:
        r = walk_post_at(
            k, v->place,
            link->kind == LINK_VERIFY ? "/v1/auth/password/reset" : "/v1/auth/verify-email",
            link->kind == LINK_VERIFY ? json("token", link->token, "password", password, NULL)
                                      : json("token", link->token, NULL));
        break;
    default:
        r = walk_post_at(k, v->place, "/v1/auth/password/reset",
                         json("token", v->bearer, "password", password, NULL));
        break;
    }
    (void)walk_judge(k, r, MUST_NOT);
}

static void do_wait(struct walk *k)
{
    static const struct {
        const char *name;
        int64_t span;
    } spans[] = {
        { "3s", 3 * SECOND },   { "3s", 3 * SECOND },   { "11s", 11 * SECOND },
        { "31s", 31 * SECOND }, { "31s", 31 * SECOND }, { "4m", 4 * MINUTE },
        { "4m", 4 * MINUTE },   { "14m", 14 * MINUTE }, { "31m", 31 * MINUTE },
        { "9h", 9 * HOUR },     { "5d", 5 * DAY },      { "15d", 15 * DAY },
    };
    unsigned i = walk_choose(k, COUNT(spans));
    walk_tell(k, " %s", spans[i].name);
    wait_for(spans[i].span);
    session_cache_clear(); /* it believes what it read for a second of real time */
    walk_read_mail(k);     /* first what the jobs do with the time that has passed */
    for (int p = 0; p < PEOPLE; p++)
        if (model_has_left(&k->people[p])) /* it has an hour for that by itself */
            CHECK_OK(job_run(k->w->db, test_arena(), "deletion.purge"));
    model_age(k);
}

/* Most walks begin where people are already: half of the steps need somebody signed in. */
void walk_begin(struct walk *k)
{
    int people = (int)walk_choose(k, PEOPLE + 1);
    for (int i = 0; i < people && !k->is_wrong; i++) {
        walk_tell(k, "\n    begin");
        register_there(k, i, i, (unsigned)i);
        if (k->link_count)
            verify_by(k, &k->links[k->link_count - 1], i);
        walk_login(k, i, i, (unsigned)i);
        if (walk_choose(k, 3) == 0 && k->visit_count) {
            walk_turn_on(k, &k->visits[k->visit_count - 1], true);
            if (walk_choose(k, 2))
                walk_trust(k, i);
        }
    }
}

const struct step walk_steps[] = {
    { "register", do_register },
    { "resend", do_resend },
    { "verify", do_verify },
    { "verify", do_verify },
    { "login", do_login },
    { "login", do_login },
    { "login", do_login },
    { "me", do_me },
    { "me", do_me },
    { "steal", do_steal },
    { "refresh", do_refresh },
    { "refresh", do_refresh },
    { "list", do_list },
    { "profile", do_profile },
    { "log out", do_logout },
    { "end one", do_end_one },
    { "end others", do_end_others },
    { "forgot", do_forgot },
    { "reset", do_reset },
    { "change", do_change },
    { "reauth", do_reauth },
    { "not me", do_not_me },
    { "not my app", do_not_my_app },
    { "mix up", do_mix_up },
    { "wait", do_wait },
    { "wait", do_wait },
    { 0 },
};
