/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second step of a sign-in: a code of the authenticator app, or a recovery code.
 *
 * Who stands here has shown a first factor and holds the handle of a pending sign-in, which opens
 * nothing but these doors (MFA-01). An attempt is counted before it is judged and the count is the
 * account's, so a new sign-in, address or browser buys no further guesses (MFA-02). A code that was
 * right but used already is said to be so: people who sign in twice in half a minute would
 * otherwise doubt their app, and nobody gains by it who does not know the code.
 */
#include "feature/features.h"

#include "account/account.h"
#include "account/factor.h"
#include "account/level.h"
#include "account/notice.h"
#include "account/notification.h"
#include "account/recovery.h"
#include "account/totp_factor.h"
#include "base/text.h"
#include "service/setting.h"
#include "web/attempt.h"
#include "web/captcha.h"
#include "web/next.h"
#include "web/req.h"
#include "web/sign_in.h"

/* A kind of code. */
struct way {
    const char *authenticator; /* lockout's and the figures' name for it */
    const char *action;        /* the captcha's */
    /* OK: used up just now. E_INVALID, E_GONE: not good. */
    enum err (*accept)(struct tx *tx, const char *account_id, const char *typed);
};

static const struct way app = { LOCKOUT_TOTP, "two_factor", totp_accept };
static const struct way recovery_code = { LOCKOUT_RECOVERY_CODE, "recovery", recovery_use };

/* --- judging --- */

/* Whoever comes with it knows the first step and has seen a code (MFA-03). Once an hour is enough:
   owners in a hurry do it too. */
static enum err refuse_used(struct req *rq, const struct attempt *attempt)
{
    static const char kind[] = "code_reused";
    struct account who;
    bool is_told = false;
    TRY(notification_has_since(&rq->tx, attempt->account_id, kind, rq->now - HOUR, &is_told));
    if (!is_told) {
        rq->wakes_jobs = true;
        TRY(account_find(&rq->tx, attempt->account_id, &who));
        TRY(notice_tell(&rq->tx, &(struct notice){ .kind = kind,
                                                   .account = &who,
                                                   .ip = rq->from.ip,
                                                   .user_agent = rq->from.user_agent }));
    }
    return attempt_fail(rq, attempt, PROBLEM_CODE_USED);
}

/* Once it was locked, each further try costs something. */
static enum err judge(struct req *rq, const struct way *way, const char *account_id)
{
    struct attempt attempt = { .account_id = account_id, .authenticator = way->authenticator };
    TRY(attempt_look(rq, &attempt));
    TRY(captcha_ask(rq, way->action, attempt.lockout.asks_captcha ? attempt.lockout.failures : 0));
    TRY(account_hold(&rq->tx, account_id));
    TRY(attempt_begin(rq, &attempt));
    enum err e = way->accept(&rq->tx, account_id, field(rq, "code"));
    if (e == E_INVALID)
        return attempt_fail(rq, &attempt, PROBLEM_CODE_WRONG);
    if (e == E_GONE)
        return refuse_used(rq, &attempt);
    TRY(e);
    return attempt_pass(rq, &attempt);
}

/* What is asked: by which way, and whose sign-in is finished. A page has no handle but a cookie. */
struct step {
    const struct way *way;
    const char *handle; /* NULL: the cookie's */
    struct pending pending;
};

static enum err finish(struct req *rq, struct step *step, struct signed_in *ret)
{
    TRY(sign_in_look(rq, &rq->peek, step->handle, &step->pending));
    TRY(judge(rq, step->way, step->pending.account_id));
    return sign_in_finish(rq, &step->pending, "otp", ret);
}

/* The owner should know, and how many are left. */
static enum err tell_used(struct req *rq, const char *account_id)
{
    int64_t left = 0;
    struct account who;
    struct audit_by by = rq->by;
    by.actor = account_id;
    TRY(recovery_count(&rq->tx, account_id, &left));
    TRY(account_find(&rq->tx, account_id, &who));
    const char *number = text_format(rq->arena, "%lld", (long long)left);
    TRY(audit_add(&rq->tx, &by, AUDIT_RECOVERY_CODE_USED, account_id,
                  text_format(rq->arena, "{\"left\":%s}", number)));
    rq->wakes_jobs = true;
    return notice_tell(&rq->tx, &(struct notice){ .kind = "recovery_code_used",
                                                  .account = &who,
                                                  .ip = rq->from.ip,
                                                  .user_agent = rq->from.user_agent,
                                                  .vars = VARS({ "left", number }) });
}

static enum err use_app(struct req *rq, const char *handle, struct signed_in *ret)
{
    struct step step = { .way = &app, .handle = handle };
    ret->trusts_device = field_num(rq, "remember_device");
    return finish(rq, &step, ret);
}

static enum err use_recovery_code(struct req *rq, const char *handle, struct signed_in *ret)
{
    struct step step = { .way = &recovery_code, .handle = handle };
    TRY(finish(rq, &step, ret));
    return tell_used(rq, step.pending.account_id);
}

/* --- by API --- */

