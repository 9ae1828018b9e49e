/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sign-in with a password, and signing out.
 *
 * Unknown, not verified, locked by staff and wrong all look alike: the same answer, one hash, one
 * commit, and one count by the address (web/attempt.h). The hash is computed before the transaction
 * opens; that the password is still the one compared is a condition of the statement that signs in.
 */
#include "feature/features.h"

#include "account/account.h"
#include "account/email.h"
#include "base/text.h"
#include "service/hashing.h"
#include "service/metric.h"
#include "web/attempt.h"
#include "web/captcha.h"
#include "web/limits.h"
#include "web/next.h"
#include "web/req.h"
#include "web/sign_in.h"

/* Why they may not come in, for the audit log; NULL: they may. */
static const char *find_reason(const struct account *who, bool matches)
{
    if (!who->id)
        return "unknown address";
    if (!who->verified_at)
        return "address not verified";
    if (!matches)
        return "wrong password";
    return who->locked_at ? "locked" : NULL;
}

/* A hash that was made with another cost is renewed. */
static enum err renew_hash(struct req *rq, const struct account *who, const char *phc)
{
    enum err e = account_rehash(&rq->tx, who, phc);
    if (e == E_CONFLICT)
        return OK; /* another sign-in did it; should the password itself differ, sign_in says so */
    TRY(e);
    return audit_add(&rq->tx, &rq->by, AUDIT_PASSWORD_REHASHED, who->id, NULL);
}

/* Finds who is named; who->id is NULL for an unknown address. */
static enum err find_named(struct req *rq, struct email *ret_email, struct account *ret_who)
{
    *ret_who = (struct account){ 0 };
    TRY(email_parse(rq->arena, field(rq, "email"), ret_email));
    enum err e = account_find_email(&rq->peek, ret_email->key, ret_who);
    return e == E_NOT_FOUND ? OK : e;
}

/* ret_phc: a new hash when the stored one is outdated, else NULL. All hashing is done before the
   transaction opens. */
static enum err judge(struct req *rq, const struct account *who, struct attempt *attempt,
                      const char **ret_phc)
{
    bool matches, is_outdated;
    *ret_phc = NULL;
    TRY(attempt_look(rq, attempt));
    TRY(captcha_ask(rq, "login", attempt->lockout.failures));
    TRY(hashing_verify(who->password, mem_text(field(rq, "password")), &matches, &is_outdated));
    attempt->reason = find_reason(who, matches);
    if (!attempt->reason && is_outdated)
        TRY(hashing_hash(rq->arena, mem_text(field(rq, "password")), ret_phc));
    return attempt_end(rq, attempt, attempt->reason ? PROBLEM_INVALID_CREDENTIALS : PROBLEM_NONE);
}

static enum err prove(struct req *rq, struct signed_in *ret)
{
    struct email email;
    struct account who;
    const char *phc;
    TRY(find_named(rq, &email, &who));
    struct attempt attempt = { .account_id = who.id,
                               .email_key = email.key,
                               .authenticator = LOCKOUT_PASSWORD };
    TRY(judge(rq, &who, &attempt, &phc));
    if (phc)
        TRY(renew_hash(rq, &who, phc));
    return sign_in(rq, &who, "pwd", ret);
}

static enum err login_api(struct req *rq)
{
    struct signed_in in = { .gives_cookie = field_num(rq, "cookie") };
    TRY(prove(rq, &in));
    return answer_sign_in(rq, &in);
}

static enum err login_page(struct req *rq)
{
    struct signed_in in = { .gives_cookie = true };
    TRY(prove(rq, &in));
    return see_signed_in(rq, &in, field(rq, "next"));
}

static enum err show_login(struct req *rq)
{
    const char *next = page_set_next(rq, field(rq, "next"));
    if (rq->is_signed_in)
        return see_other(rq, next);
    return page(rq, "login");
}

/* --- signing out --- */

static enum err end_session(struct req *rq, const char *account_id, const char *id)
{
    enum err e = session_end(&rq->tx, account_id, id);
    if (e == E_NOT_FOUND)
        return OK; /* ended already: that is what was wished */
    TRY(e);
    metric_count(METRIC_SESSIONS_REVOKED, "signed_out", "");
    touch_account(rq, account_id);
    return audit_add(&rq->tx, &rq->by, AUDIT_SESSION_ENDED, account_id,
                     "{\"reason\":\"signed out\"}");
}

