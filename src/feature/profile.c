/* SPDX-License-Identifier: Apache-2.0 */
/*
 * My profile: name and language. A member that is left out stays as it is.
 */
#include "feature/features.h"

#include "account/account.h"
#include "base/text.h"
#include "web/page.h"
#include "web/req.h"
#include "web/sign_in.h"

static enum err show_api(struct req *rq)
{
    put_user(answer(rq, 200), "user", &rq->session);
    return OK;
}

static enum err change(struct req *rq, const char *name, const char *locale)
{
    struct session *s = &rq->session;
    TRY(account_set_profile(&rq->tx, s->account_id, name, locale));
    TRY(audit_add(&rq->tx, &rq->by, AUDIT_ACCOUNT_CHANGED, s->account_id, NULL));
    s->name = name;
    s->locale = locale;
    touch_account(rq, s->account_id);
    return OK;
}

/* "de-AT" is kept as the catalogue it finds. */
static const char *known_tag(const char *locale)
{
    return locale ? locale_tag(locale_find(locale)) : NULL;
}

static enum err change_api(struct req *rq)
{
    const char *name = field(rq, "name"), *locale = known_tag(field(rq, "locale"));
    TRY(change(rq, name ? name : rq->session.name, locale ? locale : rq->session.locale));
    return show_api(rq);
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
    vars_text(rq->vars, "value_name", rq->session.name);
    vars_text(rq->vars, "value_locale", rq->session.locale);
    set_notice(rq);
    return page(rq, "settings");
}

/* In a form an empty name means no name. */
static enum err change_page(struct req *rq)
{
    const char *locale = known_tag(field(rq, "locale"));
    TRY(change(rq, field(rq, "name"), locale ? locale : rq->session.locale));
    return see_other(rq, "/settings?done=saved");
}

/* A visitor's choice is kept in a cookie; an account's choice also in the account. */
static enum err choose_locale(struct req *rq)
{
    const char *tag = known_tag(field(rq, "locale"));
    set_cookie(rq, page_locale_cookie(), tag, 365 * DAY);
    if (rq->is_signed_in)
        TRY(change(rq, rq->session.name, tag));
    return see_other(rq, safe_next(field(rq, "next"), "/"));
}

#define PROFILE_FIELDS                                                                          \
    {                                                                                           \
        { "name", FIELD_NAME, .optional = true }, { "locale", FIELD_LOCALE, .optional = true }, \
    }

const struct route profile_routes[] = {
    ROUTE(GET, "/v1/account/profile", SIGNED_IN, show_api, .gives = { { 200, "{\"user\":{...}}" } },
          .help = "My profile."),
    ROUTE(PATCH, "/v1/account/profile", SIGNED_IN, change_api, .fields = PROFILE_FIELDS,
          .gives = { { 200, "{\"user\":{...}}" } }, .help = "Changes my name and language."),
    ROUTE(GET, "/settings", SIGNED_IN, show_page,
          .fields = { { "done", FIELD_TEXT, .optional = true, .max = 40 } },
          .help = "Name and language."),
    ROUTE(POST, "/settings", SIGNED_IN, change_page, .fields = PROFILE_FIELDS, .page = "settings",
          .help = "Changes name and language by form."),
    ROUTE(POST, "/locale", VISITOR, choose_locale,
          .fields = { { "locale", FIELD_LOCALE },
                      { "next", FIELD_TEXT, .optional = true, .max = 500 } },
          .help = "Chooses the language of the pages."),
    ROUTES_END,
};
