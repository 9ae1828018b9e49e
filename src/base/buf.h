/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing text or byte buffer inside an arena. No buffer without a maximum: adding beyond it adds
 * nothing and sets a sticky overflow mark, so a run of appends is tested once, at its end.
 * Invariant: after buf_init, p is never NULL and p[n] is NUL.
 */
#pragma once

#include "base/arena.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    struct arena *arena;
    char *p;
    size_t n;        /* bytes in use, without the NUL */
    size_t capacity; /* bytes allocated at p */
    size_t max;      /* n never exceeds it */
    bool overflow;   /* something did not fit */
};

/* Makes an empty buffer that holds at most max bytes. */
void buf_init(struct buf *b, struct arena *arena, size_t max);

/* Appends n bytes, a NUL-terminated text, one character, a decimal number. */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_text(struct buf *b, const char *text);
void buf_char(struct buf *b, char c);
void buf_num(struct buf *b, int64_t number);

/* Appends a formatted text; for cold paths, it costs more than the others. */
void buf_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The bytes so far; valid until the next append. */
struct mem buf_mem(const struct buf *b);
