/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where in an HTML document a template's tag stands. Escaping & < > " ' is right in text and in
 * quoted attributes, and wrong nearly everywhere else: in scripts, styles, event handlers, bare
 * attribute values, tag names. So those places are refused when a template is parsed (case XSS-01),
 * instead of being left to the care of whoever edits a page.
 */
#pragma once

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>

enum html_state {
    HTML_TEXT,
    HTML_LESS,         /* behind '<' */
    HTML_TAG_NAME,     /* in the name of an opening tag */
    HTML_IN_TAG,       /* between attributes */
    HTML_AFTER_WORD,   /* in a tag, where only a space or its end may follow */
    HTML_ATTR_NAME,    /* in an attribute's name */
    HTML_BEFORE_VALUE, /* behind '=' */
    HTML_VALUE,        /* in a quoted attribute value */
    HTML_DECLARATION,  /* <!...> */
    HTML_COMMENT,      /* <!--...--> */
    HTML_RAW,          /* the content of <script> and <style> */
    HTML_CLOSE_TAG     /* </...> */
};

enum { HTML_NAME_MAX = 24 };

struct html {
    enum html_state state;
    char quote;
    char tag[HTML_NAME_MAX], attr[HTML_NAME_MAX]; /* current names, lower case, cut */
    size_t matched;                               /* progress in what ends a comment or HTML_RAW */
    bool begun; /* the attribute's value has literal bytes already */
};

/* What a value may do at this place. */
enum html_place {
    HTML_PLACE_TEXT, /* text, or an attribute without powers */
    HTML_PLACE_URL,  /* where a URL's scheme would stand */
    HTML_PLACE_REFUSED
};

/* Moves on over literal bytes. Gives NULL, or what is wrong with them. */
const char *html_advance(struct html *html, struct mem text);

/* What a value is at this place. */
enum html_place html_place(const struct html *html);

/* A section begins or ends here. The places where it began and ends must agree: false if not. */
void html_section_begin(struct html *html);
bool html_section_end(struct html *html, const struct html *begun);
