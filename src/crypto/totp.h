/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One-time codes that follow the clock (RFC 6238 over RFC 4226). Pure functions: that a step is
 * accepted only once is the business of whoever keeps the last one (account/totp_factor.h).
 *
 * The window is this step and the one before it, never one of the future: a code read off a screen
 * may be a few seconds old when it arrives, but nobody has one too early unless a clock is wrong.
 */
#pragma once

#include "base/mem.h"
#include "crypto/digest.h"

#include <stdbool.h>
#include <stdint.h>

enum { TOTP_STEP_SECONDS = 30, TOTP_SECRET_BYTES = 20, TOTP_DIGITS = 6, TOTP_DIGITS_MAX = 8 };

struct totp {
    enum digest digest; /* apps know DIGEST_SHA1 only, whatever the URI says */
    int digits;         /* 6 to 8 */
    struct mem secret;
};

/* The step a time (milliseconds) lies in. */
int64_t totp_step(int64_t at);

/* The code of a step, NUL-terminated. */
void totp_code(const struct totp *totp, int64_t step, char out[TOTP_DIGITS_MAX + 1]);

/* Reads a code as people type it: decimal digits of any keyboard (0-9, full width, Arabic, Persian)
 * with spaces and hyphens anywhere. False unless it has exactly that many digits. */
bool totp_read(const char *typed, int digits, char ret[TOTP_DIGITS_MAX + 1]);

/* The step whose code was presented (as totp_read gave it): that of now or the one before, and
 * later than last_step. 0 when there is none. Takes the same time whatever is wrong. */
int64_t totp_find_step(const struct totp *totp, const char *code, int64_t now, int64_t last_step);
