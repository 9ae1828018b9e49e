/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing buffer with a maximum: see buf.h.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char empty[1];

void buf_init(struct buf *b, struct arena *arena, size_t max)
{
    *b = (struct buf){ .arena = arena, .p = empty, .max = max };
}

/* need: with the NUL at its end. */
static void grow(struct buf *b, size_t need)
{
    size_t capacity = b->capacity ? b->capacity : 500;
    while (capacity < need)
        capacity *= 2;
    char *p = arena_alloc(b->arena, capacity);
    memcpy(p, b->p, b->n);
    b->p = p;
    b->capacity = capacity;
}

static inline bool reserve(struct buf *b, size_t n)
{
    if (b->overflow || n > b->max - b->n) {
        b->overflow = true;
        return false;
    }
    if (b->n + n >= b->capacity)
        grow(b, b->n + n + 1);
    return true;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
    if (!n || !reserve(b, n))
        return;
    memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = 0;
}

void buf_text(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_char(struct buf *b, char c)
{
    if (!reserve(b, 1))
        return;
    b->p[b->n++] = c;
    b->p[b->n] = 0;
}

void buf_num(struct buf *b, int64_t number)
{
    char digits[24];
    char *end = digits + sizeof digits, *p = end;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do {
        *--p = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (number < 0)
        *--p = '-';
    buf_add(b, p, (size_t)(end - p));
}

void buf_format(struct buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n > 0 && reserve(b, (size_t)n)) {
        (void)vsnprintf(b->p + b->n, (size_t)n + 1, format, again);
        b->n += (size_t)n;
    }
    va_end(again);
}

struct mem buf_mem(const struct buf *b)
{
    return MEM(b->p, b->n);
}
