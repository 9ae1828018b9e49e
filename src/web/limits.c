/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limits of a route: see limits.h. IPv6 counts by /64, and by /48 with room for some of them.
 * An address field counts by what was typed, known or not, so the limit tells nothing about who has
 * an account (ENUM-06).
 */
#include "web/limits.h"

#include "account/email.h"
#include "base/text.h"
#include "service/limit.h"
#include "service/metric.h"
#include "service/pressure.h"
#include "web/decision.h"

#include <string.h>

/* "crt_" and the session id: the same for every refresh token of a session. */
enum { REFRESH_ID_CHARS = 30 };

/* A site usually gets a /48: who has one gets no more than so many homes with a /64. */
enum { HOMES_OF_A_SITE = 16 };

static struct mem network_of(struct req *rq, int v6_bits)
{
    struct ip *network = arena_alloc(rq->arena, sizeof *network);
    *network = ip_network(rq->client, 32, v6_bits);
    return MEM(network, sizeof *network);
}

static struct mem key_of(struct req *rq, enum limit_by by)
{
    struct email email;
    switch (by) {
    case BY_IP: return network_of(rq, 64);
    case BY_ACCOUNT: return mem_text(rq->session.account_id);
    case BY_SESSION: return mem_text(rq->session.id);
    case BY_EMAIL_FIELD: {
        const char *typed = field(rq, "email");
        return !typed || email_parse(rq->arena, typed, &email)
                   ? mem_text(typed)
                   : mem_text(email_limit_key(rq->arena, email.key));
    }
    case BY_REFRESH_FIELD: {
        const char *token = field(rq, "refresh_token");
        return token ? MEM(token, strnlen(token, REFRESH_ID_CHARS)) : MEM_NONE;
    }
    case LIMIT_UNUSED: break;
    }
    return MEM_NONE;
}

static void note(struct req *rq, const struct limit_state *state)
{
    if (!rq->limit.limit || !state->is_allowed || state->remaining < rq->limit.remaining)
        rq->limit = *state;
}

static const char *digits(struct req *rq, int64_t n)
{
    return text_format(rq->arena, "%lld", (long long)n);
}

void limits_put_headers(struct req *rq)
{
    struct http_response *response = &rq->x->response;
    if (!rq->limit.limit)
        return;
    http_header_add(response, "RateLimit-Limit", digits(rq, rq->limit.limit));
    http_header_add(response, "RateLimit-Remaining", digits(rq, rq->limit.remaining));
    http_header_add(response, "RateLimit-Reset", digits(rq, (rq->limit.resets_in + 999) / 1000));
}

static enum err judge(struct req *rq, const char *door, struct limit_state state)
{
    note(rq, &state);
    if (state.is_allowed)
        return OK;
    metric_count(METRIC_RATE_LIMIT_HITS, door, "");
    pressure_note(rq->client, 1);
    rq->retry_after = (state.resets_in + 999) / 1000;
    return refuse_by_rule(rq, PROBLEM_RATE_LIMITED,
                          &(struct decision){ .rule = text_format(rq->arena, "limit %s", door),
                                              .value = state.limit - state.remaining,
                                              .threshold = state.limit,
                                              .until = rq->now + state.resets_in });
}

static const char *door_of(const struct req *rq, const struct limit_rule *rule)
{
    return rule->shared ? rule->shared : rq->route->path;
}

/* The counter's name: the door and what it counts by. */
static const char *name_of(struct req *rq, const struct limit_rule *rule)
{
    static const char *const by_names[] = { "", "ip", "account", "session", "email", "refresh" };
    return text_format(rq->arena, "%s %s", door_of(rq, rule), by_names[rule->by]);
}

/* An IPv6 address counts for its site too. */
static bool has_site(const struct req *rq, const struct limit_rule *rule)
{
    return rule->by == BY_IP && !ip_is_v4(rq->client);
}

static const char *site_name_of(struct req *rq, const struct limit_rule *rule)
{
    return text_format(rq->arena, "%s site", door_of(rq, rule));
}

static enum err take(struct req *rq, const struct limit_rule *rule)
{
    const char *door = door_of(rq, rule);
    TRY(judge(rq, door,
              limit_take(name_of(rq, rule), key_of(rq, rule->by), rule->count, rule->span)));
    if (!has_site(rq, rule))
        return OK;
    return judge(rq, door,
                 limit_take(site_name_of(rq, rule), network_of(rq, 48),
                            rule->count * HOMES_OF_A_SITE, rule->span));
}

static void give_back(struct req *rq, const struct limit_rule *rule)
{
    limit_give_back(name_of(rq, rule), key_of(rq, rule->by));
    if (has_site(rq, rule))
        limit_give_back(site_name_of(rq, rule), network_of(rq, 48));
}

static enum err take_all(struct req *rq, bool is_late)
{
    for (int i = 0; i < ROUTE_LIMITS && rq->route->limits[i].by; i++) {
        const struct limit_rule *rule = &rq->route->limits[i];
        bool needs_session = rule->by == BY_ACCOUNT || rule->by == BY_SESSION;
        if (needs_session == is_late && (!needs_session || rq->is_signed_in))
            TRY(take(rq, rule));
    }
    return OK;
}

void limits_give_back(struct req *rq)
{
    for (int i = 0; i < ROUTE_LIMITS && rq->has_paid && rq->route->limits[i].by; i++) {
        const struct limit_rule *rule = &rq->route->limits[i];
        if (rule->by != BY_ACCOUNT && rule->by != BY_SESSION)
            give_back(rq, rule);
    }
    rq->has_paid = false;
}

enum err limits_take_early(struct req *rq)
{
    TRY(take_all(rq, false));
    rq->has_paid = true;
    return OK;
}

enum err limits_take_late(struct req *rq)
{
    return take_all(rq, true);
}
