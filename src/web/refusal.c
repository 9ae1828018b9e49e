/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals: see refusal.h (RFC 9457).
 */
#include "web/refusal.h"

#include "account/password_rule.h"
#include "base/text.h"
#include "service/setting.h"
#include "web/next.h"
#include "web/page.h"
#include "web/step_up.h"

#include <string.h>

/* The sentence about a field: its reason where it has one. The form and the API say the same. */
static const char *reason_text(struct req *rq, const struct field_error *error)
{
    const char *key = password_reason_key(rq->arena, error->reason);
    return template_format(rq->arena, rq->locale, key, rq->vars);
}

static void put_reason(struct req *rq, struct json_writer *j, const struct field_error *error)
{
    json_put_text(j, "detail", reason_text(rq, error));
    json_begin_array(j, "reasons");
    json_put_text(j, NULL, text_format(rq->arena, "password_%s", error->reason));
    json_end(j);
}

static void put_errors(struct req *rq, struct json_writer *j)
{
    json_begin_array(j, "errors");
    for (size_t i = 0; i < rq->error_count; i++) {
        const struct field_error *error = &rq->errors[i];
        json_begin_object(j, NULL);
        json_put_text(j, "pointer", text_format(rq->arena, "/%s", error->field));
        json_put_text(j, "code", problem_code(error->problem));
        if (error->reason)
            put_reason(rq, j, error);
        else
            json_put_text(j, "detail", problem_title(error->problem));
        json_end(j);
    }
    json_end(j);
}

static void answer_problem(struct req *rq, enum problem p)
{
    struct json_writer *j = answer(rq, problem_status(p));
    rq->x->response.content_type = "application/problem+json";
    json_put_text(j, "type",
                  text_format(rq->arena, "%s/docs#%s", setting_public_origin(), problem_code(p)));
    json_put_text(j, "title", problem_title(p));
    json_put_num(j, "status", problem_status(p));
    json_put_text(j, "detail", rq->problem_detail ? rq->problem_detail : problem_title(p));
    json_put_text(j, "code", problem_code(p));
    json_put_text(j, "request_id", rq->request_id);
    if (rq->decision_id)
        json_put_text(j, "decision_id", rq->decision_id);
    if (p == PROBLEM_FIELDS_INVALID)
        put_errors(rq, j);
    if (rq->retry_after)
        json_put_num(j, "retry_after", rq->retry_after);
    if (rq->put_more)
        rq->put_more(rq, j);
}

static const char *wording(struct req *rq, enum problem p, const char *suffix)
{
    const char *key = text_format(rq->arena, "error.%s%s", problem_code(p), suffix);
    return template_format(rq->arena, rq->locale, key, rq->vars);
}

/* How long to wait, in words: "5 minutes". */
static const char *wait_in_words(struct req *rq)
{
    int64_t seconds = rq->retry_after > 0 ? rq->retry_after : 1;
    int64_t minutes = (seconds + 59) / 60;
    const char *key = seconds <= 90   ? "wait.seconds"
                      : minutes <= 90 ? "wait.minutes"
                                      : "wait.hours";
    vars_num(rq->vars, "wait_number",
             seconds <= 90   ? seconds
             : minutes <= 90 ? minutes
                             : (minutes + 59) / 60);
    return template_format(rq->arena, rq->locale, key, rq->vars);
}

/* The wait, what locks, and whether it is what was typed that is wrong: only then is it marked. */
static void set_verdict(struct req *rq, enum problem p)
{
    bool is_wrong = problem_status(p) == 401 || p == PROBLEM_PASSWORD_WRONG;
    vars_text(rq->vars, "wait", wait_in_words(rq));
    vars_flag(rq->vars, "is_wrong", is_wrong);
    vars_flag(rq->vars, "is_locked", problem_status(p) == 423 || (is_wrong && rq->retry_after));
    vars_flag(rq->vars, "is_limited", p == PROBLEM_RATE_LIMITED);
    if (is_wrong && rq->retry_after)
        vars_text(rq->vars, "locked_now",
                  template_format(rq->arena, rq->locale, "error.locked_now", rq->vars));
}

