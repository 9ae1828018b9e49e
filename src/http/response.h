/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A response on its way out: the head rendered once, the body where the handler left it.
 */
#pragma once

#include "http/http.h"

enum { HTTP_HEAD_INLINE = 1024 };

struct http_output {
    char *head; /* first, or from malloc */
    size_t head_n;
    struct mem body; /* what follows the head: none for HEAD, 204, 304 or when it joined the head */
    size_t sent;     /* of both together */
    void *packed;    /* from malloc, when body is compressed */
    size_t packed_n;
    const char *coding; /* "gzip", "br" */
    char first[HTTP_HEAD_INLINE];
};

/* Renders the head and picks the body's form. False when there is no memory. */
bool http_output_init(struct http_output *out, const struct http_exchange *x, bool close);

/* Bytes that have not left yet. */
size_t http_output_left(const struct http_output *out);

/* Wipes and frees. */
void http_output_done(struct http_output *out);
