/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another address for my account: asked for with a fresh proof, true once a link at the new mailbox
 * is used, told at the old one at once, and taken back from there for a week.
 *
 * Whoever asks does not learn whether an address has an account already: answer, rows and mails at
 * the old address are the same, only the mail to the new one differs (ENUM-08). Taking a change
 * back assumes the worst: whoever asked knew how to prove themselves, so the password is void too.
 */
#include "feature/features.h"

#include "account/account.h"
#include "account/address.h"
#include "account/deletion.h"
#include "account/device.h"
#include "account/disavowal.h"
#include "account/email.h"
#include "account/email_change.h"
#include "account/factor.h"
#include "account/notice.h"
#include "account/pending.h"
#include "base/text.h"
#include "service/job.h"
#include "service/outbox.h"
#include "service/setting.h"
#include "web/mail_task.h"
#include "web/new_email.h"
#include "web/req.h"

static const char *link_to(struct req *rq, const char *path, const char *token)
{
    return text_format(rq->arena, "%s%s?token=%s", setting_public_origin(), path, token);
}

static const char *digits(struct req *rq, int64_t n)
{
    return text_format(rq->arena, "%lld", (long long)n);
}

/* --- asking --- */

static enum err mail_link(struct req *rq, const struct account *who, const struct email_change *c,
                          const char *token)
{
    return outbox_add(&rq->tx, "email_change_confirm", c->new_email, who->locale, who->id,
                      VARS({ "link", link_to(rq, "/confirm-email", token) },
                           { "hours", digits(rq, setting_span(SETTING_EMAIL_CHANGE_TTL) / HOUR) },
                           { "requested_ip", c->ip },
                           { "requested_agent", session_device(rq->arena, c->user_agent) },
                           { "requested_at", clock_format(rq->arena, c->created_at) },
                           { "expires_at", digits(rq, c->expires_at) }));
}

static enum err announce(struct req *rq, const struct account *who, const struct email_change *c,
                         const char *token)
{
    return notice_tell(&rq->tx, &(struct notice){
                                    .kind = "email_change_asked",
                                    .account = who,
                                    .ip = c->ip,
                                    .user_agent = c->user_agent,
                                    .vars = VARS({ "link", link_to(rq, "/revoke-email", token) },
                                                 { "new_email", c->new_email },
                                                 { "expires_at", digits(rq, c->revoke_until) }),
                                });
}

static enum err ask(struct req *rq)
{
    struct email email;
    struct account who;
    struct address_holder holder;
    struct email_change_links links;
    TRY(new_email(rq, &email));
    TRY(account_hold(&rq->tx, rq->session.account_id));
    TRY(account_find(&rq->tx, rq->session.account_id, &who));
    if (text_equal(email.address, who.email))
        return refuse_field(rq, "email", PROBLEM_EMAIL_UNCHANGED);
    TRY(address_find_holder(&rq->tx, email.key, who.id, &holder));
    struct email_change c = { .account_id = who.id,
                              .old_email = who.email,
                              .old_key = who.email_key,
                              .new_email = email.address,
                              .new_key = email.key,
                              .ip = rq->from.ip,
                              .user_agent = rq->from.user_agent };
    TRY(email_change_add(&rq->tx, &c, &links));
    TRY(announce(rq, &who, &c, links.revoke));
    TRY(holder.account.id ? address_tell_holder(&rq->tx, &holder, rq->from.ip)
                          : mail_link(rq, &who, &c, links.confirm));
    rq->wakes_jobs = true;
    return audit_add(&rq->tx, &rq->by, AUDIT_EMAIL_CHANGE_ASKED, who.id, NULL);
}

static enum err ask_api(struct req *rq)
{
    TRY(ask(rq));
    return answer_status(rq, 202, "confirmation_sent");
}

static enum err set_pending(struct req *rq, struct tx *tx)
{
    struct email_change c;
    enum err e = email_change_find(tx, rq->session.account_id, &c);
    if (e == E_NOT_FOUND)
        return OK;
    TRY(e);
    vars_text(rq->vars, "pending_email", c.new_email);
    vars_text(rq->vars, "pending_until", clock_format(rq->arena, c.expires_at));
    return OK;
}

static enum err ask_page(struct req *rq)
{
    TRY(set_pending(rq, &rq->peek)); /* should the form be shown again */
    TRY(ask(rq));
    return see_other(rq, "/settings/email?done=email_change_asked");
}