/* What was typed goes back into the form; secrets never leave the house again. */
static void keep_value(struct req *rq, int i)
{
    const struct field *f = &rq->route->fields[i];
    const char *name = text_format(rq->arena, "value_%s", f->name);
    if (f->kind == FIELD_FLAG)
        return vars_flag(rq->vars, name, rq->nums[i]);
    if (f->kind == FIELD_NUM && rq->nums[i])
        return vars_num(rq->vars, name, rq->nums[i]);
    if (f->kind != FIELD_PASSWORD && rq->values[i])
        vars_text(rq->vars, name, rq->values[i]);
}

static bool is_marked(const struct req *rq, const char *name)
{
    for (size_t i = 0; i < rq->error_count; i++)
        if (text_equal(rq->errors[i].field, name))
            return true;
    return false;
}

/* A password or code that was not judged: nothing is wrong with it, and it is gone all the same. */
static bool is_lost(const struct req *rq, int i)
{
    const struct field *f = &rq->route->fields[i];
    bool is_secret = f->kind == FIELD_PASSWORD || text_equal(f->name, "code");
    return is_secret && rq->values[i] && !is_marked(rq, f->name);
}

static void ask_to_type_again(struct req *rq, enum problem p)
{
    bool is_unjudged = p == PROBLEM_CAPTCHA_REQUIRED || p == PROBLEM_CAPTCHA_WRONG ||
                       p == PROBLEM_FIELDS_INVALID || p == PROBLEM_BUSY;
    const struct field *fields = rq->route->fields;
    for (int i = 0; is_unjudged && i < ROUTE_FIELDS && fields[i].name; i++)
        if (is_lost(rq, i))
            vars_flag(rq->vars, text_format(rq->arena, "type_%s_again", fields[i].name), true);
}

/* The form again, with what was typed (but for secrets) and what is wrong with it. */
static enum err answer_form(struct req *rq, enum problem p)
{
    const struct field *fields = rq->route->fields;
    for (int i = 0; i < ROUTE_FIELDS && fields[i].name; i++)
        keep_value(rq, i);
    ask_to_type_again(rq, p);
    for (size_t i = 0; i < rq->error_count; i++)
        vars_text(rq->vars, text_format(rq->arena, "error_%s", rq->errors[i].field),
                  rq->errors[i].reason ? reason_text(rq, &rq->errors[i])
                                       : wording(rq, rq->errors[i].problem, ""));
    for (int i = 0; i < ROUTE_FIELDS && fields[i].name; i++)
        if (fields[i].kind == FIELD_TOKEN && rq->values[i])
            vars_text(rq->vars, fields[i].name, rq->values[i]);
    vars_text(rq->vars, "error", wording(rq, p, ""));
    return page_with_status(rq, rq->route->page, problem_status(p));
}

/* A mailed link that lost its end on the way: there is no field to mark. */
static bool is_damaged_link(const struct req *rq, enum problem p)
{
    if (p != PROBLEM_FIELDS_INVALID || !rq->route || !route_is_safe(rq->route))
        return false;
    return is_marked(rq, "token");
}

/* Used up, replaced or too old; whether it was opened or its button pressed. */
static bool is_dead_link(const struct req *rq, enum problem p)
{
    return p == PROBLEM_GONE && rq->route && rq->route->has_token;
}

