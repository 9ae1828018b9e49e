/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign-in by a mailed link.
 *
 * Opening the link uses nothing up, so mail scanners that fetch it do no harm: the page behind it
 * has a button, and only that signs in (TOK-05). In the browser that asked, which a cookie tells,
 * the button is all there is. Anywhere else the page says who asked, from where and when, and that
 * the button signs in here: somebody may have asked for the link to lure its reader into their
 * account, or passed it on. The page's mail carries a code as well (feature/email_code.c), for
 * people who read mail on another device than the one they sign in with.
 */
#include "feature/features.h"

#include "account/account.h"
#include "account/email_code.h"
#include "account/magic_link.h"
#include "account/mailbox.h"
#include "base/text.h"
#include "service/metric.h"
#include "service/outbox.h"
#include "service/setting.h"
#include "web/captcha.h"
#include "web/mail_sign_in.h"
#include "web/next.h"
#include "web/req.h"
#include "web/sign_in.h"

/* --- asking for a link --- */

static const char *browser_cookie_name(void)
{
    return setting_is_secure() ? "__Host-cardea-link" : "cardea-link";
}

/* A new cookie each time: one that was there could be somebody else's, planted (SESS-02). */
static enum err ask(struct req *rq, bool with_code)
{
    TRY(captcha_ask(rq, "magic_link", 0));
    struct token browser = magic_link_browser(rq->arena);
    const char *next = safe_next(with_code ? field(rq, "next") : NULL, "/");
    set_cookie(rq, browser_cookie_name(), browser.text, setting_span(SETTING_MAGIC_LINK_TTL));
    return mail_sign_in_ask(
        rq, "magic_link.send",
        VARS({ "browser", hex_format(rq->arena, MEM(browser.hash, sizeof browser.hash)) },
             { "next", next[1] ? next : NULL }, { "code", with_code ? "yes" : NULL }));
}

static enum err ask_api(struct req *rq)
{
    TRY(ask(rq, false));
    return answer_status(rq, 202, "link_sent");
}

static enum err ask_page(struct req *rq)
{
    TRY(ask(rq, true));
    vars_text(rq->vars, "value_email", field(rq, "email"));
    (void)page_set_next(rq, field(rq, "next"));
    return page(rq, "email_code");
}

static const char *minutes(struct job *job, int64_t span)
{
    return text_format(job->arena, "%lld", (long long)((span + MINUTE - 1) / MINUTE));
}

static enum err mail_link(struct job *job, const struct account *who, const struct audit_by *by,
                          const struct token *token, const char *code)
{
    int64_t lifetime = setting_span(SETTING_MAGIC_LINK_TTL);
    return outbox_add(
        job->tx, "magic_link", who->email, who->locale, who->id,
        VARS({ "link", text_format(job->arena, "%s/magic-link?token=%s", setting_public_origin(),
                                   token->text) },
             { "minutes", minutes(job, lifetime) }, { "code", code },
             { "code_first", code ? text_format(job->arena, "%.4s", code) : NULL },
             { "code_last", code ? code + 4 : NULL },
             { "code_minutes", minutes(job, setting_span(SETTING_EMAIL_CODE_TTL)) },
             { "requested_at", clock_format(job->arena, job->now) },
             { "time_zone", who->time_zone }, { "requested_ip", by->ip },
             { "requested_agent", session_device(job->arena, by->user_agent) },
             { "expires_at", text_format(job->arena, "%lld", (long long)(job->now + lifetime)) }));
}

static enum err send_link(struct job *job)
{
    struct mail_task asked;
    struct account who;
    struct token token;
    uint8_t browser[TOKEN_HASH_BYTES];
    const char *code = NULL;
    enum err e = mail_sign_in_asked(job, &asked, &who);
    if (e == E_NOT_FOUND)
        return OK;
    TRY(e);
    const char *hex = json_find_text(&asked.json, "browser");
    if (!hex || !hex_parse(hex, browser, sizeof browser))
        return E_INVALID;
    TRY(magic_link_add(job->tx, &who,
                       &(struct magic_link){ .browser_hash = MEM(browser, sizeof browser),
                                             .next_path = json_find_text(&asked.json, "next"),
                                             .ip = asked.by.ip,
                                             .user_agent = asked.by.user_agent },
                       &token));
    if (json_find_text(&asked.json, "code"))
        TRY(email_code_add(job->tx, &who, asked.by.ip, asked.by.user_agent, &code));
    TRY(audit_add(job->tx, &asked.by, AUDIT_MAGIC_LINK_SENT, who.id,
                  code ? "{\"code\":true}" : NULL));
    return mail_link(job, &who, &asked.by, &token, code);
}

/* --- the link --- */

/* Uses the link up and signs in. */
static enum err enter(struct req *rq, struct magic_link *link, struct signed_in *ret)
{
    struct account who;
    TRY(account_hold(&rq->tx, link->account_id));
    enum err e = magic_link_look(&rq->tx, field(rq, "token"), link); /* it may have been voided */
    if (e == OK)
        e = magic_link_take(&rq->tx, link);
    if (e == E_GONE)
        return refuse(rq, PROBLEM_GONE);
    TRY(e);
    TRY(account_find(&rq->tx, link->account_id, &who));
    TRY(mailbox_bind_anew(&rq->tx, who.email_key));
    TRY(mail_sign_in(rq, who.id, ret));
    metric_count(METRIC_AUTH_ATTEMPTS, "magic_link", "ok");
    return OK;
}

