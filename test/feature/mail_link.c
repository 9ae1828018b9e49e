/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing in by a mailed link: see mail_link.h.
 */
#include "mail_link.h"

struct reply *ask_link(struct client *c, const char *email)
{
    return post(c, "/v1/auth/magic-link", json("email", email, NULL));
}

struct reply *enter_link(struct client *c, const char *token)
{
    return post(c, "/v1/auth/magic-link/verify", json("token", token, NULL));
}

const char *link_for(struct client *c, const char *email)
{
    CHECK_NUM(ask_link(c, email)->status, 202);
    return mailed_token(c->w, email, "magic_link");
}

struct reply *ask_link_page(struct client *c, const char *email)
{
    (void)get(c, "/magic-link");
    return post_form(c, "/magic-link", text_format(test_arena(), "email=%s", email));
}

struct reply *open_link(struct client *c, const char *token)
{
    return get(c, text_format(test_arena(), "/magic-link?token=%s", token));
}
