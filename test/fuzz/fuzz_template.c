/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates: whatever source the parser accepts, a hostile value must not change the markup.
 * Oracle: the same source is rendered with a harmless and with a hostile value; once escaped
 * characters are left out, the markup characters of both outputs must be the same, in the same
 * order.
 */
#include "base/log.h"
#include "base/text.h"
#include "service/template_parse.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vars *fill(struct arena *arena, const char *value)
{
    struct vars *v = vars_new(arena);
    for (int i = 0; i < 26; i++)
        vars_text(v, text_format(arena, "%c", 'a' + i), value);
    vars_flag(v, "y", true);
    vars_flag(v, "z", false);
    vars_text(vars_item(v, "x"), "a", value);
    vars_text(vars_item(v, "x"), "b", value);
    return v;
}

static const char *markup(struct arena *arena, const struct template *t, const char *value)
{
    struct buf out, marks;
    buf_init(&out, arena, 1 << 20);
    buf_init(&marks, arena, 1 << 20);
    template_write(t, locale_find("en"), fill(arena, value), &out);
    if (out.overflow)
        return NULL;
    for (const char *p = out.p; *p; p++)
        if (strchr("<>\"'", *p))
            buf_char(&marks, *p);
    return marks.p;
}

static bool has_raw(const struct template *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->nodes[i].kind == NODE_RAW || t->nodes[i].kind == NODE_PART)
            return true; /* raw may do it; a part is not linked here */
    return false;
}

static void check(struct arena *arena, struct mem source)
{
    struct template t = { .name = "pages/x.html", .source = source };
    struct template_error error;
    if (template_parse(arena, &t, &error) != OK || has_raw(&t))
        return;
    const char *tame = markup(arena, &t, "tame");
    const char *hostile = markup(arena, &t, "\"'><script>&amp;javascript:</script>");
    if (tame && hostile && !text_equal(tame, hostile))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    static bool ready;
    if (!ready) {
        log_set_level("error");
        if (locale_open(NULL) != OK)
            abort();
        ready = true;
    }
    if (size > 2000)
        return 0;
    arena_init(&arena, 64 << 20);
    check(&arena, MEM(data, size));
    arena_done(&arena);
    return 0;
}
