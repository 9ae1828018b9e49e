/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rendering of parsed templates: see template.h. Only reads what was parsed before, so any number
 * of threads may do it at once.
 */
#include "base/clock.h"
#include "base/text.h"
#include "service/plural.h"
#include "service/template_parse.h"
#include "service/zone.h"

#include <string.h>

struct render {
    const struct template *t;
    const struct locale *locale;
    struct buf *out;
};

static const char *entity(char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&#34;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

static void put(struct buf *out, const char *text, size_t n, bool escape)
{
    const char *end = text + n;
    while (escape && text < end) {
        const char *p = text;
        while (p < end && !entity(*p))
            p++;
        buf_add(out, text, (size_t)(p - text));
        if (p < end)
            buf_text(out, entity(*p++));
        text = p;
    }
    buf_add(out, text, (size_t)(end - text));
}

static const char *find_text(const struct vars *vars, const char *name, size_t n)
{
    const struct value *value = vars_find(vars, name, n);
    return value && value->kind == VALUE_TEXT && value->text ? value->text : "";
}

/* No scheme, or one that cannot run anything. A colon behind / ? # belongs to no scheme (RFC 3986
 * 4.2). */
static bool is_safe_url(const char *url)
{
    size_t n = strcspn(url, ":/?#");
    return url[n] != ':' || text_starts(url, "https:") || text_starts(url, "http:") ||
           text_starts(url, "mailto:");
}

/* What a catalogue's text is filled from, and for whom. */
struct filling {
    const struct locale *locale;
    const struct vars *vars;
    bool escape;
};

/* The form that goes with the number, "#" in it being the number: "|# hour|# hours}" is at form. */
static void put_form(struct buf *out, const char *form, const char *number, const struct filling *f)
{
    for (size_t i = plural_form(locale_tag(f->locale), number); i > 0; i--) {
        size_t n = strcspn(form + 1, "|}") + 1;
        if (form[n] == '|')
            form += n;
    }
    form++;
    const char *end = form + strcspn(form, "|}");
    while (form < end) {
        size_t n = strcspn(form, "#|}");
        put(out, form, n, f->escape);
        form += n;
        if (*form != '#')
            break;
        put(out, number, strlen(number), f->escape);
        form++;
    }
}

/* "{name}" or "{name|form|form}" at p: its length when filled in, 0 when it is neither. */
static size_t put_placeholder(struct buf *out, const char *p, const struct filling *f)
{
    size_t n = strspn(p + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
    const char *after = p + 1 + n, *end = *after == '|' ? after + strcspn(after, "{}") : after;
    if (!n || *end != '}')
        return 0;
    const char *value = find_text(f->vars, p + 1, n);
    if (*after == '|')
        put_form(out, after, value, f);
    else
        put(out, value, strlen(value), f->escape);
    return (size_t)(end + 1 - p);
}

/* A catalogue's text with its {names} filled in. */
static void fill(struct buf *out, const char *text, const struct filling *f)
{
    while (*text) {
        size_t plain = strcspn(text, "{");
        put(out, text, plain, f->escape);
        text += plain;
        size_t n = *text ? put_placeholder(out, text, f) : 0;
        text += n;
        if (*text && !n)
            buf_char(out, *text++);
    }
}

enum { DAY_CHARS = sizeof "2026-11-21" - 1 };

/* In the reader's zone, when the value "time_zone" names one: at becomes what clocks show there.
   The zone in words. */
static const char *move_to_zone(const struct render *r, const char *zone, int64_t *at)
{
    int64_t offset;
    if (text_is_empty(zone) || !zone_offset(zone, *at, &offset))
        return "UTC";
    *at += offset;
    char *words = text_format(r->out->arena, "(%s)", zone);
    for (char *p = words; *p; p++)
        if (*p == '_')
            *p = ' ';
    return words;
}

/* "2026-11-21T05:03..." as the catalogue's date.format has it, "2026-11-21" as date.day does;
   anything else stays as it is. */
static const char *format_date(const struct render *r, const struct vars *given, const char *text)
{
    int64_t at;
    struct arena *into = r->out->arena;
    bool is_day = strlen(text) == DAY_CHARS;
    const char *whole = is_day ? text_format(into, "%sT00:00:00Z", text) : text;
    if (strlen(whole) < 17 || !clock_parse(whole, &at) || !text_ends(whole, "Z"))
        return text;
    const char *zone = is_day ? "" : move_to_zone(r, find_text(given, "time_zone", 9), &at);
    const char *shown = clock_format(into, at);
    const char *month = text_format(into, "date.month_%.2s", shown + 5);
    struct vars *vars = vars_new(into);
    vars_text(vars, "year", text_copy(into, MEM(shown, 4)));
    vars_text(vars, "month", locale_text(r->locale, month));
    vars_text(vars, "day",
              text_copy(into, MEM(shown + 8 + (shown[8] == '0'), shown[8] == '0' ? 1 : 2)));
    vars_text(vars, "time", text_copy(into, MEM(shown + 11, 5)));
    vars_text(vars, "zone", zone);
    return template_format(into, r->locale, is_day ? "date.day" : "date.format", vars);
}

static void put_date(const struct render *r, const struct vars *vars, const char *text)
{
    const char *shown = format_date(r, vars, text);
    bool element = r->t->html && shown != text;
    if (element) {
        buf_text(r->out, "<time datetime=\"");
        put(r->out, text, strlen(text), true);
        buf_text(r->out, "\">");
    }
    put(r->out, shown, strlen(shown), r->t->html);
    if (element)
        buf_text(r->out, "</time>");
}

static bool is_set(const struct value *value)
{
    if (!value)
        return false;
    switch (value->kind) {
    case VALUE_TEXT: return !text_is_empty(value->text);
    case VALUE_FLAG: return value->flag;
    case VALUE_LIST: return value->first != NULL;
    }
    return false;
}

static void write_nodes(const struct render *r, size_t from, size_t to, const struct vars *vars);

static void write_section(const struct render *r, size_t at, const struct vars *vars)
{
    const struct node *node = &r->t->nodes[at];
    const struct value *value = vars_find(vars, node->name, strlen(node->name));
    if (node->kind == NODE_INVERTED && !is_set(value))
        write_nodes(r, at + 1, node->end, vars);
    if (node->kind == NODE_INVERTED || !is_set(value))
        return;
    if (value->kind != VALUE_LIST)
        write_nodes(r, at + 1, node->end, vars);
    for (const struct vars *item = value->first; item; item = item->next)
        write_nodes(r, at + 1, node->end, item);
}

static void write_node(const struct render *r, const struct node *node, const struct vars *vars)
{
    const char *text = "";
    if (node->kind == NODE_VALUE || node->kind == NODE_URL || node->kind == NODE_RAW ||
        node->kind == NODE_DATE)
        text = find_text(vars, node->name, strlen(node->name));
    switch (node->kind) {
    case NODE_TEXT: buf_add(r->out, node->text.p, node->text.n); break;
    case NODE_RAW: buf_text(r->out, text); break;
    case NODE_URL: text = is_safe_url(text) ? text : "#"; [[fallthrough]];
    case NODE_VALUE: put(r->out, text, strlen(text), r->t->html); break;
    case NODE_DATE: put_date(r, vars, text); break;
    case NODE_PART: template_write(node->part, r->locale, vars, r->out); break;
    case NODE_TRANSLATED:
        fill(r->out, locale_text(r->locale, node->name),
             &(struct filling){ r->locale, vars, r->t->html });
        break;
    case NODE_SECTION:
    case NODE_INVERTED: break; /* see write_nodes */
    }
}

static void write_nodes(const struct render *r, size_t from, size_t to, const struct vars *vars)
{
    for (size_t at = from; at < to;) {
        const struct node *node = &r->t->nodes[at];
        bool section = node->kind == NODE_SECTION || node->kind == NODE_INVERTED;
        if (section)
            write_section(r, at, vars);
        else
            write_node(r, node, vars);
        at = section ? node->end : at + 1;
    }
}

void template_write(const struct template *t, const struct locale *locale, const struct vars *vars,
                    struct buf *out)
{
    struct render r = { t, locale, out };
    write_nodes(&r, 0, t->count, vars);
}

char *template_format(struct arena *into, const struct locale *locale, const char *key,
                      const struct vars *vars)
{
    enum { FORMAT_MAX = 64 * 1024 };
    struct buf out;
    buf_init(&out, into, FORMAT_MAX);
    fill(&out, locale_text(locale, key), &(struct filling){ locale, vars, false });
    return out.n ? out.p : text_copy(into, MEM_NONE);
}
