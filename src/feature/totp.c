/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two-step sign-in, set up and looked after by its owner: the authenticator app, the recovery codes
 * that come with it, turning it off.
 *
 * Setting up asks for a fresh proof and counts only once the app has shown a code (MFA-10). From
 * then on every other session and every trusted device is void, because what proves the owner has
 * changed (MFA-07). Secret and recovery codes are in one answer each, never again (MFA-06).
 */
#include "feature/features.h"

#include "account/account.h"
#include "account/credential.h"
#include "account/disavowal.h"
#include "account/lockout.h"
#include "account/notice.h"
#include "account/recovery.h"
#include "account/totp_factor.h"
#include "base/text.h"
#include "service/qr.h"
#include "web/attempt.h"
#include "web/req.h"
#include "web/step_up.h"

#include <string.h>

/* --- shared --- */

/* link: takes it back; NULL: none does. */
static enum err tell(struct req *rq, const char *kind, enum audit_event event, const char *link)
{
    struct account who;
    TRY(account_find(&rq->tx, rq->session.account_id, &who));
    TRY(audit_add(&rq->tx, &rq->by, event, who.id, NULL));
    rq->wakes_jobs = true;
    return notice_tell(&rq->tx, &(struct notice){ .kind = kind,
                                                  .account = &who,
                                                  .ip = rq->from.ip,
                                                  .user_agent = rq->from.user_agent,
                                                  .vars = VARS({ "link", link }) });
}

/* NULL where no code can be drawn: the key can still be typed. */
static enum err draw(struct req *rq, const char *uri, const char **ret_svg)
{
    *ret_svg = NULL;
    enum err e =
        qr_svg(rq->arena, uri, locale_text(rq->locale, "two_factor_setup.qr_title"), ret_svg);
    return e == E_NOT_FOUND || e == E_TOO_LARGE ? OK : e;
}

static void put_codes(struct json_writer *j, const char *const codes[RECOVERY_CODES])
{
    json_begin_array(j, "recovery_codes");
    for (int i = 0; i < RECOVERY_CODES; i++)
        json_put_text(j, NULL, codes[i]);
    json_end(j);
}

/* done: what the next page then says. */
static enum err show_codes(struct req *rq, const char *const codes[RECOVERY_CODES],
                           const char *done)
{
    vars_text(rq->vars, "done", done);
    for (int i = 0; i < RECOVERY_CODES; i++)
        vars_text(vars_item(rq->vars, "codes"), "code", codes[i]);
    return page(rq, "recovery_codes");
}

/* --- setting up --- */

static struct totp_owner owner(const struct req *rq)
{
    return (struct totp_owner){ rq->session.account_id, rq->session.email, rq->session.id };
}

static enum err begin(struct req *rq, struct totp_setup *ret)
{
    struct totp_owner who = owner(rq);
    return totp_setup_begin(&rq->tx, &who, ret);
}

static enum err begin_api(struct req *rq)
{
    struct totp_setup setup;
    const char *svg;
    TRY(begin(rq, &setup));
    TRY(draw(rq, setup.uri, &svg));
    struct json_writer *j = answer(rq, 200);
    json_put_text(j, "secret", setup.secret);
    json_put_text(j, "otpauth_uri", setup.uri);
    json_put_text(j, "qr_svg", svg);
    return OK;
}

static enum err begin_page(struct req *rq)
{
    struct totp_setup setup;
    TRY(begin(rq, &setup));
    return see_other(rq, "/2fa/setup");
}

/* The app has shown its code: all that follows. Locks in the order account, sessions, audit. */
static enum err turn_on(struct req *rq, const char *ret_codes[RECOVERY_CODES])
{
    const char *id = rq->session.account_id, *link;
    TRY(recovery_renew(&rq->tx, id, ret_codes));
    TRY(lockout_clear(&rq->tx, id, LOCKOUT_TOTP));
    TRY(lockout_clear(&rq->tx, id, LOCKOUT_RECOVERY_CODE));
    TRY(credential_set_second_step(&rq->tx, id, true, rq->session.id));
    TRY(step_up(rq, "otp"));
    struct disavowal way_back = { .account_id = id, .session_id = rq->session.id };
    TRY(totp_bound_at(&rq->tx, id, &way_back.created_at)); /* a moment ago */
    TRY(disavowal_add(&rq->tx, &way_back, &link));
    return tell(rq, "two_factor_on", AUDIT_TWO_FACTOR_ON, link);
}

