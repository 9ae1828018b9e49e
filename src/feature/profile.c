/* SPDX-License-Identifier: Apache-2.0 */
/*
 * My profile: name, language, time zone, picture, and an object that applications keep here. A
 * member that is left out stays as it is. The picture's address is kept and never fetched: pages of
 * ours ask nothing of strangers.
 */
#include "feature/features.h"

#include "account/account.h"
#include "account/time_zone.h"
#include "base/text.h"
#include "web/next.h"
#include "web/page.h"
#include "web/req.h"
#include "web/sign_in.h"

enum { METADATA_MAX = 4096, PICTURE_MAX = 500, ZONE_MAX = 64 };

static enum err answer_profile(struct req *rq, const struct account_profile *p)
{
    struct json_writer *j = answer(rq, 200);
    json_begin_object(j, "user");
    put_user_members(j, &rq->session);
    json_put_text(j, "time_zone", p->time_zone);
    json_put_text(j, "picture_url", p->picture_url);
    json_put_raw(j, "metadata", mem_text(p->metadata ? p->metadata : "{}"));
    json_end(j);
    return OK;
}

static struct account_profile profile_of(const struct account *who)
{
    return (struct account_profile){ .name = who->name,
                                     .locale = who->locale,
                                     .time_zone = who->time_zone,
                                     .picture_url = who->picture_url,
                                     .metadata = who->metadata };
}

static enum err show_api(struct req *rq)
{
    struct account who;
    TRY(account_find(&rq->tx, rq->session.account_id, &who));
    struct account_profile p = profile_of(&who);
    return answer_profile(rq, &p);
}

/* As it is now; nobody changes it until this transaction ends. */
static enum err hold(struct req *rq, struct account_profile *ret)
{
    struct account who;
    TRY(account_hold(&rq->tx, rq->session.account_id));
    TRY(account_find(&rq->tx, rq->session.account_id, &who));
    *ret = profile_of(&who);
    return OK;
}

static enum err keep(struct req *rq, const struct account_profile *p)
{
    struct session *s = &rq->session;
    TRY(account_set_profile(&rq->tx, s->account_id, p));
    TRY(audit_add(&rq->tx, &rq->by, AUDIT_ACCOUNT_CHANGED, s->account_id, NULL));
    s->name = p->name;
    s->locale = p->locale;
    touch_account(rq, s->account_id);
    return OK;
}

/* "de-AT" is kept as the catalogue it finds. */
static const char *known_tag(const char *locale)
{
    return locale ? locale_tag(locale_find(locale)) : NULL;
}

/* An empty text takes the value away. */
static const char *or_none(const char *value)
{
    return text_is_empty(value) ? NULL : value;
}

static enum err take_time_zone(struct req *rq, struct account_profile *p)
{
    p->time_zone = or_none(field(rq, "time_zone"));
    bool is_good = !p->time_zone || time_zone_is_good(p->time_zone);
    return is_good ? OK : refuse_field(rq, "time_zone", PROBLEM_TIME_ZONE_UNKNOWN);
}

static enum err take_picture(struct req *rq, struct account_profile *p)
{
    p->picture_url = or_none(field(rq, "picture_url"));
    bool is_good = !p->picture_url || account_picture_is_good(p->picture_url);
    return is_good ? OK : refuse_field(rq, "picture_url", PROBLEM_PICTURE_INVALID);
}

/* Kept in one spelling: without white space, escaped as our writer does. */
static enum err take_metadata(struct req *rq, struct account_profile *p)
{
    struct buf out;
    struct json_writer j;
    const struct json_value *given = field_json(rq, "metadata");
    if (given->kind != JSON_IS_OBJECT)
        return refuse_field(rq, "metadata", PROBLEM_FIELD_TYPE);
    buf_init(&out, rq->arena, METADATA_MAX);
    json_write(&j, &out);
    json_put_copy(&j, NULL, given);
    if (out.overflow)
        return refuse_field(rq, "metadata", PROBLEM_FIELD_TOO_LONG);
    p->metadata = given->count ? text_copy(rq->arena, buf_mem(&out)) : NULL;
    return OK;
}

