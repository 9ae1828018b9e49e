/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test harness: see test.h.
 */
#include "test.h"

#include "base/clock.h"
#include "base/log.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static struct test *first, **last = &first;
static struct arena arena;
static char folder[64];
static int failures; /* of the current test */
static void (*muted)(void);

void test_add(struct test *test)
{
    *last = test;
    last = &test->next;
}

const struct test *test_first(void)
{
    return first;
}

void test_add_named(const char *name, const char *file, void (*run)(void))
{
    struct test *test = calloc(1, sizeof *test);
    *test = (struct test){ name, file, run, NULL };
    test_add(test);
}

void test_fail(const char *file, int line, const char *format, ...)
{
    va_list args;
    if (muted) {
        muted();
        return;
    }
    failures++;
    (void)printf("  %s:%d: ", file, line);
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
    (void)printf("\n");
}

void test_mute(void (*instead)(void))
{
    muted = instead;
}

bool test_check_num(const char *file, int line, const char *what, int64_t got, int64_t want)
{
    if (got != want)
        test_fail(file, line, "%s is %lld, not %lld", what, (long long)got, (long long)want);
    return got == want;
}

bool test_check_text(const char *file, int line, const char *what, const char *got,
                     const char *want)
{
    if (text_equal(got, want))
        return true;
    test_fail(file, line, "%s is \"%s\", not \"%s\"", what, got ? got : "NULL",
              want ? want : "NULL");
    return false;
}

bool test_check_err(const char *file, int line, const char *what, enum err got, enum err want)
{
    if (got != want)
        test_fail(file, line, "%s gives %s, not %s", what, err_name(got), err_name(want));
    return got == want;
}

struct arena *test_arena(void)
{
    return &arena;
}

static int remove_one(const char *path, const struct stat *, int, struct FTW *)
{
    return remove(path);
}

/* In memory where there is plenty: hundreds of stores that wait for a disk is most of a run. */
static const char *roomy_place(void)
{
    enum { PLENTY = 1 << 30 };
    struct statvfs place;
    bool is_roomy = statvfs("/dev/shm", &place) == 0 && access("/dev/shm", W_OK) == 0 &&
                    place.f_bavail * place.f_frsize > PLENTY;
    return is_roomy ? "/dev/shm" : "/tmp";
}

const char *test_folder(void)
{
    if (!folder[0]) {
        (void)snprintf(folder, sizeof folder, "%s/cardea-test-XXXXXX", roomy_place());
        if (!mkdtemp(folder))
            abort();
    }
    return folder;
}

static void drop_log(const char *, void *)
{
}

/* Whatever a test did with the log, also one that was abandoned. */
void test_quieten_log(void)
{
    log_set_level("info");
    log_capture(getenv("TEST_LOG") ? NULL : drop_log, NULL);
}

int test_run(void (*run)(void))
{
    failures = 0;
    arena_init(&arena, 512 << 20);
    run();
    test_quieten_log();
    arena_done(&arena);
    clock_creep(0);
    clock_freeze(0);
    clock_reset_shift();
    if (folder[0])
        (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    folder[0] = 0;
    return failures;
}
