/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All templates, and rendering: see template.h. Everything that can be wrong with a template is
 * found by template_open; rendering afterwards only reads, so any number of threads may do it.
 */
#include "service/template.h"

#include "base/asset.h"
#include "base/log.h"
#include "base/text.h"
#include "service/folder.h"
#include "service/template_parse.h"

#include <string.h>

enum { TEMPLATES_MAX = 512, TEMPLATE_MAX = 256 * 1024, ALL_MAX = 32 << 20 };

static struct arena arena;
static struct template *list;
static size_t count;

static struct template *find(const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(list[i].name, name))
            return &list[i];
    return NULL;
}

static enum err refuse(const char *name, int line, const char *why)
{
    LOG(LOG_ERROR, "template.invalid", LOG_TEXT("file", name), LOG_NUM("line", line),
        LOG_TEXT("why", why));
    return E_INVALID;
}

static bool is_template(const char *name)
{
    return (text_starts(name, "pages/") && text_ends(name, ".html")) ||
           (text_starts(name, "mails/") && (text_ends(name, ".html") || text_ends(name, ".txt")));
}

/* Adds a template, or replaces one of the same name. */
static enum err add(const char *name, struct mem source)
{
    struct template *t = find(name);
    struct template_error error;
    if (!t && count == TEMPLATES_MAX)
        return refuse(name, 0, "too many templates");
    if (!t)
        t = &list[count++];
    if (template_parse(&arena, name, source, t, &error) != OK)
        return refuse(name, error.line, error.why);
    return OK;
}

static enum err add_embedded(void)
{
    for (size_t i = 0; i < asset_count; i++) {
        const char *path = asset_list[i].path;
        if (text_starts(path, "ui/") && is_template(path + strlen("ui/")))
            TRY(add(path + strlen("ui/"), asset_list[i].plain));
    }
    return OK;
}

static enum err add_override(const char *name, struct mem content, void *)
{
    return is_template(name) ? add(name, content) : OK;
}

/* Finds the parts of a template and of those, refusing one that includes itself. */
static enum err link_parts(struct template *t)
{
    if (t->linked)
        return OK;
    t->visiting = true;
    for (size_t i = 0; i < t->count; i++) {
        struct node *node = &t->nodes[i];
        if (node->kind != NODE_PART)
            continue;
        struct template *part = find(node->name);
        if (!part || part->visiting)
            return refuse(t->name, node->line,
                          part ? "a part includes itself" : "there is no such part");
        TRY(link_parts(part));
        node->part = part;
    }
    t->visiting = false;
    t->linked = true;
    return OK;
}

static enum err open_all(const char *dir)
{
    TRY(add_embedded());
    if (!text_is_empty(dir)) {
        const struct folder_use use = { add_override, NULL };
        TRY(folder_each(&arena, dir, "pages", TEMPLATE_MAX, &use));
        TRY(folder_each(&arena, dir, "mails", TEMPLATE_MAX, &use));
    }
    for (size_t i = 0; i < count; i++)
        TRY(link_parts(&list[i]));
    return OK;
}

enum err template_open(const char *dir)
{
    template_close();
    arena_init(&arena, ALL_MAX);
    list = arena_array(&arena, TEMPLATES_MAX, sizeof *list);
    enum err e = open_all(dir);
    if (e)
        template_close();
    return e;
}

void template_close(void)
{
    arena_done(&arena);
    list = NULL;
    count = 0;
}

bool template_exists(const char *name)
{
    return find(name) != NULL;
}

enum err template_render(const char *name, const struct locale *locale, const struct vars *vars,
                         struct buf *out)
{
    const struct template *t = find(name);
    if (!t)
        return E_NOT_FOUND;
    template_write(t, locale, vars, out);
    if (out->overflow)
        return fault("template: %s does not fit in %zu bytes", name, out->max);
    return OK;
}
