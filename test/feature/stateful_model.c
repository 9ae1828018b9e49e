/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model of a walk: see stateful.h. It is written from the design, not from the code, and knows
 * less than the code: where the design leaves something open, it is unsure and allows both.
 */
#include "stateful_model.h"

#include "base/clock.h"
#include "service/setting.h"

#include <string.h>

static const char *const passwords[] = {
    "a brand new walnut desk",
    "seven quiet harbour lamps",
    "the old piano needs tuning",
    "marble stairs after rain",
};

const char *model_password(unsigned i)
{
    return passwords[i % COUNT(passwords)];
}

struct link *model_add_link(struct walk *k, enum link_kind kind, int person)
{
    if (k->link_count == LINKS) { /* the oldest is forgotten: it is never used again */
        memmove(k->links, k->links + 1, sizeof *k->links * (LINKS - 1));
        k->link_count--;
    }
    struct link *link = &k->links[k->link_count++];
    *link = (struct link){ .kind = kind, .person = person, .made_at = clock_now() };
    return link;
}

struct visit *model_add_visit(struct walk *k, int person, int place, const struct reply *r)
{
    if (k->visit_count == SESSIONS) {
        memmove(k->visits, k->visits + 1, sizeof *k->visits * (SESSIONS - 1));
        k->visit_count--;
    }
    struct visit *v = &k->visits[k->visit_count++];
    int64_t now = clock_now();
    *v = (struct visit){ .person = person,
                         .place = place,
                         .id = text_of(r, "session_id"),
                         .bearer = text_of(r, "access_token"),
                         .refresh = { text_of(r, "refresh_token") },
                         .started_at = now,
                         .noted_at = now,
                         .used_at = now,
                         .rotated_at = now,
                         .bearer_at = now };
    if (!v->id || !v->bearer || !v->refresh[0])
        walk_fail(k, "a sign-in gives no tokens: %s", r->body);
    return v;
}

void model_end_halves(struct walk *k, int person)
{
    for (size_t i = 0; i < k->half_count; i++)
        if (k->halves[i].person == person)
            k->halves[i].life = OVER;
    memset(k->people[person].trusted_until, 0, sizeof k->people[person].trusted_until);
    k->people[person].is_trust_unsure = false;
}

static void add_half(struct walk *k, int person, int place, const char *token)
{
    if (k->half_count == HALVES) {
        memmove(k->halves, k->halves + 1, sizeof *k->halves * (HALVES - 1));
        k->half_count--;
    }
    k->halves[k->half_count++] =
        (struct half){ .person = person, .place = place, .token = token, .made_at = clock_now() };
}

/* Whether the browser there skips the second step. */
static enum must must_skip(const struct person *p, int place)
{
    int64_t left = p->trusted_until[place] - clock_now();
    if (left <= -MINUTE)
        return MUST_NOT;
    return p->is_trust_unsure || left < MINUTE ? MAY_PASS : MUST_PASS;
}

void model_enter(struct walk *k, int person, int place, const struct reply *r)
{
    const char *pending = text_of(r, "pending_token");
    struct person *p = &k->people[person];
    bool tells = pending || !p->trusted_until[place];
    if (p->is_blurred && tells)
        p->has_app = pending;
    p->is_blurred = p->is_blurred && !tells;
    enum must skips = must_skip(p, place);
    if (pending ? !p->has_app || skips == MUST_PASS : p->has_app && skips == MUST_NOT)
        walk_fail(k, "the second step is %s: %s", pending ? "asked for" : "left out", r->body);
    if (pending)
        return add_half(k, person, place, pending);
    if (!text_equal(text_of(r, "user.email"), k->people[person].email))
        walk_fail(k, "signed in as somebody else: %s", r->body);
    (void)model_add_visit(k, person, place, r);
}

size_t model_live_visits(const struct walk *k, int person)
{
    size_t n = 0;
    for (size_t i = 0; i < k->visit_count; i++)
        n += k->visits[i].person == person && k->visits[i].life != OVER;
    return n;
}

int64_t model_newest_visit(const struct walk *k, int person)
{
    int64_t newest = 0;
    for (size_t i = 0; i < k->visit_count; i++)
        if (k->visits[i].person == person && k->visits[i].started_at > newest)
            newest = k->visits[i].started_at;
    return newest;
}

void model_end_links(struct walk *k, int person, enum link_kind kind)
{
    for (size_t i = 0; i < k->link_count; i++)
        if (k->links[i].person == person && k->links[i].kind == kind)
            k->links[i].life = OVER;
}

void model_end_sign_in_mail(struct walk *k, int person)
{
    model_end_links(k, person, LINK_SIGN_IN);
    model_end_links(k, person, LINK_CODE);
}

void model_end_visits(struct walk *k, int person, const struct visit *keep, int64_t since)
{
    for (size_t i = 0; i < k->visit_count; i++) {
        struct visit *v = &k->visits[i];
        if (v->person == person && v != keep && v->started_at >= since)
            v->life = OVER;
    }
}

static void age_visit(struct visit *v)
{
    int64_t now = clock_now(), idle = setting_span(SETTING_SESSION_IDLE);
    if (now >= v->started_at + setting_span(SETTING_SESSION_ABSOLUTE) ||
        now > v->used_at + idle + MINUTE)
        v->life = OVER;
    else if (now >= v->noted_at + idle && v->life == ALIVE)
        v->life = UNSURE; /* used since, which may or may not have been noted */
}

