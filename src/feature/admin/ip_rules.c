/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address rules by hand: staff look at them, add and remove. Nobody locks themselves out by a slip:
 * what would keep the asker's own address out has to be sent with `confirm`. What the rules mean is
 * in service/address_list.h.
 */
#include "feature/features.h"

#include "account/address_block.h"
#include "base/text.h"
#include "service/address_rule.h"
#include "service/job.h"
#include "web/cursor.h"
#include "web/req.h"

#define LIST "ip-rules"

static const int64_t LONGEST = 3650 * DAY;

/* --- adding and removing --- */

static const char *detail_of(struct req *rq, const struct address_entry *e)
{
    return text_format(rq->arena,
                       "{\"range\":\"%s\",\"action\":\"%s\",\"scope\":\"%s\",\"source\":\"%s\"}",
                       address_range_text(rq->arena, &e->range), address_action_name(e->action),
                       address_scope_name(e->scope), address_source_name(e->source));
}

/* The fields that say which rule; refused ones are all named at once. */
static enum err read_rule(struct req *rq, struct address_rule *ret)
{
    struct address_entry *e = &ret->entry;
    const char *scope = field(rq, "scope");
    *ret = (struct address_rule){ .note = field(rq, "note") };
    enum err result = OK;
    const char *range = field(rq, "range");
    if (!range || !ip_range_parse(range, &e->range))
        result = refuse_field(rq, "range", PROBLEM_RANGE_INVALID);
    if (!address_action_parse(field(rq, "action"), &e->action))
        result = refuse_field(rq, "action", PROBLEM_CHOICE_UNKNOWN);
    if (scope && !address_scope_parse(scope, &e->scope))
        result = refuse_field(rq, "scope", PROBLEM_CHOICE_UNKNOWN);
    if (text_is_empty(ret->note))
        ret->note = NULL;
    return result;
}

static enum err add(struct req *rq, struct address_rule *rule)
{
    const struct address_entry *e = &rule->entry;
    if (!field_num(rq, "confirm") && address_rule_would_deny(rq->client, e, NULL, rq->now))
        return refuse(rq, PROBLEM_SELF_LOCKOUT);
    enum err result = address_rule_add(&rq->tx, rule);
    if (result == E_CONFLICT)
        return refuse(rq, PROBLEM_RULE_KNOWN);
    if (result == E_LIMITED)
        return refuse(rq, PROBLEM_RULES_TOO_MANY);
    TRY(result);
    rq->wakes_jobs = true;
    return audit_add(&rq->tx, &rq->by, AUDIT_ADDRESS_RULE_ADDED, NULL, detail_of(rq, e));
}

static enum err take_back(struct req *rq, const char *id)
{
    struct address_rule rule;
    TRY(address_rule_find(&rq->tx, id, &rule));
    if (!field_num(rq, "confirm") &&
        address_rule_would_deny(rq->client, NULL, &rule.entry, rq->now))
        return refuse(rq, PROBLEM_SELF_LOCKOUT);
    TRY(address_rule_remove(&rq->tx, &rule));
    rq->wakes_jobs = true;
    return audit_add(&rq->tx, &rq->by, AUDIT_ADDRESS_RULE_REMOVED, NULL,
                     detail_of(rq, &rule.entry));
}

/* --- API --- */

static void put_entry(struct req *rq, struct json_writer *j, const struct address_entry *e)
{
    json_put_text(j, "range", address_range_text(rq->arena, &e->range));
    json_put_text(j, "action", address_action_name(e->action));
    json_put_text(j, "scope", address_scope_name(e->scope));
    json_put_text(j, "source", address_source_name(e->source));
}

static void put_rule(struct req *rq, struct json_writer *j, const struct address_rule *rule)
{
    json_put_text(j, "id", rule->id);
    put_entry(rq, j, &rule->entry);
    json_put_text(j, "note", rule->note);
    json_put_time(j, "created_at", rule->created_at);
    json_put_time(j, "expires_at", rule->entry.expires_at);
}

static void put_settings(struct req *rq, struct json_writer *j)
{
    struct address_entry *entries;
    size_t count;
    address_rule_of_settings(rq->arena, &entries, &count);
    json_begin_array(j, "settings");
    for (size_t i = 0; i < count; i++) {
        json_begin_object(j, NULL);
        put_entry(rq, j, &entries[i]);
        json_end(j);
    }
    json_end(j);
}

