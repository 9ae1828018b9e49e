/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunked bodies: see chunk.h. One function for each place where a byte can be.
 */
#include "http/chunk.h"

#include "base/text.h"
#include "http/parse.h"

enum { SIZE_DIGITS = 8, EXTENSION_MAX = 256, EXTRA_MAX = 4096 };

enum state {
    AT_SIZE, /* zero: a fresh reader is here */
    AT_EXTENSION,
    AT_SIZE_LF,
    AT_DATA,
    AT_DATA_CR,
    AT_DATA_LF,
    AT_TRAILER,
    AT_TRAILER_NAME,
    AT_TRAILER_VALUE,
    AT_TRAILER_LF,
    AT_LAST_LF,
    AT_END,
    BAD,
};

static int after_size(struct chunk_reader *r, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    const char *digit = c ? strchr(hex, c >= 'A' && c <= 'F' ? c | 0x20 : c) : NULL;
    if (digit && r->digits < SIZE_DIGITS) {
        r->left = r->left << 4 | (size_t)(digit - hex);
        r->digits++;
        return AT_SIZE;
    }
    if (digit || r->digits == 0)
        return BAD;
    return c == '\r' ? AT_SIZE_LF : c == ';' ? AT_EXTENSION : BAD;
}

static bool is_visible(unsigned char c)
{
    return c == '\t' || (c >= ' ' && c != 0x7F);
}

static int after_extension(struct chunk_reader *r, unsigned char c)
{
    if (c == '\r')
        return AT_SIZE_LF;
    return is_visible(c) && ++r->extra <= EXTENSION_MAX ? AT_EXTENSION : BAD;
}

static int after_size_lf(struct chunk_reader *r, unsigned char c)
{
    r->digits = 0;
    if (c != '\n')
        return BAD;
    return r->left ? AT_DATA : AT_TRAILER;
}

static int after_data_cr(struct chunk_reader *, unsigned char c)
{
    return c == '\r' ? AT_DATA_LF : BAD;
}

static int after_data_lf(struct chunk_reader *, unsigned char c)
{
    return c == '\n' ? AT_SIZE : BAD;
}

static int after_trailer(struct chunk_reader *r, unsigned char c)
{
    if (c == '\r')
        return AT_LAST_LF;
    return http_is_token(c) && ++r->extra <= EXTRA_MAX ? AT_TRAILER_NAME : BAD;
}

static int after_trailer_name(struct chunk_reader *r, unsigned char c)
{
    if (++r->extra > EXTRA_MAX)
        return BAD;
    return c == ':' ? AT_TRAILER_VALUE : http_is_token(c) ? AT_TRAILER_NAME : BAD;
}

static int after_trailer_value(struct chunk_reader *r, unsigned char c)
{
    if (c == '\r')
        return AT_TRAILER_LF;
    return is_visible(c) && ++r->extra <= EXTRA_MAX ? AT_TRAILER_VALUE : BAD;
}

static int after_trailer_lf(struct chunk_reader *, unsigned char c)
{
    return c == '\n' ? AT_TRAILER : BAD;
}

static int after_last_lf(struct chunk_reader *, unsigned char c)
{
    return c == '\n' ? AT_END : BAD;
}

static int (*const next[])(struct chunk_reader *r, unsigned char c) = {
    [AT_SIZE] = after_size,
    [AT_EXTENSION] = after_extension,
    [AT_SIZE_LF] = after_size_lf,
    [AT_DATA_CR] = after_data_cr,
    [AT_DATA_LF] = after_data_lf,
    [AT_TRAILER] = after_trailer,
    [AT_TRAILER_NAME] = after_trailer_name,
    [AT_TRAILER_VALUE] = after_trailer_value,
    [AT_TRAILER_LF] = after_trailer_lf,
    [AT_LAST_LF] = after_last_lf,
};

static size_t take_data(struct chunk_reader *r, const unsigned char *p, size_t n, struct buf *out)
{
    size_t taken = n < r->left ? n : r->left;
    buf_add(out, p, taken);
    r->left -= taken;
    if (r->left == 0)
        r->state = AT_DATA_CR;
    return taken;
}

enum chunk_turn chunk_read(struct chunk_reader *r, struct mem bytes, struct buf *out,
                           size_t *ret_used)
{
    const unsigned char *p = bytes.p;
    size_t at = 0;
    while (at < bytes.n && r->state != AT_END && r->state != BAD) {
        if (r->state == AT_DATA)
            at += take_data(r, p + at, bytes.n - at, out);
        else
            r->state = next[r->state](r, p[at++]);
        if (r->left > out->max - out->n)
            return CHUNK_TOO_LARGE; /* known from the size alone */
    }
    *ret_used = at;
    return r->state == AT_END ? CHUNK_END : r->state == BAD ? CHUNK_MALFORMED : CHUNK_MORE;
}
