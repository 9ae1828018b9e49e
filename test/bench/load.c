/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load from one thread over keep-alive connections to 127.0.0.1, for what wrk cannot do: sign-ins
 * with a body, and chains of refresh tokens, where each request needs the answer before it.
 *
 *     load PORT login CONNECTIONS MILLISECONDS ACCOUNTS     sign-ins a second
 *     load PORT refresh CONNECTIONS MILLISECONDS ACCOUNTS   refreshes a second, a chain each
 *     load PORT probe MILLISECONDS EVERY_MS TOKEN           session checks, each on a new
 * connection load PORT hold CONNECTIONS                            one request each, then quiet
 * until EOF load PORT ready COMMAND...                            from fork to the first 200 on
 * /readyz
 *
 * Accounts are u0@example.org and so on, all with the password below. Prints one line of JSON.
 * Every answer that is not a 200 is an error, and is counted.
 */
#include "base/clock.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PASSWORD "Bench-mark pass 4711 long"
#define AGENT "bench/1"

enum { IN_MAX = 8192, OUT_MAX = 1200, SAMPLES_MAX = 4'000'000, EVENTS = 128 };

struct client {
    int fd, number;
    size_t in_n;
    int64_t asked_ns;
    bool is_ready; /* signed in: has a refresh token */
    char refresh[160];
    char in[IN_MAX];
};

static int port, poller;
static int64_t accounts = 1, started_ns, ends_ns;
static bool is_refreshing;
static long done, errors, waiting;
static int64_t *samples;
static size_t sample_count;

_Noreturn static void die(const char *what)
{
    (void)fprintf(stderr, "load: %s: %s\n", what, strerrordesc_np(errno));
    exit(1);
}

/* --- numbers */

