/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the client is behind trusted proxies: the rightmost address in the chain that is not one of
 * them.
 */
#pragma once

#include "base/ip.h"
#include "http/http.h"

#include <stddef.h>

/*
 * The client's address: the peer unless the peer is in trusted or came by a unix socket; then
 * X-Forwarded-For, or the for= parameters of Forwarded (RFC 7239), is walked from the right over
 * trusted hops, at most 32. A malformed hop ends the walk at the last good one: never "no address".
 * A proxy writes one of the two headers and passes the other on as a stranger wrote it; so when
 * both are there and do not agree, neither is believed.
 */
struct ip forwarded_client(const struct http_request *rq, const struct ip_range *trusted,
                           size_t count);

/*
 * Whether the two are there and do not agree; ret: whom each of them names. One of them is the
 * truth, so what keeps an address out holds for both, and nobody gets past it by adding the other
 * header.
 */
bool forwarded_claims(const struct http_request *rq, const struct ip_range *trusted, size_t count,
                      struct ip ret[2]);
