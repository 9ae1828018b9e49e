/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The structured log: see log.h. Lines are built on the stack, so logging works when memory is
 * short.
 */
#include "base/log.h"

#include "base/clock.h"
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX = 8192, VALUE_MAX = 1024, FIELD_ROOM = 64 };

struct line {
    char p[LINE_MAX];
    size_t n;
};

static _Atomic(enum log_level) threshold = LOG_INFO; /* a reload changes it while others log */
static void (*capture)(const char *line, void *arg);
static void *capture_arg;
static _Thread_local const char *current_request, *current_trace;

static const char *const level_names[] = { "debug", "info", "warn", "error" };

bool log_set_level(const char *level)
{
    for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
        if (strcmp(level, level_names[i]) == 0) {
            threshold = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_set_request(const char *request_id, const char *trace_id)
{
    current_request = request_id;
    current_trace = trace_id;
}

void log_capture(void (*sink)(const char *line, void *arg), void *arg)
{
    capture = sink;
    capture_arg = arg;
}

static void add(struct line *l, const char *p, size_t n)
{
    if (n > LINE_MAX - 4 - l->n)
        n = LINE_MAX - 4 - l->n;
    memcpy(l->p + l->n, p, n);
    l->n += n;
}

static void add_text(struct line *l, const char *text)
{
    add(l, text, strlen(text));
}

/* RFC 8259 7; DEL and bytes above 0x7F are escaped too, so a terminal shows no control sequence. */
static void add_escaped(struct line *l, const char *text, size_t n)
{
    add_text(l, "\"");
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        char escape[8];
        if (l->n > LINE_MAX - FIELD_ROOM)
            break;
        if (c == '"' || c == '\\') {
            add(l, (char[]){ '\\', (char)c }, 2);
        } else if (c < 0x20 || c >= 0x7F) {
            add(l, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", c));
        } else {
            add(l, text + i, 1);
        }
    }
    add_text(l, "\"");
}

static void add_address(struct line *l, const char *address)
{
    char masked[128];
    const char *at = strrchr(address, '@');
    int n = at ? snprintf(masked, sizeof masked, "%.1s***%s", address, at)
               : snprintf(masked, sizeof masked, "***");
    size_t length = n < 0 ? 0 : (size_t)n < sizeof masked ? (size_t)n : sizeof masked - 1;
    add_escaped(l, masked, length);
}

static void add_field(struct line *l, const struct log_field *f)
{
    char digits[24];
    if (f->kind != LOG_FIELD_NUM && !f->text)
        return;
    if (l->n + strlen(f->name) > LINE_MAX - FIELD_ROOM)
        return; /* no half of a field: the line stays well formed */
    add_text(l, ",\"");
    add_text(l, f->name);
    add_text(l, "\":");
    if (f->kind == LOG_FIELD_NUM)
        add(l, digits, (size_t)snprintf(digits, sizeof digits, "%lld", (long long)f->num));
    else if (f->kind == LOG_FIELD_ADDRESS)
        add_address(l, f->text);
    else
        add_escaped(l, f->text, strnlen(f->text, VALUE_MAX));
}

static void add_time(struct line *l)
{
    char http[30], text[48];
    int64_t now = clock_now();
    clock_format_http(now, http);
    /* "Sat, 21 Nov 2026 05:03:01 GMT" holds every part of the RFC 3339 form but the month's number.
     */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char name[4] = { http[8], http[9], http[10], 0 };
    int month = (int)(strstr(months, name) - months) / 3 + 1;
    int n = snprintf(text, sizeof text, "{\"time\":\"%.4s-%02d-%.2sT%.8s.%03dZ\"", http + 12, month,
                     http + 5, http + 17, (int)(now % SECOND));
    add(l, text, (size_t)n);
}

static void send_line(struct line *l)
{
    if (capture) {
        l->p[l->n] = 0;
        capture(l->p, capture_arg);
        return;
    }
    l->p[l->n++] = '\n';
    ssize_t written = write(STDERR_FILENO, l->p, l->n);
    (void)written; /* a closed log must not stop the server */
}

static void write_line(enum log_level level, const char *event, const struct log_field *fields)
{
    struct line l;
    l.n = 0;
    add_time(&l);
    add_field(&l, &LOG_TEXT("level", level_names[level]));
    add_field(&l, &LOG_TEXT("event", event));
    add_field(&l, &LOG_TEXT("request_id", current_request));
    add_field(&l, &LOG_TEXT("trace_id", current_trace));
    for (; fields->name; fields++)
        add_field(&l, fields);
    add_text(&l, "}");
    send_line(&l);
}

/* Most lines are below the threshold: these do not even clear a line's room. */
void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
    if (level >= threshold)
        write_line(level, event, fields);
}

enum err fault_at(const char *file, int line, const char *format, ...)
{
    char message[VALUE_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    LOG(LOG_ERROR, "fault", LOG_TEXT("what", message), LOG_TEXT("file", file),
        LOG_NUM("line", line));
    return E_FAULT;
}

const char *err_name(enum err e)
{
    switch (e) {
    case OK: return "OK";
    case E_INVALID: return "E_INVALID";
    case E_NOT_FOUND: return "E_NOT_FOUND";
    case E_CONFLICT: return "E_CONFLICT";
    case E_DENIED: return "E_DENIED";
    case E_UNAUTHENTICATED: return "E_UNAUTHENTICATED";
    case E_LIMITED: return "E_LIMITED";
    case E_GONE: return "E_GONE";
    case E_TOO_LARGE: return "E_TOO_LARGE";
    case E_BUSY: return "E_BUSY";
    case E_REFUSED: return "E_REFUSED";
    case E_FAULT: return "E_FAULT";
    }
    return "?";
}
