/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time: see clock.h.
 */
#include "base/clock.h"

#include "base/text.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static _Atomic int64_t shift;
static _Atomic int64_t frozen_at;
static _Atomic int64_t creep;
static _Atomic int64_t held; /* the latest that was seen; 0: nothing is held */

int64_t clock_machine(void)
{
    int64_t stopped = frozen_at, step = creep;
    if (stopped)
        return step ? atomic_fetch_add(&frozen_at, step) : stopped;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * SECOND + now.tv_nsec / 1'000'000;
}

int64_t clock_now(void)
{
    int64_t at = clock_machine(), seen = held;
    while (seen && at > seen && !atomic_compare_exchange_weak(&held, &seen, at))
        continue;
    return (at > seen ? at : seen) + shift;
}

void clock_hold(int64_t at)
{
    held = at;
}

int64_t clock_lag(void)
{
    int64_t seen = held, lag = seen ? seen - clock_machine() : 0;
    return lag > 0 ? lag : 0;
}

int64_t clock_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

void clock_shift(int64_t span)
{
    shift += span;
}

void clock_reset_shift(void)
{
    shift = 0;
}

void clock_freeze(int64_t at)
{
    frozen_at = at;
}

void clock_creep(int64_t span)
{
    creep = span;
}

static struct tm calendar(int64_t at)
{
    time_t seconds = (time_t)(at / SECOND - (at % SECOND < 0));
    struct tm parts = { 0 };
    gmtime_r(&seconds, &parts);
    return parts;
}

static void put_number(char *p, int digits, int number)
{
    for (int i = digits - 1; i >= 0; i--, number /= 10)
        p[i] = (char)('0' + number % 10);
}

/* Digit by digit: three of these stand in every answer about a session, and printf would take a
 * twentieth of that request. */
char *clock_format(struct arena *arena, int64_t at)
{
    struct tm t = calendar(at);
    int64_t milliseconds = (at % SECOND + SECOND) % SECOND;
    char *text = text_copy(arena, mem_text("0000-00-00T00:00:00.000Z"));
    put_number(text, 4, t.tm_year + 1900);
    put_number(text + 5, 2, t.tm_mon + 1);
    put_number(text + 8, 2, t.tm_mday);
    put_number(text + 11, 2, t.tm_hour);
    put_number(text + 14, 2, t.tm_min);
    put_number(text + 17, 2, t.tm_sec);
    put_number(text + 20, 3, (int)milliseconds);
    return text;
}

void clock_format_http(int64_t at, char out[30])
{
    static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    struct tm t = calendar(at);
    (void)snprintf(out, 30, "%s, %02u %s %04u %02u:%02u:%02u GMT", days[t.tm_wday],
                   (unsigned)t.tm_mday % 100, months[t.tm_mon],
                   (unsigned)(t.tm_year + 1900) % 10'000, (unsigned)t.tm_hour % 100,
                   (unsigned)t.tm_min % 100, (unsigned)t.tm_sec % 100);
}

/* Reads exactly `digits` decimal digits and moves on. */
static bool take_number(const char **p, int digits, int *ret)
{
    *ret = 0;
    for (int i = 0; i < digits; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return false;
        *ret = *ret * 10 + (**p - '0');
    }
    return true;
}

static bool take_char(const char **p, const char *any_of)
{
    if (!**p || !strchr(any_of, **p))
        return false;
    (*p)++;
    return true;
}

static bool take_fraction(const char **p, int *ret_milliseconds)
{
    *ret_milliseconds = 0;
    if (**p != '.')
        return true;
    int scale = 100;
    for ((*p)++; **p >= '0' && **p <= '9'; (*p)++, scale /= 10)
        *ret_milliseconds += (**p - '0') * scale;
    return true;
}

static bool take_offset(const char **p, int *ret_minutes)
{
    *ret_minutes = 0;
    if (take_char(p, "Zz"))
        return true;
    int sign = **p == '-' ? -1 : 1, hours, minutes;
    if (!take_char(p, "+-") || !take_number(p, 2, &hours) || !take_char(p, ":") ||
        !take_number(p, 2, &minutes))
        return false;
    *ret_minutes = sign * (hours * 60 + minutes);
    return hours < 24 && minutes < 60;
}

bool clock_parse(const char *text, int64_t *ret_at)
{
    const char *p = text;
    int year, month, day, hour, minute, second, milliseconds, offset;
    if (!take_number(&p, 4, &year) || !take_char(&p, "-") || !take_number(&p, 2, &month) ||
        !take_char(&p, "-") || !take_number(&p, 2, &day) || !take_char(&p, "Tt "))
        return false;
    if (!take_number(&p, 2, &hour) || !take_char(&p, ":") || !take_number(&p, 2, &minute) ||
        !take_char(&p, ":") || !take_number(&p, 2, &second) || !take_fraction(&p, &milliseconds) ||
        !take_offset(&p, &offset) || *p)
        return false;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 ||
        second > 60)
        return false;
    struct tm parts = { .tm_year = year - 1900,
                        .tm_mon = month - 1,
                        .tm_mday = day,
                        .tm_hour = hour,
                        .tm_min = minute,
                        .tm_sec = second };
    time_t seconds = timegm(&parts);
    if (parts.tm_mday != day)
        return false; /* 31 February and its like were carried over */
    *ret_at = ((int64_t)seconds - offset * 60) * SECOND + milliseconds;
    return true;
}

bool clock_parse_span(const char *text, int64_t *ret_span)
{
    static const struct unit {
        char letter;
        int64_t span;
    } units[] = { { 's', SECOND }, { 'm', MINUTE }, { 'h', HOUR }, { 'd', DAY } };
    size_t digits = strspn(text, "0123456789");
    int64_t number = 0, unit = text[digits] ? 0 : SECOND;
    if (!digits || digits > 10)
        return false;
    for (size_t i = 0; i < digits; i++)
        number = number * 10 + (text[i] - '0');
    for (size_t i = 0; i < COUNT(units); i++)
        if (text[digits] == units[i].letter && !text[digits + 1])
            unit = units[i].span;
    *ret_span = number * unit;
    return unit && number <= 1'000'000'000;
}
