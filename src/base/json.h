/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259), the one reader and the one writer. The reader is strict: duplicate members, bad
 * UTF-8, lone surrogates, U+0000, trailing bytes, numbers out of range are refused; depth and the
 * number of values are bounded. The writer appends to a buf, escapes everything and can only
 * produce well-formed output.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_kind {
    JSON_IS_NULL,
    JSON_IS_FALSE,
    JSON_IS_TRUE,
    JSON_IS_INT,
    JSON_IS_REAL,
    JSON_IS_TEXT,
    JSON_IS_ARRAY,
    JSON_IS_OBJECT
};

enum { JSON_DEPTH_MAX = 16, JSON_VALUES_MAX = 20'000, JSON_MEMBERS_MAX = 1000 };

struct json_value {
    enum json_kind kind;
    const char *key;          /* the member's name inside an object, else NULL */
    const char *text;         /* JSON_IS_TEXT */
    int64_t num;              /* JSON_IS_INT */
    double real;              /* JSON_IS_REAL */
    struct json_value *items; /* JSON_IS_ARRAY and JSON_IS_OBJECT: its children, in order */
    size_t count;
};

/* Parses one value; everything lives in the arena. E_INVALID when malformed or over a bound;
 *ret_why then says why in a few words for the client (may be NULL when nobody asks). */
enum err json_read(struct arena *arena, struct mem bytes, struct json_value *ret,
                   const char **ret_why);

/* A member by name, NULL when absent or when value is not an object. The text of a text member,
 * else NULL. */
const struct json_value *json_find(const struct json_value *object, const char *key);
const char *json_find_text(const struct json_value *object, const char *key);

/* Writer. Keys are NULL inside arrays and for the outermost value. */
struct json_writer {
    struct buf *out;
    uint32_t started; /* bit per depth: a value was written there, so the next needs a comma */
    unsigned depth;
    uint32_t arrays; /* bit per depth: it is an array */
};

void json_write(struct json_writer *j, struct buf *out);
void json_begin_object(struct json_writer *j, const char *key);
void json_begin_array(struct json_writer *j, const char *key);
void json_end(struct json_writer *j); /* closes the innermost object or array */
void json_put_text(struct json_writer *j, const char *key, const char *text); /* NULL writes null */
void json_put_num(struct json_writer *j, const char *key, int64_t num);
void json_put_bool(struct json_writer *j, const char *key, bool value);
void json_put_null(struct json_writer *j, const char *key);
void json_put_time(struct json_writer *j, const char *key,
                   int64_t at); /* RFC 3339; 0 writes null */
void json_put_raw(struct json_writer *j, const char *key, struct mem json_text); /* already JSON */
void json_put_copy(struct json_writer *j, const char *key, const struct json_value *value);
/* An array of the words in a text: "pwd otp" becomes ["pwd","otp"]. */
void json_put_words(struct json_writer *j, const char *key, const char *words);
