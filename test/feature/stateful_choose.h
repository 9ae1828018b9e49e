/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of the random walks: what the bytes choose, and calls from a place. See stateful.h.
 */
#pragma once

#include "stateful.h"

int walk_person(struct walk *k);
int walk_place(struct walk *k);
unsigned walk_password(struct walk *k);
unsigned walk_guess(struct walk *k, const struct person *p); /* half the time the right one */
struct visit *walk_visit(struct walk *k);                    /* NULL when there is none */
struct link *walk_link(struct walk *k, enum link_kind kind);

/* what is a method and a path: "GET /v1/auth/me". walk_call_in: as who is signed in there. */
struct reply *walk_call_as(struct walk *k, int place, const char *bearer, const char *what,
                           const char *body);
struct reply *walk_call_in(struct walk *k, struct visit *v, const char *what, const char *body);
struct reply *walk_post_at(struct walk *k, int place, const char *path, const char *body);
