/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Throw-away mailboxes: see disposable.h.
 */
#include "account/disposable.h"

#include "base/log.h"
#include "base/text.h"
#include "service/setting.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 8 << 20, DOMAIN_MAX = 253 };

static const char builtin[] =
#include "account/disposable_list.h"
    ;

static char *own; /* the file's lines, sorted; NULL when there is none */
static size_t own_n;
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

struct mem disposable_builtin(void)
{
    return MEM(builtin, sizeof builtin - 1);
}

/* --- looking up --- */

static size_t line_length(const char *line, const char *end)
{
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    return (size_t)((newline ? newline : end) - line);
}

static int compare(const char *a, size_t a_n, const char *b, size_t b_n)
{
    int order = memcmp(a, b, a_n < b_n ? a_n : b_n);
    return order ? order : (a_n > b_n) - (a_n < b_n);
}

bool disposable_find(struct mem sorted, const char *line)
{
    const char *from = sorted.p, *to = from + sorted.n, *end = to;
    size_t n = strlen(line);
    while (from < to) {
        const char *middle = from + (to - from) / 2;
        while (middle > from && middle[-1] != '\n')
            middle--;
        size_t length = line_length(middle, end);
        int order = compare(line, n, middle, length);
        if (order == 0)
            return true;
        if (order < 0)
            to = middle;
        else
            from = middle + length < end ? middle + length + 1 : end;
    }
    return false;
}

/* "a.b.example", "b.example", "example": the nearest that is listed decides. */
bool disposable_is(const char *email_key)
{
    char allowed[DOMAIN_MAX + 2];
    bool is_listed = false, is_allowed = false;
    const char *domain = strrchr(email_key, '@');
    pthread_rwlock_rdlock(&lock);
    struct mem mine = MEM(own ? own : "", own_n);
    while (domain && strlen(domain + 1) <= DOMAIN_MAX && !is_listed && !is_allowed) {
        (void)snprintf(allowed, sizeof allowed, "!%s", ++domain);
        is_allowed = disposable_find(mine, allowed);
        is_listed = disposable_find(mine, domain) || disposable_find(disposable_builtin(), domain);
        domain = strchr(domain, '.');
    }
    pthread_rwlock_unlock(&lock);
    return is_listed && !is_allowed;
}

/* --- the file --- */

static bool is_line(const char *line, size_t n)
{
    size_t mark = n && line[0] == '!';
    if (n <= mark || n - mark > DOMAIN_MAX || !memchr(line, '.', n))
        return false;
    for (size_t i = mark; i < n; i++)
        if (!line[i] || !strchr("abcdefghijklmnopqrstuvwxyz0123456789-.", line[i]))
            return false;
    return line[mark] != '.' && line[n - 1] != '.';
}

/* Takes spaces, comments and capitals out of a line and writes it, ended, to `to`; gives its
   length, 0 when nothing is left. */
static size_t tidy(const char *line, size_t n, char *to)
{
    size_t length = 0;
    for (size_t i = 0; i < n && line[i] != '#'; i++) {
        char c = line[i];
        if (c != ' ' && c != '\t' && c != '\r')
            to[length++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return length;
}

static int compare_lines(const void *a, const void *b, void *text)
{
    const char *x = (const char *)text + *(const uint32_t *)a;
    const char *y = (const char *)text + *(const uint32_t *)b;
    return compare(x, strcspn(x, "\n"), y, strcspn(y, "\n"));
}

/* Writes the lines, each ended by a newline, in order. */
static enum err reorder(char *lines, size_t n)
{
    size_t count = 0, at = 0;
    for (size_t i = 0; i < n; i++)
        count += lines[i] == '\n';
    uint32_t *starts = calloc(count + 1, sizeof *starts);
    char *copy = malloc(n + 1);
    if (!starts || !copy) {
        free(starts);
        free(copy);
        return fault("no memory for %zu domains", count);
    }
    memcpy(copy, lines, n);
    copy[n] = 0;
    for (size_t i = 0; i < count; i++, at += line_length(lines + at, lines + n) + 1)
        starts[i] = (uint32_t)at;
    qsort_r(starts, count, sizeof *starts, compare_lines, copy);
    for (size_t i = 0, to = 0; i < count; i++) {
        size_t length = strcspn(copy + starts[i], "\n") + 1;
        memcpy(lines + to, copy + starts[i], length);
        to += length;
    }
    free(starts);
    free(copy);
    return OK;
}

enum err disposable_sort(char *lines, size_t n, size_t *ret_n)
{
    size_t to = 0, line = 0;
    for (size_t at = 0; at < n;) {
        size_t length = line_length(lines + at, lines + n);
        bool is_ended = at + length < n;
        size_t kept = tidy(lines + at, length, lines + to);
        *ret_n = ++line;
        if (kept && !is_line(lines + to, kept))
            return E_INVALID;
        to += kept;
        if (kept && is_ended)
            lines[to++] = '\n';
        at += length + is_ended;
    }
    if (to && lines[to - 1] != '\n')
        lines[to++] = '\n'; /* the last line had no end: the caller has room for it */
    *ret_n = to;
    return reorder(lines, to);
}

static enum err read_file(const char *path, char **ret, size_t *ret_n)
{
    FILE *file = fopen(path, "rbe");
    char *all = file ? malloc(FILE_MAX + 2) : NULL;
    size_t n = all ? fread(all, 1, FILE_MAX + 1, file) : 0;
    bool is_good = all && !ferror(file) && n <= FILE_MAX;
    enum err e = is_good ? disposable_sort(all, n, ret_n) : E_NOT_FOUND;
    if (file)
        (void)fclose(file);
    if (e) {
        free(all);
        return e;
    }
    char *fitting = realloc(all, *ret_n + 1);
    *ret = fitting ? fitting : all;
    return OK;
}

const char *disposable_check(struct arena *arena, const char *path)
{
    char *lines = NULL;
    size_t n = 0;
    enum err e = read_file(path, &lines, &n);
    free(lines);
    if (e == E_INVALID)
        return text_format(arena, "line %zu of %s is no domain", n, path);
    return e ? "cannot be read, or is larger than 8 MB" : NULL;
}

enum err disposable_configure(void)
{
    char *fresh = NULL;
    size_t fresh_n = 0;
    const char *path = setting_text(SETTING_DISPOSABLE_DOMAINS);
    enum err e = *path ? read_file(path, &fresh, &fresh_n) : OK;
    if (e) {
        LOG(LOG_ERROR, "disposable_domains.refused", LOG_TEXT("path", path),
            LOG_TEXT("why", "no file of domains, or larger than 8 MB"));
        return e;
    }
    pthread_rwlock_wrlock(&lock);
    char *old = own;
    own = fresh;
    own_n = fresh_n;
    pthread_rwlock_unlock(&lock);
    free(old);
    return OK;
}
