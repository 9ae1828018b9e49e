/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting to be let in: joining the list, and what the mailed handle opens.
 *
 * The answer to joining is the same for every address, and a task does what differs: whoever has an
 * account is told so by mail, whoever is on the list gets their handle again. Opening the link
 * changes nothing, so mail scanners confirm nobody; its button does.
 */
#include "feature/features.h"

#include "account/address.h"
#include "account/sign_up.h"
#include "account/waitlist.h"
#include "base/text.h"
#include "service/setting.h"
#include "web/captcha.h"
#include "web/decision.h"
#include "web/mail_task.h"
#include "web/new_email.h"
#include "web/req.h"

/* --- joining --- */

static enum err ask(struct req *rq)
{
    struct email email;
    const char *locale = field(rq, "locale");
    TRY(new_email(rq, &email));
    if (sign_up_mode() != SIGN_UP_WAITLIST)
        return refuse_by_rule(rq, PROBLEM_WAITLIST_CLOSED,
                              &(struct decision){ .rule = "sign-up waitlist" });
    TRY(captcha_ask(rq, "waitlist", 0));
    return mail_task_add(rq, "waitlist.join", email.key,
                         VARS({ "email", email.address }, { "name", field(rq, "name") },
                              { "locale", locale ? locale : locale_tag(rq->locale) },
                              { "referral", field(rq, "referral") }));
}

static enum err join(struct job *job)
{
    struct mail_task asked;
    struct address_holder holder;
    TRY(mail_task_read(job, &asked));
    struct email email = { json_find_text(&asked.json, "email"), asked.email_key };
    struct waitlist_wish wish = { .email = &email,
                                  .name = json_find_text(&asked.json, "name"),
                                  .locale = json_find_text(&asked.json, "locale"),
                                  .referral = json_find_text(&asked.json, "referral"),
                                  .ip = asked.by.ip };
    if (!email.address || !wish.locale)
        return E_INVALID;
    TRY(address_find_holder(job->tx, email.key, NULL, &holder));
    return holder.account.id ? address_tell_holder(job->tx, &holder, asked.by.ip)
                             : waitlist_join(job->tx, &wish);
}

static enum err join_api(struct req *rq)
{
    TRY(ask(rq));
    return answer_status(rq, 202, "confirmation_sent");
}

static enum err join_page(struct req *rq)
{
    TRY(ask(rq));
    vars_text(rq->vars, "email", field(rq, "email"));
    return page(rq, "waitlist_joined");
}

/* --- with the handle --- */

static enum err look(struct req *rq, struct tx *tx, struct waitlist_entry *ret)
{
    enum err e = waitlist_look(tx, field(rq, "token"), ret);
    return e == E_GONE ? refuse(rq, PROBLEM_GONE) : e;
}

static const char *referral_link(struct req *rq, const struct waitlist_entry *who)
{
    return text_format(rq->arena, "%s/waitlist?referral=%s", setting_public_origin(),
                       who->referral_code);
}

static bool is(const struct waitlist_entry *who, const char *status)
{
    return text_equal(who->status, status);
}

static enum err answer_state(struct req *rq, const struct waitlist_entry *who)
{
    int64_t position = 0;
    if (!who->decided_at)
        TRY(waitlist_position(&rq->tx, who, &position));
    struct json_writer *j = answer(rq, 200);
    json_put_text(j, "status", who->status);
    if (position)
        json_put_num(j, "position", position);
    else
        json_put_null(j, "position");
    json_put_time(j, "joined_at", who->joined_at);
    json_put_num(j, "referred", who->referred);
    json_put_text(j, "referral_code", who->referral_code);
    json_put_text(j, "referral_link", referral_link(rq, who));
    return OK;
}

static enum err status_api(struct req *rq)
{
    struct waitlist_entry who;
    TRY(look(rq, &rq->tx, &who));
    return answer_state(rq, &who);
}

static enum err confirm(struct req *rq, struct waitlist_entry *ret)
{
    TRY(look(rq, &rq->peek, ret));
    TRY(waitlist_confirm(&rq->tx, ret));
    return look(rq, &rq->tx, ret);
}

static enum err confirm_api(struct req *rq)
{
    struct waitlist_entry who;
    TRY(confirm(rq, &who));
    return answer_state(rq, &who);
}

static enum err leave(struct req *rq)
{
    struct waitlist_entry who;
    TRY(look(rq, &rq->peek, &who));
    enum err e = waitlist_leave(&rq->tx, &who);
    if (e != E_GONE)
        return e;
    TRY(look(rq, &rq->tx, &who)); /* they may have left this moment */
    return refuse(rq, PROBLEM_CONFLICT);
}

static enum err leave_api(struct req *rq)
{
    TRY(leave(rq));
    return answer_status(rq, 200, "left");
}

/* --- pages --- */

static enum err show_form(struct req *rq)
{
    if (sign_up_mode() != SIGN_UP_WAITLIST)
        return see_other(rq, "/register");
    vars_text(rq->vars, "value_referral", field(rq, "referral"));
    return page(rq, "waitlist");
}

