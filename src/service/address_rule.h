/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address rules: which networks are let in and which are kept out, from the settings and from a
 * table that staff writes. A compiled list in memory answers each request; the store is only asked
 * whether something changed, at most twice a second. When the store does not answer, the list that
 * is known goes on deciding (RATE-02).
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "db/db.h"
#include "service/address_list.h"

struct address_rule {
    const char *id, *note; /* note may be NULL */
    struct address_entry entry;
    int64_t created_at;
};

/* Loads all rules. Without them nobody is let in: the caller does not start. */
enum err address_rule_open(struct db *db);
void address_rule_close(void);

/* Takes over what changed, in the store or in the settings; a poller calls it. */
enum err address_rule_refresh(struct db *db, int64_t now);

/* True: this address is kept out of a scope, by *ret. Thread safe. */
bool address_rule_denies(struct ip ip, enum address_scope scope, int64_t now,
                         struct address_entry *ret);

/* Would an address be kept out if an entry was added or left out (either may be NULL)? */
bool address_rule_would_deny(struct ip ip, const struct address_entry *added,
                             const struct address_entry *left_out, int64_t now);

/* A rule of staff's; id, source and created_at are filled in. E_CONFLICT: there is one for this
   range and scope; E_LIMITED: there are too many. The tx stays good after both. */
enum err address_rule_add(struct tx *tx, struct address_rule *rule);

/* Takes a rule back: staff's is gone; an automatic one is not made again for a day. */
enum err address_rule_find(struct tx *tx, const char *id, struct address_rule *ret);
enum err address_rule_remove(struct tx *tx, const struct address_rule *rule);

/* Some rule of the settings or of staff's decides about an address: then the service does not. */
bool address_rule_is_settled(struct ip ip, int64_t now);

/* Keeps a range out for a while: ten minutes, an hour the next time, then a day. *ret_until 0: not
   made, because staff took a block of it back within a day, it is kept out already, or there are
   too many. */
enum err address_rule_block(struct tx *tx, const struct ip_range *range, int64_t now,
                            int64_t *ret_until);

/* What counts now, newest first; before an id unless that is NULL. */
enum err address_rule_list(struct tx *tx, const char *before, int64_t limit,
                           struct address_rule **ret, size_t *ret_count);

/* Rules of the settings, in the arena. */
void address_rule_of_settings(struct arena *arena, struct address_entry **ret, size_t *ret_count);

/* Removes what ended so long ago that it is not remembered against a range. */
enum err address_rule_purge(struct tx *tx, int64_t now, bool *ret_more);

/* "192.0.2.0/24" */
const char *address_range_text(struct arena *arena, const struct ip_range *range);
