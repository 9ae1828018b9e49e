/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the files of an operator's UI_DIR, for locale.c and template.c. Only at start.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

#include <stddef.h>

struct folder_use {
    /* Gets "folder/file" and its content, both in the arena. */
    enum err (*file)(const char *name, struct mem content, void *arg);
    void *arg;
};

/*
 * Uses every regular file of dir/folder, in no order; files beginning with a dot are left out, and
 * a missing folder has none. E_INVALID, logged: a file over max bytes. E_FAULT: not readable.
 * Anything that use gives ends it and is given.
 */
enum err folder_each(struct arena *arena, const char *dir, const char *folder, size_t max,
                     const struct folder_use *use);
