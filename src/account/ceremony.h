/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebAuthn ceremonies: a challenge was given to a browser, and one answer may come to it. The
 * challenge is the text of a token, so its row is found by it; it serves one purpose, in the place
 * it was given to, once, whatever comes of it (WA-03).
 */
#pragma once

#include "base/err.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

enum ceremony_purpose {
    CEREMONY_REGISTER,
    CEREMONY_SIGN_IN,     /* nobody is known yet */
    CEREMONY_SECOND_STEP, /* a first factor was shown */
    CEREMONY_REAUTH,      /* somebody is signed in */
};

struct ceremony {
    const char *id;
    enum ceremony_purpose purpose;
    const char *account_id; /* who has to answer; NULL: whoever signs in */
    const char *bound_to;   /* the id of the session or pending sign-in, or the agent key */
    const char *name;       /* registration: of the new passkey, or NULL */
};

enum { CEREMONY_MINUTES = 10 };

/* Begins one (id is filled in); *ret_challenge is the text whose bytes are the challenge. */
enum err ceremony_start(struct tx *tx, struct ceremony *of, const char **ret_challenge);

/* What a challenge was given for; changes nothing. E_GONE for anything but a live one. */
enum err ceremony_look(struct tx *tx, const char *challenge, struct ceremony *ret);

/* Uses it up: at most one caller gets OK for it. E_GONE otherwise. */
enum err ceremony_take(struct tx *tx, const struct ceremony *of);

/* Removes expired ones, at most a batch; *ret_more: there may be others. */
enum err ceremony_purge(struct tx *tx, int64_t now, bool *ret_more);
