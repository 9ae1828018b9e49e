/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values a template is filled with: see template.h. Scopes are lexical: an item of a list sees
 * its own names, then those of the scope it was made in.
 */
#include "base/text.h"
#include "service/template_parse.h"

#include <string.h>

struct vars *vars_new(struct arena *arena)
{
    struct vars *vars = arena_alloc(arena, sizeof *vars);
    vars->arena = arena;
    return vars;
}

static struct value *find_own(const struct vars *vars, const char *name, size_t n)
{
    for (struct value *value = vars->values; value; value = value->next)
        if (strncmp(value->name, name, n) == 0 && !value->name[n])
            return value;
    return NULL;
}

const struct value *vars_find(const struct vars *vars, const char *name, size_t n)
{
    for (; vars; vars = vars->outer) {
        const struct value *value = find_own(vars, name, n);
        if (value)
            return value;
    }
    return NULL;
}

static struct value *claim(struct vars *vars, const char *name, enum value_kind kind)
{
    struct value *value = find_own(vars, name, strlen(name));
    if (!value) {
        value = arena_alloc(vars->arena, sizeof *value);
        value->next = vars->values;
        vars->values = value;
    }
    if (value->kind != VALUE_LIST || kind != VALUE_LIST)
        *value = (struct value){ .name = name, .kind = kind, .next = value->next };
    return value;
}

void vars_text(struct vars *vars, const char *name, const char *text)
{
    claim(vars, name, VALUE_TEXT)->text = text;
}

void vars_num(struct vars *vars, const char *name, int64_t num)
{
    vars_text(vars, name, text_format(vars->arena, "%lld", (long long)num));
}

void vars_flag(struct vars *vars, const char *name, bool flag)
{
    claim(vars, name, VALUE_FLAG)->flag = flag;
}

struct vars *vars_item(struct vars *vars, const char *list)
{
    struct value *value = claim(vars, list, VALUE_LIST);
    struct vars *item = vars_new(vars->arena);
    item->outer = vars;
    if (value->last)
        value->last->next = item;
    else
        value->first = item;
    value->last = item;
    return item;
}

const char *vars_get(const struct vars *vars, const char *name)
{
    const struct value *value = vars_find(vars, name, strlen(name));
    return value && value->kind == VALUE_TEXT ? value->text : NULL;
}
