/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first administrator. There is no default password: while no administrator exists, each start
 * shows a link that is good once and for a quarter of an hour (SEC-06), or takes ADMIN_EMAIL and
 * ADMIN_PASSWORD.
 */
#include "feature/setup.h"

#include "account/account.h"
#include "account/email.h"
#include "account/lockout.h"
#include "account/registration.h"
#include "account/single_use.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/token.h"
#include "feature/features.h"
#include "service/hashing.h"
#include "service/setting.h"
#include "web/new_password.h"
#include "web/req.h"
#include "web/sign_in.h"

#define PREFIX "stp"
#define PURPOSE "setup"

enum err setup_add_account(struct tx *tx, const struct audit_by *by, const struct setup_account *of,
                           struct account *ret)
{
    bool is_new;
    TRY(account_add(tx, of->email->address, of->email->key, of->locale, ret, &is_new));
    if (!is_new && ret->verified_at)
        return E_CONFLICT;
    TRY(account_verify(tx, ret->id, of->phc, of->name));
    TRY(registration_drop_all(tx, ret->id));
    TRY(lockout_clear_password(tx, ret->id, of->email->key));
    TRY(account_set_roles(tx, ret->id, of->roles));
    TRY(audit_add(tx, by, AUDIT_ACCOUNT_CREATED, ret->id,
                  text_format(tx->arena, "{\"roles\":\"%s\"}", role_format(tx->arena, of->roles))));
    return account_find(tx, ret->id, ret);
}

static enum err has_admin(struct tx *tx, bool *ret)
{
    int64_t admins = 0;
    TRY(account_count_admins(tx, &admins));
    *ret = admins > 0;
    return OK;
}

enum err setup_make_link(struct tx *tx, const char **ret_link)
{
    bool is_done;
    struct token token = token_new(tx->arena, PREFIX, PURPOSE);
    *ret_link = NULL;
    TRY(has_admin(tx, &is_done));
    if (is_done)
        return OK;
    TRY(db_run(tx,
               "INSERT INTO setup (id, slot, secret_hash, expires_at) VALUES ($1, 1, $2, $3)"
               " ON CONFLICT (slot) DO UPDATE"
               "        SET id = excluded.id, secret_hash = excluded.secret_hash,"
               "            expires_at = excluded.expires_at",
               V(text(token.id), blob(MEM(token.hash, sizeof token.hash)),
                 num(clock_now() + setting_span(SETTING_SETUP_TTL)))));
    TRY(audit_add(tx, &audit_by_system, AUDIT_SETUP_LINK_MADE, NULL, NULL));
    *ret_link = text_format(tx->arena, "%s/setup?token=%s", setting_public_origin(), token.text);
    return OK;
}

enum err setup_add_configured(struct tx *tx)
{
    bool is_done;
    struct email email;
    struct account made;
    const char *phc, *address = setting_text(SETTING_ADMIN_EMAIL);
    if (text_is_empty(address))
        return OK;
    TRY(has_admin(tx, &is_done));
    if (is_done)
        return OK;
    TRY(email_parse(tx->arena, address, &email));
    TRY(hashing_hash(tx->arena, mem_text(setting_text(SETTING_ADMIN_PASSWORD)), &phc));
    enum err e =
        setup_add_account(tx, &audit_by_system,
                          &(struct setup_account){ .email = &email,
                                                   .phc = phc,
                                                   .locale = setting_text(SETTING_DEFAULT_LOCALE),
                                                   .roles = ROLE_USER | ROLE_ADMIN },
                          &made);
    if (e != E_CONFLICT)
        return e;
    /* Another node that starts too may have made it a moment ago. */
    TRY(has_admin(tx, &is_done));
    if (!is_done)
        LOG(LOG_ERROR, "setup.taken",
            LOG_TEXT("why", "ADMIN_EMAIL has an account already, which is no administrator's"));
    return OK; /* the link that is shown next is the other way */
}

/* --- the link --- */

static const struct single_use kind = {
    .prefix = PREFIX,
    .purpose = PURPOSE,
    .look = "SELECT secret_hash FROM setup WHERE id = $1 AND expires_at > $2",
    .take = "DELETE FROM setup WHERE id = $1 AND expires_at > $2",
};

static enum err look(struct tx *tx, const char *presented, const char **ret_id)
{
    bool is_done;
    TRY(single_use_look(tx, &kind, presented, ret_id, (struct db_outs){ 0 }));
    TRY(has_admin(tx, &is_done));
    return is_done ? E_GONE : OK;
}

static enum err show_gone(struct req *rq)
{
    vars_text(rq->vars, "kind", "setup");
    vars_flag(rq->vars, "is_setup", true);
    return page_with_status(rq, "link_gone", 410);
}

static enum err show(struct req *rq)
{
    const char *id;
    enum err e = look(&rq->tx, field(rq, "token"), &id);
    if (e == E_GONE)
        return show_gone(rq);
    TRY(e);
    vars_text(rq->vars, "token", field(rq, "token"));
    return page(rq, "setup");
}

/* Uses this link up, not one that replaced it meanwhile: at most one caller gets OK. */
static enum err take(struct tx *tx, const char *token)
{
    const char *id;
    TRY(look(tx, token, &id));
    return single_use_take(tx, &kind, id);
}

static enum err make_admin(struct req *rq)
{
    struct email email;
    struct account admin;
    struct signed_in in = { .gives_cookie = true };
    const char *phc, *id;
    TRY(look(&rq->peek, field(rq, "token"), &id));
    TRY(email_parse(rq->arena, field(rq, "email"), &email));
    TRY(new_password_hash(rq, email.address, field(rq, "name"), &phc));
    TRY(take(&rq->tx, field(rq, "token")));
    TRY(setup_add_account(&rq->tx, &rq->by,
                          &(struct setup_account){ .email = &email,
                                                   .phc = phc,
                                                   .name = field(rq, "name"),
                                                   .locale = locale_tag(rq->locale),
                                                   .roles = ROLE_USER | ROLE_ADMIN },
                          &admin));
    TRY(sign_in(rq, &admin, "pwd", &in));
    return see_other(rq, "/");
}

static enum err make_admin_page(struct req *rq)
{
    enum err e = make_admin(rq);
    return e == E_GONE ? show_gone(rq) : e;
}

const struct route setup_routes[] = {
    ROUTE(GET, "/setup", VISITOR, show, .fields = { { "token", FIELD_TOKEN } }, .has_token = true,
          .help = "The form behind the first administrator's link."),
    ROUTE(POST, "/setup", VISITOR, make_admin_page, .lane = LANE_HASH, .page = "setup",
          .has_token = true,
          .fields = { { "token", FIELD_TOKEN },
                      { "email", FIELD_EMAIL },
                      { "password", FIELD_PASSWORD, .is_new = true },
                      { "name", FIELD_NAME, .optional = true } },
          .limits = { { BY_IP, 10, HOUR, "setup" } }, .help = "Makes the first administrator."),
    ROUTES_END,
};

static enum err purge(struct job *job)
{
    return db_run(job->tx, "DELETE FROM setup WHERE expires_at <= $1", V(num(job->now)));
}

const struct job_kind setup_jobs[] = {
    { "setup.purge", purge, HOUR, "removes the first administrator's link once it has expired",
      .removes = true },
    { 0 },
};
