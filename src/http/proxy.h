/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PROXY protocol's header, versions 1 and 2 (haproxy.org, "The PROXY protocol", 2020): what a
 * load balancer that passes on bytes writes in front of a connection, TLS included, to say who the
 * client is. It is bounded, read from the socket without taking a byte more than its own, and only
 * from peers that the operator trusts, because whoever may write it may be anybody.
 */
#pragma once

#include "base/ip.h"
#include "base/mem.h"

#include <stdbool.h>

/* A header with more additions than fit is refused. */
enum { PROXY_HEADER_MAX = 2048 };

enum proxy_found { PROXY_MORE, PROXY_MALFORMED, PROXY_WHOLE };

struct proxy_header {
    size_t length;   /* bytes of the connection that are the header's */
    bool has_source; /* else the peer speaks for itself: a health check, or no internet address */
    struct ip source;
};

/* Reads the header that bytes begin with. PROXY_MORE: so far so good. */
enum proxy_found proxy_header_read(struct mem bytes, struct proxy_header *ret);
