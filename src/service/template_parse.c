/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser of templates: see template.h for the language. It is strict: whatever it does not
 * know, an unclosed section or a crossed one, is an error with its line, so that a page never turns
 * up half rendered.
 */
#include "service/template_parse.h"

#include "base/text.h"
#include "service/template_html.h"

#include <string.h>

struct parser {
    struct arena *arena;
    struct template *t;
    const char *start, *p, *end;
    int line;
    struct html html;
    int depth;
    size_t open[SECTION_DEPTH_MAX];           /* node index of each open section */
    struct html html_open[SECTION_DEPTH_MAX]; /* the place where it began */
    const char *why;
};

struct tag {
    char sign; /* 0, '{', '#', '^', '/', '>', '!', 't' for "t ", 'd' for "date " */
    const char *name;
    size_t n;
    const char *begin, *behind; /* "{{" and what follows "}}" */
};

static enum err refuse(struct parser *s, const char *why)
{
    s->why = why;
    return E_INVALID;
}

static struct node *add_node(struct parser *s, enum node_kind kind)
{
    struct node *node = &s->t->nodes[s->t->count++];
    *node = (struct node){ .kind = kind, .line = s->line };
    return node;
}

static void count_lines(struct parser *s, const char *from, const char *to)
{
    for (; from < to; from++)
        s->line += *from == '\n';
}

