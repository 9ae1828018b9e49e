/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invitations, as staff make and take them back. Nobody grants what they do not hold: SUPPORT
 * invites users, more is for an ADMIN. An invitation for staff is for one address and once, and is
 * only mailed: a link that is passed on makes nobody staff. The token of any other is shown to who
 * makes it, once.
 */
#include "feature/features.h"

#include "account/invite.h"
#include "account/role.h"
#include "base/id.h"
#include "base/text.h"
#include "service/job.h"
#include "service/setting.h"
#include "web/cursor.h"
#include "web/new_email.h"
#include "web/req.h"

#define LIST "invites"

enum { USES_MAX = 1000 };

static const char *status_of(const struct invite *invite, int64_t now)
{
    if (invite->revoked_at)
        return "revoked";
    if (invite->used >= invite->uses)
        return "used";
    return invite->expires_at > now ? "open" : "expired";
}

/* --- making one --- */

static enum err note(struct req *rq, enum audit_event event, const struct invite *of)
{
    return audit_add(&rq->tx, &rq->by, event, rq->session.account_id,
                     text_format(rq->arena, "{\"invite\":\"%s\",\"role\":\"%s\"}", of->id,
                                 role_format(rq->arena, of->role)));
}

static bool may_grant(const struct req *rq, int64_t role)
{
    return role == ROLE_USER || rq->session.roles >= ROLE_ADMIN;
}

static enum err check_staff(struct req *rq, const struct invite *of)
{
    if (!may_grant(rq, of->role))
        return refuse(rq, PROBLEM_FORBIDDEN);
    if (of->role != ROLE_USER && !of->email)
        return refuse_field(rq, "email", PROBLEM_FIELD_REQUIRED);
    if (of->email && of->uses != 1)
        return refuse_field(rq, "uses", PROBLEM_FIELD_RANGE);
    return OK;
}

static enum err read_wish(struct req *rq, struct invite *ret)
{
    struct email email = { 0 };
    const char *role = field(rq, "role"), *locale = field(rq, "locale");
    int64_t span = field_num(rq, "expires_in") * SECOND, uses = field_num(rq, "uses");
    if (field(rq, "email"))
        TRY(new_email(rq, &email));
    *ret =
        (struct invite){ .email = email.address,
                         .email_key = email.key,
                         .locale = locale ? locale : locale_tag(rq->locale),
                         .created_by = rq->session.account_id,
                         .role = ROLE_USER,
                         .uses = uses ? uses : 1,
                         .created_at = rq->now,
                         .expires_at = rq->now + (span ? span : setting_span(SETTING_INVITE_TTL)) };
    if (role && !role_parse(role, &ret->role))
        return refuse_field(rq, "role", PROBLEM_ROLE_UNKNOWN);
    return check_staff(rq, ret);
}

static enum err make(struct req *rq, struct invite *ret, struct token *ret_token)
{
    TRY(read_wish(rq, ret));
    TRY(invite_add(&rq->tx, ret, &ret->id, ret_token));
    TRY(note(rq, AUDIT_INVITE_MADE, ret));
    if (!ret->email)
        return OK;
    rq->wakes_jobs = true;
    return invite_mail(&rq->tx, "invite", ret, ret_token);
}

static const char *link_of(struct req *rq, const struct token *token)
{
    return text_format(rq->arena, "%s/register?invite=%s", setting_public_origin(), token->text);
}

static void put_members(struct req *rq, struct json_writer *j, const struct invite *of)
{
    json_put_text(j, "id", of->id);
    json_put_text(j, "email", of->email);
    json_put_text(j, "role", role_format(rq->arena, of->role));
    json_put_text(j, "status", status_of(of, rq->now));
    json_put_num(j, "uses", of->uses);
    json_put_num(j, "used", of->used);
    json_put_text(j, "locale", of->locale);
    json_put_text(j, "created_by", of->created_by);
    json_put_time(j, "created_at", of->created_at);
    json_put_time(j, "expires_at", of->expires_at);
}

static enum err make_api(struct req *rq)
{
    struct invite made;
    struct token token;
    TRY(make(rq, &made, &token));
    struct json_writer *j = answer(rq, 201);
    put_members(rq, j, &made);
    json_put_text(j, "token", made.email ? NULL : token.text);
    json_put_text(j, "link", made.email ? NULL : link_of(rq, &token));
    return OK;
}

/* --- one that is there --- */

/* Staff of a lower rank do not touch what makes staff. */
static enum err find(struct req *rq, const char *id, struct invite *ret)
{
    if (!id_is(id, "inv"))
        return E_NOT_FOUND;
    TRY(invite_find(&rq->tx, id, ret));
    return may_grant(rq, ret->role) ? OK : refuse(rq, PROBLEM_FORBIDDEN);
}

static enum err over(struct req *rq, enum err e)
{
    return e == E_GONE ? refuse(rq, PROBLEM_CONFLICT) : e;
}

static enum err revoke(struct req *rq, const char *id)
{
    struct invite invite;
    TRY(find(rq, id, &invite));
    TRY(over(rq, invite_revoke(&rq->tx, id)));
    return note(rq, AUDIT_INVITE_REVOKED, &invite);
}

