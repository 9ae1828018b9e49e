/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All templates, and rendering: see template.h. An embedded template is parsed when it is first
 * rendered: a start reads none, and pages nobody opens take no memory. A test parses them all, so
 * that this cannot fail. With an operator's folder everything is parsed at start, for there is
 * nobody else who could find his mistakes before a page is asked for.
 */
#include "service/template.h"

#include "base/asset.h"
#include "base/log.h"
#include "base/text.h"
#include "service/folder.h"
#include "service/template_parse.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { TEMPLATES_MAX = 512, TEMPLATE_MAX = 256 * 1024, ALL_MAX = 32 << 20 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* arena and list while one is parsed */
static struct arena arena;
static struct template *list; /* by name */
static size_t count;

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct template *)a)->name, ((const struct template *)b)->name);
}

static struct template *find(const char *name)
{
    const struct template wanted = { .name = name };
    return count ? bsearch(&wanted, list, count, sizeof wanted, compare) : NULL;
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

/* Puts a template at t: a place of the list, or its end. */
static enum err put(struct template *t, const char *name, struct mem source)
{
    if (t == list + TEMPLATES_MAX)
        return refuse(name, 0, "too many templates");
    count += t == list + count;
    *t = (struct template){ .name = name, .source = source };
    return OK;
}

static enum err add_embedded(void)
{
    for (size_t i = 0; i < asset_count; i++) {
        const char *path = asset_list[i].path;
        if (text_starts(path, "ui/") && is_template(path + strlen("ui/")))
            TRY(put(list + count, path + strlen("ui/"), asset_list[i].plain));
    }
    return OK;
}

/* One of the same name is replaced. */
static enum err add_override(const char *name, struct mem content, void *ret_any)
{
    struct template *t = list;
    if (!is_template(name))
        return OK;
    *(bool *)ret_any = true;
    while (t < list + count && !text_equal(t->name, name))
        t++;
    return put(t, name, content);
}

/* Parses a template and the parts of it, refusing one that includes itself. Others see it only when
 * it is whole. */
static enum err prepare(struct template *t)
{
    struct template_error error;
    if (t->is_ready)
        return OK;
    if (template_parse(&arena, t, &error) != OK)
        return refuse(t->name, error.line, error.why);
    t->visiting = true;
    for (size_t i = 0; i < t->count; i++) {
        struct node *node = &t->nodes[i];
        if (node->kind != NODE_PART)
            continue;
        struct template *part = find(node->name);
        if (!part || part->visiting)
            return refuse(t->name, node->line,
                          part ? "a part includes itself" : "there is no such part");
        TRY(prepare(part));
        node->part = part;
    }
    t->visiting = false;
    t->is_ready = true;
    return OK;
}

static enum err prepare_all(struct template *first, size_t n)
{
    for (size_t i = 0; i < n; i++)
        TRY(prepare(&first[i]));
    return OK;
}

/* The same, for all or the one: others wait, and memory that is missing is a fault of this one
 * request. */
static enum err prepare_trapped(struct template *first, size_t n)
{
    jmp_buf jump;
    if (ARENA_TRAP(&arena, &jump)) {
        for (size_t i = 0; i < count; i++)
            list[i].visiting = false;
        arena.trap = NULL;
        return E_FAULT;
    }
    enum err e = prepare_all(first, n);
    arena.trap = NULL;
    return e;
}

static enum err prepare_once(struct template *first, size_t n)
{
    pthread_mutex_lock(&lock);
    enum err e = prepare_trapped(first, n);
    pthread_mutex_unlock(&lock);
    return e;
}

enum err template_prepare_all(void)
{
    return prepare_once(list, count);
}

static enum err open_all(const char *dir)
{
    bool any = false;
    TRY(add_embedded());
    if (!text_is_empty(dir)) {
        const struct folder_use use = { add_override, &any };
        TRY(folder_each(&arena, dir, "pages", TEMPLATE_MAX, &use));
        TRY(folder_each(&arena, dir, "mails", TEMPLATE_MAX, &use));
    }
    qsort(list, count, sizeof *list, compare);
    return any ? template_prepare_all() : OK;
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
    struct template *t = find(name);
    if (!t)
        return E_NOT_FOUND;
    if (!atomic_load_explicit(&t->is_ready, memory_order_acquire))
        TRY(prepare_once(t, 1));
    template_write(t, locale, vars, out);
    if (out->overflow)
        return fault("template: %s does not fit in %zu bytes", name, out->max);
    return OK;
}
