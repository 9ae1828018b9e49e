/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the client is behind trusted proxies: the rightmost address in the chain that is not one of
 * them.
 */
#pragma once

#include "base/ip.h"
#include "http/http.h"

#include <stddef.h>

/* Which of the two headers the proxies write. */
enum forwarded_header { FORWARDED_EITHER, FORWARDED_PLAIN, FORWARDED_STANDARD };

struct forwarded_trust {
    const struct ip_range *list; /* the proxies */
    size_t count;
    enum forwarded_header header;
};

/*
 * The client's address: the peer unless the peer is in trusted or came by a unix socket; then
 * X-Forwarded-For, or the for= parameters of Forwarded (RFC 7239), is walked from the right over
 * trusted hops, at most 32. A malformed hop ends the walk at the last good one: never "no address".
 * A proxy writes one of the two headers and passes the other on as a stranger wrote it; so when it
 * is not known which, and both are there and do not agree, neither is believed. Nor is either one
 * of a connection whose PROXY header named nobody: its bytes may be any stranger's.
 */
struct ip forwarded_client(const struct http_request *rq, const struct forwarded_trust *trust);

/*
 * Whether the two are there and do not agree; ret: whom each of them names. One of them is the
 * truth, so what keeps an address out holds for both, and nobody gets past it by adding the other
 * header.
 */
bool forwarded_claims(const struct http_request *rq, const struct forwarded_trust *trust,
                      struct ip ret[2]);
