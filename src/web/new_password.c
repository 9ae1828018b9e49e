/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New passwords: see new_password.h.
 */
#include "web/new_password.h"

#include "service/hashing.h"

struct password_verdict new_password_weigh(struct req *rq, const char *email, const char *name)
{
    struct password_verdict verdict = password_weigh(rq->arena, field(rq, "password"), email, name);
    if (verdict.judgement == PASSWORD_IS_GOOD && rq->outside.is_breached)
        return (struct password_verdict){ PASSWORD_IS_COMMON, 1, "breached" };
    return verdict;
}

enum err new_password_judge(struct req *rq, const char *email, const char *name)
{
    struct password_verdict verdict = new_password_weigh(rq, email, name);
    switch (verdict.judgement) {
    case PASSWORD_IS_GOOD: return OK;
    case PASSWORD_IS_SHORT: return refuse_password(rq, PROBLEM_PASSWORD_TOO_SHORT, NULL);
    case PASSWORD_IS_LONG: return refuse_password(rq, PROBLEM_PASSWORD_TOO_LONG, NULL);
    case PASSWORD_IS_COMMON:
        return refuse_password(rq, PROBLEM_PASSWORD_COMPROMISED, verdict.reason);
    case PASSWORD_IS_WEAK: break;
    }
    return refuse_password(rq, PROBLEM_PASSWORD_TOO_WEAK, verdict.reason);
}

enum err new_password_hash(struct req *rq, const char *email, const char *name,
                           const char **ret_phc)
{
    TRY(new_password_judge(rq, email, name));
    return hashing_hash(rq->arena, mem_text(field(rq, "password")), ret_phc);
}
