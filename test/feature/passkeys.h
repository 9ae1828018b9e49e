/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody with a passkey: the authenticator is played by the test (soft_authenticator.h), and so
 * is the browser in front of it.
 */
#pragma once

#include "../soft_authenticator.h"
#include "attack.h"

#define OUR_ORIGIN "http://localhost:8080"
#define REGISTER "/v1/auth/passkeys/register/"
#define SIGN_IN "/v1/auth/passkeys/login/"

enum { SYNCED = SOFT_UP | SOFT_UV | SOFT_BE | SOFT_BS, ON_DEVICE = SOFT_UP | SOFT_UV };

/* An answer to options that a begin gave, right in everything, flags ON_DEVICE. */
struct soft_answer answer_to(struct soft_credential *key, const struct reply *options);

/* Registers the key for who is signed in and proved lately. Gives the last reply. */
struct reply *add_passkey(struct client *c, struct soft_credential *key, int flags);

/* A new ES256 passkey of who is signed in, synced. */
struct soft_credential *own_passkey(struct client *c);

/* begin with a body, and finish with an answer; the client keeps the tokens. */
struct reply *ask_passkey(struct client *c, const char *body);
struct reply *give_passkey(struct client *c, const struct soft_credential *key,
                           const struct soft_answer *answer);

/* The whole of it: begin with a body ("{}" to sign in), answer with flags. */
struct reply *use_passkey(struct client *c, struct soft_credential *key, const char *body,
                          int flags);
