/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first page: a welcome for strangers, an overview for who is signed in.
 */
#include "feature/features.h"

#include "account/account.h"
#include "account/passkey.h"
#include "account/session.h"
#include "base/text.h"
#include "web/req.h"

/* What would make the account safer and is not there yet. */
static enum err set_protection(struct req *rq)
{
    int64_t passkeys = 0;
    bool has_two_factor = rq->session.mfa_at != 0;
    TRY(passkey_count(&rq->tx, rq->session.account_id, &passkeys));
    vars_flag(rq->vars, "has_two_factor", has_two_factor);
    vars_flag(rq->vars, "has_passkey", passkeys);
    vars_flag(rq->vars, "is_bare", !has_two_factor || !passkeys);
    return OK;
}

static enum err show(struct req *rq)
{
    struct account who;
    struct session *sessions;
    size_t count;
    if (!rq->is_signed_in)
        return page(rq, "welcome");
    TRY(account_find(&rq->tx, rq->session.account_id, &who));
    TRY(session_list(&rq->tx, who.id, &sessions, &count));
    TRY(set_protection(rq));
    vars_flag(rq->vars, "has_name", !text_is_empty(who.name));
    vars_num(rq->vars, "session_count", (int64_t)count);
    vars_flag(rq->vars, "email_verified", who.verified_at != 0);
    vars_text(rq->vars, "last_sign_in_at", clock_format(rq->arena, who.last_sign_in_at));
    vars_text(rq->vars, "created_at", clock_format(rq->arena, who.created_at));
    vars_text(rq->vars, "password_changed_at",
              who.password_changed_at ? clock_format(rq->arena, who.password_changed_at) : NULL);
    vars_text(rq->vars, "device", session_device(rq->arena, rq->session.user_agent));
    vars_text(rq->vars, "roles", role_format(rq->arena, who.roles));
    return page(rq, "dashboard");
}

const struct route dashboard_routes[] = {
    ROUTE(GET, "/", VISITOR, show, .help = "The first page."),
    ROUTES_END,
};
