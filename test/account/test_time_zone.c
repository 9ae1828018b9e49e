/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of time zones become part of a path: nothing but a zone of the system's tables passes.
 */
#include "account/time_zone.h"

#include "../test.h"

#include <unistd.h>

static const struct {
    const char *name;
    bool is_good;
} names[] = {
    { "Europe/Berlin", true },
    { "UTC", true },
    { "America/Argentina/Buenos_Aires", true },
    { "Etc/GMT+5", true },
    { "America/Port-au-Prince", true },
    { "", false },
    { "europe/berlin", false },
    { "Europe/", false },
    { "/Europe/Berlin", false },
    { "/etc/passwd", false },
    { "../../../etc/passwd", false },
    { "Europe/../../../etc/passwd", false },
    { "Europe//Berlin", false },
    { "Europe/Berlin ", false },
    { " Europe/Berlin", false },
    { "Europe/Berlin\n", false },
    { "Europe/B\xC3\xA9rlin", false },
    { "Europe/Berlin?x", false },
    { "posix/Europe/Berlin", false },
    { "right/UTC", false },
    { "A/B/C/D", false },
    { "Europe/AaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaB", false },
};

TEST(a_time_zone_has_the_form_of_one)
{
    for (size_t i = 0; i < COUNT(names); i++)
        if (time_zone_is_good(names[i].name) != names[i].is_good)
            test_fail(__FILE__, __LINE__, "\"%s\" is taken wrongly", names[i].name);
}

TEST(a_time_zone_exists)
{
    if (access("/usr/share/zoneinfo/UTC", R_OK) != 0)
        return; /* a system without tables goes by the form */
    CHECK(!time_zone_is_good("Europe/Atlantis"));
    CHECK(!time_zone_is_good("Europe")); /* a folder */
    CHECK(!time_zone_is_good("Mars/Olympus_Mons"));
}
