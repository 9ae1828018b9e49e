/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An address in a request that is to become somebody's: of a new account, or in place of another.
 */
#pragma once

#include "account/email.h"
#include "web/req.h"

/* The field "email". Refuses it when it is a throw-away mailbox (account/disposable.h). */
enum err new_email(struct req *rq, struct email *ret);