static void set_notice(struct req *rq)
{
    static const char *const known[] = { "email_change_asked", "email_change_cancelled" };
    for (size_t i = 0; i < COUNT(known); i++)
        if (text_equal(field(rq, "done"), known[i]))
            vars_text(rq->vars, "notice",
                      locale_text(rq->locale, text_format(rq->arena, "notice.%s", known[i])));
}

static enum err show_page(struct req *rq)
{
    TRY(set_pending(rq, &rq->tx));
    set_notice(rq);
    return page(rq, "settings_email");
}

/* --- looking, and dropping it --- */

static enum err show_api(struct req *rq)
{
    struct email_change c;
    enum err e = email_change_find(&rq->tx, rq->session.account_id, &c);
    if (e != E_NOT_FOUND)
        TRY(e);
    struct json_writer *j = answer(rq, 200);
    json_put_text(j, "email", rq->session.email);
    json_put_text(j, "pending_email", e ? NULL : c.new_email);
    json_put_time(j, "expires_at", e ? 0 : c.expires_at);
    return OK;
}

static enum err drop(struct req *rq, int64_t *ret_count)
{
    TRY(account_hold(&rq->tx, rq->session.account_id));
    TRY(email_change_drop(&rq->tx, rq->session.account_id, ret_count));
    return *ret_count ? audit_add(&rq->tx, &rq->by, AUDIT_EMAIL_CHANGE_CANCELLED,
                                  rq->session.account_id, NULL)
                      : OK;
}

static enum err drop_api(struct req *rq)
{
    int64_t count = 0;
    TRY(drop(rq, &count));
    return count ? answer_status(rq, 200, "email_change_cancelled") : refuse(rq, PROBLEM_NOT_FOUND);
}

static enum err drop_page(struct req *rq)
{
    int64_t count;
    TRY(drop(rq, &count));
    return see_other(rq, "/settings/email?done=email_change_cancelled");
}

/* --- the link at the new address --- */

/* The session that asked stays, with a new cookie; all else that was opened before ends. */
static enum err end_others(struct req *rq, const char *account_id)
{
    const char *cookie, *keep = NULL;
    if (text_equal(rq->session.account_id, account_id)) {
        enum err e = session_renew_cookie(&rq->tx, rq->session.id, &cookie);
        if (e == E_NOT_FOUND)
            return refuse(rq, PROBLEM_UNAUTHENTICATED); /* ended meanwhile */
        TRY(e);
        keep = rq->session.id;
        if (rq->came_by_cookie)
            set_session_cookie(rq, cookie);
    }
    TRY(session_end_all(&rq->tx, account_id, keep, NULL));
    TRY(pending_drop_all(&rq->tx, account_id));
    return device_distrust_all(&rq->tx, account_id);
}

static enum err tell_both(struct req *rq, struct account who, const struct email_change *c,
                          const char *undo)
{
    who.email = c->new_email;
    struct notice notice = { .kind = "email_changed",
                             .account = &who,
                             .ip = rq->from.ip,
                             .user_agent = rq->from.user_agent,
                             .vars = VARS({ "new_email", c->new_email }) };
    TRY(notice_tell(&rq->tx, &notice));
    who.email = c->old_email;
    notice.is_copy = true;
    notice.vars = VARS({ "old_email", c->old_email }, { "new_email", c->new_email },
                       { "link", link_to(rq, "/revoke-email", undo) });
    return notice_tell(&rq->tx, &notice);
}

/* E_GONE when it cannot come true any more, whoever was faster. */
static enum err come_true(struct req *rq, const struct email_change *c)
{
    struct account who;
    const char *undo;
    struct email email = { c->new_email, c->new_key };
    TRY(email_change_take(&rq->tx, c, &undo));
    TRY(account_find(&rq->tx, c->account_id, &who));
    if (who.locked_at)
        return E_GONE;
    enum err e = email_change_free_address(&rq->tx, c->new_key, who.id);
    if (e == OK)
        e = account_set_email(&rq->tx, who.id, c->old_key, &email);
    if (e == E_CONFLICT)
        return E_GONE;
    TRY(e);
    TRY(end_others(rq, who.id));
    TRY(audit_add(&rq->tx, &rq->by, AUDIT_EMAIL_CHANGED, who.id, NULL));
    return tell_both(rq, who, c, undo);
}

static enum err confirm(struct req *rq)
{
    struct email_change c;
    enum err e = email_change_look(&rq->peek, field(rq, "token"), &c);
    if (e == OK) {
        TRY(account_hold(&rq->tx, c.account_id));
        e = come_true(rq, &c);
    }
    if (e == E_GONE)
        return refuse(rq, PROBLEM_GONE);
    TRY(e);
    if (text_equal(rq->session.account_id, c.account_id))
        rq->session.email = c.new_email; /* the page of this answer shows it */
    touch_account(rq, c.account_id);
    rq->wakes_jobs = true;
    return OK;
}

