/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internet addresses: see ip.h.
 */
#include "base/ip.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF };

bool ip_parse(const char *text, struct ip *ret)
{
    struct ip ip;
    memcpy(ip.bytes, mapped_prefix, sizeof mapped_prefix);
    if (inet_pton(AF_INET, text, ip.bytes + 12) != 1 && inet_pton(AF_INET6, text, ip.bytes) != 1)
        return false;
    *ret = ip;
    return true;
}

bool ip_range_parse(const char *text, struct ip_range *ret)
{
    char address[64];
    struct ip_range range = { .bits = 128 };
    int64_t bits;
    const char *slash = strchr(text, '/');
    size_t n = slash ? (size_t)(slash - text) : strlen(text);
    if (n >= sizeof address)
        return false;
    memcpy(address, text, n);
    address[n] = 0;
    if (!ip_parse(address, &range.ip))
        return false;
    bool dotted = strchr(address, ':') == NULL;
    if (slash && !text_parse_int(slash + 1, 0, dotted ? 32 : 128, &bits))
        return false;
    if (slash)
        range.bits = (int)bits + (dotted ? 96 : 0);
    struct ip network = ip_network(range.ip, range.bits - 96, range.bits);
    if (!ip_equal(network, range.ip))
        return false;
    *ret = range;
    return true;
}

size_t ip_ranges_parse(const char *list, struct ip_range *ret, size_t max)
{
    size_t count = 0;
    while (*list && count < max) {
        char one[64];
        list += strspn(list, ", ");
        size_t n = strcspn(list, ", ");
        if (n && n < sizeof one) {
            memcpy(one, list, n);
            one[n] = 0;
            count += ip_range_parse(one, &ret[count]);
        }
        list += n;
    }
    return count;
}

/* By hand, since every request needs two: inet_ntop goes through printf. */
static void format_v4(const uint8_t *bytes, char *to)
{
    for (int i = 0; i < 4; i++) {
        if (bytes[i] >= 100)
            *to++ = (char)('0' + bytes[i] / 100);
        if (bytes[i] >= 10)
            *to++ = (char)('0' + bytes[i] / 10 % 10);
        *to++ = (char)('0' + bytes[i] % 10);
        *to++ = i < 3 ? '.' : 0;
    }
}

char *ip_format(struct arena *arena, struct ip ip)
{
    char *text = arena_alloc(arena, INET6_ADDRSTRLEN);
    if (ip_is_v4(ip))
        format_v4(ip.bytes + 12, text);
    else
        inet_ntop(AF_INET6, ip.bytes, text, INET6_ADDRSTRLEN);
    return text;
}

bool ip_is_v4(struct ip ip)
{
    return memcmp(ip.bytes, mapped_prefix, sizeof mapped_prefix) == 0;
}

bool ip_is_loopback(struct ip ip)
{
    static const uint8_t one[16] = { [15] = 1 };
    return ip_is_v4(ip) ? ip.bytes[12] == 127 : memcmp(ip.bytes, one, sizeof one) == 0;
}

bool ip_equal(struct ip a, struct ip b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

static struct ip cut(struct ip ip, int bits)
{
    for (int i = 0; i < 16; i++) {
        int keep = bits - 8 * i;
        if (keep <= 0)
            ip.bytes[i] = 0;
        else if (keep < 8)
            ip.bytes[i] &= (uint8_t)(0xFF00 >> keep);
    }
    return ip;
}

bool ip_in_range(struct ip ip, const struct ip_range *range)
{
    return ip_equal(cut(ip, range->bits), range->ip);
}

struct ip ip_network(struct ip ip, int v4_bits, int v6_bits)
{
    return cut(ip, ip_is_v4(ip) ? 96 + v4_bits : v6_bits);
}
