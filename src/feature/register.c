/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registration: an address, a password, and a mailed link that makes the account usable.
 *
 * Nobody learns here who has an account: the answer, the hashing and the one commit are the same
 * for a known address, whose owner gets a mail of another kind. A link carries its own
 * registration's password, so registering a stranger's address plants nothing
 * (account/registration.h). Whether sign-up is open to them (account/sign_up.h) is asked before any
 * of it. A link is only used up by a POST: mail scanners that open it show the page and change
 * nothing.
 */
#include "feature/features.h"

#include "account/account.h"
#include "account/address.h"
#include "account/email.h"
#include "account/mailbox.h"
#include "account/registration.h"
#include "account/sign_up.h"
#include "base/text.h"
#include "service/job.h"
#include "service/outbox.h"
#include "service/setting.h"
#include "web/captcha.h"
#include "web/decision.h"
#include "web/mail_task.h"
#include "web/new_email.h"
#include "web/new_password.h"
#include "web/req.h"

static const char *link_to(struct arena *arena, const char *path, const char *token)
{
    return text_format(arena, "%s%s?token=%s", setting_public_origin(), path, token);
}

/* What the confirmation mail says; for the first link and for later ones. */
static enum err mail_link(struct tx *tx, const struct account *who, const struct registration *r,
                          const struct token *token)
{
    int64_t lifetime = setting_span(SETTING_VERIFY_EMAIL_TTL), hours = lifetime / HOUR;
    return outbox_add(tx, "verify_email", who->email, who->locale, who->id,
                      VARS({ "link", link_to(tx->arena, "/verify-email", token->text) },
                           { "hours", text_format(tx->arena, "%lld", (long long)hours) },
                           { "requested_ip", r->ip },
                           { "requested_agent", session_device(tx->arena, r->user_agent) },
                           { "requested_at", clock_format(tx->arena, clock_now()) },
                           { "expires_at", text_format(tx->arena, "%lld",
                                                       (long long)(clock_now() + lifetime)) }));
}

/* With as much work as a new registration takes: time must not tell what the answer does not. */
static enum err tell_holder(struct req *rq, const struct address_holder *holder,
                            const struct registration *r)
{
    TRY(registration_feign(&rq->tx, r));
    TRY(audit_add(&rq->tx, &rq->by, AUDIT_ACCOUNT_REGISTERED_AGAIN, holder->account.id, NULL));
    return address_tell_holder(&rq->tx, holder, rq->from.ip);
}

/* The same for every address: nothing is looked up but the invitation. */
static enum err ask_for_invite(struct req *rq, const char *email_key, const char **ret_id)
{
    enum err e = sign_up_ask(&rq->peek, field(rq, "invite"), email_key, ret_id);
    if (e == E_GONE)
        return refuse_field(rq, "invite", PROBLEM_INVITE_INVALID);
    if (e != E_DENIED)
        return e;
    if (sign_up_mode() == SIGN_UP_CLOSED)
        return refuse_by_rule(rq, PROBLEM_SIGN_UP_CLOSED,
                              &(struct decision){ .rule = "sign-up closed" });
    return refuse_by_rule(rq, PROBLEM_INVITE_REQUIRED,
                          &(struct decision){ .rule = "sign-up invite" });
}

static enum err start(struct req *rq)
{
    struct email email;
    struct account who;
    struct address_holder holder;
    struct token token;
    const char *phc, *invite_id, *name = field(rq, "name");
    TRY(new_email(rq, &email));
    TRY(ask_for_invite(rq, email.key, &invite_id));
    TRY(captcha_ask(rq, "register", 0));
    TRY(new_password_hash(rq, email.address, name, &phc));

    const char *locale = field(rq, "locale");
    TRY(address_claim(&rq->tx, &email, locale ? locale : locale_tag(rq->locale), &who, &holder));
    rq->wakes_jobs = true;
    struct registration r = { .account_id = who.id,
                              .password = phc,
                              .name = name,
                              .ip = rq->from.ip,
                              .user_agent = rq->from.user_agent,
                              .invite_id = invite_id };
    if (holder.account.id)
        return tell_holder(rq, &holder, &r);

    TRY(registration_add(&rq->tx, &r, &token));
    TRY(audit_add(&rq->tx, &rq->by, AUDIT_ACCOUNT_REGISTERED, who.id, NULL));
    return mail_link(&rq->tx, &who, &r, &token);
}

static enum err register_api(struct req *rq)
{
    TRY(start(rq));
    return answer_status(rq, 202, "verification_sent");
}

static enum err register_page(struct req *rq)
{
    const char *invite = field(rq, "invite");
    TRY(start(rq));
    vars_text(rq->vars, "email", field(rq, "email"));
    /* Whoever mistyped the address goes back with it: it is not used up yet. */
    vars_text(rq->vars, "query_invite",
              invite ? text_format(rq->arena, "?invite=%s", invite) : NULL);
    return page(rq, "register_sent");
}

/* An invitation that came in the address fills the form; without one those who could only wait are
   led to the waiting list. */
