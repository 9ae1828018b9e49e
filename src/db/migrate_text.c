/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of migrations: a small lexer that knows comments, quotes and words, so that exactly the
 * words meant are substituted and statements end where they end. No other difference between the
 * engines is bridged here; migrations keep to the portable subset.
 */
#include "db/migrate.h"

#include "base/buf.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>

enum { SQL_MAX = 1 << 20 };

enum token_kind { TOKEN_END, TOKEN_WORD, TOKEN_QUOTED, TOKEN_BLANK, TOKEN_SIGN };

struct token {
    enum token_kind kind;
    const char *p;
    size_t n;
};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* From p to the end mark, included; to the end of the text when there is none. */
static size_t span_to(const char *p, size_t skip, const char *mark)
{
    const char *end = strstr(p + skip, mark);
    return end ? (size_t)(end - p) + strlen(mark) : strlen(p);
}

static struct token token_at(const char *p)
{
    struct token t = { TOKEN_SIGN, p, 1 };
    if (!*p)
        return (struct token){ TOKEN_END, p, 0 };
    if (strncmp(p, "--", 2) == 0)
        return (struct token){ TOKEN_BLANK, p, span_to(p, 2, "\n") };
    if (strncmp(p, "/*", 2) == 0)
        return (struct token){ TOKEN_BLANK, p, span_to(p, 2, "*/") };
    if (*p == '\'' || *p == '"')
        return (struct token){ TOKEN_QUOTED, p, span_to(p, 1, *p == '"' ? "\"" : "'") };
    if (is_word(*p))
        t.kind = TOKEN_WORD;
    else if (is_blank(*p))
        t.kind = TOKEN_BLANK;
    else
        return t;
    while (t.kind == TOKEN_WORD ? is_word(p[t.n]) : is_blank(p[t.n]))
        t.n++;
    return t;
}

static bool says(struct token t, const char *word)
{
    return t.kind == TOKEN_WORD && t.n == strlen(word) && strncasecmp(t.p, word, t.n) == 0;
}

/* Follows whether the statement is a CREATE TABLE whose last sign is its closing parenthesis. */
struct shape {
    int words;
    bool is_create, is_table;
    char last_sign;
};

static void follow(struct shape *shape, struct token t)
{
    if (t.kind == TOKEN_WORD) {
        shape->words++;
        shape->is_create |= shape->words == 1 && says(t, "CREATE");
        shape->is_table |= shape->words == 2 && shape->is_create && says(t, "TABLE");
    }
    if (t.kind != TOKEN_BLANK)
        shape->last_sign = t.kind == TOKEN_SIGN ? *t.p : 0;
}

const char *migrate_translate(struct arena *arena, const char *sql, const char *engine)
{
    bool is_sqlite = text_equal(engine, "sqlite");
    struct shape shape = { 0 };
    struct buf out;
    buf_init(&out, arena, SQL_MAX);
    for (struct token t = token_at(sql); t.kind != TOKEN_END; t = token_at(t.p + t.n)) {
        bool ends = t.kind == TOKEN_SIGN && *t.p == ';';
        if (ends && is_sqlite && shape.is_table && shape.last_sign == ')')
            buf_text(&out, " STRICT");
        if (is_sqlite && says(t, "BIGINT"))
            buf_text(&out, "INTEGER");
        else if (!is_sqlite && says(t, "BLOB"))
            buf_text(&out, "BYTEA");
        else
            buf_add(&out, t.p, t.n);
        follow(&shape, t);
        if (ends)
            shape = (struct shape){ 0 };
    }
    return out.overflow ? NULL : text_copy(arena, buf_mem(&out));
}

const char *migrate_next(struct arena *arena, const char **cursor)
{
    const char *start = *cursor;
    bool has_word = false;
    for (struct token t = token_at(start); t.kind != TOKEN_END; t = token_at(t.p + t.n)) {
        has_word |= t.kind == TOKEN_WORD;
        if (!has_word)
            continue;
        if (t.kind != TOKEN_SIGN || *t.p != ';')
            continue;
        *cursor = t.p + 1;
        return text_copy(arena, MEM(start, (size_t)(t.p + 1 - start)));
    }
    *cursor = start + strlen(start);
    return has_word ? text_copy(arena, mem_text(start)) : NULL;
}
