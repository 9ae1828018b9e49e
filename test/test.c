/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test harness: see test.h.
 */
#include "test.h"

#include "base/clock.h"
#include "base/log.h"

#include <ftw.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { ROOM = 512 << 20 };

static struct test *first, **last = &first;
static struct arena arena;
static char folder[64];
static atomic_int failures; /* of the current test */
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

/* An arena is for one thread: each that a test starts has one of its own, which lives as long. */
struct share {
    struct arena arena;
    struct share *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct share *shares;
static pthread_t runner;
static atomic_long round_number = 1; /* a thread may outlive its test */
static _Thread_local struct share *mine;
static _Thread_local long mine_since;

struct arena *test_arena(void)
{
    if (pthread_equal(pthread_self(), runner))
        return &arena;
    if (mine_since == round_number)
        return &mine->arena;
    mine = calloc(1, sizeof *mine);
    mine_since = round_number;
    arena_init(&mine->arena, ROOM);
    pthread_mutex_lock(&lock);
    mine->next = shares;
    shares = mine;
    pthread_mutex_unlock(&lock);
    return &mine->arena;
}

static void drop_arenas(void)
{
    pthread_mutex_lock(&lock);
    round_number++;
    while (shares) {
        struct share *share = shares;
        shares = share->next;
        arena_done(&share->arena);
        free(share);
    }
    pthread_mutex_unlock(&lock);
    arena_done(&arena);
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
    runner = pthread_self();
    arena_init(&arena, ROOM);
    run();
    test_quieten_log();
    drop_arenas();
    clock_hold(0);
    clock_creep(0);
    clock_freeze(0);
    clock_reset_shift();
    if (folder[0])
        (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    folder[0] = 0;
    return failures;
}
