/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a new password must be: long enough, not guessable. No composition rules; nothing is
 * normalised or cut. Local and without network (NIST SP 800-63B-4 3.1.1.2).
 */
#pragma once

#include "base/arena.h"

enum password_judgement {
    PASSWORD_IS_GOOD,
    PASSWORD_IS_SHORT,  /* fewer code points than SETTING_PASSWORD_MIN_LENGTH */
    PASSWORD_IS_LONG,   /* more than 1024 bytes */
    PASSWORD_IS_COMMON, /* it is the address, its first part, the service's name, or one of the
                           commonest */
    PASSWORD_IS_WEAK,   /* zxcvbn score below 3 */
};

enum { PASSWORD_BYTES_MAX = 1024 };

/* Judges a password for somebody with this address and name (NULL: none). */
enum password_judgement password_judge(struct arena *arena, const char *password, const char *email,
                                       const char *name);
