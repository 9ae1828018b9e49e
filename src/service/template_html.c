/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The place of a tag within HTML: see template_html.h. A state machine over the tokenizer states of
 * the HTML standard (13.2.5), stricter than browsers: names without quotes around their values,
 * spaces around '=' and stray '<' are refused, so that no guess is needed.
 */
#include "service/template_html.h"

#include "base/text.h"

#include <string.h>

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == ':' || c == '.';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

static void add_name(char *name, char c)
{
    size_t n = strlen(name);
    if (n + 1 < HTML_NAME_MAX)
        name[n] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static const char *less(struct html *html, char c)
{
    html->matched = 0;
    memset(html->tag, 0, sizeof html->tag);
    if (c == '/')
        html->state = HTML_CLOSE_TAG;
    else if (c == '!')
        html->state = HTML_DECLARATION;
    else if (is_letter(c))
        html->state = HTML_TAG_NAME;
    else
        return "'<' that begins no tag, write &lt;";
    add_name(html->tag, html->state == HTML_TAG_NAME ? c : 0);
    return NULL;
}

static void leave_tag(struct html *html)
{
    bool raw = text_equal(html->tag, "script") || text_equal(html->tag, "style");
    html->state = raw ? HTML_RAW : HTML_TEXT;
    html->matched = 0;
}

static const char *in_tag(struct html *html, char c)
{
    bool word = html->state == HTML_TAG_NAME || html->state == HTML_ATTR_NAME;
    if (c == '>') {
        leave_tag(html);
    } else if (is_blank(c) || c == '/') {
        html->state = HTML_IN_TAG;
    } else if (word && is_name(c)) {
        add_name(html->state == HTML_TAG_NAME ? html->tag : html->attr, c);
    } else if (html->state == HTML_ATTR_NAME && c == '=') {
        html->state = HTML_BEFORE_VALUE;
    } else if (html->state == HTML_IN_TAG && is_letter(c)) {
        html->state = HTML_ATTR_NAME;
        memset(html->attr, 0, sizeof html->attr);
        add_name(html->attr, c);
    } else {
        return "unexpected character in a tag";
    }
    return NULL;
}

static const char *before_value(struct html *html, char c)
{
    if (c != '"' && c != '\'')
        return "attribute value without quotes";
    html->state = HTML_VALUE;
    html->quote = c;
    html->begun = false;
    return NULL;
}

static void value(struct html *html, char c)
{
    if (c == html->quote)
        html->state = HTML_IN_TAG;
    else
        html->begun = true;
}

static void declaration(struct html *html, char c)
{
    if (c == '>')
        html->state = HTML_TEXT;
    else if (c == '-' && ++html->matched == 2)
        html->state = HTML_COMMENT;
    else if (c != '-')
        html->matched = 2; /* not a comment */
    if (html->state == HTML_COMMENT)
        html->matched = 0;
}

static void comment(struct html *html, char c)
{
    if (c == '>' && html->matched >= 2)
        html->state = HTML_TEXT;
    html->matched = c == '-' ? html->matched + 1 : 0;
}

/* Looks for "</script" or "</style". */
static void raw(struct html *html, char c)
{
    char lower = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    char wanted = html->matched == 0   ? '<'
                  : html->matched == 1 ? '/'
                                       : html->tag[html->matched - 2];
    if (lower == wanted)
        html->matched++;
    else
        html->matched = c == '<';
    if (html->matched == strlen(html->tag) + 2)
        html->state = HTML_CLOSE_TAG;
}

static const char *step(struct html *html, char c)
{
    switch (html->state) {
    case HTML_TEXT: html->state = c == '<' ? HTML_LESS : HTML_TEXT; return NULL;
    case HTML_LESS: return less(html, c);
    case HTML_TAG_NAME:
    case HTML_IN_TAG:
    case HTML_AFTER_WORD:
    case HTML_ATTR_NAME: return in_tag(html, c);
    case HTML_BEFORE_VALUE: return before_value(html, c);
    case HTML_VALUE: value(html, c); return NULL;
    case HTML_DECLARATION: declaration(html, c); return NULL;
    case HTML_COMMENT: comment(html, c); return NULL;
    case HTML_RAW: raw(html, c); return NULL;
    case HTML_CLOSE_TAG: html->state = c == '>' ? HTML_TEXT : HTML_CLOSE_TAG; return NULL;
    }
    return NULL;
}

const char *html_advance(struct html *html, struct mem text)
{
    const char *p = text.p;
    for (size_t i = 0; i < text.n; i++) {
        const char *why = step(html, p[i]);
        if (why)
            return why;
    }
    return NULL;
}

enum html_place html_place(const struct html *html)
{
    static const char *const urls[] = { "href",       "src",  "action", "formaction",
                                        "poster",     "cite", "data",   "background",
                                        "xlink:href", "ping", "srcset", "manifest" };
    static const char *const powers[] = { "style", "srcdoc", "http-equiv", "integrity" };
    if (html->state == HTML_TEXT)
        return HTML_PLACE_TEXT;
    if (html->state != HTML_VALUE || text_starts(html->attr, "on"))
        return HTML_PLACE_REFUSED;
    for (size_t i = 0; i < COUNT(powers); i++)
        if (text_equal(html->attr, powers[i]))
            return HTML_PLACE_REFUSED;
    for (size_t i = 0; i < COUNT(urls); i++)
        if (text_equal(html->attr, urls[i]))
            return html->begun ? HTML_PLACE_TEXT : HTML_PLACE_URL;
    return HTML_PLACE_TEXT;
}

static bool is_within_tag(enum html_state state)
{
    return state == HTML_TAG_NAME || state == HTML_IN_TAG || state == HTML_AFTER_WORD ||
           state == HTML_ATTR_NAME;
}

void html_section_begin(struct html *html)
{
    if (is_within_tag(html->state))
        html->state = HTML_AFTER_WORD;
}

bool html_section_end(struct html *html, const struct html *begun)
{
    html_section_begin(html);
    if (html->state != begun->state || !text_equal(html->tag, begun->tag))
        return html->state == HTML_TEXT && begun->state == HTML_TEXT;
    if (html->state == HTML_VALUE &&
        (html->quote != begun->quote || !text_equal(html->attr, begun->attr)))
        return false;
    html->begun = html->begun && begun->begun;
    return html->state == HTML_TEXT || html->state == HTML_AFTER_WORD || html->state == HTML_VALUE;
}
