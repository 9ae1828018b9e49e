/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chunked transfer coding (RFC 9112 7.1), read in pieces as they arrive. Extensions are bounded
 * and ignored; trailers are checked, bounded and thrown away, so that nobody smuggles an
 * Authorization or X-Forwarded-For behind the body (HTTP-04).
 */
#pragma once

#include "base/buf.h"
#include "base/mem.h"

struct chunk_reader {
    int state;
    size_t left;     /* of the current chunk */
    unsigned digits; /* of its size */
    size_t extra;    /* bytes of extensions and trailers so far */
};

enum chunk_turn { CHUNK_MORE, CHUNK_END, CHUNK_MALFORMED, CHUNK_TOO_LARGE };

/* Decodes bytes into out, whose maximum is the body's; *ret_used is how many were taken. Starts
 * from a zeroed reader. */
enum chunk_turn chunk_read(struct chunk_reader *r, struct mem bytes, struct buf *out,
                           size_t *ret_used);
