/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign-ins with passkeys: as many people as threads, each with a connection and a passkey in
 * software, who sign in again and again. What the authenticators sign with is part of the figure,
 * as they run on the same processors.
 *
 *     passkey PORT PEOPLE MILLISECONDS
 *
 * Accounts are u0@example.org and so on, as for load. Prints one line of JSON.
 */
#include "base/clock.h"
#include "base/text.h"

#include "../soft_authenticator.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PASSWORD "Bench-mark pass 4711 long"

enum { IN_MAX = 32 * 1024, OUT_MAX = 8 * 1024, ARENA_MAX = 1 << 20 };

static int port;
static const char *origin;
static _Atomic long done, errors;
static _Atomic int64_t ends_ns;
static pthread_barrier_t start;

struct person {
    pthread_t thread;
    int number, fd;
    struct arena arena;
    struct soft_credential *key;
    struct json_value reply;
    char in[IN_MAX], token[2000];
};

static void dial(struct person *p)
{
    const struct sockaddr_in to = { .sin_family = AF_INET,
                                    .sin_port = htons((uint16_t)port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int one = 1;
    p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (p->fd < 0 || connect(p->fd, (const struct sockaddr *)&to, sizeof to) != 0)
        exit(1);
    (void)setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/* The status; the body is parsed into p->reply. */
static int receive(struct person *p)
{
    size_t n = 0, whole = SIZE_MAX;
    const char *body = NULL;
    while (n < whole) {
        ssize_t got = recv(p->fd, p->in + n, IN_MAX - 1 - n, 0);
        if (got <= 0)
            return 0;
        n += (size_t)got;
        p->in[n] = 0;
        const char *end = strstr(p->in, "\r\n\r\n"), *length = strstr(p->in, "Content-Length: ");
        body = end ? end + 4 : NULL;
        if (end && length)
            whole = (size_t)(body - p->in) + strtoul(length + 16, NULL, 10);
    }
    bool is_json = json_read(&p->arena, mem_text(body), &p->reply, NULL) == OK;
    return is_json ? (int)strtol(p->in + 9, NULL, 10) : 0;
}

static int post(struct person *p, const char *path, const char *body)
{
    char out[OUT_MAX];
    int n = snprintf(out, sizeof out,
                     "POST /v1/auth/%s HTTP/1.1\r\nHost: localhost:%d\r\nUser-Agent: bench/1\r\n"
                     "%s%s%sContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                     path, port, *p->token ? "Authorization: Bearer " : "", p->token,
                     *p->token ? "\r\n" : "", strlen(body), body);
    if (n >= (int)sizeof out || send(p->fd, out, (size_t)n, MSG_NOSIGNAL) != n)
        return 0;
    return receive(p);
}

static bool enrol(struct person *p)
{
    if (post(p, "login",
             text_format(&p->arena, "{\"email\":\"u%d@example.org\",\"password\":\"%s\"}",
                         p->number, PASSWORD)) != 200)
        return false;
    (void)snprintf(p->token, sizeof p->token, "%s", json_find_text(&p->reply, "access_token"));
    if (post(p, "passkeys/register/begin", "{}") != 200)
        return false;
    struct soft_answer said = soft_answer_options(p->key, &p->reply, origin);
    bool added =
        post(p, "passkeys/register/finish", soft_registration(&p->arena, p->key, &said)) == 201;
    *p->token = 0;
    return added;
}

static bool sign_in(struct person *p)
{
    arena_reset(&p->arena);
    if (post(p, "passkeys/login/begin", "{}") != 200)
        return false;
    struct soft_answer said = soft_answer_options(p->key, &p->reply, origin);
    return post(p, "passkeys/login/finish", soft_assertion(&p->arena, p->key, &said)) == 200;
}

static void *live(void *arg)
{
    struct person *p = arg;
    arena_init(&p->arena, ARENA_MAX);
    dial(p);
    errors += !enrol(p);
    pthread_barrier_wait(&start);
    while (!errors && clock_monotonic_ns() < ends_ns) {
        bool is_good = sign_in(p);
        done += is_good;
        errors += !is_good;
    }
    close(p->fd);
    arena_done(&p->arena);
    return NULL;
}

int main(int count, char **words)
{
    if (count != 4)
        return 2;
    int people = (int)strtol(words[2], NULL, 10);
    char own_origin[60];
    struct person *all = calloc((size_t)people, sizeof *all);
    port = (int)strtol(words[1], NULL, 10);
    (void)snprintf(own_origin, sizeof own_origin, "http://localhost:%d", port);
    origin = own_origin;
    if (!all || people < 1 || pthread_barrier_init(&start, NULL, (unsigned)people + 1))
        return 1;
    for (int i = 0; i < people; i++) {
        all[i].number = i;
        all[i].key = soft_credential_new(-7); /* not from several threads */
        if (pthread_create(&all[i].thread, NULL, live, &all[i]))
            return 1;
    }
    ends_ns = INT64_MAX;
    pthread_barrier_wait(&start);
    int64_t started_ns = clock_monotonic_ns();
    ends_ns = started_ns + strtol(words[3], NULL, 10) * 1'000'000;
    for (int i = 0; i < people; i++)
        pthread_join(all[i].thread, NULL);
    printf("{\"rate\":%.2f,\"count\":%ld,\"errors\":%ld}\n",
           (double)done * 1e9 / (double)(clock_monotonic_ns() - started_ns), (long)done,
           (long)errors);
    free(all);
    return 0;
}
