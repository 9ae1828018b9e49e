/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON: what is read is written as JSON that reads the same; what was accepted held no control
 * character, no bad UTF-8 and no more nesting than allowed.
 */
#include "base/json.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static int depth(const struct json_value *value)
{
    int deepest = 0;
    for (size_t i = 0; i < value->count; i++) {
        int d = depth(&value->items[i]);
        deepest = d > deepest ? d : deepest;
    }
    return deepest + (value->kind == JSON_IS_ARRAY || value->kind == JSON_IS_OBJECT);
}

static void check_texts(const struct json_value *value)
{
    must(value->kind != JSON_IS_TEXT || text_is_utf8(mem_text(value->text)));
    for (size_t i = 0; i < value->count; i++) {
        must((value->items[i].key != NULL) == (value->kind == JSON_IS_OBJECT));
        must(value->kind != JSON_IS_OBJECT ||
             json_find(value, value->items[i].key) == &value->items[i]);
        check_texts(&value->items[i]);
    }
}

static struct mem rewritten(struct arena *arena, struct mem text)
{
    struct json_value value;
    struct json_writer j;
    struct buf out;
    must(json_read(arena, text, &value, NULL) == OK);
    must(depth(&value) <= JSON_DEPTH_MAX);
    check_texts(&value);
    buf_init(&out, arena, 4 << 20);
    json_write(&j, &out);
    json_put_copy(&j, NULL, &value);
    must(!out.overflow && j.depth == 0);
    return buf_mem(&out);
}

static bool has_control(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] < 0x20 && p[i] != '\n' && p[i] != '\r' && p[i] != '\t')
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct json_value value;
    const char *why = NULL;
    arena_init(&arena, 64 << 20);
    enum err e = size > 65'536 ? E_INVALID : json_read(&arena, MEM(data, size), &value, &why);
    must(e == OK || e == E_INVALID);
    if (e == OK) {
        must(!why && text_is_utf8(MEM(data, size)) && !has_control(data, size));

        struct mem once = rewritten(&arena, MEM(data, size));
        must(mem_equal(once, rewritten(&arena, once)));
    }
    arena_done(&arena);
    return 0;
}