static enum err list_api(struct req *rq)
{
    struct list_page p;
    struct address_rule *rules;
    size_t count;
    TRY(list_page(rq, LIST, &p));
    TRY(address_rule_list(&rq->tx, p.after, p.limit + 1, &rules, &count));
    bool has_more = list_has_more(&p, &count);
    struct json_writer *j = answer(rq, 200);
    json_begin_array(j, "data");
    for (size_t i = 0; i < count; i++) {
        json_begin_object(j, NULL);
        put_rule(rq, j, &rules[i]);
        json_end(j);
    }
    json_end(j);
    put_settings(rq, j);
    return put_next_cursor(rq, &p, has_more ? rules[count - 1].id : NULL);
}

static enum err add_api(struct req *rq)
{
    struct address_rule rule;
    TRY(read_rule(rq, &rule));
    const char *until = field(rq, "expires_at");
    int64_t *end = &rule.entry.expires_at;
    if (until && (!clock_parse(until, end) || *end <= rq->now || *end > rq->now + LONGEST))
        return refuse_field(rq, "expires_at", PROBLEM_TIME_INVALID);
    TRY(add(rq, &rule));
    put_rule(rq, answer(rq, 201), &rule);
    return OK;
}

static enum err remove_api(struct req *rq)
{
    TRY(take_back(rq, param(rq, "id")));
    return answer_empty(rq, 204);
}

/* --- pages --- */

static void set_rule(struct req *rq, struct vars *to, const struct address_entry *e)
{
    vars_text(to, "range", address_range_text(rq->arena, &e->range));
    vars_flag(to, "is_allow", e->action == ADDRESS_ALLOW);
    vars_flag(to, "is_admin_scope", e->scope == ADDRESS_ADMIN);
    vars_flag(to, "is_automatic", e->source == ADDRESS_AUTOMATIC);
    vars_flag(to, "is_setting", e->source == ADDRESS_BY_SETTING);
    vars_text(to, "ends_at", e->expires_at ? clock_format(rq->arena, e->expires_at) : NULL);
}

static void set_settings(struct req *rq)
{
    struct address_entry *entries;
    size_t count;
    address_rule_of_settings(rq->arena, &entries, &count);
    for (size_t i = 0; i < count; i++)
        set_rule(rq, vars_item(rq->vars, "settings"), &entries[i]);
}

static enum err show(struct req *rq)
{
    struct list_page p;
    struct address_rule *rules;
    size_t count;
    const char *next = NULL;
    TRY(list_page(rq, LIST, &p));
    TRY(address_rule_list(&rq->tx, p.after, p.limit + 1, &rules, &count));
    bool has_more = list_has_more(&p, &count);
    for (size_t i = 0; i < count; i++) {
        struct vars *item = vars_item(rq->vars, "rules");
        set_rule(rq, item, &rules[i].entry);
        vars_text(item, "id", rules[i].id);
        vars_text(item, "note", rules[i].note);
        vars_text(item, "made_at", clock_format(rq->arena, rules[i].created_at));
    }
    if (has_more)
        TRY(cursor_make(rq, LIST, rules[count - 1].id, &next));
    vars_text(rq->vars, "older", next);
    vars_flag(rq->vars, "is_later", p.after != NULL);
    if (!p.after)
        set_settings(rq);
    vars_flag(rq->vars, "tab_ip_rules", true);
    return page(rq, "admin_ip_rules");
}

/* A form that comes back keeps what was chosen: to let in must not turn into to keep out. */
static void set_choices(struct req *rq)
{
    vars_flag(rq->vars, "chose_allow", text_equal(field(rq, "action"), "allow"));
    vars_flag(rq->vars, "chose_admin", text_equal(field(rq, "scope"), "admin"));
    vars_flag(rq->vars, text_format(rq->arena, "chose_%lld", (long long)field_num(rq, "hours")),
              true);
}

static enum err add_page(struct req *rq)
{
    struct address_rule rule;
    set_choices(rq);
    TRY(read_rule(rq, &rule));
    int64_t hours = field_num(rq, "hours");
    if (hours < 0 || hours > LONGEST / HOUR)
        return refuse_field(rq, "hours", PROBLEM_FIELD_RANGE);
    rule.entry.expires_at = hours ? rq->now + hours * HOUR : 0;
    TRY(add(rq, &rule));
    return see_other(rq, "/admin/ip-rules");
}

static enum err show_removal(struct req *rq)
{
    struct address_rule rule;
    TRY(address_rule_find(&rq->tx, field(rq, "id"), &rule));
    set_rule(rq, rq->vars, &rule.entry);
    vars_text(rq->vars, "id", rule.id);
    vars_text(rq->vars, "note", rule.note);
    vars_flag(rq->vars, "locks_out",
              address_rule_would_deny(rq->client, NULL, &rule.entry, rq->now));
    vars_flag(rq->vars, "tab_ip_rules", true);
    return page(rq, "admin_ip_rule_remove");
}

