/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fresh proof of identity for sensitive actions (RFC 9470): who is signed in shows a password or
 * a code again, or signs with a passkey (feature/passkey), and goes on where they were.
 */
#include "feature/features.h"

#include "account/account.h"
#include "account/factor.h"
#include "account/level.h"
#include "account/passkey.h"
#include "account/totp_factor.h"
#include "base/text.h"
#include "service/hashing.h"
#include "web/attempt.h"
#include "web/next.h"
#include "web/req.h"
#include "web/step_up.h"

/* The hash is computed before the transaction opens; that the password is still the one compared is
   asked again under the account's lock. */
static enum err prove_by_password(struct req *rq)
{
    struct account read, who;
    bool matches;
    TRY(account_find(&rq->peek, rq->session.account_id, &read));
    struct attempt attempt = { .account_id = read.id,
                               .email_key = read.email_key,
                               .authenticator = LOCKOUT_PASSWORD };
    TRY(attempt_look(rq, &attempt));
    TRY(hashing_verify(read.password, mem_text(field(rq, "password")), &matches, NULL));
    TRY(account_hold(&rq->tx, read.id));
    TRY(account_find(&rq->tx, read.id, &who));
    bool is_right = matches && mem_equal(mem_text(read.password), mem_text(who.password));
    TRY(attempt_end(rq, &attempt, is_right ? PROBLEM_NONE : PROBLEM_PASSWORD_WRONG));
    return step_up(rq, "pwd");
}

static enum err prove_by_code(struct req *rq)
{
    struct attempt attempt = { .account_id = rq->session.account_id,
                               .authenticator = LOCKOUT_TOTP };
    TRY(account_hold(&rq->tx, attempt.account_id));
    TRY(attempt_begin(rq, &attempt));
    enum err e = totp_accept(&rq->tx, attempt.account_id, field(rq, "code"));
    if (e == E_INVALID || e == E_GONE)
        return attempt_fail(rq, &attempt, e == E_GONE ? PROBLEM_CODE_USED : PROBLEM_CODE_WRONG);
    TRY(e);
    TRY(attempt_pass(rq, &attempt));
    return step_up(rq, "otp");
}

static enum err prove(struct req *rq)
{
    if (field(rq, "code"))
        return prove_by_code(rq);
    if (field(rq, "password"))
        return prove_by_password(rq);
    return refuse_field(rq, "password", PROBLEM_FIELD_REQUIRED);
}

static enum err prove_api(struct req *rq)
{
    TRY(prove(rq));
    return answer_step_up(rq);
}

static enum err set_choices(struct req *rq, struct tx *tx)
{
    struct account who;
    const char *methods;
    int64_t passkeys = 0;
    TRY(account_find(tx, rq->session.account_id, &who));
    TRY(factor_methods(tx, who.id, &methods));
    vars_flag(rq->vars, "can_totp", who.mfa_at && level_has(methods, "totp"));
    TRY(passkey_count_alone(tx, who.id, &passkeys));
    vars_flag(rq->vars, "can_passkey", passkeys);
    /* One factor renews a proof by two, but does not make one of it. */
    bool is_form = !route_is_safe(rq->route);
    bool needs_second = who.mfa_at && !level_is_mfa(rq->session.amr);
    vars_flag(rq->vars, "can_password", who.password && !needs_second);
    vars_flag(rq->vars, "tried_password", is_form && field(rq, "password"));
    return OK;
}

static enum err show(struct req *rq)
{
    const char *next = page_set_next(rq, field(rq, "next"));
    if (step_up_is_met(rq, PROOF_FRESH))
        return see_other(rq, next);
    TRY(set_choices(rq, &rq->tx));
    return page(rq, "reauth");
}

static enum err prove_page(struct req *rq)
{
    TRY(set_choices(rq, &rq->peek)); /* should the form be shown again */
    enum err e = prove(rq);
    if (e == E_REFUSED && rq->problem == PROBLEM_REAUTH_REQUIRED)
        return refuse_field(rq, "password", PROBLEM_REAUTH_REQUIRED); /* not to this page again */
    TRY(e);
    return see_other(rq, safe_next(field(rq, "next"), "/"));
}

#define REAUTH_LIMITS                        \
    {                                        \
        {                                    \
            BY_ACCOUNT, 10, MINUTE, "reauth" \
        }                                    \
    }

const struct route reauth_routes[] = {
    ROUTE(POST, "/v1/auth/reauth", SIGNED_IN, prove_api, .lane = LANE_HASH,
          .fields = { { "password", FIELD_PASSWORD, .optional = true },
                      { "code", FIELD_TEXT, .optional = true, .max = 80,
                        .help = "of the authenticator app, instead" } },
          .limits = REAUTH_LIMITS,
          .gives = { { 200, "{\"status\":\"proved\",\"access_token\",\"token_type\",\"expires_in\","
                            "\"auth_time\",\"amr\",\"acr\"}" },
                     { 401, "code_wrong, code_used, or insufficient_user_authentication: another "
                            "method is needed" },
                     { 403, "password_wrong" },
                     { 423, "locked" } },
          .help = "A fresh proof of identity for sensitive actions."),
    ROUTE(GET, "/reauth", SIGNED_IN, show,
          .fields = { { "next", FIELD_TEXT, .optional = true, .max = NEXT_BYTES } },
          .help = "Asks for a fresh proof."),
    ROUTE(POST, "/reauth", SIGNED_IN, prove_page, .lane = LANE_HASH, .page = "reauth",
          .fields = { { "password", FIELD_PASSWORD, .optional = true },
                      { "code", FIELD_TEXT, .optional = true, .max = 80 },
                      { "next", FIELD_TEXT, .optional = true, .max = NEXT_BYTES } },
          .limits = REAUTH_LIMITS, .help = "Takes a fresh proof by form."),
    ROUTES_END,
};
