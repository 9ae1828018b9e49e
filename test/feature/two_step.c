/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody with an authenticator app: see two_step.h.
 */
#include "two_step.h"

#include "base/base32.h"
#include "base/clock.h"
#include "crypto/totp.h"

#include <string.h>

const char *code_at(const struct app *app, int64_t steps)
{
    char code[TOTP_DIGITS_MAX + 1];
    struct totp totp = { DIGEST_SHA1, TOTP_DIGITS, app->secret };
    totp_code(&totp, totp_step(clock_now()) + steps, code);
    return text_copy(test_arena(), mem_text(code));
}

struct mem secret_of(const char *base32)
{
    size_t n = 0;
    uint8_t *secret = arena_alloc(test_arena(), TOTP_SECRET_BYTES);
    CHECK(base32 && base32_parse(base32, secret, TOTP_SECRET_BYTES, &n));
    return MEM(secret, n);
}

struct reply *set_up(struct client *c, struct app *ret)
{
    ret->owner = c;
    struct reply *r = post(c, "/v1/auth/2fa/enable-init", "{}");
    CHECK_NUM(r->status, 200);
    ret->base32 = text_of(r, "secret");
    ret->secret = secret_of(ret->base32);
    r = post(c, "/v1/auth/2fa/enable-complete", json("code", code_at(ret, 0), NULL));
    for (int i = 0; i < CODES; i++)
        ret->codes[i] = text_of(r, text_format(test_arena(), "recovery_codes.%d", i));
    return r;
}

struct app two_step(struct world *w, const char *email)
{
    struct app app = { 0 };
    struct reply *r = set_up(signed_in(w, email), &app);
    CHECK_NUM(r->status, 200);
    wait_for(30 * SECOND);
    return app;
}

const char *first_step(struct client *c, const char *email)
{
    struct reply *r = login(c, email, PASSWORD);
    CHECK_NUM(r->status, 200);
    return text_of(r, "pending_token");
}

static struct reply *finish(struct client *c, const char *path, const char *body)
{
    struct reply *r = post(c, path, body);
    if (r->status != 200)
        return r;
    c->bearer = text_of(r, "access_token");
    c->refresh = text_of(r, "refresh_token");
    c->session_id = text_of(r, "session_id");
    return r;
}

struct reply *second_step(struct client *c, const char *handle, const char *code)
{
    return finish(c, "/v1/auth/2fa/verify", json("pending_token", handle, "code", code, NULL));
}

struct reply *recover(struct client *c, const char *handle, const char *code)
{
    return finish(c, "/v1/auth/recovery-login", json("pending_token", handle, "code", code, NULL));
}

struct reply *login_by_app(struct client *c, const char *email, const struct app *app)
{
    return second_step(c, first_step(c, email), code_at(app, 0));
}

void stay(struct client *c)
{
    struct reply *r = refresh(c, c->refresh);
    CHECK_NUM(r->status, 200);
    c->bearer = text_of(r, "access_token");
    c->refresh = text_of(r, "refresh_token");
}
