/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captchas solved by a test, which are easier than those of people (captcha_set_easiest).
 */
#pragma once

#include "base/clock.h"
#include "world.h"

/* The whole answer to a challenge. */
const char *solve(const char *challenge, int64_t difficulty);
/* The same with a number from this one on. */
const char *solve_from(const char *challenge, int64_t difficulty, int64_t number);

/* Fetches a challenge for an action and solves it. */
const char *solved(struct client *c, const char *action);

/* Solves what a refusal carries in its member captcha. */
const char *solved_from(const struct reply *r);

/* The waiting ticket in the form of a page, "" when there is none. */
const char *ticket_on(const struct reply *r);

/* Makes the range of an address look as bad as gives at least this pressure. Limits are on. */
void make_pressure(const char *ip, int pressure);

#define LIFETIME (10 * MINUTE)

/* Everybody is asked. */
void always(void);

/* What signs Ann in, with an answer. */
const char *captcha_login(const char *captcha);

/* A refusal that asks for a proof of work; and one of ANN's sign-in with a wrong answer, whose
   detail says why. */
void check_asks(const struct reply *r, const char *code, const char *action);
void check_wrong(struct client *c, const char *answer, const char *why);