static void age_link(struct link *link)
{
    const int64_t spans[] = { [LINK_VERIFY] = setting_span(SETTING_VERIFY_EMAIL_TTL),
                              [LINK_RESET] = setting_span(SETTING_RESET_TTL),
                              [LINK_NOT_ME] = 7 * DAY,
                              [LINK_SIGN_IN] = setting_span(SETTING_MAGIC_LINK_TTL),
                              [LINK_ADDRESS] = 7 * DAY,
                              [LINK_TAKE_BACK] = 15 * DAY,
                              [LINK_NOT_MY_APP] = 7 * DAY,
                              [LINK_CODE] = setting_span(SETTING_EMAIL_CODE_TTL) };
    if (clock_now() >= link->made_at + spans[link->kind])
        link->life = OVER;
}

/* Nothing of them is left, and the address is free. */
static void be_gone(struct walk *k, int person)
{
    struct person *p = &k->people[person];
    for (enum link_kind kind = 0; kind < LINK_KINDS; kind++)
        model_end_links(k, person, kind);
    model_end_visits(k, person, NULL, 0);
    model_end_halves(k, person);
    *p = (struct person){ .email = p->email,
                          .homes = { p->homes[0], p->homes[1] },
                          .at_address = { .is_unsure = true } }; /* until the job has been here */
}

bool model_has_left(const struct person *p)
{
    return p->leaves_at && clock_now() >= p->leaves_at;
}

void model_age(struct walk *k)
{
    for (int i = 0; i < PEOPLE; i++)
        if (model_has_left(&k->people[i]))
            be_gone(k, i);
    for (size_t i = 0; i < k->visit_count; i++)
        age_visit(&k->visits[i]);
    for (size_t i = 0; i < k->link_count; i++)
        age_link(&k->links[i]);
    for (size_t i = 0; i < k->half_count; i++)
        if (clock_now() >= k->halves[i].made_at + setting_span(SETTING_PENDING_TTL))
            k->halves[i].life = OVER;
}

enum must model_bearer(const struct visit *v)
{
    int64_t age = clock_now() - v->bearer_at, lives = setting_span(SETTING_ACCESS_TOKEN_TTL);
    if (v->life == OVER || age > lives + 3 * MINUTE) /* two are allowed for clocks that differ */
        return MUST_NOT;
    return v->life == ALIVE && age < lives ? MUST_PASS : MAY_PASS;
}

enum must model_password_must(const struct person *p, unsigned password)
{
    unsigned bit = 1U << password;
    if (!p->is_verified || !(p->passwords & bit))
        return MUST_NOT;
    return p->passwords == bit && p->tries < 4 ? MUST_PASS : MAY_PASS;
}

void model_open(struct person *p)
{
    p->at_address = (struct tries){ 0 };
    for (int i = 0; i < PLACES; i++)
        p->at_browser[i].is_unsure = true; /* sometimes all start afresh */
}

void model_trust(struct walk *k, struct person *p, int place)
{
    p->trusted_until[place] = clock_now() + setting_span(SETTING_TRUSTED_DEVICE);
    p->was_trusted |= 1U << place;
    p->at_browser[place] = (struct tries){ .is_unsure = true }; /* it may have been known before */
    unsigned bit = 1U << place;
    for (int i = 0; i < PEOPLE; i++) {
        k->people[i].doubtful |= k->people[i].known & bit;
        k->people[i].known &= ~bit;
    }
    p->known |= bit;
    p->doubtful &= ~bit;
}

void model_forget_one(struct person *p)
{
    p->doubtful |= p->known;
    p->known = 0;
}

void model_forget_all(struct person *p)
{
    p->known = p->doubtful = 0;
}

static void count_said(struct walk *k, struct tries *t, int status)
{
    static const int64_t spans[] = { 5 * MINUTE,  5 * MINUTE,  10 * MINUTE,
                                     20 * MINUTE, 40 * MINUTE, HOUR };
    int64_t left = t->closed_until - clock_now();
    bool is_closed = left > 0, is_close = left > -SECOND && left < SECOND; /* clocks creep */
    if (t->is_unsure || t->wrong >= 100)
        return;
    if (is_closed != (status == 423) && !is_close)
        walk_fail(k, "after %d wrong passwords it is %s, but says %d", t->wrong,
                  is_closed ? "locked" : "open", status);
    if ((status != 401 && status != 403) || ++t->wrong % 5)
        return;
    size_t nth = (size_t)t->wrong / 5 - 1;
    t->closed_until = clock_now() + spans[nth < COUNT(spans) ? nth : COUNT(spans) - 1];
}

void model_password_said(struct walk *k, struct person *p, int place, int status)
{
    unsigned bit = 1U << place;
    struct tries *t = p->known & bit ? &p->at_browser[place] : &p->at_address;
    if (p->doubtful & bit) {
        p->at_address.is_unsure = p->at_browser[place].is_unsure = true;
        return;
    }
    count_said(k, t, status);
    if (status == 200)
        *t = (struct tries){ 0 };
}

void model_password_seen(struct person *p, unsigned password, bool was_right)
{
    unsigned bit = 1U << password;
    if (was_right) {
        p->passwords = bit;
        p->tries = 0;
        return;
    }
    if (p->tries++ < 4)
        p->passwords &= ~bit;
}