static enum err confirm_api(struct req *rq)
{
    TRY(confirm(rq));
    return answer_status(rq, 200, "email_changed");
}

/* Not the account's present address: whoever holds the new mailbox may be a stranger to whom a slip
   of the pen led. */
static void set_change(struct req *rq, const struct email_change *c)
{
    vars_text(rq->vars, "token", field(rq, "token"));
    vars_text(rq->vars, "new_email", c->new_email);
    vars_text(rq->vars, "requested_at", clock_format(rq->arena, c->created_at));
    vars_text(rq->vars, "requested_ip", c->ip);
    vars_text(rq->vars, "requested_agent", session_device(rq->arena, c->user_agent));
}

static enum err show_confirm(struct req *rq)
{
    struct email_change c;
    TRY(email_change_look(&rq->tx, field(rq, "token"), &c));
    set_change(rq, &c);
    return page(rq, "confirm_email");
}

static enum err confirm_page(struct req *rq)
{
    TRY(confirm(rq));
    return page(rq, "confirm_email_done");
}

/* --- the link at the old address --- */

/* The old address again, unless the account has it still. E_GONE when somebody else proved it
   meanwhile. */
static enum err restore(struct req *rq, const struct account *who, const struct email_change *c)
{
    struct email email = { c->old_email, c->old_key };
    if (text_equal(who->email, c->old_email))
        return OK;
    enum err e = email_change_free_address(&rq->tx, c->old_key, who->id);
    if (e == OK)
        e = account_set_email(&rq->tx, who->id, who->email_key, &email);
    return e == E_CONFLICT ? E_GONE : e;
}

/* Told at the address that is the account's again, and at the one that was in between. */
static enum err tell_revoked(struct req *rq, struct account who, const struct email_change *c)
{
    struct notice notice = { .kind = "email_change_revoked",
                             .account = &who,
                             .ip = rq->from.ip,
                             .user_agent = rq->from.user_agent };
    const char *between = text_equal(who.email, c->old_email) ? NULL : who.email;
    who.email = c->old_email;
    TRY(notice_tell(&rq->tx, &notice));
    if (!between)
        return OK;
    who.email = between;
    notice.is_copy = true;
    return notice_tell(&rq->tx, &notice);
}

/* What the thief did besides, to stay or to hurt. Whoever asked had proved themselves at most so
   long before. */
static enum err undo_the_rest(struct req *rq, const struct email_change *c)
{
    int64_t since = c->created_at - setting_span(SETTING_FRESH_PROOF);
    TRY(factor_remove_since(&rq->tx, c->account_id, since));
    if (c->confirmed_at) /* "this wasn't me" went to the thief since then: it would hit the owner */
        TRY(disavowal_drop_since(&rq->tx, c->account_id, c->confirmed_at));
    enum err e = deletion_cancel(&rq->tx, c->account_id, &rq->by);
    return e == E_GONE ? OK : e; /* none was asked for */
}

static enum err take_back(struct req *rq, const struct email_change *c)
{
    struct account who;
    TRY(email_change_take_back(&rq->tx, c));
    TRY(account_find(&rq->tx, c->account_id, &who));
    TRY(restore(rq, &who, c));
    TRY(account_void_password(&rq->tx, who.id));
    TRY(session_end_all(&rq->tx, who.id, NULL, NULL));
    TRY(pending_drop_all(&rq->tx, who.id));
    TRY(device_distrust_all(&rq->tx, who.id));
    TRY(undo_the_rest(rq, c));
    TRY(audit_add(&rq->tx, &rq->by, AUDIT_EMAIL_CHANGE_REVOKED, who.id, NULL));
    TRY(tell_revoked(rq, who, c));
    /* The way back in is a reset link: the task that mails one (feature/reset.c). */
    return mail_task_add(rq, "reset.send", c->old_key, NULL);
}

static enum err revoke(struct req *rq)
{
    struct email_change c;
    enum err e = email_change_look_back(&rq->peek, field(rq, "token"), &c);
    if (e == OK) {
        TRY(account_hold(&rq->tx, c.account_id));
        e = take_back(rq, &c);
    }
    if (e == E_GONE)
        return refuse(rq, PROBLEM_GONE);
    TRY(e);
    touch_account(rq, c.account_id);
    return OK;
}

static enum err revoke_api(struct req *rq)
{
    TRY(revoke(rq));
    return answer_status(rq, 200, "email_change_revoked");
}