static enum err end_by_refresh_token(struct req *rq)
{
    const char *id;
    struct session session;
    enum err e = session_of_refresh(&rq->tx, field(rq, "refresh_token"), &id);
    if (e == E_UNAUTHENTICATED)
        return limits_take_failure(rq); /* RFC 7009 2.2: else it is as good as a revoked one */
    TRY(e);
    e = session_find(&rq->tx, id, &session);
    if (e == E_NOT_FOUND)
        return OK;
    TRY(e);
    rq->by.actor = session.account_id;
    return end_session(rq, session.account_id, id);
}

static enum err logout_api(struct req *rq)
{
    if (!rq->is_signed_in && !field(rq, "refresh_token"))
        return refuse(rq, PROBLEM_UNAUTHENTICATED);
    if (field(rq, "refresh_token"))
        TRY(end_by_refresh_token(rq));
    if (rq->is_signed_in)
        TRY(end_session(rq, rq->session.account_id, rq->session.id));
    if (rq->came_by_cookie)
        drop_session_cookie(rq);
    return answer_empty(rq, 204);
}

static enum err logout_page(struct req *rq)
{
    if (rq->is_signed_in)
        TRY(end_session(rq, rq->session.account_id, rq->session.id));
    drop_session_cookie(rq);
    http_header_add(&rq->x->response, "Clear-Site-Data", "\"cache\", \"storage\"");
    return see_other(rq, "/signed-out");
}

#define LOGIN_LIMITS                                                           \
    {                                                                          \
        { BY_IP, 5, MINUTE, "login" }, { BY_EMAIL_FIELD, 5, MINUTE, "login" }, \
    }

const struct route login_routes[] = {
    ROUTE(POST, "/v1/auth/login", ANYONE, login_api, .lane = LANE_HASH,
          .fields = { { "email", FIELD_EMAIL },
                      { "password", FIELD_PASSWORD },
                      { "cookie", FIELD_FLAG, .optional = true,
                        .help = "also sets the session cookie; what is sent with it needs "
                                "csrf_token in X-CSRF-Token" },
                      CAPTCHA_FIELD },
          .limits = LOGIN_LIMITS,
          .gives = { { 200, "{\"access_token\",\"token_type\",\"expires_in\",\"refresh_token\","
                            "\"session_id\",\"user\":{" USER_MEMBERS "},\"csrf_token\"?}, or "
                            "{\"mfa_required\":true,\"pending_token\",\"methods\","
                            "\"expires_in\"}" },
                     { 401, "invalid_credentials, whatever was wrong" } },
          .help = "Signs in with a password."),
    ROUTE(POST, "/v1/auth/logout", VISITOR, logout_api,
          .fields = { { "refresh_token", FIELD_TOKEN, .optional = true,
                        .help = "instead of a bearer token or cookie" } },
          .limits = { { BY_FAILURES, 300, MINUTE, "refresh" } }, .gives = { { 204, "ended" } },
          .help = "Ends this session."),
    ROUTE(GET, "/login", VISITOR, show_login, .captcha = { "login" },
          .fields = { { "next", FIELD_TEXT, .optional = true, .max = NEXT_BYTES } },
          .help = "The sign-in form."),
    ROUTE(POST, "/login", ANYONE, login_page, .lane = LANE_HASH, .page = "login",
          .captcha = { "login" },
          .fields = { { "email", FIELD_EMAIL },
                      { "password", FIELD_PASSWORD },
                      { "next", FIELD_TEXT, .optional = true, .max = NEXT_BYTES },
                      CAPTCHA_FIELD },
          .limits = LOGIN_LIMITS, .help = "Signs in by form."),
    ROUTE(POST, "/logout", VISITOR, logout_page, .help = "Signs out by form."),
    ROUTE(GET, "/signed-out", VISITOR, NULL, .page = "signed_out",
          .help = "Says that somebody has signed out."),
    ROUTES_END,
};
