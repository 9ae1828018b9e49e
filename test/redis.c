/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redis-server for tests: see redis.h.
 */
#include "redis.h"

#include "kv/redis.h"
#include "test.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t server;
static int port;

static void nap(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 5'000'000 }, NULL);
}

static int dial(bool is_listener)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_port = htons(is_listener ? 0 : (uint16_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (is_listener ? bind(fd, (struct sockaddr *)&at, n)
                    : connect(fd, (struct sockaddr *)&at, n)) {
        close(fd);
        return -1;
    }
    if (is_listener && getsockname(fd, (struct sockaddr *)&at, &n) == 0)
        port = ntohs(at.sin_port);
    return fd;
}

int test_redis_port(void)
{
    return port;
}

const char *test_redis_url(void)
{
    static char url[64];
    (void)snprintf(url, sizeof url, "redis://127.0.0.1:%d", port);
    return url;
}

static void run(const char *const *more)
{
    const char *words[24] = { "redis-server", "--bind", "127.0.0.1",    "--port", NULL,
                              "--save",       "",       "--appendonly", "no",     "--logfile",
                              "/dev/null",    "--dir",  "/tmp" };
    char number[16];
    (void)snprintf(number, sizeof number, "%d", port);
    words[4] = number;
    for (int n = 13; more && *more && n < 23; n++)
        words[n] = *more++;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(words[0], (char **)words);
    _exit(127);
}

void test_redis_kill(void)
{
    if (!server)
        return;
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    server = 0;
}

bool test_redis_start(const char *const *more)
{
    (void)signal(SIGPIPE, SIG_IGN);
    test_redis_kill();
    if (!port)
        close(dial(true));
    server = fork();
    if (server == 0)
        run(more);
    for (int i = 0; i < 600; i++) {
        int fd = dial(false);
        if (fd >= 0) {
            close(fd);
            return true;
        }
        nap();
    }
    test_fail(__FILE__, __LINE__, "redis-server does not start (apt install redis-server)");
    return false;
}

void test_redis_signal(int signal_number)
{
    kill(server, signal_number);
}

const char *test_redis_say(const char *line)
{
    static char answer[256];
    int fd = dial(false);
    answer[0] = 0;
    if (fd < 0)
        return answer;
    (void)!write(fd, line, strlen(line));
    (void)!write(fd, "\r\n", 2);
    ssize_t n = read(fd, answer, sizeof answer - 1);
    close(fd);
    answer[n > 0 ? n : 0] = 0;
    answer[strcspn(answer, "\r\n")] = 0;
    return answer;
}

void test_redis_forward(int64_t ms)
{
    char line[300];
    (void)snprintf(line, sizeof line,
                   "EVAL \"for _,k in ipairs(redis.call('KEYS','*')) do "
                   "redis.call('PEXPIRE',k,redis.call('PTTL',k)-(%lld)) end return 1\" 0",
                   (long long)ms);
    CHECK_TEXT(test_redis_say(line), ":1");
}

bool test_redis_settles(bool is_up)
{
    for (int i = 0; i < 600 && redis_is_up() != is_up; i++)
        nap();
    return redis_is_up() == is_up;
}

bool test_redis_is_wanted(void)
{
    return getenv("TEST_REDIS") != NULL;
}
