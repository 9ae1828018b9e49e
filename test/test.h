/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The test harness: one binary, tests register themselves. A failed CHECK marks the test as failed
 * and goes on; a failed REQUIRE leaves it. `build/dev/test-cardea [word ...]` runs the tests whose
 * name contains a word.
 *
 *     TEST(PW_01_length_is_counted_in_code_points) { CHECK_NUM(text_code_points("é"), 1); }
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct test {
    const char *name, *file;
    void (*run)(void);
    struct test *next;
};

void test_add(struct test *test);
const struct test *test_first(void);
void test_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool test_check_num(const char *file, int line, const char *what, int64_t got, int64_t want);
bool test_check_text(const char *file, int line, const char *what, const char *got,
                     const char *want);
bool test_check_err(const char *file, int line, const char *what, enum err got, enum err want);

/* An arena that lives until the test ends: this thread's own. */
struct arena *test_arena(void);
/* A fresh folder under /tmp, removed when the test ends. */
const char *test_folder(void);
/* Runs something as a test: fresh arena, folder and clock; gives how many checks failed. */
int test_run(void (*run)(void));
/* Drops the log, unless TEST_LOG is set. */
void test_quieten_log(void);
/* While set, a failed check counts and prints nothing but calls this; NULL ends it. */
void test_mute(void (*instead)(void));
/* test-cardea --torture [word ...]: feature/torture.c. Gives the exit code. */
int torture(char **words);
/* For loops that register one test per table row at start-up; name and closure must live on. */
void test_add_named(const char *name, const char *file, void (*run)(void));

#define TEST(name_)                                                      \
    static void name_(void);                                             \
    static struct test name_##_test = { #name_, __FILE__, name_, NULL }; \
    __attribute__((constructor)) static void name_##_add(void)           \
    {                                                                    \
        test_add(&name_##_test);                                         \
    }                                                                    \
    static void name_(void)

#define CHECK(condition)                                     \
    do {                                                     \
        if (!(condition))                                    \
            test_fail(__FILE__, __LINE__, "%s", #condition); \
    } while (0)
#define REQUIRE(condition)                                   \
    do {                                                     \
        if (!(condition)) {                                  \
            test_fail(__FILE__, __LINE__, "%s", #condition); \
            return;                                          \
        }                                                    \
    } while (0)
#define CHECK_NUM(got, want) \
    test_check_num(__FILE__, __LINE__, #got, (int64_t)(got), (int64_t)(want))
#define CHECK_TEXT(got, want) test_check_text(__FILE__, __LINE__, #got, (got), (want))
#define CHECK_ERR(got, want) test_check_err(__FILE__, __LINE__, #got, (got), (want))
#define CHECK_OK(got) CHECK_ERR((got), OK)
