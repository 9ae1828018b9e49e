/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that are slow, many or both: DOS-03 and DOS-06, with spans short enough for a test.
 */
#include "live.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif

#define HOST "Host: a.example\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

/* Sends text a byte every few milliseconds until the server has enough; gives its status. */
static int drip(int fd, const char *text, int *ret_spent_ms)
{
    int64_t start = clock_monotonic_ns();
    char c;
    for (; *text; text++) {
        if (send(fd, text, 1, MSG_NOSIGNAL) < 0 || recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) >= 0)
            break;
        (void)usleep(5000);
    }
    *ret_spent_ms = (int)((clock_monotonic_ns() - start) / 1'000'000);
    return live_read(fd).status;
}

static const char filler[] =
    "X: "
    "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
    "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
    "yyy";

TEST(DOS_03_a_byte_at_a_time_does_not_extend_the_header)
{
    struct live live;
    int spent;
    REQUIRE(live_start(&live, (struct http_server_options){ .limits.header_time = 200 }));
    int fd = live_connect(&live);
    live_send(fd, "GET /hello HTTP/1.1\r\n");
    CHECK_NUM(drip(fd, filler, &spent), 408);
    CHECK(spent >= 150 && spent < 600);
    CHECK(live_is_closed(fd));
    close(fd);
    live_stop(&live);
}

