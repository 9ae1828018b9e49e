/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Second factors: see factor.h. Each kind has one line in the table.
 */
#include "account/factor.h"

#include "account/account.h"
#include "account/passkey.h"
#include "account/recovery.h"
#include "account/totp_factor.h"
#include "base/clock.h"
#include "base/text.h"

struct factor {
    const char *name;
    /* How many of this kind an account has ready for use. */
    enum err (*count)(struct tx *tx, const char *account_id, int64_t *ret);
    enum err (*remove_all)(struct tx *tx, const char *account_id);
};

static enum err remove_passkeys(struct tx *tx, const char *account_id)
{
    return passkey_remove_since(tx, account_id, 0);
}

static const struct factor factors[] = {
    { "totp", totp_count, totp_remove },
    { "recovery_code", recovery_count, recovery_remove },
    { "passkey", passkey_count, remove_passkeys },
    { 0 },
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

enum err factor_remove_since(struct tx *tx, const char *account_id, int64_t since)
{
    int64_t bound_at = 0;
    TRY(passkey_remove_since(tx, account_id, since));
    TRY(totp_bound_at(tx, account_id, &bound_at));
    if (bound_at < since)
        return recovery_remove_since(tx, account_id, since);
    if (clock_now() > since + DAY)
        return OK;
    TRY(totp_remove(tx, account_id));
    TRY(recovery_remove(tx, account_id));
    return account_set_mfa(tx, account_id, false);
}

enum err factor_remove_all(struct tx *tx, const char *account_id)
{
    for (const struct factor *f = factors; f->name; f++)
        TRY(f->remove_all(tx, account_id));
    return account_set_mfa(tx, account_id, false);
}
