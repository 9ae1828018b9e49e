/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox, each time in a child: it cannot be left again.
 */
#include "sandbox.h"

#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs act in a child inside the sandbox; what it returns is the exit code. */
static int inside(const char *folder, int (*act)(const char *folder))
{
    pid_t child = fork();
    if (child == 0) {
        sandbox_enter(&(struct sandbox){ .writable = { folder } });
        _exit(act(folder));
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int write_file(const char *path)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    return fd < 0 ? errno : 0;
}

static int write_within(const char *folder)
{
    char path[200];
    (void)snprintf(path, sizeof path, "%s/file", folder);
    return write_file(path);
}

static int write_elsewhere(const char *)
{
    return write_file("/tmp/cardea-sandbox-escaped");
}

static int read_elsewhere(const char *)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}

static int start_program(const char *)
{
    execl("/bin/true", "true", (char *)NULL);
    return errno;
}

static int trace_parent(const char *)
{
    return ptrace(PTRACE_ATTACH, getppid(), 0, 0) == -1 ? errno : 0;
}

TEST(sandbox_writes_only_where_it_may)
{
    const char *folder = test_folder();
    CHECK_NUM(inside(folder, write_within), 0);
    CHECK_NUM(inside(folder, write_elsewhere), EACCES);
    CHECK_NUM(inside(folder, read_elsewhere), 0);
    CHECK(access("/tmp/cardea-sandbox-escaped", F_OK) != 0);
}

TEST(sandbox_starts_and_traces_nothing)
{
    CHECK_NUM(inside(test_folder(), start_program), EPERM);
    CHECK_NUM(inside(test_folder(), trace_parent), EPERM);
}
