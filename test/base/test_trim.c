/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/trim.h"
#include "crypto/digest.h"
#include "test.h"

#include <stdio.h>

/* -1: not to be had. */
static long resident_pages(void)
{
    long all = 0, resident = -1;
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f)
        return -1;
    if (fscanf(f, "%ld %ld", &all, &resident) != 2)
        resident = -1;
    (void)fclose(f);
    return resident;
}

TEST(trim_lets_go_of_code_and_all_of_it_still_runs)
{
    uint8_t before[SHA256_BYTES], after[SHA256_BYTES];
    sha256(mem_text("hinge"), before);
    long resident = resident_pages();
    REQUIRE(resident > 0);
    trim_after_start();
    CHECK(resident_pages() < resident);
    sha256(mem_text("hinge"), after);
    CHECK(mem_equal(MEM(before, sizeof before), MEM(after, sizeof after)));
}
