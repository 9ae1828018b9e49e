/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New passwords: see new_password.h.
 */
#include "web/new_password.h"

#include "account/password_rule.h"
#include "service/hashing.h"

enum err new_password_judge(struct req *rq, const char *email, const char *name)
{
    switch (password_judge(rq->arena, field(rq, "password"), email, name)) {
    case PASSWORD_IS_GOOD: return OK;
    case PASSWORD_IS_SHORT: return refuse_field(rq, "password", PROBLEM_PASSWORD_TOO_SHORT);
    case PASSWORD_IS_LONG: return refuse_field(rq, "password", PROBLEM_PASSWORD_TOO_LONG);
    case PASSWORD_IS_COMMON: return refuse_field(rq, "password", PROBLEM_PASSWORD_COMPROMISED);
    case PASSWORD_IS_WEAK: break;
    }
    return refuse_field(rq, "password", PROBLEM_PASSWORD_TOO_WEAK);
}

enum err new_password_hash(struct req *rq, const char *email, const char *name,
                           const char **ret_phc)
{
    TRY(new_password_judge(rq, email, name));
    return hashing_hash(rq->arena, mem_text(field(rq, "password")), ret_phc);
}
