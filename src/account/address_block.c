/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Automatic blocks: see address_block.h.
 */
#include "account/address_block.h"

#include "account/session.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "net/address_policy.h"
#include "service/address_rule.h"
#include "service/audit.h"
#include "service/metric.h"
#include "service/misbehaviour.h"
#include "service/setting.h"

enum { AT_ONCE = 16 };

/* Whoever has just signed in may have done so only for this. */
#define KNOWN_FOR HOUR

/* Everybody may be behind it. */
static bool is_proxy(struct job *job, const struct ip_range *range)
{
    struct ip_range *trusted = arena_alloc(job->arena, TRUSTED_PROXIES_MAX * sizeof *trusted);
    size_t count =
        ip_ranges_parse(setting_text(SETTING_TRUSTED_PROXIES), trusted, TRUSTED_PROXIES_MAX);
    for (size_t i = 0; i < count; i++)
        if (ip_in_range(range->ip, &trusted[i]) || ip_in_range(trusted[i].ip, range))
            return true;
    return !address_is_public(range->ip);
}

static enum err is_spared(struct job *job, const struct ip_range *range, bool *ret)
{
    *ret = is_proxy(job, range) || address_rule_is_settled(range->ip, job->now);
    if (*ret)
        return OK;
    struct origin from = session_origin(job->arena, range->ip, NULL);
    return session_is_known_network(job->tx, from.network, job->now - KNOWN_FOR, ret);
}

static enum err block(struct job *job, const struct ip_range *range)
{
    bool spared = false;
    int64_t until = 0;
    TRY(is_spared(job, range, &spared));
    if (!spared)
        TRY(address_rule_block(job->tx, range, job->now, &until));
    metric_count(METRIC_ADDRESS_BLOCKS, until ? "made" : "spared", "");
    if (!until)
        return OK;
    const char *detail =
        text_format(job->arena, "{\"range\":\"%s\",\"until\":\"%s\"}",
                    address_range_text(job->arena, range), clock_format(job->arena, until));
    LOG(LOG_WARN, "address.blocked", LOG_NUM("minutes", (until - job->now) / MINUTE));
    return audit_add(job->tx, &audit_by_system, AUDIT_ADDRESS_BLOCKED, NULL, detail);
}

enum err address_block_due(struct job *job)
{
    struct ip_range ranges[AT_ONCE];
    size_t count = misbehaviour_take(ranges, AT_ONCE);
    for (size_t i = 0; i < count; i++)
        TRY(block(job, &ranges[i]));
    job->more = count > 0; /* the list follows at once */
    return OK;
}
