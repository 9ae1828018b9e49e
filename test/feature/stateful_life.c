/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps of an account's whole life: another address, and the end. See stateful.h. A mailbox that an
 * account has left opens nothing any more but the way back, and of who is gone nothing is left.
 */
#include "stateful_choose.h"
#include "stateful_model.h"

#include "base/clock.h"
#include "service/setting.h"

#include <string.h>

/* --- another address --- */

static void do_ask_address(struct walk *k)
{
    struct visit *v = walk_visit(k);
    if (!v)
        return;
    struct person *p = &k->people[v->person];
    const char *other = text_equal(p->email, p->homes[0]) ? p->homes[1] : p->homes[0];
    enum must must = model_bearer(v) == MUST_NOT ? MUST_NOT : MAY_PASS; /* it asks for more */
    if (walk_judge(k, walk_call_in(k, v, "POST /v1/account/email", json("email", other, NULL)),
                   must))
        model_end_links(k, v->person, LINK_ADDRESS); /* the one that waited gives way */
    walk_read_mail(k);
}

static void do_confirm_address(struct walk *k)
{
    struct link *link = walk_link(k, LINK_ADDRESS);
    if (!link)
        return;
    int place = walk_place(k), person = link->person;
    struct person *p = &k->people[person];
    const char *address = link->to;
    enum must must = link->life == OVER || text_equal(p->email, address) ? MUST_NOT : MAY_PASS;
    bool passed = walk_judge(
        k, walk_post_at(k, place, "/v1/account/email/confirm", json("token", link->token, NULL)),
        must);
    link->life = OVER;
    if (!passed)
        return;
    p->email = address;
    model_open(p);                          /* what strangers tried at it before is no matter */
    model_end_links(k, person, LINK_RESET); /* they lie in the mailbox that was left */
    model_end_sign_in_mail(k, person);
    model_end_halves(k, person);
    model_end_visits(k, person, NULL, 0);
    walk_read_mail(k);
}

/* Also after it came true: every session ends, the password is void, the address is back. */
static void do_take_back(struct walk *k)
{
    struct link *link = walk_link(k, LINK_TAKE_BACK);
    if (!link)
        return;
    int place = walk_place(k), person = link->person;
    struct person *p = &k->people[person];
    const char *address = link->to;
    bool passed = walk_judge(
        k, walk_post_at(k, place, "/v1/account/email/revoke", json("token", link->token, NULL)),
        link->life == OVER ? MUST_NOT : MAY_PASS);
    link->life = OVER;
    if (!passed)
        return;
    if (!text_equal(p->email, address))
        model_open(p);
    p->email = address;
    p->passwords = 0;
    for (enum link_kind kind = 0; kind < LINK_KINDS; kind++)
        if (kind != LINK_NOT_ME && kind != LINK_NOT_MY_APP && kind != LINK_TAKE_BACK)
            model_end_links(k, person, kind);
    model_end_halves(k, person);
    model_end_visits(k, person, NULL, 0);
    walk_read_mail(k);
    p->key_life = p->key_life == ALIVE ? UNSURE : p->key_life;
    if (!p->has_app)
        return;
    p->has_app = false; /* what was bound since may be gone: not modelled further */
    p->is_blurred = true;
}

/* --- the end --- */

static void do_leave(struct walk *k)
{
    struct visit *v = walk_visit(k);
    if (!v)
        return;
    struct person *p = &k->people[v->person];
    enum must must = model_bearer(v) == MUST_NOT ? MUST_NOT : MAY_PASS; /* it asks for more */
    if (walk_judge(k, walk_call_in(k, v, "POST /v1/account/deletion", NULL), must) && !p->leaves_at)
        p->leaves_at = clock_now() + setting_span(SETTING_DELETION_GRACE);
    walk_read_mail(k);
}

static void do_stay(struct walk *k)
{
    struct visit *v = walk_visit(k);
    if (!v)
        return;
    struct person *p = &k->people[v->person];
    enum must must = p->leaves_at ? model_bearer(v) : MUST_NOT;
    if (walk_judge(k, walk_call_in(k, v, "DELETE /v1/account/deletion", NULL), must))
        p->leaves_at = 0;
    walk_read_mail(k);
}

const struct step walk_life_steps[] = {
    { "ask address", do_ask_address },
    { "confirm address", do_confirm_address },
    { "take back", do_take_back },
    { "leave", do_leave },
    { "stay", do_stay },
    { 0 },
};
