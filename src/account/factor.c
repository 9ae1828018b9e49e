/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Second factors: see factor.h. Each kind has one line in the table.
 */
#include "account/factor.h"

#include "account/passkey.h"
#include "account/recovery.h"
#include "account/totp_factor.h"
#include "base/text.h"

struct factor {
    const char *name;
    /* How many of this kind an account has ready for use. */
    enum err (*count)(struct tx *tx, const char *account_id, int64_t *ret);
};

static const struct factor factors[] = {
    { "totp", totp_count },
    { "recovery_code", recovery_count },
    { "passkey", passkey_count },
    { NULL, NULL },
};

enum err factor_methods(struct tx *tx, const char *account_id, const char **ret)
{
    *ret = "";
    for (const struct factor *f = factors; f->name; f++) {
        int64_t count = 0;
        TRY(f->count(tx, account_id, &count));
        if (count)
            *ret = text_format(tx->arena, "%s%s%s", *ret, **ret ? " " : "", f->name);
    }
    return OK;
}
