/* SPDX-License-Identifier: Apache-2.0 */
/*
 * E-mail addresses: see email.h.
 */
#include "account/email.h"

#include "base/buf.h"
#include "base/text.h"
#include "net/idna.h"

#include <ctype.h>
#include <string.h>

static bool is_atom_char(char c)
{
    return c && (isalnum((unsigned char)c) || strchr("#$&'*+-/=?^_`{|}~", c)) &&
           (unsigned char)c < 0x80;
}

/* RFC 5322 3.2.3: dot-atom-text. */
static bool is_local_part(const char *p, size_t n)
{
    if (n < 1 || n > EMAIL_LOCAL_MAX || p[0] == '.' || p[n - 1] == '.')
        return false;
    for (size_t i = 0; i < n; i++) {
        bool is_single_dot = p[i] == '.' && p[i + 1] != '.';
        if (!is_atom_char(p[i]) && !is_single_dot)
            return false;
    }
    return true;
}

enum err email_parse(struct arena *arena, const char *input, struct email *ret)
{
    const char *at = strchr(input, '@');
    if (!at || strchr(at + 1, '@') || !is_local_part(input, (size_t)(at - input)))
        return E_INVALID;
    const char *domain;
    TRY(idna_domain(arena, at + 1, &domain));

    struct buf address;
    buf_init(&address, arena, EMAIL_MAX);
    buf_add(&address, input, (size_t)(at - input) + 1);
    buf_text(&address, domain);
    if (address.overflow)
        return E_INVALID;
    ret->address = address.p;
    ret->key = text_lower_ascii(arena, address.p);
    return OK;
}

static bool ignores_dots(const char *domain)
{
    return text_equal(domain, "gmail.com") || text_equal(domain, "googlemail.com");
}

const char *email_limit_key(struct arena *arena, const char *key)
{
    const char *at = strchr(key, '@');
    if (!at)
        return key;
    size_t n = (size_t)(at - key);
    const char *plus = memchr(key, '+', n);
    if (plus && plus > key)
        n = (size_t)(plus - key);
    bool is_gmail = ignores_dots(at + 1);

    struct buf merged;
    buf_init(&merged, arena, EMAIL_MAX);
    for (size_t i = 0; i < n; i++)
        if (!is_gmail || key[i] != '.')
            buf_char(&merged, key[i]);
    buf_text(&merged, is_gmail ? "@gmail.com" : at);
    return merged.p;
}
