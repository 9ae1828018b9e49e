/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why something was refused for policy reasons, for staff to look up later. The record is no row:
 * a flood of refusals must not grow the store (DOS-09). It travels in the answer itself, sealed, as
 * its decision_id; any node with the keys opens it, nobody else reads or makes one. It never holds
 * an e-mail address or a secret, and its length says nothing about who has an account.
 */
#pragma once

#include "web/req.h"

#include <stdint.h>

struct decision {
    const char *rule;    /* "limit login ip", "lockout password", "captcha login", "address deny":
                            the first word is one of the kinds in decision.c */
    const char *counter; /* what was counted: "192.0.2.0/24", "account", "address"; never an e-mail
                            address, never a secret; NULL: nothing was */
    int64_t value, threshold; /* what the counter stood at, and where the rule refuses */
    int64_t until;            /* when it ends by itself, 0: never */
};

/* As refuse() and refuse_and_keep(), with a record of why. */
enum err refuse_by_rule(struct req *rq, enum problem problem, const struct decision *why);
enum err refuse_by_rule_and_keep(struct req *rq, enum problem problem, const struct decision *why);

/* What a decision_id says. */
struct decision_record {
    struct decision what;
    const char *explanation; /* the catalogue's key for it in plain words */
    int64_t at;
    const char *method, *path; /* of the route, path "" when there was none */
    const char *network;       /* the client's /24 or /64 */
    const char *request_id;
};

/* Opens a decision_id. E_NOT_FOUND: not one of this house, or edited; E_GONE: older than
 * SETTING_DECISION_KEEP. */
enum err decision_open(struct arena *arena, const char *id, int64_t now,
                       struct decision_record *ret);
