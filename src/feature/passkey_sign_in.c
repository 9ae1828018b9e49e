/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing in with a passkey (WebAuthn level 3, 7.2): alone, as the second step of a sign-in, or as
 * a fresh proof of identity.
 *
 * Whoever signs in alone names nobody: the browser offers what it has, and the answer says whose it
 * is. So there is nothing to learn about an address here (ENUM-07). The signature is verified
 * before the transaction opens; there a challenge is used up whatever comes of it (WA-03), and the
 * counter has to rise in the statement that notes it.
 *
 * Failures are not counted against an account as those of codes are: there is nothing to guess in a
 * signature, and a stranger could close the very way in that stays open when a password is locked
 * (RATE-04).
 */
#include "feature/features.h"

#include "account/account.h"
#include "account/level.h"
#include "account/notice.h"
#include "account/passkey.h"
#include "base/text.h"
#include "service/metric.h"
#include "web/passkey_ask.h"
#include "web/req.h"
#include "web/sign_in.h"
#include "web/step_up.h"

/* --- the options --- */

static enum err choose_purpose(struct req *rq, struct ceremony *ret)
{
    struct pending pending;
    bool is_second = field(rq, "pending_token") || field_num(rq, "second_step");
    if (field_num(rq, "reauth")) {
        if (!rq->is_signed_in)
            return refuse(rq, PROBLEM_UNAUTHENTICATED);
        *ret = (struct ceremony){ .purpose = CEREMONY_REAUTH,
                                  .account_id = rq->session.account_id,
                                  .bound_to = rq->session.id };
        return OK;
    }
    if (is_second) {
        TRY(sign_in_look(rq, &rq->tx, field(rq, "pending_token"), &pending));
        *ret = (struct ceremony){ .purpose = CEREMONY_SECOND_STEP,
                                  .account_id = pending.account_id,
                                  .bound_to = pending.id };
        return OK;
    }
    *ret = (struct ceremony){ .purpose = CEREMONY_SIGN_IN, .bound_to = rq->from.agent_key };
    return OK;
}

/* Only who has shown a first factor, or is signed in, is told which passkeys an account has. */
static enum err put_allowed(struct req *rq, struct json_writer *j, const struct ceremony *c)
{
    struct passkey *own = NULL;
    size_t count = 0, kept = 0;
    if (c->account_id)
        TRY(passkey_list(&rq->tx, c->account_id, &own, &count));
    for (size_t i = 0; i < count; i++)
        if (own[i].is_user_verified || c->purpose == CEREMONY_SECOND_STEP)
            own[kept++] = own[i];
    if (c->account_id && !kept)
        return refuse(rq, PROBLEM_PASSKEY_REFUSED);
    passkey_put_list(rq, j, "allowCredentials", (struct passkeys){ own, kept });
    return OK;
}

static enum err begin(struct req *rq)
{
    struct ceremony ceremony;
    const char *challenge;
    TRY(choose_purpose(rq, &ceremony));
    TRY(ceremony_start(&rq->tx, &ceremony, &challenge));
    struct json_writer *j = answer(rq, 200);
    passkey_put_challenge(rq, j, challenge);
    json_put_text(j, "rpId", passkey_rp_id());
    json_put_text(j, "userVerification",
                  ceremony.purpose == CEREMONY_SECOND_STEP ? "preferred" : "required");
    return put_allowed(rq, j, &ceremony);
}

/* --- the answer --- */

struct shown {
    struct passkey_answer answer;
    struct passkey passkey;                /* no id: not one that is known here */
    const struct webauthn_verified *proof; /* NULL: refused */
    struct pending pending;                /* of a second step */
    const char *why;                       /* it was refused; a word for the log */
    bool is_suspect;                       /* the counter did not rise, all else was right */
};