static enum err change_api(struct req *rq)
{
    struct account_profile p;
    TRY(hold(rq, &p));
    if (field(rq, "name"))
        p.name = or_none(field(rq, "name"));
    if (field(rq, "locale"))
        p.locale = known_tag(field(rq, "locale"));
    if (field(rq, "time_zone"))
        TRY(take_time_zone(rq, &p));
    if (field(rq, "picture_url"))
        TRY(take_picture(rq, &p));
    if (field_json(rq, "metadata"))
        TRY(take_metadata(rq, &p));
    TRY(keep(rq, &p));
    return answer_profile(rq, &p);
}

static void set_notice(struct req *rq)
{
    static const char *const known[] = { "saved", "deletion_cancelled" };
    for (size_t i = 0; i < COUNT(known); i++)
        if (text_equal(field(rq, "done"), known[i]))
            vars_text(rq->vars, "notice",
                      locale_text(rq->locale, text_format(rq->arena, "notice.%s", known[i])));
}

static enum err show_page(struct req *rq)
{
    struct account who;
    TRY(account_find(&rq->tx, rq->session.account_id, &who));
    vars_text(rq->vars, "value_name", who.name);
    vars_text(rq->vars, "value_locale", who.locale);
    vars_text(rq->vars, "value_time_zone", who.time_zone);
    vars_text(rq->vars, "value_picture_url", who.picture_url);
    set_notice(rq);
    return page(rq, "settings");
}

/* In a form what is empty is not said. */
static enum err change_page(struct req *rq)
{
    struct account_profile p;
    TRY(hold(rq, &p));
    p.name = field(rq, "name");
    if (field(rq, "locale"))
        p.locale = known_tag(field(rq, "locale"));
    TRY(take_time_zone(rq, &p));
    TRY(take_picture(rq, &p));
    TRY(keep(rq, &p));
    return see_other(rq, "/settings?done=saved");
}

/* A visitor's choice is kept in a cookie; an account's choice also in the account. */
static enum err choose_locale(struct req *rq)
{
    struct account_profile p;
    const char *tag = known_tag(field(rq, "locale"));
    set_cookie(rq, page_locale_cookie(), tag, 365 * DAY);
    if (rq->is_signed_in) {
        TRY(hold(rq, &p));
        p.locale = tag;
        TRY(keep(rq, &p));
    }
    return see_other(rq, safe_next(field(rq, "next"), "/"));
}

#define PROFILE_FIELDS                                                                      \
    { "name", FIELD_NAME, .optional = true, .may_clear = true },                            \
        { "locale", FIELD_LOCALE, .optional = true },                                       \
        { "time_zone",     FIELD_TEXT,        .optional = true,                             \
          .max = ZONE_MAX, .may_clear = true, .help = "an IANA name" },                     \
    {                                                                                       \
        "picture_url", FIELD_TEXT, .optional = true, .max = PICTURE_MAX, .may_clear = true, \
                                   .help = "https only"                                     \
    }
#define PROFILE "{\"user\":{" USER_MEMBERS ",\"time_zone\",\"picture_url\",\"metadata\"}}"

const struct route profile_routes[] = {
    ROUTE(GET, "/v1/account/profile", SIGNED_IN, show_api, .gives = { { 200, PROFILE } },
          .help = "My profile."),
    ROUTE(PATCH, "/v1/account/profile", SIGNED_IN, change_api,
          .fields = { PROFILE_FIELDS,
                      { "metadata", FIELD_JSON, .optional = true,
                        .help = "an object of at most 4 KiB, which replaces the one before" } },
          .gives = { { 200, PROFILE } }, .help = "Changes my profile; what is left out stays."),
    ROUTE(GET, "/settings", SIGNED_IN, show_page,
          .fields = { { "done", FIELD_TEXT, .optional = true, .max = 40 } },
          .help = "My profile, and the way to everything else about my account."),
    ROUTE(POST, "/settings", SIGNED_IN, change_page, .fields = { PROFILE_FIELDS },
          .page = "settings", .help = "Changes my profile by form."),
    ROUTE(POST, "/locale", VISITOR, choose_locale,
          .fields = { { "locale", FIELD_LOCALE },
                      { "next", FIELD_TEXT, .optional = true, .max = NEXT_BYTES } },
          .help = "Chooses the language of the pages."),
    ROUTES_END,
};
