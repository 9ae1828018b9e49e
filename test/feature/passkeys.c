/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody with a passkey: see passkeys.h.
 */
#include "passkeys.h"

struct soft_answer answer_to(struct soft_credential *key, const struct reply *options)
{
    if (options->status != 200)
        test_fail(__FILE__, __LINE__, "no options: %d %s", options->status, options->body);
    if (options->status != 200)
        return soft_answer(OUR_ORIGIN, "localhost", "bm9uZQ");
    return soft_answer_options(key, &options->json, OUR_ORIGIN);
}

struct reply *add_passkey(struct client *c, struct soft_credential *key, int flags)
{
    struct soft_answer said = answer_to(key, post(c, REGISTER "begin", "{}"));
    said.flags = flags;
    return post(c, REGISTER "finish", soft_registration(test_arena(), key, &said));
}

struct soft_credential *own_passkey(struct client *c)
{
    struct soft_credential *key = soft_credential_new(-7);
    CHECK_NUM(add_passkey(c, key, SYNCED)->status, 201);
    return key;
}

struct reply *ask_passkey(struct client *c, const char *body)
{
    return post(c, SIGN_IN "begin", body);
}

struct reply *give_passkey(struct client *c, const struct soft_credential *key,
                           const struct soft_answer *answer)
{
    struct reply *r = post(c, SIGN_IN "finish", soft_assertion(test_arena(), key, answer));
    if (r->status == 200 && text_of(r, "access_token"))
        c->bearer = text_of(r, "access_token");
    if (r->status == 200 && text_of(r, "refresh_token")) {
        c->refresh = text_of(r, "refresh_token");
        c->session_id = text_of(r, "session_id");
    }
    return r;
}

struct reply *use_passkey(struct client *c, struct soft_credential *key, const char *body,
                          int flags)
{
    struct soft_answer said = answer_to(key, ask_passkey(c, body));
    said.flags = flags;
    return give_passkey(c, key, &said);
}
