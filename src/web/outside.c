/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request asks of servers outside: see outside.h.
 */
#include "web/outside.h"

#include "account/password_rule.h"
#include "base/text.h"
#include "net/fetch.h"
#include "service/captcha_provider.h"
#include "service/limit.h"
#include "service/password_range.h"
#include "web/req.h"

enum { ASKED_A_MINUTE = 30 }; /* for an IPv4 address or an IPv6 /56 */

/* The value of a field when the route has it and it came. */
static const char *given(const struct req *rq, const char *name)
{
    for (int i = 0; i < ROUTE_FIELDS && rq->route->fields[i].kind; i++)
        if (text_equal(rq->route->fields[i].name, name))
            return text_is_empty(rq->values[i]) ? NULL : rq->values[i];
    return NULL;
}

/* Our own challenges have a mark in front that no provider's answer has. */
static bool is_own(const char *answer)
{
    return text_starts(answer, "pow1") || text_starts(answer, "tkt1");
}

bool outside_has_captcha(const struct req *rq)
{
    const char *answer = given(rq, "captcha");
    return answer && !is_own(answer) && captcha_provider_is_set();
}

/* Nobody outside is asked about a password that is still being typed: five digits of the hash of
   each of its beginnings would give it away letter by letter. */
static bool is_complete(const struct req *rq)
{
    for (int i = 0; i < ROUTE_FIELDS && rq->route->fields[i].kind; i++)
        if (text_equal(rq->route->fields[i].name, "complete"))
            return rq->nums[i] != 0;
    return true;
}

/* The new password in a request, NULL when there is none or nobody to ask. */
static const char *new_password(const struct req *rq)
{
    bool is_new = false;
    for (int i = 0; i < ROUTE_FIELDS && rq->route->fields[i].kind; i++)
        is_new |= rq->route->fields[i].is_new;
    return is_new && is_complete(rq) && password_range_is_set() ? given(rq, "password") : NULL;
}

bool outside_is_set(void)
{
    return captcha_provider_is_set() || password_range_is_set();
}

/* What is refused for its fields has used up none of its limits, but somebody outside would have
   been asked, who may let us pay for it, or not listen to us any more. */
static bool may_ask(const struct req *rq)
{
    struct ip network = ip_network(rq->client, 32, 56);
    return limit_take("outside", MEM(&network, sizeof network), ASKED_A_MINUTE, MINUTE).is_allowed;
}

bool outside_is_wanted(const struct req *rq)
{
    return !rq->problem && (outside_has_captcha(rq) || new_password(rq)) && may_ask(rq);
}

/* What is refused without is not asked about. */
static void look_up(struct req *rq, const char *password)
{
    if (password_judge(rq->arena, password, given(rq, "email"), NULL) == PASSWORD_IS_GOOD)
        rq->outside.is_breached = password_range_look_up(rq->arena, password);
}

void outside_ask(struct req *rq)
{
    const char *password = new_password(rq);
    if (outside_has_captcha(rq)) {
        rq->outside.captcha =
            captcha_provider_ask(rq->arena, given(rq, "captcha"), rq->client, &rq->outside.action);
        rq->outside.has_asked = true;
    }
    if (password)
        look_up(rq, password);
}

void outside_rest(void)
{
    fetch_rest();
}

enum err outside_captcha(struct req *rq, const char *action)
{
    if (!rq->outside.has_asked)
        return E_BUSY;
    if (rq->outside.captcha)
        return rq->outside.captcha;
    return captcha_provider_is_for(rq->arena, rq->outside.action, action) ? OK : E_DENIED;
}
