/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip and brotli for responses. Only bodies that the handler marks: compressing a secret next to a
 * client's text in one body would tell the secret by its length (BREACH).
 */
#pragma once

#include "base/mem.h"

enum coding { CODING_GZIP = 1, CODING_BROTLI = 2 };

/* Which of them an Accept-Encoding value (NULL allowed) allows, together, RFC 9110 12.5.3. "*" is
 * taken for gzip, which everybody knows. */
int compress_accepted(const char *accept_encoding);

/* Compresses a body by the best of some codings, into memory that the caller frees. Gives NULL when
 * that saves nothing, else *ret_name for Content-Encoding. */
void *compress_body(int codings, struct mem body, size_t *ret_n, const char **ret_name);
