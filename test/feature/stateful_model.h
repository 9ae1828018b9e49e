/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows from a step: see stateful.h.
 */
#pragma once

#include "stateful.h"

const char *model_password(unsigned i);
struct link *model_add_link(struct walk *k, enum link_kind kind, int person);
struct visit *model_add_visit(struct walk *k, int person, int place, const struct reply *r);
size_t model_live_visits(const struct walk *k, int person);
int64_t model_newest_visit(const struct walk *k, int person); /* when it began */
void model_end_links(struct walk *k, int person, enum link_kind kind);
void model_end_sign_in_mail(struct walk *k, int person); /* links and codes */
void model_end_visits(struct walk *k, int person, const struct visit *keep, int64_t since);
/* What waits for a second step is void, and no browser skips it any more. */
void model_end_halves(struct walk *k, int person);
/* Somebody passed the first step: they are in, or asked for the second. */
void model_enter(struct walk *k, int person, int place, const struct reply *r);
/* Their grace is over: the job removes them. */
bool model_has_left(const struct person *p);
/* The clock moved: what is over by its age. */
void model_age(struct walk *k);
/* A call with the visit's bearer from its own place. */
enum must model_bearer(const struct visit *v);
/* A password was tried; narrows down what it is. */
enum must model_password_must(const struct person *p, unsigned password);
void model_password_seen(struct person *p, unsigned password, bool was_right);
/* What was said at a place to a password of the person's: the count of wrong ones is the model's
   too, so it knows when nothing may be judged, and when something must be. */
void model_password_said(struct walk *k, struct person *p, int place, int status);
/* The address's count starts afresh. */
void model_open(struct person *p);
/* The browser there is trusted from now on; it forgets whose it was before. The account forgets one
   of them, or all. */
void model_trust(struct walk *k, struct person *p, int place);
void model_forget_one(struct person *p);
void model_forget_all(struct person *p);
