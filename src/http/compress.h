/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip for responses. Only bodies that the handler marks: compressing a secret next to a client's
 * text in one body would tell the secret by its length (BREACH).
 */
#pragma once

#include "base/mem.h"

#include <stdbool.h>

/* Whether an Accept-Encoding value (NULL allowed) allows gzip, RFC 9110 12.5.3. */
bool compress_is_accepted(const char *accept_encoding);

/* Gzips a body into memory that the caller frees. Gives NULL when that saves nothing. */
void *compress_gzip(struct mem body, size_t *ret_n);
