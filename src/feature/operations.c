/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What operators and their machines ask: is it alive, is it ready, how is it, and the figures.
 */
#include "feature/features.h"

#include "account/session.h"
#include "account/session_cache.h"
#include "base/text.h"
#include "kv/redis.h"
#include "service/hashing.h"
#include "service/house_time.h"
#include "service/job.h"
#include "service/keyring.h"
#include "service/metric.h"
#include "service/outbox.h"
#include "service/process_figures.h"
#include "service/setting.h"
#include "web/req.h"
#include "web/web.h"

#include <string.h>

enum { METRICS_MAX = 4 << 20, HOUR_OLD_MAIL = 3600 };

static enum err alive(struct req *rq)
{
    return answer_status(rq, 200, "ok");
}

static enum err ready(struct req *rq)
{
    TRY(db_ping(rq->tx.db, rq->arena) || house_time_is_behind() ? E_BUSY : OK);
    return answer_status(rq, 200, "ready");
}

/* Redis that is away makes nobody ill: limits are counted by each node alone then. */
static void put_redis(struct json_writer *j)
{
    struct redis_figures redis = redis_figures();
    json_begin_object(j, "redis");
    json_put_text(j, "status", !redis.is_set ? "off" : redis.is_up ? "ok" : "failing");
    json_put_num(j, "losses", redis.losses);
    json_end(j);
}

static enum err health(struct req *rq)
{
    struct outbox_figures mail = { 0 };
    enum err database = db_ping(rq->tx.db, rq->arena);
    if (database == OK)
        database = outbox_figures(rq->tx.db, rq->arena, &mail);
    bool is_behind = house_time_is_behind();
    struct json_writer *j = answer(rq, database || is_behind ? 503 : 200);
    json_put_text(j, "status", database || is_behind ? "failing" : "ok");
    json_put_text(j, "version", CARDEA_VERSION);
    json_begin_object(j, "database");
    json_put_text(j, "engine", db_engine_name(rq->tx.db));
    json_put_text(j, "status", database ? "failing" : "ok");
    json_end(j);
    json_begin_object(j, "mail");
    json_put_num(j, "waiting", mail.waiting);
    json_put_num(j, "dead", mail.dead);
    json_put_num(j, "oldest_age_seconds", mail.oldest_age / SECOND);
    json_end(j);
    put_redis(j);
    json_begin_object(j, "clock");
    json_put_text(j, "status", is_behind ? "behind" : "ok");
    json_put_num(j, "behind_seconds", clock_lag() / SECOND);
    json_end(j);
    json_put_num(j, "password_hash_queue_depth", web_hash_queue_depth());
    return OK;
}

static enum err health_email(struct req *rq)
{
    struct outbox_figures mail;
    TRY(outbox_figures(rq->tx.db, rq->arena, &mail));
    bool is_late = mail.oldest_age / SECOND > HOUR_OLD_MAIL;
    struct json_writer *j = answer(rq, is_late ? 503 : 200);
    json_put_text(j, "status", is_late ? "late" : "ok");
    json_put_text(j, "provider",
                  *setting_text(SETTING_MAIL_DIR)    ? "folder"
                  : *setting_text(SETTING_SMTP_HOST) ? "smtp"
                  : setting_is_development()         ? "development"
                                                     : "none");
    json_put_num(j, "waiting", mail.waiting);
    json_put_num(j, "dead", mail.dead);
    json_put_num(j, "oldest_age_seconds", mail.oldest_age / SECOND);
    return OK;
}

/* --- figures --- */

static void label(int route, const char **ret_method, const char **ret_path)
{
    const struct route *r = router_nth((size_t)route);
    *ret_method = http_method_name(r->method);
    *ret_path = r->path;
}

