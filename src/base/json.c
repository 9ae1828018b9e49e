/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON: see json.h. Reading is jansson's; its tree is copied into the arena at once, so that
 * nothing else in the program knows the library.
 */
#include "base/json.h"

#include "base/clock.h"
#include "base/text.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct copier {
    struct arena *arena;
    size_t left; /* values that may still come */
};

static enum err copy_value(struct copier *c, json_t *from, struct json_value *to);

static enum err copy_array(struct copier *c, json_t *from, struct json_value *to)
{
    to->kind = JSON_IS_ARRAY;
    to->count = json_array_size(from);
    if (to->count > c->left)
        return E_TOO_LARGE;
    to->items = arena_array(c->arena, to->count, sizeof *to->items);
    for (size_t i = 0; i < to->count; i++)
        TRY(copy_value(c, json_array_get(from, i), &to->items[i]));
    return OK;
}

static enum err copy_object(struct copier *c, json_t *from, struct json_value *to)
{
    const char *key;
    json_t *member;
    size_t at = 0;
    to->kind = JSON_IS_OBJECT;
    to->count = json_object_size(from);
    if (to->count > JSON_MEMBERS_MAX || to->count > c->left)
        return E_TOO_LARGE;
    to->items = arena_array(c->arena, to->count, sizeof *to->items);
    json_object_foreach (from, key, member) {
        to->items[at].key = text_copy(c->arena, mem_text(key));
        TRY(copy_value(c, member, &to->items[at++]));
    }
    return OK;
}

static enum err copy_value(struct copier *c, json_t *from, struct json_value *to)
{
    if (c->left-- == 0)
        return E_TOO_LARGE;
    switch (json_typeof(from)) {
    case JSON_OBJECT: return copy_object(c, from, to);
    case JSON_ARRAY: return copy_array(c, from, to);
    case JSON_STRING:
        to->kind = JSON_IS_TEXT;
        to->text = text_copy(c->arena, MEM(json_string_value(from), json_string_length(from)));
        return OK;
    case JSON_INTEGER:
        to->kind = JSON_IS_INT;
        to->num = json_integer_value(from);
        return OK;
    case JSON_REAL:
        to->kind = JSON_IS_REAL;
        to->real = json_real_value(from);
        return OK;
    case JSON_TRUE: to->kind = JSON_IS_TRUE; return OK;
    case JSON_FALSE: to->kind = JSON_IS_FALSE; return OK;
    case JSON_NULL: to->kind = JSON_IS_NULL; return OK;
    }
    return fault("json: a value of unknown kind");
}

/* The library's tree is released also when the arena is full in the middle of it. */
static enum err copy_and_release(struct arena *arena, json_t *root, struct json_value *ret)
{
    struct copier copier = { arena, JSON_VALUES_MAX };
    jmp_buf *outer = arena->trap, mine;
    if (outer && ARENA_TRAP(arena, &mine)) {
        json_decref(root);
        arena->trap = outer;
        arena_give_up(arena);
    }
    enum err e = copy_value(&copier, root, ret);
    arena->trap = outer;
    json_decref(root);
    return e;
}

/* Bounds nesting before the library recurses into it. Brackets inside texts do not count. */
static bool is_too_deep(struct mem bytes)
{
    const char *p = bytes.p;
    int depth = 0;
    bool inside = false;
    for (size_t i = 0; i < bytes.n; i++) {
        if (inside && p[i] == '\\')
            i++;
        else if (p[i] == '"')
            inside = !inside;
        else if (!inside && (p[i] == '{' || p[i] == '['))
            depth++;
        else if (!inside && (p[i] == '}' || p[i] == ']'))
            depth--;
        if (depth > JSON_DEPTH_MAX)
            return true;
    }
    return false;
}

static enum err refuse_json(const char **ret_why, enum err e, const char *why)
{
    if (ret_why)
        *ret_why = why;
    return e;
}

enum err json_read(struct arena *arena, struct mem bytes, struct json_value *ret,
                   const char **ret_why)
{
    json_error_t error;
    /* The library skips a NUL after a number: "[1\0,2]" would read as [1,2]. */
    if (bytes.n && memchr(bytes.p, 0, bytes.n))
        return refuse_json(ret_why, E_INVALID, "a NUL byte");
    if (is_too_deep(bytes))
        return refuse_json(ret_why, E_INVALID, "nested too deeply");
    json_t *root = json_loadb(bytes.p, bytes.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!root && json_error_code(&error) == json_error_out_of_memory)
        return fault("json: out of memory");
    if (!root)
        return refuse_json(ret_why, E_INVALID,
                           strstr(error.text, "\\u0000")
                               ? "a text holds \\u0000, which nothing here may"
                               : text_copy(arena, mem_text(error.text)));

    *ret = (struct json_value){ 0 };
    enum err e = copy_and_release(arena, root, ret);
    if (e == E_TOO_LARGE)
        return refuse_json(ret_why, E_INVALID, "too many values");
    return e;
}

