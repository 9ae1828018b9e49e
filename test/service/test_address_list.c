/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rule decides.
 */
#include "../test.h"

#include "service/address_list.h"

enum { NOW = 1000 };

struct spoken {
    const char *range, *action, *scope;
    enum address_source source;
    int64_t expires_at;
};

static struct address_list list_of(const struct spoken *spoken, size_t count)
{
    struct address_list list = { .count = count };
    list.entries = arena_alloc(test_arena(), (count + 1) * sizeof *list.entries);
    for (size_t i = 0; i < count; i++) {
        struct address_entry *e = &list.entries[i];
        *e = (struct address_entry){ .source = spoken[i].source,
                                     .expires_at = spoken[i].expires_at };
        CHECK(ip_range_parse(spoken[i].range, &e->range));
        CHECK(address_action_parse(spoken[i].action, &e->action));
        CHECK(address_scope_parse(spoken[i].scope, &e->scope));
    }
    address_list_sort(&list);
    return list;
}

static const char *verdict(const struct address_list *list, const char *address,
                           enum address_scope scope)
{
    struct ip ip;
    CHECK(ip_parse(address, &ip));
    const struct address_entry *e = address_list_find(list, scope, ip, NOW);
    return e ? address_action_name(e->action) : "none";
}

TEST(the_longest_prefix_decides)
{
    static const struct spoken spoken[] = {
        { "192.0.2.0/24", "deny", "all", ADDRESS_BY_STAFF, 0 },
        { "192.0.2.128/25", "allow", "all", ADDRESS_BY_STAFF, 0 },
        { "192.0.2.200", "deny", "all", ADDRESS_BY_STAFF, 0 },
        { "2001:db8::/32", "deny", "all", ADDRESS_BY_STAFF, 0 },
        { "2001:db8:1::/48", "allow", "all", ADDRESS_BY_STAFF, 0 },
        { "198.51.100.0/24", "deny", "admin", ADDRESS_BY_STAFF, 0 },
    };
    static const struct {
        const char *address, *all, *admin;
    } cases[] = {
        { "192.0.2.1", "deny", "none" },        { "192.0.2.127", "deny", "none" },
        { "192.0.2.128", "allow", "none" },     { "192.0.2.200", "deny", "none" },
        { "192.0.3.0", "none", "none" },        { "192.0.1.255", "none", "none" },
        { "::ffff:192.0.2.1", "deny", "none" }, /* one address, two spellings */
        { "2001:db8::1", "deny", "none" },      { "2001:db8:1:ffff::1", "allow", "none" },
        { "2001:db9::1", "none", "none" },      { "198.51.100.7", "none", "deny" },
    };
    const struct address_list list = list_of(spoken, COUNT(spoken));
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_TEXT(verdict(&list, cases[i].address, ADDRESS_ALL), cases[i].all);
        CHECK_TEXT(verdict(&list, cases[i].address, ADDRESS_ADMIN), cases[i].admin);
    }
}

TEST(at_one_length_the_settings_then_deny)
{
    static const struct spoken spoken[] = {
        { "192.0.2.1", "deny", "all", ADDRESS_BY_STAFF, 0 },
        { "192.0.2.1", "allow", "all", ADDRESS_BY_SETTING, 0 },
        { "192.0.2.2", "allow", "all", ADDRESS_BY_STAFF, 0 },
        { "192.0.2.2", "deny", "all", ADDRESS_BY_SETTING, 0 },
        { "192.0.2.3", "allow", "all", ADDRESS_BY_SETTING, 0 },
        { "192.0.2.3", "deny", "all", ADDRESS_BY_SETTING, 0 },
    };
    const struct address_list list = list_of(spoken, COUNT(spoken));
    CHECK_TEXT(verdict(&list, "192.0.2.1", ADDRESS_ALL), "allow");
    CHECK_TEXT(verdict(&list, "192.0.2.2", ADDRESS_ALL), "deny");
    CHECK_TEXT(verdict(&list, "192.0.2.3", ADDRESS_ALL), "deny");
}

