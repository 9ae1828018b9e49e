/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How well somebody is proved: the methods they have shown (amr, RFC 8176) and the level that
 * follows (acr). Methods are words separated by spaces: "pwd", "email" (a mailed link or code),
 * "otp" (TOTP or a recovery code), "hwk" and "swk" (a passkey that cannot or can be copied), and
 * "mfa" once two different kinds were shown.
 *
 * What is known or mailed is one kind, what is held another: a mailed link never becomes the second
 * factor of a password (NIST SP 800-63B-4 3.1.3.1, MFA-08). A passkey that verified its user is two
 * kinds at once.
 */
#pragma once

#include "base/arena.h"

#include <stdbool.h>

/* The methods with one more: "pwd" and "otp" give "pwd otp mfa". amr may be "". */
const char *level_add(struct arena *arena, const char *amr, const char *method);

/* "mfa" is among them. */
bool level_is_mfa(const char *amr);

/* One of the words. */
bool level_has(const char *amr, const char *method);

/* "aal1" or "aal2". */
const char *level_name(const char *amr);
