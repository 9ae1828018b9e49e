/* SPDX-License-Identifier: Apache-2.0 */
/*
 * E-mail addresses as identifiers. One spelling, one account: everything that two systems might
 * read differently (quoted local parts, comments, routes, letters that fold into others) is
 * refused, never repaired, and nothing is transformed after the check (MAIL-01..04, MAIL-07).
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum { EMAIL_MAX = 254, EMAIL_LOCAL_MAX = 64 }; /* octets; RFC 5321 4.5.3.1 and erratum 1690 */

struct email {
    const char *address; /* as stored and mailed: local part as typed, domain in A-labels */
    const char *key;     /* the unique key: all of it in ASCII lower case */
};

/*
 * Takes exactly one address: dot-atom local part (RFC 5322 3.2.3) in ASCII, without '%' and '!',
 * which old mail servers take for routes; a domain of at least two labels (IDNA2008, see
 * net/idna.h). No white space is trimmed. E_INVALID.
 */
enum err email_parse(struct arena *arena, const char *input, struct email *ret);

/*
 * The key under which rate limits and free plans count an address: without "+tag", and for Gmail,
 * which ignores them, without dots (MAIL-06). Never an identity. key is a struct email's.
 */
const char *email_limit_key(struct arena *arena, const char *key);