static enum err show_register(struct req *rq)
{
    struct invite invite;
    const char *token = field(rq, "invite");
    if (!token && !field_num(rq, "invited") && sign_up_mode() == SIGN_UP_WAITLIST)
        return see_other(rq, "/waitlist");
    if (!token || sign_up_mode() == SIGN_UP_CLOSED)
        return page(rq, "register");
    vars_text(rq->vars, "value_invite", token);
    enum err e = invite_look(&rq->peek, token, &invite);
    if (e != E_GONE)
        TRY(e);
    vars_flag(rq->vars, "invited", e == OK);
    if (e == E_GONE)
        vars_text(rq->vars, "error_invite", locale_text(rq->locale, "error.invite_invalid"));
    vars_text(rq->vars, "value_email", e ? NULL : invite.email);
    vars_text(rq->vars, "token", token); /* the links to other languages would lose it */
    return page(rq, "register");
}

/* --- the mail again --- */

/* A task looks the address up, so the handler does the same for everybody. */
static enum err ask_again(struct req *rq)
{
    struct email email;
    TRY(captcha_ask(rq, "resend_verification", 0));
    TRY(email_parse(rq->arena, field(rq, "email"), &email));
    return mail_task_add(rq, "verification.send", email.key, NULL);
}

static enum err resend_api(struct req *rq)
{
    TRY(ask_again(rq));
    return answer_status(rq, 202, "verification_sent");
}

static enum err resend_page(struct req *rq)
{
    vars_text(rq->vars, "email", field(rq, "email")); /* also when a captcha is asked for */
    TRY(ask_again(rq));
    return page(rq, "register_sent");
}

static enum err send_again(struct job *job)
{
    struct mail_task asked;
    struct account who;
    struct registration meant;
    struct token token;
    TRY(mail_task_read(job, &asked));
    enum err e = account_find_email(job->tx, asked.email_key, &who);
    if (e == E_NOT_FOUND || (e == OK && who.verified_at))
        return OK; /* a stranger's address, or nothing to verify: stay silent */
    TRY(e);
    e = registration_meant(
        job->tx, who.id, &(struct registration_asker){ asked.by.ip, asked.by.user_agent }, &meant);
    if (e == E_NOT_FOUND)
        return OK; /* expired, or a stranger's: registering again is the way */
    TRY(e);
    e = registration_renew(job->tx, &meant, &token);
    if (e == E_GONE)
        return OK;
    TRY(e);
    TRY(audit_add(job->tx, &audit_by_system, AUDIT_VERIFICATION_SENT, who.id, NULL));
    return mail_link(job->tx, &who, &meant, &token);
}

/* --- the link --- */

static enum err look(struct req *rq, struct registration *ret)
{
    enum err e = registration_look(&rq->tx, field(rq, "token"), ret);
    return e == E_GONE ? refuse(rq, PROBLEM_GONE) : e;
}

static enum err confirm(struct req *rq)
{
    struct registration r;
    TRY(look(rq, &r));
    TRY(account_hold(&rq->tx, r.account_id));
    enum err e = registration_take(&rq->tx, field(rq, "token"), &r);
    if (e == E_GONE)
        return refuse(rq, PROBLEM_GONE);
    TRY(e);
    e = mailbox_prove(&rq->tx, &(struct mailbox_proof){ .account_id = r.account_id,
                                                        .password = r.password,
                                                        .name = r.name,
                                                        .is_by_link = true,
                                                        .invite_id = r.invite_id,
                                                        .by = &rq->by });
    if (e == E_DENIED)
        return refuse(rq, PROBLEM_INVITE_GONE);
    if (e == E_CONFLICT)
        return refuse(rq, PROBLEM_GONE); /* verified meanwhile by another way */
    TRY(e);
    touch_account(rq, r.account_id);
    return OK;
}

static enum err verify_look_api(struct req *rq)
{
    struct registration r;
    TRY(look(rq, &r));
    struct json_writer *j = answer(rq, 200);
    json_put_text(j, "status", "pending");
    json_put_text(j, "email", r.email);
    json_put_time(j, "requested_at", r.created_at);
    json_put_time(j, "expires_at", r.expires_at);
    return OK;
}

static enum err verify_api(struct req *rq)
{
    TRY(confirm(rq));
    return answer_status(rq, 200, "verified");
}

/* The link is good, but somebody else was faster, or staff took the invitation back. */
static enum err show_invite_gone(struct req *rq)
{
    vars_text(rq->vars, "headline", locale_text(rq->locale, "error.invite_gone.title"));
    vars_text(rq->vars, "detail", locale_text(rq->locale, "error.invite_gone"));
    return page_with_status(rq, "error", 410);
}

static enum err verify_look_page(struct req *rq)
{
    struct registration r;
    TRY(registration_look(&rq->tx, field(rq, "token"), &r));
    vars_text(rq->vars, "token", field(rq, "token"));
    vars_text(rq->vars, "email", r.email);
    vars_text(rq->vars, "requested_at", clock_format(rq->arena, r.created_at));
    vars_text(rq->vars, "requested_ip", r.ip);
    vars_text(rq->vars, "requested_agent", session_device(rq->arena, r.user_agent));
    return page(rq, "verify_email");
}

