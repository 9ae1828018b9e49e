/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limits of a route: see limits.h. What is counted by address is counted for the ranges around
 * it too, which get a multiple. An address field counts by what was typed, known or not, so the
 * limit tells nothing about who has an account (ENUM-06). What cannot be judged is refused
 * (RATE-02).
 */
#include "web/limits.h"

#include "account/email.h"
#include "base/text.h"
#include "service/limit.h"
#include "service/metric.h"
#include "service/pressure.h"
#include "web/decision.h"
#include "web/meter.h"
#include "web/new_device.h"

#include <string.h>

/* "crt_" and the session id: the same for every refresh token of a session. */
enum { REFRESH_ID_CHARS = 30 };

/* Forms refused for their fields in a minute that cost their sender nothing. */
enum { FREE_TRIES = 60 };

/* The ranges of an address, and how many times a door's figure each gets. A home has a /64 or a
   /56, a site a /48; whoever rents a server has a handful of neighbouring IPv4 addresses. The
   widest comes first: once it is used up, the narrower ones are not even looked at. */
static const struct tier {
    int v4_bits, v6_bits; /* 0: this family has no such range */
    int times;
} tiers[] = {
    { 24, 48, 16 },
    { 0, 56, 4 },
    { 32, 64, 1 },
};

static const struct tier whole = { .times = 1 }; /* what is not counted by address */

/* What a tally stands for. */
struct use {
    const struct meter *meter;
    const struct tier *tier;
};

struct limits_paid {
    struct tally *tallies;
    struct use *uses;
    size_t count, early, max; /* early: how many limits_take_early counted */
    bool is_shared;           /* with the other nodes, once the handler is about to run */
};

static const struct meter *const *meters_of_request(const struct req *rq, size_t *ret_count)
{
    return meters_of(rq->match.index, ret_count);
}

static bool is_by_address(const struct meter *m)
{
    return meter_by(m) == BY_IP || meter_by(m) == BY_FAILURES;
}

static bool is_late(const struct meter *m)
{
    return meter_by(m) == BY_ACCOUNT || meter_by(m) == BY_SESSION;
}

/* A sign-in that says it comes from a device of the account: strangers who use up what the address
 * may be tried must not keep it out (RATE-04). The store will tell, see limits_take_stranger. */
static bool is_put_off(struct req *rq, const struct meter *m)
{
    return meter_by(m) == BY_EMAIL_FIELD && text_equal(meter_door(m), "login") && device_cookie(rq);
}

/* --- whose use it is --- */

static struct mem network_of(struct req *rq, const struct tier *tier)
{
    struct ip *network = arena_alloc(rq->arena, sizeof *network + 1);
    *network = ip_network(rq->client, tier->v4_bits, tier->v6_bits);
    ((uint8_t *)network)[sizeof *network] = (uint8_t)tier->v6_bits;
    return MEM(network, sizeof *network + 1);
}

static bool is_ascii(const char *text)
{
    while (*text && (unsigned char)*text < 0x80)
        text++;
    return !*text;
}

/* What was typed; aliases that reach the same mailbox are one (MAIL-06). Whether it is an address
   at all is for the handler to say; only the spellings of a domain that is not ASCII need a parser.
 */
static struct mem mailbox_of(struct req *rq)
{
    struct email email;
    const char *typed = field(rq, "email");
    if (!typed)
        return MEM_NONE;
    if (is_ascii(typed))
        return mem_text(email_limit_key(rq->arena, text_lower_ascii(rq->arena, typed)));
    return email_parse(rq->arena, typed, &email) ? mem_text(typed)
                                                 : mem_text(email_limit_key(rq->arena, email.key));
}

/* False for what cannot be told. */
static bool find_key(struct req *rq, const struct use *use, struct mem *ret)
{
    switch (meter_by(use->meter)) {
    case BY_IP:
    case BY_FAILURES: *ret = network_of(rq, use->tier); return true;
    case BY_ACCOUNT: *ret = mem_text(rq->session.account_id); return rq->is_signed_in;
    case BY_SESSION: *ret = mem_text(rq->session.id); return rq->is_signed_in;
    case BY_EMAIL_FIELD: *ret = mailbox_of(rq); return true;
    case BY_REFRESH_FIELD: {
        const char *token = field(rq, "refresh_token");
        *ret = token ? MEM(token, strnlen(token, REFRESH_ID_CHARS)) : MEM_NONE;
        return true;
    }
    }
    return false;
}

/* --- what is counted --- */

