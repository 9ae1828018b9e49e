/* SPDX-License-Identifier: Apache-2.0 */
/*
 * My notices: what happened to my account that I was told of, how many of it I have not seen, and
 * which of it is mailed besides. What protects the account is always mailed: somebody who has taken
 * it over must not be able to silence it. The rest may be switched off, with a fresh proof.
 */
#include "feature/features.h"

#include "account/notification.h"
#include "account/session.h"
#include "base/id.h"
#include "base/text.h"
#include "service/audit.h"
#include "web/cursor.h"
#include "web/req.h"

#define LIST "notifications"

/* In the app a notice says what its mail is headed with. */
static const char *wording(struct req *rq, const char *kind)
{
    return template_format(rq->arena, rq->locale, text_format(rq->arena, "mail.%s.heading", kind),
                           rq->vars);
}

/* --- the list --- */

static enum err find(struct req *rq, struct list_page *p, struct notifications *ret)
{
    TRY(list_page(rq, LIST, p));
    return notification_list(&rq->tx, rq->session.account_id, p->after, p->limit + 1, ret);
}

static enum err list_api(struct req *rq)
{
    struct list_page p;
    struct notifications all;
    int64_t unread = 0;
    TRY(find(rq, &p, &all));
    TRY(notification_count_unread(&rq->tx, rq->session.account_id, &unread));
    bool has_more = list_has_more(&p, &all.count);
    struct json_writer *j = answer(rq, 200);
    json_begin_array(j, "data");
    for (size_t i = 0; i < all.count; i++) {
        const struct notification *n = &all.list[i];
        json_begin_object(j, NULL);
        json_put_text(j, "id", n->id);
        json_put_text(j, "kind", n->kind);
        json_put_text(j, "text", wording(rq, n->kind));
        json_put_time(j, "at", n->at);
        json_put_time(j, "read_at", n->read_at);
        json_put_text(j, "ip", n->ip);
        json_put_text(j, "user_agent", n->user_agent);
        json_end(j);
    }
    json_end(j);
    json_put_num(j, "unread", unread);
    return put_next_cursor(rq, &p, has_more ? all.list[all.count - 1].id : NULL);
}

static enum err read_api(struct req *rq)
{
    if (!id_is(param(rq, "id"), "ntf"))
        return E_NOT_FOUND;
    TRY(notification_read(&rq->tx, rq->session.account_id, param(rq, "id")));
    return answer_empty(rq, 204);
}

static enum err read_all_api(struct req *rq)
{
    TRY(notification_read_all(&rq->tx, rq->session.account_id));
    return answer_empty(rq, 204);
}

/* --- what is mailed --- */

static enum err list_wishes(struct req *rq, struct tx *tx)
{
    const struct notification_kind *kind;
    struct json_writer *j = answer(rq, 200);
    json_begin_array(j, "data");
    for (size_t i = 0; (kind = notification_kind_nth(i)); i++) {
        bool is_mailed;
        TRY(notification_is_mailed(tx, rq->session.account_id, kind->name, &is_mailed));
        json_begin_object(j, NULL);
        json_put_text(j, "kind", kind->name);
        json_put_text(j, "text", wording(rq, kind->name));
        json_put_bool(j, "mail", is_mailed);
        json_put_bool(j, "always", kind->is_always);
        json_end(j);
    }
    json_end(j);
    return OK;
}

static enum err list_wishes_api(struct req *rq)
{
    return list_wishes(rq, &rq->tx);
}

static enum err note_wish(struct req *rq, const char *name, bool is_mailed)
{
    const struct notification_kind *kind = notification_kind_find(name);
    if (!kind)
        return refuse_field(rq, "mail", PROBLEM_NOTICE_UNKNOWN);
    if (kind->is_always)
        return is_mailed ? OK : refuse_field(rq, "mail", PROBLEM_ALWAYS_MAILED);
    return notification_set_mailed(&rq->tx, rq->session.account_id, name, is_mailed);
}

static enum err note_change(struct req *rq)
{
    return audit_add(&rq->tx, &rq->by, AUDIT_NOTIFICATIONS_CHANGED, rq->session.account_id, NULL);
}

/* {"session_moved": false}: what is left out stays as it is. */
static enum err change_wishes_api(struct req *rq)
{
    const struct json_value *mail = field_json(rq, "mail");
    if (mail->kind != JSON_IS_OBJECT)
        return refuse_field(rq, "mail", PROBLEM_FIELD_TYPE);
    for (size_t i = 0; i < mail->count; i++) {
        const struct json_value *one = &mail->items[i];
        if (one->kind != JSON_IS_TRUE && one->kind != JSON_IS_FALSE)
            return refuse_field(rq, "mail", PROBLEM_FIELD_TYPE);
        TRY(note_wish(rq, one->key, one->kind == JSON_IS_TRUE));
    }
    TRY(note_change(rq));
    return list_wishes(rq, &rq->tx);
}

/* --- the page --- */

