/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the template engine: parsed templates and values, for template.c, its parser and the
 * fuzzer. A template is a flat list of nodes; a section knows where it ends, so rendering follows
 * no pointers. Whether a place needs escaping or a check is decided here, once, from the HTML
 * around it, not at each rendering and not by whoever writes a page.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "service/template.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum node_kind {
    NODE_TEXT,      /* literal bytes */
    NODE_VALUE,     /* {{name}} in text or in a quoted attribute */
    NODE_URL,       /* {{name}} at the start of href, src, action: its scheme is checked too */
    NODE_RAW,       /* {{{name}}} */
    NODE_SECTION,   /* {{#name}} */
    NODE_INVERTED,  /* {{^name}} */
    NODE_PART,      /* {{> name}} */
    NODE_DATE,      /* {{date name}} */
    NODE_TRANSLATED /* {{t key}} */
};

struct node {
    enum node_kind kind;
    int line;
    const char *name;            /* value, section, key, or the part's full name */
    struct mem text;             /* NODE_TEXT */
    size_t end;                  /* sections: index of the first node behind them */
    const struct template *part; /* NODE_PART, set when all templates are known */
};

struct template
{
    const char *name;     /* "pages/login.html" */
    struct mem source;    /* lives as long as the template */
    atomic_bool is_ready; /* parsed, and its parts too; nothing changes afterwards */
    bool html;            /* values are escaped */
    bool visiting;        /* while parts are linked: finds templates that include themselves */
    struct node *nodes;
    size_t count;
};

enum { SECTION_DEPTH_MAX = 16 };

/* What is wrong with a template, and where. */
struct template_error {
    int line;
    const char *why;
};

/* Parses the source of t, whose name decides whether it is HTML, and the folder of its parts.
 * E_INVALID: see *ret_error. Names of nodes live in the arena, texts in the source. */
enum err template_parse(struct arena *arena, struct template *t, struct template_error *ret_error);

/* Renders a parsed template whose parts are linked. */
void template_write(const struct template *t, const struct locale *locale, const struct vars *vars,
                    struct buf *out);

/* --- values --- */
enum value_kind { VALUE_TEXT, VALUE_FLAG, VALUE_LIST };

struct value {
    const char *name;
    enum value_kind kind;
    const char *text;
    bool flag;
    struct vars *first, *last; /* the list's items */
    struct value *next;
};

struct vars {
    struct arena *arena;
    const struct vars *outer; /* the scope around a list's item */
    struct vars *next;        /* the list's next item */
    struct value *values;
};

/* The value that a name means here, NULL when unknown. name holds n bytes. */
const struct value *vars_find(const struct vars *vars, const char *name, size_t n);