static enum err add_text(struct parser *s, const char *to)
{
    struct mem text = MEM(s->p, (size_t)(to - s->p));
    if (!text.n)
        return OK;
    const char *why = s->t->html ? html_advance(&s->html, text) : NULL;
    if (why)
        return refuse(s, why);
    add_node(s, NODE_TEXT)->text = text;
    count_lines(s, s->p, to);
    return OK;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* A tag that puts out nothing and is alone on its line takes the whole line with it. */
static void widen(const struct parser *s, struct tag *tag)
{
    const char *from = tag->begin, *to = tag->behind;
    if (!strchr("#^/!>", tag->sign) || !tag->sign)
        return;
    while (from > s->p && is_blank(from[-1]))
        from--;
    while (to < s->end && is_blank(*to))
        to++;
    bool line_begins = from == s->start || from[-1] == '\n';
    if (!line_begins || (to < s->end && *to != '\n'))
        return;
    tag->begin = from;
    tag->behind = to < s->end ? to + 1 : to;
}

static bool is_name(const char *p, size_t n, bool dots)
{
    bool segment = false; /* something stands since the last dot */
    for (size_t i = 0; i < n; i++) {
        bool letter = p[i] >= 'a' && p[i] <= 'z';
        bool other = (p[i] >= '0' && p[i] <= '9') || p[i] == '_';
        if (p[i] == '.' && dots && segment)
            segment = false;
        else if (letter || (other && segment))
            segment = true;
        else
            return false;
    }
    return segment && n < 64;
}

/* Reads the tag at begin, which is "{{". */
static enum err read_tag(struct parser *s, const char *begin, struct tag *ret)
{
    bool raw = s->end - begin > 2 && begin[2] == '{';
    const char *closing = raw ? "}}}" : "}}";
    const char *in = begin + 2;
    const char *close = memmem(in, (size_t)(s->end - in), closing, strlen(closing));
    if (!close)
        return refuse(s, "'{{' without '}}'");
    *ret = (struct tag){ .begin = begin, .behind = close + strlen(closing) };
    if (in < close && strchr("{#^/>!", *in))
        ret->sign = *in++;
    else if (close - in > 2 && strncmp(in, "t ", 2) == 0)
        ret->sign = *in++;
    else if (close - in > 5 && strncmp(in, "date ", 5) == 0) {
        ret->sign = 'd';
        in += strlen("date");
    }
    if (ret->sign == '!')
        return OK;
    while (in < close && *in == ' ')
        in++;
    ret->name = in;
    while (in < close && *in != ' ')
        in++;
    ret->n = (size_t)(in - ret->name);
    while (in < close && *in == ' ')
        in++;
    if (in != close || !is_name(ret->name, ret->n, ret->sign == 't'))
        return refuse(s, "not a tag: a name is a-z, then also 0-9 and _");
    return OK;
}

static enum node_kind choose_kind(const struct tag *tag, enum html_place place)
{
    switch (tag->sign) {
    case '{': return NODE_RAW;
    case 't': return NODE_TRANSLATED;
    case 'd': return NODE_DATE;
    default: return place == HTML_PLACE_URL ? NODE_URL : NODE_VALUE;
    }
}

static enum err add_value(struct parser *s, const struct tag *tag)
{
    enum html_place place = s->t->html ? html_place(&s->html) : HTML_PLACE_TEXT;
    if (tag->sign == '{' && (!s->t->html || s->html.state != HTML_TEXT))
        return refuse(s, "{{{...}}} is only for the text of HTML");
    if (tag->sign == 'd' && s->t->html && s->html.state != HTML_TEXT)
        return refuse(s, "a date is an element, it may stand only in text");
    if (place == HTML_PLACE_REFUSED)
        return refuse(s, "a value may stand only in text or in a quoted, harmless attribute");
    if (place == HTML_PLACE_URL && tag->sign == 't')
        return refuse(s, "a translated text is no URL");
    add_node(s, choose_kind(tag, place))->name = text_copy(s->arena, MEM(tag->name, tag->n));
    return OK;
}

static enum err open_section(struct parser *s, const struct tag *tag)
{
    if (s->depth == SECTION_DEPTH_MAX)
        return refuse(s, "sections too deep");
    s->open[s->depth] = s->t->count;
    html_section_begin(&s->html);
    s->html_open[s->depth++] = s->html;
    struct node *node = add_node(s, tag->sign == '#' ? NODE_SECTION : NODE_INVERTED);
    node->name = text_copy(s->arena, MEM(tag->name, tag->n));
    return OK;
}

static enum err close_section(struct parser *s, const struct tag *tag)
{
    if (!s->depth)
        return refuse(s, "{{/...}} without an open section");
    struct node *node = &s->t->nodes[s->open[--s->depth]];
    if (strlen(node->name) != tag->n || strncmp(node->name, tag->name, tag->n) != 0)
        return refuse(s, "{{/...}} does not name the innermost open section");
    if (s->t->html && !html_section_end(&s->html, &s->html_open[s->depth]))
        return refuse(s, "a section must begin and end at the same place of a tag");
    node->end = s->t->count;
    return OK;
}

/* "layout_top" within "pages/login.html" is "pages/layout_top.html". */
static enum err add_part(struct parser *s, const struct tag *tag)
{
    const char *slash = strrchr(s->t->name, '/');
    int folder = slash ? (int)(slash + 1 - s->t->name) : 0;
    if (s->t->html && s->html.state != HTML_TEXT)
        return refuse(s, "a part may stand only in the text of HTML");
    add_node(s, NODE_PART)->name = text_format(s->arena, "%.*s%.*s.%s", folder, s->t->name,
                                               (int)tag->n, tag->name, s->t->html ? "html" : "txt");
    return OK;
}

static enum err add_tag(struct parser *s, const struct tag *tag)
{
    switch (tag->sign) {
    case '!': return OK;
    case '#':
    case '^': return open_section(s, tag);
    case '/': return close_section(s, tag);
    case '>': return add_part(s, tag);
    default: return add_value(s, tag);
    }
}

static enum err parse(struct parser *s)
{
    for (;;) {
        const char *begin = memmem(s->p, (size_t)(s->end - s->p), "{{", 2);
        struct tag tag;
        if (!begin)
            return add_text(s, s->end);
        int line = s->line;
        count_lines(s, s->p, begin);
        TRY(read_tag(s, begin, &tag));
        s->line = line;
        widen(s, &tag);
        TRY(add_text(s, tag.begin));
        TRY(add_tag(s, &tag));
        count_lines(s, tag.begin, tag.behind);
        s->p = tag.behind;
    }
}

static enum err parse_all(struct parser *s)
{
    TRY(parse(s));
    if (s->depth) {
        const struct node *node = &s->t->nodes[s->open[s->depth - 1]];
        s->line = node->line;
        return refuse(s, "this section is not closed");
    }
    if (s->t->html && s->html.state != HTML_TEXT)
        return refuse(s, "the file ends within a tag, a comment or a script");
    return OK;
}

/* Each tag makes at most itself and the text before it. */
static size_t bound_nodes(struct mem source)
{
    size_t count = 2;
    const char *p = source.p, *end = p + source.n;
    while ((p = memmem(p, (size_t)(end - p), "{{", 2))) {
        count += 2;
        p += 2;
    }
    return count;
}

enum err template_parse(struct arena *arena, struct template *t, struct template_error *ret_error)
{
    const char *start = t->source.p;
    struct parser s = { .arena = arena, .t = t, .start = start, .p = start, .line = 1 };
    s.end = start + t->source.n;
    t->html = text_ends(t->name, ".html");
    t->count = 0;
    t->nodes = arena_array(arena, bound_nodes(t->source), sizeof *t->nodes);
    if (!text_is_utf8(t->source))
        s.why = "not UTF-8";
    enum err e = s.why ? E_INVALID : parse_all(&s);
    *ret_error = (struct template_error){ s.line, s.why };
    return e;
}
