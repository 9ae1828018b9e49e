/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures of the process: see process_figures.h.
 */
#include "service/process_figures.h"

#include "service/metric.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1024, START_FIELD = 22 };

static int64_t nanoseconds(clockid_t clock)
{
    struct timespec t = { 0 };
    (void)clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

static bool read_line(const char *path, char line[LINE_MAX_BYTES])
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t n = fread(line, 1, LINE_MAX_BYTES - 1, file);
    (void)fclose(file);
    line[n] = 0;
    return n > 0;
}

/* The second number of statm, in pages. */
static void write_memory(struct buf *out)
{
    char line[LINE_MAX_BYTES];
    const char *second = read_line("/proc/self/statm", line) ? strchr(line, ' ') : NULL;
    if (second)
        metric_write_gauge(out, "process_resident_memory_bytes", "resident memory",
                           strtoll(second, NULL, 10) * sysconf(_SC_PAGESIZE), 1);
}

/* In ticks since the machine came up; fields are counted behind the name in brackets, the second.
 */
static void write_start(struct buf *out)
{
    char line[LINE_MAX_BYTES];
    const char *p = read_line("/proc/self/stat", line) ? strrchr(line, ')') : NULL;
    for (int field = 2; p && field < START_FIELD; field++)
        p = strchr(p + 1, ' ');
    if (!p)
        return;
    int64_t start = strtoll(p, NULL, 10) * (1'000'000'000 / sysconf(_SC_CLK_TCK));
    int64_t age = nanoseconds(CLOCK_BOOTTIME) - start;
    metric_write_gauge(out, "process_start_time_seconds", "when the process began",
                       (nanoseconds(CLOCK_REALTIME) - age) / 1'000'000, 1000);
}

static void write_files(struct buf *out)
{
    struct rlimit most;
    int64_t open = -3; /* ".", ".." and the one that looks */
    DIR *folder = opendir("/proc/self/fd");
    while (folder && readdir(folder))
        open++;
    if (folder && closedir(folder) == 0)
        metric_write_gauge(out, "process_open_fds", "open files and connections", open, 1);
    if (getrlimit(RLIMIT_NOFILE, &most) == 0 && most.rlim_cur != RLIM_INFINITY)
        metric_write_gauge(out, "process_max_fds", "how many may be open", (int64_t)most.rlim_cur,
                           1);
}

void process_figures_write(struct buf *out)
{
    buf_format(out,
               "# HELP process_cpu_seconds_total processor time\n"
               "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total %.6f\n",
               (double)nanoseconds(CLOCK_PROCESS_CPUTIME_ID) / 1e9);
    write_memory(out);
    write_start(out);
    write_files(out);
}
