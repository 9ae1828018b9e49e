/* SPDX-License-Identifier: Apache-2.0 */
/*
 * My devices: the browsers and programs I signed in with, which of them skip the second step, and
 * forgetting them; and "this wasn't me", the link in the mail about a new one, which takes that
 * sign-in back and leads to a reset of the password.
 */
#include "feature/features.h"

#include "account/account.h"
#include "account/device.h"
#include "account/disavowal.h"
#include "account/pending.h"
#include "base/id.h"
#include "base/text.h"
#include "service/job.h"
#include "service/metric.h"
#include "web/cursor.h"
#include "web/mail_task.h"
#include "web/new_device.h"
#include "web/req.h"

/* --- my devices --- */

static enum err list(struct req *rq)
{
    struct device *devices;
    size_t count;
    TRY(device_list(&rq->tx, rq->session.account_id, &devices, &count));
    struct list_part part;
    TRY(list_part(rq, "devices", &(struct list_rows){ devices, sizeof *devices, count }, &part));
    struct json_writer *j = answer(rq, 200);
    json_begin_array(j, "data");
    for (size_t i = part.from; i < part.to; i++) {
        json_begin_object(j, NULL);
        json_put_text(j, "id", devices[i].id);
        json_put_text(j, "user_agent", devices[i].user_agent);
        json_put_text(j, "ip", devices[i].ip);
        json_put_time(j, "created_at", devices[i].created_at);
        json_put_time(j, "last_seen_at", devices[i].last_seen_at);
        json_put_time(j, "trusted_until",
                      devices[i].trusted_until > rq->now ? devices[i].trusted_until : 0);
        json_end(j);
    }
    json_end(j);
    return put_next_cursor(rq, &part.page, part.last);
}

static enum err forget(struct req *rq, const char *id)
{
    if (!id_is(id, "dev"))
        return E_NOT_FOUND;
    TRY(device_forget(&rq->tx, rq->session.account_id, id));
    return audit_add(&rq->tx, &rq->by, AUDIT_DEVICE_FORGOTTEN, rq->session.account_id,
                     text_format(rq->arena, "{\"device\":\"%s\"}", id));
}

static enum err forget_api(struct req *rq)
{
    TRY(forget(rq, param(rq, "id")));
    return answer_empty(rq, 204);
}

static enum err forget_page(struct req *rq)
{
    enum err e = forget(rq, field(rq, "id"));
    if (e != E_NOT_FOUND)
        TRY(e);
    return see_other(rq, "/account/security?done=device_forgotten");
}

/* --- this wasn't me --- */

static enum err disavow(struct req *rq)
{
    struct disavowal d;
    struct account who;
    enum err e = disavowal_look(&rq->peek, field(rq, "token"), &d);
    if (e == E_GONE)
        return refuse(rq, PROBLEM_GONE);
    TRY(e);
    TRY(account_hold(&rq->tx, d.account_id));
    e = disavowal_take(&rq->tx, &d);
    if (e == E_GONE)
        return refuse(rq, PROBLEM_GONE);
    TRY(e);
    TRY(account_find(&rq->tx, d.account_id, &who));
    TRY(disavowal_apply(&rq->tx, &d));
    metric_count(METRIC_SESSIONS_REVOKED, "disavowed", "");
    touch_account(rq, d.account_id);
    /* The way back in is a reset link: the task that mails one (feature/reset.c). */
    TRY(mail_task_add(rq, "reset.send", who.email_key, NULL));
    return audit_add(&rq->tx, &rq->by, AUDIT_SIGN_IN_DISAVOWED, who.id,
                     text_format(rq->arena, "{\"session\":\"%s\"}", d.session_id));
}

static enum err disavow_api(struct req *rq)
{
    TRY(disavow(rq));
    return answer_status(rq, 200, "session_ended");
}

static enum err show(struct req *rq)
{
    struct disavowal d;
    TRY(disavowal_look(&rq->tx, field(rq, "token"), &d));
    vars_text(rq->vars, "token", field(rq, "token"));
    vars_text(rq->vars, "signed_in_at", clock_format(rq->arena, d.created_at));
    return page(rq, "not_me");
}

static enum err disavow_page(struct req *rq)
{
    TRY(disavow(rq));
    return page(rq, "not_me_done");
}

/* --- upkeep --- */

static enum err purge(struct job *job)
{
    TRY(disavowal_purge(job->tx, job->now, &job->more));
    TRY(pending_purge(job->tx, job->now, &job->more));
    return device_purge(job->tx, job->now, &job->more);
}

const struct route device_routes[] = {
    ROUTE(GET, "/v1/account/devices", SIGNED_IN, list, .fields = { LIST_FIELDS },
          .gives = { { 200, "{\"data\":[{\"id\",\"user_agent\",\"ip\",\"created_at\","
                            "\"last_seen_at\",\"trusted_until\"}],\"next_cursor\"}" } },
          .help = "Where I signed in, and which of them skip the second step."),
    ROUTE(DELETE, "/v1/account/devices/{id}", SIGNED_IN, forget_api,
          .gives = { { 204, "forgotten" } },
          .help = "Forgets a device: the next sign-in from it is new, and needs every step."),
    ROUTE(POST, "/account/devices/forget", SIGNED_IN, forget_page,
          .fields = { { "id", FIELD_TOKEN } }, .back = "/account/security",
          .help = "Forgets a device by form."),
    ROUTE(POST, "/v1/auth/not-me", ANYONE, disavow_api, .fields = TOKEN_FIELD, .has_token = true,
          .limits = { { BY_IP, 10, HOUR, "not me" } },
          .gives = { { 200, "{\"status\":\"session_ended\"}" }, { 410, "gone" } },
          .help = "Takes back the sign-in that a new-device mail told of; mails a reset link."),
    ROUTE(GET, "/not-me", VISITOR, show, .fields = TOKEN_FIELD, .has_token = true,
          .again = "/forgot-password", .help = "The page behind \"this wasn't me\"."),
    ROUTE(POST, "/not-me", VISITOR, disavow_page, .fields = TOKEN_FIELD, .has_token = true,
          .again = "/forgot-password", .limits = { { BY_IP, 10, HOUR, "not me" } },
          .page = "not_me", .help = "Takes a sign-in back."),
    ROUTES_END,
};

const struct job_kind device_jobs[] = {
    { "device.purge", purge, HOUR,
      "removes devices, pending sign-ins and \"this wasn't me\" links that have expired",
      .removes = true },
    { 0 },
};
