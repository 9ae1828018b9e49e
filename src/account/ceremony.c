/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebAuthn ceremonies: see ceremony.h.
 */
#include "account/ceremony.h"

#include "account/personal.h"
#include "account/single_use.h"
#include "base/clock.h"
#include "base/text.h"
#include "crypto/token.h"

#define PREFIX "wac"
#define PURPOSE "webauthn-challenge"

static const char *const purposes[] = {
    [CEREMONY_REGISTER] = "register",
    [CEREMONY_SIGN_IN] = "sign_in",
    [CEREMONY_SECOND_STEP] = "second_step",
    [CEREMONY_REAUTH] = "reauth",
};

enum err ceremony_start(struct tx *tx, struct ceremony *of, const char **ret_challenge)
{
    struct token token = token_new(tx->arena, PREFIX, PURPOSE);
    int64_t now = clock_now();
    of->id = token.id;
    *ret_challenge = token.text;
    return db_run(tx,
                  "INSERT INTO ceremony (id, secret_hash, purpose, account_id, bound_to, name,"
                  "                      created_at, expires_at)"
                  "     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                  V(text(token.id), blob(MEM(token.hash, sizeof token.hash)),
                    text(purposes[of->purpose]), text(of->account_id), text(of->bound_to),
                    text(of->name), num(now), num(now + CEREMONY_MINUTES * MINUTE)));
}

/* False for a word that no version of ours wrote. */
static bool read_purpose(const char *word, enum ceremony_purpose *ret)
{
    for (size_t i = 0; i < COUNT(purposes); i++)
        if (text_equal(word, purposes[i])) {
            *ret = (enum ceremony_purpose)i;
            return true;
        }
    return false;
}

static const struct single_use kind = {
    .prefix = PREFIX,
    .purpose = PURPOSE,
    .look = "SELECT secret_hash, purpose, account_id, bound_to, name FROM ceremony"
            " WHERE id = $1 AND expires_at > $2",
    .take = "DELETE FROM ceremony WHERE id = $1 AND expires_at > $2",
    .purge = "DELETE FROM ceremony WHERE id IN"
             " (SELECT id FROM ceremony WHERE expires_at < $1 ORDER BY expires_at LIMIT 500)",
};

enum err ceremony_look(struct tx *tx, const char *challenge, struct ceremony *ret)
{
    const char *purpose;
    *ret = (struct ceremony){ 0 };
    TRY(single_use_look(tx, &kind, challenge, &ret->id,
                        INTO(to_text(&purpose), to_text(&ret->account_id), to_text(&ret->bound_to),
                             to_text(&ret->name))));
    return read_purpose(purpose, &ret->purpose) ? OK : E_GONE;
}

enum err ceremony_take(struct tx *tx, const struct ceremony *of)
{
    return single_use_take(tx, &kind, of->id);
}

enum err ceremony_purge(struct tx *tx, int64_t now, bool *ret_more)
{
    return single_use_purge(tx, &kind, now, ret_more);
}

/* What is in there lives for minutes, and says nothing about anybody. */
const struct personal_table ceremony_personal[] = {
    { "ceremony", NULL, NULL, .mend = "DELETE FROM ceremony WHERE created_at > $1" },
    { 0 },
};
