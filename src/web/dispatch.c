/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dispatcher: see web.h. The life of a request:
 *
 *   prepare   match, host, source, early limits, fields      on the thread that read it
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
#include "base/hash.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread.h"
#include "http/forwarded.h"
#include "service/hashing.h"
#include "service/job.h"
#include "service/limit.h"
#include "service/metric.h"
#include "service/setting.h"
#include "web/csrf.h"
#include "web/door.h"
#include "web/fields.h"
#include "web/headers.h"
#include "web/lane.h"
#include "web/limits.h"
#include "web/page.h"
#include "web/refusal.h"
#include "web/statics.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

const char web_operations[] = "operations";

enum { PROXIES_MAX = 64, STORE_QUEUE = 4096, BUSY_RETRY_SECONDS = 2 };

static struct db *db;
static bool is_synchronous;
static struct lane *store_lane, *hash_lane;

/* Whom to believe about addresses. A reload publishes a new list; readers may still walk the old
   one, so that stays too. */
struct proxies {
    const struct proxies *before;
    size_t count;
    struct ip_range list[PROXIES_MAX];
};
static const struct proxies nobody;
static _Atomic(const struct proxies *) proxies = &nobody;

enum stage { STAGE_FOUND = 1, STAGE_INLINE = 2 };

/* --- before the handler --- */

/* A counter under a keyed hash: as unlike as random ones, and nobody can count by them; it protects
 * nothing, so the kernel is not asked each time. */
static const char *new_request_id(struct arena *arena)
{
    static _Atomic uint64_t last;
    const uint64_t number = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed);
    const uint64_t input[2][2] = { { number, 0 }, { number, 1 } };
    uint64_t half[2];
    char *id = arena_alloc(arena, ID_CHARS + 1);
    for (int i = 0; i < 2; i++)
        half[i] = hash_keyed(MEM(input[i], sizeof input[i]));
    id_encode((const unsigned char *)half, id);
    return id;
}

/* Taken over when well-formed, else made. */
static const char *choose_request_id(struct http_exchange *x)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    const char *given = http_header_find(&x->request, "x-request-id");
    size_t n = given ? strlen(given) : 0;
    bool is_good = n >= 8 && n <= 64 && strspn(given, allowed) == n;
    return is_good ? given : new_request_id(&x->arena);
}

/* The trace id of a W3C traceparent, "00-<32 hex>-<16 hex>-<2 hex>"; NULL when there is none. */
static const char *read_trace_id(struct http_exchange *x)
{
    const char *parent = http_header_find(&x->request, "traceparent");
    if (!parent || strlen(parent) != 55 || !text_starts(parent, "00-") || parent[35] != '-' ||
        strspn(parent + 3, "0123456789abcdef") != 32)
        return NULL;
    return text_copy(&x->arena, MEM(parent + 3, 32));
}

static struct req *new_request(struct http_exchange *x)
{
    struct req *rq = arena_alloc(&x->arena, sizeof *rq);
    rq->x = x;
    rq->arena = &x->arena;
    x->user = rq;
    rq->now = clock_now();
    rq->request_id = choose_request_id(x);
    rq->trace_id = read_trace_id(x);
    const struct proxies *trusted = proxies;
    rq->client = forwarded_client(&x->request, trusted->list, trusted->count);
    rq->from = session_origin(rq->arena, rq->client, http_header_find(&x->request, "user-agent"));
    rq->by = (struct audit_by){ "anonymous", rq->from.ip, rq->from.user_agent, rq->request_id };
    rq->vars = vars_new(rq->arena);
    db_begin(&rq->peek, db, DB_PEEK, rq->arena);
    db_begin(&rq->tx, db, DB_READ, rq->arena);
    page_choose_locale(rq);
    return rq;
}

/* The name in a Host header, without its port. */
static bool is_host(const char *host, const char *name)
{
    size_t n = strlen(name);
    return strncasecmp(host, name, n) == 0 && (host[n] == 0 || host[n] == ':');
}

/* Links never depend on Host, and a strange one is refused (RST-02). Health checks come by address.
 */
static enum err check_host(struct req *rq)
{
    const char *host = rq->x->request.host;
    if (rq->route && (rq->route->access == OPERATIONS || rq->route->access == PROBE))
        return OK;
    if (is_host(host, setting_public_host()))
        return OK;
    bool is_local =
        is_host(host, "localhost") || is_host(host, "127.0.0.1") || is_host(host, "[::1]");
    return setting_is_loopback() && is_local ? OK : refuse(rq, PROBLEM_MISDIRECTED);
}

static enum err match(struct req *rq, bool is_operations)
{
    const struct http_request *request = &rq->x->request;
    enum err e = router_match(request->method, request->path, rq->arena, &rq->match);
    rq->route = rq->match.route;
    TRY(check_host(rq));
    if (e == E_DENIED)
        return refuse(rq, PROBLEM_METHOD_NOT_ALLOWED);
    bool is_apart = !text_is_empty(setting_text(SETTING_OPS_LISTEN));
    if (!e && is_apart && rq->route->access != PROBE &&
        (rq->route->access == OPERATIONS) != is_operations)
        return refuse(rq, PROBLEM_NOT_FOUND);
    return e ? refuse(rq, PROBLEM_NOT_FOUND) : OK;
}