static enum err show_state(struct req *rq, const struct waitlist_entry *who)
{
    int64_t position = 0;
    if (is(who, "waiting"))
        TRY(waitlist_position(&rq->tx, who, &position));
    vars_text(rq->vars, "token", field(rq, "token"));
    vars_text(rq->vars, "email", who->email);
    vars_flag(rq->vars, text_format(rq->arena, "is_%s", who->status), true);
    vars_num(rq->vars, "position", position);
    vars_num(rq->vars, "referred", who->referred);
    vars_text(rq->vars, "joined_at",
              who->joined_at ? clock_format(rq->arena, who->joined_at) : NULL);
    vars_text(rq->vars, "referral_link", referral_link(rq, who));
    vars_flag(rq->vars, "may_leave", is(who, "waiting") || is(who, "unconfirmed"));
    return page(rq, "waitlist_status");
}

static enum err show(struct req *rq)
{
    struct waitlist_entry who;
    if (!field(rq, "token"))
        return show_form(rq);
    TRY(waitlist_look(&rq->tx, field(rq, "token"), &who));
    return show_state(rq, &who);
}

static enum err confirm_page(struct req *rq)
{
    struct waitlist_entry who;
    TRY(confirm(rq, &who));
    return show_state(rq, &who);
}

static enum err leave_page(struct req *rq)
{
    TRY(leave(rq));
    return page(rq, "waitlist_left");
}

/* --- the doors --- */

static enum err purge(struct job *job)
{
    return waitlist_purge(job->tx, job->now, job->now - setting_span(SETTING_WAITLIST_KEEP),
                          &job->more);
}

#define JOIN_FIELDS                                                                             \
    {                                                                                           \
        { "email", FIELD_EMAIL, .help = "where the handle goes" },                              \
            { "name", FIELD_NAME, .optional = true, .help = "display name" },                   \
            { "locale", FIELD_LOCALE, .optional = true, .help = "language of mails" },          \
            { "referral", FIELD_TEXT, .optional = true, .max = 40, .help = "a friend's code" }, \
            CAPTCHA_FIELD,                                                                      \
    }
#define JOIN_LIMITS                                                                 \
    {                                                                               \
        { BY_IP, 1, HOUR, "waitlist" }, { BY_EMAIL_FIELD, 3, 15 * MINUTE, "mail" }, \
            { BY_EMAIL_FIELD, 10, DAY, "mail" },                                    \
    }
#define HANDLE_LIMITS                            \
    {                                            \
        {                                        \
            BY_IP, 60, MINUTE, "waitlist handle" \
        }                                        \
    }
#define STATE_SHAPE                                                                     \
    "{\"status\":\"unconfirmed|waiting|approved|rejected\",\"position\",\"joined_at\"," \
    "\"referred\",\"referral_code\",\"referral_link\"}"

const struct route waitlist_routes[] = {
    ROUTE(POST, "/v1/waitlist/join", ANYONE, join_api, .fields = JOIN_FIELDS, .limits = JOIN_LIMITS,
          .gives = { { 202, "{\"status\":\"confirmation_sent\"}" },
                     { 409, "waitlist_closed: SIGN_UP is not waitlist" } },
          .help = "Puts an address on the waiting list; its handle is mailed. The same answer for "
                  "every address."),
    ROUTE(GET, "/v1/waitlist/status", ANYONE, status_api, .fields = TOKEN_FIELD,
          .limits = HANDLE_LIMITS, .has_token = true,
          .gives = { { 200, STATE_SHAPE }, { 410, "gone" } },
          .help = "Where somebody stands, by the mailed handle; changes nothing."),
    ROUTE(POST, "/v1/waitlist/confirm", ANYONE, confirm_api, .fields = TOKEN_FIELD,
          .limits = HANDLE_LIMITS, .has_token = true,
          .gives = { { 200, STATE_SHAPE }, { 410, "gone" } },
          .help = "The mailbox is proved: from now on they have a place."),
    ROUTE(POST, "/v1/waitlist/leave", ANYONE, leave_api, .fields = TOKEN_FIELD,
          .limits = HANDLE_LIMITS, .has_token = true,
          .gives = { { 200, "{\"status\":\"left\"}" }, { 409, "it was decided already" } },
          .help = "Takes them off the list, with all that was kept about them."),
    ROUTE(GET, "/waitlist", VISITOR, show,
          .fields = { { "token", FIELD_TOKEN, .optional = true, .help = "from the mailed link" },
                      { "referral", FIELD_TEXT, .optional = true, .max = 40 } },
          .limits = HANDLE_LIMITS, .has_token = true, .again = "/waitlist",
          .captcha = { "waitlist" },
          .help = "The form that joins the waiting list; with a token, where somebody stands."),
    ROUTE(POST, "/waitlist", VISITOR, join_page, .page = "waitlist", .fields = JOIN_FIELDS,
          .limits = JOIN_LIMITS, .captcha = { "waitlist" }, .help = "Joins by form."),
    ROUTE(POST, "/waitlist/confirm", VISITOR, confirm_page, .page = "waitlist_status",
          .fields = TOKEN_FIELD, .limits = HANDLE_LIMITS, .has_token = true, .again = "/waitlist",
          .help = "Confirms the address."),
    ROUTE(POST, "/waitlist/leave", VISITOR, leave_page, .page = "waitlist_status",
          .fields = TOKEN_FIELD, .limits = HANDLE_LIMITS, .has_token = true, .again = "/waitlist",
          .help = "Leaves the waiting list."),
    ROUTES_END,
};

const struct job_kind waitlist_jobs[] = {
    { "waitlist.join", join, 0, "puts an address on the waiting list, or tells its owner" },
    { "waitlist.purge", purge, HOUR,
      "removes entries that were not confirmed within a week, or decided WAITLIST_KEEP ago",
      .removes = true },
    { 0 },
};
