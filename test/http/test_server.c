/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server over real sockets: exchanges in every order and size.
 */
#include "live.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#define HOST "Host: a.example\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

static const struct http_server_options plain = { 0 };

static void check_body(struct live_response r, const char *want)
{
    CHECK_NUM(r.status, 200);
    CHECK_TEXT(text_copy(test_arena(), r.body), want);
}

TEST(http_keep_alive_serves_many_requests_on_a_connection)
{
    struct live live;
    struct http_figures figures;
    REQUIRE(live_start(&live, plain));
    int fd = live_connect(&live);
    for (int i = 0; i < 100; i++)
        check_body(live_ask(fd, GET("/hello")), "hello");
    http_server_figures(live.server, &figures);
    CHECK_NUM(figures.connections, 1);
    CHECK_NUM(figures.accepted, 1);
    CHECK_NUM(figures.requests, 100);
    close(fd);
    live_stop(&live);
}

TEST(http_response_has_the_headers_of_a_server)
{
    struct live live;
    REQUIRE(live_start(&live, plain));
    clock_freeze(1'700'000'000'000);
    int fd = live_connect(&live);
    struct live_response r = live_ask(fd, GET("/hello"));
    CHECK_TEXT(r.head, "HTTP/1.1 200 OK\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\n"
                       "Content-Type: text/plain\r\nContent-Length: 5\r\nX-Path: /hello\r\n\r\n");
    close(fd);
    live_stop(&live);
}

TEST(http_pipelined_requests_are_answered_in_order)
{
    struct live live;
    struct buf b;
    REQUIRE(live_start(&live, plain));
    int fd = live_connect(&live);
    buf_init(&b, test_arena(), 1 << 20);
    for (int i = 0; i < 300; i++)
        buf_format(&b, "GET /%s?%d HTTP/1.1\r\n" HOST "\r\n", i % 3 ? "hello" : "later", i);
    live_send(fd, b.p);
    for (int i = 0; i < 300; i++) {
        const char *later = text_format(test_arena(), "/later?%d", i);
        check_body(live_read(fd), i % 3 ? "hello" : later);
    }
    close(fd);
    live_stop(&live);
}

TEST(http_later_answers_come_from_another_thread)
{
    struct live live;
    int fds[20];
    REQUIRE(live_start(&live, plain));
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < COUNT(fds); i++) {
            fds[i] = round ? fds[i] : live_connect(&live);
            live_send(fds[i], GET("/later"));
        }
        for (size_t i = 0; i < COUNT(fds); i++)
            check_body(live_read(fds[i]), "/later");
    }
    for (size_t i = 0; i < COUNT(fds); i++)
        close(fds[i]);
    live_stop(&live);
}

TEST(http_later_answer_to_a_client_that_left)
{
    struct live live;
    REQUIRE(live_start(&live, plain));
    for (int i = 0; i < 20; i++) {
        int fd = live_connect(&live);
        live_send(fd, GET("/later"));
        if (i % 2)
            (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 },
                             sizeof(struct linger));
        close(fd);
    }
    int fd = live_connect(&live);
    check_body(live_ask(fd, GET("/later")), "/later");
    close(fd);
    live_stop(&live);
}

TEST(http_request_may_arrive_byte_by_byte)
{
    struct live live;
    static const char text[] = "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                               "5\r\nhello\r\n1\r\n!\r\n0\r\nX: y\r\n\r\n";
    REQUIRE(live_start(&live, plain));
    int fd = live_connect(&live);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof text - 1; i++) {
            (void)send(fd, text + i, 1, MSG_NOSIGNAL);
            (void)usleep(100);
        }
        check_body(live_read(fd), "hello!");
    }
    close(fd);
    live_stop(&live);
}