TEST(DOS_03_a_byte_at_a_time_does_not_extend_the_body)
{
    struct live live;
    int spent;
    REQUIRE(live_start(&live, (struct http_server_options){ .limits.body_time = 200 }));
    int fd = live_connect(&live);
    live_send(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n");
    CHECK_NUM(drip(fd, filler, &spent), 408);
    CHECK(spent >= 150 && spent < 600);
    CHECK(live_is_closed(fd));
    close(fd);
    live_stop(&live);
}

TEST(DOS_03_idle_connections_are_closed_without_a_word)
{
    struct live live;
    REQUIRE(live_start(&live, (struct http_server_options){ .limits.idle_time = 100 }));
    int used = live_connect(&live), fresh = live_connect(&live);
    CHECK_NUM(live_ask(used, GET("/hello")).status, 200);
    CHECK(live_is_closed(used));
    CHECK(live_is_closed(fresh));
    close(used);
    close(fresh);
    live_stop(&live);
}

TEST(DOS_03_a_client_that_does_not_read_is_dropped)
{
    struct live live;
    struct http_figures figures = { .connections = 1 };
    REQUIRE(live_start(&live, (struct http_server_options){ .limits.write_time = 1 }));
    int fd = live_connect_narrow(&live, 1024);
    /* Small answers: a large one earns time by the least rate. */
    for (int i = 0; i < 20'000; i++)
        if (send(fd, GET("/hello"), sizeof GET("/hello") - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            break;
    for (int i = 0; i < 800 && figures.connections; i++) {
        (void)usleep(10'000);
        http_server_figures(live.server, &figures);
    }
    CHECK_NUM(figures.connections, 0);
    close(fd);
    live_stop(&live);
}

TEST(DOS_03_many_slow_clients_do_not_hurt_another)
{
    enum { SLOW = 400 };
    struct live live;
    int slow[SLOW];
    REQUIRE(live_start(&live, (struct http_server_options){ 0 }));
    for (int i = 0; i < SLOW; i++) {
        slow[i] = live_connect(&live);
        live_send(slow[i], i % 2 ? "GET /hello HTTP/1.1\r\nX" : "G");
    }
    int fd = live_connect(&live);
    int64_t start = clock_monotonic_ns();
    for (int i = 0; i < 50; i++) {
        live_send(slow[i], "x");
        CHECK_NUM(live_ask(fd, GET("/hello")).status, 200);
    }
    CHECK((clock_monotonic_ns() - start) / 1'000'000 < 1000);
    for (int i = 0; i < SLOW; i++)
        close(slow[i]);
    close(fd);
    live_stop(&live);
}

TEST(DOS_03_connections_of_one_peer_are_limited)
{
    struct live live;
    int fds[3];
    REQUIRE(live_start(&live, (struct http_server_options){ .limits.per_peer = 2 }));
    for (size_t i = 0; i < COUNT(fds); i++)
        fds[i] = live_connect(&live);
    CHECK_NUM(live_ask(fds[0], GET("/hello")).status, 200);
    CHECK_NUM(live_ask(fds[1], GET("/hello")).status, 200);
    CHECK_NUM(live_ask(fds[2], GET("/hello")).status, 0);
    close(fds[0]);
    (void)usleep(20'000);
    close(fds[2]);
    fds[2] = live_connect(&live);
    CHECK_NUM(live_ask(fds[2], GET("/hello")).status, 200);
    close(fds[1]);
    close(fds[2]);
    live_stop(&live);
}

TEST(DOS_06_accepting_pauses_at_the_limit_of_connections)
{
    struct live live;
    int fds[4];
    REQUIRE(live_start(&live, (struct http_server_options){ .limits.connections = 2 }));
    for (size_t i = 0; i < COUNT(fds); i++) {
        fds[i] = live_connect(&live);
        live_send(fds[i], GET("/hello"));
    }
    for (size_t i = 0; i < COUNT(fds); i++) {
        CHECK_NUM(live_read(fds[i]).status, 200);
        close(fds[i]);
    }
    live_stop(&live);
}

TEST(DOS_03_idle_connections_make_room_at_the_limit)
{
    struct live live;
    int fds[3];
    REQUIRE(live_start(&live, (struct http_server_options){ .limits.connections = 2 }));
    for (size_t i = 0; i < COUNT(fds); i++) {
        fds[i] = live_connect(&live);
        live_send(fds[i], GET("/hello"));
    }
    for (size_t i = 0; i < COUNT(fds); i++)
        CHECK_NUM(live_read(fds[i]).status, 200); /* nobody has closed anything */
    for (size_t i = 0; i < COUNT(fds); i++)
        close(fds[i]);
    live_stop(&live);
}

/* The thread sanitizer does not follow a fork into threads. */
#if !defined(__SANITIZE_THREAD__)

/* A child that may open only a few files serves until the pipe closes. */
static void serve_with_few_files(int port_pipe, int stop_pipe)
{
    struct live live;
    char c;
    struct rlimit few = { 40, 40 };
    (void)setrlimit(RLIMIT_NOFILE, &few);
    if (!live_start(&live, (struct http_server_options){ 0 }) ||
        write(port_pipe, &live.port, sizeof live.port) < 0)
        _exit(1);
    (void)!read(stop_pipe, &c, 1);
    live_stop(&live);
    _exit(0);
}

static int64_t cpu_ms(const struct rusage *usage)
{
    return usage->ru_utime.tv_sec * 1000 + usage->ru_utime.tv_usec / 1000 +
           usage->ru_stime.tv_sec * 1000 + usage->ru_stime.tv_usec / 1000;
}

TEST(DOS_06_out_of_descriptors_accepting_pauses_and_recovers)
{
    enum { MANY = 60 };
    int port_pipe[2], stop_pipe[2], fds[MANY], status;
    struct live live = { 0 };
    struct rusage usage;
    REQUIRE(pipe(port_pipe) == 0 && pipe(stop_pipe) == 0);
    pid_t child = fork();
    if (child == 0) {
        close(stop_pipe[1]);
        serve_with_few_files(port_pipe[1], stop_pipe[0]);
    }
    CHECK_NUM(read(port_pipe[0], &live.port, sizeof live.port), sizeof live.port);
    for (int i = 0; i < MANY; i++)
        fds[i] = live_connect(&live);
    CHECK_NUM(live_ask(fds[0], GET("/hello")).status, 200);
    (void)usleep(500'000); /* time to spin in */
    CHECK_NUM(live_ask(fds[1], GET("/hello")).status, 200);
    for (int i = 0; i < MANY - 1; i++)
        close(fds[i]);
    CHECK_NUM(live_ask(fds[MANY - 1], GET("/hello")).status, 200);
    close(fds[MANY - 1]);
    close(stop_pipe[1]);
    CHECK_NUM(wait4(child, &status, 0, &usage), child);
    CHECK_NUM(status, 0);
    CHECK(cpu_ms(&usage) < 300);
    close(port_pipe[0]);
    close(port_pipe[1]);
    close(stop_pipe[0]);
}
#endif
