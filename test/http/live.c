/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See live.h.
 */
#include "live.h"

#include "base/clock.h"
#include "base/thread.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char big[3 << 20], page[6 << 10];

static void *answer_later(void *arg)
{
    struct http_exchange *x = arg;
    (void)usleep(2000);
    x->response = (struct http_response){ .status = 200,
                                          .content_type = "text/plain",
                                          .body = mem_text(x->request.target) };
    http_answer(x);
    return NULL;
}

static enum http_turn answer_in_thread(struct http_exchange *x)
{
    pthread_t thread;
    if (thread_start(&thread, "later", answer_later, x))
        abort();
    pthread_detach(thread);
    return HTTP_LATER;
}

static void fill_arena(struct http_exchange *x)
{
    jmp_buf jump;
    if (!ARENA_TRAP(&x->arena, &jump))
        for (;;)
            (void)arena_alloc(&x->arena, 4096);
    x->response.status = 500;
}

static enum http_turn answer(struct http_exchange *x, void *)
{
    const char *path = x->request.path;
    struct http_response *r = &x->response;
    *r = (struct http_response){ .status = 200, .content_type = "text/plain" };
    if (text_starts(path, "/later"))
        return answer_in_thread(x);
    if (text_equal(path, "/echo"))
        r->body = x->request.body;
    else if (text_equal(path, "/big"))
        r->body = MEM(big, sizeof big);
    else if (text_equal(path, "/page"))
        r->body = MEM(page, sizeof page);
    else if (text_equal(path, "/none"))
        r->status = 204;
    else if (text_equal(path, "/full"))
        fill_arena(x);
    else
        r->body = mem_text(text_copy(&x->arena, mem_text("hello")));
    r->compress = text_equal(path, "/page");
    r->close = text_equal(path, "/close");
    http_header_add(r, "X-Path", path);
    return HTTP_ANSWERED;
}

bool live_start(struct live *live, struct http_server_options options)
{
    memset(big, 'b', sizeof big);
    memset(page, 'p', sizeof page);
    options.handler = options.handler ? options.handler : answer;
    options.listen = options.listen ? options.listen : "127.0.0.1:0";
    options.threads = options.threads ? options.threads : 2;
    if (!CHECK_OK(http_server_open(&live->server, &options)))
        return false;
    live->port = http_server_port(live->server, 0);
    return CHECK_OK(http_server_start(live->server));
}

void live_stop(struct live *live)
{
    http_server_stop(live->server);
    http_server_close(live->server);
}

int live_connect(const struct live *live)
{
    return live_connect_narrow(live, 0);
}

int live_connect_narrow(const struct live *live, int window)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)live->port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct timeval patience = { .tv_sec = 5 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (window)
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        test_fail(__FILE__, __LINE__, "cannot connect");
    return fd;
}

void live_send(int fd, const char *text)
{
    (void)send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static bool read_all(int fd, char *p, size_t n)
{
    while (n > 0) {
        ssize_t got = read(fd, p, n);
        if (got <= 0)
            return false;
        p += got;
        n -= (size_t)got;
    }
    return true;
}

struct live_response live_read_head(int fd)
{
    struct live_response none = { 0 }, r = { 0 };
    char *head = arena_alloc(test_arena(), 16'384);
    size_t n = 0;
    while (n < 4 || strcmp(head + n - 4, "\r\n\r\n") != 0)
        if (n == 16'000 || !read_all(fd, head + n++, 1))
            return none;
    r.head = head;
    int64_t status;
    if (!text_starts(head, "HTTP/1.1 ") ||
        !text_parse_int(text_copy(test_arena(), MEM(head + 9, 3)), 100, 599, &status))
        return none;
    r.status = (int)status;
    return r;
}

struct live_response live_read(int fd)
{
    struct live_response none = { 0 }, r = live_read_head(fd);
    const char *length = r.status ? strstr(r.head, "Content-Length: ") : NULL;
    int64_t n = 0;
    if (!length)
        return r;
    length += strlen("Content-Length: ");
    if (!text_parse_int(text_copy(test_arena(), MEM(length, strcspn(length, "\r"))), 0, 1 << 30,
                        &n))
        return none;
    char *body = arena_alloc(test_arena(), (size_t)n + 1);
    r.body = MEM(body, (size_t)n);
    return read_all(fd, body, (size_t)n) ? r : none;
}

struct live_response live_ask(int fd, const char *request)
{
    live_send(fd, request);
    return live_read(fd);
}

bool live_is_closed(int fd)
{
    char c;
    return read(fd, &c, 1) == 0;
}

int live_wait_closed_ms(int fd)
{
    int64_t start = clock_monotonic_ns();
    char scratch[4096];
    while (read(fd, scratch, sizeof scratch) > 0)
        continue;
    return (int)((clock_monotonic_ns() - start) / 1'000'000);
}