static enum err verify_api(struct req *rq)
{
    struct signed_in in = { .gives_cookie = field_num(rq, "cookie") };
    TRY(use_app(rq, field(rq, "pending_token"), &in));
    return answer_sign_in(rq, &in);
}

static enum err recovery_api(struct req *rq)
{
    struct signed_in in = { .gives_cookie = field_num(rq, "cookie") };
    TRY(use_recovery_code(rq, field(rq, "pending_token"), &in));
    return answer_sign_in(rq, &in);
}

/* --- by page: the pending sign-in is known by a cookie --- */

/* What else could be shown, for the links below the form. */
static enum err set_ways(struct req *rq, struct tx *tx)
{
    struct pending pending;
    const char *methods;
    TRY(sign_in_look(rq, tx, NULL, &pending));
    TRY(factor_methods(tx, pending.account_id, &methods));
    vars_flag(rq->vars, "has_totp", level_has(methods, "totp"));
    vars_flag(rq->vars, "has_recovery_code", level_has(methods, "recovery_code"));
    vars_flag(rq->vars, "has_passkey", level_has(methods, "passkey"));
    vars_num(rq->vars, "days", (setting_span(SETTING_TRUSTED_DEVICE) + DAY - 1) / DAY);
    (void)page_set_next(rq, field(rq, "next"));
    return OK;
}

static enum err show_verify(struct req *rq)
{
    TRY(set_ways(rq, &rq->tx));
    return page(rq, "two_factor_verify");
}

static enum err show_recovery(struct req *rq)
{
    TRY(set_ways(rq, &rq->tx));
    return page(rq, "recovery");
}

static enum err verify_page(struct req *rq)
{
    struct signed_in in = { .gives_cookie = true };
    TRY(set_ways(rq, &rq->peek)); /* should the form be shown again */
    TRY(use_app(rq, NULL, &in));
    return see_signed_in(rq, &in, field(rq, "next"));
}

static enum err recovery_page(struct req *rq)
{
    struct signed_in in = { .gives_cookie = true };
    TRY(set_ways(rq, &rq->peek));
    TRY(use_recovery_code(rq, NULL, &in));
    return see_signed_in(rq, &in, field(rq, "next"));
}

#define LIMITS                               \
    {                                        \
        {                                    \
            BY_IP, 10, MINUTE, "second step" \
        }                                    \
    }
#define PENDING_TOKEN                                                     \
    {                                                                     \
        "pending_token", FIELD_TOKEN, .help = "as the first step gave it" \
    }
#define COOKIE                                                                         \
    {                                                                                  \
        "cookie", FIELD_FLAG, .optional = true, .help = "also sets the session cookie" \
    }
#define CODE                                                                                \
    {                                                                                       \
        "code", FIELD_TEXT, .min = 1, .max = 80, .help = "spaces and hyphens do not matter" \
    }
#define REMEMBER                                                                    \
    {                                                                               \
        "remember_device", FIELD_FLAG,                                              \
            .optional = true,                                                       \
            .help = "this browser skips the second step for a while; sets a cookie" \
    }
#define NEXT                                                    \
    {                                                           \
        "next", FIELD_TEXT, .optional = true, .max = NEXT_BYTES \
    }
#define GIVES                                                                     \
    {                                                                             \
        { 200, "as login" }, { 401, "code_wrong, code_used or sign_in_expired" }, \
            { 423, "locked, or authenticator_disabled" },                         \
    }

const struct route second_step_routes[] = {
    ROUTE(POST, "/v1/auth/2fa/verify", ANYONE, verify_api,
          .fields = { PENDING_TOKEN, CODE, REMEMBER, COOKIE, CAPTCHA_FIELD }, .limits = LIMITS,
          .gives = GIVES, .help = "Finishes a sign-in with a code of the authenticator app."),
    ROUTE(POST, "/v1/auth/recovery-login", ANYONE, recovery_api,
          .fields = { PENDING_TOKEN, CODE, COOKIE, CAPTCHA_FIELD }, .limits = LIMITS,
          .gives = GIVES,
          .help = "Finishes a sign-in with a recovery code, which is used up by it."),
    ROUTE(GET, "/2fa/verify", VISITOR, show_verify, .fields = { NEXT }, .captcha = { "two_factor" },
          .help = "The form for the second step."),
    ROUTE(POST, "/2fa/verify", VISITOR, verify_page, .page = "two_factor_verify",
          .captcha = { "two_factor" }, .fields = { CODE, REMEMBER, NEXT, CAPTCHA_FIELD },
          .limits = LIMITS, .help = "The second step by form."),
    ROUTE(GET, "/recovery", VISITOR, show_recovery, .fields = { NEXT }, .captcha = { "recovery" },
          .help = "The form for a recovery code."),
    ROUTE(POST, "/recovery", VISITOR, recovery_page, .page = "recovery",
          .fields = { CODE, NEXT, CAPTCHA_FIELD }, .captcha = { "recovery" }, .limits = LIMITS,
          .help = "The second step with a recovery code by form."),
    ROUTES_END,
};
