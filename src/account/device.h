/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Known devices: the browsers an account was signed in with, told by a cookie of their own, and
 * programs without cookies, told by network and User-Agent. A sign-in from elsewhere is mailed to
 * the owner. A browser may be trusted to skip the second step for a while; that is told by the
 * cookie alone, and the cookie is worth nothing in another program (MFA-09).
 */
#pragma once

#include "account/session.h"
#include "base/err.h"
#include "db/db.h"

#include <stdbool.h>
#include <stdint.h>

struct device {
    const char *id, *user_agent, *ip;
    int64_t created_at, last_seen_at, trusted_until;
};

/* Who stands there, judged before the sign-in. */
struct device_found {
    const char *id;     /* of the cookie when it is genuine, else NULL */
    const char *row_id; /* of the device this account knows, NULL: none */
    bool is_known;
    bool is_first;   /* the account knows no device at all yet */
    bool is_trusted; /* may skip the second step */
};

/* cookie: the device cookie's value, NULL when none came. */
enum err device_find(struct tx *tx, const char *account_id, const char *cookie,
                     const struct origin *from, struct device_found *ret);

/* The id of the device when its genuine cookie came, from the same program, and this account (NULL:
   nobody's) knows it; else NULL. The same statement whether or not there is an account. What is
   told by network and program only is no such proof: a neighbour can look the same. */
enum err device_known(struct tx *tx, const char *account_id, const char *cookie,
                      const struct origin *from, const char **ret_id);

/* Somebody signed in there: notes it. With gives_cookie *ret_cookie is the value to set, unless the
   browser has it already (NULL). A browser that is new to the account, or trusted from now on, gets
   a new one. trust_for: from now on, in milliseconds; 0 leaves trust as it is.
   *ret_id is the device's id. Of an account's devices the latest 50 are kept. */
struct device_visit {
    const char *account_id;
    const struct device_found *found;
    const struct origin *from;
    bool gives_cookie;
    int64_t trust_for;
};
enum err device_note(struct tx *tx, const struct device_visit *visit, const char **ret_id,
                     const char **ret_cookie);

/* An account's devices, the latest first. */
enum err device_list(struct tx *tx, const char *account_id, struct device **ret, size_t *ret_count);

/* Forgets one (E_NOT_FOUND when it is not this account's); takes trust from all, when what proves
   the account's owner has changed; forgets all. */
enum err device_forget(struct tx *tx, const char *account_id, const char *id);
enum err device_distrust_all(struct tx *tx, const char *account_id);
enum err device_forget_all(struct tx *tx, const char *account_id);

/* Removes those not seen for 400 days, at most a batch. */
enum err device_purge(struct tx *tx, int64_t now, bool *ret_more);