/* In the place it was asked for in, by the account it was asked of (WA-03, WA-08). */
static enum err judge_place(struct req *rq, struct shown *s)
{
    const struct ceremony *c = &s->answer.ceremony;
    const char *here = NULL;
    if (c->purpose == CEREMONY_SIGN_IN)
        here = rq->from.agent_key;
    if (c->purpose == CEREMONY_REAUTH && rq->is_signed_in)
        here = rq->session.id;
    if (c->purpose == CEREMONY_SECOND_STEP) {
        enum err e = sign_in_look(rq, &rq->peek, field(rq, "pending_token"), &s->pending);
        if (e != E_REFUSED)
            TRY(e);
        here = e ? NULL : s->pending.id;
    }
    if (!here || !text_equal(here, c->bound_to))
        s->why = "another_place";
    else if (c->account_id && !text_equal(c->account_id, s->passkey.account_id))
        s->why = "another_account";
    else if (c->purpose != CEREMONY_SECOND_STEP && !s->passkey.is_user_verified)
        s->why = "second_step_only";
    return OK;
}

static void judge_signature(struct req *rq, const struct webauthn_assertion *assertion,
                            struct shown *s)
{
    enum webauthn_refusal why;
    struct webauthn_ceremony asked = passkey_ceremony(rq, &s->answer);
    struct webauthn_stored stored = {
        .id = s->passkey.credential_id,
        .public_key = s->passkey.public_key,
        .user_handle = passkey_user_handle(rq->arena, s->passkey.account_id),
        .sign_count = s->passkey.sign_count,
        .is_backup_eligible = s->passkey.is_backup_eligible,
    };
    if (webauthn_assert(rq->arena, &asked, &stored, assertion, &s->proof, &why))
        s->why = webauthn_refusal_name(why);
    s->is_suspect = why == WEBAUTHN_BAD_SIGN_COUNT;
}

/* Changes nothing. */
static enum err judge(struct req *rq, struct shown *s)
{
    struct webauthn_assertion assertion;
    *s = (struct shown){ 0 };
    TRY(passkey_read_answer(rq, &s->answer));
    if (s->answer.ceremony.purpose == CEREMONY_REGISTER)
        s->why = "another_ceremony";
    else if (webauthn_read_assertion(rq->arena, &s->answer.json, &assertion))
        s->why = "unreadable";
    if (s->why)
        return OK;
    enum err e = passkey_find(&rq->peek, assertion.id, &s->passkey);
    if (e == E_NOT_FOUND) {
        s->why = "unknown";
        return OK;
    }
    TRY(e);
    TRY(judge_place(rq, s));
    if (!s->why)
        judge_signature(rq, &assertion, s);
    return OK;
}

/* --- refusing --- */

static enum err tell_suspicion(struct req *rq, const struct shown *s)
{
    bool is_news;
    struct account who;
    const struct passkey *p = &s->passkey;
    TRY(passkey_suspect(&rq->tx, p->id, &is_news));
    TRY(audit_add(&rq->tx, &rq->by, AUDIT_PASSKEY_SUSPECT, p->account_id,
                  text_format(rq->arena, "{\"passkey\":\"%s\"}", p->id)));
    if (!is_news)
        return OK;
    TRY(account_find(&rq->tx, p->account_id, &who));
    rq->wakes_jobs = true;
    return notice_tell(&rq->tx, &(struct notice){ .kind = "passkey_suspect",
                                                  .account = &who,
                                                  .ip = rq->from.ip,
                                                  .user_agent = rq->from.user_agent,
                                                  .vars = VARS({ "name", p->name }) });
}

/* One answer whatever was wrong; that the challenge is used up stays. */
static enum err refuse_it(struct req *rq, const struct shown *s, const char *why)
{
    bool is_sign_in = s->answer.ceremony.purpose == CEREMONY_SIGN_IN;
    metric_count(METRIC_AUTH_ATTEMPTS, "passkey", "refused");
    if (s->is_suspect)
        TRY(tell_suspicion(rq, s));
    TRY(audit_add(
        &rq->tx, &rq->by, is_sign_in ? AUDIT_LOGIN_FAILED : AUDIT_PROOF_REFUSED,
        s->passkey.account_id,
        text_format(rq->arena, "{\"authenticator\":\"passkey\",\"reason\":\"%s\"}", why)));
    return refuse_and_keep(rq, PROBLEM_PASSKEY_REFUSED);
}

/* --- what it opens --- */

