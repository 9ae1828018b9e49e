/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The structured log: one JSON object per line on standard error. Every value is escaped and cut at
 * 1 KiB, so client text cannot forge a line. Secrets are not passed here at all; addresses go
 * through LOG_ADDRESS, which masks them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
    const char *name;
    enum { LOG_FIELD_TEXT, LOG_FIELD_NUM, LOG_FIELD_ADDRESS } kind;
    const char *text; /* NULL leaves the field out */
    int64_t num;
};

#define LOG_TEXT(name_, value) \
    ((struct log_field){ .name = (name_), .kind = LOG_FIELD_TEXT, .text = (value) })
#define LOG_NUM(name_, value) \
    ((struct log_field){ .name = (name_), .kind = LOG_FIELD_NUM, .num = (value) })
/* An e-mail address, written as "a***@example.org". */
#define LOG_ADDRESS(name_, value) \
    ((struct log_field){ .name = (name_), .kind = LOG_FIELD_ADDRESS, .text = (value) })

/* LOG(LOG_INFO, "http.request", LOG_TEXT("route", r), LOG_NUM("status", 200)); the event name is
 * snake.case. */
#define LOG(level, event, ...)  \
    log_write((level), (event), \
              (const struct log_field[]){ __VA_ARGS__ __VA_OPT__(, ){ .name = NULL } })

/* Writes one event; fields end with one whose name is NULL. Thread safe; never fails visibly. */
void log_write(enum log_level level, const char *event, const struct log_field *fields);

/* Events below level are dropped. Accepts "debug", "info", "warn", "error"; false for anything
 * else. */
bool log_set_level(const char *level);

/* Ids that the current thread's events carry from now on; NULL takes them off. Not copied. */
void log_set_request(const char *request_id, const char *trace_id);

/* For tests: events go to this function instead of standard error; NULL restores. */
void log_capture(void (*sink)(const char *line, void *arg), void *arg);
