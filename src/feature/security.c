/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The security page and changing the password. The current password is asked for even though
 * somebody is signed in: a borrowed screen must not be enough. Other sessions end; this one gets a
 * new cookie.
 */
#include "feature/features.h"

#include "account/account.h"
#include "account/credential.h"
#include "account/device.h"
#include "account/recovery.h"
#include "account/totp_factor.h"
#include "base/text.h"
#include "service/hashing.h"
#include "web/attempt.h"
#include "web/new_password.h"
#include "web/passkey_ask.h"
#include "web/req.h"

enum { CODES_FEW = 3 }; /* fewer than this deserve a warning */

/* Counted like any other guess at the password, or a stolen session could go on guessing here. */
static enum err judge_current(struct req *rq, struct attempt *attempt, bool matches)
{
    if (matches)
        return attempt_end(rq, attempt, PROBLEM_NONE);
    TRY(attempt_begin(rq, attempt));
    TRY(audit_add(&rq->tx, &rq->by, AUDIT_PASSWORD_REFUSED, attempt->account_id, NULL));
    return attempt_fail(rq, attempt, PROBLEM_PASSWORD_WRONG);
}

/* Both hashes come before the transaction, and before the verdict: neither the time taken nor a
   word about the new password tells a guesser anything. */
static enum err change(struct req *rq)
{
    bool matches;
    struct account who;
    const char *phc, *cookie;
    TRY(account_find(&rq->peek, rq->session.account_id, &who));
    struct attempt attempt = { .account_id = who.id,
                               .email_key = who.email_key,
                               .authenticator = LOCKOUT_PASSWORD };
    TRY(attempt_look(rq, &attempt));
    TRY(hashing_verify(who.password, mem_text(field(rq, "current_password")), &matches, NULL));
    TRY(new_password_hash(rq, who.email, who.name, &phc));

    /* A reset may have happened while the hash was computed: then nothing is changed. Locks in the
       order account, count, sessions, audit, as everywhere. */
    TRY(account_hold(&rq->tx, who.id));
    TRY(judge_current(rq, &attempt, matches));
    enum err e = session_renew_cookie(&rq->tx, rq->session.id, &cookie);
    if (e == E_NOT_FOUND)
        return refuse(rq, PROBLEM_UNAUTHENTICATED); /* ended meanwhile */
    TRY(e);
    TRY(credential_set_password(&rq->tx, &(struct credential_change){
                                             .account = &who,
                                             .phc = phc,
                                             .keep_session = rq->session.id,
                                             .event = AUDIT_PASSWORD_CHANGED,
                                             .by = &rq->by,
                                         }));
    if (rq->came_by_cookie)
        set_session_cookie(rq, cookie);
    touch_account(rq, who.id);
    rq->wakes_jobs = true;
    return OK;
}

static enum err change_api(struct req *rq)
{
    TRY(change(rq));
    return answer_status(rq, 200, "password_changed");
}

static void put_session(struct req *rq, const struct session *s)
{
    struct vars *item = vars_item(rq->vars, "sessions");
    vars_text(item, "id", s->id);
    vars_text(item, "device", session_device(rq->arena, s->user_agent));
    vars_text(item, "user_agent", s->user_agent);
    vars_text(item, "ip", s->ip);
    vars_text(item, "created_at", clock_format(rq->arena, s->created_at));
    vars_text(item, "last_seen_at", clock_format(rq->arena, s->last_seen_at));
    vars_flag(item, "current", text_equal(s->id, rq->session.id));
}

static enum err list_sessions(struct req *rq, struct tx *tx)
{
    struct session *sessions;
    size_t count;
    TRY(session_list(tx, rq->session.account_id, &sessions, &count));
    for (size_t i = 0; i < count; i++)
        put_session(rq, &sessions[i]);
    vars_flag(rq->vars, "has_others", count > 1);
    return OK;
}

static enum err list_devices(struct req *rq, struct tx *tx)
{
    struct device *devices;
    size_t count;
    TRY(device_list(tx, rq->session.account_id, &devices, &count));
    for (size_t i = 0; i < count; i++) {
        const struct device *d = &devices[i];
        struct vars *item = vars_item(rq->vars, "devices");
        vars_text(item, "id", d->id);
        vars_text(item, "device", session_device(rq->arena, d->user_agent));
        vars_text(item, "user_agent", d->user_agent);
        vars_text(item, "ip", d->ip);
        vars_text(item, "last_seen_at", clock_format(rq->arena, d->last_seen_at));
        vars_text(item, "trusted_until",
                  d->trusted_until > rq->now ? clock_format(rq->arena, d->trusted_until) : NULL);
    }
    return OK;
}

