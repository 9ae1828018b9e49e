/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of time zones: see time_zone.h. The name becomes part of a path, so its form is checked
 * first: segments that begin with a capital letter leave no way out of the folder, nor to the
 * copies under posix/ and right/.
 */
#include "account/time_zone.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FOLDER "/usr/share/zoneinfo"

enum { NAME_MAX_BYTES = 64, SEGMENTS_MAX = 3 };

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* "Area/Location" or "Area/Region/Location" or "UTC". */
static bool has_form(const char *name)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-";
    int segments = 0;
    if (strlen(name) > NAME_MAX_BYTES)
        return false;
    for (;;) {
        size_t n = strspn(name, letters);
        if (!is_capital(*name) || ++segments > SEGMENTS_MAX)
            return false;
        name += n;
        if (!*name)
            return true;
        if (*name++ != '/')
            return false;
    }
}

/* RFC 8536 3.1: a zone's file begins with these four letters. */
static bool is_zone_file(const char *path)
{
    char magic[4] = "";
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0)
        return false;
    bool is_zone = read(file, magic, sizeof magic) == 4 && memcmp(magic, "TZif", 4) == 0;
    close(file);
    return is_zone;
}

bool time_zone_is_good(const char *name)
{
    char path[sizeof FOLDER + 1 + NAME_MAX_BYTES];
    if (!has_form(name))
        return false;
    if (!is_zone_file(FOLDER "/UTC"))
        return true; /* the system has no tables */
    (void)snprintf(path, sizeof path, FOLDER "/%s", name);
    return is_zone_file(path);
}
