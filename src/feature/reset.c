/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Password reset: prove that you read the mailbox, then choose a new password.
 *
 * The mailed link carries a random token; only its hash is kept, so a stolen database opens no
 * account. Asking again replaces the earlier link. A link outlives changes of the password: who
 * reads the mailbox outranks who only knows the password, and could otherwise be kept out by a
 * thief who changes it again and again (docs/decisions/0050).
 * The handler never looks the address up, a task does, so neither page nor timing tells a stranger
 * who has an account here. A reset signs nobody in and touches no second factor.
 */
#include "feature/features.h"

#include "account/account.h"
#include "account/credential.h"
#include "account/email.h"
#include "account/personal.h"
#include "account/single_use.h"
#include "base/text.h"
#include "crypto/token.h"
#include "service/job.h"
#include "service/outbox.h"
#include "service/setting.h"
#include "web/captcha.h"
#include "web/mail_task.h"
#include "web/new_password.h"
#include "web/req.h"

#define PREFIX "rst"
#define PURPOSE "reset-password"

/* --- asking for a link --- */

static enum err ask(struct req *rq)
{
    struct email email;
    TRY(captcha_ask(rq, "forgot_password", 0));
    TRY(email_parse(rq->arena, field(rq, "email"), &email));
    return mail_task_add(rq, "reset.send", email.key, NULL);
}

static enum err ask_api(struct req *rq)
{
    TRY(ask(rq));
    return answer_status(rq, 202, "reset_sent");
}

static enum err ask_page(struct req *rq)
{
    TRY(ask(rq));
    vars_text(rq->vars, "email", field(rq, "email"));
    return page(rq, "forgot_password_sent");
}

static enum err mail_link(struct job *job, const struct account *who, const struct audit_by *by,
                          const struct token *token)
{
    int64_t lifetime = setting_span(SETTING_RESET_TTL), minutes = lifetime / MINUTE;
    return outbox_add(
        job->tx, "reset_password", who->email, who->locale, who->id,
        VARS({ "link", text_format(job->arena, "%s/reset-password?token=%s",
                                   setting_public_origin(), token->text) },
             { "minutes", text_format(job->arena, "%lld", (long long)minutes) },
             { "requested_ip", by->ip },
             { "requested_agent", session_device(job->arena, by->user_agent) },
             { "requested_at", clock_format(job->arena, job->now) },
             { "time_zone", who->time_zone },
             { "expires_at", text_format(job->arena, "%lld", (long long)(job->now + lifetime)) }));
}

static enum err send_link(struct job *job)
{
    struct mail_task asked;
    struct account who;
    struct token token = token_new(job->arena, PREFIX, PURPOSE);
    TRY(mail_task_read(job, &asked));
    enum err e = account_find_email(job->tx, asked.email_key, &who);
    if (e == E_NOT_FOUND || (e == OK && who.locked_at))
        return OK; /* a stranger's address, or a closed account: stay silent */
    TRY(e);
    TRY(db_run(job->tx,
               "INSERT INTO reset (id, account_id, secret_hash, ip, user_agent, created_at,"
               "                   expires_at, password_changed_at)"
               "     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
               " ON CONFLICT (account_id) DO UPDATE"
               "        SET id = excluded.id, secret_hash = excluded.secret_hash,"
               "            ip = excluded.ip, user_agent = excluded.user_agent,"
               "            created_at = excluded.created_at, expires_at = excluded.expires_at,"
               "            password_changed_at = excluded.password_changed_at",
               V(text(token.id), text(who.id), blob(MEM(token.hash, sizeof token.hash)),
                 text(asked.by.ip), text(asked.by.user_agent), num(job->now),
                 num(job->now + setting_span(SETTING_RESET_TTL)), num(who.password_changed_at))));
    TRY(audit_add(job->tx, &asked.by, AUDIT_PASSWORD_RESET_ASKED, who.id, NULL));
    return mail_link(job, &who, &asked.by, &token);
}

/* --- choosing a password --- */

struct reset {
    const char *id;
    struct account account; /* whose password it may set */
    bool changed_since;     /* somebody changed it after the link was asked for */
};

static const struct single_use kind = {
    .prefix = PREFIX,
    .purpose = PURPOSE,
    .look = "SELECT secret_hash, account_id, password_changed_at, created_at FROM reset"
            " WHERE id = $1 AND expires_at > $2",
    .take = "DELETE FROM reset WHERE id = $1 AND expires_at > $2",
};

/* What a link stands for. E_GONE for anything but a live link. */
static enum err look(struct tx *tx, const char *presented, struct reset *ret)
{
    const char *account_id;
    int64_t password_changed_at, asked_at;
    TRY(single_use_look(
        tx, &kind, presented, &ret->id,
        INTO(to_text(&account_id), to_num(&password_changed_at), to_num(&asked_at))));
    TRY(account_find(tx, account_id, &ret->account));
    ret->changed_since = password_changed_at != ret->account.password_changed_at;
    /* Also when it lies in a mailbox that is not the account's any more, and for good by a lock. */
    bool is_void = ret->account.locked_at || asked_at < ret->account.unlocked_at ||
                   asked_at < ret->account.email_changed_at;
    return is_void ? E_GONE : OK;
}

