/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Levels: see level.h.
 */
#include "account/level.h"

#include "base/text.h"

#include <string.h>

bool level_has(const char *amr, const char *method)
{
    size_t n = strlen(method);
    while (*amr) {
        size_t length = strcspn(amr, " ");
        if (length == n && strncmp(amr, method, n) == 0)
            return true;
        amr += length;
        amr += strspn(amr, " ");
    }
    return false;
}

bool level_is_mfa(const char *amr)
{
    return level_has(amr, "mfa");
}

static bool is_of_two_kinds(const char *amr)
{
    bool is_known = level_has(amr, "pwd") || level_has(amr, "email");
    bool is_held = level_has(amr, "otp") || level_has(amr, "hwk") || level_has(amr, "swk");
    return is_known && is_held;
}

const char *level_add(struct arena *arena, const char *amr, const char *method)
{
    const char *all = amr;
    if (!level_has(amr, method))
        all = text_format(arena, "%s%s%s", amr, *amr ? " " : "", method);
    if (!is_of_two_kinds(all) || level_is_mfa(all))
        return all;
    return text_format(arena, "%s mfa", all);
}

const char *level_name(const char *amr)
{
    return level_is_mfa(amr) ? "aal2" : "aal1";
}
