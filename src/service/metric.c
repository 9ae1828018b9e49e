/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metrics: see metric.h. Counting is lock-free once a pair of labels is known; request times are
 * kept per route and status class in fixed buckets.
 */
#include "service/metric.h"

#include "base/text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { PAIRS = 64, ROUTES = 256, STATUSES = 8, BUCKETS = 12 };

struct pair {
    const char *_Atomic first;
    const char *second;
    _Atomic int64_t count;
};

static const struct {
    const char *name, *first, *second, *help;
} metrics[METRIC_COUNT] = {
#define METRIC(symbol, name, first, second, help) { name, first, second, help },
#include "service/metric_list.h"
#undef METRIC
};

static struct pair pairs[METRIC_COUNT][PAIRS];
static pthread_mutex_t pairs_lock = PTHREAD_MUTEX_INITIALIZER;

/* Upper bounds in microseconds; the last bucket has none. */
static const int64_t bounds_us[BUCKETS] = {
    100, 250, 500, 1'000, 2'500, 5'000, 10'000, 50'000, 100'000, 500'000, 2'500'000, INT64_MAX
};

struct histogram {
    _Atomic int32_t status; /* 0: free */
    _Atomic int64_t counts[BUCKETS];
    _Atomic int64_t sum_us;
};

static struct histogram requests[ROUTES][STATUSES];

static struct pair *find(enum metric m, const char *first, const char *second)
{
    for (int i = 0; i < PAIRS; i++) {
        const char *known = pairs[m][i].first;
        if (!known)
            return NULL;
        if (text_equal(known, first) && text_equal(pairs[m][i].second, second))
            return &pairs[m][i];
    }
    return NULL;
}

/* The first free place, taken; NULL when all are taken. */
static struct pair *take_free(enum metric m, const char *first, const char *second)
{
    for (int i = 0; i < PAIRS; i++) {
        if (pairs[m][i].first)
            continue;
        pairs[m][i].second = second;
        pairs[m][i].first = first;
        return &pairs[m][i];
    }
    return NULL;
}

static struct pair *add(enum metric m, const char *first, const char *second)
{
    pthread_mutex_lock(&pairs_lock);
    struct pair *pair = find(m, first, second);
    if (!pair)
        pair = take_free(m, first, second);
    pthread_mutex_unlock(&pairs_lock);
    return pair;
}

void metric_count(enum metric m, const char *first, const char *second)
{
    struct pair *known = find(m, first, second);
    struct pair *pair = known ? known : add(m, first, second);
    if (pair)
        atomic_fetch_add_explicit(&pair->count, 1, memory_order_relaxed);
}

static struct histogram *histogram_of(int route, int status)
{
    for (int i = 0; i < STATUSES; i++) {
        int32_t free_one = 0;
        struct histogram *h = &requests[route][i];
        if (h->status == status)
            return h;
        if (!h->status && atomic_compare_exchange_strong(&h->status, &free_one, status))
            return h;
        if (free_one == status)
            return h;
    }
    return NULL;
}