static enum err look(struct req *rq, struct magic_link *ret)
{
    enum err e = magic_link_look(&rq->peek, field(rq, "token"), ret);
    if (e != E_GONE)
        return e;
    metric_count(METRIC_AUTH_ATTEMPTS, "magic_link", "refused");
    return refuse(rq, PROBLEM_GONE);
}

static enum err enter_api(struct req *rq)
{
    struct magic_link link;
    struct signed_in in = { .gives_cookie = field_num(rq, "cookie") };
    TRY(look(rq, &link));
    TRY(enter(rq, &link, &in));
    return answer_sign_in(rq, &in);
}

static bool is_at_home(struct req *rq, const struct magic_link *link)
{
    return magic_link_is_at_home(rq->arena, link, find_cookie(rq, browser_cookie_name()));
}

/* The page behind the link; nothing is used up. */
static enum err show_link(struct req *rq, const struct magic_link *link)
{
    vars_text(rq->vars, "token", field(rq, "token"));
    vars_text(rq->vars, "email", link->email);
    vars_flag(rq->vars, "is_elsewhere", !is_at_home(rq, link));
    vars_text(rq->vars, "requested_at", clock_format(rq->arena, link->created_at));
    vars_text(rq->vars, "requested_ip", link->ip);
    vars_text(rq->vars, "requested_agent", session_device(rq->arena, link->user_agent));
    if (rq->is_signed_in && !text_equal(rq->session.account_id, link->account_id))
        vars_text(rq->vars, "other_email", rq->session.email);
    return page(rq, "magic_link_open");
}

static enum err show_form(struct req *rq)
{
    const char *next = page_set_next(rq, field(rq, "next"));
    if (rq->is_signed_in)
        return see_other(rq, next);
    return page(rq, "magic_link");
}

static enum err show(struct req *rq)
{
    struct magic_link link;
    if (!field(rq, "token"))
        return show_form(rq);
    TRY(magic_link_look(&rq->tx, field(rq, "token"), &link));
    return show_link(rq, &link);
}

/* Elsewhere the button counts only if it stood under the words that say so. */
static enum err enter_page(struct req *rq)
{
    struct magic_link link;
    struct signed_in in = { .gives_cookie = true };
    enum err e = look(rq, &link);
    if (e == OK && !is_at_home(rq, &link) && !field_num(rq, "elsewhere"))
        return show_link(rq, &link);
    if (e == OK)
        e = enter(rq, &link, &in);
    TRY(e);
    set_cookie(rq, browser_cookie_name(), "", -SECOND);
    return see_signed_in(rq, &in, link.next_path);
}

/* --- the doors --- */

static enum err purge(struct job *job)
{
    return magic_link_purge(job->tx, job->now, &job->more);
}

#define ASK_LIMITS                                                                              \
    {                                                                                           \
        { BY_IP, 10, 15 * MINUTE, "sign-in mail" }, { BY_EMAIL_FIELD, 3, 15 * MINUTE, "mail" }, \
            { BY_EMAIL_FIELD, 10, DAY, "mail" },                                                \
    }
#define ENTER_LIMITS                   \
    {                                  \
        {                              \
            BY_IP, 10, MINUTE, "magic" \
        }                              \
    }
#define NEXT_FIELD                                              \
    {                                                           \
        "next", FIELD_TEXT, .optional = true, .max = NEXT_BYTES \
    }

const struct route magic_link_routes[] = {
    ROUTE(POST, "/v1/auth/magic-link", ANYONE, ask_api,
          .fields = { { "email", FIELD_EMAIL }, CAPTCHA_FIELD }, .limits = ASK_LIMITS,
          .gives = { { 202, "{\"status\":\"link_sent\"}" } },
          .help = "Mails a sign-in link. The same answer for every address."),
    ROUTE(POST, "/v1/auth/magic-link/verify", ANYONE, enter_api,
          .fields = { { "token", FIELD_TOKEN, .help = "from the mailed link" },
                      { "cookie", FIELD_FLAG, .optional = true,
                        .help = "also sets the session cookie" } },
          .limits = ENTER_LIMITS, .has_token = true,
          .gives = { { 200, "as /v1/auth/login" }, { 410, "gone" } },
          .help = "Uses a sign-in link up: its owner is signed in, or asked for the second step."),
    ROUTE(GET, "/magic-link", VISITOR, show,
          .fields = { { "token", FIELD_TOKEN, .optional = true, .help = "from the mailed link" },
                      NEXT_FIELD },
          .has_token = true, .again = "/magic-link", .captcha = { "magic_link" },
          .help = "The form that asks for a sign-in link; with a token, the page behind it."),
    ROUTE(POST, "/magic-link", VISITOR, ask_page, .page = "magic_link",
          .captcha = { "magic_link", "email_code" },
          .fields = { { "email", FIELD_EMAIL }, NEXT_FIELD, CAPTCHA_FIELD }, .limits = ASK_LIMITS,
          .help = "Mails a sign-in link and a code."),
    ROUTE(POST, "/magic-link/verify", VISITOR, enter_page,
          .fields = { { "token", FIELD_TOKEN, .help = "from the mailed link" },
                      { "elsewhere", FIELD_FLAG, .optional = true,
                        .help = "confirmed in a browser that did not ask" } },
          .limits = ENTER_LIMITS, .has_token = true, .again = "/magic-link",
          .page = "magic_link_open", .help = "Signs in by a mailed link."),
    ROUTES_END,
};

const struct job_kind magic_link_jobs[] = {
    { "magic_link.send", send_link, 0, "mails a sign-in link" },
    { "magic_link.purge", purge, HOUR, "removes sign-in links that have expired", .removes = true },
    { 0 },
};
