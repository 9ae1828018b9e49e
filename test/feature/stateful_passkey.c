/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps of passkeys: see stateful.h. A passkey opens the account alone, also beside two-step
 * sign-in, from the moment it is added until it is removed, whatever becomes of the password.
 */
#include "passkeys.h"
#include "stateful_choose.h"
#include "stateful_model.h"

#include "base/clock.h"

static void do_add(struct walk *k)
{
    struct visit *v = walk_visit(k);
    if (!v || k->people[v->person].key)
        return; /* one each */
    struct person *p = &k->people[v->person];
    enum must must = model_bearer(v) == MUST_NOT ? MUST_NOT : MAY_PASS; /* it asks for more */
    struct reply *r = walk_call_in(k, v, "POST " REGISTER "begin", "{}");
    if (!walk_judge(k, r, must))
        return;
    struct soft_credential *key = soft_credential_new(-7);
    struct soft_answer said = answer_to(key, r);
    said.flags = SYNCED;
    r = walk_call_in(k, v, "POST " REGISTER "finish", soft_registration(test_arena(), key, &said));
    if (!walk_judge(k, r, must))
        return;
    p->key = key;
    p->key_id = text_of(r, "id");
    p->key_since = clock_now();
    p->key_life = ALIVE;
    v->life = UNSURE; /* its token may have been renewed */
    walk_read_mail(k);
}

/* Half the time somebody's newest; a key that was removed is tried again. */
static void do_use(struct walk *k)
{
    int person = walk_person(k), place = walk_place(k);
    struct person *p = &k->people[person];
    if (!p->key || model_live_visits(k, person) >= LIVE_MAX)
        return;
    static const enum must by_life[] = {
        [ALIVE] = MUST_PASS, [UNSURE] = MAY_PASS, [OVER] = MUST_NOT
    };
    struct reply *r = walk_post_at(k, place, SIGN_IN "begin", "{}");
    if (!walk_judge(k, r, MUST_PASS))
        return;
    struct soft_answer said = answer_to(p->key, r);
    said.flags = SYNCED;
    r = walk_post_at(k, place, SIGN_IN "finish", soft_assertion(test_arena(), p->key, &said));
    if (!walk_judge(k, r, by_life[p->key_life]))
        return;
    p->key_life = ALIVE;
    if (!text_equal(text_of(r, "user.email"), p->email))
        walk_fail(k, "signed in as somebody else: %s", r->body);
    (void)model_add_visit(k, person, place, r);
    walk_read_mail(k);
}

static void do_remove(struct walk *k)
{
    struct visit *v = walk_visit(k);
    if (!v || !k->people[v->person].key)
        return;
    struct person *p = &k->people[v->person];
    bool is_shut = model_bearer(v) == MUST_NOT || p->key_life == OVER;
    const char *what = text_format(test_arena(), "DELETE /v1/auth/passkeys/%s", p->key_id);
    if (!walk_judge(k, walk_call_in(k, v, what, NULL), is_shut ? MUST_NOT : MAY_PASS))
        return;
    p->key_life = OVER;
    model_end_halves(k, v->person);
    model_end_visits(k, v->person, v, 0);
    v->life = UNSURE;
    walk_read_mail(k);
}

const struct step walk_passkey_steps[] = {
    { "add passkey", do_add },
    { "use passkey", do_use },
    { "use passkey", do_use },
    { "remove passkey", do_remove },
    { 0 },
};
