/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a new password must be: long enough, not guessable, in no list of breached ones. No
 * composition rules; nothing is normalised or cut. Local and without network (NIST SP 800-63B-4
 * 3.1.1.2). One judgement for the form, the API and the meter, with the reason why.
 */
#pragma once

#include "base/arena.h"

enum password_judgement {
    PASSWORD_IS_GOOD,
    PASSWORD_IS_SHORT,  /* fewer code points than SETTING_PASSWORD_MIN_LENGTH */
    PASSWORD_IS_LONG,   /* more than 1024 bytes */
    PASSWORD_IS_COMMON, /* it is the address, its first part, the service's name, or one of the
                           commonest or breached */
    PASSWORD_IS_WEAK,   /* zxcvbn score below 3 */
};

enum { PASSWORD_BYTES_MAX = 1024, PASSWORD_SCORE_GOOD = 3 };

struct password_verdict {
    enum password_judgement judgement;
    int score;          /* 0 to 4 as zxcvbn counts them; 3 and 4 exactly when it is good */
    const char *reason; /* of a common or weak one: "email", "name", "service", "breached",
                           "common", "personal", "words", "keyboard", "repeat", "sequence", "date"
                           or "guessable"; else NULL */
};

/* Judges a password for somebody with this address and name (NULL: none). */
struct password_verdict password_weigh(struct arena *arena, const char *password, const char *email,
                                       const char *name);
enum password_judgement password_judge(struct arena *arena, const char *password, const char *email,
                                       const char *name);

/* The text of a reason in the catalogue. */
const char *password_reason_key(struct arena *arena, const char *reason);
