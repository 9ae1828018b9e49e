/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which rule decides about an address: the one with the longest prefix; of two alike the one of the
 * settings before staff's, then deny before allow. A block that the service made itself counts only
 * where no other rule says anything, so an allow-listed range is never caught by one. An allow rule
 * lets in, it keeps nobody else out. See docs/decisions/0044-address-rules.md.
 */
#pragma once

#include "base/ip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order in which they win. */
enum address_source { ADDRESS_BY_SETTING, ADDRESS_BY_STAFF, ADDRESS_AUTOMATIC };
enum address_action { ADDRESS_DENY, ADDRESS_ALLOW };
enum address_scope { ADDRESS_ALL, ADDRESS_ADMIN };

struct address_entry {
    struct ip_range range;
    enum address_action action;
    enum address_scope scope;
    enum address_source source;
    int64_t expires_at; /* 0: never */
};

struct address_list {
    struct address_entry *entries;
    size_t count;
    bool has[2][2][129]; /* [scope][automatic][bits]: there is an entry with a prefix so long */
};

/* Readies a list whose entries are filled in. */
void address_list_sort(struct address_list *list);

/* The entry that decides, NULL: none does. */
const struct address_entry *address_list_find(const struct address_list *list,
                                              enum address_scope scope, struct ip ip, int64_t now);

/* "allow", "all", "staff" and back; false for any other text. */
const char *address_action_name(enum address_action action);
const char *address_scope_name(enum address_scope scope);
const char *address_source_name(enum address_source source);
bool address_action_parse(const char *text, enum address_action *ret);
bool address_scope_parse(const char *text, enum address_scope *ret);
bool address_source_parse(const char *text, enum address_source *ret);
