/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The doors of the test fixture, `cardea serve --dev --ephemeral`: a test moves time and lets due
 * work be done, so that thirty days take milliseconds and no test sleeps. They do not exist
 * otherwise (FIXTURE). Time only ever moves on: rows, leases and ids are in its order, and a test
 * that wants to begin anew starts a new fixture.
 */
#include "feature/features.h"

#include "account/session_cache.h"
#include "base/text.h"
#include "service/job.h"
#include "web/req.h"

/* 2100-01-01: far enough for any test, and no sum of spans overflows. */
#define LATEST INT64_C(4102444800000)

static enum err answer_now(struct req *rq)
{
    json_put_time(answer(rq, 200), "now", clock_now());
    return OK;
}

/* How far the clock is to move. */
static enum err read_span(struct req *rq, int64_t *ret)
{
    const char *advance = field(rq, "advance"), *set = field(rq, "set");
    int64_t at, now = clock_now();
    if (!advance == !set)
        return refuse_field(rq, set ? "set" : "advance",
                            set ? PROBLEM_FIELD_RANGE : PROBLEM_FIELD_REQUIRED);
    if (advance && !clock_parse_span(advance, ret))
        return refuse_field(rq, "advance", PROBLEM_FIELD_TYPE);
    if (set && !clock_parse(set, &at))
        return refuse_field(rq, "set", PROBLEM_FIELD_TYPE);
    if (set)
        *ret = at - now;
    if (*ret < 0 || *ret > LATEST - now)
        return refuse_field(rq, set ? "set" : "advance", PROBLEM_FIELD_RANGE);
    return OK;
}

/* A minute first: what the house notes each half minute, such as the last use of a session, is
 * noted before the leap, as it would be in a life lived slowly. Nothing here allocates from the
 * request's arena: it could leave with the jobs held. */
static enum err leap(struct req *rq, int64_t span)
{
    int64_t first = span < MINUTE ? span : MINUTE;
    clock_shift(first);
    TRY(job_run_due(rq->tx.db, rq->arena));
    clock_shift(span - first);
    session_cache_clear(); /* it believes what it read for a second of real time */
    return job_run_due(rq->tx.db, rq->arena);
}

static enum err move_clock(struct req *rq)
{
    int64_t span;
    TRY(read_span(rq, &span));
    job_hold();
    enum err e = leap(rq, span);
    job_release();
    TRY(e);
    return answer_now(rq);
}

static enum err run_jobs(struct req *rq)
{
    job_hold();
    enum err e = job_run_due(rq->tx.db, rq->arena);
    job_release();
    TRY(e);
    return answer_now(rq);
}

const struct route fixture_routes[] = {
    ROUTE(GET, "/v1/test/clock", FIXTURE, answer_now, .gives = { { 200, "{\"now\"}" } },
          .help = "What time it is in the fixture."),
    ROUTE(POST, "/v1/test/clock", FIXTURE, move_clock,
          .fields = { { "advance", FIELD_TEXT, .optional = true, .max = 20,
                        .help = "90s, 10m, 24h or 30d" },
                      { "set", FIELD_TEXT, .optional = true, .max = 40,
                        .help = "an RFC 3339 time that is not before now" } },
          .gives = { { 200, "{\"now\"}" }, { 422, "fields_invalid" } },
          .help = "Moves time on and does the work that is due by then. One of the two fields."),
    ROUTE(POST, "/v1/test/jobs", FIXTURE, run_jobs, .gives = { { 200, "{\"now\"}" } },
          .help = "Does all work that is due, then answers."),
    ROUTES_END,
};
