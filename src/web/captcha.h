/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The captcha of every public door, embedded and needing nobody outside: whoever comes from a range
 * that misbehaves, or tries once more after failures, first spends computing time
 * (crypto/challenge.h). It keeps nobody out, but makes each try cost more than it brings: what it
 * asks follows the pressure on the asker's range and is never taken from the asker. Browsers
 * without script wait instead: a network gets in at most once for each wait.
 *
 * A challenge is bound to action and network, good for some minutes and once. It is judged before
 * anything slow or stored happens, and spent whatever comes of the rest (RATE-11).
 */
#pragma once

#include "web/req.h"

/* Every door that calls captcha_ask has it. */
#define CAPTCHA_FIELD                                                                             \
    {                                                                                             \
        "captcha", FIELD_TEXT,                                                                    \
            .optional = true, .max = 4096,                                                        \
            .help = "when asked for: the challenge, a dot, and a decimal number found so that "   \
                    "the SHA-256 of this text begins with as many zero bits as difficulty says; " \
                    "see /v1/auth/challenge"                                                      \
    }

/*
 * Passes when no captcha is due, or a good one came and was spent just now. Refuses with
 * captcha_required or captcha_wrong, and what would be good is told: in the problem, or in the
 * form shown again. failures: wrong tries in a row at what is attempted, 0 where none are counted.
 * action is one of captcha_is_action; called before the handler's first statement on rq->tx, for
 * the spent captcha is a commit of its own.
 */
enum err captcha_ask(struct req *rq, const char *action, int64_t failures);

/* A door's name in challenges: login, register, ... */
bool captcha_is_action(const char *action);

/* What a client must do now to pass, as members of the object being written. */
enum err captcha_put(struct req *rq, const char *action, struct json_writer *j);

/* For a page about to be rendered: the forms of its route (route.h, captcha) hold a challenge
 * already when one will be asked for. */
enum err captcha_set_vars(struct req *rq);

/* The zero bits asked for when it is calm; for tests, which have no time, another figure. */
enum { CAPTCHA_BITS = 17 };
void captcha_set_easiest(int bits);

/* Removes what need not be remembered any more. */
enum err captcha_purge(struct tx *tx, int64_t now, bool *ret_more);
