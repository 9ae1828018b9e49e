/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dispatcher: see web.h. The life of a request:
 *
 *   arrive    match, host, source, early limits, fields      on the thread that read it
 *   find      the session, from the cache or the store
 *   pass      access, CSRF token, late limits
 *   run       the handler; its first statement opens the transaction
 *   finish    headers; commit; then the answer leaves
 *
 * What fails anywhere ends in refuse(), is rolled back and rendered in one place.
 */
#include "web/web.h"

#include "account/session_cache.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "service/hashing.h"
#include "service/job.h"
#include "service/limit.h"
#include "service/metric.h"
#include "service/setting.h"
#include "web/arrive.h"
#include "web/csrf.h"
#include "web/door.h"
#include "web/headers.h"
#include "web/lane.h"
#include "web/limits.h"
#include "web/meter.h"
#include "web/outside.h"
#include "web/page.h"
#include "web/refusal.h"
#include "web/statics.h"
#include "web/step_up.h"

#include <stdatomic.h>
#include <string.h>

const char web_operations[] = "operations";

enum { STORE_QUEUE = 4096, BUSY_RETRY_SECONDS = 2, REFUSALS_LOGGED = 100 };

static struct db *db;
static bool is_synchronous;
static struct lane *store_lane, *hash_lane;
static _Atomic(struct lane *) outside_lane; /* NULL: nothing outside is set up */

enum stage { STAGE_FOUND = 1, STAGE_INLINE = 2 };

/* --- the handler --- */

static enum err pass(struct req *rq)
{
    TRY(door_check_access(rq));
    TRY(step_up_check(rq, rq->route->proof));
    if (rq->problem)
        return E_REFUSED; /* the fields, see arrive_check */
    if (!route_is_safe(rq->route))
        TRY(csrf_check_token(rq));
    return limits_take_late(rq);
}

static enum err run_handler(struct req *rq)
{
    if (route_asks_for_session(rq->route) && !(rq->stage & STAGE_FOUND))
        TRY(door_find_session(rq));
    if (rq->is_signed_in)
        page_choose_locale(rq);
    TRY(pass(rq));
    TRY(page_look_up_notices(rq));
    TRY(rq->route->run ? rq->route->run(rq) : page(rq, rq->route->page));
    return door_check_still(rq);
}

/* --- the answer --- */

/* A refusal costs a stranger nothing, and must not fill our disk: so many are logged a second, one
   by one, of the others how many they were. */
static bool is_flood(void)
{
    static _Atomic int64_t second;
    static atomic_int refusals;
    int64_t now = clock_monotonic_ns() / 1'000'000'000;
    if (atomic_exchange(&second, now) != now) {
        int left_out = atomic_exchange(&refusals, 0) - REFUSALS_LOGGED;
        if (left_out > 0)
            LOG(LOG_WARN, "http.requests_not_logged", LOG_NUM("count", left_out));
    }
    return atomic_fetch_add(&refusals, 1) >= REFUSALS_LOGGED;
}

static void log_request(const struct req *rq, int64_t ns)
{
    int status = rq->x->response.status;
    bool is_refusal = status >= 400 && (status < 500 || status == 503);
    bool is_quiet =
        is_refusal ? is_flood() : status < 400 && (!rq->route || route_is_safe(rq->route));
    LOG(is_quiet        ? LOG_DEBUG
        : status >= 500 ? LOG_WARN
                        : LOG_INFO,
        "http.request", LOG_TEXT("method", http_method_name(rq->x->request.method)),
        LOG_TEXT("route", rq->route ? rq->route->path : NULL), LOG_NUM("status", status),
        LOG_TEXT("problem", rq->problem ? problem_code(rq->problem) : NULL),
        LOG_TEXT("ip", rq->from.ip), LOG_NUM("us", ns / 1000));
}

static void add_headers(struct req *rq)
{
    struct http_response *response = &rq->x->response;
    if (rq->json.depth) { /* the object that answer() began */
        while (rq->json.depth)
            json_end(&rq->json);
        response->body = buf_mem(&rq->body);
        response->compress = true;
    }
    headers_add_security(response, rq->route);
    headers_add_cors(rq);
    limits_put_headers(rq);
    http_header_add(response, "X-Request-Id", rq->request_id);
}

static void send(struct req *rq, bool is_inline)
{
    int64_t ns = clock_monotonic_ns() - rq->x->request.received_ns;
    if (rq->route)
        metric_request(router_index(rq->route), rq->x->response.status, ns);
    log_request(rq, ns);
    log_set_request(NULL, NULL);
    if (!is_inline)
        http_answer(rq->x);
}

