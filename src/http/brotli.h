/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brotli (RFC 7932) by the library of that name, opened when the first client takes it: one that
 * idles need not carry it, and without it there is gzip (docs/decisions/0053-brotli.md).
 */
#pragma once

#include "base/mem.h"

/* Into memory that the caller frees; NULL when that saves nothing or there is no such library. */
void *brotli_compress(struct mem body, size_t *ret_n);