static void write_caches(struct buf *out)
{
    int64_t hits, misses;
    session_cache_figures(&hits, &misses);
    buf_format(out,
               "# HELP cache_hits_total lookups that a cache answered\n"
               "# TYPE cache_hits_total counter\ncache_hits_total{cache=\"session\"} %lld\n"
               "# HELP cache_misses_total lookups that went to the store\n"
               "# TYPE cache_misses_total counter\ncache_misses_total{cache=\"session\"} %lld\n",
               (long long)hits, (long long)misses);
}

static void write_hashing(struct buf *out)
{
    int64_t count, ns;
    hashing_figures(&count, &ns);
    buf_format(
        out,
        "# HELP password_hash_duration_seconds time spent hashing passwords\n"
        "# TYPE password_hash_duration_seconds summary\n"
        "password_hash_duration_seconds_sum %.15g\npassword_hash_duration_seconds_count %lld\n",
        (double)ns / 1e9, (long long)count);
    metric_write_gauge(out, "password_hash_queue_depth", "requests that wait for a hash",
                       web_hash_queue_depth(), 1);
}

static void write_redis(struct buf *out)
{
    struct redis_figures redis = redis_figures();
    if (redis.is_set)
        metric_write_gauge(out, "redis_up", "1 while the nodes count limits together", redis.is_up,
                           1);
}

static enum err write_jobs(struct req *rq, struct buf *out)
{
    struct job_entry *jobs;
    size_t count;
    TRY(job_list(rq->tx.db, rq->arena, &jobs, &count));
    buf_text(out, "# HELP jobs_last_success_timestamp_seconds when a periodic job last went well\n"
                  "# TYPE jobs_last_success_timestamp_seconds gauge\n");
    for (size_t i = 0; i < count; i++)
        if (jobs[i].last_success_at)
            buf_format(out, "jobs_last_success_timestamp_seconds{job=\"%s\"} %.3f\n", jobs[i].name,
                       (double)jobs[i].last_success_at / SECOND);
    return OK;
}

static enum err figures(struct req *rq)
{
    struct buf out;
    struct outbox_figures mail;
    int64_t sessions = 0;
    buf_init(&out, rq->arena, METRICS_MAX);
    TRY(session_count(&rq->tx, &sessions));
    TRY(outbox_figures(rq->tx.db, rq->arena, &mail));
    metric_write(&out, (int)router_count(), label);
    write_hashing(&out);
    write_caches(&out);
    metric_write_gauge(&out, "active_sessions", "sessions that live", sessions, 1);
    metric_write_gauge(&out, "outbox_age_seconds", "age of the oldest mail that waits",
                       mail.oldest_age, SECOND);
    metric_write_gauge(&out, "signing_key_age_seconds", "age of the active signing key",
                       keyring_age(), SECOND);
    process_figures_write(&out);
    write_redis(&out);
    TRY(write_jobs(rq, &out));
    return answer_document(rq, "text/plain; version=0.0.4; charset=utf-8", buf_mem(&out));
}

const struct route operations_routes[] = {
    ROUTE(GET, "/livez", PROBE, alive, .lane = LANE_INLINE,
          .gives = { { 200, "{\"status\":\"ok\"}" } }, .help = "The process answers."),
    ROUTE(GET, "/readyz", PROBE, ready,
          .gives = { { 200, "{\"status\":\"ready\"}" }, { 503, "busy" } },
          .help = "The store answers and the clock is right: send traffic."),
    ROUTE(
        GET, "/health", OPERATIONS, health,
        .gives = { { 200, "{\"status\",\"version\",\"database\",\"mail\",\"redis\",\"clock\"}" } },
        .help = "Details for people."),
    ROUTE(GET, "/health/email", OPERATIONS, health_email,
          .gives = { { 200, "{\"status\",\"provider\",\"waiting\",\"dead\"}" } },
          .help = "How mail does."),
    ROUTE(GET, "/metrics", OPERATIONS, figures, .gives = { { 200, "Prometheus text" } },
          .help = "Figures for Prometheus."),
    ROUTES_END,
};