static void note(int64_t ns)
{
    if (sample_count < SAMPLES_MAX)
        samples[sample_count++] = ns;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double quantile_ms(double q)
{
    size_t at = (size_t)(q * (double)sample_count);
    return sample_count ? (double)samples[at < sample_count ? at : sample_count - 1] / 1e6 : 0;
}

static void report(int64_t ns)
{
    qsort(samples, sample_count, sizeof *samples, compare);
    printf("{\"rate\":%.2f,\"count\":%ld,\"errors\":%ld,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
           "\"max_ms\":%.3f}\n",
           (double)done * 1e9 / (double)ns, done, errors, quantile_ms(0.5), quantile_ms(0.99),
           quantile_ms(1));
}

/* --- one connection */

static int dial(void)
{
    const struct sockaddr_in to = { .sin_family = AF_INET,
                                    .sin_port = htons((uint16_t)port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket");
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) != 0) {
        close(fd);
        return -1;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static bool send_all(int fd, const char *p, size_t n)
{
    return send(fd, p, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static void post(struct client *c, const char *path, const char *body)
{
    char out[OUT_MAX];
    int n = snprintf(out, sizeof out,
                     "POST %s HTTP/1.1\r\nHost: localhost:%d\r\nUser-Agent: " AGENT "\r\n"
                     "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                     path, port, strlen(body), body);
    c->in_n = 0;
    c->asked_ns = clock_monotonic_ns();
    if (n >= (int)sizeof out || !send_all(c->fd, out, (size_t)n))
        die("send");
}

static void ask_login(struct client *c)
{
    char body[200];
    (void)snprintf(body, sizeof body,
                   "{\"email\":\"u%lld@example.org\",\"password\":\"" PASSWORD "\"}",
                   (long long)(c->number % accounts));
    post(c, "/v1/auth/login", body);
}

static void ask_refresh(struct client *c)
{
    char body[300];
    (void)snprintf(body, sizeof body, "{\"refresh_token\":\"%s\"}", c->refresh);
    post(c, "/v1/auth/refresh", body);
}

/* The whole answer is there: its status, else 0. */
static int status_of(struct client *c)
{
    c->in[c->in_n] = 0;
    const char *end = strstr(c->in, "\r\n\r\n"), *length = strstr(c->in, "Content-Length: ");
    if (!end || !length || length > end)
        return 0;
    size_t whole = (size_t)(end + 4 - c->in) + strtoul(length + 16, NULL, 10);
    return c->in_n >= whole ? (int)strtol(c->in + 9, NULL, 10) : 0;
}

static bool keep_refresh(struct client *c)
{
    static const char name[] = "\"refresh_token\":\"";
    const char *from = strstr(c->in, name);
    size_t n = from ? strcspn(from + sizeof name - 1, "\"") : 0;
    if (!n || n >= sizeof c->refresh)
        return false;
    memcpy(c->refresh, from + sizeof name - 1, n);
    c->refresh[n] = 0;
    return true;
}

/* --- many connections */

static void begin_measuring(void)
{
    started_ns = clock_monotonic_ns();
    done = 0;
    sample_count = 0;
}

static void take_answer(struct client *c, int status)
{
    bool is_good = status == 200 && (!is_refreshing || keep_refresh(c));
    errors += !is_good;
    done += is_good;
    note(clock_monotonic_ns() - c->asked_ns);
    if (!is_refreshing)
        return ask_login(c);
    if (!is_good)
        return; /* the chain is broken */
    if (c->is_ready)
        return ask_refresh(c);
    c->is_ready = true;
    waiting--; /* the refreshing begins when all have signed in */
}

static void take_bytes(struct client *c)
{
    ssize_t n = recv(c->fd, c->in + c->in_n, IN_MAX - 1 - c->in_n, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        errors++;
        (void)epoll_ctl(poller, EPOLL_CTL_DEL, c->fd, NULL);
        return;
    }
    c->in_n += (size_t)n;
    int status = status_of(c);
    if (status)
        take_answer(c, status);
}

static void turn(void)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(poller, events, EVENTS, 10);
    for (int i = 0; i < n; i++)
        take_bytes(events[i].data.ptr);
}

static struct client *open_clients(int64_t count)
{
    struct client *clients = calloc((size_t)count, sizeof *clients);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (!clients || poller < 0)
        die("start");
    for (int i = 0; i < count; i++) {
        struct client *c = &clients[i];
        *c = (struct client){ .fd = dial(), .number = i };
        struct epoll_event event = { EPOLLIN | EPOLLET, { .ptr = c } };
        if (c->fd < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event) != 0)
            die("connect");
    }
    return clients;
}

static void run_many(int64_t count, int64_t span_ms)
{
    struct client *clients = open_clients(count);
    for (int i = 0; i < count; i++)
        ask_login(&clients[i]);
    waiting = count;
    while (is_refreshing && waiting > 0 && errors == 0)
        turn();
    begin_measuring();
    for (int i = 0; is_refreshing && i < count; i++)
        ask_refresh(&clients[i]);
    ends_ns = started_ns + span_ms * 1'000'000;
    while (clock_monotonic_ns() < ends_ns)
        turn();
    report(clock_monotonic_ns() - started_ns);
}

/* --- the other modes */

/* Sends a GET on a connection of its own and reads all of the answer; its status, 0 when none. */
static int get_once(int fd, const char *path, const char *more)
{
    static struct client c;
    char out[OUT_MAX * 2];
    int n = snprintf(out, sizeof out,
                     "GET %s HTTP/1.1\r\nHost: localhost:%d\r\nUser-Agent: " AGENT "\r\n%s\r\n",
                     path, port, more);
    c.in_n = 0;
    if (n >= (int)sizeof out || !send_all(fd, out, (size_t)n))
        return 0;
    for (int status; !(status = status_of(&c));) {
        ssize_t got = recv(fd, c.in + c.in_n, IN_MAX - 1 - c.in_n, 0);
        if (got <= 0)
            return 0;
        c.in_n += (size_t)got;
    }
    return (int)strtol(c.in + 9, NULL, 10);
}

static void rest_until(int64_t ns)
{
    const struct timespec until = { ns / 1'000'000'000, ns % 1'000'000'000 };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
        continue;
}

/* Open loop: a late answer does not put the next question off the schedule's clock. */
static void probe(int64_t span_ms, int64_t every_ms, const char *token)
{
    char bearer[1400];
    (void)snprintf(bearer, sizeof bearer, "Authorization: Bearer %s\r\n", token);
    begin_measuring();
    for (int64_t at = started_ns; at < started_ns + span_ms * 1'000'000;
         at += every_ms * 1'000'000) {
        rest_until(at);
        int64_t asked_ns = clock_monotonic_ns();
        int fd = dial();
        bool is_good = fd >= 0 && get_once(fd, "/v1/auth/me", bearer) == 200;
        note(clock_monotonic_ns() - asked_ns);
        done += is_good;
        errors += !is_good;
        if (fd >= 0)
            close(fd);
    }
    report(clock_monotonic_ns() - started_ns);
}

static void hold(int64_t count)
{
    char byte;
    int64_t held = 0;
    for (; held < count; held++) {
        int fd = dial();
        if (fd < 0 || get_once(fd, "/livez", "") != 200)
            die("hold");
    }
    printf("{\"held\":%lld}\n", (long long)held);
    (void)fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
}

static bool is_ready(void)
{
    int fd = dial();
    bool ready = fd >= 0 && get_once(fd, "/readyz", "") == 200;
    if (fd >= 0)
        close(fd);
    return ready;
}

static void start_and_wait(char **command)
{
    begin_measuring();
    pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stdout)) /* ours is for the figure */
            _exit(126);
        (void)execv(command[0], command);
        _exit(127);
    }
    while (!is_ready()) {
        const struct timespec moment = { 0, 100'000 };
        (void)nanosleep(&moment, NULL);
        if (clock_monotonic_ns() - started_ns > 10'000'000'000)
            break;
    }
    double ms = (double)(clock_monotonic_ns() - started_ns) / 1e6;
    (void)kill(child, SIGTERM);
    (void)waitpid(child, NULL, 0);
    printf("{\"ready_ms\":%.3f}\n", ms);
}

static int64_t number(int argc, char **argv, int at)
{
    int64_t n = 0;
    if (at >= argc || !text_parse_int(argv[at], 1, 10'000'000, &n)) {
        (void)fprintf(stderr, "load: argument %d: a number is wanted\n", at);
        exit(2);
    }
    return n;
}

int main(int argc, char **argv)
{
    port = (int)number(argc, argv, 1);
    const char *what = argc > 3 ? argv[2] : "";
    samples = calloc(SAMPLES_MAX, sizeof *samples);
    is_refreshing = text_equal(what, "refresh");
    if (is_refreshing || text_equal(what, "login")) {
        accounts = number(argc, argv, 5);
        run_many(number(argc, argv, 3), number(argc, argv, 4));
    } else if (text_equal(what, "probe") && argc == 6) {
        probe(number(argc, argv, 3), number(argc, argv, 4), argv[5]);
    } else if (text_equal(what, "hold")) {
        hold(number(argc, argv, 3));
    } else if (text_equal(what, "ready")) {
        start_and_wait(argv + 3);
    } else {
        (void)fprintf(stderr, "load: see the head of its source\n");
        return 2;
    }
    return 0;
}
