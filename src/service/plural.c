/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plural forms: see plural.h. Works on the digits, so that no number is too large.
 */
#include "service/plural.h"

#include "base/text.h"

#include <string.h>

enum rule { ONE_OTHER, ZERO_IS_ONE, ALWAYS_ONE_FORM, ARABIC };

static const struct {
    const char *language;
    enum rule rule;
} rules[] = {
    { "ar", ARABIC },          { "fr", ZERO_IS_ONE },     { "id", ALWAYS_ONE_FORM },
    { "ja", ALWAYS_ONE_FORM }, { "ko", ALWAYS_ONE_FORM }, { "pt", ZERO_IS_ONE },
    { "th", ALWAYS_ONE_FORM }, { "vi", ALWAYS_ONE_FORM }, { "zh", ALWAYS_ONE_FORM },
};

static enum rule find(const char *tag)
{
    size_t n = strcspn(tag, "-");
    for (size_t i = 0; i < COUNT(rules); i++)
        if (strlen(rules[i].language) == n && strncmp(rules[i].language, tag, n) == 0)
            return rules[i].rule;
    return ONE_OTHER;
}

size_t plural_forms(const char *tag)
{
    switch (find(tag)) {
    case ALWAYS_ONE_FORM: return 1;
    case ARABIC: return 6;
    case ONE_OTHER:
    case ZERO_IS_ONE: break;
    }
    return 2;
}

/* The last two digits decide: 3 to 10 few, 11 to 99 many, 100 to 102 other. */
static size_t arabic(const char *digits, size_t n)
{
    int last = digits[n - 1] - '0' + (n > 1 ? (digits[n - 2] - '0') * 10 : 0);
    if (n == 1 && last <= 2)
        return (size_t)last;
    if (last <= 2)
        return 5;
    return last <= 10 ? 3 : 4;
}

size_t plural_form(const char *tag, const char *digits)
{
    size_t n = strlen(digits);
    if (!n || strspn(digits, "0123456789") != n)
        return plural_forms(tag) - 1;
    switch (find(tag)) {
    case ALWAYS_ONE_FORM: return 0;
    case ARABIC: return arabic(digits, n);
    case ZERO_IS_ONE: return text_equal(digits, "0") || text_equal(digits, "1") ? 0 : 1;
    case ONE_OTHER: break;
    }
    return text_equal(digits, "1") ? 0 : 1;
}
