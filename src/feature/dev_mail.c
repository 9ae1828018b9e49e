/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Development mode's mailbox: every mail that would have been sent. These doors do not exist
 * otherwise.
 */
#include "feature/features.h"

#include "base/text.h"
#include "service/job.h"
#include "service/outbox.h"
#include "service/setting.h"
#include "web/req.h"

#include <string.h>

#define MAIL_CSP \
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"

static enum err list(struct req *rq)
{
    struct outbox_message *mails;
    size_t count = outbox_dev_list(rq->arena, &mails);
    for (size_t i = 0; i < count; i++) {
        struct vars *item = vars_item(rq->vars, "mails");
        vars_text(item, "id", mails[i].id);
        vars_text(item, "to", mails[i].to);
        vars_text(item, "subject", mails[i].subject);
        vars_text(item, "kind", mails[i].kind);
        vars_text(item, "created_at", clock_format(rq->arena, mails[i].created_at));
    }
    return page(rq, "dev_mail");
}

/* --- for programs --- */

/* Our links in a text, in order. */
static void put_links(struct json_writer *j, struct arena *arena, const char *text)
{
    const char *origin = setting_public_origin();
    json_begin_array(j, "links");
    while ((text = strstr(text, origin))) {
        size_t n = strcspn(text, " \t\r\n<>\"");
        json_put_text(j, NULL, text_copy(arena, MEM(text, n)));
        text += n;
    }
    json_end(j);
}

static bool is_asked_for(const char *wanted, const char *value)
{
    return !wanted || text_equal_ascii_case(wanted, value);
}

static void put_mail(struct json_writer *j, struct arena *arena, const struct outbox_message *mail)
{
    json_begin_object(j, NULL);
    json_put_text(j, "id", mail->id);
    json_put_text(j, "to", mail->to);
    json_put_text(j, "kind", mail->kind);
    json_put_text(j, "subject", mail->subject);
    json_put_time(j, "created_at", mail->created_at);
    json_put_text(j, "text", mail->text);
    put_links(j, arena, mail->text);
    json_end(j);
}

/* In a test fixture what is owed is sent first, so that a test asks once and needs no waiting. */
static enum err send_owed(struct req *rq)
{
    if (!setting_is_ephemeral())
        return OK;
    job_hold();
    enum err e = job_run_due(rq->tx.db, rq->arena);
    job_release();
    return e;
}

static enum err list_for_programs(struct req *rq)
{
    struct outbox_message *mails;
    TRY(send_owed(rq));
    size_t count = outbox_dev_list(rq->arena, &mails);
    struct json_writer *j = answer(rq, 200);
    json_begin_array(j, "data");
    for (size_t i = 0; i < count; i++)
        if (is_asked_for(field(rq, "to"), mails[i].to) &&
            is_asked_for(field(rq, "kind"), mails[i].kind))
            put_mail(j, rq->arena, &mails[i]);
    json_end(j);
    return OK;
}

/* --- for people --- */

static enum err find(struct req *rq, struct outbox_message *ret)
{
    struct outbox_message *mails;
    size_t count = outbox_dev_list(rq->arena, &mails);
    for (size_t i = 0; i < count; i++) {
        if (!text_equal(mails[i].id, param(rq, "id")))
            continue;
        *ret = mails[i];
        return OK;
    }
    return E_NOT_FOUND;
}

static enum err show(struct req *rq)
{
    struct outbox_message mail;
    TRY(find(rq, &mail));
    vars_text(rq->vars, "id", mail.id);
    vars_text(rq->vars, "to", mail.to);
    vars_text(rq->vars, "subject", mail.subject);
    vars_text(rq->vars, "text", mail.text);
    return page(rq, "dev_mail_show");
}

static enum err show_html(struct req *rq)
{
    struct outbox_message mail;
    TRY(find(rq, &mail));
    return answer_document(rq, "text/html; charset=utf-8", mem_text(mail.html));
}

const struct route dev_mail_routes[] = {
    ROUTE(GET, "/dev/mail", DEVELOPMENT, list, .page = "dev_mail", .help = "Mails, newest first."),
    ROUTE(GET, "/dev/mail.json", DEVELOPMENT, list_for_programs, .has_token = true,
          .fields = { { "to", FIELD_TEXT, .optional = true, .max = 254,
                        .help = "only to this address" },
                      { "kind", FIELD_TEXT, .optional = true, .max = 64,
                        .help = "only of this kind" } },
          .gives = { { 200, "{\"data\":[{\"id\",\"to\",\"kind\",\"subject\",\"created_at\","
                            "\"text\",\"links\"}]}" } },
          .help = "The same for programs; a test fixture sends first what is owed."),
    ROUTE(GET, "/dev/mail/{id}", DEVELOPMENT, show, .has_token = true, .help = "One mail as text."),
    ROUTE(GET, "/dev/mail/{id}/html", DEVELOPMENT, show_html, .has_token = true, .csp = MAIL_CSP,
          .help = "One mail as HTML."),
    ROUTES_END,
};