static enum err confirm(struct req *rq, const char *ret_codes[RECOVERY_CODES])
{
    struct totp_owner who = owner(rq);
    TRY(account_hold(&rq->tx, who.account_id));
    enum err e = totp_setup_confirm(&rq->tx, &who, field(rq, "code"));
    if (e == E_NOT_FOUND)
        return refuse(rq, PROBLEM_SETUP_EXPIRED);
    if (e == E_INVALID)
        return refuse_and_keep(rq, PROBLEM_CODE_WRONG); /* the attempt is counted */
    TRY(e);
    return turn_on(rq, ret_codes);
}

static enum err confirm_api(struct req *rq)
{
    const char *codes[RECOVERY_CODES];
    TRY(confirm(rq, codes));
    put_codes(answer(rq, 200), codes);
    return OK;
}

/* "ABCD EFGH ...": easier to type than 32 characters in a row. */
static const char *in_groups(struct arena *arena, const char *secret)
{
    struct buf out;
    buf_init(&out, arena, 2 * strlen(secret));
    for (int i = 0; secret[i]; i++) {
        if (i && i % 4 == 0)
            buf_char(&out, ' ');
        buf_char(&out, secret[i]);
    }
    return out.p;
}

/* What was begun, if anything was. */
static enum err set_setup(struct req *rq, struct tx *tx)
{
    struct totp_owner who = owner(rq);
    struct totp_setup setup;
    const char *svg;
    vars_flag(rq->vars, "is_on", rq->session.mfa_at);
    enum err e = totp_setup_find(tx, &who, &setup);
    if (e == E_NOT_FOUND)
        return OK;
    TRY(e);
    TRY(draw(rq, setup.uri, &svg));
    vars_flag(rq->vars, "begun", true);
    vars_text(rq->vars, "secret_groups", in_groups(rq->arena, setup.secret));
    vars_text(rq->vars, "qr_svg", svg);
    vars_text(rq->vars, "uri_rest", setup.uri + strlen("otpauth://"));
    return OK;
}

static enum err show_setup(struct req *rq)
{
    TRY(set_setup(rq, &rq->tx));
    return page(rq, "two_factor_setup");
}

static enum err confirm_page(struct req *rq)
{
    const char *codes[RECOVERY_CODES];
    TRY(set_setup(rq, &rq->peek)); /* should the form be shown again */
    TRY(confirm(rq, codes));
    return show_codes(rq, codes, "two_factor_on");
}

/* --- new recovery codes --- */

static enum err renew(struct req *rq, const char *ret_codes[RECOVERY_CODES])
{
    const char *id = rq->session.account_id;
    struct account who;
    TRY(account_hold(&rq->tx, id));
    TRY(account_find(&rq->tx, rq->session.account_id, &who));
    if (!who.mfa_at)
        return refuse(rq, PROBLEM_TWO_FACTOR_OFF);
    TRY(recovery_renew(&rq->tx, id, ret_codes));
    TRY(lockout_clear(&rq->tx, id, LOCKOUT_RECOVERY_CODE));
    return tell(rq, "recovery_codes_renewed", AUDIT_RECOVERY_CODES_RENEWED, NULL);
}

static enum err renew_api(struct req *rq)
{
    const char *codes[RECOVERY_CODES];
    TRY(renew(rq, codes));
    put_codes(answer(rq, 200), codes);
    return OK;
}

static enum err renew_page(struct req *rq)
{
    const char *codes[RECOVERY_CODES];
    TRY(renew(rq, codes));
    return show_codes(rq, codes, "recovery_codes");
}

/* --- turning it off --- */

/* A present code, counted and judged as at sign-in, or a fresh proof. */
static enum err prove(struct req *rq)
{
    struct attempt attempt = { .account_id = rq->session.account_id,
                               .authenticator = LOCKOUT_TOTP };
    if (!field(rq, "code"))
        return step_up_check(rq, PROOF_FRESH);
    TRY(attempt_begin(rq, &attempt));
    enum err e = totp_accept(&rq->tx, attempt.account_id, field(rq, "code"));
    if (e == E_INVALID)
        return attempt_fail(rq, &attempt, PROBLEM_CODE_WRONG);
    if (e == E_GONE)
        return attempt_fail(rq, &attempt, PROBLEM_CODE_USED);
    TRY(e);
    return attempt_pass(rq, &attempt);
}

static enum err turn_off(struct req *rq)
{
    const char *id = rq->session.account_id;
    int64_t is_bound = 0;
    TRY(account_hold(&rq->tx, id));
    TRY(totp_count(&rq->tx, id, &is_bound));
    if (!is_bound)
        return refuse(rq, PROBLEM_TWO_FACTOR_OFF);
    TRY(prove(rq));
    TRY(step_up_renew(rq)); /* behind every refusal that keeps what was written */
    TRY(credential_remove_second_step(&rq->tx, id, rq->session.id));
    return tell(rq, "two_factor_off", AUDIT_TWO_FACTOR_OFF, NULL);
}

