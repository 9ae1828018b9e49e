/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PROXY protocol: see proxy.h, and below the step of a connection that takes the header in. The
 * kernel keeps the bytes until the whole header has arrived, so nothing of it has to be stored, and
 * TLS or HTTP find the rest as if it had never been there.
 */
#include "http/proxy.h"

#include "base/text.h"
#include "http/step.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Section 2.1: the longest line, CR LF included. Section 2.2: the fixed part of version 2. */
enum { LINE_MAX_V1 = 107, FIXED_V2 = 16, V4_BYTES = 12, V6_BYTES = 36 };

static const char first_v1[] = "PROXY ";
static const uint8_t first_v2[12] = { 0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D,
                                      0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A };

/* --- version 1: a line of text --- */

/* The next word, which one space ends; changes the text. NULL: there is none. */
static char *take_word(char **rest)
{
    char *word = *rest;
    if (!word || !*word)
        return NULL;
    *rest = strchr(word, ' ');
    if (*rest)
        *(*rest)++ = 0;
    return *word ? word : NULL;
}

static bool is_port(const char *word)
{
    int64_t port;
    return word && text_parse_int(word, 0, 65'535, &port);
}

static bool parse_address(const char *word, bool is_v6, struct ip *ret)
{
    return word && (strchr(word, ':') != NULL) == is_v6 && ip_parse(word, ret);
}

static bool parse_line(char *line, struct proxy_header *ret)
{
    struct ip target;
    char *rest = line + strlen(first_v1);
    const char *family = take_word(&rest);
    if (text_equal(family, "UNKNOWN"))
        return true; /* whatever follows is to be passed over */
    bool is_v6 = text_equal(family, "TCP6");
    if (!is_v6 && !text_equal(family, "TCP4"))
        return false;
    ret->has_source = parse_address(take_word(&rest), is_v6, &ret->source) &&
                      parse_address(take_word(&rest), is_v6, &target) &&
                      is_port(take_word(&rest)) && is_port(take_word(&rest)) && !rest;
    return ret->has_source;
}

static enum proxy_found read_v1(struct mem bytes, struct proxy_header *ret)
{
    char line[LINE_MAX_V1 + 1];
    size_t n = bytes.n < LINE_MAX_V1 ? bytes.n : LINE_MAX_V1;
    const char *end = memchr(bytes.p, '\n', n);
    if (!end)
        return n == LINE_MAX_V1 ? PROXY_MALFORMED : PROXY_MORE;
    n = (size_t)(end - (const char *)bytes.p);
    if (n == 0 || end[-1] != '\r' || memchr(bytes.p, 0, n))
        return PROXY_MALFORMED;
    memcpy(line, bytes.p, n - 1);
    line[n - 1] = 0;
    ret->length = n + 1;
    return parse_line(line, ret) ? PROXY_WHOLE : PROXY_MALFORMED;
}

/* --- version 2: bytes --- */

static struct ip v4_address(const uint8_t *bytes)
{
    struct ip ip = { { [10] = 0xFF, [11] = 0xFF } };
    memcpy(ip.bytes + 12, bytes, 4);
    return ip;
}

/* What is valid but no TCP over the internet says nothing about the client. */
static bool parse_address_v2(const uint8_t *p, size_t length, struct proxy_header *ret)
{
    bool is_v4 = p[13] == 0x11, is_v6 = p[13] == 0x21;
    if (!is_v4 && !is_v6)
        return true;
    if (length < (is_v4 ? V4_BYTES : V6_BYTES))
        return false;
    if (is_v4)
        ret->source = v4_address(p + FIXED_V2);
    else
        memcpy(ret->source.bytes, p + FIXED_V2, sizeof ret->source.bytes);
    ret->has_source = true;
    return true;
}

/* First version and command (LOCAL: a health check of the proxy's own), then family and transport.
 */
static bool parse_v2(const uint8_t *p, size_t length, struct proxy_header *ret)
{
    if (p[12] == 0x20)
        return true;
    bool is_valid = p[12] == 0x21 && p[13] >> 4 <= 3 && (p[13] & 0x0F) <= 2;
    return is_valid && parse_address_v2(p, length, ret);
}

static enum proxy_found read_v2(struct mem bytes, struct proxy_header *ret)
{
    const uint8_t *p = bytes.p;
    if (bytes.n < FIXED_V2)
        return PROXY_MORE;
    size_t length = (size_t)p[14] << 8 | p[15];
    if (FIXED_V2 + length > PROXY_HEADER_MAX)
        return PROXY_MALFORMED;
    if (bytes.n < FIXED_V2 + length)
        return PROXY_MORE;
    ret->length = FIXED_V2 + length;
    return parse_v2(p, length, ret) ? PROXY_WHOLE : PROXY_MALFORMED;
}

static bool begins_like(struct mem bytes, const void *first, size_t n)
{
    return mem_equal(MEM(bytes.p, bytes.n < n ? bytes.n : n),
                     MEM(first, bytes.n < n ? bytes.n : n));
}

enum proxy_found proxy_header_read(struct mem bytes, struct proxy_header *ret)
{
    *ret = (struct proxy_header){ 0 };
    enum proxy_found found = PROXY_MALFORMED;
    if (begins_like(bytes, first_v1, strlen(first_v1)))
        found = bytes.n < strlen(first_v1) ? PROXY_MORE : read_v1(bytes, ret);
    else if (begins_like(bytes, first_v2, sizeof first_v2))
        found = read_v2(bytes, ret);
    if (found != PROXY_WHOLE)
        *ret = (struct proxy_header){ 0 };
    return found;
}

/* --- the step of a connection --- */

/*
 * The peer is whom the header names; only now is it known whose connection it is. Where it names
 * nobody (sections 2.1 and 2.2: UNKNOWN, LOCAL, no internet address) the peer stays the proxy,
 * which wrote nothing of what follows: the bytes are its own health check or somebody it does not
 * know.
 */
static enum step go_on(struct connection *c, const struct proxy_header *header)
{
    struct http_server *server = c->loop->server;
    c->is_unnamed = !header->has_source;
    if (header->has_source) {
        c->peer = header->source;
        c->is_unix = false;
    }
    c->is_counted = peer_add(server->peers, c->peer, server->options.limits.per_peer);
    if (!c->is_counted)
        return connection_end(c);
    c->at = c->tls ? AT_HANDSHAKE : AT_HEAD;
    if (!c->tls)
        connection_expire_in(c, c->loop->now_ns, connection_limits(c)->idle_time);
    return STEP_ON;
}

/* The socket tells only once that bytes came, also when they were but looked at. */
enum step proxy_receive(struct connection *c)
{
    uint8_t bytes[PROXY_HEADER_MAX];
    struct proxy_header header;
    ssize_t n = recv(c->fd, bytes, sizeof bytes, MSG_PEEK);
    if (n < 0 && errno == EAGAIN)
        return STEP_WAIT;
    if (n <= 0)
        return connection_end(c);
    switch (proxy_header_read(MEM(bytes, (size_t)n), &header)) {
    case PROXY_MORE: return STEP_WAIT;
    case PROXY_MALFORMED:
        loop_note_refused(c->loop, "no PROXY header, or a malformed one");
        return connection_end(c);
    case PROXY_WHOLE: break;
    }
    if (recv(c->fd, bytes, header.length, 0) != (ssize_t)header.length)
        return connection_end(c);
    c->readable = true;
    return go_on(c, &header);
}