static void render_refusal(struct req *rq, enum err e)
{
    if (e != E_REFUSED)
        (void)!refuse(rq, problem_of_err(e));
    if (e == E_BUSY)
        rq->retry_after = BUSY_RETRY_SECONDS;
    refusal_answer(rq);
    add_headers(rq);
}

/* The last resort, without memory of the arena's: a status and the headers of every answer. */
static void answer_bare(struct http_response *response, int status)
{
    *response = (struct http_response){ .status = status, .close = true };
    headers_add_security(response, NULL);
}

static void committed(void *arg, enum err result)
{
    struct req *rq = arg;
    log_set_request(rq->request_id, rq->trace_id);
    if (result) {
        rq->arena->trap = &rq->trap;
        if (setjmp(rq->trap))
            answer_bare(&rq->x->response, 500);
        else
            render_refusal(rq, result == E_CONFLICT ? E_BUSY : result);
        rq->arena->trap = NULL;
    } else {
        for (int i = 0; i < TOUCHED && rq->touched[i]; i++)
            session_cache_expire(rq->touched[i]);
        if (rq->wakes_jobs)
            job_wake();
    }
    send(rq, rq->stage & STAGE_INLINE);
}

/* From the session on. e is what arriving gave. */
static void proceed(struct req *rq, enum err e)
{
    if (!e)
        e = run_handler(rq);
    db_rollback(&rq->peek);
    bool is_kept = e == OK || (e == E_REFUSED && rq->is_kept);
    if (!is_kept)
        db_rollback(&rq->tx);
    if (e == E_REFUSED && rq->problem == PROBLEM_FIELDS_INVALID)
        limits_give_back(rq);
    if (e)
        render_refusal(rq, e);
    else
        add_headers(rq);
    /* Nothing below allocates from the arena: whoever completes the commit may already be sending.
     */
    rq->arena->trap = NULL;
    if (rq->stage & STAGE_INLINE)
        committed(rq, db_commit(&rq->tx)); /* the caller waits for the answer */
    else
        db_commit_then(&rq->tx, committed, rq);
}

/* Runs a prepared request to its end on this thread. */
static void run(struct req *rq, enum err e)
{
    if (!ARENA_TRAP(rq->arena, &rq->trap)) {
        proceed(rq, e);
        return;
    }
    rq->arena->trap = NULL;
    db_rollback(&rq->tx);
    db_rollback(&rq->peek);
    answer_bare(&rq->x->response, 500);
    send(rq, rq->stage & STAGE_INLINE);
}

static void run_in_lane(void *item, bool is_late)
{
    struct req *rq = item;
    log_set_request(rq->request_id, rq->trace_id);
    run(rq, is_late ? E_BUSY : OK);
    log_set_request(NULL, NULL); /* the answer may have left, and the texts with it */
}

static bool is_left(void *item)
{
    const struct req *rq = item;
    return http_is_left(rq->x);
}

/* --- where a request runs --- */

static enum http_turn run_inline(struct req *rq, enum err e)
{
    rq->stage |= STAGE_INLINE;
    run(rq, e);
    return HTTP_ANSWERED;
}

static struct lane *lane_of(const struct req *rq)
{
    return !rq->problem && rq->route->lane == LANE_HASH ? hash_lane : store_lane;
}

/* In the lane for what waits for servers outside; from there to the request's own. */
static void ask_outside(void *item, bool is_late)
{
    struct req *rq = item;
    log_set_request(rq->request_id, rq->trace_id);
    if (!is_late && !ARENA_TRAP(rq->arena, &rq->trap))
        outside_ask(rq);
    rq->arena->trap = NULL;
    if (lane_add(lane_of(rq), rq))
        run(rq, E_BUSY);
    log_set_request(NULL, NULL);
}

/* False: there is no room, the request goes on without. */
static bool go_outside(struct req *rq)
{
    struct lane *lane = outside_lane;
    jmp_buf *trap = rq->arena->trap;
    rq->arena->trap = NULL;
    if (lane && lane_add(lane, rq) == OK) {
        log_set_request(NULL, NULL);
        return true;
    }
    rq->arena->trap = trap;
    return false;
}

static enum http_turn hand_over(struct req *rq, struct lane *lane)
{
    rq->arena->trap = NULL;
    enum err e = lane_add(lane, rq);
    if (e)
        return run_inline(rq, e);
    log_set_request(NULL, NULL);
    return HTTP_LATER;
}

