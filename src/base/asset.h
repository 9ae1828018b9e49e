/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of ui/, migrations/ and data/, embedded in the binary by tools/embed.
 */
#pragma once

#include "base/mem.h"

struct asset {
    const char *path;  /* "ui/static/cardea.css" */
    struct mem plain;  /* followed by a NUL that is not counted */
    struct mem gzip;   /* gzipped, or empty where that saves nothing or is not served */
    struct mem brotli; /* likewise */
};

extern const struct asset asset_list[]; /* sorted within each folder, by path */
extern const size_t asset_count;

/* The embedded file, NULL when there is none. */
const struct asset *asset_find(const char *path);
