/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing in by mail: see mail_sign_in.h.
 */
#include "web/mail_sign_in.h"

#include "account/email.h"
#include "account/mailbox.h"
#include "base/text.h"

enum { TASK_MAX = 4000 };

enum err mail_sign_in_ask(struct req *rq, const char *task, const struct outbox_var *more)
{
    struct email email;
    struct buf arg;
    struct json_writer j;
    TRY(email_parse(rq->arena, field(rq, "email"), &email));
    buf_init(&arg, rq->arena, TASK_MAX);
    json_write(&j, &arg);
    json_begin_object(&j, NULL);
    json_put_text(&j, "email_key", email.key);
    json_put_text(&j, "ip", rq->from.ip);
    json_put_text(&j, "user_agent", rq->from.user_agent);
    json_put_text(&j, "request_id", rq->request_id);
    for (const struct outbox_var *v = more; v && v->name; v++)
        json_put_text(&j, v->name, v->value);
    json_end(&j);
    rq->wakes_jobs = true;
    return job_add(&rq->tx, task, text_copy(rq->arena, buf_mem(&arg)));
}

enum err mail_sign_in_asked(struct job *job, struct mail_sign_in_asked *ret)
{
    *ret = (struct mail_sign_in_asked){ 0 };
    TRY(json_read(job->arena, mem_text(job->arg), &ret->json, NULL));
    ret->by = (struct audit_by){ "anonymous", json_find_text(&ret->json, "ip"),
                                 json_find_text(&ret->json, "user_agent"),
                                 json_find_text(&ret->json, "request_id") };
    const char *email_key = json_find_text(&ret->json, "email_key");
    TRY(account_find_email(job->tx, email_key, &ret->who));
    TRY(account_hold(job->tx, ret->who.id));
    TRY(account_find(job->tx, ret->who.id, &ret->who)); /* as it is now that nobody can change it */
    bool is_theirs = text_equal(ret->who.email_key, email_key) && !ret->who.locked_at;
    return is_theirs ? OK : E_NOT_FOUND;
}

/* The first proof that the mailbox is theirs. */
static enum err verify(struct req *rq, struct account *who)
{
    struct audit_by by = rq->by;
    by.actor = who->id;
    TRY(mailbox_prove(&rq->tx, &(struct mailbox_proof){ .account_id = who->id, .by = &by }));
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
