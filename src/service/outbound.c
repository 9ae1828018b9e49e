/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that leave the house: see outbound.h. The policy is read from the settings for each
 * request: it costs microseconds, and a reload holds at once.
 */
#include "service/outbound.h"

#include "base/log.h"
#include "base/text.h"
#include "service/metric.h"
#include "service/setting.h"

#include <ctype.h>
#include <string.h>

void outbound_policy(bool any_port, struct address_policy *ret)
{
    *ret = (struct address_policy){ .any_port = any_port };
    ret->allowed =
        ip_ranges_parse(setting_text(SETTING_OUTBOUND_ALLOW), ret->allow, ADDRESS_ALLOW_MAX);
    if (!setting_is_loopback()) /* else it is everybody's name for their own machine */
        ret->own_host = setting_public_host();
}

static const char *result_of(enum err e, const struct fetched *got)
{
    switch (e) {
    case OK: return got->status < 500 ? "answered" : "failed";
    case E_INVALID:
    case E_DENIED: return "refused";
    case E_TOO_LARGE: return "too_large";
    default: return got->was_asked ? "failed" : "not_asked";
    }
}

/* A place that is left alone is counted only: the failures before it are in the log. */
enum err outbound_fetch(const char *purpose, const struct fetch *what, struct arena *arena,
                        struct fetched *ret)
{
    enum err e = fetch(what, arena, ret);
    const char *result = result_of(e, ret);
    bool is_quiet = text_equal(result, "answered") || text_equal(result, "not_asked");
    metric_count(METRIC_OUTBOUND_REQUESTS, purpose, result);
    if (!is_quiet)
        LOG(LOG_WARN, "outbound.failed", LOG_TEXT("purpose", purpose), LOG_TEXT("result", result),
            LOG_TEXT("why", ret->why), LOG_NUM("status", ret->status));
    return e;
}

void outbound_put_field(struct buf *form, const char *name, const char *value)
{
    if (form->n)
        buf_char(form, '&');
    buf_text(form, name);
    buf_char(form, '=');
    for (const char *p = value; *p; p++) {
        if (isalnum((unsigned char)*p) || strchr("-._~", *p))
            buf_char(form, *p);
        else
            buf_format(form, "%%%02X", (unsigned)(unsigned char)*p);
    }
}
