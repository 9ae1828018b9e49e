/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The waiting list, as staff see it: who is next, letting in one or the next few, turning away.
 */
#include "feature/features.h"

#include "account/waitlist.h"
#include "base/id.h"
#include "base/text.h"
#include "web/cursor.h"
#include "web/req.h"

#include <string.h>

enum { AT_ONCE = 500 };

static struct waitlist_approver approver(const struct req *rq)
{
    return (struct waitlist_approver){ rq->session.account_id, &rq->by };
}

/* --- the list --- */

static const char *const statuses[] = { "waiting", "unconfirmed", "approved", "rejected" };

/* Without one, fallback, where NULL stands for all that wait, confirmed or not. */
static enum err read_status(struct req *rq, const char *fallback, const char **ret)
{
    const char *wanted = field(rq, "status");
    *ret = fallback;
    for (size_t i = 0; wanted && i < COUNT(statuses); i++)
        if (text_equal(wanted, statuses[i]))
            *ret = statuses[i];
    return wanted && !text_equal(*ret, wanted) ? refuse_field(rq, "status", PROBLEM_FIELD_RANGE)
                                               : OK;
}

/* A place in the list is "<place>:<id>". */
static enum err read_place(struct req *rq, const char *text, struct waitlist_after *ret)
{
    const char *colon = strchr(text, ':');
    if (!colon || !text_parse_int(text_copy(rq->arena, MEM(text, (size_t)(colon - text))),
                                  INT64_MIN, INT64_MAX, &ret->place))
        return refuse(rq, PROBLEM_CURSOR_INVALID);
    ret->id = colon + 1;
    return OK;
}

struct found {
    struct list_page page;
    struct waitlist_entries all;
    const char *status, *next; /* next: the place of the last row, NULL: there is no more */
};

static enum err find(struct req *rq, const char *fallback, struct found *ret)
{
    struct waitlist_after after = { .place = INT64_MIN, .id = "" };
    *ret = (struct found){ 0 };
    TRY(read_status(rq, fallback, &ret->status));
    const char *list = ret->status ? ret->status : "all";
    TRY(list_page(rq, text_format(rq->arena, "waitlist %s", list), &ret->page));
    if (ret->page.after)
        TRY(read_place(rq, ret->page.after, &after));
    TRY(waitlist_list(&rq->tx, ret->status, &after, ret->page.limit + 1, &ret->all));
    if (!list_has_more(&ret->page, &ret->all.count))
        return OK;
    const struct waitlist_entry *last = &ret->all.list[ret->all.count - 1];
    ret->next = text_format(rq->arena, "%lld:%s", (long long)last->place, last->id);
    return OK;
}

static enum err list_api(struct req *rq)
{
    struct found f;
    TRY(find(rq, NULL, &f));
    struct json_writer *j = answer(rq, 200);
    json_begin_array(j, "data");
    for (size_t i = 0; i < f.all.count; i++) {
        const struct waitlist_entry *who = &f.all.list[i];
        json_begin_object(j, NULL);
        json_put_text(j, "id", who->id);
        json_put_text(j, "email", who->email);
        json_put_text(j, "name", who->name);
        json_put_text(j, "locale", who->locale);
        json_put_text(j, "status", who->status);
        json_put_num(j, "referred", who->referred);
        json_put_text(j, "invite_id", who->invite_id);
        json_put_time(j, "created_at", who->created_at);
        json_put_time(j, "joined_at", who->joined_at);
        json_put_time(j, "decided_at", who->decided_at);
        json_end(j);
    }
    json_end(j);
    return put_next_cursor(rq, &f.page, f.next);
}

/* --- deciding --- */

/* It may have been decided, or they have left, since the list was shown. */
static enum err decided(struct req *rq, enum err e)
{
    return e == E_CONFLICT ? refuse(rq, PROBLEM_CONFLICT) : e;
}

static enum err approve(struct req *rq, const char *id)
{
    struct waitlist_approver by = approver(rq);
    if (!id_is(id, "wtl"))
        return E_NOT_FOUND;
    rq->wakes_jobs = true;
    return decided(rq, waitlist_approve(&rq->tx, &by, id));
}

static enum err approve_next(struct req *rq, int64_t *ret_count)
{
    struct waitlist_approver by = approver(rq);
    rq->wakes_jobs = true;
    return waitlist_approve_next(&rq->tx, &by, field_num(rq, "count"), ret_count);
}

static enum err reject(struct req *rq, const char *id)
{
    struct waitlist_approver by = approver(rq);
    if (!id_is(id, "wtl"))
        return E_NOT_FOUND;
    return decided(rq, waitlist_reject(&rq->tx, &by, id));
}

static enum err approve_api(struct req *rq)
{
    TRY(approve(rq, param(rq, "id")));
    return answer_status(rq, 200, "approved");
}

static enum err approve_next_api(struct req *rq)
{
    int64_t count = 0;
    TRY(approve_next(rq, &count));
    json_put_num(answer(rq, 200), "approved", count);
    return OK;
}

static enum err reject_api(struct req *rq)
{
    TRY(reject(rq, param(rq, "id")));
    return answer_status(rq, 200, "rejected");
}

/* --- the page --- */

static void show_row(struct req *rq, const struct waitlist_entry *who)
{
    struct vars *item = vars_item(rq->vars, "entries");
    int64_t at = who->decided_at  ? who->decided_at
                 : who->joined_at ? who->joined_at
                                  : who->created_at;
    vars_text(item, "id", who->id);
    vars_text(item, "to", who->email);
    vars_text(item, "name", who->name);
    vars_text(item, "at", clock_format(rq->arena, at));
    if (who->referred)
        vars_num(item, "referred", who->referred);
    vars_flag(item, "is_open", !who->decided_at);
}

