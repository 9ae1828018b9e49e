/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of throw-away domains. Oracles: what is taken is in order and in lower case, each line of
 * it is found, sorting it again changes nothing, and it never grows by more than the missing end.
 */
#include "account/disposable.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { LINE_MAX = 300 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void find_each(const char *lines, size_t n)
{
    char line[LINE_MAX], before[LINE_MAX] = "";
    for (size_t at = 0; at < n;) {
        const char *end = memchr(lines + at, '\n', n - at);
        require(end != NULL);
        size_t length = (size_t)(end - lines) - at;
        require(length > 0 && length < LINE_MAX);
        memcpy(line, lines + at, length);
        line[length] = 0;
        require(strlen(line) == length && strcmp(before, line) <= 0);
        require(disposable_find(MEM(lines, n), line));
        memcpy(before, line, length + 1);
        at += length + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    size_t length, again;
    char *lines = malloc(n + 2), *copy = malloc(n + 2);
    require(lines && copy);
    memcpy(lines, p, n);
    if (disposable_sort(lines, n, &length) == OK) {
        require(length <= n + 1);
        find_each(lines, length);
        memcpy(copy, lines, length);
        require(disposable_sort(copy, length, &again) == OK && again == length &&
                memcmp(copy, lines, length) == 0);
    }
    free(lines);
    free(copy);
    return 0;
}
