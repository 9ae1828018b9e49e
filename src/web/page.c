/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values that every page may use: see page.h.
 */
#include "web/page.h"

#include "account/notification.h"
#include "base/text.h"
#include "http/cookie.h"
#include "service/setting.h"
#include "web/captcha.h"
#include "web/csrf.h"
#include "web/next.h"

const char *page_locale_cookie(void)
{
    return setting_is_secure() ? "__Host-cardea-locale" : "cardea-locale";
}

void page_choose_locale(struct req *rq)
{
    const char *tag = NULL;
    const struct http_request *request = &rq->x->request;
    if (rq->is_signed_in)
        tag = rq->session.locale;
    else if (cookie_find(rq->arena, http_header_find(request, "cookie"), page_locale_cookie(),
                         &tag))
        tag = NULL;
    rq->locale = locale_choose(tag, http_header_find(request, "accept-language"),
                               setting_text(SETTING_DEFAULT_LOCALE));
}

/* current is the language of this page; chosen, the one a form had picked before it was refused. */
static void set_languages(struct req *rq)
{
    const char *typed = vars_get(rq->vars, "value_locale");
    for (size_t i = 0; i < locale_count(); i++) {
        const struct locale *one = locale_nth(i);
        struct vars *item = vars_item(rq->vars, "locales");
        vars_text(item, "tag", locale_tag(one));
        vars_text(item, "name", locale_name(one));
        vars_flag(item, "current", one == rq->locale);
        vars_flag(item, "chosen",
                  text_equal(typed ? typed : locale_tag(rq->locale), locale_tag(one)));
    }
}

static void set_account(struct req *rq)
{
    const struct session *s = &rq->session;
    vars_flag(rq->vars, "account", true);
    vars_text(rq->vars, "account_name", text_is_empty(s->name) ? s->email : s->name);
    vars_text(rq->vars, "account_email", s->email);
    vars_flag(rq->vars, "is_admin", s->roles >= ROLE_ADMIN);
    vars_flag(rq->vars, "is_staff", s->roles >= ROLE_SUPPORT);
    vars_text(rq->vars, "deletion_due_at",
              s->deletion_due_at ? clock_format(rq->arena, s->deletion_due_at) : NULL);
    if (rq->unread)
        vars_num(rq->vars, "unread", rq->unread);
}

enum err page_look_up_notices(struct req *rq)
{
    const struct route *route = rq->route;
    bool shows_page = route_is_safe(route) || route->page;
    if (!rq->is_signed_in || !shows_page || route_is_api(route) || route->lane == LANE_INLINE)
        return OK;
    return notification_count_unread(&rq->peek, rq->session.account_id, &rq->unread);
}

void page_set_texts(struct req *rq)
{
    vars_num(rq->vars, "password_min", setting_num(SETTING_PASSWORD_MIN_LENGTH));
}

enum err page_set_vars(struct req *rq, const char *name)
{
    struct vars *v = rq->vars;
    const char *support = setting_text(SETTING_SUPPORT_ADDRESS);
    vars_text(v, "lang", locale_tag(rq->locale));
    vars_text(v, "dir", locale_is_rtl(rq->locale) ? "rtl" : "ltr");
    vars_text(v, "page", name);
    page_set_texts(rq);
    vars_text(v, "service_name", setting_text(SETTING_SERVICE_NAME));
    vars_text(v, "title",
              template_format(rq->arena, rq->locale, text_format(rq->arena, "%s.title", name), v));
    vars_text(v, "support_address", text_is_empty(support) ? NULL : support);
    vars_text(v, "path", page_here(rq)); /* choosing another language leads back */
    vars_text(v, "query_next", with_next(rq->arena, "", vars_get(v, "value_next")));
    vars_text(v, "request_id", rq->request_id);
    vars_flag(v, "development", setting_is_development());
    vars_flag(v, text_format(rq->arena, "sign_up_%s", setting_text(SETTING_SIGN_UP)), true);
    vars_text(v, "csrf", csrf_token(rq));
    set_languages(rq);
    TRY(captcha_set_vars(rq));
    if (rq->is_signed_in)
        set_account(rq);
    return OK;
}
