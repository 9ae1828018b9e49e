/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens that are good once: see single_use.h.
 */
#include "account/single_use.h"

#include "base/clock.h"
#include "crypto/token.h"

#include <assert.h>
#include <string.h>

enum { REST_MAX = 15 };

enum err single_use_look(struct tx *tx, const struct single_use *kind, const char *presented,
                         const char **ret_id, struct db_outs rest)
{
    struct token token;
    struct mem hash;
    struct db_out all[1 + REST_MAX] = { to_blob(&hash) };
    assert(rest.count <= REST_MAX);
    if (rest.count)
        memcpy(all + 1, rest.out, rest.count * sizeof *all);
    if (!token_parse(tx->arena, presented, kind->prefix, kind->purpose, &token))
        return E_GONE;
    *ret_id = token.id;
    enum err e =
        db_one(tx, kind->look, /* allowed: the owner's literal */
               V(text(token.id), num(clock_now())), (struct db_outs){ all, 1 + rest.count });
    if (e == E_NOT_FOUND)
        return E_GONE;
    TRY(e);
    return token_matches(&token, hash) ? OK : E_GONE;
}

enum err single_use_take(struct tx *tx, const struct single_use *kind, const char *id)
{
    int64_t rows = 0;
    TRY(db_change(tx, kind->take, /* allowed: the owner's literal */
                  V(text(id), num(clock_now())), &rows));
    return rows ? OK : E_GONE;
}

enum err single_use_purge(struct tx *tx, const struct single_use *kind, int64_t now, bool *ret_more)
{
    return db_purge(tx, kind->purge, V(num(now)), ret_more); /* allowed: the owner's literal */
}
