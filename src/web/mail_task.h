/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks that mail something to an address because somebody asked for it, or because of what
 * somebody did. The handler only queues one, the same for every address, and the task looks the
 * address up: so neither answer nor time tells who has an account (ENUM-03, ENUM-05).
 */
#pragma once

#include "base/json.h"
#include "service/audit.h"
#include "service/job.h"
#include "service/outbox.h"
#include "web/req.h"

/* Queues a task, with who asks from where. more: what else it should know; NULL: nothing. */
enum err mail_task_add(struct req *rq, const char *task, const char *email_key,
                       const struct outbox_var *more);

struct mail_task {
    const char *email_key;
    struct audit_by by;     /* who asked */
    struct json_value json; /* with what more gave */
};

/* What the task was queued with. */
enum err mail_task_read(struct job *job, struct mail_task *ret);

/* The fields of a door behind a mailed link. */
#define TOKEN_FIELD                                              \
    {                                                            \
        {                                                        \
            "token", FIELD_TOKEN, .help = "from the mailed link" \
        }                                                        \
    }
