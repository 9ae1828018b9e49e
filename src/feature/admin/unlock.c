/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staff locks an account, or unlocks it together with all that wrong attempts have locked. Nobody
 * acts on their own account or on one of their rank or above, but for administrators among
 * themselves, of whom one always remains (RBAC-02, RBAC-03).
 */
#include "feature/features.h"

#include "account/suspension.h"
#include "base/text.h"
#include "web/req.h"

static bool may_act_on(const struct req *rq, const struct account *who)
{
    int64_t own = rq->session.roles;
    if (text_equal(who->id, rq->session.account_id))
        return false;
    return own >= ROLE_ADMIN || role_rank(who->roles) < role_rank(own);
}

static enum err find(struct req *rq, struct account *ret)
{
    TRY(account_find(&rq->tx, param(rq, "id"), ret));
    return may_act_on(rq, ret) ? OK : refuse(rq, PROBLEM_FORBIDDEN);
}

static enum err lock(struct req *rq)
{
    struct account who;
    TRY(find(rq, &who));
    enum err e = suspension_begin(&rq->tx, &who, &rq->by);
    if (e == E_DENIED)
        return refuse(rq, PROBLEM_LAST_ADMIN);
    TRY(e);
    touch_account(rq, who.id);
    return answer_status(rq, 200, "locked");
}

static enum err unlock(struct req *rq)
{
    struct account who;
    TRY(find(rq, &who));
    TRY(suspension_end(&rq->tx, &who, &rq->by));
    return answer_status(rq, 200, "unlocked");
}

const struct route admin_unlock_routes[] = {
    ROUTE(POST, "/v1/admin/users/{id}/lock", SUPPORT, lock, .proof = PROOF_FRESH,
          .gives = { { 200, "{\"status\":\"locked\"}" },
                     { 403, "forbidden: of the same rank or above, or one's own; last_admin" },
                     { 404, "not_found" } },
          .help = "Locks an account: all its sessions end and nobody signs in."),
    ROUTE(POST, "/v1/admin/users/{id}/unlock", SUPPORT, unlock, .proof = PROOF_FRESH,
          .gives = { { 200, "{\"status\":\"unlocked\"}" },
                     { 403, "forbidden: of the same rank or above, or one's own" },
                     { 404, "not_found" } },
          .help = "Unlocks an account, also what too many wrong attempts have locked."),
    ROUTES_END,
};
