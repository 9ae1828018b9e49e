/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of a folder: see folder.h.
 */
#include "service/folder.h"

#include "base/log.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static enum err read_open(struct arena *arena, const char *path, FILE *file, size_t size,
                          struct mem *ret)
{
    char *bytes = arena_alloc(arena, size + 1);
    size_t n = fread(bytes, 1, size, file);
    *ret = MEM(bytes, n);
    return ferror(file) ? fault("%s: cannot be read", path) : OK;
}

/* No bytes at all (p NULL) when it is not a regular file. */
static enum err read_file(struct arena *arena, const char *path, size_t max, struct mem *ret)
{
    struct stat info;
    *ret = (struct mem){ 0 };
    if (stat(path, &info) != 0)
        return fault("%s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return OK;
    if ((size_t)info.st_size > max) {
        LOG(LOG_ERROR, "folder.too_large", LOG_TEXT("file", path), LOG_NUM("max", (int64_t)max));
        return E_INVALID;
    }
    FILE *file = fopen(path, "rbe");
    if (!file)
        return fault("%s: %s", path, strerror(errno));
    enum err e = read_open(arena, path, file, (size_t)info.st_size, ret);
    (void)fclose(file);
    return e;
}

static enum err each(struct arena *arena, DIR *open, const char *path, size_t max,
                     const struct folder_use *use)
{
    const char *folder = strrchr(path, '/') + 1;
    for (struct dirent *entry = readdir(open); entry; entry = readdir(open)) {
        struct mem content;
        if (entry->d_name[0] == '.')
            continue;
        TRY(read_file(arena, text_format(arena, "%s/%s", path, entry->d_name), max, &content));
        if (content.p)
            TRY(use->file(text_format(arena, "%s/%s", folder, entry->d_name), content, use->arg));
    }
    return OK;
}

enum err folder_each(struct arena *arena, const char *dir, const char *folder, size_t max,
                     const struct folder_use *use)
{
    const char *path = text_format(arena, "%s/%s", dir, folder);
    DIR *open = opendir(path);
    if (!open)
        return errno == ENOENT ? OK : fault("%s: %s", path, strerror(errno));
    enum err e = each(arena, open, path, max, use);
    (void)closedir(open);
    return e;
}
