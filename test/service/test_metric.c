/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures: every count arrives, whichever threads count, and the text is what Prometheus reads.
 */
#include "service/metric.h"

#include "../test.h"
#include "base/text.h"
#include "service/process_figures.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void label(int, const char **ret_method, const char **ret_path)
{
    *ret_method = "GET";
    *ret_path = "/things";
}

static const char *written(void)
{
    struct buf out;
    buf_init(&out, test_arena(), 1 << 20);
    metric_write(&out, 1, label);
    return text_copy(test_arena(), buf_mem(&out));
}

static void check_has(const char *text, const char *line)
{
    if (!strstr(text, line))
        test_fail(__FILE__, __LINE__, "no %s", line);
}

enum { TIMES = 20'000, THREADS = 4 };

static void *count_all(void *arg)
{
    for (int i = 0; i < TIMES; i++) {
        metric_count(METRIC_AUTH_ATTEMPTS, "password", i % 2 ? "ok" : "refused");
        metric_request(0, i % 2 ? 200 : 404, 700'000);
    }
    return arg;
}

TEST(no_count_is_lost_between_threads)
{
    pthread_t threads[THREADS];
    metric_reset();
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, count_all, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    const char *text = written();
    check_has(text, "{method=\"password\",result=\"ok\"} 40000\n");
    check_has(text, "{method=\"password\",result=\"refused\"} 40000\n");
    check_has(text, "status=\"200\",le=\"0.0005\"} 0\n");
    check_has(text, "status=\"200\",le=\"0.001\"} 40000\n");
    check_has(text, "status=\"404\",le=\"+Inf\"} 40000\n");
    check_has(text, "_count{route=\"/things\",method=\"GET\",status=\"404\"} 40000\n");
}

/* More labels or statuses than there is room for are dropped, not written elsewhere. */
TEST(figures_keep_within_their_tables)
{
    metric_reset();
    for (int i = 0; i < 100; i++)
        metric_count(METRIC_AUTH_ATTEMPTS, text_format(test_arena(), "way%d", i), "ok");
    for (int status = 200; status < 230; status++)
        metric_request(0, status, INT64_MAX);
    metric_request(-1, 200, 1);
    metric_request(100'000, 200, 1);
    const char *text = written();
    check_has(text, "way63");
    CHECK(!strstr(text, "way64"));
    check_has(text, "status=\"207\"");
    CHECK(!strstr(text, "status=\"208\""));
    metric_reset(); /* the labels lived in this test's arena */
    CHECK(!strstr(written(), "way"));
}

TEST(a_gauge_is_scaled)
{
    struct buf out;
    buf_init(&out, test_arena(), 1000);
    metric_write_gauge(&out, "age_seconds", "how old", 1500, 1000);
    CHECK_TEXT(text_copy(test_arena(), buf_mem(&out)),
               "# HELP age_seconds how old\n# TYPE age_seconds gauge\nage_seconds 1.5\n");
}

/* Six digits would round a sum of weeks to minutes, and the rate of it to nothing. */
TEST(large_figures_keep_their_last_digit)
{
    struct buf out;
    buf_init(&out, test_arena(), 1000);
    metric_write_gauge(&out, "bytes", "how many", 10797059, 1);
    metric_write_gauge(&out, "at_seconds", "when", 1795237200123, 1000);
    CHECK(strstr(buf_mem(&out).p, "\nbytes 10797059\n") != NULL);
    CHECK(strstr(buf_mem(&out).p, "\nat_seconds 1795237200.123\n") != NULL);
    metric_reset();
    metric_request(0, 200, 1234567890123000);
    metric_request(0, 200, 1000);
    CHECK(strstr(written(), "status=\"200\"} 1234567.890124\n") != NULL);
    metric_reset();
}

static double figure(struct buf *out, const char *name)
{
    const char *line = strstr(buf_mem(out).p, text_format(test_arena(), "\n%s ", name));
    return line ? strtod(
                      strrchr(text_copy(test_arena(), MEM(line, strcspn(line + 1, "\n") + 1)), ' '),
                      NULL)
                : -1;
}

TEST(figures_of_the_process_go_by_the_names_everybody_knows)
{
    struct buf out;
    buf_init(&out, test_arena(), 4000);
    process_figures_write(&out);
    double files = figure(&out, "process_open_fds"), now = (double)time(NULL);
    double began = figure(&out, "process_start_time_seconds");
    CHECK(figure(&out, "process_cpu_seconds_total") > 0);
    CHECK(figure(&out, "process_resident_memory_bytes") > 1 << 20);
    CHECK(began > now - 3600 * 24 && began <= now + 1);
    CHECK(files >= 3 && files <= figure(&out, "process_max_fds"));
    int more = dup(2);
    buf_init(&out, test_arena(), 4000);
    process_figures_write(&out);
    CHECK_NUM((int64_t)figure(&out, "process_open_fds"), (int64_t)files + 1);
    close(more);
}