TEST(an_automatic_rule_counts_only_where_no_other_does)
{
    static const struct spoken spoken[] = {
        { "192.0.2.7", "deny", "all", ADDRESS_AUTOMATIC, NOW + 1 },
        { "198.51.100.7", "deny", "all", ADDRESS_AUTOMATIC, NOW + 1 },
        { "198.51.0.0/16", "allow", "all", ADDRESS_BY_SETTING, 0 },
    };
    const struct address_list list = list_of(spoken, COUNT(spoken));
    CHECK_TEXT(verdict(&list, "192.0.2.7", ADDRESS_ALL), "deny");
    CHECK_TEXT(verdict(&list, "192.0.2.8", ADDRESS_ALL), "none");
    CHECK_TEXT(verdict(&list, "198.51.100.7", ADDRESS_ALL), "allow");
}

TEST(a_rule_that_has_ended_counts_for_nothing)
{
    static const struct spoken spoken[] = {
        { "192.0.2.7", "deny", "all", ADDRESS_BY_STAFF, NOW },
        { "192.0.2.8", "deny", "all", ADDRESS_BY_STAFF, NOW + 1 },
        { "192.0.2.0/24", "allow", "all", ADDRESS_BY_STAFF, 0 },
        { "198.51.100.1", "allow", "all", ADDRESS_BY_SETTING, 0 },
        { "198.51.100.1", "deny", "all", ADDRESS_BY_STAFF, NOW },
    };
    const struct address_list list = list_of(spoken, COUNT(spoken));
    CHECK_TEXT(verdict(&list, "192.0.2.7", ADDRESS_ALL), "allow"); /* the wider one comes through */
    CHECK_TEXT(verdict(&list, "192.0.2.8", ADDRESS_ALL), "deny");
    CHECK_TEXT(verdict(&list, "198.51.100.1", ADDRESS_ALL), "allow");
}

TEST(everything_is_a_range_too)
{
    static const struct spoken v4[] = { { "0.0.0.0/0", "deny", "all", ADDRESS_BY_STAFF, 0 } };
    static const struct spoken both[] = { { "::/0", "deny", "all", ADDRESS_BY_STAFF, 0 } };
    const struct address_list only_v4 = list_of(v4, 1), everybody = list_of(both, 1);
    const struct address_list nobody = { 0 };
    CHECK_TEXT(verdict(&only_v4, "192.0.2.1", ADDRESS_ALL), "deny");
    CHECK_TEXT(verdict(&only_v4, "2001:db8::1", ADDRESS_ALL), "none");
    CHECK_TEXT(verdict(&everybody, "192.0.2.1", ADDRESS_ALL), "deny");
    CHECK_TEXT(verdict(&everybody, "2001:db8::1", ADDRESS_ALL), "deny");
    CHECK_TEXT(verdict(&nobody, "192.0.2.1", ADDRESS_ALL), "none");
}

/* Against the definition, over many small random lists: the sorted search and a walk agree. */
TEST(the_search_agrees_with_a_walk)
{
    uint32_t state = 7;
    for (int round = 0; round < 300; round++) {
        struct address_list list = { .count = 1 + (size_t)round % 40 };
        list.entries = arena_alloc(test_arena(), list.count * sizeof *list.entries);
        for (size_t i = 0; i < list.count; i++) {
            state = state * 1664525 + 1013904223;
            int bits = (int)(state >> 20) % 9;
            struct ip ip = { { [10] = 0xFF, [11] = 0xFF, [15] = (uint8_t)(state >> 8) } };
            list.entries[i] = (struct address_entry){
                .range = { ip_network(ip, 24 + bits, 120 + bits), 120 + bits },
                .action = state >> 31 ? ADDRESS_ALLOW : ADDRESS_DENY,
                .source = ADDRESS_BY_STAFF,
            };
        }
        address_list_sort(&list);
        for (int last = 0; last < 256; last++) {
            struct ip ip = { { [10] = 0xFF, [11] = 0xFF, [15] = (uint8_t)last } };
            const struct address_entry *best = NULL;
            for (size_t i = 0; i < list.count; i++) {
                const struct address_entry *e = &list.entries[i];
                if (!ip_in_range(ip, &e->range))
                    continue;
                bool wins = !best || e->range.bits > best->range.bits ||
                            (e->range.bits == best->range.bits && e->action < best->action);
                best = wins ? e : best;
            }
            const struct address_entry *found = address_list_find(&list, ADDRESS_ALL, ip, NOW);
            CHECK(!found == !best);
            if (found && best)
                CHECK(found->range.bits == best->range.bits && found->action == best->action);
        }
    }
}
