/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes with a length. Compared only in constant time, because any of them may be a secret.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct mem {
    const void *p;
    size_t n;
};

#define MEM(pointer, bytes) ((struct mem){ (pointer), (bytes) })
#define MEM_NONE ((struct mem){ "", 0 })

/* The bytes of a NUL-terminated text, without the NUL; NULL gives no bytes. */
struct mem mem_text(const char *text);

/* Equal length and content; takes the same time wherever the contents differ. */
bool mem_equal(struct mem a, struct mem b);

/* Overwrites n bytes so that the compiler cannot leave it out. */
void mem_wipe(void *p, size_t n);
