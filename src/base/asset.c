/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Embedded files: see asset.h.
 */
#include "base/asset.h"

#include "base/text.h"

const struct asset *asset_find(const char *path)
{
    for (size_t i = 0; i < asset_count; i++)
        if (text_equal(asset_list[i].path, path))
            return &asset_list[i];
    return NULL;
}