const struct json_value *json_find(const struct json_value *object, const char *key)
{
    if (!object || object->kind != JSON_IS_OBJECT)
        return NULL;
    for (size_t i = 0; i < object->count; i++)
        if (strcmp(object->items[i].key, key) == 0)
            return &object->items[i];
    return NULL;
}

const char *json_find_text(const struct json_value *object, const char *key)
{
    const struct json_value *value = json_find(object, key);
    return value && value->kind == JSON_IS_TEXT ? value->text : NULL;
}

void json_write(struct json_writer *j, struct buf *out)
{
    *j = (struct json_writer){ .out = out };
}

/* RFC 8259 7. '<' and '/' need no escape: answers are never embedded in HTML. */
static size_t count_plain(const char *text)
{
    static const bool is_special[256] = { [0 ... 0x1F] = true, ['"'] = true, ['\\'] = true };
    size_t n = 0;
    while (!is_special[(unsigned char)text[n]])
        n++;
    return n;
}

static void put_escaped(struct buf *out, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    if (c >= 0x20)
        buf_add(out, (char[]){ '\\', (char)c }, 2);
    else
        buf_add(out, (char[]){ '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] }, 6);
}

static void put_quoted(struct buf *out, const char *text)
{
    buf_char(out, '"');
    for (;;) {
        size_t n = count_plain(text);
        buf_add(out, text, n);
        text += n;
        if (!*text)
            break;
        put_escaped(out, (unsigned char)*text++);
    }
    buf_char(out, '"');
}

static void put_key(struct json_writer *j, const char *key)
{
    if (j->started & 1U << j->depth)
        buf_char(j->out, ',');
    j->started |= 1U << j->depth;
    if (!key)
        return;
    put_quoted(j->out, key);
    buf_char(j->out, ':');
}

static void open_level(struct json_writer *j, const char *key, bool array)
{
    put_key(j, key);
    buf_char(j->out, array ? '[' : '{');
    j->depth++;
    j->started &= ~(1U << j->depth);
    j->arrays = array ? j->arrays | 1U << j->depth : j->arrays & ~(1U << j->depth);
}

void json_begin_object(struct json_writer *j, const char *key)
{
    open_level(j, key, false);
}

void json_begin_array(struct json_writer *j, const char *key)
{
    open_level(j, key, true);
}

void json_end(struct json_writer *j)
{
    buf_char(j->out, j->arrays & 1U << j->depth ? ']' : '}');
    j->depth--;
}

void json_put_text(struct json_writer *j, const char *key, const char *text)
{
    put_key(j, key);
    if (text)
        put_quoted(j->out, text);
    else
        buf_text(j->out, "null");
}

void json_put_num(struct json_writer *j, const char *key, int64_t num)
{
    put_key(j, key);
    buf_num(j->out, num);
}

void json_put_bool(struct json_writer *j, const char *key, bool value)
{
    put_key(j, key);
    buf_text(j->out, value ? "true" : "false");
}

void json_put_null(struct json_writer *j, const char *key)
{
    json_put_text(j, key, NULL);
}

void json_put_time(struct json_writer *j, const char *key, int64_t at)
{
    json_put_text(j, key, at ? clock_format(j->out->arena, at) : NULL);
}

void json_put_raw(struct json_writer *j, const char *key, struct mem json_text)
{
    put_key(j, key);
    buf_add(j->out, json_text.p, json_text.n);
}

static void put_level(struct json_writer *j, const char *key, const struct json_value *value)
{
    open_level(j, key, value->kind == JSON_IS_ARRAY);
    for (size_t i = 0; i < value->count; i++)
        json_put_copy(j, value->items[i].key, &value->items[i]);
    json_end(j);
}

/* A real stays one: without a point or an exponent it would be read back as an integer. */
static void put_real(struct json_writer *j, const char *key, double real)
{
    char text[40];
    (void)snprintf(text, sizeof text, "%.17g", real);
    put_key(j, key);
    buf_text(j->out, text);
    if (!strpbrk(text, ".e"))
        buf_text(j->out, ".0");
}

void json_put_copy(struct json_writer *j, const char *key, const struct json_value *value)
{
    switch (value->kind) {
    case JSON_IS_NULL: json_put_null(j, key); break;
    case JSON_IS_FALSE: json_put_bool(j, key, false); break;
    case JSON_IS_TRUE: json_put_bool(j, key, true); break;
    case JSON_IS_INT: json_put_num(j, key, value->num); break;
    case JSON_IS_REAL: put_real(j, key, value->real); break;
    case JSON_IS_TEXT: json_put_text(j, key, value->text); break;
    case JSON_IS_ARRAY:
    case JSON_IS_OBJECT: put_level(j, key, value); break;
    }
}

void json_put_words(struct json_writer *j, const char *key, const char *words)
{
    json_begin_array(j, key);
    for (words += strspn(words, " "); *words; words += strspn(words, " ")) {
        size_t n = strcspn(words, " ");
        json_put_text(j, NULL, text_copy(j->out->arena, MEM(words, n)));
        words += n;
    }
    json_end(j);
}
