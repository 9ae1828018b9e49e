/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mail server for tests: see smtp_fixture.h.
 */
#include "smtp_fixture.h"

#include "../test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        return "";
    char *text = arena_alloc(test_arena(), 1 << 18);
    size_t n = fread(text, 1, (1 << 18) - 1, file);
    text[n] = 0;
    fclose(file);
    return text;
}

static pid_t spawn(const char *folder, const char *tls, const char *auth, const char *name)
{
    pid_t pid = fork();
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (!freopen(text_format(test_arena(), "%s/stderr", folder), "w", stderr))
        _exit(127);
    execl("/usr/bin/python3", "python3", "test/e2e/smtp_server.py", folder, "--tls", tls, "--auth",
          auth, "--name", name, (char *)NULL);
    _exit(127);
}

struct smtp_fixture smtp_fixture_start(const char *tls, const char *auth, const char *name)
{
    static int serial;
    struct arena *arena = test_arena();
    const char *folder = text_format(arena, "%s/smtp%d", test_folder(), ++serial);
    mkdir(folder, 0700);
    struct smtp_fixture fixture = { .folder = folder, .pid = spawn(folder, tls, auth, name) };
    const char *port = "";
    for (int i = 0; i < 6000 && !*port; i++) { /* a minute: machines may be busy */
        usleep(10'000);
        port = read_text(text_format(arena, "%s/port", folder));
    }
    int64_t number = 0;
    if (!text_parse_int(port, 1, 65'535, &number)) {
        test_fail(__FILE__, __LINE__, "the mail server did not start");
        smtp_fixture_stop(&fixture);
        fixture.server = (struct smtp_server){ .host = "localhost", .port = 9 }; /* nobody */
        return fixture;
    }
    fixture.server = (struct smtp_server){
        .host = "localhost",
        .port = (int)number,
        .security = text_equal(tls, "none")       ? SMTP_PLAIN
                    : text_equal(tls, "implicit") ? SMTP_TLS
                                                  : SMTP_STARTTLS,
        .ca_file = text_format(arena, "%s/ca.pem", folder),
        .helo = "cardea.example",
        .timeout = 3000,
    };
    const char *colon = strchr(auth, ':');
    if (colon) {
        fixture.server.user = text_copy(arena, MEM(auth, (size_t)(colon - auth)));
        fixture.server.pass = colon + 1;
    }
    return fixture;
}

void smtp_fixture_stop(struct smtp_fixture *fixture)
{
    smtp_rest();
    if (fixture->pid > 0) {
        kill(fixture->pid, SIGTERM);
        waitpid(fixture->pid, NULL, 0);
    }
    fixture->pid = 0;
}

void smtp_fixture_set_fault(const struct smtp_fixture *fixture, const char *fault)
{
    const char *path = text_format(test_arena(), "%s/fault", fixture->folder);
    FILE *file = fopen(path, "w");
    if (!file)
        abort();
    fputs(fault, file);
    fclose(file);
}

const char *smtp_fixture_mail(const struct smtp_fixture *fixture, size_t n)
{
    return read_text(text_format(test_arena(), "%s/mail/%04zu.eml", fixture->folder, n));
}

size_t smtp_fixture_count(const struct smtp_fixture *fixture)
{
    size_t n = 0;
    while (*smtp_fixture_mail(fixture, n + 1))
        n++;
    return n;
}

const char *smtp_fixture_log(const struct smtp_fixture *fixture)
{
    return read_text(text_format(test_arena(), "%s/log", fixture->folder));
}