static enum err show_statuses(struct req *rq, const char *current)
{
    for (size_t i = 0; i < COUNT(statuses); i++) {
        int64_t count = 0;
        struct vars *item = vars_item(rq->vars, "statuses");
        TRY(waitlist_count(&rq->tx, statuses[i], &count));
        vars_text(item, "status", statuses[i]);
        vars_text(
            item, "label",
            locale_text(rq->locale, text_format(rq->arena, "waitlist_state.%s", statuses[i])));
        vars_num(item, "total", count);
        vars_flag(item, "current", text_equal(statuses[i], current));
    }
    return OK;
}

static enum err show(struct req *rq)
{
    static const char *const known[] = { "waitlist_approved", "waitlist_rejected" };
    struct found f;
    const char *next = NULL;
    TRY(find(rq, statuses[0], &f));
    if (f.next)
        TRY(cursor_make(rq, f.page.list, f.next, &next));
    for (size_t i = 0; i < f.all.count; i++)
        show_row(rq, &f.all.list[i]);
    TRY(show_statuses(rq, f.status));
    for (size_t i = 0; i < COUNT(known); i++)
        if (text_equal(field(rq, "done"), known[i]))
            vars_text(rq->vars, "notice",
                      locale_text(rq->locale, text_format(rq->arena, "notice.%s", known[i])));
    vars_text(rq->vars, "status", f.status);
    vars_text(rq->vars, "older", next);
    vars_flag(rq->vars, "is_later", f.page.after != NULL);
    vars_flag(rq->vars, "is_waiting", text_equal(f.status, "waiting"));
    vars_flag(rq->vars, "tab_waitlist", true);
    return page(rq, "admin_waitlist");
}

/* Somebody else was faster: the list shows it. */
static enum err back_to_list(struct req *rq, enum err e, const char *done)
{
    if (e == E_NOT_FOUND || (e == E_REFUSED && rq->problem == PROBLEM_CONFLICT))
        return see_other(rq, "/admin/waitlist");
    TRY(e);
    return see_other(rq, text_format(rq->arena, "/admin/waitlist?done=%s", done));
}

/* One, or the next few. */
static enum err approve_page(struct req *rq)
{
    int64_t count = 0;
    bool is_one = field(rq, "id") != NULL;
    if (!is_one && field_num(rq, "count") < 1)
        return see_other(rq, "/admin/waitlist");
    return back_to_list(rq, is_one ? approve(rq, field(rq, "id")) : approve_next(rq, &count),
                        "waitlist_approved");
}

static enum err reject_page(struct req *rq)
{
    return back_to_list(rq, reject(rq, field(rq, "id")), "waitlist_rejected");
}

#define COUNT_FIELD                                                      \
    {                                                                    \
        "count", FIELD_NUM, .min = 1, .max = AT_ONCE, .help = "how many" \
    }
#define STATUS_FIELD                                                                          \
    {                                                                                         \
        "status", FIELD_TEXT,                                                                 \
            .optional = true, .max = 20,                                                      \
            .help = "waiting, unconfirmed, approved or rejected; all that wait when left out" \
    }

const struct route admin_waitlist_routes[] = {
    ROUTE(GET, "/v1/admin/waitlist", SUPPORT, list_api, .fields = { LIST_FIELDS, STATUS_FIELD },
          .gives = { { 200, "{\"data\":[{\"id\",\"email\",\"name\",\"locale\",\"status\","
                            "\"referred\",\"invite_id\",\"created_at\",\"joined_at\","
                            "\"decided_at\"}],\"next_cursor\"}" },
                     { 400, "cursor_invalid" } },
          .help = "The waiting list, whoever is next first."),
    ROUTE(POST, "/v1/admin/waitlist/{id}/approve", SUPPORT, approve_api, .proof = PROOF_LEVEL,
          .gives = { { 200, "{\"status\":\"approved\"}" }, { 409, "not waiting" } },
          .help = "Lets one in: an invitation is mailed."),
    ROUTE(POST, "/v1/admin/waitlist/approve", SUPPORT, approve_next_api, .proof = PROOF_LEVEL,
          .fields = { COUNT_FIELD }, .gives = { { 200, "{\"approved\"}" } },
          .help = "Lets the next ones in, as many as asked for or all there are."),
    ROUTE(POST, "/v1/admin/waitlist/{id}/reject", SUPPORT, reject_api, .proof = PROOF_LEVEL,
          .gives = { { 200, "{\"status\":\"rejected\"}" }, { 409, "decided already" } },
          .help = "Turns one away."),
    ROUTE(GET, "/admin/waitlist", SUPPORT, show,
          .fields = { LIST_FIELDS,
                      STATUS_FIELD,
                      { "done", FIELD_TEXT, .optional = true, .max = 40 } },
          .help = "The waiting list."),
    ROUTE(POST, "/admin/waitlist/approve", SUPPORT, approve_page, .proof = PROOF_LEVEL,
          .back = "/admin/waitlist",
          .fields = { { "id", FIELD_TEXT, .optional = true },
                      { "count", FIELD_NUM, .optional = true, .min = 0, .max = AT_ONCE } },
          .help = "Lets one in, or the next few."),
    ROUTE(POST, "/admin/waitlist/reject", SUPPORT, reject_page, .proof = PROOF_LEVEL,
          .back = "/admin/waitlist", .fields = { { "id", FIELD_TEXT } }, .help = "Turns one away."),
    ROUTES_END,
};
