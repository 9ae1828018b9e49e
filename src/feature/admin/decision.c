/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why was this refused: staff open the decision_id of an answer and read which rule refused, what
 * it had counted and until when. The record is in the id itself, sealed (web/decision.h), so there
 * is nothing here that a stranger could fill, and nothing to look up.
 */
#include "feature/features.h"

#include "base/text.h"
#include "service/locale.h"
#include "web/decision.h"
#include "web/req.h"

static enum err find(struct req *rq, struct decision_record *ret)
{
    enum err e = decision_open(rq->arena, param(rq, "id"), rq->now, ret);
    return e == E_GONE ? refuse(rq, PROBLEM_GONE) : e;
}

/* Out of a mail or a chat a reference comes with line breaks in it. */
static const char *without_blanks(struct arena *arena, const char *text)
{
    char *id = text_copy(arena, mem_text(text)), *to = id;
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at > ' ')
            *to++ = *at;
    *to = '\0';
    return id;
}

static enum err show_api(struct req *rq)
{
    struct decision_record record;
    TRY(find(rq, &record));
    struct json_writer *j = answer(rq, 200);
    json_put_text(j, "id", param(rq, "id"));
    json_put_text(j, "rule", record.what.rule);
    json_put_text(j, "explanation", locale_text(rq->locale, record.explanation));
    json_put_text(j, "counter", record.what.counter);
    json_put_num(j, "value", record.what.value);
    json_put_num(j, "threshold", record.what.threshold);
    json_put_time(j, "at", record.at);
    json_put_time(j, "until", record.what.until);
    json_put_text(j, "method", record.method);
    json_put_text(j, "route", record.path);
    json_put_text(j, "client_network", record.network);
    json_put_text(j, "request_id", record.request_id);
    return OK;
}

static enum err show(struct req *rq, const struct decision_record *record)
{
    const struct decision *what = &record->what;
    vars_flag(rq->vars, "tab_decisions", true);
    vars_text(rq->vars, "explanation", locale_text(rq->locale, record->explanation));
    vars_text(rq->vars, "rule", what->rule);
    vars_text(rq->vars, "counter", what->counter);
    if (what->value || what->threshold) {
        vars_flag(rq->vars, "counted", true);
        vars_num(rq->vars, "value", what->value);
        vars_num(rq->vars, "threshold", what->threshold);
    }
    vars_text(rq->vars, "refused_at", clock_format(rq->arena, record->at));
    vars_text(rq->vars, "until", what->until ? clock_format(rq->arena, what->until) : NULL);
    vars_text(rq->vars, "route", text_format(rq->arena, "%s %s", record->method, record->path));
    vars_text(rq->vars, "network", record->network);
    vars_text(rq->vars, "refused_id", record->request_id);
    return page(rq, "admin_decision");
}

static enum err show_page(struct req *rq)
{
    struct decision_record record;
    TRY(find(rq, &record));
    return show(rq, &record);
}

static enum err look_up(struct req *rq)
{
    const char *typed = field(rq, "reference");
    vars_flag(rq->vars, "tab_decisions", true);
    if (!typed || !*typed)
        return page(rq, "admin_decisions");
    struct decision_record record;
    enum err e = decision_open(rq->arena, without_blanks(rq->arena, typed), rq->now, &record);
    if (e == OK)
        return show(rq, &record);
    if (e != E_GONE && e != E_NOT_FOUND)
        return e;
    const char *why = e == E_GONE ? "admin_decisions.gone" : "admin_decisions.unknown";
    vars_text(rq->vars, "error_reference", locale_text(rq->locale, why));
    vars_text(rq->vars, "value_reference", typed);
    return page(rq, "admin_decisions");
}

#define SHAPE                                                                                \
    "{\"id\",\"rule\",\"explanation\",\"counter\",\"value\",\"threshold\",\"at\",\"until\"," \
    "\"method\",\"route\",\"client_network\",\"request_id\"}"

const struct route admin_decision_routes[] = {
    ROUTE(GET, "/v1/admin/decisions/{id}", SUPPORT, show_api,
          .gives = { { 200, SHAPE }, { 404, "not of this house, or edited" }, { 410, "too old" } },
          .help =
              "Why a request was refused: the rule, what it had counted, and until when. The id "
              "is the decision_id of the refusal."),
    ROUTE(GET, "/admin/decisions", SUPPORT, look_up,
          .fields = { { "reference", FIELD_TEXT, .optional = true, .max = 1024,
                        .help = "the decision_id; blanks and line breaks in it do not matter" } },
          .help = "Asks for a reference and shows what it stands for."),
    ROUTE(GET, "/admin/decisions/{id}", SUPPORT, show_page, .help = "The same as a page to read."),
    ROUTES_END,
};
