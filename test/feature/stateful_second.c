/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps of two-step sign-in and of sign-in by mail: see stateful.h. A code is used once, a pending
 * sign-in opens nothing but its second step, and a mailed link is never the second step.
 */
#include "stateful_choose.h"
#include "stateful_model.h"

#include "base/base32.h"
#include "base/clock.h"
#include "crypto/totp.h"
#include "service/setting.h"

#include <string.h>

/* --- codes --- */

static const char *code_of(const struct person *p, int64_t step)
{
    struct totp totp = { .digest = DIGEST_SHA1,
                         .digits = TOTP_DIGITS,
                         .secret = MEM(p->secret, sizeof p->secret) };
    char code[TOTP_DIGITS_MAX + 1];
    totp_code(&totp, step, code);
    return text_copy(test_arena(), mem_text(code));
}

/* The code of now, of a moment ago, of long ago, or a made-up one; and whether it is right. */
static const char *choose_code(struct walk *k, const struct person *p, int64_t *ret_step)
{
    static const int ages[] = { 0, 0, 0, 0, 1, 2, 40 };
    unsigned choice = walk_choose(k, COUNT(ages) + 1);
    int64_t now = totp_step(clock_now());
    *ret_step = 0;
    if (choice == COUNT(ages))
        return "000000";
    walk_tell(k, " code of %d", ages[choice]);
    if (ages[choice] <= 1 && now - ages[choice] > p->last_step)
        *ret_step = now - ages[choice];
    return code_of(p, now - ages[choice]);
}

/* A right code of two in a million may be the wrong one too: whoever passes by that is not wrong.
 */
static bool is_code_of_now(const struct person *p, const char *code)
{
    int64_t now = totp_step(clock_now());
    return text_equal(code, code_of(p, now)) || text_equal(code, code_of(p, now - 1));
}

static enum must must_of_code(const struct person *p, const char *code, int64_t step)
{
    if (step && step < totp_step(clock_now()))
        return MAY_PASS; /* it may be over when it arrives */
    if (!step)
        return is_code_of_now(p, code) && p->last_step < totp_step(clock_now()) ? MAY_PASS
                                                                                : MUST_NOT;
    return p->code_tries < 4 ? MUST_PASS : MAY_PASS;
}

static void note_code(struct person *p, bool passed, int64_t step)
{
    p->code_tries = passed ? 0 : p->code_tries + 1;
    if (passed)
        p->last_step = step ? step : totp_step(clock_now());
}

/* --- turning it on and off --- */

static bool take_secret(struct walk *k, struct person *p, const struct reply *r)
{
    const char *secret = text_of(r, "secret");
    size_t n = 0;
    uint8_t bytes[64];
    if (!secret || !base32_parse(secret, bytes, sizeof bytes, &n) || n != SECRET_BYTES) {
        walk_fail(k, "no secret: %s", r->body);
        return false;
    }
    memcpy(p->secret, bytes, SECRET_BYTES);
    return true;
}

static void take_codes(struct walk *k, struct person *p, const struct reply *r)
{
    for (int i = 0; i < CODES; i++) {
        p->codes[i] = text_of(r, text_format(test_arena(), "recovery_codes.%d", i));
        p->is_used[i] = false;
        if (!p->codes[i])
            walk_fail(k, "no recovery codes: %s", r->body);
    }
}

void walk_turn_on(struct walk *k, struct visit *v, bool is_right)
{
    struct person *p = &k->people[v->person], before = *p;
    enum must must = model_bearer(v) == MUST_NOT ? MUST_NOT : MAY_PASS;
    struct reply *r = walk_call_in(k, v, "POST /v1/auth/2fa/enable-init", NULL);
    if (!walk_judge(k, r, must) || !take_secret(k, p, r))
        return;
    int64_t step = totp_step(clock_now()); /* the next may begin before the answer comes */
    const char *code = is_right ? code_of(p, step) : "000000";
    bool counts = is_code_of_now(p, code);
    r = walk_call_in(k, v, "POST /v1/auth/2fa/enable-complete", json("code", code, NULL));
    if (!walk_judge(k, r, counts ? MAY_PASS : MUST_NOT)) {
        memcpy(p->secret, before.secret, sizeof p->secret);
        return;
    }
    p->has_app = true;
    p->app_since = clock_now();
    p->last_step = step;
    p->code_tries = 0;
    take_codes(k, p, r);
    model_end_halves(k, v->person);
    model_end_visits(k, v->person, v, 0);
    v->life = UNSURE; /* its token may have been renewed */
    walk_read_mail(k);
}