static enum err set_wishes(struct req *rq)
{
    const struct notification_kind *kind;
    for (size_t i = 0; (kind = notification_kind_nth(i)); i++) {
        bool is_mailed;
        struct vars *item = vars_item(rq->vars, kind->is_always ? "always" : "optional");
        TRY(notification_is_mailed(&rq->tx, rq->session.account_id, kind->name, &is_mailed));
        vars_text(item, "kind", kind->name);
        vars_text(item, "text", wording(rq, kind->name));
        vars_flag(item, "is_mailed", is_mailed);
    }
    return OK;
}

static void show_row(struct req *rq, const struct notification *n)
{
    struct vars *item = vars_item(rq->vars, "notifications");
    bool has_agent = !text_is_empty(n->user_agent);
    vars_text(item, "text", wording(rq, n->kind));
    vars_text(item, "at", clock_format(rq->arena, n->at));
    vars_text(item, "ip", n->ip);
    vars_text(item, "device", has_agent ? session_device(rq->arena, n->user_agent) : NULL);
    vars_flag(item, "is_new", n->read_at == 0);
}

static void set_done(struct req *rq)
{
    static const char *const known[] = { "notifications_read", "saved" };
    for (size_t i = 0; i < COUNT(known); i++)
        if (text_equal(field(rq, "done"), known[i]))
            vars_text(rq->vars, "notice",
                      locale_text(rq->locale, text_format(rq->arena, "notice.%s", known[i])));
}

static enum err show(struct req *rq)
{
    struct list_page p;
    struct notifications all;
    const char *next = NULL;
    TRY(find(rq, &p, &all));
    if (list_has_more(&p, &all.count))
        TRY(cursor_make(rq, LIST, all.list[all.count - 1].id, &next));
    for (size_t i = 0; i < all.count; i++)
        show_row(rq, &all.list[i]);
    vars_text(rq->vars, "older", next);
    vars_flag(rq->vars, "is_later", p.after != NULL);
    TRY(set_wishes(rq));
    set_done(rq);
    return page(rq, "account_notifications");
}

static enum err read_page(struct req *rq)
{
    TRY(notification_read_all(&rq->tx, rq->session.account_id));
    return see_other(rq, "/account/notifications?done=notifications_read");
}

/* A box that is not ticked is not sent: the form says all of it. */
static enum err change_wishes_page(struct req *rq)
{
    const struct notification_kind *kind;
    for (size_t i = 0; (kind = notification_kind_nth(i)); i++)
        if (!kind->is_always)
            TRY(note_wish(rq, kind->name, field_num(rq, kind->name)));
    TRY(note_change(rq));
    return see_other(rq, "/account/notifications?done=saved");
}

/* --- upkeep --- */

static enum err purge(struct job *job)
{
    return notification_purge(job->tx, job->now, &job->more);
}

#define WISHES_GIVEN                                                \
    {                                                               \
        200, "{\"data\":[{\"kind\",\"text\",\"mail\",\"always\"}]}" \
    }

const struct route notification_routes[] = {
    ROUTE(GET, "/v1/account/notifications", SIGNED_IN, list_api, .fields = { LIST_FIELDS },
          .gives = { { 200, "{\"data\":[{\"id\",\"kind\",\"text\",\"at\",\"read_at\",\"ip\","
                            "\"user_agent\"}],\"unread\",\"next_cursor\"}" },
                     { 400, "cursor_invalid" } },
          .help = "What I was told about my account, newest first."),
    ROUTE(POST, "/v1/account/notifications/{id}/read", SIGNED_IN, read_api,
          .gives = { { 204, "noted" } }, .help = "I have seen this notice."),
    ROUTE(POST, "/v1/account/notifications/read", SIGNED_IN, read_all_api,
          .gives = { { 204, "noted" } }, .help = "I have seen all of them."),
    ROUTE(GET, "/v1/account/notifications/preferences", SIGNED_IN, list_wishes_api,
          .gives = { WISHES_GIVEN }, .help = "Which notices are mailed besides."),
    ROUTE(PATCH, "/v1/account/notifications/preferences", SIGNED_IN, change_wishes_api,
          .proof = PROOF_FRESH,
          .fields = { { "mail", FIELD_JSON,
                        .help = "{\"session_moved\": false}; kinds with always cannot be named" } },
          .gives = { WISHES_GIVEN }, .help = "Changes which notices are mailed."),
    ROUTE(GET, "/account/notifications", SIGNED_IN, show,
          .fields = { LIST_FIELDS, { "done", FIELD_TEXT, .optional = true, .max = 40 } },
          .help = "My notices, and which are mailed."),
    ROUTE(POST, "/account/notifications/read", SIGNED_IN, read_page,
          .back = "/account/notifications", .help = "Notes by form that I have seen all."),
    ROUTE(POST, "/account/notifications/preferences", SIGNED_IN, change_wishes_page,
          .proof = PROOF_FRESH, .back = "/account/notifications",
          .fields = { { "session_moved", FIELD_FLAG, .optional = true },
                      { "export_ready", FIELD_FLAG, .optional = true } },
          .help = "Changes by form which notices are mailed."),
    ROUTES_END,
};

const struct job_kind notification_jobs[] = {
    { "notification.purge", purge, HOUR, "removes old notices", .removes = true },
    { 0 },
};