TEST(http_bodies_of_every_size_come_through)
{
    struct live live;
    static const size_t sizes[] = { 0, 1, 3900, 4095, 4096, 4097, 20'000, 65'535, 65'536 };
    REQUIRE(live_start(&live, plain));
    int fd = live_connect(&live);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char *body = arena_alloc(test_arena(), sizes[i] + 1);
        memset(body, 'x', sizes[i]);
        struct live_response r =
            live_ask(fd, text_format(test_arena(),
                                     "POST /echo HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n%s",
                                     sizes[i], body));
        CHECK(mem_equal(r.body, MEM(body, sizes[i])));
    }
    close(fd);
    live_stop(&live);
}

TEST(http_large_header_and_pipelined_body_fit)
{
    struct live live;
    REQUIRE(live_start(&live, plain));
    int fd = live_connect(&live);
    char *filler = arena_alloc(test_arena(), 16'001);
    memset(filler, 'y', 16'000);
    const char *request =
        text_format(test_arena(),
                    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\nX: %s\r\n\r\nabc", filler);
    live_send(fd, request);
    live_send(fd, request);
    check_body(live_read(fd), "abc");
    check_body(live_read(fd), "abc");
    close(fd);
    live_stop(&live);
}

TEST(http_large_response_is_finished_by_the_loop)
{
    struct live live;
    REQUIRE(live_start(&live, plain));
    int fd = live_connect(&live);
    live_send(fd, GET("/big") GET("/hello"));
    (void)usleep(50'000);
    struct live_response r = live_read(fd);
    CHECK_NUM(r.body.n, 3 << 20);
    check_body(live_read(fd), "hello");
    close(fd);
    live_stop(&live);
}

TEST(http_head_and_no_content_have_no_body)
{
    struct live live;
    REQUIRE(live_start(&live, plain));
    int fd = live_connect(&live);
    live_send(fd, "HEAD /hello HTTP/1.1\r\n" HOST "\r\n");
    struct live_response r = live_read_head(fd);
    CHECK(r.head && strstr(r.head, "Content-Length: 5\r\n"));
    r = live_ask(fd, GET("/none"));
    CHECK_NUM(r.status, 204);
    CHECK(r.head && !strstr(r.head, "Content-"));
    check_body(live_ask(fd, GET("/hello")), "hello");
    close(fd);
    live_stop(&live);
}

TEST(http_old_and_closing_clients_get_one_answer)
{
    static const char *const requests[] = {
        "GET /hello HTTP/1.0\r\n\r\n" GET("/hello"),
        "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "GET /hello HTTP/1.1\r\n" HOST "Connection: x, Close\r\n\r\n" GET("/hello"),
        GET("/close") GET("/hello"),
    };
    struct live live;
    REQUIRE(live_start(&live, plain));
    for (size_t i = 0; i < COUNT(requests); i++) {
        int fd = live_connect(&live);
        struct live_response r = live_ask(fd, requests[i]);
        check_body(r, "hello");
        CHECK(r.head && strstr(r.head, "Connection: close\r\n"));
        CHECK(live_is_closed(fd));
        close(fd);
    }
    live_stop(&live);
}

TEST(http_half_closed_client_gets_its_answer)
{
    struct live live;
    REQUIRE(live_start(&live, plain));
    int fd = live_connect(&live);
    live_send(fd, GET("/hello") GET("/later"));
    (void)shutdown(fd, SHUT_WR);
    check_body(live_read(fd), "hello");
    check_body(live_read(fd), "/later");
    CHECK(live_is_closed(fd));
    close(fd);
    live_stop(&live);
}

TEST(HTTP_07_nothing_behind_a_refused_request_is_parsed)
{
    static const struct {
        const char *request;
        int status;
    } rows[] = {
        { "GET /hello HTTP/1.1\r\n" HOST "X : y\r\n\r\n" GET("/hello"), 400 },
        { "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 99999\r\n\r\n" GET("/hello"), 413 },
        { "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nx\r\n" GET("/hello"),
          400 },
        { "TRACE /hello HTTP/1.1\r\n" HOST "\r\n" GET("/hello"), 501 },
    };
    struct live live;
    struct http_figures figures;
    REQUIRE(live_start(&live, plain));
    for (size_t i = 0; i < COUNT(rows); i++) {
        int fd = live_connect(&live);
        struct live_response r = live_ask(fd, rows[i].request);
        CHECK_NUM(r.status, rows[i].status);
        CHECK(r.head && strstr(r.head, "Connection: close\r\n"));
        CHECK(live_is_closed(fd));
        close(fd);
    }
    http_server_figures(live.server, &figures);
    CHECK_NUM(figures.requests, 0);
    CHECK_NUM(figures.refused, COUNT(rows));
    live_stop(&live);
}

TEST(HTTP_10_continue_is_said_only_when_the_body_is_wanted)
{
    struct live live;
    REQUIRE(live_start(&live, plain));
    int fd = live_connect(&live);
    live_send(fd,
              "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CHECK_NUM(live_read_head(fd).status, 100);
    check_body(live_ask(fd, "hi"), "hi");
    check_body(live_ask(fd, "POST /echo HTTP/1.1\r\n" HOST
                            "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nhi"),
               "hi");
    check_body(live_ask(fd, "POST /echo HTTP/1.1\r\n" HOST
                            "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n"),
               "");
    live_send(fd, "POST /echo HTTP/1.1\r\n" HOST
                  "Expect: 100-continue\r\nContent-Length: 65537\r\n\r\n");
    CHECK_NUM(live_read(fd).status, 413);
    CHECK(live_is_closed(fd));
    close(fd);
    live_stop(&live);
}

static bool is_gunzipped(struct mem body, char c, size_t n)
{
    char plain_text[8192];
    z_stream z = { .next_in = (Bytef *)body.p,
                   .avail_in = (uInt)body.n,
                   .next_out = (Bytef *)plain_text,
                   .avail_out = sizeof plain_text };
    bool good = inflateInit2(&z, 31) == Z_OK && inflate(&z, Z_FINISH) == Z_STREAM_END;
    (void)inflateEnd(&z);
    return good && z.total_out == n && plain_text[0] == c && plain_text[n - 1] == c;
}

/* As a browser would, with the library's other half. */
static bool is_unbrotlied(struct mem body, char c, size_t n)
{
    int (*decode)(size_t, const unsigned char *, size_t *, unsigned char *) = NULL;
    unsigned char plain_text[8192];
    size_t got = sizeof plain_text;
    void *library = dlopen("libbrotlidec.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return false;
    void *symbol = dlsym(library, "BrotliDecoderDecompress");
    memcpy(&decode, &symbol, sizeof symbol);
    bool good = decode && decode(body.n, body.p, &got, plain_text) == 1;
    (void)dlclose(library);
    return good && got == n && plain_text[0] == c && plain_text[n - 1] == c;
}

static bool is_packed_as(struct mem body, const char *coding)
{
    if (!coding)
        return body.n == 6 << 10;
    return strcmp(coding, "br") == 0 ? is_unbrotlied(body, 'p', 6 << 10)
                                     : is_gunzipped(body, 'p', 6 << 10);
}

static const char *coding_in(const char *head)
{
    return !head                                        ? "no head"
           : strstr(head, "Content-Encoding: gzip\r\n") ? "gzip"
           : strstr(head, "Content-Encoding: br\r\n")   ? "br"
                                                        : NULL;
}

TEST(http_bodies_are_compressed_when_the_client_allows)
{
    static const struct {
        const char *accept, *coding;
    } rows[] = {
        { "gzip", "gzip" },
        { "deflate, GZIP;q=0.5", "gzip" },
        { "*", "gzip" },
        { "x-gzip", "gzip" },
        { "gzip, deflate, br, zstd", "br" },
        { "BR;q=1.0, *;q=0.1", "br" },
        { "br", "br" },
        { "br;q=0, gzip", "gzip" },
        { "gzip;q=0, br", "br" },
        { "br;q=0, *", "gzip" },
        { "br;q=0", NULL },
        { "gzip;q=0", NULL },
        { "gzip; q=0.000", NULL },
        { "*;q=0", NULL },
        { "gzip;q=0, *", NULL },
        { "*, gzip;q=0", NULL },
        { "identity", NULL },
        { "gzipx, brx, b", NULL },
        { "", NULL },
    };
    struct live live;
    REQUIRE(live_start(&live, plain));
    int fd = live_connect(&live);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct live_response r =
            live_ask(fd, text_format(test_arena(),
                                     "GET /page HTTP/1.1\r\n" HOST "Accept-Encoding: %s\r\n\r\n",
                                     rows[i].accept));
        if (!text_equal(coding_in(r.head), rows[i].coding))
            test_fail(__FILE__, __LINE__, "wrong for %s", rows[i].accept);
        CHECK(r.head && strstr(r.head, "Vary: Accept-Encoding\r\n"));
        CHECK(is_packed_as(r.body, rows[i].coding));
    }
    struct live_response r =
        live_ask(fd, "GET /hello HTTP/1.1\r\n" HOST "Accept-Encoding: gzip\r\n\r\n");
    CHECK(r.head && !strstr(r.head, "Vary"));
    check_body(r, "hello");
    close(fd);
    live_stop(&live);
}

static void render(struct http_response *r, struct arena *arena, int status, const char *why,
                   void *)
{
    r->content_type = "text/plain";
    r->body = mem_text(text_format(arena, "%d %s", status, why));
}

TEST(http_refusals_are_rendered_by_the_callback)
{
    struct live live;
    struct http_server_options options = { .refuse = render };
    REQUIRE(live_start(&live, options));
    int fd = live_connect(&live);
    struct live_response r = live_ask(fd, "GET / HTTP/3.0\r\n\r\n");
    CHECK_NUM(r.status, 505);
    CHECK_TEXT(text_copy(test_arena(), r.body), "505 only HTTP/1.1 and HTTP/1.0");
    close(fd);
    live_stop(&live);
}

TEST(http_full_arena_is_one_requests_trouble)
{
    struct live live;
    REQUIRE(live_start(&live, plain));
    int fd = live_connect(&live);
    CHECK_NUM(live_ask(fd, GET("/full")).status, 500);
    check_body(live_ask(fd, GET("/hello")), "hello");
    arena_fail_after(1);
    char *filler = arena_alloc(test_arena(), 8001);
    arena_fail_after(0);
    memset(filler, 'y', 8000);
    live_send(fd, "GET /hello HTTP/1.1\r\n" HOST "X: ");
    live_send(fd, filler);
    (void)usleep(20'000);
    arena_fail_after(1);
    live_send(fd, "\r\n\r\n");
    (void)usleep(50'000);
    arena_fail_after(0);
    CHECK_NUM(live_read(fd).status, 503);
    CHECK(live_is_closed(fd));
    close(fd);
    live_stop(&live);
}

static void split_response(void *)
{
    struct http_response r = { 0 };
    http_header_add(&r, "Location", "/a\r\nSet-Cookie: s=planted");
}

static void put_eagerly(void *arg)
{
    struct http_response *r = arg;
    for (int i = 0; i <= HTTP_RESPONSE_HEADERS; i++)
        http_header_add(r, "X", "y");
}

static bool aborts(void (*run)(void *), void *arg)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        (void)!freopen("/dev/null", "w", stderr);
        (void)signal(SIGABRT, SIG_DFL);
        run(arg);
        _exit(0);
    }
    return waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
           WTERMSIG(status) == SIGABRT;
}

TEST(HTTP_11_responses_cannot_be_split)
{
    struct http_response r = { 0 };
    CHECK(aborts(split_response, NULL));
    CHECK(aborts(put_eagerly, &r));
}

TEST(http_drain_lets_running_exchanges_finish)
{
    struct live live;
    REQUIRE(live_start(&live, plain));
    int idle = live_connect(&live), running = live_connect(&live);
    check_body(live_ask(idle, GET("/hello")), "hello");
    live_send(running, GET("/later"));
    (void)usleep(1000);
    http_server_stop(live.server);
    struct live_response r = live_read(running);
    if (r.status) { /* it had been read before the stop */
        check_body(r, "/later");
        CHECK(strstr(r.head, "Connection: close\r\n"));
    }
    CHECK(live_is_closed(idle));
    CHECK(live_is_closed(running));
    http_server_close(live.server);
    close(idle);
    close(running);
}

TEST(http_drain_ends_after_its_time)
{
    struct live live;
    struct http_server_options options = { .limits.drain_time = 50 };
    REQUIRE(live_start(&live, options));
    int fd = live_connect(&live);
    live_send(fd, "GET /hello HTTP/1.1\r\n");
    (void)usleep(20'000);
    int64_t start = clock_monotonic_ns();
    http_server_stop(live.server);
    CHECK((clock_monotonic_ns() - start) / 1'000'000 < 1000);
    CHECK(live_is_closed(fd));
    http_server_close(live.server);
    close(fd);
}

static int connect_unix(const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    memcpy(to.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_NUM(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

TEST(http_unix_socket)
{
    struct live live, second;
    struct stat status;
    const char *path = text_format(test_arena(), "%s/sock", test_folder());
    struct http_server_options options = { .listen = text_format(test_arena(), "unix:%s", path) };
    REQUIRE(live_start(&live, options));
    CHECK_NUM(stat(path, &status), 0);
    CHECK_NUM(status.st_mode & 0777, 0660);
    int fd = connect_unix(path);
    check_body(live_ask(fd, GET("/hello")), "hello");
    options.handler = (http_handler)abort;
    CHECK_ERR(http_server_open(&second.server, &options), E_FAULT); /* somebody answers there */
    close(fd);
    live_stop(&live);
    CHECK(stat(path, &status) != 0);
}

TEST(http_stale_unix_socket_is_replaced)
{
    struct live live;
    const char *path = text_format(test_arena(), "%s/sock", test_folder());
    struct http_server_options options = { .listen = text_format(test_arena(), "unix:%s", path) };
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    memcpy(at.sun_path, path, strlen(path));
    int stale = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_NUM(bind(stale, (struct sockaddr *)&at, sizeof at), 0);
    close(stale);
    REQUIRE(live_start(&live, options));
    int fd = connect_unix(path);
    check_body(live_ask(fd, GET("/hello")), "hello");
    close(fd);
    live_stop(&live);
}

TEST(http_listen_setting)
{
    static const char *const bad[] = {
        "",
        ",",
        "x",
        ":",
        ":x",
        ":65536",
        ":-1",
        "a.example:80",
        "1.2.3:80",
        "1.2.3.4",
        "::1:80",
        "[::1]",
        "[1.2.3.4]:80",
        "[::1:80",
        "unix:",
        "localhost",
        "127.0.0.1:0,bad",
    };
    struct http_server *server;
    struct http_server_options options = { .handler = (http_handler)abort };
    for (size_t i = 0; i < COUNT(bad); i++) {
        options.listen = bad[i];
        if (http_server_open(&server, &options) != E_INVALID)
            test_fail(__FILE__, __LINE__, "%s is taken", bad[i]);
    }
    options.listen = "192.0.2.1:0"; /* not an address of this machine */
    CHECK_ERR(http_server_open(&server, &options), E_FAULT);
    options.listen = "localhost:0, :0";
    REQUIRE(CHECK_OK(http_server_open(&server, &options)));
    CHECK(http_server_port(server, 0) > 0);
    CHECK_NUM(http_server_port(server, 9), 0);
    http_server_close(server);
}