static void do_turn_on(struct walk *k)
{
    struct visit *v = walk_visit(k);
    if (v)
        walk_turn_on(k, v, walk_choose(k, 4));
}

static void do_turn_off(struct walk *k)
{
    int64_t step;
    struct visit *v = walk_visit(k);
    if (!v || !k->people[v->person].has_app)
        return;
    struct person *p = &k->people[v->person];
    const char *code = choose_code(k, p, &step);
    enum must must = must_of_code(p, code, step);
    must = model_bearer(v) == MUST_NOT ? MUST_NOT : must == MUST_NOT ? MUST_NOT : MAY_PASS;
    struct reply *r = walk_call_in(k, v, "POST /v1/auth/2fa/disable", json("code", code, NULL));
    bool passed = walk_judge(k, r, must);
    if (passed || text_equal(text_of(r, "code"), "code_wrong") ||
        text_equal(text_of(r, "code"), "code_used"))
        note_code(p, passed, step);
    if (!passed)
        return;
    p->has_app = false;
    model_end_halves(k, v->person);
    model_end_visits(k, v->person, v, 0);
    v->life = UNSURE;
    walk_read_mail(k);
}

/* --- the second step --- */

static unsigned right_password(const struct person *p)
{
    unsigned password = 0;
    while (password < 3 && !(p->passwords & 1U << password))
        password++;
    return password;
}

/* Half the time somebody passes the first step now: few that wait live long. */
static void begin_half(struct walk *k)
{
    if (walk_choose(k, 2))
        return;
    for (int i = 0; i < PEOPLE; i++) {
        if (!k->people[i].has_app)
            continue;
        walk_login(k, i, i, right_password(&k->people[i]));
        return;
    }
}

/* To a browser that was trusted once, whether it still is or not. */
static void do_come_back(struct walk *k)
{
    for (int i = 0; i < PEOPLE; i++) {
        const struct person *p = &k->people[i];
        int place = 0;
        while (place < PLACES && !(p->was_trusted & 1U << place))
            place++;
        if (place < PLACES) {
            walk_tell(k, " %d at %d", i, place);
            return walk_login(k, i, place, right_password(p));
        }
    }
}

static struct half *choose_half(struct walk *k, int *ret_place)
{
    begin_half(k);
    if (!k->half_count)
        return NULL;
    struct half *half = &k->halves[k->half_count - 1 - walk_choose(k, (unsigned)k->half_count)];
    unsigned place = walk_choose(k, 2 * PLACES); /* mostly its own */
    *ret_place = place < PLACES ? (int)place : half->place;
    walk_tell(k, " half %zd of %d at %d", half - k->halves, half->person, *ret_place);
    return half;
}

static enum must must_of_half(struct walk *k, const struct half *half, int place)
{
    const struct person *p = &k->people[half->person];
    if (half->life == OVER || place != half->place || !p->has_app)
        return MUST_NOT;
    return half->life == ALIVE && model_live_visits(k, half->person) < LIVE_MAX ? MUST_PASS
                                                                                : MAY_PASS;
}

static void enter_wholly(struct walk *k, struct half *half, const struct reply *r)
{
    half->life = OVER;
    (void)model_add_visit(k, half->person, half->place, r);
    if (!text_equal(text_of(r, "user.email"), k->people[half->person].email))
        walk_fail(k, "signed in as somebody else: %s", r->body);
    walk_read_mail(k);
}

struct shown {
    const char *code;
    int64_t step; /* 0: it is not right */
    bool remembers;
};

static void show_code(struct walk *k, struct half *half, int place, const struct shown *shown)
{
    struct person *p = &k->people[half->person];
    enum must must = must_of_half(k, half, place);
    enum must by_code = must_of_code(p, shown->code, shown->step);
    walk_tell(k, "%s", shown->remembers ? " remembered" : "");
    struct reply *r = walk_post_at(
        k, place, "/v1/auth/2fa/verify",
        text_format(test_arena(),
                    "{\"pending_token\":\"%s\",\"code\":\"%s\",\"remember_device\":%s}",
                    half->token, shown->code, shown->remembers ? "true" : "false"));
    bool passed = walk_judge(k, r, must > by_code ? must : by_code);
    if (must != MUST_NOT)
        note_code(p, passed, shown->step);
    if (passed && shown->remembers)
        model_trust(k, p, place);
    if (passed)
        enter_wholly(k, half, r);
}

