/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How strong a password would be: the judgement that a form will meet, while it is typed.
 *
 * The meter of the pages asks here, so it never promises what the server then refuses. Nothing is
 * stored or logged, nor looked up here: only what was sent counts, so the answer tells nothing
 * about who has an account.
 */
#include "feature/features.h"

#include "base/text.h"
#include "web/new_password.h"
#include "web/page.h"
#include "web/req.h"

static enum problem problem_of(enum password_judgement judgement)
{
    switch (judgement) {
    case PASSWORD_IS_SHORT: return PROBLEM_PASSWORD_TOO_SHORT;
    case PASSWORD_IS_LONG: return PROBLEM_PASSWORD_TOO_LONG;
    default: return PROBLEM_NONE;
    }
}

/* The code of a reason, and the sentence that the form shows for it. */
static void put_reason(struct req *rq, struct json_writer *j, struct password_verdict verdict)
{
    enum problem problem = problem_of(verdict.judgement);
    const char *code =
        problem ? problem_code(problem) : text_format(rq->arena, "password_%s", verdict.reason);
    const char *key = problem ? text_format(rq->arena, "error.%s", code)
                              : password_reason_key(rq->arena, verdict.reason);
    page_set_texts(rq);
    json_begin_array(j, "reasons");
    json_put_text(j, NULL, code);
    json_end(j);
    json_put_text(j, "detail", template_format(rq->arena, rq->locale, key, rq->vars));
}

static enum err weigh(struct req *rq)
{
    struct password_verdict verdict = new_password_weigh(rq, field(rq, "email"), field(rq, "name"));
    bool is_good = verdict.judgement == PASSWORD_IS_GOOD;
    struct json_writer *j = answer(rq, 200);
    json_put_num(j, "score", verdict.score);
    json_put_bool(j, "accepted", is_good);
    if (!is_good)
        put_reason(rq, j, verdict);
    return OK;
}

const struct route password_strength_routes[] = {
    ROUTE(POST, "/v1/auth/password/strength", ANYONE, weigh,
          .fields = { { "password", FIELD_PASSWORD, .is_new = true },
                      { "email", FIELD_TEXT, .optional = true, .max = 400,
                        .help = "whose it would be: it must not be the password" },
                      { "name", FIELD_TEXT, .optional = true, .max = 400, .help = "likewise" },
                      { "complete", FIELD_FLAG, .optional = true,
                        .help = "nobody is typing any more: the list of PASSWORD_RANGE_URL is "
                                "asked too" } },
          .limits = { { BY_IP, 120, MINUTE, "strength" } },
          .gives = { { 200, "{\"score\",\"accepted\",\"reasons\"?,\"detail\"?}" } },
          .help = "How strong a password would be, 0 to 4, and why it would be refused. Keeps "
                  "nothing."),
    ROUTES_END,
};
