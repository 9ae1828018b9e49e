/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures for Prometheus (text format 0.0.4). Labels come from our own tables and code, never from
 * a user.
 */
#pragma once

#include "base/buf.h"

#include <stdint.h>

enum metric {
#define METRIC(symbol, name, first, second, help) METRIC_##symbol,
#include "service/metric_list.h"
#undef METRIC
    METRIC_COUNT,
};

/* Counts one; the labels' values are literals or texts of a table ("" for none). At most 64 pairs
 * per counter are kept. */
void metric_count(enum metric m, const char *first, const char *second);

/* One request of the route with this index, answered with status after a time. */
void metric_request(int route, int status, int64_t ns);

/* Writes all counters and the request histogram; route_label gives "METHOD /path" for an index
 * below routes. */
void metric_write(struct buf *out, int routes,
                  void (*route_label)(int route, const char **ret_method, const char **ret_path));

/* Writes one gauge with its help. value is scaled: 1500 with scale 1000 is 1.5. */
void metric_write_gauge(struct buf *out, const char *name, const char *help, int64_t value,
                        int64_t scale);

/* Back to zero: tests. */
void metric_reset(void);

/* docs/reference/metrics.md */
void metric_write_reference(struct buf *out);