static void do_second(struct walk *k)
{
    int place;
    struct shown shown;
    struct half *half = choose_half(k, &place);
    if (!half || model_live_visits(k, half->person) >= LIVE_MAX)
        return;
    shown.code = choose_code(k, &k->people[half->person], &shown.step);
    shown.remembers = walk_choose(k, 2);
    show_code(k, half, place, &shown);
}

void walk_trust(struct walk *k, int person)
{
    struct person *p = &k->people[person];
    wait_for(31 * SECOND); /* another code */
    model_age(k);
    walk_login(k, person, person, right_password(p));
    struct half *half = k->half_count ? &k->halves[k->half_count - 1] : NULL;
    int64_t step = totp_step(clock_now());
    if (half && half->person == person && half->life == ALIVE)
        show_code(k, half, half->place, &(struct shown){ code_of(p, step), step, true });
}

static void do_recover(struct walk *k)
{
    int place;
    struct half *half = choose_half(k, &place);
    if (!half || model_live_visits(k, half->person) >= LIVE_MAX)
        return;
    struct person *p = &k->people[half->person];
    unsigned i = walk_choose(k, 3); /* few, so that used ones come again */
    if (!p->codes[i])
        return;
    enum must must = must_of_half(k, half, place);
    if (p->is_used[i])
        must = MUST_NOT;
    else if (must == MUST_PASS)
        must = MAY_PASS; /* lockout of its own */
    struct reply *r = walk_post_at(k, place, "/v1/auth/recovery-login",
                                   json("pending_token", half->token, "code", p->codes[i], NULL));
    if (!walk_judge(k, r, must))
        return;
    p->is_used[i] = true;
    enter_wholly(k, half, r);
}

/* --- sign-in by mail --- */

static void do_ask_link(struct walk *k)
{
    int person = walk_person(k), place = walk_place(k);
    (void)walk_judge(
        k,
        walk_post_at(k, place, "/v1/auth/magic-link", json("email", k->people[person].email, NULL)),
        MUST_PASS);
    walk_read_mail(k);
}

/* Proof of the mailbox: what was planted before is void. */
static void throw_out(struct walk *k, int person)
{
    struct person *p = &k->people[person];
    p->is_verified = true;
    p->passwords = 0;
    model_forget_all(p);
    model_end_links(k, person, LINK_VERIFY);
    model_end_visits(k, person, NULL, 0);
    model_end_halves(k, person);
}

static void do_use_link(struct walk *k)
{
    struct link *link = walk_link(k, LINK_SIGN_IN);
    if (!link || model_live_visits(k, link->person) >= LIVE_MAX)
        return;
    int place = walk_place(k), person = link->person;
    struct reply *r =
        walk_post_at(k, place, "/v1/auth/magic-link/verify", json("token", link->token, NULL));
    if (!walk_judge(k, r, link->life == OVER ? MUST_NOT : MAY_PASS))
        return;
    link->life = OVER;
    if (!k->people[person].is_verified)
        throw_out(k, person);
    model_enter(k, person, place, r);
    walk_read_mail(k);
}

static void do_ask_code(struct walk *k)
{
    int person = walk_person(k), place = walk_place(k);
    (void)walk_judge(
        k,
        walk_post_at(k, place, "/v1/auth/email-code", json("email", k->people[person].email, NULL)),
        MUST_PASS);
    walk_read_mail(k);
}

/* Sometimes for somebody else's address. */
static void do_use_code(struct walk *k)
{
    struct link *link = walk_link(k, LINK_CODE);
    if (!link)
        return;
    int place = walk_place(k), person = link->person;
    if (walk_choose(k, 4) == 0)
        person = walk_person(k);
    if (model_live_visits(k, person) >= LIVE_MAX)
        return;
    bool is_right = person == link->person && link->life != OVER;
    struct reply *r =
        walk_post_at(k, place, "/v1/auth/email-code/verify",
                     json("email", k->people[person].email, "code", link->token, NULL));
    if (!walk_judge(k, r, is_right ? MAY_PASS : MUST_NOT))
        return;
    link->life = OVER;
    if (!k->people[person].is_verified)
        throw_out(k, person);
    model_enter(k, person, place, r);
    walk_read_mail(k);
}

const struct step walk_second_steps[] = {
    { "turn on", do_turn_on },    { "turn off", do_turn_off },   { "second step", do_second },
    { "second step", do_second }, { "recover", do_recover },     { "ask link", do_ask_link },
    { "use link", do_use_link },  { "ask code", do_ask_code },   { "use code", do_use_code },
    { "use code", do_use_code },  { "come back", do_come_back }, { 0 },
};
