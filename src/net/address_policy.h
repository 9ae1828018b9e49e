/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where requests may go. Whoever names an address to us (a webhook, an issuer) must not reach by it
 * what only this machine can reach: the house behind it, the cloud's metadata, ourselves (SSRF-01).
 * What counts is the address a connection is really made to, after the name was looked up; the form
 * of a URL is checked before, so that there is one spelling for each place.
 * docs/decisions/0046-outbound-requests.md.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"

#include <stdbool.h>
#include <sys/socket.h>

enum { ADDRESS_ALLOW_MAX = 32, OUTBOUND_URL_MAX = 2048, HTTPS_PORT = 443 };

struct address_policy {
    struct ip_range allow[ADDRESS_ALLOW_MAX]; /* not public, and allowed all the same */
    size_t allowed;
    const char *own_host; /* our own public name, lower case: nobody has us call ourselves */
    bool any_port;        /* else HTTPS_PORT only */
};

/* Reachable by everybody: no private, shared, loopback, link-local, multicast, reserved or
   documentation address, and no IPv6 address that stands for an IPv4 one (6to4, Teredo, NAT64,
   ISATAP, IPv4-compatible), since that may be any of these. */
bool address_is_public(struct ip ip);

/* Whether a connection to this very address may be made. IPv4 in its IPv6 form never: no resolver
   that is honest gives it. */
bool address_policy_admits(const struct address_policy *policy, const struct sockaddr *to);

struct outbound_url {
    bool is_secure;
    const char *host; /* lower case, without brackets */
    bool is_v6;
    int port;
    const char *target; /* path and query */
};

/*
 * Takes a URL to pieces: https://host[:port][/path][?query]; http:// only to a loopback address
 * that the policy allows, written as an address. E_INVALID: no such URL, with user, fragment, odd
 * characters, a host in a spelling that some read as an address (decimal, octal, hex, short);
 * E_DENIED: a scheme, port or host that may not be called. *ret_why says which, for an operator.
 */
enum err outbound_url_parse(struct arena *arena, const struct address_policy *policy,
                            const char *url, struct outbound_url *ret, const char **ret_why);
