/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where somebody signed in: notes the device, and tells the owner of one not seen before, with a
 * link that takes the sign-in back.
 */
#pragma once

#include "account/account.h"
#include "account/device.h"
#include "web/req.h"

struct new_device {
    const struct account *account;
    const struct device_found *found; /* as judged before the sign-in */
    const char *session_id;
    bool gives_cookie, trusts;
};

/* The account's first sign-in ever is told to nobody: the owner has just confirmed the mailbox. */
enum err new_device_note(struct req *rq, const struct new_device *of);

/* The value of the device cookie, NULL when none came. */
const char *device_cookie(struct req *rq);
