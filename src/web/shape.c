/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shapes: see shape.h. The lines are ours, not a client's: the reader is small and trusts them; a
 * test reads every one of them and compares every answer of every test with what is made of it.
 */
#include "web/shape.h"

#include "base/text.h"
#include "web/member_list.h"
#include "web/route.h"

#include <ctype.h>
#include <string.h>

/* --- members by name --- */

static const struct known_member {
    const char *name, *schema;
} members[] = {
#define SCHEMA(name_, schema_) { #name_, schema_ },
#define WORD(name_) SCHEMA(name_, "{\"type\":\"string\"}")
#define TEXT(name_) SCHEMA(name_, "{\"type\":[\"string\",\"null\"]}")
#define TIME(name_) SCHEMA(name_, "{\"type\":\"string\",\"format\":\"date-time\"}")
#define TIME_OR_NULL(name_) \
    SCHEMA(name_, "{\"type\":[\"string\",\"null\"],\"format\":\"date-time\"}")
#define NUMBER(name_) SCHEMA(name_, "{\"type\":\"integer\"}")
#define NUMBER_OR_NULL(name_) SCHEMA(name_, "{\"type\":[\"integer\",\"null\"]}")
#define FLAG(name_) SCHEMA(name_, "{\"type\":\"boolean\"}")
#define WORDS(name_) SCHEMA(name_, "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}")
#define OBJECT(name_) SCHEMA(name_, "{\"type\":\"object\"}")
    WORD_MEMBERS(WORD) TEXT_MEMBERS(TEXT) TIME_MEMBERS(TIME) TIME_OR_NULL_MEMBERS(TIME_OR_NULL)
        NUMBER_MEMBERS(NUMBER) NUMBER_OR_NULL_MEMBERS(NUMBER_OR_NULL) FLAG_MEMBERS(FLAG)
            WORDS_MEMBERS(WORDS) OBJECT_MEMBERS(OBJECT)
};

static const char *schema_of(struct mem name)
{
    for (size_t i = 0; i < COUNT(members); i++)
        if (mem_equal(name, mem_text(members[i].name)))
            return members[i].schema;
    return NULL;
}

/* --- reading --- */

struct member {
    struct mem name;
    bool is_optional;
    const char *value; /* NULL: by its name */
};

/* Over a text, an object, an array or a word, to what parts it from the next. */
static const char *skip_value(const char *p)
{
    int depth = 0;
    for (bool quoted = false; *p; p++) {
        if (*p == '"')
            quoted = !quoted;
        if (quoted)
            continue;
        if (*p == '{' || *p == '[')
            depth++;
        if (depth == 0 && (*p == ',' || *p == '}' || *p == ']'))
            return p;
        if (*p == '}' || *p == ']')
            depth--;
    }
    return p;
}

/* The next one of an object; *p stands behind its "{" or behind the one before. */
static bool next_member(const char **p, struct member *ret)
{
    while (**p == ',' || **p == '.')
        ++*p;
    if (**p != '"')
        return false;
    const char *name = *p + 1, *end = name + strcspn(name, "\"");
    *ret = (struct member){ .name = MEM(name, (size_t)(end - name)) };
    end += *end == '"';
    ret->is_optional = *end == '?';
    end += ret->is_optional;
    ret->value = *end == ':' ? end + 1 : NULL;
    *p = skip_value(end);
    return true;
}

/* --- writing --- */

static void put_value(struct json_writer *j, const char *key, const char *value);

/* "open|used" is one of these words, "..." any text, "..." or null also none. */
static void put_words(struct json_writer *j, const char *value)
{
    size_t n = strcspn(value, "\"");
    bool is_any = *value == '.', may_be_null = is_any && text_starts(value + n, "\" or null");
    if (may_be_null)
        json_put_raw(j, "type", mem_text("[\"string\",\"null\"]"));
    else
        json_put_text(j, "type", "string");
    if (is_any)
        return;
    json_begin_array(j, "enum");
    for (const char *p = value; p < value + n;) {
        size_t word = strcspn(p, "|\"");
        json_put_text(j, NULL, text_copy(j->out->arena, MEM(p, word)));
        p += word + (p[word] == '|');
    }
    json_end(j);
}

static void put_member(struct json_writer *j, const struct member *m)
{
    const char *name = text_copy(j->out->arena, m->name);
    const char *schema = schema_of(m->name);
    if (m->value)
        put_value(j, name, m->value);
    else
        json_put_raw(j, name, mem_text(schema ? schema : "{}"));
}

static void put_object(struct json_writer *j, const char *shape)
{
    struct member m;
    json_put_text(j, "type", "object");
    if (shape[1] == '.' && shape[4] == '}')
        return;
    json_begin_array(j, "required");
    for (const char *p = shape + 1; next_member(&p, &m);)
        if (!m.is_optional)
            json_put_text(j, NULL, text_copy(j->out->arena, m.name));
    json_end(j);
    json_begin_object(j, "properties");
    for (const char *p = shape + 1; next_member(&p, &m);)
        put_member(j, &m);
    json_end(j);
}

static void put_array(struct json_writer *j, const char *shape)
{
    json_put_text(j, "type", "array");
    if (shape[1] == '{' || shape[1] == '"')
        put_value(j, "items", shape + 1);
}

static void put_value(struct json_writer *j, const char *key, const char *value)
{
    json_begin_object(j, key);
    if (*value == '{')
        put_object(j, value);
    else if (*value == '[')
        put_array(j, value);
    else if (*value == '"')
        put_words(j, value + 1);
    else
        json_put_text(j, "type", isdigit((unsigned char)*value) ? "integer" : "boolean");
    json_end(j);
}

/* --- several shapes, and those of other doors --- */

struct shapes {
    const char *list[8];
    size_t count;
};

static void add(struct shapes *to, const char *what)
{
    for (const char *p = what; *p == '{' && to->count < COUNT(to->list);) {
        to->list[to->count++] = p;
        p = skip_value(p);
        p += text_starts(p, ", or ") ? strlen(", or ") : 0;
    }
}

/* "as login", "as /v1/auth/login", "as reauth". */
static void add_other(struct shapes *to, const char *word)
{
    const char *path = text_starts(word, "reauth") ? "/v1/auth/reauth" : "/v1/auth/login";
    for (size_t i = 0; i < router_count(); i++)
        if (text_equal(router_nth(i)->path, path)) {
            add(to, router_nth(i)->gives[0].what);
            return;
        }
}

bool shape_write(struct json_writer *j, const char *key, const char *what)
{
    struct shapes shapes = { 0 };
    add(&shapes, what);
    for (const char *p = text_starts(what, "as ") ? what : NULL; p; p = strstr(p, "or as ")) {
        p += text_starts(p, "or ") ? strlen("or as ") : strlen("as ");
        add_other(&shapes, p);
    }
    if (shapes.count == 1)
        put_value(j, key, shapes.list[0]);
    if (shapes.count < 2)
        return shapes.count;
    json_begin_object(j, key);
    json_begin_array(j, "anyOf");
    for (size_t i = 0; i < shapes.count; i++)
        put_value(j, NULL, shapes.list[i]);
    json_end(j);
    json_end(j);
    return true;
}
