/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forms: see form.h. Stricter than the standard where it guesses: a broken escape is refused
 * instead of kept, and a repeated name instead of the first or last one chosen, since two readers
 * choose differently.
 */
#include "http/form.h"

#include "base/text.h"

#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte at p, which has n bytes left; *ret_length is what it took. -1 when malformed. */
static int take_byte(const char *p, size_t n, size_t *ret_length)
{
    *ret_length = 1;
    if (*p == '+')
        return ' ';
    if (*p != '%')
        return (unsigned char)*p;
    *ret_length = 3;
    int high = n < 3 ? -1 : hex_digit(p[1]);
    int low = high < 0 ? -1 : hex_digit(p[2]);
    return low < 0 ? -1 : high << 4 | low;
}

static enum err decode(struct arena *arena, const char *p, size_t n, const char **ret)
{
    char *out = arena_alloc(arena, n + 1);
    size_t written = 0, length;
    for (size_t i = 0; i < n; i += length) {
        int byte = take_byte(p + i, n - i, &length);
        if (byte < 0)
            return E_INVALID;
        out[written++] = (char)byte;
    }
    *ret = out;
    return text_is_utf8(MEM(out, written)) ? OK : E_INVALID; /* no NUL either */
}

static enum err add(struct arena *arena, const char *piece, size_t n, struct form *form)
{
    struct form_field field;
    const char *equals = memchr(piece, '=', n);
    size_t name = equals ? (size_t)(equals - piece) : n;
    if (form->count == FORM_FIELDS_MAX)
        return E_INVALID;
    TRY(decode(arena, piece, name, &field.name));
    TRY(decode(arena, equals ? equals + 1 : "", equals ? n - name - 1 : 0, &field.value));
    if (form_find(form, field.name))
        return E_INVALID;
    form->fields[form->count++] = field;
    return OK;
}

enum err form_parse(struct arena *arena, struct mem bytes, struct form *ret)
{
    const char *p = bytes.p, *end = p + bytes.n;
    *ret = (struct form){ .fields = arena_array(arena, FORM_FIELDS_MAX, sizeof *ret->fields) };
    while (p < end) {
        const char *stop = memchr(p, '&', (size_t)(end - p));
        if (!stop)
            stop = end;
        if (stop > p)
            TRY(add(arena, p, (size_t)(stop - p), ret));
        p = stop + 1;
    }
    return OK;
}

const char *form_find(const struct form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (text_equal(form->fields[i].name, name))
            return form->fields[i].value;
    return NULL;
}
