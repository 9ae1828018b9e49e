/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time zones: see zone.h. The name becomes part of a path, so its form is checked first: segments
 * that begin with a capital letter leave no way out of the folder, nor to the copies under posix/
 * and right/.
 */
#include "service/zone.h"

#include "base/clock.h"
#include "service/tzif.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FOLDER "/usr/share/zoneinfo"

enum { NAME_MAX_BYTES = 64, SEGMENTS_MAX = 3, FILE_MAX = 16 * 1024 };

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

bool zone_has_form(const char *name)
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

/* How many bytes of a zone's file were read; 0: there is none. */
static size_t read_zone(const char *name, uint8_t *into, size_t max)
{
    char path[sizeof FOLDER + 1 + NAME_MAX_BYTES];
    (void)snprintf(path, sizeof path, FOLDER "/%s", name);
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0)
        return 0;
    ssize_t n = read(file, into, max);
    close(file);
    return n > 0 ? (size_t)n : 0;
}

bool zone_offset(const char *name, int64_t at, int64_t *ret)
{
    uint8_t file[FILE_MAX];
    int64_t seconds;
    size_t n = zone_has_form(name) ? read_zone(name, file, sizeof file) : 0;
    if (!n || !tzif_offset(MEM(file, n), at / SECOND, &seconds))
        return false;
    *ret = seconds * SECOND;
    return true;
}