static enum http_turn route_to_lane(struct req *rq)
{
    bool needs_store = false;
    if (route_asks_for_session(rq->route)) {
        enum err e = door_find_cached(rq);
        needs_store = e == E_BUSY;
        if (e && !needs_store)
            return run_inline(rq, e);
        rq->stage = needs_store ? 0 : STAGE_FOUND;
    }
    if (outside_is_wanted(rq)) {
        if (is_synchronous)
            outside_ask(rq);
        else if (go_outside(rq))
            return HTTP_LATER;
    }
    enum route_lane wanted = rq->problem ? LANE_STORE : rq->route->lane;
    if (limits_must_wait(rq) && wanted == LANE_INLINE)
        wanted = LANE_STORE;
    if (is_synchronous || (wanted == LANE_INLINE && !needs_store))
        return run_inline(rq, OK);
    return hand_over(rq, lane_of(rq));
}

/* Answered on the spot: neither the trap nor the log may name what ends with this call. */
static enum http_turn answer_at_once(struct http_exchange *x)
{
    x->arena.trap = NULL;
    log_set_request(NULL, NULL);
    return HTTP_ANSWERED;
}

enum http_turn web_handle(struct http_exchange *x, void *arg)
{
    jmp_buf trap;
    if (ARENA_TRAP(&x->arena, &trap)) {
        answer_bare(&x->response, 503);
        return answer_at_once(x);
    }
    if (statics_answer(x)) {
        http_header_add(&x->response, "X-Request-Id", arrive_request_id(x));
        return answer_at_once(x);
    }
    struct req *rq = arrive(x, db);
    log_set_request(rq->request_id, rq->trace_id);
    if (headers_answer_preflight(rq)) {
        headers_add_security(&x->response, NULL);
        http_header_add(&x->response, "X-Request-Id", rq->request_id);
        return answer_at_once(x);
    }
    enum err e = arrive_check(rq, arg == web_operations);
    return e ? run_inline(rq, e) : route_to_lane(rq);
}

void web_refuse(struct http_response *response, struct arena *arena, int status, const char *why,
                void *)
{
    struct buf body;
    struct json_writer j;
    enum problem p = problem_of_status(status);
    const char *id = arrive_new_id(arena);
    buf_init(&body, arena, 2000);
    json_write(&j, &body);
    json_begin_object(&j, NULL);
    json_put_text(&j, "type", "about:blank");
    json_put_text(&j, "title", problem_title(p));
    json_put_num(&j, "status", status);
    json_put_text(&j, "detail", why);
    json_put_text(&j, "code", problem_code(p));
    json_put_text(&j, "request_id", id);
    json_end(&j);
    http_header_add(response, "X-Request-Id", id);
    response->status = status;
    response->content_type = "application/problem+json";
    response->body = buf_mem(&body);
    headers_add_security(response, NULL);
}

/* --- start and end --- */

/* Once somebody outside is to be asked, and then for good. */
static enum err open_outside(void)
{
    struct lane *lane;
    if (outside_lane || is_synchronous || !outside_is_set())
        return OK;
    TRY(lane_open(&lane, &(struct lane_options){
                             .name = "outside",
                             .threads = OUTSIDE_THREADS,
                             .queue = OUTSIDE_QUEUE,
                             .wait = OUTSIDE_WAIT,
                             .run = ask_outside,
                             .rest = outside_rest,
                         }));
    outside_lane = lane;
    return OK;
}

bool web_trusts_proxy(struct ip peer)
{
    return arrive_trusts(peer);
}

void web_configure(void)
{
    arrive_configure();
    meters_configure();
    if (open_outside())
        LOG(LOG_ERROR, "web.no_lane", LOG_TEXT("lane", "outside"));
}

enum err web_open(const struct web_options *options)
{
    int64_t hashers = setting_num(SETTING_HASH_THREADS);
    db = options->db;
    is_synchronous = options->is_synchronous;
    web_configure();
    if (is_synchronous)
        return OK;
    TRY(lane_open(&store_lane, &(struct lane_options){
                                   .name = "store",
                                   .threads = (int)setting_num(SETTING_STORE_THREADS),
                                   .queue = STORE_QUEUE,
                                   .run = run_in_lane,
                               }));
    return lane_open(&hash_lane, &(struct lane_options){
                                     .name = "hash",
                                     .threads = hashers ? (int)hashers : thread_processors(),
                                     .queue = (int)setting_num(SETTING_HASH_QUEUE),
                                     .wait = setting_span(SETTING_HASH_WAIT),
                                     .run = run_in_lane,
                                     .is_left = is_left,
                                     .begin = hashing_use_helper,
                                     .rest = hashing_rest,
                                 });
}

void web_close(void)
{
    lane_close(outside_lane); /* first: it hands over to the others */
    lane_close(store_lane);
    lane_close(hash_lane);
    outside_lane = store_lane = hash_lane = NULL;
}

int web_hash_queue_depth(void)
{
    return hash_lane ? lane_depth(hash_lane) : 0;
}
