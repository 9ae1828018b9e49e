/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outermost gate: see address_gate.h.
 */
#include "web/address_gate.h"

#include "base/text.h"
#include "service/address_rule.h"
#include "web/decision.h"

/* For staff only, or where such doors are. */
static bool is_staff_door(const struct req *rq)
{
    const char *path = rq->x->request.path;
    bool is_for_staff = rq->route && rq->route->access >= SUPPORT && rq->route->access <= ADMIN;
    return is_for_staff || text_starts(path, "/v1/admin/") || text_starts(path, "/admin/") ||
           text_equal(path, "/admin");
}

static enum err turn_away(struct req *rq, const struct address_entry *entry)
{
    const char *what = entry->source == ADDRESS_AUTOMATIC ? "automatic" : "deny";
    return refuse_by_rule(rq, PROBLEM_ADDRESS_DENIED,
                          &(struct decision){
                              .rule = entry->scope == ADDRESS_ADMIN
                                          ? text_format(rq->arena, "address admin %s", what)
                                          : text_format(rq->arena, "address %s", what),
                              .counter = address_range_text(rq->arena, &entry->range),
                              .until = entry->expires_at,
                          });
}

/* The client's address and, where headers named two, each of these. */
static bool denies(const struct req *rq, enum address_scope scope, struct address_entry *ret)
{
    bool is_denied = address_rule_denies(rq->client, scope, rq->now, ret);
    for (size_t i = 0; rq->has_claims && i < 2 && !is_denied; i++)
        is_denied = address_rule_denies(rq->claims[i], scope, rq->now, ret);
    return is_denied;
}

enum err address_gate_check(struct req *rq)
{
    struct address_entry entry;
    if (rq->route && rq->route->access == PROBE)
        return OK;
    if (denies(rq, ADDRESS_ALL, &entry))
        return turn_away(rq, &entry);
    if (is_staff_door(rq) && denies(rq, ADDRESS_ADMIN, &entry))
        return turn_away(rq, &entry);
    return OK;
}
