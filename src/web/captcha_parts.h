/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What captcha.c (when and whether) and captcha_offer.c (what is offered) share.
 */
#pragma once

#include "base/clock.h"
#include "crypto/challenge.h"
#include "web/req.h"

/* Tickets cost units of ten seconds, one when it is calm and six under the worst pressure. */
enum { CAPTCHA_UNIT = 10 * SECOND };
#define CAPTCHA_LIFETIME (10 * MINUTE)
#define CAPTCHA_KEY "captcha" /* the purpose of the key */

enum {
    CAPTCHA_STANDS_IN = 1, /* made while the provider could not be asked */
};

/* A captcha is due before the next try, after so many failures. */
bool captcha_is_due(const struct req *rq, int64_t failures);

/* The zero bits that a proof of work from this range needs now. */
int captcha_bits(const struct req *rq);

/* The asker's /24 or /64; and what a challenge for it is bound to. */
struct ip captcha_network(const struct req *rq);
struct mem captcha_about(struct req *rq, const char *action);

/* The provider of others that is offered; NULL: the embedded captcha. */
const char *captcha_provider(const struct req *rq);
