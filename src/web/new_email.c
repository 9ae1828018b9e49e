/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New addresses: see new_email.h.
 */
#include "web/new_email.h"

#include "account/disposable.h"

enum err new_email(struct req *rq, struct email *ret)
{
    TRY(email_parse(rq->arena, field(rq, "email"), ret));
    return disposable_is(ret->key) ? refuse_field(rq, "email", PROBLEM_EMAIL_DISPOSABLE) : OK;
}
