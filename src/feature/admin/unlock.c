/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Staff locks an account, or unlocks it together with all that wrong attempts have locked. Nobody
 * acts on their own account or on one of their rank or above, but for administrators among
 * themselves, of whom one always remains (RBAC-02, RBAC-03).
 */
#include "feature/features.h"

#include "account/email.h"
#include "account/suspension.h"
#include "base/text.h"
#include "service/locale.h"
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

/* People know their address; the id is what audit logs and other staff name. In a form, never in a
   path: paths are logged. */
static enum err find_named(struct req *rq, const char *named, struct account *ret)
{
    struct email email;
    if (text_starts(named, "usr_"))
        return account_find(&rq->tx, named, ret);
    if (email_parse(rq->arena, named, &email))
        return E_NOT_FOUND;
    return account_find_email(&rq->tx, email.key, ret);
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

static enum err show_form(struct req *rq)
{
    vars_flag(rq->vars, "tab_unlock", true);
    if (text_equal(field(rq, "done"), "account_unlocked"))
        vars_text(rq->vars, "notice", locale_text(rq->locale, "notice.account_unlocked"));
    return page(rq, "admin_unlock");
}

static enum err say_unknown(struct req *rq)
{
    vars_flag(rq->vars, "tab_unlock", true);
    vars_text(rq->vars, "value_account", field(rq, "account"));
    vars_text(rq->vars, "error_account", locale_text(rq->locale, "admin_unlock.unknown"));
    return page_with_status(rq, "admin_unlock", 404);
}

static enum err unlock_page(struct req *rq)
{
    struct account who;
    enum err e = find_named(rq, field(rq, "account"), &who);
    if (e == E_NOT_FOUND)
        return say_unknown(rq);
    TRY(e);
    if (!may_act_on(rq, &who))
        return refuse(rq, PROBLEM_FORBIDDEN);
    TRY(suspension_end(&rq->tx, &who, &rq->by));
    return see_other(rq, "/admin/unlock?done=account_unlocked");
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
    ROUTE(GET, "/admin/unlock", SUPPORT, show_form,
          .fields = { { "done", FIELD_TEXT, .optional = true, .max = 40 } },
          .help = "The form that unlocks an account."),
    ROUTE(POST, "/admin/unlock", SUPPORT, unlock_page, .proof = PROOF_FRESH,
          .back = "/admin/unlock", .page = "admin_unlock",
          .fields = { { "account", FIELD_TEXT, .min = 1, .max = 254,
                        .help = "its e-mail address, or its id" } },
          .help = "Unlocks an account by form."),
    ROUTES_END,
};
