/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-cardea: runs the tests that its words choose (-word leaves out: `-ENUM_02` where a sanitizer
 * makes times meaningless). Apart from the harness, which a fuzzer that needs a whole house uses
 * too.
 */
#include "test.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

static bool run_one(const struct test *test, bool verbose)
{
    if (verbose)
        (void)printf("%s\n", test->name);
    int64_t start = clock_monotonic_ns();
    int failures = test_run(test->run);
    int64_t spent_ms = (clock_monotonic_ns() - start) / 1'000'000;
    if (failures)
        (void)printf("FAILED %s (%s)\n", test->name, test->file);
    else if (spent_ms > 2000)
        (void)printf("slow   %s: %lld ms\n", test->name, (long long)spent_ms);
    (void)fflush(stdout);
    return failures == 0;
}

static bool is_meant(const struct test *test, const char *word)
{
    return strstr(test->name, word) || strstr(test->file, word);
}

/* A word with a minus leaves out; without any other, all else is wanted. */
static bool is_wanted(const struct test *test, char **words)
{
    bool chosen = false, is_choice = false;
    for (; *words; words++) {
        const char *word = *words;
        if (*word == '-' && is_meant(test, word + 1))
            return false;
        if (*word == '-')
            continue;
        is_choice = true;
        chosen = chosen || is_meant(test, word);
    }
    return chosen || !is_choice;
}

int main(int, char **argv)
{
    int passed = 0, failed = 0;
    bool verbose = argv[1] && strcmp(argv[1], "-v") == 0;
    test_quieten_log();
    if (argv[1] && strcmp(argv[1], "--torture") == 0)
        return torture(argv + 2);
    for (const struct test *test = test_first(); test; test = test->next) {
        if (!is_wanted(test, argv + 1 + verbose))
            continue;
        if (run_one(test, verbose))
            passed++;
        else
            failed++;
    }
    (void)printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
