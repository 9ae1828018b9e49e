/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rule for the years to come: see tzif.h. "std offset [dst [offset] ,start[/time],end[/time]]"
 * (POSIX.1 8.3, RFC 8536 3.3); offsets are positive west of Greenwich.
 */
#include "service/tzif.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

enum { DAY_SECONDS = 86'400, HOURS_MAX = 167 };

struct change {
    char kind; /* 'M': Mmonth.week.weekday; 'J': a day of the year without 29 February; 'n' with */
    int64_t month, week, day;
    int64_t time; /* seconds after midnight, by the clocks that it changes */
};

static bool read_num(const char **p, int64_t min, int64_t max, int64_t *ret)
{
    int64_t n = 0;
    const char *start = *p;
    while (isdigit((unsigned char)**p) && *p - start < 4)
        n = n * 10 + *(*p)++ - '0';
    *ret = n;
    return *p > start && n >= min && n <= max;
}

static bool skip(const char **p, char c)
{
    bool is_there = **p == c;
    *p += is_there;
    return is_there;
}

/* A name is of no use to us. */
static bool skip_name(const char **p)
{
    const char *start = *p;
    if (skip(p, '<')) {
        *p += strcspn(*p, ">");
        return skip(p, '>');
    }
    while (isalpha((unsigned char)**p))
        (*p)++;
    return *p - start >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool read_time(const char **p, int64_t *ret)
{
    int64_t hours, minutes = 0, seconds = 0;
    bool is_negative = skip(p, '-');
    if (!is_negative)
        (void)skip(p, '+');
    bool is_good = read_num(p, 0, HOURS_MAX, &hours) &&
                   (!skip(p, ':') || read_num(p, 0, 59, &minutes)) &&
                   (!skip(p, ':') || read_num(p, 0, 59, &seconds));
    *ret = (hours * 3600 + minutes * 60 + seconds) * (is_negative ? -1 : 1);
    return is_good;
}

static bool read_day(const char **p, struct change *ret)
{
    if (skip(p, 'M')) {
        ret->kind = 'M';
        return read_num(p, 1, 12, &ret->month) && skip(p, '.') && read_num(p, 1, 5, &ret->week) &&
               skip(p, '.') && read_num(p, 0, 6, &ret->day);
    }
    ret->kind = skip(p, 'J') ? 'J' : 'n';
    return read_num(p, ret->kind == 'J', 365, &ret->day);
}

static bool read_change(const char **p, struct change *ret)
{
    ret->time = 7200;
    return skip(p, ',') && read_day(p, ret) && (!skip(p, '/') || read_time(p, &ret->time));
}

/* Midnight of a day, as if it were UTC; days beyond the month's end run on. */
static int64_t midnight(int64_t year, int64_t month, int64_t day)
{
    struct tm tm = { .tm_year = (int)year - 1900, .tm_mon = (int)month - 1, .tm_mday = (int)day };
    return timegm(&tm);
}

/* The clocks' own time at which a year's change happens, as if it were UTC. */
static int64_t change_at(const struct change *c, int64_t year)
{
    int64_t first = midnight(year, 1, 1);
    if (c->kind == 'n')
        return first + c->day * DAY_SECONDS + c->time;
    if (c->kind == 'J') {
        bool is_after_leap_day = midnight(year, 2, 29) != midnight(year, 3, 1) && c->day > 59;
        return first + (c->day - 1 + is_after_leap_day) * DAY_SECONDS + c->time;
    }
    first = midnight(year, c->month, 1);
    int64_t next = midnight(year, c->month + 1, 1);
    int64_t weekday = (first / DAY_SECONDS + 4) % 7; /* 1970 began on a Thursday */
    int64_t at = first + ((c->day - weekday + 7) % 7 + (c->week - 1) * 7) * DAY_SECONDS;
    return (at < next ? at : at - 7 * DAY_SECONDS) + c->time; /* week 5 is the last one */
}

static bool is_summer(const struct change *start, const struct change *end, int64_t at,
                      const int64_t offset[2])
{
    struct tm tm;
    time_t local = at + offset[0];
    gmtime_r(&local, &tm);
    int64_t begins = change_at(start, tm.tm_year + 1900) - offset[0];
    int64_t ends = change_at(end, tm.tm_year + 1900) - offset[1];
    return begins < ends ? at >= begins && at < ends : at >= begins || at < ends;
}

bool tzif_rule_offset(const char *rule, int64_t at, int64_t *ret)
{
    int64_t west, offset[2];
    struct change start, end;
    if (at < 0 || at > INT64_C(1) << 37 || !skip_name(&rule) || !read_time(&rule, &west))
        return false;
    *ret = offset[0] = -west;
    if (!*rule)
        return true;
    offset[1] = offset[0] + 3600;
    if (!skip_name(&rule))
        return false;
    if (*rule != ',') {
        if (!read_time(&rule, &west))
            return false;
        offset[1] = -west;
    }
    if (!read_change(&rule, &start) || !read_change(&rule, &end) || *rule)
        return false;
    *ret = offset[is_summer(&start, &end, at, offset)];
    return true;
}