static bool may_write(const struct req *rq)
{
    return !route_is_safe(rq->route);
}

static bool asks_for_session(const struct req *rq)
{
    return rq->route->access >= VISITOR && rq->route->access <= ADMIN;
}

/* What can be said without knowing who asks. */
static enum err prepare(struct req *rq, bool is_operations)
{
    bool is_proved;
    TRY(match(rq, is_operations));
    rq->tx.mode = may_write(rq) ? DB_WRITE : DB_READ;
    TRY(door_read_credentials(rq));
    if (may_write(rq))
        TRY(csrf_check_source(rq, &is_proved));
    enum err e = fields_read(rq);
    if (!e)
        TRY(limits_take_early(rq));
    /* Refused fields wait until it is known who asks: who must sign in hears of that first, and a
       form that is shown again holds the session's token. */
    return asks_for_session(rq) && e == E_REFUSED ? OK : e;
}

/* --- the handler --- */

static enum err pass(struct req *rq)
{
    bool is_proved = false;
    TRY(door_check_access(rq));
    if (rq->problem)
        return E_REFUSED; /* the fields, see prepare */
    if (may_write(rq)) {
        TRY(csrf_check_source(rq, &is_proved));
        TRY(csrf_check_token(rq, is_proved));
    }
    return limits_take_late(rq);
}

static enum err run_handler(struct req *rq)
{
    if (asks_for_session(rq) && !(rq->stage & STAGE_FOUND))
        TRY(door_find_session(rq));
    if (rq->is_signed_in)
        page_choose_locale(rq);
    TRY(pass(rq));
    return rq->route->run ? rq->route->run(rq) : page(rq, rq->route->page);
}

/* --- the answer --- */

static void log_request(const struct req *rq, int64_t ns)
{
    int status = rq->x->response.status;
    bool is_quiet = status < 400 && (!rq->route || !may_write(rq));
    LOG(status >= 500 ? LOG_WARN
        : is_quiet    ? LOG_DEBUG
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
        rq->problem = problem_of_err(e);
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

/* From the session on. e is what preparing gave. */
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

/* --- where a request runs --- */

static enum http_turn run_inline(struct req *rq, enum err e)
{
    rq->stage |= STAGE_INLINE;
    run(rq, e);
    return HTTP_ANSWERED;
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
    if (asks_for_session(rq)) {
        enum err e = door_find_cached(rq);
        needs_store = e == E_BUSY;
        if (e && !needs_store)
            return run_inline(rq, e);
        rq->stage = needs_store ? 0 : STAGE_FOUND;
    }
    enum route_lane wanted = rq->problem ? LANE_STORE : rq->route->lane;
    if (is_synchronous || (wanted == LANE_INLINE && !needs_store))
        return run_inline(rq, OK);
    return hand_over(rq, wanted == LANE_HASH ? hash_lane : store_lane);
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
    if (statics_answer(x))
        return answer_at_once(x);
    struct req *rq = new_request(x);
    log_set_request(rq->request_id, rq->trace_id);
    if (headers_answer_preflight(rq)) {
        headers_add_security(&x->response, NULL);
        http_header_add(&x->response, "X-Request-Id", rq->request_id);
        return answer_at_once(x);
    }
    enum err e = prepare(rq, arg == web_operations);
    return e ? run_inline(rq, e) : route_to_lane(rq);
}

void web_refuse(struct http_response *response, struct arena *arena, int status, const char *why,
                void *)
{
    struct buf body;
    struct json_writer j;
    enum problem p = problem_of_status(status);
    const char *id = new_request_id(arena);
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

static void read_proxies(const char *list, struct proxies *ret)
{
    while (*list && ret->count < PROXIES_MAX) {
        char one[64];
        list += strspn(list, ", ");
        size_t n = strcspn(list, ", ");
        if (n && n < sizeof one) {
            memcpy(one, list, n);
            one[n] = 0;
            ret->count += ip_range_parse(one, &ret->list[ret->count]);
        }
        list += n;
    }
}

void web_configure(void)
{
    struct proxies found = { .before = proxies };
    read_proxies(setting_text(SETTING_TRUSTED_PROXIES), &found);
    if (found.count == found.before->count &&
        mem_equal(MEM(found.list, sizeof found.list), MEM(found.before->list, sizeof found.list)))
        return;
    struct proxies *next = malloc(sizeof *next);
    if (!next)
        abort();
    *next = found;
    proxies = next;
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
                                     .begin = hashing_use_helper,
                                     .rest = hashing_rest,
                                 });
}

void web_close(void)
{
    lane_close(store_lane);
    lane_close(hash_lane);
    store_lane = hash_lane = NULL;
}

int web_hash_queue_depth(void)
{
    return hash_lane ? lane_depth(hash_lane) : 0;
}