static enum err take(struct req *rq, struct shown *s)
{
    if (s->passkey.id)
        TRY(account_hold(&rq->tx, s->passkey.account_id));
    enum err e = ceremony_take(&rq->tx, &s->answer.ceremony);
    if (e == E_GONE)
        return refuse(rq, PROBLEM_CHALLENGE_EXPIRED);
    TRY(e);
    if (!s->proof)
        return refuse_it(rq, s, s->why);
    e = passkey_use(&rq->tx, &s->passkey, s->proof);
    s->is_suspect = e == E_CONFLICT;
    if (e == E_CONFLICT || e == E_NOT_FOUND)
        return refuse_it(rq, s, e == E_CONFLICT ? "sign_count" : "removed");
    TRY(e);
    metric_count(METRIC_AUTH_ATTEMPTS, "passkey", "ok");
    return OK;
}

/* "swk": the key may be copied, at least by its maker's cloud; "hwk": it never leaves its device
   (RFC 8176). */
static const char *method_of(const struct shown *s)
{
    return s->passkey.is_backup_eligible ? "swk" : "hwk";
}

/* One that verified its user is something held and something known, or a face, at once. */
static enum err open_alone(struct req *rq, const struct shown *s, struct signed_in *ret)
{
    struct account who;
    TRY(account_find(&rq->tx, s->passkey.account_id, &who));
    enum err e = sign_in(rq, &who, text_format(rq->arena, "%s mfa", method_of(s)), ret);
    if (e == E_REFUSED)
        return refuse_it(rq, s, "locked or not verified");
    return e;
}

static enum err finish_second(struct req *rq, const struct shown *s, struct signed_in *ret)
{
    enum err e = sign_in_finish(rq, &s->pending, method_of(s), ret);
    if (e == E_REFUSED)
        rq->is_kept = true; /* the challenge stays used up */
    return e;
}

static enum err prove_again(struct req *rq, const struct shown *s)
{
    enum err e = step_up(rq, method_of(s));
    if (e == E_REFUSED)
        rq->is_kept = true;
    TRY(e);
    return answer_step_up(rq);
}

static enum err finish(struct req *rq)
{
    struct shown s;
    struct signed_in in = { .gives_cookie = field_num(rq, "cookie"),
                            .trusts_device = field_num(rq, "remember_device") };
    TRY(judge(rq, &s));
    TRY(take(rq, &s));
    switch (s.answer.ceremony.purpose) {
    case CEREMONY_REAUTH: return prove_again(rq, &s);
    case CEREMONY_SECOND_STEP: TRY(finish_second(rq, &s, &in)); break;
    default: TRY(open_alone(rq, &s, &in));
    }
    return answer_sign_in(rq, &in);
}

#define PENDING_TOKEN_FIELD                                                         \
    {                                                                               \
        "pending_token", FIELD_TOKEN,                                               \
            .optional = true,                                                       \
            .help = "as the second step of this sign-in, as the first step gave it" \
    }

const struct route passkey_sign_in_routes[] = {
    ROUTE(POST, "/v1/auth/passkeys/login/begin", VISITOR, begin,
          .fields = { PENDING_TOKEN_FIELD,
                      { "second_step", FIELD_FLAG, .optional = true,
                        .help = "of the sign-in that this browser's cookie knows" },
                      { "reauth", FIELD_FLAG, .optional = true,
                        .help = "as a fresh proof for who is signed in" } },
          .limits = { { BY_IP, 60, MINUTE, "passkey begin" } },
          .gives = { { 200, "options for PublicKeyCredential.parseRequestOptionsFromJSON()" },
                     { 401, "sign_in_expired; passkey_refused: the account has none" } },
          .help = "Begins a sign-in with a passkey."),
    ROUTE(POST, "/v1/auth/passkeys/login/finish", VISITOR, finish,
          .fields = { PASSKEY_ANSWER_FIELDS,
                      PENDING_TOKEN_FIELD,
                      { "remember_device", FIELD_FLAG, .optional = true,
                        .help = "this browser skips the second step for a while; sets a cookie" },
                      { "cookie", FIELD_FLAG, .optional = true,
                        .help = "also sets the session cookie" } },
          .limits = { { BY_IP, 30, MINUTE, "passkey" } },
          .gives = { { 200, "as login; or as reauth" },
                     { 401, "passkey_refused, whatever was wrong" },
                     { 410, "challenge_expired" } },
          .help = "Signs in, finishes a sign-in or proves identity with the browser's answer."),
    ROUTES_END,
};