void metric_request(int route, int status, int64_t ns)
{
    if (route < 0 || route >= ROUTES)
        return;
    struct histogram *h = histogram_of(route, status);
    if (!h)
        return;
    int64_t us = ns / 1000;
    int i = 0;
    while (us > bounds_us[i])
        i++;
    atomic_fetch_add_explicit(&h->counts[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->sum_us, us, memory_order_relaxed);
}

static void write_counter(struct buf *out, enum metric m)
{
    buf_format(out, "# HELP %s %s\n# TYPE %s counter\n", metrics[m].name, metrics[m].help,
               metrics[m].name);
    for (int i = 0; i < PAIRS && pairs[m][i].first; i++) {
        const struct pair *p = &pairs[m][i];
        buf_text(out, metrics[m].name);
        if (*metrics[m].first)
            buf_format(out, "{%s=\"%s\"", metrics[m].first, p->first);
        if (*metrics[m].second)
            buf_format(out, ",%s=\"%s\"", metrics[m].second, p->second);
        buf_format(out, "%s %lld\n", *metrics[m].first ? "}" : "", (long long)p->count);
    }
    if (!pairs[m][0].first && !*metrics[m].first)
        buf_format(out, "%s 0\n", metrics[m].name);
}

static void write_histogram(struct buf *out, const struct histogram *h, const char *method,
                            const char *path)
{
    static const char name[] = "http_request_duration_seconds";
    int64_t total = 0;
    for (int i = 0; i < BUCKETS; i++) {
        total += h->counts[i];
        buf_format(out, "%s_bucket{route=\"%s\",method=\"%s\",status=\"%d\",le=\"", name, path,
                   method, (int)h->status);
        if (i == BUCKETS - 1)
            buf_text(out, "+Inf");
        else
            buf_format(out, "%g", (double)bounds_us[i] / 1e6);
        buf_format(out, "\"} %lld\n", (long long)total);
    }
    buf_format(out, "%s_sum{route=\"%s\",method=\"%s\",status=\"%d\"} %.15g\n", name, path, method,
               (int)h->status, (double)h->sum_us / 1e6);
    buf_format(out, "%s_count{route=\"%s\",method=\"%s\",status=\"%d\"} %lld\n", name, path, method,
               (int)h->status, (long long)total);
}

void metric_write(struct buf *out, int routes,
                  void (*route_label)(int route, const char **ret_method, const char **ret_path))
{
    for (int m = 0; m < METRIC_COUNT; m++)
        write_counter(out, (enum metric)m);
    buf_text(out, "# HELP http_request_duration_seconds time from the first byte to the answer\n"
                  "# TYPE http_request_duration_seconds histogram\n");
    for (int r = 0; r < routes && r < ROUTES; r++) {
        const char *method, *path;
        route_label(r, &method, &path);
        for (int i = 0; i < STATUSES && requests[r][i].status; i++)
            write_histogram(out, &requests[r][i], method, path);
    }
}

void metric_write_gauge(struct buf *out, const char *name, const char *help, int64_t value,
                        int64_t scale)
{
    buf_format(out, "# HELP %s %s\n# TYPE %s gauge\n%s %.15g\n", name, help, name, name,
               (double)value / (double)scale);
}

void metric_reset(void)
{
    memset(pairs, 0, sizeof pairs);
    memset(requests, 0, sizeof requests);
}

void metric_write_reference(struct buf *out)
{
    static const char *const others[][3] = {
        { "http_request_duration_seconds", "route, method, status",
          "time from the first byte to the answer" },
        { "password_hash_duration_seconds", "", "time spent hashing passwords" },
        { "password_hash_queue_depth", "", "requests that wait for a hash" },
        { "active_sessions", "", "sessions that live" },
        { "outbox_age_seconds", "", "age of the oldest mail that waits" },
        { "signing_key_age_seconds", "", "age of the active signing key" },
        { "redis_up", "", "with REDIS_URL: 1 while the nodes count limits together" },
        { "cache_hits_total", "cache", "lookups that a cache answered" },
        { "cache_misses_total", "cache", "lookups that went to the store" },
        { "jobs_last_success_timestamp_seconds", "job", "when a periodic job last went well" },
        { "process_cpu_seconds_total", "", "processor time" },
        { "process_resident_memory_bytes", "", "resident memory" },
        { "process_start_time_seconds", "", "when the process began" },
        { "process_open_fds", "", "open files and connections" },
        { "process_max_fds", "", "how many may be open" },
    };
    buf_text(out, "# Metrics\n\nMade by `make docs`. Served at `/metrics` for Prometheus.\n\n"
                  "| name | labels | meaning |\n|---|---|---|\n");
    for (int m = 0; m < METRIC_COUNT; m++)
        buf_format(out, "| `%s` | %s%s%s | %s |\n", metrics[m].name, metrics[m].first,
                   *metrics[m].second ? ", " : "", metrics[m].second, metrics[m].help);
    for (size_t i = 0; i < COUNT(others); i++)
        buf_format(out, "| `%s` | %s | %s |\n", others[i][0], others[i][1], others[i][2]);
}
