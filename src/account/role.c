/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles: see role.h.
 */
#include "account/role.h"

#include "base/buf.h"
#include "base/text.h"

#include <string.h>

static const struct {
    const char *name;
    enum role role;
} roles[] = {
    { "USER", ROLE_USER },
    { "SUPPORT", ROLE_SUPPORT },
    { "BILLING_ADMIN", ROLE_BILLING_ADMIN },
    { "ADMIN", ROLE_ADMIN },
};

bool role_parse(const char *name, int64_t *ret_role)
{
    for (size_t i = 0; i < COUNT(roles); i++) {
        if (text_equal(name, roles[i].name)) {
            *ret_role = roles[i].role;
            return true;
        }
    }
    return false;
}

bool role_parse_list(struct arena *arena, const char *names, int64_t *ret_roles)
{
    int64_t sum = 0;
    while (*names) {
        int64_t one;
        size_t n = strcspn(names, ",");
        if (!role_parse(text_copy(arena, MEM(names, n)), &one))
            return false;
        sum |= one;
        names += n + (names[n] == ',');
    }
    *ret_roles = sum;
    return sum != 0;
}

int64_t role_rank(int64_t bits)
{
    int64_t rank = 0;
    for (size_t i = 0; i < COUNT(roles); i++)
        if (bits & roles[i].role)
            rank = roles[i].role;
    return rank;
}

void role_put(struct json_writer *j, const char *key, int64_t bits)
{
    json_begin_array(j, key);
    for (size_t i = 0; i < COUNT(roles); i++)
        if (bits & roles[i].role)
            json_put_text(j, NULL, roles[i].name);
    json_end(j);
}

char *role_format(struct arena *arena, int64_t bits)
{
    struct buf b;
    buf_init(&b, arena, 200);
    for (size_t i = 0; i < COUNT(roles); i++)
        if (bits & roles[i].role)
            buf_format(&b, "%s%s", b.n ? ", " : "", roles[i].name);
    return text_copy(arena, buf_mem(&b));
}