static enum err turn_off_api(struct req *rq)
{
    TRY(turn_off(rq));
    return answer_status(rq, 200, "two_factor_off");
}

static enum err turn_off_page(struct req *rq)
{
    TRY(turn_off(rq));
    return see_other(rq, "/account/security?done=two_factor_off");
}

static enum err purge(struct job *job)
{
    return totp_setup_purge(job->tx, job->now, &job->more);
}

#define CODE                                                                       \
    {                                                                              \
        "code", FIELD_TEXT, .min = 1, .max = 80, .help = "as the app shows it now" \
    }
#define LIMITS                                   \
    {                                            \
        {                                        \
            BY_ACCOUNT, 10, MINUTE, "two factor" \
        }                                        \
    }
#define CODES_GIVEN                           \
    {                                         \
        200, "{\"recovery_codes\":[\"...\"]}" \
    }

const struct route totp_routes[] = {
    ROUTE(POST, "/v1/auth/2fa/enable-init", SIGNED_IN, begin_api, .proof = PROOF_FRESH,
          .limits = LIMITS, .gives = { { 200, "{\"secret\",\"otpauth_uri\",\"qr_svg\"}" } },
          .help = "Begins to set up an authenticator app; nothing counts before enable-complete."),
    ROUTE(POST, "/v1/auth/2fa/enable-complete", SIGNED_IN, confirm_api, .proof = PROOF_LEVEL,
          .fields = { CODE }, .limits = LIMITS,
          .gives = { CODES_GIVEN, { 401, "code_wrong" }, { 410, "setup_expired" } },
          .help = "Binds the app by its first code; all my other sessions end."),
    ROUTE(POST, "/v1/auth/2fa/disable", SIGNED_IN, turn_off_api,
          .fields = { { "code", FIELD_TEXT, .optional = true, .max = 80,
                        .help = "of the app; without one a fresh proof is needed" } },
          .limits = LIMITS,
          .gives = { { 200, "{\"status\":\"two_factor_off\"}" },
                     { 401, "code_wrong, or insufficient_user_authentication" },
                     { 409, "two_factor_off: it is not on" },
                     { 423, "locked" } },
          .help = "Removes the app and the recovery codes; all my other sessions end."),
    ROUTE(POST, "/v1/auth/2fa/recovery-codes", SIGNED_IN, renew_api, .proof = PROOF_FRESH,
          .limits = LIMITS, .gives = { CODES_GIVEN, { 409, "two_factor_off" } },
          .help = "Ten new recovery codes; the old ones are void."),
    ROUTE(GET, "/2fa/setup", SIGNED_IN, show_setup, .proof = PROOF_FRESH,
          .help = "Sets up an authenticator app."),
    ROUTE(POST, "/2fa/setup", SIGNED_IN, begin_page, .proof = PROOF_FRESH, .back = "/2fa/setup",
          .limits = LIMITS, .help = "Begins to set up an authenticator app."),
    ROUTE(POST, "/2fa/setup/confirm", SIGNED_IN, confirm_page, .proof = PROOF_LEVEL,
          .back = "/2fa/setup", .page = "two_factor_setup", .fields = { CODE }, .limits = LIMITS,
          .help = "Binds the app by its first code and shows the recovery codes."),
    ROUTE(GET, "/2fa/recovery-codes", SIGNED_IN, NULL, .page = "recovery_codes_renew",
          .proof = PROOF_FRESH, .help = "Asks whether to make new recovery codes."),
    ROUTE(POST, "/2fa/recovery-codes", SIGNED_IN, renew_page, .proof = PROOF_FRESH,
          .back = "/2fa/recovery-codes", .page = "recovery_codes_renew", .limits = LIMITS,
          .help = "Makes new recovery codes and shows them."),
    ROUTE(GET, "/2fa/disable", SIGNED_IN, NULL, .page = "two_factor_disable", .proof = PROOF_FRESH,
          .help = "Asks whether to turn two-step sign-in off."),
    ROUTE(POST, "/2fa/disable", SIGNED_IN, turn_off_page, .proof = PROOF_FRESH,
          .back = "/2fa/disable", .page = "two_factor_disable", .limits = LIMITS,
          .fields = { { "code", FIELD_TEXT, .optional = true, .max = 80 } },
          .help = "Turns two-step sign-in off."),
    ROUTES_END,
};

static enum err reseal(struct job *job)
{
    return totp_reseal(job->tx, &job->more);
}

const struct job_kind totp_jobs[] = {
    { "totp.reseal", reseal, HOUR, "seals secrets of apps anew after a change of ENCRYPTION_KEYS" },
    { "totp.purge", purge, HOUR, "removes set-ups of authenticator apps that were not finished",
      .removes = true },
    { 0 },
};
