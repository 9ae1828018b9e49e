/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internet addresses. IPv4 is held in its IPv4-mapped IPv6 form, so that both spellings of one
 * address are one address everywhere: limits, rules, session binding.
 */
#pragma once

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ip {
    uint8_t bytes[16];
};

/* An address and how many leading bits count (0 to 128, counted in the mapped form for IPv4). */
struct ip_range {
    struct ip ip;
    int bits;
};

/* Parses an IPv4 or IPv6 address, no zone, no port, no brackets. */
bool ip_parse(const char *text, struct ip *ret);

/* Parses "10.0.0.0/8", "2001:db8::/32" or a single address. Bits beyond the prefix must be zero. */
bool ip_range_parse(const char *text, struct ip_range *ret);

/* Parses a list with commas or spaces; gives how many were taken, at most max. What is no range is
   passed over: settings were checked before. */
size_t ip_ranges_parse(const char *list, struct ip_range *ret, size_t max);

/* "192.0.2.1" or "2001:db8::1". */
char *ip_format(struct arena *arena, struct ip ip);

bool ip_is_v4(struct ip ip);
bool ip_is_loopback(struct ip ip);
bool ip_equal(struct ip a, struct ip b);
bool ip_in_range(struct ip ip, const struct ip_range *range);

/* The network an address belongs to: its first v4_bits (of 32) or v6_bits (of 128) bits, the rest
 * zero. */
struct ip ip_network(struct ip ip, int v4_bits, int v6_bits);
