/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text: const char *, valid UTF-8, no NUL inside, NUL-terminated, length-checked at the edge. Also
 * the text forms of bytes (hex, base64url, base32) and strict numbers. Decoders accept only the
 * canonical form, so that one value has one spelling.
 */
#pragma once

#include "base/arena.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Valid UTF-8 (RFC 3629: shortest form, no surrogates, up to U+10FFFF) without NUL. */
bool text_is_utf8(struct mem bytes);

/* Code points in a valid UTF-8 text. */
size_t text_code_points(const char *text);

/* A NUL-terminated copy in the arena; text_format builds one as printf does. */
char *text_copy(struct arena *arena, struct mem bytes);
char *text_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Exact equality (not for secrets); case-insensitive equality of ASCII; both NULL-safe: NULL equals
 * only NULL. */
bool text_equal(const char *a, const char *b);
bool text_equal_ascii_case(const char *a, const char *b);
bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
bool text_is_empty(const char *text); /* NULL or "" */

/* A copy with A-Z turned to a-z; other bytes unchanged. */
char *text_lower_ascii(struct arena *arena, const char *text);

/* Percent-encoded (RFC 3986 2.3), all but the unreserved characters and those in more (NULL: none).
 */
char *text_percent(struct arena *arena, const char *text, const char *more);

/* Strict decimal: an optional '-', digits, no leading zeros, spaces or plus. False when malformed
 * or out of range. */
bool text_parse_int(const char *text, int64_t min, int64_t max, int64_t *ret);

/* Lower-case hex of bytes. */
char *hex_format(struct arena *arena, struct mem bytes);
bool hex_parse(const char *text, uint8_t *ret, size_t n); /* exactly 2n digits, either case */

/* base64url without padding (RFC 4648 5). Formatting writes to out, which holds base64url_size(n) +
 * 1 bytes. */
size_t base64url_size(size_t bytes);
void base64url_format(struct mem bytes, char *out);
/* Decodes exactly n characters; false on any other character, impossible length or non-zero
   trailing bits. ret holds n * 3 / 4 bytes; *ret_n is how many were written. */
bool base64url_parse(const char *text, size_t n, uint8_t *ret, size_t *ret_n);

/* Standard base64 with padding (RFC 4648 4). */
char *base64_format(struct arena *arena, struct mem bytes);
bool base64_parse(const char *text, size_t n, uint8_t *ret, size_t *ret_n);

/* Levenshtein's distance of the first 64 bytes: how many to add, drop or change. For "did you
 * mean".
 */
size_t text_distance(const char *a, const char *b);