/* Uses the link up: at most one caller gets OK. */
static enum err take(struct tx *tx, const char *presented, struct reset *ret)
{
    TRY(look(tx, presented, ret));
    TRY(account_hold(tx, ret->account.id));
    TRY(look(tx, presented, ret)); /* the address may have become another one this moment */
    return single_use_take(tx, &kind, ret->id);
}

static enum err choose(struct req *rq)
{
    struct reset link;
    const char *phc;
    enum err e = look(&rq->peek, field(rq, "token"), &link); /* strangers get no hash computed */
    if (e == E_GONE)
        return refuse(rq, PROBLEM_GONE);
    TRY(e);
    TRY(new_password_hash(rq, link.account.email, link.account.name, &phc));

    e = take(&rq->tx, field(rq, "token"), &link);
    if (e == E_GONE)
        return refuse(rq, PROBLEM_GONE);
    TRY(e);
    touch_account(rq, link.account.id);
    rq->wakes_jobs = true;
    e = credential_set_password(&rq->tx, &(struct credential_change){
                                             .account = &link.account,
                                             .phc = phc,
                                             .proves_mailbox = true,
                                             .event = AUDIT_PASSWORD_RESET,
                                             .by = &rq->by,
                                         });
    return e == E_DENIED ? refuse(rq, PROBLEM_INVITE_GONE) : e;
}

static enum err choose_api(struct req *rq)
{
    TRY(choose(rq));
    return answer_status(rq, 200, "password_changed");
}

static enum err show_choice(struct req *rq)
{
    struct reset link;
    TRY(look(&rq->tx, field(rq, "token"), &link));
    vars_text(rq->vars, "token", field(rq, "token"));
    vars_text(rq->vars, "email", link.account.email);
    vars_flag(rq->vars, "changed_since", link.changed_since);
    return page(rq, "reset_password");
}

static enum err choose_page(struct req *rq)
{
    TRY(choose(rq));
    drop_session_cookie(rq);
    return page(rq, "reset_password_done");
}

static enum err purge(struct job *job)
{
    return db_run(job->tx, "DELETE FROM reset WHERE expires_at < $1", V(num(job->now)));
}

static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(tx, "id ip user_agent created_at expires_at",
                               "SELECT id, ip, user_agent, created_at, expires_at FROM reset"
                               " WHERE account_id = $1",
                               V(text(account_id)), j);
}

static enum err forget(struct tx *tx, const char *account_id)
{
    return db_run(tx, "DELETE FROM reset WHERE account_id = $1", V(text(account_id)));
}

const struct personal_table reset_personal[] = {
    { "reset", write, forget, .mend = "DELETE FROM reset WHERE created_at > $1" },
    { 0 },
};

#define ASK_LIMITS                                                                           \
    {                                                                                        \
        { BY_IP, 3, HOUR, "forgot" }, { BY_EMAIL_FIELD, 3, HOUR, "forgot" },                 \
            { BY_EMAIL_FIELD, 3, 15 * MINUTE, "mail" }, { BY_EMAIL_FIELD, 10, DAY, "mail" }, \
    }
#define CHOOSE_FIELDS                                                              \
    {                                                                              \
        { "token", FIELD_TOKEN, .help = "from the mailed link" },                  \
            { "password", FIELD_PASSWORD, .is_new = true, .help = "the new one" }, \
    }

const struct route reset_routes[] = {
    ROUTE(POST, "/v1/auth/password/forgot", ANYONE, ask_api,
          .fields = { { "email", FIELD_EMAIL }, CAPTCHA_FIELD }, .limits = ASK_LIMITS,
          .gives = { { 202, "{\"status\":\"reset_sent\"}" } },
          .help = "Mails a reset link. The same answer for every address."),
    ROUTE(POST, "/v1/auth/password/reset", ANYONE, choose_api, .lane = LANE_HASH,
          .fields = CHOOSE_FIELDS, .limits = { { BY_IP, 10, HOUR, "reset" } }, .has_token = true,
          .gives = { { 200, "{\"status\":\"password_changed\"}" }, { 410, "gone" } },
          .help = "Sets a new password by a mailed link; every session ends."),
    ROUTE(GET, "/forgot-password", VISITOR, NULL, .page = "forgot_password",
          .captcha = { "forgot_password" }, .help = "The form that asks for a reset link."),
    ROUTE(POST, "/forgot-password", VISITOR, ask_page, .page = "forgot_password",
          .captcha = { "forgot_password" }, .fields = { { "email", FIELD_EMAIL }, CAPTCHA_FIELD },
          .limits = ASK_LIMITS, .help = "Mails a reset link."),
    ROUTE(GET, "/reset-password", VISITOR, show_choice, .fields = { { "token", FIELD_TOKEN } },
          .has_token = true, .again = "/forgot-password",
          .help = "The form behind the mailed link."),
    ROUTE(POST, "/reset-password", VISITOR, choose_page, .lane = LANE_HASH, .fields = CHOOSE_FIELDS,
          .limits = { { BY_IP, 10, HOUR, "reset" } }, .has_token = true,
          .again = "/forgot-password", .page = "reset_password", .help = "Sets a new password."),
    ROUTES_END,
};

const struct job_kind reset_jobs[] = {
    { "reset.send", send_link, 0, "mails a reset link" },
    { "reset.purge", purge, HOUR, "removes reset links that have expired", .removes = true },
    { 0 },
};
