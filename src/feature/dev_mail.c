/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Development mode's mailbox: every mail that would have been sent. These doors do not exist
 * otherwise.
 */
#include "feature/features.h"

#include "base/text.h"
#include "service/outbox.h"
#include "web/req.h"

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
    ROUTE(GET, "/dev/mail/{id}", DEVELOPMENT, show, .has_token = true, .help = "One mail as text."),
    ROUTE(GET, "/dev/mail/{id}/html", DEVELOPMENT, show_html, .has_token = true, .csp = MAIL_CSP,
          .help = "One mail as HTML."),
    ROUTES_END,
};