static enum err answer_page(struct req *rq, enum problem p)
{
    page_set_texts(rq);
    vars_text(rq->vars, "decision_id", rq->decision_id);
    if (is_damaged_link(rq, p) || is_dead_link(rq, p)) {
        vars_text(rq->vars, "again_path", rq->route->again);
        return page_with_status(rq, "link_gone", problem_status(p));
    }
    set_verdict(rq, p);
    bool is_form = rq->route && rq->route->page && !route_is_safe(rq->route) &&
                   p != PROBLEM_INTERNAL && p != PROBLEM_CSRF_FAILED && p != PROBLEM_FORBIDDEN &&
                   p != PROBLEM_ADDRESS_DENIED;
    if (is_form)
        return answer_form(rq, p);
    vars_text(rq->vars, "status", text_format(rq->arena, "%d", problem_status(p)));
    vars_text(rq->vars, "headline", wording(rq, p, ".title"));
    vars_text(rq->vars, "detail", wording(rq, p, ""));
    return page_with_status(rq, "error", problem_status(p));
}

/* A page is for who can show one. Browsers always say so in Accept; a program that meets a door
   that is not there, or asks for JSON in words, gets the problem as any other. */
static bool wants_json(const struct req *rq)
{
    const char *path = rq->x->request.path;
    const char *accept = http_header_find(&rq->x->request, "accept");
    if (text_starts(path, "/v1/") || text_equal(path, "/v1") || text_starts(path, "/.well-known/"))
        return true;
    if (rq->route && (rq->route->access == OPERATIONS || rq->route->access == PROBE))
        return true;
    if (accept && strstr(accept, "text/html"))
        return false;
    bool is_known = rq->route || *rq->match.allow;
    return !is_known || (accept && strstr(accept, "json"));
}

/* The page that lets somebody pass who may not yet; NULL when there is none. */
static const char *page_that_helps(enum problem p)
{
    switch (p) {
    case PROBLEM_UNAUTHENTICATED:
    case PROBLEM_SIGN_IN_EXPIRED: return "/login";
    case PROBLEM_REAUTH_REQUIRED: return "/reauth";
    default: return NULL;
    }
}

/* Never the page of a step that is over: whoever signs in again would be sent round in a circle.
 * Else where to come back to: where they wanted to go, or where the form stood that they sent. */
static const char *way_back(struct req *rq, enum problem p)
{
    const struct route *route = rq->route;
    if (p == PROBLEM_SIGN_IN_EXPIRED)
        return wanted_next(rq);
    if (route_is_safe(route))
        return page_here(rq);
    return safe_next(route->back, "/");
}

static bool send_to_help(struct req *rq, enum problem p)
{
    const char *help = page_that_helps(p);
    if (!help || wants_json(rq))
        return false;
    (void)!see_other(rq, with_next(rq->arena, help, way_back(rq, p)));
    return true;
}

void refusal_answer(struct req *rq)
{
    enum problem p = rq->problem ? rq->problem : PROBLEM_INTERNAL;
    struct http_response *response = &rq->x->response;
    *response = (struct http_response){ 0 };
    if (send_to_help(rq, p))
        return;
    if (wants_json(rq) || answer_page(rq, p))
        answer_problem(rq, p);
    if (p == PROBLEM_METHOD_NOT_ALLOWED)
        http_header_add(response, "Allow", rq->match.allow);
    if (p == PROBLEM_UNSUPPORTED_MEDIA_TYPE && rq->route) /* RFC 9110, section 15.5.16 */
        http_header_add(response, "Accept",
                        route_is_api(rq->route) ? "application/json"
                                                : "application/x-www-form-urlencoded");
    /* RFC 6750, section 3.1: who sent no token hears of no error in it. */
    bool is_bad_token =
        p == PROBLEM_UNAUTHENTICATED && http_header_find(&rq->x->request, "authorization");
    if (p == PROBLEM_REAUTH_REQUIRED)
        http_header_add(response, "WWW-Authenticate", step_up_challenge(rq));
    else if (problem_status(p) == 401)
        http_header_add(response, "WWW-Authenticate",
                        is_bad_token ? "Bearer realm=\"cardea\", error=\"invalid_token\""
                                     : "Bearer realm=\"cardea\"");
    if (rq->retry_after)
        http_header_add(response, "Retry-After",
                        text_format(rq->arena, "%lld", (long long)rq->retry_after));
}