/* The link that was mailed before is void. */
static enum err send_again(struct req *rq, const char *id)
{
    struct invite invite;
    struct token token;
    TRY(find(rq, id, &invite));
    if (!invite.email)
        return refuse(rq, PROBLEM_CONFLICT);
    invite.expires_at = rq->now + setting_span(SETTING_INVITE_TTL);
    TRY(over(rq, invite_renew(&rq->tx, id, invite.expires_at, &token)));
    rq->wakes_jobs = true;
    TRY(note(rq, AUDIT_INVITE_SENT, &invite));
    return invite_mail(&rq->tx, "invite", &invite, &token);
}

static enum err revoke_api(struct req *rq)
{
    TRY(revoke(rq, param(rq, "id")));
    return answer_empty(rq, 204);
}

static enum err send_api(struct req *rq)
{
    TRY(send_again(rq, param(rq, "id")));
    return answer_status(rq, 202, "invite_sent");
}

static enum err list_api(struct req *rq)
{
    struct list_page p;
    struct invites all;
    TRY(list_page(rq, LIST, &p));
    TRY(invite_list(&rq->tx, p.after, p.limit + 1, &all));
    bool has_more = list_has_more(&p, &all.count);
    struct json_writer *j = answer(rq, 200);
    json_begin_array(j, "data");
    for (size_t i = 0; i < all.count; i++) {
        json_begin_object(j, NULL);
        put_members(rq, j, &all.list[i]);
        json_end(j);
    }
    json_end(j);
    return put_next_cursor(rq, &p, has_more ? all.list[all.count - 1].id : NULL);
}

/* --- the page --- */

static const char *role_word(struct req *rq, int64_t role)
{
    const char *key = role >= ROLE_ADMIN           ? "role.admin"
                      : role >= ROLE_BILLING_ADMIN ? "role.billing_admin"
                      : role >= ROLE_SUPPORT       ? "role.support"
                                                   : "role.user";
    return locale_text(rq->locale, key);
}

static void show_row(struct req *rq, const struct invite *of)
{
    struct vars *item = vars_item(rq->vars, "invites");
    const char *status = status_of(of, rq->now);
    bool is_over = of->revoked_at || of->used >= of->uses, is_mine = may_grant(rq, of->role);
    vars_text(item, "id", of->id);
    vars_text(item, "to", of->email);
    vars_text(item, "role", role_word(rq, of->role));
    vars_text(item, "status",
              locale_text(rq->locale, text_format(rq->arena, "invite_status.%s", status)));
    vars_text(item, "until", clock_format(rq->arena, of->expires_at));
    vars_text(item, "uses",
              text_format(rq->arena, "%lld / %lld", (long long)of->used, (long long)of->uses));
    vars_flag(item, "is_open", text_equal(status, "open"));
    vars_flag(item, "can_revoke", is_mine && text_equal(status, "open"));
    vars_flag(item, "can_send", is_mine && !is_over && of->email);
}

static enum err show_list(struct req *rq)
{
    struct list_page p;
    struct invites all;
    const char *next = NULL;
    TRY(list_page(rq, LIST, &p));
    TRY(invite_list(&rq->tx, p.after, p.limit + 1, &all));
    if (list_has_more(&p, &all.count))
        TRY(cursor_make(rq, LIST, all.list[all.count - 1].id, &next));
    for (size_t i = 0; i < all.count; i++)
        show_row(rq, &all.list[i]);
    vars_text(rq->vars, "older", next);
    vars_flag(rq->vars, "is_later", p.after != NULL);
    vars_flag(rq->vars, "is_listed", true);
    vars_flag(rq->vars, "tab_invites", true);
    return page(rq, "admin_invites");
}

static enum err show(struct req *rq)
{
    static const char *const known[] = { "invite_made", "invite_sent", "invite_revoked" };
    for (size_t i = 0; i < COUNT(known); i++)
        if (text_equal(field(rq, "done"), known[i]))
            vars_text(rq->vars, "notice",
                      locale_text(rq->locale, text_format(rq->arena, "notice.%s", known[i])));
    return show_list(rq);
}

/* Should the form be refused: whoever wished for a colleague must not invite a user by mending it.
 */
static void keep_choices(struct req *rq)
{
    static const char *const staff[] = { "support", "billing_admin", "admin" };
    for (size_t i = 0; i < COUNT(staff); i++)
        vars_flag(rq->vars, text_format(rq->arena, "chose_%s", staff[i]),
                  text_equal_ascii_case(field(rq, "role"), staff[i]));
    vars_flag(rq->vars,
              text_format(rq->arena, "chose_%lld", (long long)field_num(rq, "expires_in")), true);
}

/* A link that is shown once cannot be shown behind a redirect. */
static enum err make_page(struct req *rq)
{
    struct invite made;
    struct token token;
    keep_choices(rq);
    TRY(make(rq, &made, &token));
    if (made.email)
        return see_other(rq, "/admin/invites?done=invite_made");
    vars_flag(rq->vars, "tab_invites", true);
    vars_text(rq->vars, "made_link", link_of(rq, &token));
    vars_text(rq->vars, "made_until", clock_format(rq->arena, made.expires_at));
    return page(rq, "admin_invites");
}

