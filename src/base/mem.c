/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes with a length: see mem.h.
 */
#include "base/mem.h"

#include <stdint.h>
#include <string.h>

struct mem mem_text(const char *text)
{
    return text ? MEM(text, strlen(text)) : MEM_NONE;
}

bool mem_equal(struct mem a, struct mem b)
{
    if (a.n != b.n)
        return false;
    const volatile uint8_t *x = a.p, *y = b.p;
    uint8_t difference = 0;
    for (size_t i = 0; i < a.n; i++)
        difference |= (uint8_t)(x[i] ^ y[i]);
    return difference == 0;
}

void mem_wipe(void *p, size_t n)
{
    if (n)
        explicit_bzero(p, n);
}
