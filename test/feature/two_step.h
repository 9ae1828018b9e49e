/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody with an authenticator app: the app is played by the test, from the secret that the
 * set-up gave.
 */
#pragma once

#include "attack.h"

enum { CODES = 10 };

struct app {
    struct client *owner; /* signed in, proved just now by password and code */
    struct mem secret;
    const char *base32;
    const char *codes[CODES]; /* recovery codes */
};

/* person(), login() and the whole set-up; then a step passes, so that the next code is a new one.
 */
struct app two_step(struct world *w, const char *email);

/* The set-up alone, for who is signed in. Gives the reply of the last step. */
struct reply *set_up(struct client *c, struct app *ret);

/* What the app shows so many steps from now. */
const char *code_at(const struct app *app, int64_t steps);

/* The bytes of a secret as apps get it. */
struct mem secret_of(const char *base32);

/* The first step; gives the handle, NULL when no second step was asked for. */
const char *first_step(struct client *c, const char *email);

/* The second step by API; the client keeps the tokens. */
struct reply *second_step(struct client *c, const char *handle, const char *code);
struct reply *recover(struct client *c, const char *handle, const char *code);

/* Both steps. */
struct reply *login_by_app(struct client *c, const char *email, const struct app *app);

/* Stays signed in after a wait: a new access token for the same session. */
void stay(struct client *c);