static enum err add(struct req *rq, const struct use *use)
{
    struct limits_paid *paid = rq->paid;
    int64_t count, span;
    struct mem key;
    size_t n = 0;
    if (!find_key(rq, use, &key))
        return fault("%s cannot be counted by %s", meter_door(use->meter),
                     meter_by_name(use->meter));
    while (meter_window(use->meter, n, &count, &span)) {
        if (paid->count == paid->max)
            return fault("%s has too many limits", rq->route->path);
        paid->uses[paid->count] = *use;
        paid->tallies[paid->count++] =
            limit_tally(meter_name(use->meter), key, count * use->tier->times, span);
        n++;
    }
    return n ? OK
             : fault("%s has no limit by %s", meter_door(use->meter), meter_by_name(use->meter));
}

static bool has_tier(const struct req *rq, const struct tier *tier)
{
    return tier->v4_bits || !ip_is_v4(rq->client);
}

static enum err add_ranges(struct req *rq, const struct meter *m)
{
    for (size_t t = 0; t < COUNT(tiers); t++)
        if (has_tier(rq, &tiers[t]))
            TRY(add(rq, &(struct use){ m, &tiers[t] }));
    return OK;
}

static enum err add_all(struct req *rq, bool late)
{
    size_t count;
    const struct meter *const *meters = meters_of_request(rq, &count);
    for (size_t i = 0; i < count; i++) {
        const struct meter *m = meters[i];
        if (is_late(m) != late || (late && !rq->is_signed_in && rq->route->access == VISITOR))
            continue;
        if (is_put_off(rq, m) || meter_by(m) == BY_FAILURES)
            continue;
        TRY(meter_by(m) == BY_IP ? add_ranges(rq, m) : add(rq, &(struct use){ m, &whole }));
    }
    return OK;
}

static struct limits_paid *open_account(struct req *rq)
{
    size_t count;
    struct limits_paid *paid = arena_alloc(rq->arena, sizeof *paid);
    const struct meter *const *meters = meters_of_request(rq, &count);
    for (size_t i = 0; i < count; i++)
        paid->max += is_by_address(meters[i]) ? METER_WINDOWS * COUNT(tiers) : METER_WINDOWS;
    if (paid->max > TALLIES_MAX)
        paid->max = TALLIES_MAX;
    paid->tallies = arena_array(rq->arena, paid->max, sizeof *paid->tallies);
    paid->uses = arena_array(rq->arena, paid->max, sizeof *paid->uses);
    return paid;
}

/* --- the verdict --- */

static void note(struct req *rq, const struct tally *t)
{
    struct limit_state state = limit_state_of(t);
    if (!rq->limit.limit || state.remaining < rq->limit.remaining)
        rq->limit = state;
}

/* In words for staff: "192.0.2.0/24", "account". */
static const char *counter_of(struct req *rq, const struct use *use)
{
    if (!is_by_address(use->meter))
        return meter_by(use->meter) == BY_EMAIL_FIELD ? "address" : meter_by_name(use->meter);
    struct ip network = ip_network(rq->client, use->tier->v4_bits, use->tier->v6_bits);
    return text_format(rq->arena, "%s/%d", ip_format(rq->arena, network),
                       ip_is_v4(rq->client) ? use->tier->v4_bits : use->tier->v6_bits);
}

static enum err refuse_tally(struct req *rq, size_t i)
{
    const struct tally *t = &rq->paid->tallies[i];
    rq->limit = limit_state_of(t);
    rq->limit.is_allowed = false;
    rq->retry_after = (t->resets_in + SECOND - 1) / SECOND;
    metric_count(METRIC_RATE_LIMIT_HITS, meter_door(rq->paid->uses[i].meter), "");
    if (!route_is_safe(rq->route)) /* any page has its visitors' browsers fetch what it likes */
        pressure_note(rq->client, 1);
    const struct use *use = &rq->paid->uses[i];
    rq->paid = NULL; /* nothing was used */
    return refuse_by_rule(
        rq, PROBLEM_RATE_LIMITED,
        &(struct decision){ .rule = text_format(rq->arena, "limit %s %s", meter_door(use->meter),
                                                meter_by_name(use->meter)),
                            .counter = counter_of(rq, use),
                            .value = t->used,
                            .threshold = t->limit,
                            .until = rq->now + t->resets_in });
}

static enum err take_from(struct req *rq, size_t first)
{
    struct limits_paid *paid = rq->paid;
    size_t n = paid->count - first;
    size_t refused = limit_take_all(paid->tallies + first, n);
    if (refused < n)
        return refuse_tally(rq, first + refused);
    for (size_t i = first; i < paid->count; i++)
        note(rq, &paid->tallies[i]);
    return OK;
}

/* --- failures --- */

static enum err add_failures(struct req *rq)
{
    size_t count;
    const struct meter *const *meters = meters_of_request(rq, &count);
    rq->paid->count = 0;
    for (size_t i = 0; i < count; i++)
        if (meter_by(meters[i]) == BY_FAILURES)
            TRY(add_ranges(rq, meters[i]));
    return OK;
}

