/* SPDX-License-Identifier: Apache-2.0 */
/*
 * My activity: what the audit log holds about my account, in plain words. The rows are asked for by
 * account, so a cursor cannot lead to somebody else's.
 */
#include "feature/features.h"

#include "account/session.h"
#include "base/text.h"
#include "service/audit.h"
#include "web/cursor.h"
#include "web/req.h"

#define LIST "activity"

static const char *wording(struct req *rq, const struct audit_row *row)
{
    return locale_text(rq->locale, text_format(rq->arena, "activity.%s", row->event));
}

static enum err find(struct req *rq, struct list_page *p, struct audit_rows *ret)
{
    TRY(list_page(rq, LIST, p));
    return audit_history(&rq->tx, rq->session.account_id, p->after, p->limit + 1, ret);
}

static void put_row(struct req *rq, struct json_writer *j, const struct audit_row *row)
{
    bool is_hidden = audit_is_by_staff(row);
    json_begin_object(j, NULL);
    json_put_text(j, "id", row->id);
    json_put_text(j, "event", row->event);
    json_put_text(j, "text", wording(rq, row));
    json_put_time(j, "at", row->at);
    json_put_text(j, "by", audit_doer(row));
    json_put_text(j, "ip", is_hidden ? NULL : row->ip);
    json_put_text(j, "user_agent", is_hidden ? NULL : row->user_agent);
    json_end(j);
}

static enum err list_api(struct req *rq)
{
    struct list_page p;
    struct audit_rows rows;
    TRY(find(rq, &p, &rows));
    bool has_more = list_has_more(&p, &rows.count);
    struct json_writer *j = answer(rq, 200);
    json_begin_array(j, "data");
    for (size_t i = 0; i < rows.count; i++)
        put_row(rq, j, &rows.list[i]);
    json_end(j);
    return put_next_cursor(rq, &p, has_more ? rows.list[rows.count - 1].id : NULL);
}

/* --- the page: one list a day --- */

static void show_row(struct req *rq, struct vars *day, const struct audit_row *row)
{
    struct vars *item = vars_item(day, "events");
    bool is_hidden = audit_is_by_staff(row);
    bool has_agent = !is_hidden && !text_is_empty(row->user_agent);
    vars_text(item, "text", wording(rq, row));
    vars_text(item, "at", clock_format(rq->arena, row->at));
    vars_text(item, "ip", is_hidden ? NULL : row->ip);
    vars_text(item, "device", has_agent ? session_device(rq->arena, row->user_agent) : NULL);
    vars_text(item, "user_agent", is_hidden ? NULL : row->user_agent);
    vars_flag(item, "by_staff", is_hidden);
}

static enum err show(struct req *rq)
{
    struct list_page p;
    struct audit_rows rows;
    struct vars *day = NULL;
    const char *next = NULL;
    TRY(find(rq, &p, &rows));
    if (list_has_more(&p, &rows.count))
        TRY(cursor_make(rq, LIST, rows.list[rows.count - 1].id, &next));
    for (size_t i = 0; i < rows.count; i++) {
        if (i == 0 || rows.list[i].at / DAY != rows.list[i - 1].at / DAY) {
            day = vars_item(rq->vars, "days");
            vars_text(day, "day",
                      text_format(rq->arena, "%.10s", clock_format(rq->arena, rows.list[i].at)));
        }
        show_row(rq, day, &rows.list[i]);
    }
    vars_text(rq->vars, "older", next);
    vars_flag(rq->vars, "is_later", p.after != NULL);
    return page(rq, "account_activity");
}

const struct route activity_routes[] = {
    ROUTE(GET, "/v1/account/activity", SIGNED_IN, list_api, .fields = { LIST_FIELDS },
          .gives = { { 200, "{\"data\":[{\"id\",\"event\",\"text\",\"at\",\"by\",\"ip\","
                            "\"user_agent\"}],\"next_cursor\"}" },
                     { 400, "cursor_invalid" } },
          .help = "What happened to my account, newest first, in my language."),
    ROUTE(GET, "/account/activity", SIGNED_IN, show, .fields = { LIST_FIELDS },
          .help = "What happened to my account, day by day."),
    ROUTES_END,
};