/* Somebody else was faster: the list shows it. */
static enum err back_to_list(struct req *rq, enum err e, const char *path)
{
    if (e == E_REFUSED && rq->problem == PROBLEM_CONFLICT)
        return see_other(rq, "/admin/invites");
    TRY(e);
    return see_other(rq, path);
}

static enum err revoke_page(struct req *rq)
{
    return back_to_list(rq, revoke(rq, field(rq, "id")), "/admin/invites?done=invite_revoked");
}

static enum err send_page(struct req *rq)
{
    return back_to_list(rq, send_again(rq, field(rq, "id")), "/admin/invites?done=invite_sent");
}

/* --- upkeep --- */

static enum err purge(struct job *job)
{
    return invite_purge(job->tx, job->now - setting_span(SETTING_WAITLIST_KEEP), &job->more);
}

#define INVITE_SHAPE                                                        \
    "\"id\",\"email\":\"...\" or "                                          \
    "null,\"role\",\"status\",\"uses\",\"used\",\"locale\",\"created_by\"," \
    "\"created_at\",\"expires_at\""
#define MAKE_FIELDS                                                                            \
    {                                                                                          \
        { "email", FIELD_EMAIL, .optional = true,                                              \
          .help = "mailed there, and good for nobody else" },                                  \
            { "role", FIELD_TEXT, .optional = true, .max = 20, .help = "USER when left out" }, \
            { "uses",   FIELD_NUM,       .optional = true,                                     \
              .min = 1, .max = USES_MAX, .help = "how many may come by it, 1 when left out" }, \
            { "expires_in", FIELD_NUM,          .optional = true,                              \
              .min = 1,     .max = 90 * 86'400, .help = "seconds, INVITE_TTL when left out" }, \
            { "locale", FIELD_LOCALE, .optional = true, .help = "language of the mail" },      \
    }
#define MAKE_LIMITS                         \
    {                                       \
        {                                   \
            BY_ACCOUNT, 300, HOUR, "invite" \
        }                                   \
    }
#define ID_FIELD             \
    {                        \
        {                    \
            "id", FIELD_TEXT \
        }                    \
    }

const struct route admin_invite_routes[] = {
    ROUTE(GET, "/v1/admin/invites", SUPPORT, list_api, .fields = { LIST_FIELDS },
          .gives = { { 200, "{\"data\":[{" INVITE_SHAPE "}],\"next_cursor\"}" },
                     { 400, "cursor_invalid" } },
          .help = "Invitations, newest first."),
    ROUTE(POST, "/v1/admin/invites", SUPPORT, make_api, .proof = PROOF_FRESH, .fields = MAKE_FIELDS,
          .limits = MAKE_LIMITS,
          .gives = { { 201, "{" INVITE_SHAPE ",\"token\",\"link\"}" },
                     { 403, "roles above USER are for an ADMIN to give" } },
          .help =
              "Invites somebody. With an address it is mailed; without, the token is shown here "
              "and never again. Roles above USER need an address."),
    ROUTE(DELETE, "/v1/admin/invites/{id}", SUPPORT, revoke_api, .proof = PROOF_LEVEL,
          .gives = { { 204, "taken back" }, { 409, "it was over already" } },
          .help = "Takes an invitation back."),
    ROUTE(POST, "/v1/admin/invites/{id}/resend", SUPPORT, send_api, .proof = PROOF_LEVEL,
          .limits = MAKE_LIMITS,
          .gives = { { 202, "{\"status\":\"invite_sent\"}" },
                     { 409, "it is over, or has no address" } },
          .help = "Mails it again with a new link and a new end; the earlier link is void."),
    ROUTE(GET, "/admin/invites", SUPPORT, show,
          .fields = { LIST_FIELDS, { "done", FIELD_TEXT, .optional = true, .max = 40 } },
          .help = "Invitations: the list, and the form that makes one."),
    ROUTE(POST, "/admin/invites", SUPPORT, make_page, .proof = PROOF_FRESH,
          .back = "/admin/invites", .page = "admin_invites", .has_token = true,
          .fields = MAKE_FIELDS, .limits = MAKE_LIMITS, .help = "Invites somebody by form."),
    ROUTE(POST, "/admin/invites/revoke", SUPPORT, revoke_page, .proof = PROOF_LEVEL,
          .back = "/admin/invites", .fields = ID_FIELD, .help = "Takes an invitation back."),
    ROUTE(POST, "/admin/invites/send", SUPPORT, send_page, .proof = PROOF_LEVEL,
          .back = "/admin/invites", .fields = ID_FIELD, .limits = MAKE_LIMITS,
          .help = "Mails an invitation again."),
    ROUTES_END,
};

const struct job_kind admin_invite_jobs[] = {
    { "invite.purge", purge, DAY, "removes invitations that ended WAITLIST_KEEP ago",
      .removes = true },
    { 0 },
};