enum err limits_take_failure(struct req *rq)
{
    struct limits_paid *paid = rq->paid;
    if (!paid)
        return OK;
    limit_give_back_all(paid->tallies, paid->early, paid->is_shared);
    TRY(add_failures(rq));
    size_t refused = limit_take_all(paid->tallies, paid->count);
    return refused < paid->count ? refuse_tally(rq, refused) : OK;
}

/* --- at the door --- */

enum err limits_take_early(struct req *rq)
{
    size_t count;
    (void)meters_of_request(rq, &count);
    if (!count)
        return OK;
    rq->paid = open_account(rq);
    TRY(add_all(rq, false));
    TRY(take_from(rq, 0));
    rq->paid->early = rq->paid->count;
    return OK;
}

/* What this process let pass is counted by all nodes together. */
static enum err share_from(struct req *rq, size_t first)
{
    struct limits_paid *paid = rq->paid;
    size_t n = paid->count - first;
    size_t refused = limit_share(paid->tallies + first, n, paid->is_shared);
    if (refused < n)
        return refuse_tally(rq, first + refused);
    for (size_t i = first; i < paid->count; i++)
        note(rq, &paid->tallies[i]);
    return OK;
}

enum err limits_take_late(struct req *rq)
{
    if (!rq->paid)
        return OK;
    TRY(add_all(rq, true));
    TRY(take_from(rq, rq->paid->early));
    return share_from(rq, 0);
}

bool limits_must_wait(struct req *rq)
{
    return rq->paid && (rq->paid->is_shared = limit_is_shared());
}

enum err limits_take_stranger(struct req *rq)
{
    size_t count, first = rq->paid ? rq->paid->count : 0;
    const struct meter *const *meters = meters_of_request(rq, &count);
    for (size_t i = 0; i < count && rq->paid; i++)
        if (is_put_off(rq, meters[i]))
            TRY(add(rq, &(struct use){ meters[i], &whole }));
    if (!rq->paid)
        return OK;
    TRY(take_from(rq, first));
    return share_from(rq, first);
}

/* Each customer's, and each range's, so many a minute. */
static bool may_try_again(struct req *rq)
{
    struct tally tallies[COUNT(tiers)];
    size_t n = 0;
    for (size_t t = 0; t < COUNT(tiers); t++)
        if (has_tier(rq, &tiers[t]))
            tallies[n++] = limit_tally(limit_name("refused form"), network_of(rq, &tiers[t]),
                                       (int64_t)FREE_TRIES * tiers[t].times, MINUTE);
    return limit_take_all(tallies, n) == n;
}

void limits_give_back(struct req *rq)
{
    if (!rq->paid || !may_try_again(rq))
        return;
    limit_give_back_all(rq->paid->tallies, rq->paid->early, rq->paid->is_shared);
    rq->paid = NULL;
}

/* --- mails --- */

bool limits_take_mail(struct arena *arena, const char *email_key, int64_t *ret_wait)
{
    struct tally tallies[METER_WINDOWS];
    size_t n = 0;
    int64_t count, span;
    const struct meter *m = meter_named("mail", BY_EMAIL_FIELD);
    struct mem mailbox = mem_text(email_limit_key(arena, email_key));
    for (; m && meter_window(m, n, &count, &span); n++)
        tallies[n] = limit_tally(meter_name(m), mailbox, count, span);
    size_t refused = limit_take_all(tallies, n);
    if (refused == n)
        refused = limit_share(tallies, n, limit_is_shared());
    *ret_wait = refused < n ? tallies[refused].resets_in : 0;
    return refused == n;
}

/* --- what is told --- */

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

void limits_write_reference(struct buf *out)
{
    buf_text(out,
             "# Limits\n\nMade by `make docs`. How often each door may be used; `LIMITS` changes "
             "the figures by these names, for example\n`LIMITS = login ip 10/1m 100/1h; "
             "register ip 5/1h`.\n\nWhat is counted by ip is counted for the ranges around "
             "the address too, each with a multiple of the figure:\n\n"
             "| IPv4 | IPv6 | times |\n|---|---|---|\n");
    for (size_t t = COUNT(tiers); t-- > 0;) {
        if (tiers[t].v4_bits)
            buf_format(out, "| /%d | ", tiers[t].v4_bits);
        else
            buf_text(out, "| | ");
        buf_format(out, "/%d | %d |\n", tiers[t].v6_bits, tiers[t].times);
    }
    buf_text(out, "\n`failures` are those of an address too, but only what led nowhere: a token "
                  "that is none. Each counter of a door stands for\nitself: `LIMITS = login ip "
                  "100/1m` leaves `login email` as it is, and the `RateLimit-*` headers of an "
                  "answer are those of\nwhichever counter has the least left.\n\n");
    meters_write_reference(out);
}
