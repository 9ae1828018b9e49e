/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-cardea: runs the tests that its words choose. Apart from the harness, which a fuzzer that
 * needs a whole house uses too.
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

static bool is_wanted(const struct test *test, char **words)
{
    if (!*words)
        return true;
    for (; *words; words++)
        if (strstr(test->name, *words) || strstr(test->file, *words))
            return true;
    return false;
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
