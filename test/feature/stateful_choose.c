/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Choosing who, where and with what, and calling: see stateful_choose.h.
 */
#include "stateful_choose.h"
#include "stateful_model.h"

#include "base/clock.h"

#include <string.h>

/* --- choosing --- */

int walk_person(struct walk *k)
{
    int person = (int)walk_choose(k, PEOPLE);
    walk_tell(k, " person %d", person);
    return person;
}

int walk_place(struct walk *k)
{
    int place = (int)walk_choose(k, PLACES);
    walk_tell(k, " at %d", place);
    return place;
}

unsigned walk_password(struct walk *k)
{
    unsigned password = walk_choose(k, 4);
    walk_tell(k, " password %u", password);
    return password;
}

/* Half the time the right one. */
unsigned walk_guess(struct walk *k, const struct person *p)
{
    unsigned password = walk_choose(k, 8), right = 0;
    while (right < 3 && !(p->passwords & 1U << right))
        right++;
    password = password < 4 ? password : right;
    walk_tell(k, " password %u", password);
    return password;
}

/* Half the time the newest that lives: most of them are over soon. */
struct visit *walk_visit(struct walk *k)
{
    static const char *const lives[] = { "alive", "unsure", "over" };
    if (!k->visit_count)
        return NULL;
    size_t i = walk_choose(k, 2 * (unsigned)k->visit_count);
    bool is_any = i < k->visit_count;
    for (i = is_any ? i : k->visit_count - 1; !is_any && i > 0 && k->visits[i].life == OVER;)
        i--;
    struct visit *v = &k->visits[i];
    walk_tell(k, " session %zu of %d (%s)", i, v->person, lives[v->life]);
    return v;
}

struct link *walk_link(struct walk *k, enum link_kind kind)
{
    struct link *of_kind[LINKS];
    unsigned n = 0;
    for (size_t i = 0; i < k->link_count; i++)
        if (k->links[i].kind == kind)
            of_kind[n++] = &k->links[i];
    if (!n)
        return NULL;
    struct link *link = of_kind[n - 1 - walk_choose(k, n)]; /* the newest first */
    walk_tell(k, " link %zd of %d", link - k->links, link->person);
    return link;
}

/* --- calling --- */

/* what is a method and a path: "GET /v1/auth/me" */
struct reply *walk_call_as(struct walk *k, int place, const char *bearer, const char *what,
                           const char *body)
{
    struct client *c = k->places[place];
    size_t n = strcspn(what, " ");
    c->bearer = bearer;
    struct reply *r = call(c, text_copy(test_arena(), MEM(what, n)), what + n + 1, body);
    c->bearer = NULL;
    return r;
}

struct reply *walk_call_in(struct walk *k, struct visit *v, const char *what, const char *body)
{
    if (model_bearer(v) != MUST_NOT)
        v->used_at = clock_now();
    return walk_call_as(k, v->place, v->bearer, what, body);
}

struct reply *walk_post_at(struct walk *k, int place, const char *path, const char *body)
{
    return walk_call_as(k, place, NULL, text_format(test_arena(), "POST %s", path), body);
}
