/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PROXY header. Oracles: it is never longer than what came nor than its bound; what follows it
 * changes nothing; a part of a whole one is never malformed, and only the whole one is whole.
 */
#include "http/proxy.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void require(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct proxy_header whole, part;
    enum proxy_found found = proxy_header_read(MEM(p, n), &whole);
    if (found != PROXY_WHOLE) {
        require(!whole.length && !whole.has_source);
        require(found == PROXY_MALFORMED || n < PROXY_HEADER_MAX);
        return 0;
    }
    require(whole.length && whole.length <= n && whole.length <= PROXY_HEADER_MAX);
    require(proxy_header_read(MEM(p, whole.length), &part) == PROXY_WHOLE);
    require(part.length == whole.length && part.has_source == whole.has_source);
    require(ip_equal(part.source, whole.source));
    for (size_t i = 0; i < whole.length; i++)
        require(proxy_header_read(MEM(p, i), &part) == PROXY_MORE);
    return 0;
}
