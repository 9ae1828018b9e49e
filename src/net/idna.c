/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domain names: see idna.h.
 */
#include "net/idna.h"

#include "base/text.h"

#include <ctype.h>
#include <dlfcn.h>
#include <idn2.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { DOMAIN_MAX = 253, LABEL_MAX = 63, INPUT_MAX = 1000 };

static typeof(idn2_lookup_u8) *lookup;
static typeof(idn2_to_unicode_8z8z) *to_unicode;
static typeof(idn2_free) *release;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    void *library = dlopen("libidn2.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        (void)fault("libidn2: %s; domains beyond ASCII are refused", dlerror());
        return;
    }
    void *symbols[] = { dlsym(library, "idn2_lookup_u8"), dlsym(library, "idn2_to_unicode_8z8z"),
                        dlsym(library, "idn2_free") };
    if (!symbols[0] || !symbols[1] || !symbols[2])
        return;
    memcpy(&to_unicode, &symbols[1], sizeof symbols[1]);
    memcpy(&release, &symbols[2], sizeof symbols[2]);
    memcpy(&lookup, &symbols[0], sizeof symbols[0]);
}

/* LDH labels (RFC 5890 2.3.1); "??--" is reserved, except for what is checked as an A-label. */
static bool is_label(const char *p, size_t n)
{
    if (n < 1 || n > LABEL_MAX || p[0] == '-' || p[n - 1] == '-')
        return false;
    for (size_t i = 0; i < n; i++)
        if (!islower((unsigned char)p[i]) && !isdigit((unsigned char)p[i]) && p[i] != '-')
            return false;
    return n < 4 || p[2] != '-' || p[3] != '-' || (p[0] == 'x' && p[1] == 'n');
}

static bool is_ldh_domain(const char *domain)
{
    int labels = 0;
    const char *p = domain, *last = domain;
    for (;; labels++) {
        size_t n = strcspn(p, ".");
        if (!is_label(p, n))
            return false;
        last = p;
        p += n;
        if (!*p)
            break;
        p++;
    }
    /* An all-digit last label is how an IPv4 address would look (RFC 3696 2). */
    return labels >= 1 && strspn(last, "0123456789") != strlen(last);
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

static bool convert(const char *domain, char ret[DOMAIN_MAX + 1])
{
    uint8_t *found = NULL;
    if (lookup((const uint8_t *)domain, &found, IDN2_NFC_INPUT | IDN2_NO_TR46) != IDN2_OK)
        return false;
    int n = snprintf(ret, DOMAIN_MAX + 1, "%s", (char *)found);
    release(found);
    return n > 0 && n <= DOMAIN_MAX;
}

/* An A-label counts only if it is what its Unicode form gives (RFC 5891 5.4). */
static bool is_round_trip(const char *domain)
{
    char *unicode = NULL;
    char again[DOMAIN_MAX + 1];
    if (to_unicode(domain, &unicode, 0) != IDN2_OK)
        return false;
    bool same = convert(unicode, again) && strcmp(again, domain) == 0;
    release(unicode);
    return same;
}

enum err idna_domain(struct arena *arena, const char *domain, const char **ret)
{
    char ascii[DOMAIN_MAX + 1];
    if (strlen(domain) > INPUT_MAX)
        return E_INVALID;
    const char *lower = text_lower_ascii(arena, domain);
    bool foreign = !is_ascii(lower);
    if (!foreign && (strlen(lower) > DOMAIN_MAX || !is_ldh_domain(lower)))
        return E_INVALID;
    if (foreign || strstr(lower, "xn--")) {
        pthread_once(&once, load);
        if (!lookup)
            return E_INVALID;
        if (foreign ? !convert(lower, ascii) : !is_round_trip(lower))
            return E_INVALID;
        lower = foreign ? text_copy(arena, mem_text(ascii)) : lower;
        if (!is_ldh_domain(lower) || (foreign && !is_round_trip(lower)))
            return E_INVALID;
    }
    *ret = lower;
    return OK;
}
