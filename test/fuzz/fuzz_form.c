/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forms. Oracle: fields written anew with every byte escaped are the same fields.
 */
#include "base/buf.h"
#include "base/text.h"
#include "http/form.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void escape(struct buf *b, const char *text)
{
    for (; *text; text++)
        buf_format(b, "%%%02x", (unsigned char)*text);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct arena arena;
    struct form form, again;
    struct buf b;
    arena_init(&arena, 16 << 20);
    if (form_parse(&arena, MEM(p, n), &form) == OK) {
        buf_init(&b, &arena, 1 << 20);
        for (size_t i = 0; i < form.count; i++) {
            require(text_is_utf8(mem_text(form.fields[i].name)));
            require(text_is_utf8(mem_text(form.fields[i].value)));
            escape(&b, form.fields[i].name);
            buf_char(&b, '=');
            escape(&b, form.fields[i].value);
            buf_char(&b, '&');
        }
        require(form_parse(&arena, buf_mem(&b), &again) == OK && again.count == form.count);
        for (size_t i = 0; i < form.count; i++)
            require(text_equal(form_find(&again, form.fields[i].name), form.fields[i].value));
    }
    arena_done(&arena);
    return 0;
}
