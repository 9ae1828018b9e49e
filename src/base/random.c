/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random bytes: see random.h.
 */
#include "base/random.h"

#include "base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void random_bytes(void *out, size_t n)
{
    uint8_t *p = out;
    while (n) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            (void)fault("random: the kernel gave no random bytes (errno %d)", errno);
            abort();
        }
        p += got;
        n -= (size_t)got;
    }
}

uint32_t random_below(uint32_t bound)
{
    uint32_t limit = UINT32_MAX - UINT32_MAX % bound;
    for (;;) {
        uint32_t value;
        random_bytes(&value, sizeof value);
        if (value < limit)
            return value % bound;
    }
}
