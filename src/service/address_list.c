/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules ready for looking up: see address_list.h. Sorted, so that each length of prefix that occurs
 * costs one binary search; few lengths ever occur.
 */
#include "service/address_list.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const char *const actions[] = { "deny", "allow" };
static const char *const scopes[] = { "all", "admin" };
static const char *const sources[] = { "setting", "staff", "automatic" };

static bool is_automatic(const struct address_entry *e)
{
    return e->source == ADDRESS_AUTOMATIC;
}

/* Where an entry stands, but for what is decided among entries of one range. */
static int compare_place(const struct address_entry *a, const struct address_entry *b)
{
    if (a->scope != b->scope)
        return a->scope < b->scope ? -1 : 1;
    if (is_automatic(a) != is_automatic(b))
        return is_automatic(a) ? 1 : -1;
    if (a->range.bits != b->range.bits)
        return a->range.bits < b->range.bits ? -1 : 1;
    return memcmp(a->range.ip.bytes, b->range.ip.bytes, sizeof a->range.ip.bytes);
}

static int compare(const void *p, const void *q)
{
    const struct address_entry *a = p, *b = q;
    int order = compare_place(a, b);
    if (order)
        return order;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    return (int)a->action - (int)b->action;
}

void address_list_sort(struct address_list *list)
{
    memset(list->has, 0, sizeof list->has);
    if (list->count)
        qsort(list->entries, list->count, sizeof *list->entries, compare);
    for (size_t i = 0; i < list->count; i++) {
        const struct address_entry *e = &list->entries[i];
        list->has[e->scope][is_automatic(e)][e->range.bits] = true;
    }
}

/* The first entry at a place or behind it. */
static size_t lower_bound(const struct address_list *list, const struct address_entry *place)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_place(&list->entries[middle], place) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Of one range, the first that still counts. */
static const struct address_entry *find_range(const struct address_list *list,
                                              const struct address_entry *place, int64_t now)
{
    for (size_t i = lower_bound(list, place); i < list->count; i++) {
        const struct address_entry *e = &list->entries[i];
        if (compare_place(e, place) != 0)
            return NULL;
        if (!e->expires_at || e->expires_at > now)
            return e;
    }
    return NULL;
}

static const struct address_entry *find_among(const struct address_list *list,
                                              struct address_entry place, struct ip ip, int64_t now)
{
    const bool *has = list->has[place.scope][is_automatic(&place)];
    for (int bits = 128; bits >= 0; bits--) {
        if (!has[bits])
            continue;
        place.range = (struct ip_range){ ip_network(ip, bits - 96, bits), bits };
        const struct address_entry *found = find_range(list, &place, now);
        if (found)
            return found;
    }
    return NULL;
}

const struct address_entry *address_list_find(const struct address_list *list,
                                              enum address_scope scope, struct ip ip, int64_t now)
{
    struct address_entry place = { .scope = scope, .source = ADDRESS_BY_SETTING };
    const struct address_entry *found = find_among(list, place, ip, now);
    place.source = ADDRESS_AUTOMATIC;
    return found ? found : find_among(list, place, ip, now);
}

/* --- words --- */

static bool parse_word(const char *text, const char *const *words, size_t count, int *ret)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal(text, words[i])) {
            *ret = (int)i;
            return true;
        }
    return false;
}

const char *address_action_name(enum address_action action)
{
    return actions[action];
}

const char *address_scope_name(enum address_scope scope)
{
    return scopes[scope];
}

const char *address_source_name(enum address_source source)
{
    return sources[source];
}

bool address_action_parse(const char *text, enum address_action *ret)
{
    int i = 0;
    bool good = parse_word(text, actions, COUNT(actions), &i);
    *ret = (enum address_action)i;
    return good;
}

bool address_scope_parse(const char *text, enum address_scope *ret)
{
    int i = 0;
    bool good = parse_word(text, scopes, COUNT(scopes), &i);
    *ret = (enum address_scope)i;
    return good;
}

bool address_source_parse(const char *text, enum address_source *ret)
{
    int i = 0;
    bool good = parse_word(text, sources, COUNT(sources), &i);
    *ret = (enum address_source)i;
    return good;
}
