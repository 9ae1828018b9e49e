/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PROXY protocol: what is a header, and connections with and without one.
 */
#include "live.h"

#include "base/clock.h"
#include "http/proxy.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a.example\r\n\r\n"
#define FIRST "\x0D\x0A\x0D\x0A\x00\x0D\x0A\x51\x55\x49\x54\x0A"

/* What a header says: the source, "-" for none, "more" or "malformed". */
static const char *said(struct mem bytes, size_t *ret_length)
{
    struct proxy_header header;
    switch (proxy_header_read(bytes, &header)) {
    case PROXY_MORE: return "more";
    case PROXY_MALFORMED: return "malformed";
    case PROXY_WHOLE: break;
    }
    *ret_length = header.length;
    return header.has_source ? ip_format(test_arena(), header.source) : "-";
}

TEST(a_line_names_the_client)
{
    static const struct {
        const char *line, *said;
    } rows[] = {
        { "PROXY TCP4 192.0.2.1 10.0.0.1 56324 443\r\n", "192.0.2.1" },
        { "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255" },
        { "PROXY TCP6 2001:db8::7 ::1 1 2\r\n", "2001:db8::7" },
        { "PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", "192.0.2.1" },
        { "PROXY UNKNOWN\r\n", "-" },
        { "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", "-" },
        { "PROXY TCP4 192.0.2.1 10.0.0.1 56324 443\n", "malformed" },
        { "PROXY TCP4 192.0.2.1 10.0.0.1 56324\r\n", "malformed" },
        { "PROXY TCP4 192.0.2.1 10.0.0.1 56324 443 1\r\n", "malformed" },
        { "PROXY TCP4 192.0.2.1 10.0.0.1 56324 443 \r\n", "malformed" },
        { "PROXY TCP4  192.0.2.1 10.0.0.1 56324 443\r\n", "malformed" },
        { "PROXY TCP4 192.0.2.1 10.0.0.1 56324 65536\r\n", "malformed" },
        { "PROXY TCP4 192.0.2.1 10.0.0.1 -1 443\r\n", "malformed" },
        { "PROXY TCP4 192.0.2.1 10.0.0.1 0443 443\r\n", "malformed" },
        { "PROXY TCP4 192.0.2.1 x 56324 443\r\n", "malformed" },
        { "PROXY TCP4 2001:db8::7 ::1 1 2\r\n", "malformed" },
        { "PROXY TCP6 192.0.2.1 10.0.0.1 1 2\r\n", "malformed" },
        { "PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", "malformed" },
        { "PROXY TCP5 192.0.2.1 10.0.0.1 1 2\r\n", "malformed" },
        { "PROXY \r\n", "malformed" },
        { "PROXY\r\n", "malformed" },
        { "proxy TCP4 192.0.2.1 10.0.0.1 1 2\r\n", "malformed" },
        { "GET / HTTP/1.1\r\n\r\n", "malformed" },
        { "\x16\x03\x01", "malformed" }, /* TLS without a header */
        { "", "more" },
        { "P", "more" },
        { "PROXY", "more" },
        { "PROXY TCP4 192.0.2.1 10.0.0.1 56324 443\r", "more" },
        { "\r", "more" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t n = 0;
        CHECK_TEXT(said(mem_text(rows[i].line), &n), rows[i].said);
        CHECK(!n || n == strlen(rows[i].line));
    }
    char zero[] = "PROXY TCP4 192.0.2.1 10.0.0.1 56324 443\0\r\n";
    size_t n;
    CHECK_TEXT(said(MEM(zero, sizeof zero - 1), &n), "malformed");
}

TEST(a_line_is_bounded)
{
    char line[200];
    size_t n = 0;
    memset(line, 'x', sizeof line);
    memcpy(line, "PROXY UNKNOWN ", 14);
    CHECK_TEXT(said(MEM(line, 106), &n), "more");
    CHECK_TEXT(said(MEM(line, 107), &n), "malformed");
    memcpy(line + 105, "\r\n", 2);
    CHECK_TEXT(said(MEM(line, sizeof line), &n), "-");
    CHECK_NUM(n, 107);
}

static struct mem binary(const char *rest, size_t n, size_t more)
{
    char *bytes = arena_alloc(test_arena(), 12 + n + more);
    memcpy(bytes, FIRST, 12);
    memcpy(bytes + 12, rest, n);
    return MEM(bytes, 12 + n + more);
}
#define BINARY(rest) binary(rest, sizeof rest - 1, 0)
#define SOME_V4 "\xC0\x00\x02\x01\x0A\x00\x00\x01\xDC\x04\x01\xBB"
#define SOME_V6 \
    "\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\x01\0\x02"

TEST(a_binary_header_names_the_client)
{
    const struct {
        struct mem bytes;
        const char *said;
    } rows[] = {
        { BINARY("\x21\x11\x00\x0C" SOME_V4), "192.0.2.1" },
        { BINARY("\x21\x11\x00\x10" SOME_V4 "\x04\x00\x01\x00"), "192.0.2.1" }, /* an addition */
        { BINARY("\x21\x21\x00\x24" SOME_V6), "2001:db8::7" },
        { BINARY("\x20\x00\x00\x00"), "-" },                 /* a health check of the balancer's */
        { BINARY("\x20\x11\x00\x0C" SOME_V4), "-" },         /* likewise */
        { BINARY("\x21\x00\x00\x00"), "-" },                 /* unspecified */
        { BINARY("\x21\x12\x00\x0C" SOME_V4), "-" },         /* datagrams: valid, but not this */
        { BINARY("\x21\x11\x00\x0B" SOME_V4), "malformed" }, /* too short for its family */
        { BINARY("\x21\x21\x00\x0C" SOME_V4), "malformed" },
        { BINARY("\x21\x21\x00\x00"), "malformed" },
        { BINARY("\x11\x11\x00\x0C" SOME_V4), "malformed" }, /* another version */
        { BINARY("\x22\x11\x00\x0C" SOME_V4), "malformed" }, /* no such command */
        { BINARY("\x21\x13\x00\x0C" SOME_V4), "malformed" }, /* no such transport */
        { BINARY("\x21\x41\x00\x0C" SOME_V4), "malformed" }, /* no such family */
        { BINARY("\x21\x11\xFF\xFF" SOME_V4), "malformed" }, /* too much */
        { BINARY("\x21\x11\x00\x0D" SOME_V4), "more" },
        { BINARY("\x21\x11\x00"), "more" },
        { BINARY(""), "more" },
        { MEM(FIRST, 5), "more" },
        { MEM("\x0D\x0A\x0D\x0A\x00\x0D\x0A\x51\x55\x49\x54\x0B", 12), "malformed" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t n = 0;
        CHECK_TEXT(said(rows[i].bytes, &n), rows[i].said);
        CHECK(!n || n == rows[i].bytes.n);
    }
    size_t n = 0;
    CHECK_TEXT(said(binary("\x21\x11\x07\xF0" SOME_V4, 4 + 12, 2048 - 28), &n), "192.0.2.1");
    CHECK_NUM(n, PROXY_HEADER_MAX);
    CHECK_TEXT(said(binary("\x21\x11\x07\xF1" SOME_V4, 4 + 12, 2048 - 27), &n), "malformed");
}

/* --- connections --- */

static bool anybody(struct ip)
{
    return true;
}

static bool nobody(struct ip)
{
    return false;
}

static enum http_turn answer_peer(struct http_exchange *x, void *)
{
    const char *peer = text_format(&x->arena, "%s%s", ip_format(&x->arena, x->request.peer),
                                   x->request.is_unix      ? " unix"
                                   : x->request.is_unnamed ? " unnamed"
                                                           : "");
    x->response = (struct http_response){ .status = 200,
                                          .content_type = "text/plain",
                                          .body = mem_text(peer) };
    return HTTP_ANSWERED;
}

static bool start(struct live *live, bool (*trusts)(struct ip))
{
    return live_start(live, (struct http_server_options){ .trusts_proxy = trusts,
                                                          .handler = answer_peer,
                                                          .limits.header_time = 200,
                                                          .limits.per_peer = 2 });
}

static const char *body_text(const struct live_response *r)
{
    return r->status ? text_copy(test_arena(), r->body) : "closed";
}

TEST(RATE_01_a_header_says_who_the_peer_is)
{
    struct live live;
    REQUIRE(start(&live, anybody));
    int fd = live_connect(&live);
    struct live_response r = live_ask(fd, "PROXY TCP4 192.0.2.1 10.0.0.1 1 2\r\n" GET("/"));
    CHECK_TEXT(body_text(&r), "192.0.2.1");
    r = live_ask(fd, GET("/again")); /* once for the connection */
    CHECK_TEXT(body_text(&r), "192.0.2.1");
    close(fd);
    fd = live_connect(&live);
    struct mem header = BINARY("\x21\x21\x00\x24" SOME_V6);
    (void)send(fd, header.p, header.n, MSG_NOSIGNAL);
    r = live_ask(fd, GET("/"));
    CHECK_TEXT(body_text(&r), "2001:db8::7");
    close(fd);
    live_stop(&live);
}

/* The proxy-protocol's sections 2.1 and 2.2: a health check, or a connection of another kind. */
TEST(RATE_01_a_header_may_name_nobody)
{
    const struct mem rows[] = {
        mem_text("PROXY UNKNOWN\r\n"),      mem_text("PROXY UNKNOWN 192.0.2.1 10.0.0.1 1 2\r\n"),
        BINARY("\x20\x11\x00\x0C" SOME_V4), BINARY("\x21\x00\x00\x00"),
        BINARY("\x21\x12\x00\x0C" SOME_V4),
    };
    struct live live;
    REQUIRE(start(&live, anybody));
    for (size_t i = 0; i < COUNT(rows); i++) {
        int fd = live_connect(&live);
        (void)send(fd, rows[i].p, rows[i].n, MSG_NOSIGNAL);
        struct live_response r = live_ask(fd, GET("/"));
        CHECK_TEXT(body_text(&r), "127.0.0.1 unnamed");
        close(fd);
    }
    live_stop(&live);
}

TEST(a_header_may_come_byte_by_byte)
{
    struct live live;
    REQUIRE(start(&live, anybody));
    int fd = live_connect(&live);
    for (const char *p = "PROXY TCP6 2001:db8::7 ::1 1 2\r\n"; *p; p++) {
        (void)send(fd, p, 1, MSG_NOSIGNAL);
        (void)usleep(1000);
    }
    struct live_response r = live_ask(fd, GET("/"));
    CHECK_TEXT(body_text(&r), "2001:db8::7");
    close(fd);
    live_stop(&live);
}

TEST(RATE_01_without_a_header_the_connection_ends)
{
    static const char *const firsts[] = { GET("/"), "PROXY TCP4 x y 1 2\r\n" GET("/"), "\r\n",
                                          "\x16\x03\x01\x02",
                                          "PROXY TCP4 192.0.2.1 10.0.0.1 1 99999\r\n" GET("/") };
    struct live live;
    REQUIRE(start(&live, anybody));
    for (size_t i = 0; i < COUNT(firsts); i++) {
        int fd = live_connect(&live);
        live_send(fd, firsts[i]);
        if (!text_equal(firsts[i], "\r\n")) /* that may still become one */
            CHECK(live_wait_closed_ms(fd) < 150);
        close(fd);
    }
    int fd = live_connect(&live); /* nothing, or half of one: for header_time only */
    int half = live_connect(&live);
    live_send(half, "PROXY TCP4 192.0.2.1");
    int spent = live_wait_closed_ms(fd);
    CHECK(spent >= 100 && spent < 1000);
    CHECK(live_wait_closed_ms(half) < 300);
    close(fd);
    close(half);
    live_stop(&live);
}

TEST(RATE_01_a_strangers_header_is_not_read)
{
    struct live live;
    struct http_figures figures;
    REQUIRE(start(&live, nobody));
    int fd = live_connect(&live);
    live_send(fd, "PROXY TCP4 192.0.2.1 10.0.0.1 1 2\r\n" GET("/"));
    struct live_response r = live_read(fd);
    CHECK_NUM(r.status, 0);
    http_server_figures(live.server, &figures);
    CHECK_NUM(figures.requests, 0);
    CHECK_NUM(figures.refused, 1);
    close(fd);
    live_stop(&live);
}

/* The limit of connections counts clients, not the proxy that brings them. */
TEST(DOS_06_connections_are_counted_by_client)
{
    enum { OPEN = 6 };
    struct live live;
    int fds[OPEN];
    REQUIRE(start(&live, anybody));
    for (int i = 0; i < OPEN; i++) {
        const char *header =
            text_format(test_arena(), "PROXY TCP4 192.0.2.%d 10.0.0.1 1 2\r\n" GET("/"), i / 2);
        fds[i] = live_connect(&live);
        CHECK_NUM(live_ask(fds[i], header).status, 200);
    }
    int third = live_connect(&live);
    CHECK_NUM(live_ask(third, "PROXY TCP4 192.0.2.0 10.0.0.1 1 2\r\n" GET("/")).status, 0);
    close(third);
    close(fds[0]);
    (void)usleep(50'000);
    third = live_connect(&live);
    CHECK_NUM(live_ask(third, "PROXY TCP4 192.0.2.0 10.0.0.1 1 2\r\n" GET("/")).status, 200);
    close(third);
    for (int i = 1; i < OPEN; i++)
        close(fds[i]);
    live_stop(&live);
}

static int connect_unix(const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    struct timeval patience = { .tv_sec = 5 };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    memcpy(to.sun_path, path, strlen(path) + 1);
    CHECK_NUM(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

TEST(RATE_01_a_unix_socket_is_a_proxys)
{
    struct live live;
    const char *path = text_format(test_arena(), "%s/s", test_folder());
    const char *listen = text_format(test_arena(), "unix:%s", path);
    REQUIRE(live_start(&live,
                       (struct http_server_options){ .listen = listen, .handler = answer_peer }));
    int fd = connect_unix(path);
    struct live_response r = live_ask(fd, GET("/"));
    CHECK_TEXT(body_text(&r), "::1 unix");
    close(fd);
    live_stop(&live);
    REQUIRE(live_start(&live, (struct http_server_options){ .listen = listen,
                                                            .handler = answer_peer,
                                                            .trusts_proxy = nobody }));
    fd = connect_unix(path);
    r = live_ask(fd, "PROXY TCP4 192.0.2.1 10.0.0.1 1 2\r\n" GET("/"));
    CHECK_TEXT(body_text(&r), "192.0.2.1"); /* who is a client now, and no proxy */
    close(fd);
    live_stop(&live);
}
