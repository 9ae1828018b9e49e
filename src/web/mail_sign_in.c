/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing in by mail: see mail_sign_in.h.
 */
#include "web/mail_sign_in.h"

#include "account/email.h"
#include "account/mailbox.h"
#include "base/text.h"

enum err mail_sign_in_ask(struct req *rq, const char *task, const struct outbox_var *more)
{
    struct email email;
    TRY(email_parse(rq->arena, field(rq, "email"), &email));
    return mail_task_add(rq, task, email.key, more);
}

enum err mail_sign_in_asked(struct job *job, struct mail_task *ret_asked, struct account *ret_who)
{
    TRY(mail_task_read(job, ret_asked));
    TRY(account_find_email(job->tx, ret_asked->email_key, ret_who));
    TRY(account_hold(job->tx, ret_who->id));
    TRY(account_find(job->tx, ret_who->id, ret_who)); /* as it is now that nobody can change it */
    bool is_theirs = text_equal(ret_who->email_key, ret_asked->email_key) && !ret_who->locked_at;
    return is_theirs ? OK : E_NOT_FOUND;
}

/* The first proof that the mailbox is theirs. */
static enum err verify(struct req *rq, struct account *who)
{
    struct audit_by by = rq->by;
    by.actor = who->id;
    enum err e =
        mailbox_prove(&rq->tx, &(struct mailbox_proof){ .account_id = who->id, .by = &by });
    if (e == E_DENIED)
        return refuse(rq, PROBLEM_INVITE_GONE);
    TRY(e);
    touch_account(rq, who->id);
    return account_find(&rq->tx, who->id, who);
}

enum err mail_sign_in(struct req *rq, const char *account_id, struct signed_in *ret)
{
    struct account who;
    TRY(account_find(&rq->tx, account_id, &who));
    if (!who.verified_at)
        TRY(verify(rq, &who));
    TRY(mailbox_void(&rq->tx, who.id));
    return sign_in(rq, &who, "email", ret);
}
