/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our cookies: __Host- prefixed and Secure, except over plain http on a loopback address in
 * development.
 */
#include "http/cookie.h"
#include "service/setting.h"
#include "web/req.h"

const char *session_cookie_name(void)
{
    return setting_is_secure() ? "__Host-cardea" : "cardea";
}

const char *find_cookie(struct req *rq, const char *name)
{
    const char *value, *header = http_header_find(&rq->x->request, "cookie");
    return cookie_find(rq->arena, header, name, &value) ? NULL : value;
}

void set_cookie(struct req *rq, const char *name, const char *value, int64_t max_age)
{
    int64_t seconds = max_age / SECOND;
    http_header_add(&rq->x->response, "Set-Cookie",
                    cookie_format(rq->arena, name, value, seconds, setting_is_secure()));
}

void set_session_cookie(struct req *rq, const char *value)
{
    set_cookie(rq, session_cookie_name(), value, setting_span(SETTING_SESSION_ABSOLUTE));
}

void drop_session_cookie(struct req *rq)
{
    set_cookie(rq, session_cookie_name(), "", -SECOND);
}
