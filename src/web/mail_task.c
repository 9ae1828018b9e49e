/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks that mail: see mail_task.h.
 */
#include "web/mail_task.h"

#include "base/text.h"

enum { TASK_MAX = 4000 };

enum err mail_task_add(struct req *rq, const char *task, const char *email_key,
                       const struct outbox_var *more)
{
    struct buf arg;
    struct json_writer j;
    buf_init(&arg, rq->arena, TASK_MAX);
    json_write(&j, &arg);
    json_begin_object(&j, NULL);
    json_put_text(&j, "email_key", email_key);
    json_put_text(&j, "ip", rq->from.ip);
    json_put_text(&j, "user_agent", rq->from.user_agent);
    json_put_text(&j, "request_id", rq->request_id);
    for (const struct outbox_var *v = more; v && v->name; v++)
        json_put_text(&j, v->name, v->value);
    json_end(&j);
    rq->wakes_jobs = true;
    return job_add(&rq->tx, task, text_copy(rq->arena, buf_mem(&arg)));
}

enum err mail_task_read(struct job *job, struct mail_task *ret)
{
    TRY(json_read(job->arena, mem_text(job->arg), &ret->json, NULL));
    ret->email_key = json_find_text(&ret->json, "email_key");
    ret->by = (struct audit_by){ "anonymous", json_find_text(&ret->json, "ip"),
                                 json_find_text(&ret->json, "user_agent"),
                                 json_find_text(&ret->json, "request_id") };
    return ret->email_key ? OK : E_INVALID;
}
