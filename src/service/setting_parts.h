/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of service/setting share; nobody else includes it. The way of a setting: gathered
 * as text (setting_source.c), parsed and checked (setting_check.c), published (setting.c), shown
 * (setting_write.c).
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "service/setting.h"

enum { SETTING_TEXT_MAX = 4096, SETTING_PROBLEMS_MAX = 20 };

enum setting_kind {
    SETTING_IS_TEXT,
    SETTING_IS_NUM,
    SETTING_IS_FLAG,
    SETTING_IS_SPAN,
    SETTING_IS_URL
};
enum setting_mark { SETTING_IS_SECRET = 1, SETTING_IS_LIVE = 2 };
enum setting_source { SETTING_FROM_DEFAULT, SETTING_FROM_FILE, SETTING_FROM_ENVIRONMENT };

/* A line of setting_list.h. */
struct setting_spec {
    const char *name;
    enum setting_kind kind;
    const char *initial;
    unsigned flags;
    const char *help;
};

extern const struct setting_spec setting_specs[SETTING_COUNT];

/* What somebody wrote, before it is understood. */
struct setting_given {
    const char *text; /* never NULL */
    enum setting_source source;
    const char *where; /* "environment", "cardea.conf line 3": for problems */
};

/* What it means. */
struct setting_value {
    const char *text;
    int64_t num; /* NUM; SPAN in milliseconds; FLAG 0 or 1 */
    enum setting_source source;
    const char *origin, *host; /* URL */
    bool is_secure, is_loopback;
};

/* Problems gathered for the operator, one per line. */
struct setting_problems {
    struct buf text;
    int count;
};

void setting_problem(struct setting_problems *problems, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The setting with this name, SETTING_COUNT when there is none; and the name that looks most like
 * it, NULL when none comes near. */
enum setting setting_find(const char *name, size_t n);
const char *setting_nearest(const char *name);

/* Fills given[SETTING_COUNT]: environment, then the file at path (NULL: ./cardea.conf if there is
 * one), then defaults. */
void setting_gather(struct arena *arena, const char *path, struct setting_given *given,
                    struct setting_problems *problems);

/* Understands one value. False, and *ret_why in words that never repeat a secret, when it does not
 * make sense. */
bool setting_parse(struct arena *arena, enum setting s, const char *text, struct setting_value *ret,
                   const char **ret_why);

/* The test fixture: its own values over what was gathered, and what must not be together with it.
 */
void setting_pin_fixture(struct setting_given *given);
void setting_check_fixture(const struct setting_value *values, struct setting_problems *problems);

/* Rules between settings. */
void setting_check_together(const struct setting_value *values, struct setting_problems *problems);

/* The smallest and largest NUM or SPAN; the same number twice where there is no such rule. */
void setting_range(enum setting s, int64_t *ret_min, int64_t *ret_max);

/* The published value. */
const struct setting_value *setting_value(enum setting s);