static enum err remove_page(struct req *rq)
{
    enum err e = take_back(rq, field(rq, "id"));
    if (e != E_NOT_FOUND) /* gone already is as good */
        TRY(e);
    return see_other(rq, "/admin/ip-rules");
}

/* --- upkeep --- */

static enum err watch(struct job *job)
{
    TRY(address_rule_refresh(job->db, job->now));
    return address_block_due(job);
}

static enum err purge(struct job *job)
{
    return address_rule_purge(job->tx, job->now, &job->more);
}

#define RULE_FIELDS                                                                             \
    { "range", FIELD_TEXT, .max = 64, .help = "an address or a CIDR range without host bits" }, \
        { "action", FIELD_TEXT, .max = 8, .help = "allow or deny" },                            \
        { "scope", FIELD_TEXT, .optional = true, .max = 8,                                      \
          .help = "all, or admin: only the doors of staff; all when left out" },                \
    {                                                                                           \
        "note", FIELD_TEXT, .optional = true, .max = 200, .help = "why"                         \
    }

#define CONFIRM_FIELD                                                                           \
    {                                                                                           \
        "confirm", FIELD_FLAG, .optional = true, .help = "do it although it keeps yourself out" \
    }

#define RULE_SHAPE \
    "{\"id\",\"range\",\"action\",\"scope\",\"source\",\"note\",\"created_at\",\"expires_at\"}"

const struct route admin_ip_rule_routes[] = {
    ROUTE(GET, "/v1/admin/ip-rules", ADMIN, list_api, .fields = { LIST_FIELDS },
          .gives = { { 200, "{\"data\":[" RULE_SHAPE "],\"settings\":[{\"range\",\"action\","
                                                     "\"scope\",\"source\"}],\"next_cursor\"}" } },
          .help = "The address rules that count now, newest first, and those of the settings."),
    ROUTE(POST, "/v1/admin/ip-rules", ADMIN, add_api, .proof = PROOF_FRESH,
          .fields = { RULE_FIELDS,
                      { "expires_at", FIELD_TEXT, .optional = true, .max = 40,
                        .help = "RFC 3339; never when left out" },
                      CONFIRM_FIELD },
          .gives = { { 201, RULE_SHAPE }, { 409, "rule_known, would_lock_out_self" } },
          .help = "Lets a network in or keeps it out. The longest prefix decides; every node "
                  "follows within a second."),
    ROUTE(DELETE, "/v1/admin/ip-rules/{id}", ADMIN, remove_api, .proof = PROOF_FRESH,
          .fields = { CONFIRM_FIELD }, .gives = { { 204, "" }, { 409, "would_lock_out_self" } },
          .help = "Takes a rule back. An automatic one is not made again for a day."),
    ROUTE(GET, "/admin/ip-rules", ADMIN, show, .fields = { LIST_FIELDS },
          .help = "The address rules as a page."),
    ROUTE(GET, "/admin/ip-rules/new", ADMIN, NULL, .page = "admin_ip_rule_new",
          .help = "The form for a new address rule."),
    ROUTE(POST, "/admin/ip-rules/new", ADMIN, add_page, .proof = PROOF_FRESH,
          .fields = { { "range", FIELD_TEXT, .optional = true },
                      { "action", FIELD_TEXT, .optional = true },
                      { "scope", FIELD_TEXT, .optional = true },
                      { "note", FIELD_TEXT, .optional = true, .max = 200 },
                      { "hours", FIELD_NUM, .optional = true,
                        .help = "how long; 0: until it is removed" },
                      CONFIRM_FIELD },
          .page = "admin_ip_rule_new", .back = "/admin/ip-rules/new", .help = "Adds one by form."),
    ROUTE(GET, "/admin/ip-rules/remove", ADMIN, show_removal, .fields = { { "id", FIELD_TOKEN } },
          .help = "Asks before a rule is taken back."),
    ROUTE(POST, "/admin/ip-rules/remove", ADMIN, remove_page, .proof = PROOF_FRESH,
          .fields = { { "id", FIELD_TOKEN }, CONFIRM_FIELD }, .back = "/admin/ip-rules",
          .help = "Takes one back by form."),
    ROUTES_END,
};

const struct job_kind admin_ip_rule_jobs[] = {
    { "address_rule.watch", watch, JOB_ON_WAKE,
      "takes over address rules that changed, and keeps out who goes on misbehaving" },
    { "address_rule.purge", purge, HOUR, "removes address rules that have ended", .removes = true },
    { 0 },
};