static enum err set_two_factor(struct req *rq, struct tx *tx)
{
    int64_t bound_at, codes;
    TRY(totp_bound_at(tx, rq->session.account_id, &bound_at));
    TRY(recovery_count(tx, rq->session.account_id, &codes));
    vars_text(rq->vars, "two_factor_at", bound_at ? clock_format(rq->arena, bound_at) : NULL);
    vars_num(rq->vars, "codes_left", codes);
    vars_flag(rq->vars, "codes_are_few", codes < CODES_FEW);
    return OK;
}

/* Their ids go along, so that the browser can tell its password manager which are still good. */
static enum err list_passkeys(struct req *rq, struct tx *tx)
{
    struct passkey *own;
    size_t count;
    struct buf ids;
    TRY(passkey_list(tx, rq->session.account_id, &own, &count));
    buf_init(&ids, rq->arena, PASSKEYS_MAX * 1400);
    for (size_t i = 0; i < count; i++) {
        struct vars *item = vars_item(rq->vars, "passkeys");
        vars_text(item, "id", own[i].id);
        vars_text(item, "name", own[i].name);
        vars_text(item, "created_at", clock_format(rq->arena, own[i].created_at));
        vars_text(item, "last_used_at",
                  own[i].last_used_at ? clock_format(rq->arena, own[i].last_used_at) : NULL);
        vars_flag(item, "synced", own[i].is_backed_up);
        vars_flag(item, "second_only", !own[i].is_user_verified || !own[i].is_discoverable);
        vars_flag(item, "suspect_at", own[i].suspect_at);
        buf_format(&ids, "%s%s", i ? " " : "", passkey_text(rq->arena, own[i].credential_id));
    }
    vars_flag(rq->vars, "passkeys_first", count == 0);
    vars_text(rq->vars, "passkey_ids", text_copy(rq->arena, buf_mem(&ids)));
    vars_text(rq->vars, "passkey_rp", passkey_rp_id());
    vars_text(rq->vars, "passkey_user",
              passkey_text(rq->arena, passkey_user_handle(rq->arena, rq->session.account_id)));
    return OK;
}

/* All that the page shows beside the form. */
static enum err set_sections(struct req *rq, struct tx *tx)
{
    TRY(list_passkeys(rq, tx));
    TRY(set_two_factor(rq, tx));
    TRY(list_sessions(rq, tx));
    return list_devices(rq, tx);
}

static void set_notice(struct req *rq)
{
    static const char *const known[] = { "session_ended",    "sessions_ended", "password_changed",
                                         "device_forgotten", "two_factor_on",  "two_factor_off",
                                         "recovery_codes",   "passkey_added",  "passkey_renamed",
                                         "passkey_removed" };
    for (size_t i = 0; i < COUNT(known); i++)
        if (text_equal(field(rq, "done"), known[i]))
            vars_text(rq->vars, "notice",
                      locale_text(rq->locale, text_format(rq->arena, "notice.%s", known[i])));
}

static enum err show(struct req *rq)
{
    TRY(set_sections(rq, &rq->tx));
    set_notice(rq);
    return page(rq, "account_security");
}

static enum err change_page(struct req *rq)
{
    TRY(set_sections(rq, &rq->peek)); /* should the form be shown again */
    TRY(change(rq));
    return see_other(rq, "/account/security?done=password_changed");
}

#define CHANGE_FIELDS                                                              \
    {                                                                              \
        { "current_password", FIELD_PASSWORD },                                    \
            { "password", FIELD_PASSWORD, .is_new = true, .help = "the new one" }, \
    }

const struct route security_routes[] = {
    ROUTE(POST, "/v1/auth/password/change", SIGNED_IN, change_api, .lane = LANE_HASH,
          .fields = CHANGE_FIELDS, .proof = PROOF_LEVEL,
          .limits = { { BY_ACCOUNT, 5, MINUTE, "password" } },
          .gives = { { 200, "{\"status\":\"password_changed\"}" },
                     { 403, "password_wrong" },
                     { 423, "locked" } },
          .help = "Changes my password; all other sessions end."),
    ROUTE(GET, "/account/security", SIGNED_IN, show,
          .fields = { { "done", FIELD_TEXT, .optional = true, .max = 40 } },
          .help = "Password and sessions."),
    ROUTE(POST, "/account/password", SIGNED_IN, change_page, .lane = LANE_HASH,
          .fields = CHANGE_FIELDS, .proof = PROOF_LEVEL, .back = "/account/security",
          .limits = { { BY_ACCOUNT, 5, MINUTE, "password" } }, .page = "account_security",
          .help = "Changes my password by form."),
    ROUTES_END,
};
