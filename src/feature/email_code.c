/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign-in by a mailed code.
 *
 * Eight digits can be guessed, so each try is counted before it is judged, by address and not by
 * account: an address without an account is locked by as many wrong codes as one with (ENUM-06).
 * Both run the same statements, compute the same HMAC and write the same rows: a wrong code leaves
 * the account alone.
 */
#include "feature/features.h"

#include "account/account.h"
#include "account/email.h"
#include "account/email_code.h"
#include "account/lockout.h"
#include "base/text.h"
#include "service/outbox.h"
#include "service/setting.h"
#include "web/attempt.h"
#include "web/captcha.h"
#include "web/mail_sign_in.h"
#include "web/next.h"
#include "web/req.h"
#include "web/sign_in.h"

/* --- asking for a code --- */

static enum err ask_api(struct req *rq)
{
    TRY(captcha_ask(rq, "magic_link", 0));
    TRY(mail_sign_in_ask(rq, "email_code.send", NULL));
    return answer_status(rq, 202, "code_sent");
}

static enum err send_code(struct job *job)
{
    struct mail_task asked;
    struct account who;
    int64_t lifetime = setting_span(SETTING_EMAIL_CODE_TTL), minutes = lifetime / MINUTE;
    const char *code;
    enum err e = mail_sign_in_asked(job, &asked, &who);
    if (e == E_NOT_FOUND)
        return OK;
    TRY(e);
    TRY(email_code_add(job->tx, &who, asked.by.ip, asked.by.user_agent, &code));
    TRY(audit_add(job->tx, &asked.by, AUDIT_EMAIL_CODE_SENT, who.id, NULL));
    return outbox_add(
        job->tx, "sign_in_code", who.email, who.locale, who.id,
        VARS({ "code", code }, { "code_first", text_format(job->arena, "%.4s", code) },
             { "code_last", code + 4 },
             { "code_minutes", text_format(job->arena, "%lld", (long long)minutes) },
             { "requested_at", clock_format(job->arena, job->now) }, { "time_zone", who.time_zone },
             { "requested_ip", asked.by.ip },
             { "requested_agent", session_device(job->arena, asked.by.user_agent) },
             { "expires_at", text_format(job->arena, "%lld", (long long)(job->now + lifetime)) }));
}

/* --- typing it --- */

static enum err enter(struct req *rq, struct signed_in *ret)
{
    struct email email;
    struct attempt attempt = { .authenticator = LOCKOUT_EMAIL_CODE };
    TRY(email_parse(rq->arena, field(rq, "email"), &email));
    TRY(account_find_id(&rq->peek, email.key, &attempt.account_id));
    attempt.email_key = email.key;
    TRY(attempt_look(rq, &attempt));
    TRY(captcha_ask(rq, "email_code", attempt.lockout.failures));
    struct email_code_try try = { attempt.account_id, email.key, field(rq, "code") };
    enum err e = email_code_look(&rq->peek, &try);
    if (e == OK)
        TRY(account_hold(&rq->tx, attempt.account_id));
    TRY(attempt_begin(rq, &attempt)); /* counted first: what was seen above is told to nobody yet */
    if (e == OK)
        e = email_code_take(&rq->tx, &try);
    if (e == E_GONE)
        return attempt_fail(rq, &attempt, PROBLEM_CODE_WRONG);
    TRY(e);
    TRY(attempt_pass(rq, &attempt));
    return mail_sign_in(rq, attempt.account_id, ret);
}

static enum err enter_api(struct req *rq)
{
    struct signed_in in = { .gives_cookie = field_num(rq, "cookie") };
    TRY(enter(rq, &in));
    return answer_sign_in(rq, &in);
}

static enum err enter_page(struct req *rq)
{
    struct signed_in in = { .gives_cookie = true };
    TRY(enter(rq, &in));
    return see_signed_in(rq, &in, field(rq, "next"));
}

static enum err show(struct req *rq)
{
    const char *next = page_set_next(rq, field(rq, "next"));
    if (rq->is_signed_in)
        return see_other(rq, next);
    return page(rq, "email_code");
}

/* --- the doors --- */

static enum err purge(struct job *job)
{
    TRY(lockout_purge(job->tx, job->now, &job->more));
    return email_code_purge(job->tx, job->now, &job->more);
}

#define ENTER_LIMITS                                                           \
    {                                                                          \
        { BY_IP, 5, MINUTE, "login" }, { BY_EMAIL_FIELD, 5, MINUTE, "login" }, \
    }
#define CODE_FIELD                                             \
    {                                                          \
        "code", FIELD_TEXT, .max = 20, .help = "from the mail" \
    }
#define NEXT_FIELD                                              \
    {                                                           \
        "next", FIELD_TEXT, .optional = true, .max = NEXT_BYTES \
    }

const struct route email_code_routes[] = {
    ROUTE(POST, "/v1/auth/email-code", ANYONE, ask_api,
          .fields = { { "email", FIELD_EMAIL }, CAPTCHA_FIELD },
          .limits = { { BY_IP, 10, 15 * MINUTE, "sign-in mail" },
                      { BY_EMAIL_FIELD, 3, 15 * MINUTE, "mail" },
                      { BY_EMAIL_FIELD, 10, DAY, "mail" } },
          .gives = { { 202, "{\"status\":\"code_sent\"}" } },
          .help = "Mails a sign-in code. The same answer for every address."),
    ROUTE(POST, "/v1/auth/email-code/verify", ANYONE, enter_api,
          .fields = { { "email", FIELD_EMAIL },
                      CODE_FIELD,
                      { "cookie", FIELD_FLAG, .optional = true,
                        .help = "also sets the session cookie" },
                      CAPTCHA_FIELD },
          .limits = ENTER_LIMITS,
          .gives = { { 200, "as /v1/auth/login" },
                     { 401, "code_wrong, whatever was wrong" },
                     { 423, "locked or authenticator_disabled" } },
          .help = "Uses a sign-in code up: its owner is signed in, or asked for the second step."),
    ROUTE(GET, "/email-code", VISITOR, show, .fields = { NEXT_FIELD },
          .captcha = { "email_code", "magic_link" },
          .help = "The form that takes a mailed sign-in code."),
    ROUTE(POST, "/email-code", VISITOR, enter_page, .page = "email_code",
          .captcha = { "email_code", "magic_link" },
          .fields = { { "email", FIELD_EMAIL }, CODE_FIELD, NEXT_FIELD, CAPTCHA_FIELD },
          .limits = ENTER_LIMITS, .help = "Signs in by a mailed code."),
    ROUTES_END,
};

const struct job_kind email_code_jobs[] = {
    { "email_code.send", send_code, 0, "mails a sign-in code" },
    { "email_code.purge", purge, HOUR,
      "removes sign-in codes that have expired, and old counts of wrong ones", .removes = true },
    { 0 },
};