static enum err verify_page(struct req *rq)
{
    enum err e = confirm(rq);
    if (e == E_REFUSED && rq->problem == PROBLEM_INVITE_GONE)
        return show_invite_gone(rq);
    TRY(e);
    return page(rq, "verify_email_done");
}

/* --- the doors --- */

enum { INVITE_MAX = 200 };

#define REGISTER_FIELDS                                                                          \
    {                                                                                            \
        { "email", FIELD_EMAIL, .help = "where the link goes" },                                 \
            { "password", FIELD_PASSWORD, .is_new = true, .help = "taken exactly as typed" },    \
            { "name", FIELD_NAME, .optional = true, .help = "display name" },                    \
            { "locale", FIELD_LOCALE, .optional = true, .help = "language of pages and mails" }, \
            CAPTCHA_FIELD,                                                                       \
            { "invite", FIELD_TEXT, .optional = true, .max = INVITE_MAX,                         \
              .help = "the code of an invitation" },                                             \
    }
#define REGISTER_LIMITS                                                             \
    {                                                                               \
        { BY_IP, 3, HOUR, "register" }, { BY_EMAIL_FIELD, 3, 15 * MINUTE, "mail" }, \
            { BY_EMAIL_FIELD, 10, DAY, "mail" },                                    \
    }
#define RESEND_LIMITS                                                                        \
    {                                                                                        \
        { BY_IP, 10, 15 * MINUTE, "resend" }, { BY_EMAIL_FIELD, 5, DAY, "resend" },          \
            { BY_EMAIL_FIELD, 3, 15 * MINUTE, "mail" }, { BY_EMAIL_FIELD, 10, DAY, "mail" }, \
    }
#define VERIFY_LIMITS                 \
    {                                 \
        {                             \
            BY_IP, 10, HOUR, "verify" \
        }                             \
    }

const struct route register_routes[] = {
    ROUTE(POST, "/v1/auth/register", ANYONE, register_api, .lane = LANE_HASH,
          .fields = REGISTER_FIELDS, .limits = REGISTER_LIMITS,
          .gives = { { 202, "{\"status\":\"verification_sent\"}" },
                     { 403, "invite_required or sign_up_closed, see SIGN_UP" } },
          .help = "Asks for an account; a link is mailed. The same answer for every address."),
    ROUTE(POST, "/v1/auth/resend-verification", ANYONE, resend_api,
          .fields = { { "email", FIELD_EMAIL }, CAPTCHA_FIELD }, .limits = RESEND_LIMITS,
          .gives = { { 202, "{\"status\":\"verification_sent\"}" } },
          .help = "Mails the verification link again, if there is one to mail."),
    ROUTE(
        GET, "/v1/auth/verify-email", ANYONE, verify_look_api, .fields = TOKEN_FIELD,
        .has_token = true,
        .gives = { { 200, "{\"status\":\"pending\",\"email\",\"requested_at\",\"expires_at\"}" } },
        .help = "What a verification link would confirm; changes nothing."),
    ROUTE(POST, "/v1/auth/verify-email", ANYONE, verify_api, .fields = TOKEN_FIELD,
          .limits = VERIFY_LIMITS, .has_token = true,
          .gives = { { 200, "{\"status\":\"verified\"}" } },
          .help = "Uses the link up: the account can sign in from now on."),
    ROUTE(GET, "/register", VISITOR, show_register,
          .fields = { { "invite", FIELD_TEXT, .optional = true, .max = INVITE_MAX,
                        .help = "from the mailed link" },
                      { "invited", FIELD_FLAG, .optional = true,
                        .help = "has one, and will type its code" } },
          .has_token = true, .again = "/register", .captcha = { "register" },
          .help = "The registration form, or who may register at the moment."),
    ROUTE(POST, "/register", VISITOR, register_page, .lane = LANE_HASH, .page = "register",
          .captcha = { "register", "resend_verification" }, .fields = REGISTER_FIELDS,
          .limits = REGISTER_LIMITS, .help = "Registers by form."),
    ROUTE(POST, "/resend-verification", VISITOR, resend_page, .page = "register_sent",
          .captcha = { "resend_verification" },
          .fields = { { "email", FIELD_EMAIL }, CAPTCHA_FIELD }, .limits = RESEND_LIMITS,
          .help = "Mails the verification link again."),
    ROUTE(GET, "/verify-email", VISITOR, verify_look_page, .fields = TOKEN_FIELD, .has_token = true,
          .again = "/register", .help = "Shows what the mailed link would confirm."),
    ROUTE(POST, "/verify-email", VISITOR, verify_page, .fields = TOKEN_FIELD,
          .limits = VERIFY_LIMITS, .has_token = true, .again = "/register", .page = "verify_email",
          .help = "Confirms the address."),
    ROUTES_END,
};

const struct job_kind register_jobs[] = {
    { "verification.send", send_again, 0, "mails a verification link again" },
    { 0 },
};