static enum err show_revoke(struct req *rq)
{
    struct email_change c;
    TRY(email_change_look_back(&rq->tx, field(rq, "token"), &c));
    set_change(rq, &c);
    vars_text(rq->vars, "old_email", c.old_email);
    return page(rq, "revoke_email");
}

static enum err revoke_page(struct req *rq)
{
    TRY(revoke(rq));
    rq->is_signed_in = false; /* whoever was: the page shows no account */
    drop_session_cookie(rq);
    return page(rq, "revoke_email_done");
}

static enum err purge(struct job *job)
{
    return email_change_purge(job->tx, job->now);
}

#define ASK_FIELDS                                              \
    {                                                           \
        {                                                       \
            "email", FIELD_EMAIL, .help = "where the link goes" \
        }                                                       \
    }
#define ASK_LIMITS                                                                          \
    {                                                                                       \
        { BY_ACCOUNT, 5, DAY, "email change" }, { BY_EMAIL_FIELD, 3, 15 * MINUTE, "mail" }, \
            { BY_EMAIL_FIELD, 10, DAY, "mail" },                                            \
    }
#define LINK_LIMITS                       \
    {                                     \
        {                                 \
            BY_IP, 10, HOUR, "email link" \
        }                                 \
    }

const struct route email_change_routes[] = {
    ROUTE(GET, "/v1/account/email", SIGNED_IN, show_api,
          .gives = { { 200, "{\"email\",\"pending_email\",\"expires_at\"}" } },
          .help = "My address, and the one that waits for its link."),
    ROUTE(POST, "/v1/account/email", SIGNED_IN, ask_api, .proof = PROOF_FRESH, .fields = ASK_FIELDS,
          .limits = ASK_LIMITS, .gives = { { 202, "{\"status\":\"confirmation_sent\"}" } },
          .help = "Asks for another address. The same answer for every address."),
    ROUTE(DELETE, "/v1/account/email", SIGNED_IN, drop_api,
          .gives = { { 200, "{\"status\":\"email_change_cancelled\"}" },
                     { 404, "none was waiting" } },
          .help = "Drops the change that waits for its link."),
    ROUTE(POST, "/v1/account/email/confirm", VISITOR, confirm_api, .fields = TOKEN_FIELD,
          .limits = LINK_LIMITS, .has_token = true,
          .gives = { { 200, "{\"status\":\"email_changed\"}" }, { 410, "gone" } },
          .help = "Uses the link at the new address; other sessions end."),
    ROUTE(POST, "/v1/account/email/revoke", ANYONE, revoke_api, .fields = TOKEN_FIELD,
          .limits = LINK_LIMITS, .has_token = true,
          .gives = { { 200, "{\"status\":\"email_change_revoked\"}" }, { 410, "gone" } },
          .help = "Takes a change back by the link at the old address: every session ends, the"
                  " password is void, a reset link is mailed."),
    ROUTE(GET, "/settings/email", SIGNED_IN, show_page,
          .fields = { { "done", FIELD_TEXT, .optional = true, .max = 40 } },
          .help = "My address, and the form that asks for another one."),
    ROUTE(POST, "/settings/email", SIGNED_IN, ask_page, .proof = PROOF_FRESH,
          .back = "/settings/email", .page = "settings_email", .fields = ASK_FIELDS,
          .limits = ASK_LIMITS, .help = "Asks for another address by form."),
    ROUTE(POST, "/settings/email/cancel", SIGNED_IN, drop_page, .back = "/settings/email",
          .help = "Drops the change that waits, by form."),
    ROUTE(GET, "/confirm-email", VISITOR, show_confirm, .fields = TOKEN_FIELD, .has_token = true,
          .help = "Shows what the link at the new address would confirm."),
    ROUTE(POST, "/confirm-email", VISITOR, confirm_page, .fields = TOKEN_FIELD,
          .limits = LINK_LIMITS, .has_token = true, .page = "confirm_email",
          .help = "Confirms the new address."),
    ROUTE(GET, "/revoke-email", VISITOR, show_revoke, .fields = TOKEN_FIELD, .has_token = true,
          .help = "Shows what the link at the old address would take back."),
    ROUTE(POST, "/revoke-email", VISITOR, revoke_page, .fields = TOKEN_FIELD, .limits = LINK_LIMITS,
          .has_token = true, .page = "revoke_email", .help = "Takes a change of address back."),
    ROUTES_END,
};

const struct job_kind email_change_jobs[] = {
    { "email_change.purge", purge, HOUR, "removes changes of address that are over",
      .removes = true },
    { 0 },
};
